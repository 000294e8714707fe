// SPDX-License-Identifier: Apache-2.0
// The verbs that run nothing: `verify`, `schema` and `list`.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/run/estimate.hpp"
#include "bindings/cli/cli.hpp"
#include "bindings/cli/interrupt.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::cli {

using nlohmann::json;

namespace {

json to_json(const analysis::Estimate& e) {
  return {{"ios", std::round(e.ios)},
          {"events", std::round(e.events)},
          {"memory_bytes", std::round(e.bytes)},
          {"cpu_s", e.seconds}};
}

}  // namespace

int verify_scenarios(const std::vector<std::string>& files, bool as_json) {
  json findings = json::array();
  bool good = true;
  std::size_t checked = 0;
  for (const auto& file : files) {
    if (stop_requested())
      break;
    ++checked;
    try {
      const auto one = scenario::load(file);
      const auto cost = analysis::estimate(one);
      findings.push_back({{"file", file},
                          {"ok", true},
                          {"name", one.name},
                          {"scenario_hash", scenario::hash(one)},
                          {"estimate", to_json(cost)}});
      if (!as_json)
        print(fmt::format("ok {} ({}): {}\n", scenario::printable(file), one.name,
                          analysis::words_of(cost)));
    } catch (const scenario::ScenarioError& error) {
      good = false;
      const auto& parts = error.parts();
      json finding = {{"file", file},
                      {"ok", false},
                      {"pointer", parts.pointer},
                      {"found", parts.found},
                      {"expected", parts.expected}};
      if (!parts.nearest.empty())
        finding["nearest"] = parts.nearest;
      if (parts.line != 0)
        finding.update({{"line", parts.line}, {"column", parts.column}});
      findings.push_back(std::move(finding));
      say(error.what());
    }
  }
  if (as_json)
    print(json{{"schema_version", schema_version}, {"scenarios", findings}});
  if (interrupted_status() != 0) {
    say(fmt::format("stopped by {}; {} of {} scenarios checked", interrupted_by(), checked,
                    files.size()));
    return interrupted_status();
  }
  return good ? done : bad_input;
}

int print_schema(const std::string& format) {
  if (format == "markdown") {
    print(scenario::reference_markdown());
  } else if (format == "json") {
    print(scenario::schema());
  } else {
    throw UsageError(
        fmt::format("schema: found {}, expected json or markdown", scenario::in_quotes(format)));
  }
  return done;
}

int print_list(const std::string& kind, bool as_json) {
  const auto sections = scenario::catalogue();
  std::vector<std::string> kinds;
  for (const auto& section : sections)
    kinds.push_back(section.kind);
  if (!kind.empty() && std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
    const auto near = scenario::nearest(kind, kinds);
    throw UsageError(fmt::format("list: found {}, expected {}{}", scenario::in_quotes(kind),
                                 scenario::one_of(kinds),
                                 near.empty() ? "" : "; did you mean \"" + near + "\"?"));
  }
  json document = {{"schema_version", schema_version}};
  std::string text;
  for (const auto& section : sections) {
    if (!kind.empty() && section.kind != kind)
      continue;
    text += fmt::format("{}{} ({})\n", text.empty() ? "" : "\n", section.title, section.kind);
    document[section.kind] = json::array();
    std::size_t width = 0;
    for (const auto& entry : section.entries)
      width = std::max(width, entry.name.size());
    for (const auto& entry : section.entries) {
      text += fmt::format("  {:<{}}  {}\n", entry.name, width, entry.doc);
      document[section.kind].push_back({{"name", entry.name}, {"doc", entry.doc}});
    }
  }
  if (as_json) {
    print(document);
  } else {
    print(text);
  }
  return done;
}

}  // namespace holdfast::cli
