// SPDX-License-Identifier: Apache-2.0
// Result documents as text. It reads nothing but the documents, so text and JSON cannot disagree.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace holdfast::cli {

/// One table with a row per result, then failed expectations, then the first incident of each
/// corrupt run as a timeline. A value that a document does not have is shown as "-".
std::string render(const nlohmann::json& results, bool colour);

/// Seconds in a unit in which the number is easy to read: "2.000 s", "8.0 ms", "91.9 us".
std::string time_text(double seconds);

/// The failed expectations of one result, one line each. `expect` is a list of
/// {name, expected, value, verdict: "pass" | "fail"}.
std::vector<std::string> failures(const nlohmann::json& result);

}  // namespace holdfast::cli
