// SPDX-License-Identifier: Apache-2.0
// What the fuzzed programs share: a broken promise ends the process, as libFuzzer wants it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "models/scenario/reading/error.hpp"

namespace holdfast::fuzz {

[[noreturn]] inline void broken(const char* promise, std::string_view seen) {
  std::fprintf(stderr, "broken promise: %s: %.*s\n", promise, static_cast<int>(seen.size()),
               seen.data());
  std::abort();
}

/// An error is one printable line of bounded length, which says what was found and expected.
inline void check_error(const scenario::ScenarioError& error) {
  const std::string_view words = error.what();
  if (words != scenario::printable(words))
    broken("an error is printable", words);
  if (words.find("found ") == words.npos || words.find(", expected ") == words.npos)
    broken("an error says what was found and what was expected", words);
  if (words.size() > 2000)
    broken("an error is short", words);
}

}  // namespace holdfast::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
