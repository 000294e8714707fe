// SPDX-License-Identifier: Apache-2.0
// One point of a sweep: a base scenario with some values changed, run to one row. This is what a
// thread of a sweep does all the time, without a word of Python.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/run/run.hpp"
#include "models/scenario/declaration/spec.hpp"

namespace holdfast::analysis {

struct Point {
  /// Paths as in `scenario::apply_set`, and their values; applied in this order.
  std::vector<std::pair<std::string, nlohmann::json>> sets;
  std::optional<std::uint64_t> seed;  ///< instead of the scenario's
};

/// The scenario of a point. Throws ScenarioError.
scenario::Scenario scenario_of(const nlohmann::json& base, const Point& point,
                               const std::string& source);

/// Runs it. The row (row.hpp) with `scenario_hash`; of a point that fails the keys `error` and
/// `error_type` instead. Null if `options.stop` was set before its result was there; after
/// `options.max_events` the row is `partial`. A broken invariant is no
/// row, for then the model is wrong and so may be other rows: throws sim::InvariantError, which
/// names the point and the seed.
nlohmann::json run_point(const nlohmann::json& base, const Point& point, const std::string& source,
                         const RunOptions& options);

}  // namespace holdfast::analysis
