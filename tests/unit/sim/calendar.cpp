// SPDX-License-Identifier: Apache-2.0
// Does the calendar keep its contract? First against a sorted list, with all invariants checked
// after every step, then sentence by sentence: the numbers are those over sim/calendar.hpp.
#include "sim/calendar.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/distributions.hpp"
#include "sim/random.hpp"
#include "tests/unit/sim/toy.hpp"

namespace {

using namespace holdfast::sim;
using namespace holdfast::sim::test;
using std::chrono::nanoseconds;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : seed_(seed) {}
  std::uint64_t below(std::uint64_t bound) {
    return uniform_below(random_bits(seed_, 3, next_++), bound);
  }

 private:
  std::uint64_t seed_;
  std::uint64_t next_ = 0;
};

/// What is pending, in the order of scheduling; sorted stably by time it is the order of firing.
struct Expected {
  std::int64_t time;
  std::uint32_t label;
  int lane;  // -1: a single event
  EventId id;
};

std::vector<std::uint32_t> in_order(std::vector<Expected> pending) {
  std::stable_sort(pending.begin(), pending.end(),
                   [](const Expected& a, const Expected& b) { return a.time < b.time; });
  std::vector<std::uint32_t> labels;
  for (const Expected& e : pending)
    labels.push_back(e.label);
  return labels;
}

}  // namespace

TEST_CASE("a calendar with lanes and cancellations fires like a stable sort", "[sim]") {
  constexpr int lanes = 4;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Dice dice(seed);
    Toy toy;
    std::vector<LaneId> lane;
    std::vector<std::int64_t> lane_time(lanes, 0);
    for (int i = 0; i < lanes; ++i)
      lane.push_back(toy.calendar.add_lane(note, 0));
    std::vector<Expected> pending;
    for (std::uint32_t label = 0; label < 500; ++label) {
      const auto what = dice.below(20);
      if (what < 9) {
        // 30 different times, so that many are equal.
        const auto t = static_cast<std::int64_t>(dice.below(30));
        pending.push_back({t, label, -1, add(toy, t, label)});
      } else if (what < 17) {
        const auto i = static_cast<std::size_t>(dice.below(lanes));
        lane_time[i] += static_cast<std::int64_t>(dice.below(2));
        toy.calendar.lane_push(lane[i], at_ns(lane_time[i]), label);
        pending.push_back({lane_time[i], label, static_cast<int>(i), {}});
      } else if (what < 19 && !pending.empty()) {
        const auto victim =
            pending.begin() + static_cast<std::ptrdiff_t>(dice.below(pending.size()));
        if (victim->lane < 0) {
          REQUIRE(toy.calendar.cancel(victim->id));
          REQUIRE_FALSE(toy.calendar.cancel(victim->id));
          pending.erase(victim);
        }
      } else if (dice.below(5) == 0) {
        const auto i = static_cast<int>(dice.below(lanes));
        std::vector<std::uint32_t> dropped;
        toy.calendar.lane_clear(lane[static_cast<std::size_t>(i)],
                                [&](std::uint32_t item) { dropped.push_back(item); });
        std::vector<std::uint32_t> gone;
        for (const Expected& e : pending) {
          if (e.lane == i)
            gone.push_back(e.label);
        }
        REQUIRE(dropped == gone);
        pending.erase(std::remove_if(pending.begin(), pending.end(),
                                     [i](const Expected& e) { return e.lane == i; }),
                      pending.end());
        lane_time[static_cast<std::size_t>(i)] = static_cast<std::int64_t>(dice.below(10));
      }
      REQUIRE(toy.calendar.pending() == pending.size());
      toy.calendar.check_invariants();
    }
    while (toy.calendar.step(toy, end_of_time))
      toy.calendar.check_invariants();
    INFO("seed " << seed);
    REQUIRE(toy.log == in_order(pending));
    REQUIRE(toy.calendar.pending() == 0);
    REQUIRE(toy.calendar.fired() == toy.log.size());
  }
}

TEST_CASE("contract 1: an event fires once, at its time", "[sim]") {
  Toy toy;
  for (const std::int64_t t : {7, 3, 3, 0})
    toy.calendar.at(at_ns(t), [t](Toy& w) { w.sum += w.calendar.now() == at_ns(t) ? 1 : 100; });
  const LaneId lane = toy.calendar.add_lane(
      [](Toy& w, std::uint32_t owner, std::uint32_t item) {
        w.sum += owner == 9 && w.calendar.now() == at_ns(item) ? 1 : 100;
      },
      9);
  toy.calendar.lane_push(lane, at_ns(4), 4);
  toy.calendar.lane_push(lane, at_ns(8), 8);
  toy.calendar.run_until(toy, at_ns(100));
  toy.calendar.run_until(toy, at_ns(200));
  CHECK(toy.sum == 6);
}

