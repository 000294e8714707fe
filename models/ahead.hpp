// SPDX-License-Identifier: Apache-2.0
// What will be touched soon. In a world of thousands of hosts an event finds nothing that it needs
// in the caches near the core, and what it looks at says where to look next. What is known to
// happen soon is therefore walked through before (sim/calendar/near.hpp): a step brings into the
// cache what only the step after it looks at, so that the walk itself waits for nothing. Nothing
// here changes a world, and what is fetched in vain costs a little time.
//
// Each function takes the number of the step, from 0, and says whether there are more.
#pragma once

#include "models/host/state.hpp"
#include "models/net/state.hpp"
#include "models/target/state.hpp"
#include "models/transport/state.hpp"
#include "models/workload/state.hpp"

namespace holdfast {

struct World;

namespace ahead {

/// Connections from which on it is worth it.
inline constexpr std::size_t many = 512;

/// A job issues an I/O.
bool io(const World& w, workload::JobId id, unsigned step);
/// A host sends a command on one of its queues.
bool command(const World& w, host::QueueId id, unsigned step);
/// A controller is looked at, and may send a Keep Alive.
bool keep_alive(const World& w, host::ControllerId id, unsigned step);
/// The medium has done what a command asks, and it is answered.
bool response(const World& w, target::RequestId id, unsigned step);
/// One end of a TCP connection sends.
bool segment(const World& w, transport::ConnectionId id, transport::Side side, unsigned step);

/// A TCP packet begins its way, or its last link, or is there.
void packet(const World& w, const net::Packet& packet);

}  // namespace ahead

}  // namespace holdfast
