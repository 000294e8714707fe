// SPDX-License-Identifier: Apache-2.0
// When a budget of time is over.
#pragma once

#include <algorithm>
#include <chrono>

namespace holdfast::analysis {

/// So long after now. A budget of centuries is one without an end: beyond a year nobody waits, and
/// the clock has no room.
inline std::chrono::steady_clock::time_point deadline_after(std::chrono::nanoseconds budget) {
  constexpr std::chrono::nanoseconds year = std::chrono::hours{24 * 365};
  return std::chrono::steady_clock::now() + std::min(budget, year);
}

/// The same of a number of seconds, of whatever size: what no clock has room for is without an end.
inline std::chrono::steady_clock::time_point deadline_after(double seconds) {
  constexpr double most = 1e9;
  return deadline_after(std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(std::min(seconds, most))));
}

}  // namespace holdfast::analysis