TEST_CASE("contract 2: the past is closed, and nothing pending is passed over", "[sim]") {
  Toy toy;
  toy.calendar.run_until(toy, at_ns(10));
  CHECK_THROWS_AS(add(toy, 9, 0), InvariantError);
  CHECK_THROWS_AS(toy.calendar.advance_to(at_ns(9)), InvariantError);
  add(toy, 20, 1);
  const EventId sooner = add(toy, 15, 2);
  CHECK_THROWS_AS(toy.calendar.advance_to(at_ns(16)), InvariantError);
  REQUIRE(toy.calendar.cancel(sooner));
  CHECK_THROWS_AS(toy.calendar.advance_to(at_ns(21)), InvariantError);
  toy.calendar.advance_to(at_ns(20));
  CHECK(toy.calendar.now() == at_ns(20));
  CHECK(toy.log.empty());
  toy.calendar.check_invariants();
  toy.calendar.run_until(toy, at_ns(20));
  CHECK(toy.log == std::vector<std::uint32_t>{1});
}

TEST_CASE("contract 3: equals fire first come, first served, across slots and lanes", "[sim]") {
  Toy toy;
  const LaneId one = toy.calendar.add_lane(note, 0);
  const LaneId two = toy.calendar.add_lane(note, 0);
  for (std::uint32_t i = 0; i < 90; i += 3) {
    add(toy, 5, i);
    toy.calendar.lane_push(two, at_ns(5), i + 1);
    toy.calendar.lane_push(one, at_ns(5), i + 2);
  }
  toy.calendar.run_until(toy, at_ns(5));
  REQUIRE(toy.log.size() == 90);
  CHECK(std::is_sorted(toy.log.begin(), toy.log.end()));
}

TEST_CASE("contract 3: an event scheduled for now fires after those that wait for now", "[sim]") {
  Toy toy;
  toy.calendar.at(at_ns(5), [](Toy& w) {
    w.log.push_back(1);
    w.calendar.at(w.calendar.now(), [](Toy& v) { v.log.push_back(3); });
  });
  add(toy, 5, 2);
  toy.calendar.run_until(toy, at_ns(4));
  CHECK(toy.log.empty());
  CHECK(toy.calendar.now() == at_ns(4));
  toy.calendar.run_until(toy, at_ns(5));
  CHECK(toy.log == std::vector<std::uint32_t>{1, 2, 3});
}

TEST_CASE("contract 4: the items of a lane fire as pushed, and none overtakes", "[sim]") {
  Toy toy;
  const LaneId lane = toy.calendar.add_lane(note, 0);
  toy.calendar.run_until(toy, at_ns(10));
  CHECK_THROWS_AS(toy.calendar.lane_push(lane, at_ns(9), 0), InvariantError);
  toy.calendar.lane_push(lane, at_ns(20), 3);
  CHECK_THROWS_AS(toy.calendar.lane_push(lane, at_ns(19), 0), InvariantError);
  toy.calendar.lane_push(lane, at_ns(20), 1);
  toy.calendar.lane_push(lane, at_ns(30), 2);
  REQUIRE(toy.calendar.lane_size(lane) == 3);
  toy.calendar.run_until(toy, at_ns(30));
  CHECK(toy.log == std::vector<std::uint32_t>{3, 1, 2});
  // What is gone is ahead of nobody.
  toy.calendar.lane_push(lane, at_ns(50), 4);
  toy.calendar.lane_clear(lane, [](std::uint32_t) {});
  toy.calendar.lane_push(lane, at_ns(40), 5);
  toy.calendar.run_until(toy, at_ns(60));
  CHECK(toy.log == std::vector<std::uint32_t>{3, 1, 2, 5});
}

TEST_CASE("contract 5: an id of an event that is over cancels nobody else", "[sim]") {
  Toy toy;
  const EventId fired = add(toy, 1, 1);
  toy.calendar.run_until(toy, at_ns(1));
  CHECK_FALSE(toy.calendar.cancel(fired));
  const EventId successor = add(toy, 2, 2);  // takes the freed slot
  REQUIRE(successor.slot == fired.slot);
  CHECK_FALSE(toy.calendar.cancel(fired));
  CHECK_FALSE(toy.calendar.cancel(EventId{}));
  toy.calendar.run_until(toy, at_ns(2));
  CHECK(toy.log == std::vector<std::uint32_t>{1, 2});
}

