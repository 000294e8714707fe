// SPDX-License-Identifier: Apache-2.0
// Keys that several faults share. Not for others.
#pragma once

#include "models/scenario/declaration/declaration.hpp"

namespace holdfast::scenario {

Codec<Direction> direction();

// Parts of faults, in faults.cpp.
const Object<Lasting>& lasting();
const Object<Repeating>& repeating();
const Object<Selective>& selective();
/// `whose` documents the host.
Object<Device> device(const char* whose);

// astray.cpp
const Object<TargetController>& target_controller();
const Object<Page>& page();
const Object<ResponseFault>& response_object();
const Object<PortMute>& port_mute_object();
const Object<NoRoute>& no_route_object();
const Object<HostBlocked>& host_blocked_object();

// power.cpp
const Object<HostDown>& host_crash_object();
const Object<HostDown>& initiator_killed_object();
const Object<HostDown>& host_shutdown_object();
const Object<Failure>& failure_object();
const Object<FailureTrace>& failure_trace_object();

// machines.cpp
Codec<std::uint32_t> clock_error_ppm();
Codec<HostPause::Clock> clock_in_pause();
const Object<HostPause>& host_pause_object();
const Object<Bond>& bond_object();
const Object<LinkIntegrity>& link_integrity_object();

// secure.cpp
const Object<Tls>& tls_object();
const Object<Dhchap>& dhchap_object();
const Object<Reseed>& reseed_object();

// network.cpp
const Object<GilbertElliott>& loss_model_object();
const Object<Impair>& impair_object();
const Object<KillSockets>& kill_sockets_object();
const Object<DropCapsule>& drop_capsule_object();
const Object<PortRemoved>& port_removed_object();
const Object<PortRemoved>& target_port_lost_object();
const Object<DamagePdu>& damage_pdu_object();
const Object<CrossTraffic>& cross_traffic_object();

}  // namespace holdfast::scenario
