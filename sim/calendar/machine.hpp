// SPDX-License-Identifier: Apache-2.0
// A machine as its calendar sees it: a clock that may run fast or slow, or stop, and what has come
// due while the machine stood still.
#pragma once

#include <cstdint>

#include "sim/check.hpp"
#include "sim/copy_block.hpp"
#include "sim/time.hpp"
#include "sim/wide.hpp"

namespace holdfast::sim {

/// Names a machine of one calendar. 0: nobody's, whose clock is right and who never stands still.
enum class MachineId : std::uint32_t {};
inline constexpr MachineId no_machine{0};

/// How fast a clock runs: `ppm` millionths faster than time, which is slower if they are negative.
class ClockRate {
 public:
  static constexpr std::int64_t million = 1'000'000;
  constexpr ClockRate() = default;
  explicit constexpr ClockRate(std::int64_t ppm) : rate_(million + ppm) {
    HOLDFAST_CHECK(rate_ > 0, "a clock does not run backwards");
  }

  [[nodiscard]] constexpr bool is_right() const { return rate_ == million; }
  /// How far the clock goes while `span` >= 0 passes.
  [[nodiscard]] constexpr Duration shown(Duration span) const {
    return Duration{static_cast<std::int64_t>(Wide{wide(span)} * wide(rate_) / million)};
  }
  /// The shortest time in which it goes that far: what a timer of `shown` >= 0 takes.
  [[nodiscard]] constexpr Duration takes(Duration shown) const {
    const Wide millions = Wide{wide(shown)} * million;
    return Duration{static_cast<std::int64_t>((millions + wide(rate_ - 1)) / wide(rate_))};
  }

 private:
  static constexpr std::uint64_t wide(std::int64_t n) { return static_cast<std::uint64_t>(n); }
  static constexpr std::uint64_t wide(Duration d) { return wide(d.count()); }
  std::int64_t rate_ = million;
};

/// An event that came due while its machine stood still.
struct StoodFor {
  std::uint32_t slot = 0;
  std::uint64_t sequence = 0;
};

struct Machine {
  ClockRate rate;
  Duration stopped{};        ///< for how long its clock has stood still in all
  std::uint32_t stands = 0;  ///< how often it was told to stand still and not yet to go on
  bool clock_stops = false;  ///< and does its clock too?
  TimePoint since{};         ///< when it began to
  Vector<StoodFor> due;      ///< meanwhile, in the order in which it came due

  [[nodiscard]] bool is_right() const { return rate.is_right() && stopped == Duration{}; }
  /// What its clock shows at an instant at which it does not stand still.
  [[nodiscard]] TimePoint shown(TimePoint t) const {
    return epoch + rate.shown(t - epoch - stopped);
  }
  /// The first instant at which it shows that.
  [[nodiscard]] TimePoint when(TimePoint shown) const {
    return epoch + rate.takes(shown - epoch) + stopped;
  }
};

}  // namespace holdfast::sim
