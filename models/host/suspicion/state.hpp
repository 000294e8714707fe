// SPDX-License-Identifier: Apache-2.0
// What a host remembers of a controller that it may suspect, as values.
#pragma once

#include <array>
#include <cstdint>

#include "models/host/suspicion/options.hpp"
#include "sim/calendar.hpp"
#include "sim/time.hpp"

namespace holdfast::host::suspicion {

struct Watch {
  sim::TimePoint heard{};     ///< last completion of anything, in this association
  sim::TimePoint io_heard{};  ///< and of an I/O
  sim::Duration smoothed{};   ///< of I/O latencies, 1/8 of each new one; 0: none yet
  bool looks_at_io = false;   ///< slow_timer is set
  bool expired = false;       ///< the controller's own timer has ended this association
  sim::EventId late_timer{};
  sim::EventId slow_timer{};
  sim::EventId probe_timer{};
  std::array<std::uint32_t, signs> counts{};  ///< suspicions, by Sign
};

}  // namespace holdfast::host::suspicion
