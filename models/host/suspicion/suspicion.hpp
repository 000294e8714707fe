// SPDX-License-Identifier: Apache-2.0
// Suspicion: signs that a path is lost, seen before any timeout of NVMe says so. What follows is an
// ordinary error recovery, with whatever fence the policy of the host has. The path may be well: a
// false alarm, which the log of recoveries counts (models/oracle/recovery.hpp).
#pragma once

#include "models/host/state.hpp"

namespace holdfast {
struct World;
}

namespace holdfast::host::suspicion {

/// The controller's host has knobs of suspicion, and its watches are there.
inline bool is_watched(const Hosts& hosts, ControllerId id) {
  return sim::index(id) < hosts.watches.size();
}

/// A controller of a host that suspects comes to be.
void add_watch(World& w, ControllerId id);

/// The host begins anew: what it knew of the controller is forgotten, not what was counted.
void forget(World& w, ControllerId id);

// What the engine tells; each returns at once for a controller without a watch.
void went_live(World& w, ControllerId id);
void sent(World& w, ControllerId id, const Request& request);
void completed(World& w, ControllerId id, const Request& request);
void keep_alive_sent(World& w, ControllerId id);
void keep_alive_answered(World& w, ControllerId id);
/// A path of a head became optimized and was not.
void promoted(World& w, HeadId head, std::uint32_t path);
/// A connection was given up.
void connection_failed(World& w, ControllerId id, int error);
/// Notice F5h: reads log page 1Fh of the controller that sent it.
void read_lost_hosts(World& w, ControllerId teller);
void lost_hosts_read(World& w, ControllerId teller, const Request& request, wire::Status status);

/// The controller itself has ended this association, so nothing but CQT is to be waited for.
[[nodiscard]] bool ends_wait(const World& w, ControllerId id);

// What the transport asks and tells; see HostHandlers.
Duration user_timeout_of(const World& w, transport::HostOwner owner);
void timed_out_again(World& w, transport::HostOwner owner, std::uint32_t in_a_row);

}  // namespace holdfast::host::suspicion
