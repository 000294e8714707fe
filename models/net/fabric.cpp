// SPDX-License-Identifier: Apache-2.0
// Links at packet level. One event per packet and hop: when a packet is queued, the instant at
// which it will have crossed the link is already known, because the queue is FIFO and the rate is
// constant; the channel's lane keeps these instants in order.
#include "models/net/fabric.hpp"

#include <algorithm>
#include <utility>

#include "models/net/internal.hpp"
#include "models/net/netem.hpp"
#include "models/records.hpp"
#include "models/world.hpp"
#include "sim/distributions.hpp"
#include "sim/wide.hpp"

namespace holdfast::net {

/// To the nearest nanosecond.
Duration serialisation(std::uint64_t rate_bps, std::uint32_t bytes) {
  HOLDFAST_PACKET_CHECK(rate_bps > 0, "nothing leaves a link without a rate");
  const std::uint64_t scaled = std::uint64_t{bytes} * 8'000'000'000u;
  return Duration{static_cast<std::int64_t>((scaled + rate_bps / 2) / rate_bps)};
}

bool is_foreign(const World& w, const Packet& packet) {
  return w.net.routes[sim::index(packet.route)].foreign;
}

bool strikes(const World& w, const Flows& flows, const Packet& packet) {
  HOLDFAST_PACKET_CHECK(flows.all || flows.first <= flows.last,
                        "a range of flows ends before it begins");
  if (flows.all)
    return true;
  if (w.net.flow_of == nullptr || is_foreign(w, packet))
    return false;
  const FlowId flow = w.net.flow_of(w, packet);
  return flow >= flows.first && flow <= flows.last;
}

namespace {

/// Is it that hop of its route which the packet has come to?
bool is_on(const World& w, const Packet& packet, ChannelId id) {
  const Route& route = w.net.routes[sim::index(packet.route)];
  return packet.hop < route.count && w.net.hops[route.first + packet.hop] == id;
}

}  // namespace

void drop(World& w, ChannelId id, PacketId packet, Drop reason) {
  const Packet copy = w.net.packets[packet];
  HOLDFAST_CHECK(is_on(w, copy, id), "a packet is dropped by a channel that it is not on");
  w.net.packets.recycle(packet);
  ++w.net.channels[sim::index(id)].dropped;
  if (!is_foreign(w, copy))
    w.net.dropped(w, copy, id, reason);
}

namespace {

Duration time_of(Channel& c, std::uint32_t bytes) {
  if (bytes != c.memo.bytes)
    c.memo = {bytes, serialisation(c.rate_bps, bytes)};
  return c.memo.time;
}

}  // namespace

void queue_on_link(World& w, ChannelId id, PacketId packet) {
  Channel& c = w.net.channels[sim::index(id)];
  HOLDFAST_PACKET_CHECK(is_on(w, w.net.packets[packet], id),
                        "a packet leaves the route that it has");
  if (c.outages != 0) [[unlikely]] {
    drop(w, id, packet, Drop::link_down);
    return;
  }
  const std::uint32_t bytes = w.net.packets[packet].bytes + frame_overhead_bytes;
  const TimePoint start = c.busy_until > w.time() ? c.busy_until : w.time();
  const TimePoint left = start + time_of(c, bytes);
  HOLDFAST_PACKET_CHECK(left > start, "a packet takes no time on a link");
  if (left - w.time() > c.backlog_max) [[unlikely]] {
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
  return w.time();
}

namespace {

/// Blackholes, and what strikes some flows only. True: the packet is gone.
bool swallowed(World& w, ChannelId id, PacketId packet) {
  if (w.net.channels[sim::index(id)].blackholes != 0) {
    drop(w, id, packet, Drop::blackhole);
    return true;
  }
  for (const FlowFilter& s : w.net.flow_filters) {
    const bool concerned = s.on && s.channel == id && w.net.packets[packet].bytes > s.larger_than &&
                           strikes(w, s.flows, w.net.packets[packet]);
    if (concerned && w.choices.yes(s.choice, s.threshold)) {
      drop(w, id, packet, s.reason);
      return true;
    }
  }
  return false;
}

/// A machine that stands still takes nothing, and in one that has just gone on the packets that
/// came meanwhile are before those that come now.
bool waits(const World& w, sim::MachineId machine) {
  return w.calendar.is_standing(machine) ||
         std::any_of(w.net.waiting.begin(), w.net.waiting.end(),
                     [machine](const Waiting& one) { return one.machine == machine; });
}

/// A packet has reached the far end of a channel.
void arrive(World& w, std::uint32_t channel, std::uint32_t packet_index) {
  const ChannelId id{channel};
  const PacketId packet = w.net.packets.id_at(packet_index);
  Channel& c = w.net.channels[channel];
  Packet& p = w.net.packets[packet];
  HOLDFAST_PACKET_CHECK(c.outages == 0, "a packet comes through a link that is down");
  HOLDFAST_PACKET_CHECK(is_on(w, p, id), "a packet arrives by a channel that it was not sent on");
  ++c.packets;
  const Route& route = w.net.routes[sim::index(p.route)];
  if (!route.foreign) [[likely]] {
    const auto words = record_words(p.body);
    record_packet<Kind::packet_hop>(w, p.body, id, p.bytes, words[0], words[1], words[2], words[3]);
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
    if (w.net.expect != nullptr && p.hop + 1u == route.count && !route.foreign) [[unlikely]]
      w.net.expect(w, p);
    enqueue(w, w.net.hops[route.first + p.hop], packet);
    return;
  }
  const Packet copy = p;
  const sim::MachineId machine = route.machine;
  w.net.packets.recycle(packet);
  if (route.foreign) [[unlikely]]
    return;
  if (waits(w, machine)) [[unlikely]] {
    w.net.waiting.push_back({machine, copy});
    return;
  }
  if (w.net.expect != nullptr) [[unlikely]]
    w.net.expect(w, copy);
  w.calendar.act_for(machine);
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
    HOLDFAST_CHECK(loss.probability >= 0.0 && loss.probability <= 1.0, "a loss has a probability");
    if (loss.channel != channel || loss.probability == 0.0)
      continue;  // a sweep over losses may begin with none
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
  HOLDFAST_CHECK(!name.empty(), "traces name a node");
  w.net.nodes.push_back(std::string(name));
  return NodeId{static_cast<std::uint32_t>(w.net.nodes.size() - 1)};
}

LinkId add_link(World& w, const LinkParameters& parameters) {
  HOLDFAST_CHECK(parameters.rate_bps > 0 && parameters.mtu_bytes > 0, "nothing leaves such a link");
  HOLDFAST_CHECK(parameters.delay >= Duration{}, "a link delivers before it was given the packet");
  for (const NodeId end : parameters.ends)
    HOLDFAST_CHECK(sim::index(end) < w.net.nodes.size(), "a link ends at a node that is not there");
  const LinkId id{static_cast<std::uint32_t>(w.net.links.size())};
  HOLDFAST_CHECK(w.net.channels.size() == 2 * w.net.links.size(), "a link has two channels");
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
  HOLDFAST_CHECK(!hops.empty(), "a route leads over at least one link");
  NodeId at = from;
  for (const ChannelId c : hops) {
    HOLDFAST_CHECK(sim::index(c) < w.net.channels.size(),
                   "a route leads over a link that is not there");
    const auto& ends = w.net.links[sim::index(c) / 2].ends;
    HOLDFAST_CHECK(ends[sim::index(c) % 2] == at, "a hop begins where the one before does not end");
    at = ends[1 - sim::index(c) % 2];
  }
  HOLDFAST_CHECK(at == to, "the hops lead somewhere else");
  std::uint32_t mtu = ~0u;
  for (const ChannelId c : hops)
    mtu = std::min(mtu, w.net.links[sim::index(c) / 2].mtu_bytes);
  w.net.routes.push_back({from, to, static_cast<std::uint32_t>(w.net.hops.size()),
                          static_cast<std::uint32_t>(hops.size()), mtu, false});
  for (const ChannelId c : hops)
    w.net.hops.push_back(c);
  return RouteId{static_cast<std::uint32_t>(w.net.routes.size() - 1)};
}

void set_machine(World& w, RouteId route, sim::MachineId machine) {
  w.net.routes.edit(sim::index(route)).machine = machine;
}

void deliver_waiting(World& w, sim::MachineId machine) {
  HOLDFAST_CHECK(!w.calendar.is_standing(machine), "a machine that stands still takes packets");
  const sim::Vector<Waiting> all = std::exchange(w.net.waiting, {});
  const sim::ActsFor acts(w.calendar, machine);
  for (const Waiting& one : all) {
    if (one.machine == machine) {
      w.net.deliver(w, one.packet);
    } else {
      w.net.waiting.push_back(one);
    }
  }
}

TimePoint send(World& w, RouteId route, std::uint32_t bytes, const PacketBody& body) {
  const Route& r = w.net.routes[sim::index(route)];
  HOLDFAST_PACKET_CHECK(!r.foreign, "that route is for the packets of other applications");
  HOLDFAST_CHECK(bytes <= r.mtu_bytes, "no link on the way is allowed to cut a packet");
  HOLDFAST_PACKET_CHECK(bytes > 0 && bytes <= 0xffff, "a packet has no such length");
  const PacketId packet = w.net.packets.add();
  Packet& p = w.net.packets[packet];
  p.route = route;
  p.hop = 0;
  p.bytes = static_cast<std::uint16_t>(bytes);
  p.body = body;
  if (w.net.intercept != nullptr && w.net.intercept(w, p)) [[unlikely]] {
    drop(w, w.net.hops[r.first], packet, Drop::scripted);
    return w.time();
  }
  if (w.net.expect != nullptr) [[unlikely]]
    w.net.expect(w, p);
  return enqueue(w, w.net.hops[r.first], packet);
}

void add_blackhole(World& w, ChannelId channel) {
  HOLDFAST_CHECK(sim::index(channel) < w.net.channels.size(), "there is no such channel");
  ++w.net.channels[sim::index(channel)].blackholes;
}

void remove_blackhole(World& w, ChannelId channel) {
  HOLDFAST_CHECK(sim::index(channel) < w.net.channels.size(), "there is no such channel");
  Channel& c = w.net.channels[sim::index(channel)];
  HOLDFAST_CHECK(c.blackholes > 0, "a fault ends that has not begun");
  --c.blackholes;
}

std::uint32_t add_flow_filter(World& w, const FlowFilter& flow_filter, std::string_view entity) {
  HOLDFAST_CHECK(sim::index(flow_filter.channel) < w.net.channels.size(),
                 "there is no such channel");
  HOLDFAST_CHECK(!flow_filter.on, "a filter is added before its fault begins");
  w.net.flow_filters.push_back(flow_filter);
  w.net.flow_filters.back().choice = w.choices.add(entity, "loss");
  return static_cast<std::uint32_t>(w.net.flow_filters.size() - 1);
}

void switch_flow_filter(World& w, std::uint32_t flow_filter, bool on) {
  HOLDFAST_CHECK(flow_filter < w.net.flow_filters.size(), "there is no such filter");
  FlowFilter& s = w.net.flow_filters[flow_filter];
  HOLDFAST_CHECK(s.on != on, "a filter is switched to what it is");
  HOLDFAST_CHECK(on || w.net.channels[sim::index(s.channel)].flow_filters > 0,
                 "the channel does not count a filter that is on");
  s.on = on;
  w.net.channels[sim::index(s.channel)].flow_filters += on ? 1u : ~0u;
}

void take_down(World& w, LinkId link) {
  HOLDFAST_CHECK(sim::index(link) < w.net.links.size(), "there is no such link");
  for (unsigned direction = 0; direction < 2; ++direction) {
    const ChannelId id = channel_of(link, direction);
    Channel& c = w.net.channels[sim::index(id)];
    ++c.outages;
    c.busy_until = w.time();
    w.calendar.lane_clear(c.lane, [&](std::uint32_t packet) {
      drop(w, id, w.net.packets.id_at(packet), Drop::link_down);
    });
  }
}

void bring_up(World& w, LinkId link) {
  HOLDFAST_CHECK(sim::index(link) < w.net.links.size(), "there is no such link");
  for (unsigned direction = 0; direction < 2; ++direction) {
    Channel& c = w.net.channels[sim::index(channel_of(link, direction))];
    HOLDFAST_CHECK(c.outages > 0, "a link comes up that was not down");
    --c.outages;
  }
}

void add_loss(World& w, ChannelId channel, double probability) {
  HOLDFAST_CHECK(sim::index(channel) < w.net.channels.size(), "there is no such channel");
  const Loss added{channel, probability};
  auto& losses = w.net.losses;
  losses.insert(std::upper_bound(losses.begin(), losses.end(), added, comes_before), added);
  compose_losses(w, channel);
}

void remove_loss(World& w, ChannelId channel, double probability) {
  const Loss removed{channel, probability};
  auto& losses = w.net.losses;
  const auto place = std::lower_bound(losses.begin(), losses.end(), removed, comes_before);
  HOLDFAST_CHECK(place != losses.end() && !comes_before(removed, *place),
                 "a loss ends that is not in force");
  losses.erase(place);
  compose_losses(w, channel);
}

}  // namespace holdfast::net
