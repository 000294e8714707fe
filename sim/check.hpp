// SPDX-License-Identifier: Apache-2.0
// Invariants are checked in every build: a simulator that goes on after one of its own rules broke
// tells lies. A broken invariant is an internal error (exit status 3), never a verdict.
#pragma once

#include <stdexcept>
#include <string>

namespace holdfast::sim {

/// An invariant of the simulator itself does not hold.
struct InvariantError : std::logic_error {
  using std::logic_error::logic_error;
};

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_check(const char* condition,
                                                              const char* file, int line,
                                                              const char* what = nullptr) {
  std::string text =
      std::string(file) + ":" + std::to_string(line) + ": broken invariant: " + condition;
  if (what != nullptr)
    text += std::string(" (") + what + ")";
  throw InvariantError(text);
}

}  // namespace holdfast::sim

/// Checks a condition that must hold whatever a scenario says: HOLDFAST_CHECK(condition, "what is
/// wrong if it does not"). The text is for whoever has just broken it; a condition that says it all
/// by itself needs none.
#define HOLDFAST_CHECK(condition, ...) \
  (static_cast<bool>(condition)        \
       ? static_cast<void>(0)          \
       : ::holdfast::sim::fail_check(#condition, __FILE__, __LINE__ __VA_OPT__(, ) __VA_ARGS__))

/// What is checked at each access to an element makes a run a seventh longer. Builds with
/// the library's own assertions (CMake's Debug, which sanitizers use, and the objects of the tests)
/// have these as well; a release leaves them out and checks whoever comes and goes.
#ifdef _GLIBCXX_ASSERTIONS
#define HOLDFAST_CHECK_ACCESS(condition, ...) HOLDFAST_CHECK(condition __VA_OPT__(, ) __VA_ARGS__)
#else
#define HOLDFAST_CHECK_ACCESS(condition, ...) static_cast<void>(0)
#endif
