// SPDX-License-Identifier: Apache-2.0
// Builds faults of the network and of connections.
#include "models/net/fabric.hpp"
#include "models/net/netem.hpp"
#include "models/net/traffic.hpp"
#include "models/scenario/builder/internal.hpp"

namespace holdfast::scenario {

namespace {

/// The queues of a host's controller, of which `queue` is one, as flows of the network.
net::Flows flows_of(const World& w, host::ControllerId id, std::optional<std::uint16_t> queue) {
  const host::Controller& c = w.host.controllers[sim::index(id)];
  // The admin queue is followed by the I/O queues.
  const auto flow = [&](std::uint32_t queue_id) {
    return net::FlowId{sim::index(c.admin) + queue_id};
  };
  if (queue)
    return {false, flow(*queue), flow(*queue)};
  return {false, flow(0), flow(c.io_queues_wanted)};
}

/// Which link, in which direction.
template <class Out, class F>
Out on_link(const F& f, const Names& names) {
  Out out;
  out.link = names.links.at(f.link);
  if constexpr (requires { f.direction; }) {
    out.forward = f.direction != Direction::backward;
    out.backward = f.direction != Direction::forward;
  }
  return out;
}

/// `host`, `controller` and `queue` of a fault of a link.
template <class F>
net::Flows select(const World& w, fault::OnPackets& out, const F& f, const Names& names) {
  if (!f.controller)
    return {};
  out.controller = names.controllers.at({*f.host, *f.controller});
  return flows_of(w, out.controller, f.queue);
}

std::string entity_of_direction(const World& w, const std::string& entity, net::LinkId link,
                                unsigned direction) {
  return entity + " link " + w.net.links[sim::index(link)].name +
         (direction == 0 ? " fwd" : " back");
}

/// Calls `add(channel, entity)` for each direction that the fault strikes.
template <class Add>
void add_parts(const World& w, fault::OnPackets& out, const std::string& entity, Add add) {
  for (unsigned direction = 0; direction < 2; ++direction) {
    if (direction == 0 ? out.forward : out.backward)
      out.parts[direction] = add(net::channel_of(out.link, direction),
                                 entity_of_direction(w, entity, out.link, direction));
  }
}

/// For some flows or sizes only; everything else is a matter of the link itself.
void add_flow_filters(World& w, fault::OnPackets& out, const net::Flows& flows, net::Drop reason,
                      double probability, const std::string& entity,
                      std::uint16_t larger_than = 0) {
  if (flows.all && larger_than == 0)
    return;
  add_parts(w, out, entity, [&](net::ChannelId channel, const std::string& name) {
    net::FlowFilter flow_filter;
    flow_filter.channel = channel;
    flow_filter.flows = flows;
    flow_filter.reason = reason;
    flow_filter.larger_than = larger_than;
    flow_filter.threshold = sim::bernoulli_threshold(probability);
    return net::add_flow_filter(w, flow_filter, name);
  });
}

net::NetemParameters netem_of(const Impair& f) {
  net::NetemParameters p;
  p.delay = f.delay;
  p.jitter = f.jitter;
  p.delay_correlation = f.delay_correlation;
  p.distribution = f.distribution;
  p.reorder = f.reorder;
  p.reorder_correlation = f.reorder_correlation;
  p.gap = f.reorder > 0.0 ? f.gap : 0;
  p.duplicate = f.duplicate;
  p.loss = f.loss;
  if (f.loss_model) {
    p.bursts = true;
    p.to_bad = f.loss_model->p;
    p.to_good = f.loss_model->r;
    p.loss_bad = f.loss_model->loss_bad;
    p.loss_good = f.loss_model->loss_good;
  }
  p.rate_bps = f.rate_bps.value_or(0);
  p.limit = f.limit;
  p.asks = f.asks;
  return p;
}

}  // namespace

fault::Impair what_of(World& w, const Impair& f, const Names& names, const std::string& entity) {
  auto out = on_link<fault::Impair>(f, names);
  const net::Flows flows = select(w, out, f, names);
  const net::NetemParameters parameters = netem_of(f);
  add_parts(w, out, entity, [&](net::ChannelId channel, const std::string& name) {
    return net::add_netem(w, channel, flows, parameters, name);
  });
  return out;
}

fault::Blackhole what_of(World& w, const Blackhole& f, const Names& names,
                         const std::string& entity) {
  auto out = on_link<fault::Blackhole>(f, names);
  add_flow_filters(w, out, select(w, out, f, names), net::Drop::blackhole, 1.0, entity,
                   static_cast<std::uint16_t>(f.larger_than.value_or(0)));
  return out;
}

fault::LinkDown what_of(World&, const LinkDown& f, const Names& names, const std::string&) {
  auto out = on_link<fault::LinkDown>(f, names);
  out.forwards_after = f.forwards_after;
  return out;
}

fault::Loss what_of(World& w, const Loss& f, const Names& names, const std::string& entity) {
  auto out = on_link<fault::Loss>(f, names);
  out.probability = f.probability;
  add_flow_filters(w, out, select(w, out, f, names), net::Drop::loss, f.probability, entity);
  return out;
}

fault::KillSockets what_of(World&, const KillSockets& f, const Names& names, const std::string&) {
  fault::KillSockets out;
  out.controller = names.controllers.at({f.host, f.controller});
  out.side = f.side;
  return out;
}

fault::DropCapsule what_of(World& w, const DropCapsule& f, const Names& names, const std::string&) {
  fault::DropCapsule out;
  out.controller = names.controllers.at({f.host, f.controller});
  transport::CapsuleDrop drop;
  drop.queues = flows_of(w, out.controller, std::nullopt);
  if (f.admin) {
    drop.queues.last = drop.queues.first;
  } else {
    drop.queues.first = net::FlowId{sim::index(drop.queues.first) + 1};
  }
  drop.opcode = f.opcode;
  drop.skip = f.nth - 1;
  drop.left = f.count;
  drop.transmissions = f.transmissions;
  drop.packets = f.packets;
  out.drop = static_cast<std::uint32_t>(w.transport.capsule_drops.size());
  w.transport.capsule_drops.push_back(drop);
  return out;
}

fault::DamagePdu what_of(World& w, const DamagePdu& f, const Names& names, const std::string&) {
  fault::DamagePdu out;
  out.controller = names.controllers.at({f.host, f.controller});
  transport::PduDamage damage;
  damage.queues = flows_of(w, out.controller, std::nullopt);
  damage.queues.first = net::FlowId{sim::index(damage.queues.first) + 1};
  damage.sender = f.sender;
  damage.damage = f.part;
  damage.skip = f.nth - 1;
  damage.left = f.count;
  out.damage = static_cast<std::uint32_t>(w.transport.pdu_damages.size());
  w.transport.pdu_damages.push_back(damage);
  return out;
}

fault::PortRemoved what_of(World&, const PortRemoved& f, const Names& names, const std::string&) {
  return {names.subsystems.at(f.subsystem), names.ports.at(f.port), f.refuses};
}

fault::CrossTraffic what_of(World& w, const CrossTraffic& f, const Names& names,
                            const std::string& entity) {
  net::TrafficParameters p;
  p.route = net::add_route(w, names.nodes.at(f.from), names.nodes.at(f.to),
                           find_hops(w, names, f.from, f.to));
  p.bytes = f.packet_bytes;
  p.rate_bps = f.rate_bps;
  p.pattern = f.pattern;
  p.burst = f.burst.value_or(0s);
  p.pause = f.pause.value_or(0s);
  return {net::add_traffic(w, p, entity + " traffic")};
}

}  // namespace holdfast::scenario
