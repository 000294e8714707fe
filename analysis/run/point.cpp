// SPDX-License-Identifier: Apache-2.0
// From a point of a sweep to its row.
#include "analysis/run/point.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "analysis/run/row.hpp"
#include "models/scenario/changes.hpp"
#include "models/scenario/scenario.hpp"
#include "sim/check.hpp"

namespace holdfast::analysis {

using nlohmann::json;

scenario::Scenario scenario_of(const json& base, const Point& point, const std::string& source) {
  json document = base;
  scenario::Changes changes(document);
  for (const auto& [path, value] : point.sets)
    changes.set(path, value, source);
  if (point.seed && document.is_object())
    document["seed"] = *point.seed;
  return scenario::from_json(document, source);
}

namespace {

std::string words_of(const Point& point) {
  std::string out;
  for (const auto& [path, value] : point.sets)
    out += fmt::format("{}{} = {}", out.empty() ? "; at " : ", ", path, value.dump());
  return out;
}

}  // namespace

json run_point(const json& base, const Point& point, const std::string& source,
               const RunOptions& options) {
  json row = json::object();
  try {
    const scenario::Scenario scenario = scenario_of(base, point, source);
    row["scenario_hash"] = scenario::hash(scenario);
    const json document = run(scenario, options);
    // Nobody may have the time to look at what was not judged.
    if (document.contains("partial") && document["partial"]["reason"] == "interrupted")
      return nullptr;
    row.update(row_of(document));
  } catch (const NothingYet&) {
    return nullptr;
  } catch (const scenario::ScenarioError& error) {
    row["error"] = error.what();
    row["error_type"] = "ScenarioError";
  } catch (const std::invalid_argument& error) {
    row["error"] = error.what();
    row["error_type"] = "HoldfastError";
  } catch (const std::logic_error& error) {
    // A broken invariant, or an access that the model should never have tried.
    throw sim::InvariantError(error.what() + words_of(point));
  } catch (const std::bad_alloc&) {
    row["error"] = "no memory left";
    row["error_type"] = "HoldfastError";
  } catch (const std::exception& error) {
    row["error"] = error.what();
    row["error_type"] = "HoldfastError";
  }
  return row;
}

}  // namespace holdfast::analysis
