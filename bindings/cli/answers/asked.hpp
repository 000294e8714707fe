// SPDX-License-Identifier: Apache-2.0
// What verbs that answer a question are asked in the same words, and how they end.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "models/scenario/declaration/spec.hpp"
#include "sim/time.hpp"

namespace holdfast::cli {

/// The scenario of a file, or a bundled one, with these changes. Throws ScenarioError.
scenario::Scenario read_changed(const std::string& file, const std::vector<std::string>& sets);

/// The value of --jobs: at least one thread. Throws UsageError.
unsigned threads(const std::string& typed);

/// A number for which `fits` holds. Throws UsageError, which names the option and what is expected.
double number(const std::string& option, const std::string& typed, const std::string& expected,
              const std::function<bool(double)>& fits);

/// A time above 0, with its unit. Throws UsageError, which names the option, what is expected and
/// an example.
sim::Duration time_above_zero(const std::string& option, const std::string& typed,
                              const std::string& example,
                              const std::string& expected = "a time above 0");

/// The exit status of an answer that a budget, or a signal, may have ended; a signal is told of.
int status_of_answer(bool ended_by_budget);

}  // namespace holdfast::cli
