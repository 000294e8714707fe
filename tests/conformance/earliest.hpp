// SPDX-License-Identifier: Apache-2.0
// "Not a nanosecond earlier, and no later": what a test says of a timer whose instant it has worked
// out by hand. docs/timers.md lists the timers of the models and the case of each.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

#include "tests/conformance/support.hpp"

namespace holdfast::conformance {

/// Whether the event in question has happened in a run.
using Happened = std::function<bool(const Run&)>;

/// How far a search for an event goes: longer than any timer under test.
inline constexpr Duration search_limit = std::chrono::hours{1};

/// A record of that kind that comes after the present end of the log of `start`.
inline Happened next(const Run& start, Kind kind, const Filter& filter = {}) {
  return [from = start.log.entries.size(), kind, filter](const Run& run) {
    return std::any_of(run.log.entries.begin() + static_cast<std::ptrdiff_t>(from),
                       run.log.entries.end(),
                       [&](const Entry& e) { return e.kind == kind && (!filter || filter(e)); });
  };
}

/// Fires events until it has happened; the clock stands at the one that did it. False: it has not
/// up to `limit`.
inline bool run_to(Run& run, TimePoint limit, const Happened& happened) {
  while (!happened(run)) {
    if (!run.world.calendar.step(run.world, limit))
      return false;
  }
  return true;
}

/// The run right behind the event of its next such record: where a timer is set, say.
inline Run run_to(Run run, Kind kind, const Filter& filter = {}) {
  INFO("record kind " << info(kind).name);
  REQUIRE(run_to(run, run.world.now() + search_limit, next(run, kind, filter)));
  return run;
}

/// Empty if it happens at `at` for the first time; else which side of it was missed, by how much.
inline std::string timing_error(const Run& start, TimePoint at, const Happened& happened) {
  if (at <= start.world.now() || happened(start))
    return "nothing to wait for: the run is beyond that instant, or it has happened";
  Run run(start);
  run.until(at - Duration{1});
  const bool early = happened(run);
  if (!early && happened(run.until(at)))
    return {};
  Run search(early ? start : run);
  const TimePoint limit = early ? at : at + search_limit;
  if (!run_to(search, limit, happened))
    return fmt::format("too late: due at {} ns, not seen up to {} ns", sim::ns(at), sim::ns(limit));
  const std::int64_t off = sim::ns(search.world.now()) - sim::ns(at);
  return fmt::format("too {} by {} ns: due at {} ns, happened at {} ns", early ? "early" : "late",
                     std::abs(off), sim::ns(at), sim::ns(search.world.now()));
}

/// False one nanosecond before `at`, true at it. `start` is left as it is.
inline void assert_earliest(const Run& start, TimePoint at, const Happened& happened,
                            int line = __builtin_LINE()) {
  INFO("the assertion in line " << line);
  CHECK_THAT(timing_error(start, at, happened), Catch::Equals(""));
}
/// The same for the next record of a kind.
inline void assert_earliest(const Run& start, TimePoint at, Kind kind, const Filter& filter = {},
                            int line = __builtin_LINE()) {
  INFO("record kind " << info(kind).name);
  assert_earliest(start, at, next(start, kind, filter), line);
}
/// The same with the instant as a time since the beginning of the run.
inline void assert_earliest(const Run& start, Duration at, Kind kind, const Filter& filter = {},
                            int line = __builtin_LINE()) {
  assert_earliest(start, sim::epoch + at, kind, filter, line);
}

}  // namespace holdfast::conformance
