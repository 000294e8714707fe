// SPDX-License-Identifier: Apache-2.0
// What the rest of an array does about a node that fails: it notices, takes the node's access to
// the media away, and serves what the node served. Fence and change are timed independently, as
// they are where one is the work of the storage and the other of the network: what is wrong with
// their order is what a run shows.
#include <algorithm>
#include <vector>

#include "models/target/internal.hpp"
#include "models/target/target.hpp"
#include "models/world.hpp"

namespace holdfast::target {

namespace {

using wire::AnaState;

const Takeover& takeover_of(const World& w, NodeId id) {
  const Node& node = w.target.nodes[sim::index(id)];
  return w.target.subsystems[sim::index(node.subsystem)].takeover;
}

Subsystem& subsystem_of(World& w, NodeId id) {
  return w.target.subsystems[sim::index(w.target.nodes[sim::index(id)].subsystem)];
}

void say(World& w, NodeId id, TakeoverStep step) {
  record<Kind::takeover>(w, w.target.nodes[sim::index(id)].subsystem, id, step);
}

/// It is that outage of the node still, or has been it until the node came back.
bool is_outage(const World& w, NodeId id, std::uint32_t outage) {
  return w.target.nodes[sim::index(id)].outages == outage;
}

/// Ports of the other nodes that are up.
std::vector<transport::PortId> ports_of_others(const World& w, NodeId id) {
  std::vector<transport::PortId> ports;
  const SubsystemId subsystem = w.target.nodes[sim::index(id)].subsystem;
  for (std::size_t i = 0; i < w.target.nodes.size(); ++i) {
    const Node& other = w.target.nodes[i];
    if (i != sim::index(id) && other.subsystem == subsystem && other.state == NodeState::up)
      ports.insert(ports.end(), other.ports.begin(), other.ports.end());
  }
  return ports;
}

void fence_node(World& w, NodeId id, std::uint32_t outage) {
  if (!is_outage(w, id, outage))
    return;
  say(w, id, TakeoverStep::fenced);
  for (const ControllerId c : sim::Vector<ControllerId>(subsystem_of(w, id).controllers)) {
    Controller& one = w.target.controllers[c];
    if (one.node != id || one.fatal)
      continue;
    one.fatal = true;
    record<Kind::controller_fatal>(w, one.subsystem, one.cntlid, cause_fenced);
  }
  cut_off_node(w, id);
  Node& node = w.target.nodes[sim::index(id)];
  node.fenced = node.state != NodeState::up;
  if (!node.fenced)
    return;
  for (const transport::PortId port : node.ports)
    w.transport.ports[sim::index(port)].listening = false;
}

void move_group(World& w, NodeId id, std::uint32_t group) {
  const SubsystemId subsystem = w.target.nodes[sim::index(id)].subsystem;
  const sim::Vector<transport::PortId> own = w.target.nodes[sim::index(id)].ports;
  const auto state_at = [&](transport::PortId port) {
    return ana_state(w.target.subsystems[sim::index(subsystem)], port, group);
  };
  const bool served = std::any_of(own.begin(), own.end(), [&](transport::PortId port) {
    return state_at(port) == AnaState::optimized;
  });
  if (!served)
    return;
  for (const transport::PortId port : ports_of_others(w, id)) {
    if (state_at(port) != AnaState::optimized)
      set_ana_state(w, subsystem, {port, group, AnaState::optimized});
  }
  for (const transport::PortId port : own) {
    if (state_at(port) != AnaState::inaccessible)
      set_ana_state(w, subsystem, {port, group, AnaState::inaccessible});
  }
}

void change(World& w, NodeId id, std::uint32_t outage) {
  if (!is_outage(w, id, outage) || ports_of_others(w, id).empty())
    return;
  say(w, id, TakeoverStep::changed);
  std::vector<std::uint32_t> groups;
  for (const NamespaceId ns : subsystem_of(w, id).namespaces)
    groups.push_back(w.target.namespaces[sim::index(ns)].ana_group);
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  for (const std::uint32_t group : groups)
    move_group(w, id, group);
}

/// The others have the node's addresses, one after the other in turn; who is under way to the node
/// comes to a machine that knows nothing of it.
void move_addresses(World& w, NodeId id, std::uint32_t outage) {
  const std::vector<transport::PortId> others = ports_of_others(w, id);
  if (!is_outage(w, id, outage) || others.empty())
    return;
  say(w, id, TakeoverStep::moved);
  const auto ports = std::exchange(w.target.nodes[sim::index(id)].ports, {});
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const transport::PortId heir = others[i % others.size()];
    transport::move_address(w, ports[i], heir);
    w.target.nodes[sim::index(id)].moved.push_back(ports[i]);
    w.target.nodes[sim::index(node_of_port(w, heir))].ports.push_back(ports[i]);
    listen_again(w, ports[i]);
  }
}

void take_addresses(World& w, NodeId id, std::uint32_t outage) {
  if (!is_outage(w, id, outage) || ports_of_others(w, id).empty())
    return;
  say(w, id, TakeoverStep::changed);
  const Subsystem& s = subsystem_of(w, id);
  w.after(draw(w.choices, s.learn_choice, s.takeover.learn),
          [id, outage](World& world) { move_addresses(world, id, outage); });
}

/// Whoever is back by then was never missed.
void notice(World& w, NodeId id, std::uint32_t outage) {
  const bool away = w.target.nodes[sim::index(id)].state != NodeState::up;
  if (!is_outage(w, id, outage) || !away || ports_of_others(w, id).empty())
    return;
  say(w, id, TakeoverStep::noticed);
  const Subsystem& s = subsystem_of(w, id);
  const sim::Duration fence_time = draw(w.choices, s.takeover_fence_choice, s.takeover.fence);
  const sim::Duration change_time = draw(w.choices, s.change_choice, s.takeover.change);
  w.after(fence_time, [id, outage](World& world) { fence_node(world, id, outage); });
  const bool by_address = s.takeover.by_address;
  w.after(change_time, [id, outage, by_address = sim::Filled(by_address)](World& world) {
    by_address ? take_addresses(world, id, outage) : change(world, id, outage);
  });
}

}  // namespace

void set_takeover(World& w, SubsystemId subsystem, const Takeover& takeover) {
  HOLDFAST_CHECK(takeover.on, "nothing is asked for");
  Subsystem& s = w.target.subsystems[sim::index(subsystem)];
  const std::string entity = "subsystem " + w.target.nqns[sim::index(subsystem)];
  s.takeover = takeover;
  s.detect_choice = w.choices.add(entity, "takeover detect");
  s.takeover_fence_choice = w.choices.add(entity, "takeover fence");
  s.change_choice = w.choices.add(entity, "takeover change");
  if (takeover.by_address)
    s.learn_choice = w.choices.add(entity, "takeover learn");
}

void node_failed(World& w, NodeId id) {
  Node& node = w.target.nodes[sim::index(id)];
  HOLDFAST_CHECK(node.state != NodeState::up, "a node fails that is up");
  const std::uint32_t outage = ++node.outages;
  const Takeover& takeover = takeover_of(w, id);
  if (!takeover.on)
    return;
  w.after(draw(w.choices, subsystem_of(w, id).detect_choice, takeover.detect),
          [id, outage](World& world) { notice(world, id, outage); });
}

void node_returned(World& w, NodeId id) {
  Node& node = w.target.nodes[sim::index(id)];
  HOLDFAST_CHECK(node.state == NodeState::up, "a node returns that is not up");
  if (!std::exchange(node.fenced, false))
    return;
  for (const transport::PortId port : node.ports)
    listen_again(w, port);
}

}  // namespace holdfast::target
