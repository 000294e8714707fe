// SPDX-License-Identifier: Apache-2.0
// The text of a scenario.
#include <algorithm>
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

/// Copies that templates ask for, at least. Tens of thousands take their time, which is no finding.
std::uint64_t copies_in(const nlohmann::json& document) {
  std::uint64_t copies = 0;
  if (document.is_object() && document.contains("count") && document["count"].is_number())
    copies = static_cast<std::uint64_t>(std::clamp(document["count"].get<double>(), 0.0, 1e9));
  if (document.is_structured()) {
    for (const auto& one : document)
      copies = std::max(copies, copies_in(one));
  }
  return copies;
}

bool is_large(std::string_view text) {
  const auto document = nlohmann::json::parse(text, nullptr, false);
  return !document.is_discarded() && copies_in(document) > 10'000;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.find("count") != std::string_view::npos && is_large(text))
    return 0;
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
