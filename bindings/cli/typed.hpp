// SPDX-License-Identifier: Apache-2.0
// What was typed as the value of an option.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace holdfast::cli {

/// A whole number between two bounds, both included. Throws UsageError, which names the option.
std::uint64_t whole_number(const std::string& option, const std::string& typed, std::uint64_t low,
                           std::uint64_t high);

/// The items of a list that is separated by commas; an option may be there several times. Throws
/// UsageError for an item that says nothing, or that is there twice.
std::vector<std::string> items(const std::string& option, const std::vector<std::string>& typed);

/// Throws UsageError for a word that is none of these; `where` is an option or verb, or empty.
[[noreturn]] void unknown_word(const std::string& where, const std::string& typed,
                               const std::vector<std::string>& names);
void check_word(const std::string& where, const std::string& typed,
                const std::vector<std::string>& names);

}  // namespace holdfast::cli
