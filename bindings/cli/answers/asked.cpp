// SPDX-License-Identifier: Apache-2.0
// What verbs are asked in the same words; see asked.hpp.
#include "bindings/cli/answers/asked.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>

#include "bindings/cli/cli.hpp"
#include "bindings/cli/interrupt.hpp"
#include "bindings/cli/progress.hpp"
#include "bindings/cli/typed.hpp"
#include "models/scenario/changes.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/scenario/reading/units.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::cli {

scenario::Scenario read_changed(const std::string& file, const std::vector<std::string>& sets) {
  const ReadingProgress progress(file);
  nlohmann::json document = scenario::read_document(file);
  scenario::Changes changes(document);
  for (const std::string& assignment : sets)
    changes.set(assignment);
  return scenario::from_json(document, file);
}

unsigned threads(const std::string& typed) {
  const auto jobs = static_cast<unsigned>(whole_number("--jobs", typed, 0, 1024));
  return jobs != 0 ? jobs : std::max(1u, std::thread::hardware_concurrency());
}

double number(const std::string& option, const std::string& typed, const std::string& expected,
              const std::function<bool(double)>& fits) {
  double value = 0.0;
  const char* const last = typed.data() + typed.size();
  const auto [end, error] = std::from_chars(typed.data(), last, value);
  if (error != std::errc{} || end != last || !std::isfinite(value) || !fits(value)) {
    throw UsageError(
        fmt::format("{}: found {}, expected {}", option, scenario::in_quotes(typed), expected));
  }
  return value;
}

sim::Duration time_above_zero(const std::string& option, const std::string& typed,
                              const std::string& example, const std::string& expected) {
  const auto time = scenario::parse_duration(typed);
  if (!time.ok() || time.value <= sim::Duration{}) {
    const std::string why = time.ok() ? std::string() : fmt::format(" ({})", time.problem);
    throw UsageError(fmt::format("{}: found {}{}, expected {}, e.g. \"{}\"", option,
                                 scenario::in_quotes(typed), why, expected, example));
  }
  return time.value;
}

int status_of_answer(bool ended_by_budget) {
  if (interrupted_status() != 0) {
    say(fmt::format("stopped by {}; what was done until then is told", interrupted_by()));
    return interrupted_status();
  }
  return ended_by_budget ? bounded : done;
}

}  // namespace holdfast::cli
