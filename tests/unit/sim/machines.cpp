// SPDX-License-Identifier: Apache-2.0
// Machines of a calendar: whose events they are, what their clocks show, and what becomes of events
// while a machine stands still (contract 10 over sim/calendar.hpp).
#include <catch2/catch.hpp>
#include <map>
#include <utility>

#include "sim/distributions.hpp"
#include "sim/random.hpp"
#include "tests/unit/sim/toy.hpp"

namespace {

using namespace holdfast::sim;
using namespace holdfast::sim::test;
using std::chrono::nanoseconds;

EventId add_for(Toy& toy, MachineId machine, std::int64_t t, std::uint32_t label) {
  return toy.calendar.at_for(machine, at_ns(t), [label](Toy& w) { w.log.push_back(label); });
}

/// Another engine, which wants its sequence numbers to rise.
class StrictCarrier final : public Carrier {
 public:
  void schedule(std::int64_t time_ns, std::uint64_t sequence, std::uint32_t slot) override {
    REQUIRE(sequence > last_);
    last_ = sequence;
    due_[{time_ns, sequence}] = slot;
  }
  void cancel(std::int64_t time_ns, std::uint64_t sequence) override {
    REQUIRE(due_.erase({time_ns, sequence}) == 1);
  }
  void run_until(Toy& toy, std::int64_t limit) {
    while (!due_.empty() && due_.begin()->first.first <= limit) {
      const auto [key, slot] = *due_.begin();
      due_.erase(due_.begin());
      toy.calendar.fire_carried(toy, key.first, key.second, slot);
      toy.calendar.check_invariants();
    }
    toy.calendar.advance_to(at_ns(limit));
  }

 private:
  std::uint64_t last_ = 0;
  std::map<std::pair<std::int64_t, std::uint64_t>, std::uint32_t> due_;
};

}  // namespace

TEST_CASE("contract 10: events of a machine that stands still wait in the order of their times",
          "[sim]") {
  Toy toy;
  const MachineId machine = toy.calendar.add_machine();
  add_for(toy, machine, 20, 1);
  add_for(toy, machine, 12, 2);
  const EventId gone = add_for(toy, machine, 15, 3);
  add_for(toy, machine, 40, 4);
  add(toy, 16, 5);
  toy.calendar.run_until(toy, at_ns(10));
  toy.calendar.stand_still(machine, false);
  toy.calendar.run_until(toy, at_ns(30));
  CHECK(toy.log == std::vector<std::uint32_t>{5});
  CHECK(toy.calendar.pending() == 4);
  CHECK(toy.calendar.fired() == 1);
  CHECK(toy.calendar.cancel(gone));
  CHECK_FALSE(toy.calendar.cancel(gone));
  toy.calendar.check_invariants();
  toy.calendar.go_on(machine);
  toy.calendar.run_until(toy, at_ns(30));
  CHECK(toy.log == std::vector<std::uint32_t>{5, 2, 1});
  toy.calendar.run_until(toy, at_ns(39));
  CHECK(toy.log.size() == 3);
  toy.calendar.run_until(toy, at_ns(40));
  CHECK(toy.log.back() == 4);
  toy.calendar.check_invariants();
}

TEST_CASE("contract 10: with a clock that stops everything is late by the pause", "[sim]") {
  Toy toy;
  const MachineId machine = toy.calendar.add_machine();
  add_for(toy, machine, 12, 1);
  const EventId later = add_for(toy, machine, 40, 2);
  const EventId gone = add_for(toy, machine, 41, 3);
  toy.calendar.at_for(machine, at_ns(13), [](Toy& w) {
    w.sum = static_cast<std::uint64_t>(ns(w.calendar.now()));
    // Another 10 ns by its own clock.
    w.calendar.at(at_ns(23), [](Toy& it) { it.log.push_back(4); });
  });
  toy.calendar.run_until(toy, at_ns(10));
  toy.calendar.stand_still(machine, true);
  toy.calendar.run_until(toy, at_ns(30));
  toy.calendar.go_on(machine);
  CHECK(toy.calendar.cancel(gone));
  CHECK_FALSE(toy.calendar.cancel(EventId{}));
  toy.calendar.run_until(toy, at_ns(31));
  CHECK(toy.log.empty());
  toy.calendar.run_until(toy, at_ns(32));
  CHECK(toy.log == std::vector<std::uint32_t>{1});
  toy.calendar.run_until(toy, at_ns(42));
  CHECK(toy.sum == 13);
  CHECK(toy.log.size() == 1);
  toy.calendar.run_until(toy, at_ns(43));
  CHECK(toy.log == std::vector<std::uint32_t>{1, 4});
  // A second pause moves what was moved before.
  toy.calendar.stand_still(machine, true);
  toy.calendar.run_until(toy, at_ns(50));
  toy.calendar.go_on(machine);
  toy.calendar.run_until(toy, at_ns(66));
  CHECK(toy.log.size() == 2);
  Toy twin = toy;
  CHECK(twin.calendar.cancel(later));
  CHECK_FALSE(twin.calendar.cancel(later));
  toy.calendar.run_until(toy, at_ns(67));
  CHECK(toy.log.back() == 2);
  CHECK(twin.calendar.pending() == 0);
}

