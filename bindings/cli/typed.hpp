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

/// The words that an option takes, if it takes no others: for its check, and for completion. Empty:
/// what it takes is free, or a name of the catalogue.
const std::vector<std::string>& words_of(const std::string& option);

/// Throws UsageError for a word that is none of these; `where` is an option or verb, or empty.
[[noreturn]] void unknown_word(const std::string& where, const std::string& typed,
                               const std::vector<std::string>& names);
void check_word(const std::string& where, const std::string& typed,
                const std::vector<std::string>& names);
/// The same for an option that takes only words_of().
void check_word(const std::string& option, const std::string& typed);

}  // namespace holdfast::cli
