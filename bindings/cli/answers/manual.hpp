// SPDX-License-Identifier: Apache-2.0
// What shells and `man` are told of the program, made from the command line's own declarations.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace holdfast::cli {

/// A script that completes verbs, options and their words: for bash, zsh or fish. Throws UsageError
/// for another word.
std::string completion(const CLI::App& app, const std::string& shell);

/// Prints it.
int print_completion(const CLI::App& app, const std::string& shell);

/// The page of `man holdfast`, in roff.
std::string manual_page(const CLI::App& app);

}  // namespace holdfast::cli
