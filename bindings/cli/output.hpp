// SPDX-License-Identifier: Apache-2.0
// Data to stdout, words to stderr, and what happens if they cannot be written.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "analysis/files/files.hpp"

namespace holdfast::cli {

/// Nobody reads the pipe any more: ends the program as Unix tools end, without a word.
struct ReaderGone {};

/// Keeps descriptors 0 to 2 from being taken by files that are opened later, and SIGPIPE from
/// ending a run whose words nobody reads.
void prepare_output();
/// Throws EnvironmentError if stdout is closed, or a file on a disk that is full: nothing of what
/// would be computed could be told.
void check_stdout();

/// Puts one line of words on stderr.
void say(const std::string& line);
/// Puts data on stdout. Throws EnvironmentError, ReaderGone, and after Ctrl-C gives up a reader who
/// has not taken anything for half a second.
void print(const std::string& data);
void print(const nlohmann::json& document);
/// A document as `print` would put it.
std::string text_of(const nlohmann::json& document);

/// Keeps what was asked for in files, and then tells it: whoever reads may have left, and what took
/// hours must not go with them. What cannot be kept is told before the error of that is.
template <class Keep, class Tell>
void keep_then_tell(Keep keep, Tell tell) {
  try {
    keep();
  } catch (const analysis::EnvironmentError&) {
    tell();
    throw;
  }
  tell();
}

/// Says that the memory has ended, with nothing that would need some.
void say_no_memory();
/// Where an exception cannot leave (a function that is noexcept, the first of a thread), the end of
/// the memory would end the program by a signal: from now on it says so, with status 4.
void expect_no_memory();

/// Writes to stderr only what does not have to wait there.
void say_if_heard(std::string_view text);

}  // namespace holdfast::cli
