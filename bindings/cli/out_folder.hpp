// SPDX-License-Identifier: Apache-2.0
// The folder that --out names, for `run` and `conform`.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "analysis/files/folder.hpp"

namespace holdfast::cli {

/// Throws UsageError if something else than a folder is in the way: that is a slip of the pen, and
/// no matter of the surroundings.
void check_out(const std::string& out);
/// Makes, locks and tries a folder before a run. Throws EnvironmentError, which names --out.
std::unique_ptr<analysis::Folder> make_out(const std::filesystem::path& folder);

}  // namespace holdfast::cli
