// SPDX-License-Identifier: Apache-2.0
// Links at packet level: each packet is serialised on each link it crosses, store and forward,
// through a finite drop-tail queue, and may be lost, swallowed or cut off on the way.
#pragma once

#include <string_view>

#include "models/net/state.hpp"

namespace holdfast::net {

struct LinkParameters {
  std::string name;
  std::array<NodeId, 2> ends{};
  std::uint64_t rate_bps = 0;      ///< > 0
  Duration delay{};                ///< propagation, >= 0
  std::uint32_t mtu_bytes = 1500;  ///< largest network-layer packet
  std::uint64_t queue_bytes = 0;   ///< drop-tail limit of what has not left yet, per direction
  std::array<double, 2> loss{};    ///< Bernoulli, per direction, in [0, 1]; see add_loss
};

NodeId add_node(World& w, std::string_view name);
LinkId add_link(World& w, const LinkParameters& parameters);
/// `hops` lead from `from` to `to`, at least one.
RouteId add_route(World& w, NodeId from, NodeId to, const std::vector<ChannelId>& hops);

/// To which machine the route leads: while that stands still, packets wait in front of it.
void set_machine(World& w, RouteId route, sim::MachineId machine);
/// A machine that has gone on takes what has come meanwhile.
void deliver_waiting(World& w, sim::MachineId machine);

/// Puts a packet of `bytes` (network layer, <= MTU of the route) on the first link of the route.
/// Returns when it will have left the queueing discipline of its own host, as far as is known.
TimePoint send(World& w, RouteId route, std::uint32_t bytes, const PacketBody& body);

/// While at least one blackhole is on, packets that reach the end of the channel vanish.
void add_blackhole(World& w, ChannelId channel);
void remove_blackhole(World& w, ChannelId channel);
/// One more reason for which the channel loses packets, and one such less. Reasons are independent
/// of each other: with the probabilities p and q a packet is lost with 1 - (1 - p) * (1 - q).
void add_loss(World& w, ChannelId channel, double probability);
void remove_loss(World& w, ChannelId channel, double probability);
/// Random loss or a blackhole for some flows only, off at first; the answer names it. `entity`
/// names its choice point.
std::uint32_t add_flow_filter(World& w, const FlowFilter& flow_filter, std::string_view entity);
void switch_flow_filter(World& w, std::uint32_t flow_filter, bool on);
/// While down, what is queued or on the wire is lost, and so is what is sent. A link that was taken
/// down several times is up when it was brought up as often.
void take_down(World& w, LinkId link);
void bring_up(World& w, LinkId link);

}  // namespace holdfast::net
