// SPDX-License-Identifier: Apache-2.0
// Simulated time. Integer nanoseconds on std::chrono types, so that units cannot be mixed and two
// kernels can agree to the last bit; floating point appears only where results are printed.
#pragma once

#include <chrono>
#include <cstdint>

namespace holdfast::sim {

using Duration = std::chrono::nanoseconds;

/// The clock of a world. It has no now(): only a world knows what time it is.
struct Clock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<Clock, Duration>;
  static constexpr bool is_steady = true;
};

using TimePoint = Clock::time_point;

/// Start of every run.
inline constexpr TimePoint epoch{};

/// "It has not happened (yet)". Earlier than any instant of a run.
inline constexpr TimePoint never{Duration{-1}};

/// Nanoseconds since the start of the run.
constexpr std::int64_t ns(TimePoint t) { return t.time_since_epoch().count(); }

/// Seconds as a number, for results only.
constexpr double seconds(Duration d) { return static_cast<double>(d.count()) / 1e9; }
constexpr double seconds(TimePoint t) { return seconds(t.time_since_epoch()); }

}  // namespace holdfast::sim