TEST_CASE("contract 10: who stands still twice has to be told to go on twice", "[sim]") {
  Toy toy;
  const MachineId machine = toy.calendar.add_machine();
  add_for(toy, machine, 5, 1);
  toy.calendar.stand_still(machine, false);
  toy.calendar.stand_still(machine, true);
  toy.calendar.run_until(toy, at_ns(10));
  toy.calendar.go_on(machine);
  toy.calendar.run_until(toy, at_ns(20));
  CHECK(toy.log.empty());
  CHECK(toy.calendar.is_standing(machine));
  toy.calendar.go_on(machine);
  // The first one said that the clock runs.
  toy.calendar.run_until(toy, at_ns(20));
  CHECK(toy.log.size() == 1);
  CHECK_THROWS_AS(toy.calendar.go_on(machine), InvariantError);
  CHECK_THROWS_AS(toy.calendar.stand_still(no_machine, false), InvariantError);
}

TEST_CASE("contract 10: what follows from an event of a machine is the machine's", "[sim]") {
  Toy toy;
  const MachineId machine = toy.calendar.add_machine();
  toy.calendar.at_for(machine, at_ns(1), [](Toy& w) {
    w.calendar.at(at_ns(5), [](Toy& it) { it.log.push_back(1); });
    const ActsFor nobody(w.calendar, no_machine);
    w.calendar.at(at_ns(5), [](Toy& it) { it.log.push_back(2); });
  });
  toy.calendar.run_until(toy, at_ns(3));
  CHECK(toy.calendar.acts_for() == no_machine);
  add(toy, 5, 3);
  toy.calendar.stand_still(machine, false);
  toy.calendar.run_until(toy, at_ns(10));
  CHECK(toy.log == std::vector<std::uint32_t>{2, 3});
}

TEST_CASE("contract 10: a clock that is fast or slow", "[sim]") {
  Toy toy;
  const MachineId fast = toy.calendar.add_machine(ClockRate(100'000));
  const MachineId slow = toy.calendar.add_machine(ClockRate(-100'000));
  const auto wait = [](Toy& w) {
    w.sum += static_cast<std::uint64_t>(ns(w.calendar.now()));
    w.calendar.at(w.calendar.now() + nanoseconds{9900}, [](Toy& it) {
      it.log.push_back(static_cast<std::uint32_t>(ns(it.calendar.time())));
    });
  };
  toy.calendar.at_for(fast, at_ns(1000), wait);
  toy.calendar.at_for(slow, at_ns(1000), wait);
  toy.calendar.run_until(toy, end_of_time);
  // Their clocks show 1,100 and 900 at 1,000; 9,900 later it is 11,000 / 1.1 and 10,800 / 0.9.
  CHECK(toy.sum == 2000);
  CHECK(toy.log == std::vector<std::uint32_t>{10'000, 12'000});
  CHECK(toy.calendar.now() == end_of_time);
}

TEST_CASE("a timer by a clock never takes less than its time, and no nanosecond more", "[sim]") {
  for (const std::int64_t ppm : {-100'000, -500, -1, 0, 1, 500, 100'000}) {
    const ClockRate rate(ppm);
    for (const std::int64_t span : {0L, 1L, 2L, 999999L, 1000001L, 5000000000L, 86400000000000L}) {
      INFO(ppm << " ppm, " << span << " ns");
      const Duration takes = rate.takes(Duration{span});
      CHECK(rate.shown(takes) >= Duration{span});
      CHECK((span == 0 || rate.shown(takes - Duration{1}) < Duration{span}));
    }
  }
}

TEST_CASE("contract 10: another engine fires the same in the same order", "[sim]") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    std::uint64_t drawn = 0;
    const auto below = [&](std::uint64_t bound) {
      return uniform_below(random_bits(seed, 5, drawn++), bound);
    };
    Toy native;
    Toy carried;
    StrictCarrier carrier;
    carried.calendar.carry_with(&carrier);
    const MachineId machine = native.calendar.add_machine();
    REQUIRE(carried.calendar.add_machine() == machine);
    std::vector<std::pair<EventId, EventId>> ids;
    std::int64_t now = 0;
    int stands = 0;
    for (std::uint32_t label = 0; label < 300; ++label) {
      const auto what = below(20);
      if (what < 12) {
        const auto t = now + static_cast<std::int64_t>(below(30));
        const MachineId of = below(2) == 0 ? machine : no_machine;
        ids.emplace_back(add_for(native, of, t, label), add_for(carried, of, t, label));
      } else if (what < 15 && !ids.empty()) {
        const auto& [here, there] = ids[below(ids.size())];
        REQUIRE(native.calendar.cancel(here) == carried.calendar.cancel(there));
      } else if (what == 15) {
        const bool stops = below(2) == 0;
        native.calendar.stand_still(machine, stops);
        carried.calendar.stand_still(machine, stops);
        ++stands;
      } else if (what == 16 && stands > 0) {
        native.calendar.go_on(machine);
        carried.calendar.go_on(machine);
        --stands;
      } else {
        now += static_cast<std::int64_t>(below(8));
        native.calendar.run_until(native, at_ns(now));
        carrier.run_until(carried, now);
      }
      native.calendar.check_invariants();
      carried.calendar.check_invariants();
      REQUIRE(native.log == carried.log);
      REQUIRE(native.calendar.pending() == carried.calendar.pending());
    }
    for (; stands > 0; --stands) {
      native.calendar.go_on(machine);
      carried.calendar.go_on(machine);
    }
    native.calendar.run_until(native, at_ns(100'000));
    carrier.run_until(carried, 100'000);
    REQUIRE(native.log == carried.log);
    REQUIRE(native.calendar.pending() == 0);
  }
}
