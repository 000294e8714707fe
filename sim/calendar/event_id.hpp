// SPDX-License-Identifier: Apache-2.0
// Names of what is pending.
#pragma once

#include <cstdint>

namespace holdfast::sim {

/// Names a pending single event. Default-constructed: names nothing; cancelling it is harmless.
struct EventId {
  std::uint64_t sequence = 0;
  std::uint32_t slot = 0;
};

/// Names a lane of one calendar.
enum class LaneId : std::uint32_t {};

}  // namespace holdfast::sim
