// SPDX-License-Identifier: Apache-2.0
// What does a calendar cost that has been busy for long, and does a copy of it go its own way? The
// numbers are those of the contract over sim/calendar.hpp.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "sim/calendar.hpp"
#include "sim/random.hpp"
#include "tests/unit/sim/toy.hpp"

using namespace holdfast::sim;
using namespace holdfast::sim::test;
using std::chrono::nanoseconds;

namespace {

// Counts while a test asks for it. One thread at a time: tests of one process do not overlap. The
// address sanitizer has allocation functions of its own, which see more than ours would.
bool counting = false;
std::size_t allocations = 0;
#if defined(__SANITIZE_ADDRESS__)
constexpr bool can_count = false;
#else
constexpr bool can_count = true;
#endif

}  // namespace

#if !defined(__SANITIZE_ADDRESS__)
// NOLINTBEGIN(misc-new-delete-overloads)
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (counting)
    ++allocations;
  if (void* p = std::malloc(size == 0 ? 1 : size))
    return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
// NOLINTEND(misc-new-delete-overloads)
#endif

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

TEST_CASE("contract 9: a warm calendar does not allocate, and dead entries are swept", "[sim]") {
  Busy b = busy_world();
  b.calendar.run_until(b, at_ns(200'000));
  const std::uint64_t before = b.calendar.fired();
  allocations = 0;
  counting = true;
  b.calendar.run_until(b, at_ns(2'000'000));
  counting = false;
  const std::size_t counted = allocations;
  // 50 chains with steps of 31.5 ns on average fire some 2.8 million events in 1.8 ms; each cancels
  // a timer 100 ms ahead, and a heap that kept those would have to grow.
  CHECK(b.calendar.fired() - before > 2'000'000);
  CHECK(counted == 0);
  // The counter is able to count.
  counting = true;
  ::operator delete(::operator new(8));  // not a new-expression: those may be left out
  counting = false;
  CHECK((allocations == 1) == can_count);
}

TEST_CASE("contract 9: a million cancelled events far ahead cost no memory of their own", "[sim]") {
  Toy toy;
  for (int i = 0; i < 1000; ++i)
    toy.calendar.cancel(add(toy, 1'000'000, 0));
  allocations = 0;
  counting = true;
  for (int i = 0; i < 1'000'000; ++i)
    toy.calendar.cancel(toy.calendar.at(at_ns(1'000'000), [](Toy&) {}));
  counting = false;
  CHECK(allocations == 0);
  CHECK(toy.calendar.pending() == 0);
}

TEST_CASE("contract 9: a lane cleared a million times costs no memory of its own", "[sim]") {
  Toy toy;
  const LaneId lane = toy.calendar.add_lane(note, 0);
  const auto cut = [&](int times) {
    for (int i = 0; i < times; ++i) {
      toy.calendar.lane_push(lane, at_ns(1'000'000), 0);
      toy.calendar.lane_clear(lane, [](std::uint32_t) {});
    }
  };
  cut(1000);
  allocations = 0;
  counting = true;
  cut(1'000'000);
  counting = false;
  CHECK(allocations == 0);
  toy.calendar.check_invariants();
}

TEST_CASE("contract 7: a copied calendar goes on by itself", "[sim]") {
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
