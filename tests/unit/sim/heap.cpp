// SPDX-License-Identifier: Apache-2.0
// Does the heap give its entries back in their order?
#include "sim/calendar/heap.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <set>

#include "sim/random.hpp"
#include "tests/unit/sim/ranks.hpp"

using namespace holdfast;
using testing::check_same;
using testing::rank;
using testing::Rank;

TEST_CASE("The heap agrees with a sorted set whatever is done to it", "[sim]") {
  sim::Heap heap;
  std::set<Rank> expected;
  for (std::uint64_t i = 0; i < 4'000; ++i) {
    const std::uint64_t bits = sim::random_bits(1, 2, i);
    // Times repeat, so that the order among equals is asked for as well.
    const sim::HeapEntry entry{static_cast<std::int64_t>(bits >> 32 & 63), i};
    const auto what = bits & 7;
    if (what < 4 || expected.empty()) {
      heap.push(entry);
      expected.insert(rank(entry));
    } else if (what < 7) {
      heap.pop();
      expected.erase(expected.begin());
    } else if (i % 16 == 0) {
      const auto odd = [](std::uint64_t order) { return order % 3 != 0; };
      heap.keep_if([&](const sim::HeapEntry& one) { return odd(one.order); });
      std::erase_if(expected, [&](const Rank& one) { return !odd(one.second); });
    }
    check_same(heap, expected);
  }
}

TEST_CASE("A heap whose only entry was taken is empty, and takes the next one", "[sim]") {
  sim::Heap heap;
  heap.push({5, 1});
  heap.pop();
  CHECK(heap.empty());
  CHECK(heap.begin() == heap.end());
  sim::Heap twin = heap;
  heap.push({7, 2});
  CHECK(heap.front().order == 2);
  CHECK(heap.size() == 1);
  twin.keep_if([](const sim::HeapEntry&) { return true; });
  CHECK(twin.empty());
  twin.push({3, 3});
  twin.clear();
  CHECK(twin.empty());
  twin.push({4, 4});
  CHECK(twin.front().order == 4);
}
