// SPDX-License-Identifier: Apache-2.0
// What the files of the builder share. Not for others.
#pragma once

#include "models/scenario/declaration/names.hpp"
#include "models/scenario/declaration/spec.hpp"
#include "models/world.hpp"
#include "sim/distributions.hpp"

namespace holdfast::scenario {

inline holdfast::Span span_of(const Latency& latency) {
  holdfast::Span span;
  span.kind = latency.kind;
  span.low = latency.low;
  span.high = latency.high;
  span.threshold = sim::bernoulli_threshold(latency.chance);
  return span;
}

// builder.cpp
std::vector<net::LinkId> links_at(const World& w, net::NodeId node);
/// Asks SimGrid for a way between two nodes; both must be able to be ends of one (names.ends).
std::vector<net::ChannelId> find_hops(const World& w, const Names& names, const std::string& from,
                                      const std::string& to);

// network.cpp: faults of the network and of connections; `entity` names their choice points.
fault::Blackhole what_of(World& w, const Blackhole& f, const Names& names,
                         const std::string& entity);
fault::LinkDown what_of(World& w, const LinkDown& f, const Names& names, const std::string& entity);
fault::Loss what_of(World& w, const Loss& f, const Names& names, const std::string& entity);
fault::Impair what_of(World& w, const Impair& f, const Names& names, const std::string& entity);
fault::KillSockets what_of(World& w, const KillSockets& f, const Names& names,
                           const std::string& entity);
fault::DropCapsule what_of(World& w, const DropCapsule& f, const Names& names,
                           const std::string& entity);
fault::DamagePdu what_of(World& w, const DamagePdu& f, const Names& names,
                         const std::string& entity);
fault::PortRemoved what_of(World& w, const PortRemoved& f, const Names& names,
                           const std::string& entity);
fault::CrossTraffic what_of(World& w, const CrossTraffic& f, const Names& names,
                            const std::string& entity);

// machines.cpp
void build_machines(World& w, const Scenario& s, Names& names);
/// Who the host is, in names and in the calendar.
void set_machine(host::Host& host, const Host& h, const Names& names);
/// What a connection needs for TLS and authentication.
host::secure::Credentials credentials_of(const Connect& c);
/// The machines that the address of a port may move to; none: it stays.
std::vector<std::string> where_it_may_move(const Scenario& s, const std::string& port);
void set_array_knobs(target::Profile& profile, const Subsystem& s);
/// And what the target has.
void set_keys(target::Profile& profile, const Subsystem& s);
/// Other dice from an instant on; before anything else is planned for it.
void build_reseed(World& w, const Scenario& s);
void build_nodes(World& w, const Subsystem& s, target::SubsystemId id, Names& names);
void build_bonds(World& w, const Scenario& s, Names& names);
fault::HostPause what_of(World& w, const HostPause& f, const Names& names,
                         const std::string& entity);
fault::LinkIntegrity what_of(World& w, const LinkIntegrity& f, const Names& names,
                             const std::string& entity);
/// One leg of a bond.
fault::LegDown leg_of(const LinkDown& f, const Names& names);

// load.cpp
void build_workloads(World& w, const Scenario& s, const Names& names);
// faults.cpp
void build_faults(World& w, const Scenario& s, const Names& names);

}  // namespace holdfast::scenario
