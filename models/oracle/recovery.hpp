// SPDX-License-Identifier: Apache-2.0
// The log of recoveries: for each time a host gave a controller up, when the fault struck, when
// either side noticed, how long was held, when I/O moved on and when the path came back.
#pragma once

#include <cstdint>

#include "models/records.hpp"
#include "sim/copy_block.hpp"
#include "sim/time.hpp"

namespace holdfast {
struct World;
}

namespace holdfast::oracle {

using sim::Duration;
using sim::TimePoint;

struct Recovery {
  host::ControllerId controller{};
  host::Cause cause{};
  TimePoint fault = sim::never;  ///< the last fault on this controller's path before it
  TimePoint detected = sim::never;
  TimePoint target_detected = sim::never;  ///< the target expired or failed the controller
  TimePoint fence_started = sim::never;
  TimePoint hold_until = sim::never;        ///< as computed when the hold began
  TimePoint released = sim::never;          ///< requests were cancelled and may be retried
  TimePoint first_retry_done = sim::never;  ///< the application got the first of them back
  TimePoint reconnected = sim::never;
  std::uint64_t ccr_attempts = 0;   ///< source controllers asked
  TimePoint ccr_done = sim::never;  ///< one of them has fenced the controller
  std::uint64_t cancelled = 0;      ///< requests in flight that were given up
  bool held = false;                ///< the release came after a hold
  /// The host gave up what was well: no fault that takes the path away was in force, the target had
  /// not ended the association, and the connection was there, unless the host ended it itself.
  bool false_alarm = false;
};

/// What is remembered per host controller between recoveries.
struct ControllerWatch {
  TimePoint last_fault = sim::never;
  TimePoint target_detected = sim::never;
  TimePoint suspected = sim::never;  ///< when the host last said so
  std::uint32_t open = ~0u;          ///< index of the recovery that is not over
  std::uint32_t cuts = 0;            ///< faults in force that take its path away
  bool ended = false;                ///< the target has ended the present association
};

/// An operation that a recovery abandoned and that is not completed yet.
struct Moved {
  std::uint64_t serial = 0;
  std::uint32_t recovery = 0;

  friend auto operator<=>(const Moved&, const Moved&) = default;
};

/// Whose a controller of a target is, as of the last time when its CNTLID was given away.
struct Holder {
  target::SubsystemId subsystem{};
  std::uint16_t cntlid = 0;
  host::ControllerId host{};
};

struct RecoveryLog {
  sim::Vector<Recovery> recoveries;
  sim::Vector<ControllerWatch> watches;  ///< by host controller
  std::uint64_t target_expiries = 0;     ///< controllers that a keep-alive timer ended
  sim::Vector<TimePoint> associations;   ///< when targets made a controller for a host
  /// In ascending order. One that several recoveries abandoned is there once for each.
  sim::Vector<Moved> moved;
  sim::Vector<Holder> holders;  ///< in ascending order of subsystem and CNTLID
  /// Who opened a connection last, by its number.
  sim::Vector<host::ControllerId> opened_by;
};

constexpr bool log_observes(Kind kind) {
  switch (kind) {
    case Kind::fault:
    case Kind::command_delayed:
    case Kind::recovery_started:
    case Kind::suspected:
    case Kind::fence_started:
    case Kind::ccr_attempt:
    case Kind::ccr_succeeded:
    case Kind::ccr_failed:
    case Kind::requests_cancelled:
    case Kind::attempt_abandoned:
    case Kind::app_complete:
    case Kind::connected:
    case Kind::queue_opened:
    case Kind::keep_alive_expired:
    case Kind::controller_fatal:
    case Kind::controller_created:
      return true;
    default:
      return false;
  }
}

void log_recovery(World& w, const sim::Record& record);

}  // namespace holdfast::oracle
