// SPDX-License-Identifier: Apache-2.0
// Which records a page tells as events, and what it calls the states of a target's controller.
#pragma once

#include <array>
#include <cstddef>

#include "models/records.hpp"

namespace holdfast::analysis::report {

/// Their first three words are kept, under the names that records.hpp gives them.
inline constexpr auto told_kinds = std::to_array<Kind>({
    Kind::recovery_started,   Kind::fence_started,      Kind::ccr_attempt,
    Kind::ccr_attempt_failed, Kind::ccr_succeeded,      Kind::ccr_failed,
    Kind::hold_ended,         Kind::requests_cancelled, Kind::keep_alive_sent,
    Kind::keep_alive_done,    Kind::request_timeout,    Kind::reconnect_scheduled,
    Kind::connect_attempt,    Kind::connect_failed,     Kind::connected,
    Kind::controller_removed, Kind::path_ana_state,     Kind::operator_request,
    Kind::keep_alive_expired, Kind::controller_fatal,   Kind::controller_freed,
    Kind::ccr_requested,      Kind::ccr_completed,      Kind::node_state,
    Kind::stale_write,        Kind::stale_read,         Kind::lost_write,
    Kind::duplicate_effect,   Kind::misplaced_write,
});

/// Its place in the list; -1: it is not told.
constexpr int place_of(Kind kind) {
  for (std::size_t i = 0; i < told_kinds.size(); ++i) {
    if (told_kinds[i] == kind)
      return static_cast<int>(i);
  }
  return -1;
}

/// Of a controller of a target, as its lane shows it.
enum class TargetState : std::uint8_t { gone, created, ready, draining };

constexpr TargetState target_state(Kind kind) {
  switch (kind) {
    case Kind::controller_created:
      return TargetState::created;
    case Kind::controller_ready:
      return TargetState::ready;
    case Kind::controller_fatal:
      return TargetState::draining;
    default:
      return TargetState::gone;
  }
}

}  // namespace holdfast::analysis::report
