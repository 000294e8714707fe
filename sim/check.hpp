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

[[noreturn, gnu::cold]] inline void fail_check(const char* condition, const char* file, int line,
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

/// The same on the way of each packet and each I/O, where a handful of comparisons costs a tenth of
/// a run. On in Debug builds, and with them under the sanitizers; elsewhere the condition is
/// compiled and not evaluated.
#ifdef HOLDFAST_PACKET_CHECKS
#define HOLDFAST_PACKET_CHECK(condition, ...) HOLDFAST_CHECK(condition __VA_OPT__(, ) __VA_ARGS__)
#else
#define HOLDFAST_PACKET_CHECK(condition, ...) \
  static_cast<void>(true || static_cast<bool>(condition))
#endif
