// SPDX-License-Identifier: Apache-2.0
// What the tests of the order of events share: entries as a sorted set has them.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <set>
#include <utility>

#include "sim/calendar/heap.hpp"

namespace holdfast::testing {

using Rank = std::pair<std::int64_t, std::uint64_t>;
inline Rank rank(const sim::HeapEntry& entry) { return {entry.time, entry.order}; }

/// All that it has.
template <class Order>
std::set<Rank> ranks_of(const Order& order) {
  std::set<Rank> found;
  const auto note = [&found](const sim::HeapEntry& entry) { found.insert(rank(entry)); };
  if constexpr (requires { order.for_each(note); })
    order.for_each(note);
  else
    std::for_each(order.begin(), order.end(), note);
  return found;
}

/// It has what the set has, and its least is the set's.
template <class Order>
void check_same(Order order, const std::set<Rank>& expected) {
  order.check_invariants();
  REQUIRE(ranks_of(order) == expected);
  REQUIRE(order.size() == expected.size());
  REQUIRE(order.empty() == expected.empty());
  if (!expected.empty()) {
    REQUIRE(rank(order.front()) == *expected.begin());
    order.check_invariants();
  }
}

}  // namespace holdfast::testing
