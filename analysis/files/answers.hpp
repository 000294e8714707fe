// SPDX-License-Identifier: Apache-2.0
// The answer of a search or an estimate in a folder: NAME.json, or NAME.partial.json if it ended
// before it was through, so that a whole one is not lost to a part of one.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace holdfast::analysis {

/// What is in the way of an answer to `question` ("search"): a file of its name that has none.
/// Empty: nothing.
std::string in_the_way_of_answer(const std::filesystem::path& folder, const std::string& question);

/// Writes it, and takes away what it takes the place of: once whole, a part of it. Throws
/// EnvironmentError.
void write_answer(const std::filesystem::path& folder, const std::string& question,
                  const nlohmann::json& document, bool whole);

}  // namespace holdfast::analysis
