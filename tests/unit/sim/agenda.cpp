// SPDX-License-Identifier: Apache-2.0
// Does the agenda give its entries back in their order when most of them are due later, and does it
// keep most of them aside?
#include "sim/calendar/agenda.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <set>
#include <utility>

#include "sim/random.hpp"
#include "tests/unit/sim/ranks.hpp"

using namespace holdfast;
using testing::Rank;

namespace {

constexpr std::int64_t second = 1'000'000'000;
/// As far as the timers of a host reach: at once, within a list, within the wheel, and beyond it.
constexpr std::int64_t reaches[] = {0,           3'000,       second / 500, 5 * second,
                                    16 * second, 40 * second, 900 * second};

struct Both {
  sim::Agenda agenda;
  std::set<Rank> expected;
  std::int64_t now = 0;
  std::uint64_t order = 0;

  void push(std::uint64_t bits) {
    const std::int64_t reach = reaches[bits % std::size(reaches)];
    const std::int64_t time = now + (reach == 0 ? 0 : static_cast<std::int64_t>(bits >> 8) % reach);
    agenda.push({time, ++order});
    expected.emplace(time, order);
  }
  void pop() {
    const sim::HeapEntry front = agenda.front();
    REQUIRE(testing::rank(front) == *expected.begin());
    now = front.time;
    agenda.pop();
    expected.erase(expected.begin());
  }
  void check() const {
    agenda.check_invariants();
    REQUIRE(testing::ranks_of(agenda) == expected);
    REQUIRE(agenda.size() == expected.size());
  }
};

}  // namespace

TEST_CASE("A large agenda agrees with a sorted set, whenever things are due", "[sim]") {
  Both both;
  for (std::uint64_t i = 0; i < 100; ++i)
    both.push(sim::random_bits(1, 5, i));
  both.agenda.expect(sim::Agenda::most_near + 1);
  both.check();
  const std::size_t most = 3 * sim::Agenda::many;
  for (std::uint64_t i = 0; i < 120'000; ++i) {
    // While it is large: what waits is laid out anew, and reaches further.
    if (i == 15'000) {
      both.agenda.expect(sim::Agenda::many + 1);
      both.check();
    }
    const std::uint64_t bits = sim::random_bits(1, 3, i);
    // It grows, shrinks to nothing, and grows again, with hours in which nothing is due.
    const bool grows = i % 40'000 < 20'000;
    if (both.expected.empty() || (bits >> 60) < (grows ? 12U : 3U))
      both.push(sim::random_bits(1, 4, i));
    else
      both.pop();
    if (both.expected.size() > most)
      both.pop();
    if (i % 7'919 == 0)
      both.check();
  }
  Both twin = both;
  const auto odd = [](const sim::HeapEntry& entry) { return entry.order % 3 != 0; };
  twin.agenda.keep_if(odd);
  std::erase_if(twin.expected, [](const Rank& one) { return one.second % 3 == 0; });
  for (Both* one : {&both, &twin}) {
    one->check();
    while (!one->expected.empty())
      one->pop();
    CHECK(one->agenda.empty());
    one->push(5);
    one->check();
  }
}

TEST_CASE("What is due beyond the wheel comes in its turn", "[sim]") {
  const std::size_t lists = GENERATE(sim::Later::few_lists, sim::Later::many_lists);
  sim::Later later;
  later.reach(lists);
  later.start_behind(0);
  // 100, 50 and 1 s; the wheel reaches 0.5 s or 4.3 s.
  for (std::int64_t s : {100, 50, 1})
    later.push({s * second, static_cast<std::uint64_t>(s)});
  for (std::uint64_t s : {1U, 50U, 100U}) {
    std::uint64_t found = 0;
    later.take_first([&](const sim::HeapEntry& entry) { found = entry.order; });
    CHECK(found == s);
    CHECK(later.begin() > static_cast<std::int64_t>(s) * second);
    later.check_invariants();
  }
  CHECK(later.empty());
}

TEST_CASE("An agenda has all of it in order until it expects many", "[sim]") {
  sim::Agenda agenda;
  std::uint64_t near = 0;
  for (std::uint64_t i = 0; i <= 2 * sim::Agenda::most_near; ++i)
    agenda.push({static_cast<std::int64_t>(i) * second / 1000, i});
  CHECK(agenda.near() == agenda.size());
  agenda.expect(agenda.size());
  // One each millisecond: the lists begin at most 6.3 ms behind the first.
  agenda.for_each([&](const sim::HeapEntry&) { ++near; });
  CHECK(near == agenda.size());
  CHECK(agenda.near() <= 8);
  CHECK(agenda.front().order == 0);
}

// The order is the same wherever entries wait, so it does not say whether they wait aside.
TEST_CASE("An agenda of many timers keeps most of them aside as time goes on", "[sim]") {
  constexpr std::size_t timers = 2 * sim::Agenda::many;
  constexpr std::int64_t reach = 4 * second;
  sim::Agenda agenda;
  agenda.expect(timers);
  std::uint64_t order = 0;
  std::int64_t now = 0;
  for (int round = 0; round < 2; ++round) {
    // One is due at once, the last one next, and then all of those in between: one each half
    // millisecond.
    agenda.push({now, ++order});
    for (std::size_t i = timers; i > 0; --i)
      agenda.push({now + reach * static_cast<std::int64_t>(i) / std::int64_t{timers}, ++order});
    std::size_t most = 0;
    for (std::size_t i = 0; i < 3 * timers; ++i) {
      const std::int64_t before = std::exchange(now, agenda.front().time);
      REQUIRE(before <= now);
      agenda.pop();
      agenda.push({now + reach, ++order});
      most = std::max(most, agenda.near());
    }
    // Two or three lists of 33 us are in order, and lists reach 4.3 s.
    CHECK(most <= 4);
    CHECK(agenda.beyond() == 0);
    for (; !agenda.empty(); agenda.pop())
      now = agenda.front().time;
    now += 3600 * second;
  }
}
