// SPDX-License-Identifier: Apache-2.0
// The invariants of each room; see invariants.hpp. Not for others.
#pragma once

#include <string>

#include "models/world.hpp"

namespace holdfast::sim {

/// A friend of the calendar.
struct CalendarCheck {
  static std::string broken(const World& w);
  /// How many items wait in a lane.
  static std::size_t items(const World& w, LaneId lane);
};

}  // namespace holdfast::sim

namespace holdfast::invariants {

std::string broken_transport(const World& w);
std::string broken_target(const World& w);

}  // namespace holdfast::invariants
