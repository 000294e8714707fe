// SPDX-License-Identifier: Apache-2.0
// A world of nothing but a calendar, for its tests.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "sim/calendar.hpp"

namespace holdfast::sim::test {

/// The smallest world: a calendar, and what fired.
struct Toy {
  Calendar<Toy> calendar;
  std::vector<std::uint32_t> log;
  std::uint64_t sum = 0;
};

inline TimePoint at_ns(std::int64_t t) { return TimePoint{std::chrono::nanoseconds{t}}; }
inline constexpr TimePoint end_of_time{std::chrono::nanoseconds{1'000'000'000'000}};

inline EventId add(Toy& toy, std::int64_t t, std::uint32_t label) {
  return toy.calendar.at(at_ns(t), [label](Toy& w) { w.log.push_back(label); });
}

/// A lane item is its own label.
inline void note(Toy& toy, std::uint32_t, std::uint32_t item) { toy.log.push_back(item); }

}  // namespace holdfast::sim::test
