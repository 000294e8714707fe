// SPDX-License-Identifier: Apache-2.0
// The calendar against a sorted list, and the promises that everything above it rests on: order
// among equals, cheap cancelling, no allocation once warm, copies that go their own way.
#include "sim/calendar.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <new>
#include <type_traits>
#include <vector>

#include "sim/distributions.hpp"
#include "sim/random.hpp"
#include "tests/unit/allocations.hpp"

namespace {

using namespace holdfast::sim;
using holdfast::testing::allocations;
using holdfast::testing::counts_allocations;
using std::chrono::nanoseconds;

struct Toy {
  Calendar<Toy> calendar;
  std::vector<std::uint32_t> log;
  std::uint64_t sum = 0;
};

TimePoint at_ns(std::int64_t t) { return TimePoint{nanoseconds{t}}; }
constexpr TimePoint end_of_time{nanoseconds{1'000'000'000'000}};

EventId add(Toy& toy, std::int64_t t, std::uint32_t label) {
  return toy.calendar.at(at_ns(t), [label](Toy& w) { w.log.push_back(label); });
}

/// A lane item is its own label.
void note(Toy& toy, std::uint32_t, std::uint32_t item) { toy.log.push_back(item); }

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
    }
    toy.calendar.run_until(toy, end_of_time);
    INFO("seed " << seed);
    REQUIRE(toy.log == in_order(pending));
    REQUIRE(toy.calendar.pending() == 0);
    REQUIRE(toy.calendar.fired() == toy.log.size());
  }
}

TEST_CASE("equals fire first come, first served, across slots and lanes", "[sim]") {
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

TEST_CASE("an event scheduled for now fires after those that wait for now", "[sim]") {
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

TEST_CASE("the past is closed", "[sim]") {
  Toy toy;
  const LaneId lane = toy.calendar.add_lane(note, 0);
  toy.calendar.run_until(toy, at_ns(10));
  CHECK_THROWS_AS(add(toy, 9, 0), InvariantError);
  CHECK_THROWS_AS(toy.calendar.advance_to(at_ns(9)), InvariantError);
  toy.calendar.lane_push(lane, at_ns(20), 0);
  CHECK_THROWS_AS(toy.calendar.lane_push(lane, at_ns(19), 1), InvariantError);
}

TEST_CASE("an id of an event that is over cancels nobody else", "[sim]") {
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

/// Something that keeps a calendar busy for ever: events that follow each other, a timer that is
/// cancelled and set again each time, and packets on a lane.
struct Busy {
  Calendar<Busy> calendar;
  LaneId lane{};
  EventId timer{};
  std::uint64_t draws = 0;
  std::uint64_t packets = 0;
  std::uint64_t digest = 0;
};

void arrive(Busy& b, std::uint32_t, std::uint32_t item) {
  ++b.packets;
  b.digest = b.digest * 31 + item;
}

void turn(Busy& b) {
  const std::uint64_t bits = random_bits(9, 4, b.draws++);
  const TimePoint now = b.calendar.now();
  b.digest = b.digest * 31 + static_cast<std::uint64_t>(ns(now));
  b.calendar.cancel(b.timer);
  b.timer = b.calendar.at(now + nanoseconds{100'000'000}, [](Busy&) {});
  b.calendar.lane_push(b.lane, now + nanoseconds{1000}, static_cast<std::uint32_t>(bits));
  b.calendar.at(now + nanoseconds{static_cast<std::int64_t>(bits % 64)}, turn);
}

Busy busy_world() {
  Busy b;
  b.lane = b.calendar.add_lane(arrive, 0);
  for (int i = 0; i < 50; ++i)
    b.calendar.at(epoch, turn);
  return b;
}

}  // namespace

TEST_CASE("a warm calendar does not allocate, and dead entries are swept", "[sim]") {
  Busy b = busy_world();
  b.calendar.run_until(b, at_ns(200'000));
  const std::uint64_t before = b.calendar.fired();
  const std::uint64_t taken = allocations().count;
  b.calendar.run_until(b, at_ns(2'000'000));
  const std::uint64_t counted = allocations().count - taken;
  // 50 chains with steps of 31.5 ns on average fire some 2.8 million events in 1.8 ms; each cancels
  // a timer 100 ms ahead, and a heap that kept those would have to grow.
  CHECK(b.calendar.fired() - before > 2'000'000);
  CHECK(counted == 0);
  // The counter is able to count.
  ::operator delete(::operator new(10));
  CHECK((allocations().count > taken) == counts_allocations);
}

TEST_CASE("a million cancelled events far ahead cost no memory of their own", "[sim]") {
  Toy toy;
  for (int i = 0; i < 1000; ++i)
    toy.calendar.cancel(add(toy, 1'000'000, 0));
  const std::uint64_t taken = allocations().count;
  for (int i = 0; i < 1'000'000; ++i)
    toy.calendar.cancel(toy.calendar.at(at_ns(1'000'000), [](Toy&) {}));
  CHECK(allocations().count == taken);
  CHECK(toy.calendar.pending() == 0);
}

TEST_CASE("a copied calendar goes on by itself", "[sim]") {
  Busy whole = busy_world();
  whole.calendar.run_until(whole, at_ns(50'000));
  Busy cut = busy_world();
  cut.calendar.run_until(cut, at_ns(12'345));
  Busy copy = cut;
  copy.calendar.run_until(copy, at_ns(50'000));
  CHECK(copy.digest == whole.digest);
  CHECK(copy.calendar.fired() == whole.calendar.fired());
  CHECK(cut.calendar.now() == at_ns(12'345));
  cut.calendar.run_until(cut, at_ns(50'000));
  CHECK(cut.digest == whole.digest);
}

namespace {

class NoCarrier final : public Carrier {
 public:
  void schedule(std::int64_t, std::uint64_t, std::uint32_t) override {}
  void cancel(std::int64_t, std::uint64_t) override {}
};

}  // namespace

TEST_CASE("a calendar that another engine carries refuses to be copied", "[sim]") {
  NoCarrier carrier;
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
