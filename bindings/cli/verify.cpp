// SPDX-License-Identifier: Apache-2.0
// `holdfast verify`: all mistakes of scenarios, and what is allowed but seldom meant.
#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "analysis/run/estimate.hpp"
#include "bindings/cli/cli.hpp"
#include "bindings/cli/interrupt.hpp"
#include "bindings/cli/progress.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/scenario/changes.hpp"
#include "models/scenario/declaration/declaration.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::cli {
namespace {

using nlohmann::json;

json to_json(const scenario::ScenarioError::Parts& parts) {
  json out = {{"pointer", parts.pointer}, {"found", parts.found}, {"expected", parts.expected}};
  if (!parts.nearest.empty())
    out["nearest"] = parts.nearest;
  if (parts.line != 0)
    out.update({{"line", parts.line}, {"column", parts.column}});
  return out;
}

json to_json(const analysis::Estimate& e) {
  return {{"ios", std::round(e.ios)},
          {"events", std::round(e.events)},
          {"memory_bytes", std::round(e.bytes)},
          {"cpu_s", e.seconds}};
}

/// The mistakes of a file with the changes that were asked for; what cannot be read or set is one.
std::vector<scenario::ScenarioError::Parts> errors_of(const std::string& file,
                                                      const std::vector<std::string>& sets,
                                                      json& document) {
  try {
    document = scenario::read_document(file);
    // A change needs a scenario to start from.
    if (auto errors = scenario::all_errors(document, file); sets.empty() || !errors.empty())
      return errors;
    scenario::Changes changes(document);
    for (const auto& assignment : sets)
      changes.set(assignment);
    return scenario::all_errors(document, file);
  } catch (const scenario::ScenarioError& error) {
    return {error.parts()};
  }
}

/// A scenario without mistakes: what it costs, and what it may not mean.
void tell_good(const scenario::Scenario& one, const json& document, const std::string& file,
               json& finding, bool as_json) {
  const auto cost = analysis::estimate(one);
  finding.update({{"name", one.name}, {"estimate", to_json(cost)}, {"warnings", json::array()}});
  if (as_json)  // Of thousands of hosts it is half of the time.
    finding["scenario_hash"] = scenario::hash(one);
  const std::string shown = scenario::printable(file);
  if (!as_json)
    print(fmt::format("ok {} ({}): {}\n", shown, one.name, analysis::words_of(cost)));
  const auto warnings = scenario::warnings(one);
  scenario::Origins origins;
  if (!warnings.empty())
    scenario::expanded(document, scenario::template_lists(), file, origins);
  for (const auto& warning : warnings) {
    const std::string pointer = origins.pointer(warning.pointer);
    finding["warnings"].push_back({{"pointer", pointer}, {"text", warning.text}});
    say(fmt::format("warning: {}: at {}: {}", shown, pointer, warning.text));
  }
}

}  // namespace

int verify_scenarios(const std::vector<std::string>& files, const std::vector<std::string>& sets,
                     bool as_json) {
  json findings = json::array();
  bool good = true;
  for (const auto& file : files) {
    if (stop_requested())
      break;
    json document;
    std::optional<ReadingProgress> progress(file);
    auto errors = errors_of(file, sets, document);
    std::optional<scenario::Scenario> read;
    if (errors.empty()) {
      read = scenario::from_json(document, file);
      try {
        scenario::check_choices(*read);
      } catch (const scenario::ScenarioError& error) {
        errors.push_back(error.parts());
        read.reset();
      }
    }
    progress.reset();
    json finding = {{"file", file}, {"ok", errors.empty()}};
    for (const auto& parts : errors) {
      if (!finding.contains("errors"))
        finding.update(to_json(parts));
      finding["errors"].push_back(to_json(parts));
      say(scenario::ScenarioError(parts).what());
    }
    good = good && errors.empty();
    if (read)
      tell_good(*read, document, file, finding, as_json);
    findings.push_back(std::move(finding));
  }
  if (as_json)
    print(json{{"schema_version", schema_version}, {"scenarios", findings}});
  if (interrupted_status() != 0) {
    say(fmt::format("stopped by {}; {} of {} scenarios checked", interrupted_by(), findings.size(),
                    files.size()));
    return interrupted_status();
  }
  return good ? done : bad_input;
}

}  // namespace holdfast::cli
