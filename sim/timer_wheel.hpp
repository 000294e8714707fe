// SPDX-License-Identifier: Apache-2.0
// When a timer of the Linux kernel really fires (kernel/time/timer.c: calc_wheel_index,
// calc_index), and how far the block layer sets its request timer ahead (block/blk-timeout.c).
// protocol.md 15.1, 15.2.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "sim/check.hpp"
#include "sim/time.hpp"

namespace holdfast::sim {

/// The tick counter of one machine. Without a rate, timers are exact.
struct TimerWheel {
  std::uint32_t hz = 0;  ///< ticks per second; divides 1e9. 0: exact timers
  Duration phase{};      ///< how far the first tick was along when the simulation began

  [[nodiscard]] bool is_exact() const { return hz == 0; }
  [[nodiscard]] Duration tick() const {
    HOLDFAST_PACKET_CHECK(hz != 0, "exact timers have no tick");
    return Duration{1'000'000'000 / hz};
  }
  /// The value of `jiffies` at `t`.
  [[nodiscard]] std::int64_t ticks_at(TimePoint t) const { return (t - epoch + phase) / tick(); }
  /// A span in ticks, rounded up (nsecs_to_jiffies of a positive time).
  [[nodiscard]] std::int64_t ticks_of(Duration d) const {
    return (d + tick() - Duration{1}) / tick();
  }
  [[nodiscard]] TimePoint time_of(std::int64_t ticks) const {
    return epoch + ticks * tick() - phase;
  }
};

/// The tick at which a timer fires that is set at tick `now` for tick `expires`: the next multiple
/// of its level's granularity strictly after it. Never early, never moved to a finer level.
constexpr std::int64_t wheel_tick(std::int64_t now, std::int64_t expires) {
  HOLDFAST_PACKET_CHECK(now >= 0 && expires >= 0, "ticks are counted from the start of the run");
  std::int64_t granularity = 1;
  while (expires - now >= 63 * granularity)
    granularity *= 8;
  return (expires / granularity + 1) * granularity;
}

/// When a timer fires that is set now to go off after `delay`. No delay at all bypasses the wheel.
inline TimePoint fires_at(const TimerWheel& wheel, TimePoint now, Duration delay) {
  if (wheel.is_exact() || delay <= Duration{})
    return now + std::max(delay, Duration{});
  const std::int64_t tick = wheel.ticks_at(now);
  return wheel.time_of(wheel_tick(tick, tick + wheel.ticks_of(delay)));
}

/// When a grace period of RCU is over that is asked for now, on a machine that is not busy: it is
/// noticed at the next tick; its thread then waits RCU_JIFFIES_TILL_FORCE_QS ticks before it looks
/// which CPUs have passed a quiescent state (kernel/rcu/tree.c: rcu_gp_kthread).
inline TimePoint grace_period_over(const TimerWheel& wheel, TimePoint now) {
  if (wheel.is_exact())
    return now;
  const std::int64_t noticed = wheel.ticks_at(now) + 1;
  const std::int64_t wait = 1 + (wheel.hz > 250 ? 1 : 0) + (wheel.hz > 500 ? 1 : 0);
  return wheel.time_of(wheel_tick(noticed, noticed + wait));
}

/// When a file is closed that a kernel thread gives back now: by work that is put off by one tick
/// (fs/file_table.c: fput).
inline TimePoint file_closed_at(const TimerWheel& wheel, TimePoint now) {
  return wheel.is_exact() ? now : fires_at(wheel, now, wheel.tick());
}

/// The rolling timer of a request queue: one for all its requests (blk_add_timer).
struct BlockTimer {
  static constexpr std::int64_t off = -1;
  std::int64_t set_for = off;  ///< the tick it was set for, not the one at which it fires

  /// Ticks that the helper adds to every expiry: HZ rounded up to a power of two.
  static std::int64_t slack(const TimerWheel& wheel) {
    return static_cast<std::int64_t>(std::bit_ceil(wheel.hz));
  }
  /// What a request that starts at tick `now` with deadline `deadline` asks for.
  static std::int64_t wanted(const TimerWheel& wheel, std::int64_t now, std::int64_t deadline) {
    HOLDFAST_PACKET_CHECK(!wheel.is_exact(), "exact timers are not rounded by the block layer");
    const std::int64_t five_seconds = std::int64_t{5} * wheel.hz;
    return std::min(deadline, now + five_seconds) + slack(wheel);
  }
  /// Whether the timer is set to it: if it is off, or would be late by half a second or more.
  [[nodiscard]] bool takes(const TimerWheel& wheel, std::int64_t expires) const {
    return set_for == off || set_for - expires >= wheel.hz / 2;
  }
};

}  // namespace holdfast::sim
