// SPDX-License-Identifier: Apache-2.0
// A matrix document held against another one, against the expected matrix, or one of its
// implementations against the others.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::conform {

/// A verdict that differs between two matrices.
struct Difference {
  std::string policy, target, requirement;
  std::string before;  ///< verdict, or "absent"
  std::string after;
  bool worse = false;
};

/// What passed fails or is not exercised any more; what was something else fails; what passed is
/// gone.
bool is_worse(const std::string& before, const std::string& after);

/// Throws std::invalid_argument, with what is wrong, unless `document` is a matrix document of the
/// schema version that is known.
void check_matrix(const nlohmann::json& document);
/// Likewise for the expected matrix, which is also wrong if it has a failure without a reason, a
/// reason for no failure, or a requirement that the catalogue does not have.
void check_expected(const nlohmann::json& document);

/// What differs, regressions first. Of `before` only that counts which `after` was asked for: its
/// implementations, and its requirements or those that the catalogue has no more. Throws what
/// check_matrix throws.
std::vector<Difference> compare(const nlohmann::json& before, const nlohmann::json& after);

/// The policy, or the target, that the others of a matrix are changes of.
struct Baseline {
  std::string name;
  bool is_target = false;
};

/// What every other policy of `matrix` does otherwise than the baseline on the same target (or
/// every other target with the same policy), regressions first. `matrix` is one of run_matrix.
std::vector<Difference> compare_baseline(const nlohmann::json& matrix, const Baseline& baseline);

/// Differences from the expected matrix (scenarios/requirements/expected.json; docs/conformance.md
/// has its format), of the implementations and requirements that `matrix` has, regressions first.
/// What `expected` does not have at all differs. Throws what check_expected throws.
std::vector<Difference> compare_expected(const nlohmann::json& expected,
                                         const nlohmann::json& matrix);

/// Why `expected` says that a cell fails, or nothing.
std::string expected_reason(const nlohmann::json& expected, std::string_view requirement,
                            std::string_view policy, std::string_view target);

/// Lines for a terminal, under the heading "WITH: 2 worse, 1 other difference".
std::string text_of(const std::vector<Difference>& differences, std::string_view with);
/// For the matrix document.
nlohmann::json to_json(const std::vector<Difference>& differences);

}  // namespace holdfast::conform
