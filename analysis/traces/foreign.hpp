// SPDX-License-Identifier: Apache-2.0
// Whether what lies in a folder came from runs.
#pragma once

#include <filesystem>
#include <string>

namespace holdfast::analysis {

/// The first file in a folder that has the name of something that a run writes there, or takes away
/// when it has no such trace itself, and that none wrote; empty: there is none. A run knows its own
/// files by how they begin; a scenario, which anybody may write, by the result beside it.
std::string foreign_file(const std::filesystem::path& folder);

}  // namespace holdfast::analysis
