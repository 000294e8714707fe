// SPDX-License-Identifier: Apache-2.0
// Links at packet level. One event per packet and hop: when a packet is queued, the instant at
// which it will have crossed the link is already known, because the queue is FIFO and the rate is
// constant; the channel's lane keeps these instants in order.
#include "models/net/fabric.hpp"

#include <algorithm>

#include "models/net/internal.hpp"
#include "models/net/netem.hpp"
#include "models/records.hpp"
#include "models/world.hpp"
#include "sim/distributions.hpp"
#include "sim/wide.hpp"

namespace holdfast::net {

/// To the nearest nanosecond.
Duration serialisation(std::uint64_t rate_bps, std::uint32_t bytes) {
  const std::uint64_t scaled = std::uint64_t{bytes} * 8'000'000'000u;
  return Duration{static_cast<std::int64_t>((scaled + rate_bps / 2) / rate_bps)};
}

bool is_foreign(const World& w, const Packet& packet) {
  return w.net.routes[sim::index(packet.route)].foreign;
}

bool strikes(const World& w, const Flows& flows, const Packet& packet) {
  if (flows.all)
    return true;
  if (w.net.flow_of == nullptr || is_foreign(w, packet))
    return false;
  const FlowId flow = w.net.flow_of(w, packet);
  return flow >= flows.first && flow <= flows.last;
}

void drop(World& w, ChannelId id, PacketId packet, Drop reason) {
  const Packet copy = w.net.packets[packet];
  w.net.packets.recycle(packet);
  ++w.net.channels[sim::index(id)].dropped;
  if (!is_foreign(w, copy))
    w.net.dropped(w, copy, id, reason);
}

void queue_on_link(World& w, ChannelId id, PacketId packet) {
  Channel& c = w.net.channels[sim::index(id)];
  if (c.outages != 0) [[unlikely]] {
    drop(w, id, packet, Drop::link_down);
    return;
  }
  const std::uint32_t bytes = w.net.packets[packet].bytes + frame_overhead_bytes;
  if (bytes != c.last_bytes) {
    c.last_bytes = bytes;
    c.last_serialisation = serialisation(c.rate_bps, bytes);
  }
  const TimePoint start = c.busy_until > w.now() ? c.busy_until : w.now();
  const TimePoint left = start + c.last_serialisation;
  if (left - w.now() > c.backlog_max) [[unlikely]] {
    drop(w, id, packet, Drop::queue_full);
    return;
  }
  c.busy_until = left;
  w.calendar.lane_push(c.lane, left + c.delay, sim::index(packet));
}

TimePoint enqueue(World& w, ChannelId id, PacketId packet) {
  if (w.net.channels[sim::index(id)].netems != 0) [[unlikely]]
    return impair(w, id, packet, 0);
  queue_on_link(w, id, packet);
  return w.now();
}

namespace {

/// Blackholes, and what strikes some flows only. True: the packet is gone.
bool swallowed(World& w, ChannelId id, PacketId packet) {
  if (w.net.channels[sim::index(id)].blackholes != 0) {
    drop(w, id, packet, Drop::blackhole);
    return true;
  }
  for (const FlowFilter& s : w.net.flow_filters) {
    const bool concerned = s.on && s.channel == id && strikes(w, s.flows, w.net.packets[packet]);
    if (concerned && w.choices.yes(s.choice, s.threshold)) {
      drop(w, id, packet, s.reason);
      return true;
    }
  }
  return false;
}

/// A packet has reached the far end of a channel.
void arrive(World& w, std::uint32_t channel, std::uint32_t packet_index) {
  const ChannelId id{channel};
  const PacketId packet = w.net.packets.id_at(packet_index);
  Channel& c = w.net.channels[channel];
  Packet& p = w.net.packets[packet];
  ++c.packets;
  w.net.arriving = packet;
  const Route& route = w.net.routes[sim::index(p.route)];
  if (!route.foreign) [[likely]] {
    const auto words = record_words(p.body);
    record<Kind::packet_hop>(w, id, p.bytes, words[0], words[1], words[2], words[3]);
  }
  if ((c.blackholes | c.flow_filters) != 0) [[unlikely]] {
    if (swallowed(w, id, packet))
      return;
  }
  if (w.choices.yes(c.loss_choice, c.loss_threshold)) [[unlikely]] {
    drop(w, id, packet, Drop::loss);
    return;
  }
  if (++p.hop < route.count) {
    enqueue(w, w.net.hops[route.first + p.hop], packet);
    return;
  }
  const Packet copy = p;
  w.net.packets.recycle(packet);
  if (!route.foreign) [[likely]]
    w.net.deliver(w, copy);
}

bool comes_before(const Loss& a, const Loss& b) {
  return a.channel != b.channel ? a.channel < b.channel : a.probability < b.probability;
}

/// Sets what the channel loses by all that is in force. In the order of the list, which is not that
/// of begin or end, so that the same reasons give the same number down to its last bit.
void compose_losses(World& w, ChannelId channel) {
  double kept = 1.0;
  double last = 0.0;
  unsigned count = 0;
  for (const Loss& loss : w.net.losses) {
    if (loss.channel != channel)
      continue;
    kept *= 1.0 - loss.probability;
    last = loss.probability;
    ++count;
  }
  // One alone is taken as it stands: 1 - (1 - p) is not p in every bit.
  w.net.channels[sim::index(channel)].loss_threshold =
      sim::bernoulli_threshold(count > 1 ? 1.0 - kept : last);
}

}  // namespace

NodeId add_node(World& w, std::string_view name) {
  w.net.nodes.push_back(std::string(name));
  return NodeId{static_cast<std::uint32_t>(w.net.nodes.size() - 1)};
}

LinkId add_link(World& w, const LinkParameters& parameters) {
  const LinkId id{static_cast<std::uint32_t>(w.net.links.size())};
  w.net.links.push_back({parameters.name, parameters.ends, parameters.mtu_bytes});
  for (unsigned direction = 0; direction < 2; ++direction) {
    Channel c;
    c.rate_bps = parameters.rate_bps;
    c.delay = parameters.delay;
    // The queue limit is kept as the time that it takes to drain, so that the hot path compares
    // two times instead of dividing. One packet must always fit.
    const sim::Wide queue = parameters.queue_bytes + parameters.mtu_bytes + frame_overhead_bytes;
    c.backlog_max =
        Duration{static_cast<std::int64_t>(queue * 8'000'000'000u / parameters.rate_bps + 1)};
    const std::string entity = "link " + parameters.name + (direction == 0 ? " fwd" : " back");
    c.loss_choice = w.choices.add(entity, "loss");
    c.lane = w.calendar.add_lane(arrive, sim::index(channel_of(id, direction)));
    w.net.channels.push_back(c);
    if (parameters.loss[direction] > 0.0)
      add_loss(w, channel_of(id, direction), parameters.loss[direction]);
  }
  return id;
}

RouteId add_route(World& w, NodeId from, NodeId to, const std::vector<ChannelId>& hops) {
  HOLDFAST_CHECK(!hops.empty());
  std::uint32_t mtu = ~0u;
  for (const ChannelId c : hops)
    mtu = std::min(mtu, w.net.links[sim::index(c) / 2].mtu_bytes);
  w.net.routes.push_back({from, to, static_cast<std::uint32_t>(w.net.hops.size()),
                          static_cast<std::uint32_t>(hops.size()), mtu, false});
  for (const ChannelId c : hops)
    w.net.hops.push_back(c);
  return RouteId{static_cast<std::uint32_t>(w.net.routes.size() - 1)};
}

TimePoint send(World& w, RouteId route, std::uint32_t bytes, const PacketBody& body) {
  const Route& r = w.net.routes[sim::index(route)];
  HOLDFAST_CHECK(bytes <= r.mtu_bytes);
  const PacketId packet = w.net.packets.add();
  Packet& p = w.net.packets[packet];
  p.route = route;
  p.hop = 0;
  p.bytes = static_cast<std::uint16_t>(bytes);
  p.body = body;
  if (w.net.intercept != nullptr && w.net.intercept(w, p)) [[unlikely]] {
    drop(w, w.net.hops[r.first], packet, Drop::scripted);
    return w.now();
  }
  return enqueue(w, w.net.hops[r.first], packet);
}

void add_blackhole(World& w, ChannelId channel) {
  ++w.net.channels[sim::index(channel)].blackholes;
}

void remove_blackhole(World& w, ChannelId channel) {
  Channel& c = w.net.channels[sim::index(channel)];
  HOLDFAST_CHECK(c.blackholes > 0);
  --c.blackholes;
}

std::uint32_t add_flow_filter(World& w, const FlowFilter& flow_filter, std::string_view entity) {
  w.net.flow_filters.push_back(flow_filter);
  w.net.flow_filters.back().choice = w.choices.add(entity, "loss");
  return static_cast<std::uint32_t>(w.net.flow_filters.size() - 1);
}

void switch_flow_filter(World& w, std::uint32_t flow_filter, bool on) {
  FlowFilter& s = w.net.flow_filters[flow_filter];
  HOLDFAST_CHECK(s.on != on);
  s.on = on;
  w.net.channels[sim::index(s.channel)].flow_filters += on ? 1u : ~0u;
}

void take_down(World& w, LinkId link) {
  for (unsigned direction = 0; direction < 2; ++direction) {
    const ChannelId id = channel_of(link, direction);
    Channel& c = w.net.channels[sim::index(id)];
    ++c.outages;
    c.busy_until = w.now();
    w.calendar.lane_clear(c.lane, [&](std::uint32_t packet) {
      drop(w, id, w.net.packets.id_at(packet), Drop::link_down);
    });
  }
}

void bring_up(World& w, LinkId link) {
  for (unsigned direction = 0; direction < 2; ++direction) {
    Channel& c = w.net.channels[sim::index(channel_of(link, direction))];
    HOLDFAST_CHECK(c.outages > 0);
    --c.outages;
  }
}

void add_loss(World& w, ChannelId channel, double probability) {
  const Loss added{channel, probability};
  auto& losses = w.net.losses;
  losses.insert(std::upper_bound(losses.begin(), losses.end(), added, comes_before), added);
  compose_losses(w, channel);
}

void remove_loss(World& w, ChannelId channel, double probability) {
  const Loss removed{channel, probability};
  auto& losses = w.net.losses;
  const auto place = std::lower_bound(losses.begin(), losses.end(), removed, comes_before);
  HOLDFAST_CHECK(place != losses.end() && !comes_before(removed, *place));
  losses.erase(place);
  compose_losses(w, channel);
}

}  // namespace holdfast::net
