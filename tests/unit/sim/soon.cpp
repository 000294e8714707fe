// SPDX-License-Identifier: Apache-2.0
// Does what is due soon come in its order, wherever of the two places it waits in?
#include "sim/calendar/soon.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <set>

#include "sim/random.hpp"
#include "tests/unit/sim/ranks.hpp"

using namespace holdfast;
using testing::check_same;
using testing::rank;
using testing::Rank;

TEST_CASE("What is soon agrees with a sorted set whatever is done to it", "[sim]") {
  sim::Soon soon;
  std::set<Rank> expected;
  std::int64_t now = 0;
  for (std::uint64_t i = 0; i < 12'000; ++i) {
    const std::uint64_t bits = sim::random_bits(1, 6, i);
    // Near and far, and times repeat, so that the order among equals is asked for as well.
    const std::int64_t ahead = (bits & 64) != 0 ? 4 : 400;
    const sim::HeapEntry entry{now + static_cast<std::int64_t>(bits >> 32) % ahead, i};
    // It grows to more than are sorted, and shrinks to nothing.
    const std::uint64_t grows = i % 1'000 < 500 ? 9 : 6;
    const auto what = bits & 15;
    if (what < grows || expected.empty()) {
      soon.push(entry);
      expected.insert(rank(entry));
    } else if (what < 15) {
      now = expected.begin()->first;
      soon.pop();
      expected.erase(expected.begin());
    } else if (i % 16 == 0) {
      const auto odd = [](std::uint64_t order) { return order % 3 != 0; };
      soon.keep_if([&](const sim::HeapEntry& one) { return odd(one.order); });
      std::erase_if(expected, [&](const Rank& one) { return !odd(one.second); });
    } else if (i % 512 == 1) {
      soon.clear();
      expected.clear();
    }
    check_same(soon, expected);
  }
}

TEST_CASE("What is due next is sorted, and only what does not fit is in the heap", "[sim]") {
  sim::Soon soon;
  for (std::uint64_t i = 0; i < sim::Soon::most_sorted; ++i)
    soon.push({static_cast<std::int64_t>(i * 7 % sim::Soon::most_sorted), i});
  CHECK(soon.sorted() == sim::Soon::most_sorted);
  // One more, and the later half goes.
  soon.push({0, sim::Soon::most_sorted});
  CHECK(soon.sorted() == sim::Soon::most_sorted / 2 + 1);
  CHECK(soon.size() == sim::Soon::most_sorted + 1);
  // What is due behind what went is not sorted any more.
  soon.push({sim::Soon::most_sorted, sim::Soon::most_sorted + 1});
  CHECK(soon.sorted() == sim::Soon::most_sorted / 2 + 1);
  // Once nothing of it is left, half of what fits comes back.
  for (std::size_t i = 0; i <= sim::Soon::most_sorted / 2; ++i)
    soon.pop();
  CHECK(soon.sorted() == 0);
  CHECK(soon.front().time == sim::Soon::most_sorted / 2);
  CHECK(soon.sorted() == sim::Soon::most_sorted / 2);
}
