// SPDX-License-Identifier: Apache-2.0
// How targets differ from each other, as plain values that a scenario names. Light, so that the
// scenario's declaration need not see the engine.
#pragma once

#include <cstdint>

namespace holdfast::target {

/// What happens to commands that execute when their controller expires, is reset or loses a queue.
enum class InFlight : std::uint8_t {
  drain,    ///< they run to their end first (nvmet)
  abort,    ///< they are stopped and never land
  ignore,   ///< the controller goes at once, they land whenever they are done (SPDK, issue 3593)
  quiesce,  ///< they run on for at most Profile::quiesce_time, then they are stopped
};

/// What KATO 0 does (protocol.md 1.2).
enum class KatoZero : std::uint8_t {
  off,                   ///< no timer (nvmet)
  set_features_refused,  ///< no timer in Connect, Keep Alive Timeout Invalid in Set Features (SPDK)
  refused,               ///< the timer is mandatory (specification, for RDMA and TCP)
};

/// Since when the keep-alive timer runs (protocol.md 1.3).
enum class KeepAliveFrom : std::uint8_t {
  connect,  ///< since the controller exists (nvmet)
  enable,  ///< while it is enabled, ready and not shut down; two minutes later its association ends
};

enum class Watchdog : std::uint8_t {
  timer,   ///< one that each Keep Alive restarts
  poller,  ///< a look every KATT whether the last Keep Alive is older than KATT (SPDK)
};

/// What a node that hung does first when it goes on.
enum class HangResumes : std::uint8_t { executes_first, expires_first };

/// Cross-Controller Reset of a controller whose node hangs or is cut off.
enum class UnreachableCcr : std::uint8_t {
  fails,   ///< the command is answered with an error
  waits,   ///< the reset happens when the node is back
  fences,  ///< the rest of the array takes the controller's access to the media away
};

/// What becomes of a response that goes astray.
enum class Astray : std::uint8_t { late, lost, twice };

/// What the other nodes of an array do about one that has failed, step by step.
enum class TakeoverStep : std::uint8_t {
  noticed,
  fenced,
  changed,  ///< ANA states, or who has the address
  moved,    ///< with addresses: the network knows
};

/// What has become of a node of an array.
enum class NodeState : std::uint8_t {
  up,
  crashed,
  hung,         ///< its transport lives and acknowledges, its software does nothing
  partitioned,  ///< reaches hosts and media, but no other node
};

}  // namespace holdfast::target
