// SPDX-License-Identifier: Apache-2.0
// From a point of a sweep to its row.
#include "analysis/run/point.hpp"

#include "analysis/run/row.hpp"
#include "analysis/run/run.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::analysis {

using nlohmann::json;

scenario::Scenario scenario_of(const json& base, const Point& point, const std::string& source) {
  json document = base;
  for (const auto& [path, value] : point.sets)
    scenario::apply_set(document, path, value);
  if (point.seed && document.is_object())
    document["seed"] = *point.seed;
  return scenario::from_json(document, source);
}

json run_point(const json& base, const Point& point, const std::string& source,
               const std::atomic<bool>* stop) {
  json row = json::object();
  try {
    const scenario::Scenario scenario = scenario_of(base, point, source);
    row["scenario_hash"] = scenario::hash(scenario);
    RunOptions options;
    options.stop = stop;
    const json document = run(scenario, options);
    if (stop != nullptr && *stop)
      return nullptr;
    row.update(row_of(document));
  } catch (const scenario::ScenarioError& error) {
    row["error"] = error.what();
    row["error_type"] = "ScenarioError";
  } catch (const std::exception& error) {
    row["error"] = error.what();
    row["error_type"] = "HoldfastError";
  }
  return row;
}

}  // namespace holdfast::analysis
