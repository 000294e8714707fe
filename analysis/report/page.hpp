// SPDX-License-Identifier: Apache-2.0
// The page of a run, or of several side by side: one file that explains them.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analysis/report/recorder.hpp"
#include "models/scenario/declaration/spec.hpp"

namespace holdfast::analysis::report {

/// So many runs stand side by side; below each other more would not be compared by anybody.
inline constexpr std::size_t most_runs = 8;

/// What a page shows of a run: what a recorder wrote down, the scenario in its canonical form, and
/// how to do it again. `what_if` (what_if.hpp) may be null.
nlohmann::json told(const scenario::Scenario& scenario, const Recorder& recorder,
                    const nlohmann::json& what_if = nullptr);

/// The page of 1 to `most_runs` of these. The first one is what the others are compared with.
/// Throws std::invalid_argument for another number of runs.
std::string page(const std::vector<nlohmann::json>& runs);

}  // namespace holdfast::analysis::report
