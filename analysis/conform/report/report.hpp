// SPDX-License-Identifier: Apache-2.0
// The matrix document (run_matrix) as something to read. Everything here reads nothing but the
// document, so that no report can say what the data does not.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace holdfast::conform {

/// Where the failing scenario of a result is written, relative to the report's folder:
/// "failures/HOLD-1_linux-mainline_nvmet-mainline.json".
std::string failure_file(const nlohmann::json& result);
/// What to type to see it fail, from the folder of the report, with holdfast on the PATH.
std::string replay_command(const nlohmann::json& result);

/// One page without any network access: the matrix with filters, and for each failure the scenario
/// and its timeline.
std::string html_report(const nlohmann::json& matrix);
std::string markdown_report(const nlohmann::json& matrix);
/// JUnit XML: a suite for each implementation, a case for each requirement, whose id, kind, party,
/// source and confidence are in properties of the suite, because no schema in wide use allows a
/// case to have any. Not applicable and not exercised are `skipped`.
std::string junit_report(const nlohmann::json& matrix);
/// For a terminal of `columns`: what failed, implementation by implementation, or as a matrix when
/// there are many. `folder` is where the failing scenarios are; empty: nowhere. `program` is how a
/// shell starts Holdfast from where the reader is.
std::string text_report(const nlohmann::json& matrix, const std::string& folder = "",
                        const std::string& program = "holdfast", std::size_t columns = 120);
/// A word as a shell takes it.
std::string shell_word(const std::string& word);

}  // namespace holdfast::conform
