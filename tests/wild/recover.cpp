// SPDX-License-Identifier: Apache-2.0
#include "tests/wild/recover.hpp"

#include <algorithm>

namespace holdfast::wild {

namespace {

using namespace std::chrono_literals;

/// Faults that are drawn with an end are over by then.
constexpr sim::Duration longest_fault = 10s;
/// The longest time-outs, holds and reconnects of ordinary worlds, one after the other.
constexpr sim::Duration calm = 2000s;

}  // namespace

bool run_until(World& w, sim::TimePoint end, std::uint64_t most_events, bool checked) {
  while (w.calendar.step(w, end)) {
    if (checked && w.calendar.fired() % invariants::stride == 0)
      invariants::check(w);
    if (w.calendar.fired() >= most_events)
      return false;
  }
  return true;
}

std::optional<std::string> recover(World& w, const invariants::Watcher& watcher,
                                   std::uint64_t most_events, bool checked) {
  const std::uint64_t bound = w.calendar.fired() + most_events;
  invariants::end_repetitions(w);
  if (!run_until(w, w.now() + longest_fault, bound, checked))
    return std::nullopt;
  invariants::end_everything(w);
  // A load may begin within a second: the first look is later. Where nothing is pending the time of
  // the world stands still.
  sim::TimePoint look = w.now();
  const sim::TimePoint end = look + calm;
  for (sim::Duration step = 2s; look < end; step = std::min<sim::Duration>(2 * step, 100s)) {
    look += step;
    if (!run_until(w, look, bound, checked))
      return std::nullopt;
    if (invariants::stuck(w, watcher).empty())
      break;
  }
  return invariants::stuck(w, watcher);
}

}  // namespace holdfast::wild