namespace {

struct Alarm {
  Calendar<Alarm> calendar;
  EventId own;
  int rings = 0;
};

/// Counts 10 if it is off the calendar already and 1000 if not; asks again the first time.
void ring(Alarm& alarm) {
  alarm.rings += alarm.calendar.pending() == 0 && !alarm.calendar.cancel(alarm.own) ? 10 : 1000;
  if (alarm.rings == 10)
    alarm.own = alarm.calendar.at(alarm.calendar.now() + nanoseconds{5}, ring);
}

}  // namespace

TEST_CASE("contract 5: an event is off the calendar when it is called", "[sim]") {
  Alarm alarm;
  alarm.own = alarm.calendar.at(at_ns(5), ring);
  alarm.calendar.run_until(alarm, at_ns(9));
  CHECK(alarm.rings == 10);
  alarm.calendar.run_until(alarm, at_ns(100));
  CHECK(alarm.rings == 20);
}

TEST_CASE("contract 6: pending counts what will fire, fired what has", "[sim]") {
  Toy toy;
  const LaneId lane = toy.calendar.add_lane(note, 0);
  for (std::int64_t t = 1; t <= 5; ++t) {
    add(toy, t, 0);
    toy.calendar.lane_push(lane, at_ns(t), 0);
  }
  const EventId last = add(toy, 5, 0);
  CHECK(toy.calendar.pending() == 11);
  toy.calendar.cancel(last);
  CHECK(toy.calendar.pending() == 10);
  toy.calendar.run_until(toy, at_ns(2));
  CHECK(toy.calendar.pending() == 6);
  CHECK(toy.calendar.fired() == 4);
  toy.calendar.lane_clear(lane, [](std::uint32_t) {});
  CHECK(toy.calendar.pending() == 3);
  toy.calendar.run_until(toy, at_ns(9));
  CHECK(toy.calendar.pending() == 0);
  CHECK(toy.calendar.fired() == 7);
}

// What the static assertions of `at` refuse cannot be called in a test that compiles; these are the
// conditions that they name.
struct TooLarge {
  std::uint64_t words[4];
  void operator()(Toy&) const {}
};
struct Owner {
  std::vector<int> memory;
  void operator()(Toy&) const {}
};
static_assert(sizeof(TooLarge) > Calendar<Toy>::payload_bytes);
static_assert(!std::is_trivially_copyable_v<Owner>);
static_assert(std::is_trivially_copyable_v<EventId>, "an event may capture the id of another");

namespace {

/// The order contract of a carrier in its plainest form.
class MapCarrier final : public Carrier {
 public:
  void schedule(std::int64_t time_ns, std::uint64_t sequence, std::uint32_t slot) override {
    due_[{time_ns, sequence}] = slot;
  }
  void cancel(std::int64_t time_ns, std::uint64_t sequence) override {
    due_.erase({time_ns, sequence});
  }
  void run(Toy& toy) {
    while (!due_.empty()) {
      const auto [key, slot] = *due_.begin();
      due_.erase(due_.begin());
      toy.calendar.fire_carried(toy, key.first, key.second, slot);
      toy.calendar.check_invariants();
    }
  }

 private:
  std::map<std::pair<std::int64_t, std::uint64_t>, std::uint32_t> due_;
};

}  // namespace

TEST_CASE("contract 8: a carrier fires in the order of the heap", "[sim]") {
  const auto fill = [](Toy& toy) {
    const LaneId lane = toy.calendar.add_lane(note, 0);
    const LaneId cleared = toy.calendar.add_lane(note, 0);
    for (std::uint32_t i = 0; i < 40; ++i) {
      const EventId id = add(toy, (i * 7) % 5, i);
      toy.calendar.lane_push(lane, at_ns(i / 10), 100 + i);
      toy.calendar.lane_push(cleared, at_ns(i), 200 + i);
      if (i % 3 == 0)
        toy.calendar.cancel(id);
    }
    toy.calendar.lane_clear(cleared, [](std::uint32_t) {});
  };
  Toy native;
  fill(native);
  native.calendar.run_until(native, end_of_time);
  MapCarrier carrier;
  Toy carried;
  carried.calendar.carry_with(&carrier);
  fill(carried);
  carried.calendar.check_invariants();
  carrier.run(carried);
  REQUIRE(native.log.size() == 26 + 40);
  CHECK(carried.log == native.log);
}

TEST_CASE("contract 8: a calendar that another engine carries refuses to be copied", "[sim]") {
  MapCarrier carrier;
  Toy toy;
  toy.calendar.carry_with(&carrier);
  REQUIRE(toy.calendar.is_carried());
  CHECK_THROWS_AS(Toy(toy), InvariantError);
  Toy other;
  CHECK_THROWS_AS(other = toy, InvariantError);
  Toy late;
  add(late, 1, 1);
  CHECK_THROWS_AS(late.calendar.carry_with(&carrier), InvariantError);
}
