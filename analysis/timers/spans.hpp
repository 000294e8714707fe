// SPDX-License-Identifier: Apache-2.0
// How long timers take when the machine counts in ticks: the closed forms of closed_forms.hpp as
// intervals over all phases of the tick counter. `hz` is CONFIG_HZ; 0 says exact timers, and then
// each function gives the exact form. The wheel itself stands in sim/timer_wheel.hpp alone.
#pragma once

#include <algorithm>
#include <cstdint>

#include "analysis/closed_forms.hpp"
#include "sim/timer_wheel.hpp"

namespace holdfast::analysis::timers {

constexpr Interval operator+(const Interval& a, const Interval& b) {
  return {a.earliest + b.earliest, a.latest + b.latest};
}
/// One after the other, `count` times.
constexpr Interval times(const Interval& a, std::int64_t count) {
  return {a.earliest * count, a.latest * count};
}
/// The one that comes first, whichever it is.
constexpr Interval first_of(const Interval& a, const Interval& b) {
  return {std::min(a.earliest, b.earliest), std::min(a.latest, b.latest)};
}
/// The one that comes last.
constexpr Interval last_of(const Interval& a, const Interval& b) {
  return {std::max(a.earliest, b.earliest), std::max(a.latest, b.latest)};
}
constexpr Interval exactly(Duration d) { return {d, d}; }

/// By how many ticks the wheel may be late for a timer that is set `ticks` ahead (protocol.md
/// 15.1): the granularity of its level.
constexpr std::int64_t granularity(std::int64_t ticks) {
  // A multiple of every granularity, so that what the wheel adds is the granularity itself.
  constexpr std::int64_t round = std::int64_t{1} << 30;
  return sim::wheel_tick(round - ticks, round) - round;
}

/// A timer that is set at any instant between two ticks (add_timer, queue_delayed_work).
inline Interval timer(std::uint32_t hz, Duration d) {
  const sim::TimerWheel wheel{hz, {}};
  if (wheel.is_exact() || d <= Duration{})
    return exactly(std::max(d, Duration{}));
  const std::int64_t n = wheel.ticks_of(d);
  return {n * wheel.tick() + Duration{1}, (n + granularity(n)) * wheel.tick()};
}

/// One that sets itself again whenever it fires, and so stays on multiples of its granularity: its
/// period is constant. `d` is rounded down to ticks, as looks at the keep-alive are, or up.
inline Duration period(std::uint32_t hz, Duration d, bool down) {
  const sim::TimerWheel wheel{hz, {}};
  if (wheel.is_exact())
    return d;
  const std::int64_t n = down ? d / wheel.tick() : wheel.ticks_of(d);
  return wheel.tick() * sim::wheel_tick(0, n);
}

/// From a look at which a request with this timeout is sent to the instant at which the block layer
/// notices that it was not answered (protocol.md 15.2). Without a tick it is the timeout.
inline Interval request_timeout(std::uint32_t hz, Duration timeout) {
  const sim::TimerWheel wheel{hz, {}};
  if (wheel.is_exact())
    return exactly(timeout);
  const std::int64_t deadline = wheel.ticks_of(timeout);
  // The timer of the queue is set for this at the latest; if that is before the deadline, it is set
  // once more, for the deadline.
  const std::int64_t set_for = sim::BlockTimer::wanted(wheel, 0, deadline);
  std::int64_t latest = deadline + granularity(deadline);
  if (set_for + granularity(set_for) >= deadline)
    latest = std::max(latest, set_for + granularity(set_for));
  return {deadline * wheel.tick(), latest * wheel.tick()};
}

/// A grace period of RCU on a machine that is not busy; none with exact timers.
inline Interval grace_period(std::uint32_t hz) {
  const sim::TimerWheel wheel{hz, {}};
  if (wheel.is_exact())
    return exactly({});
  const Duration whole = sim::grace_period_over(wheel, sim::epoch) - sim::epoch;
  return {whole - wheel.tick() + Duration{1}, whole};
}

/// The controller's timer from the last command that it fetched (closed_forms.hpp, target_expiry).
/// The window of a timer that has just fired is constant, the first one is not.
inline Interval target_expiry(std::uint32_t hz, KeepAlive mode, Duration katt) {
  if (hz == 0)
    return analysis::target_expiry(mode, katt);
  const Interval first = timer(hz, katt);
  if (mode == KeepAlive::command_based)
    return first;
  const Duration window = period(hz, katt, false);
  return {window + Duration{1}, first.latest + window};
}

/// Each SYN of a connect that nobody answers, and the wait for the last one (closed_forms.hpp,
/// unanswered_connect).
inline Interval unanswered_connect(std::uint32_t hz, unsigned syns, unsigned linear) {
  Interval total{};
  for (unsigned nth = 0; nth < syns; ++nth)
    total = total + timer(hz, analysis::unanswered_syn(nth, linear));
  return total;
}

}  // namespace holdfast::analysis::timers
