// SPDX-License-Identifier: Apache-2.0
// The command line before it is parsed: a mistake is told as one of a scenario is, by what was
// found and what was expected, and not in the words of the library that parses it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace holdfast::cli {

/// Throws UsageError unless the first word is a verb, or asks for help or the version.
void check_verb(const CLI::App& app, const std::vector<std::string>& words);
/// Throws UsageError for what follows the verb: an option that is unknown, is there twice or has no
/// value, a word too many, none where one is needed. Values are not looked at.
void check_words(const CLI::App& verb, const std::vector<std::string>& words);

}  // namespace holdfast::cli
