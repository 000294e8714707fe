// SPDX-License-Identifier: Apache-2.0
// The text of a scenario.
#include <nlohmann/json.hpp>
#include <string>

#include "models/scenario/scenario.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace holdfast;

namespace {

/// What `verify` says of a scenario with mistakes.
void tell_all(std::string_view text) {
  try {
    for (const auto& parts : scenario::all_errors(scenario::parse_document(text, "input"), "input"))
      fuzz::check_error(scenario::ScenarioError(parts));
  } catch (const scenario::ScenarioError& error) {
    fuzz::check_error(error);  // no JSON
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto once = scenario::parse(text, "input");
    const std::string written = scenario::to_json(once).dump();
    // What is accepted is accepted in its canonical form, too, and means the same.
    if (scenario::to_json(scenario::parse(written, "canonical")).dump() != written)
      fuzz::broken("the canonical form reads back as itself", written);
  } catch (const scenario::ScenarioError& error) {
    fuzz::check_error(error);
    if (error.parts().source == "canonical")
      fuzz::broken("the canonical form is accepted", error.what());
    tell_all(text);
  }
  return 0;
}
