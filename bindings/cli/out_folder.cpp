// SPDX-License-Identifier: Apache-2.0
// Looking at --out, and making it.
#include "bindings/cli/out_folder.hpp"

#include <fmt/format.h>

#include <system_error>

#include "bindings/cli/cli.hpp"
#include "models/scenario/reading/error.hpp"

namespace holdfast::cli {

namespace fs = std::filesystem;

void check_out(const std::string& out) {
  std::error_code error;
  for (fs::path part; const fs::path& one : fs::path(out)) {
    part /= one;
    if (fs::exists(part, error) && !fs::is_directory(part, error)) {
      throw UsageError(fmt::format("--out: {} exists and is not a directory",
                                   scenario::in_quotes(part.string())));
    }
  }
}

std::unique_ptr<analysis::Folder> make_out(const fs::path& folder) {
  try {
    return std::make_unique<analysis::Folder>(folder);
  } catch (const analysis::EnvironmentError& error) {
    throw analysis::EnvironmentError(std::string("--out: ") + error.what());
  }
}

}  // namespace holdfast::cli
