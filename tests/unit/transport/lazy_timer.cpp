// SPDX-License-Identifier: Apache-2.0
// A timer that is moved more often than it fires: when it goes off, and how few events that takes.
#include "models/transport/lazy_timer.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace {

using namespace holdfast;
using sim::Duration;
using sim::TimePoint;
using transport::LazyTimer;

/// The smallest world that has one: when it went off, and how often its event fired.
struct Clock {
  sim::Calendar<Clock> calendar;
  LazyTimer timer;
  std::vector<std::int64_t> went_off;

  [[nodiscard]] TimePoint now() const { return calendar.now(); }
  template <class F>
  sim::EventId at(TimePoint t, F f) {
    return calendar.at(t, f);
  }
  void run_until(std::int64_t t) { calendar.run_until(*this, sim::epoch + Duration{t}); }
  void set(std::int64_t t);
};

void fired(Clock& c) {
  if (c.timer.is_due(c, fired))
    c.went_off.push_back(sim::ns(c.now()));
}

void Clock::set(std::int64_t t) { timer.set(*this, sim::epoch + Duration{t}, fired); }

}  // namespace

TEST_CASE("a lazy timer goes off at its deadline, however it was moved", "[transport]") {
  Clock c;
  CHECK_FALSE(c.timer.is_on());
  c.set(100);
  c.run_until(99);
  CHECK(c.went_off.empty());
  c.run_until(100);
  CHECK(c.went_off == std::vector<std::int64_t>{100});
  CHECK_FALSE(c.timer.is_on());

  // Later: its event finds out, and nothing happens in between.
  c.set(200);
  c.set(300);
  CHECK(c.timer.deadline() == sim::epoch + Duration{300});
  c.run_until(299);
  CHECK(c.went_off.size() == 1);
  c.run_until(300);
  CHECK(c.went_off.back() == 300);

  // Earlier: an event that fires too late would be no use.
  c.set(600);
  c.set(400);
  c.run_until(400);
  CHECK(c.went_off.back() == 400);
  c.run_until(1000);
  CHECK(c.went_off.size() == 3);
}

TEST_CASE("a lazy timer that is stopped stays silent, and can be set again", "[transport]") {
  Clock c;
  c.set(100);
  c.timer.stop();
  CHECK_FALSE(c.timer.is_on());
  c.run_until(200);
  CHECK(c.went_off.empty());

  // Stopped, and set anew before its event fires: for later, and for earlier.
  c.set(300);
  c.timer.stop();
  c.set(350);
  c.run_until(349);
  CHECK(c.went_off.empty());
  c.set(340 + 60);
  c.timer.stop();
  c.set(345 + 10);
  c.run_until(500);
  CHECK(c.went_off == std::vector<std::int64_t>{355});

  // One that goes away leaves nothing on the calendar.
  c.set(600);
  c.timer.discard(c);
  CHECK(c.calendar.pending() == 0);
}

TEST_CASE("a lazy timer that is moved a thousand times costs one event a deadline", "[transport]") {
  Clock c;
  for (std::int64_t t = 0; t < 1000; ++t) {
    c.run_until(t);
    c.set(t + 100);
    CHECK(c.calendar.pending() == 1);
  }
  c.run_until(2000);
  CHECK(c.went_off == std::vector<std::int64_t>{1099});
  // It fired early at 100, 199, 298, ... and then in time: each time a deadline has passed.
  CHECK(c.calendar.fired() == 12);
}

TEST_CASE("a lazy timer is not set for the past", "[transport]") {
  Clock c;
  c.run_until(50);
  CHECK_THROWS_AS(c.set(49), sim::InvariantError);
}
