// SPDX-License-Identifier: Apache-2.0
// The matrix document (run_matrix) as something to read, and held against another one. Everything
// here reads nothing but the documents.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace holdfast::conform {

/// Where the failing scenario of a result is written, relative to the report's folder:
/// "failures/HOLD-1_linux-mainline_nvmet-mainline.json".
std::string failure_file(const nlohmann::json& result);
/// What to type to see it fail, from the folder of the report.
std::string replay_command(const nlohmann::json& result);

/// One page without any network access: the matrix with filters, and for each failure the scenario
/// and its timeline.
std::string html_report(const nlohmann::json& matrix);
std::string markdown_report(const nlohmann::json& matrix);
/// JUnit XML: a suite for each implementation, a case for each requirement, whose id, kind and
/// source are in its properties. Not applicable and not exercised are `skipped`.
std::string junit_report(const nlohmann::json& matrix);
/// For a terminal: what failed, implementation by implementation.
std::string text_report(const nlohmann::json& matrix);

/// A verdict that differs between two matrices.
struct Difference {
  std::string policy, target, requirement;
  std::string before;  ///< verdict, or "absent"
  std::string after;
  bool worse = false;
};
/// What differs, regressions first. Worse is: what passed fails or is not exercised any more; what
/// was something else fails; what passed is gone. Throws std::invalid_argument if `before` is no
/// matrix of a schema version that is known.
std::vector<Difference> compare(const nlohmann::json& before, const nlohmann::json& after);
std::string text_of(const std::vector<Difference>& differences);

/// Differences from the expected matrix (scenarios/requirements/expected.json), of the
/// implementations and requirements that `matrix` has; each is "worse". Throws
/// std::invalid_argument if `expected` has another form, or a failure without a reason.
std::vector<Difference> compare_expected(const nlohmann::json& expected,
                                         const nlohmann::json& matrix);

}  // namespace holdfast::conform
