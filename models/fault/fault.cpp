// SPDX-License-Identifier: Apache-2.0
// Switching faults on and off.
#include "models/fault/fault.hpp"

#include "models/host/host.hpp"
#include "models/net/fabric.hpp"
#include "models/target/target.hpp"
#include "models/world.hpp"

namespace holdfast::fault {

namespace {

/// Calls `act(channel, direction)` for each direction that the fault strikes.
template <class Act>
void for_channels(const Fault& f, Act act) {
  if (f.forward)
    act(net::channel_of(f.link, 0), 0u);
  if (f.backward)
    act(net::channel_of(f.link, 1), 1u);
}

/// A node without power neither hears nor says anything, its last FIN included.
template <class Act>
void for_node_channels(const Fault& f, Act act) {
  if (f.node_state != target::NodeState::crashed)
    return;
  for (const net::LinkId link : f.node_links) {
    act(net::channel_of(link, 0));
    act(net::channel_of(link, 1));
  }
}

void switch_on(World& w, std::uint32_t index) {
  Fault& f = w.fault.faults[index];
  record<Kind::fault>(w, index, true);
  switch (f.type) {
    case Type::blackhole:
      for_channels(f, [&](net::ChannelId c, unsigned) { net::add_blackhole(w, c); });
      return;
    case Type::link_down:
      net::take_down(w, f.link);
      return;
    case Type::loss:
      for_channels(f, [&](net::ChannelId c, unsigned direction) {
        f.saved_threshold[direction] = w.net.channels[sim::index(c)].loss_threshold;
        net::set_loss(w, c, f.probability);
      });
      return;
    case Type::command:
      target::add_command_fault(w, f.subsystem, f.command);
      return;
    case Type::command_status:
      target::add_status_fault(w, f.subsystem, f.status);
      return;
    case Type::ana_change:
      target::set_ana_state(w, f.subsystem, f.ana);
      return;
    case Type::reset_controller:
      host::reset_controller(w, f.controller);
      return;
    case Type::delete_controller:
      host::delete_controller(w, f.controller);
      return;
    case Type::disconnect: {
      const host::Controller& c = w.host.controllers[sim::index(f.controller)];
      host::disconnect(w, c.host, c.subnqn);
      return;
    }
    case Type::passthrough_ccr:
      host::passthrough_ccr(w, f.source, f.controller);
      return;
    case Type::hca_removed:
      host::remove_adapter(w, f.host, f.link);
      return;
    case Type::remote_port_lost:
      host::lose_remote_port(w, f.routes[0], f.routes[1]);
      return;
    case Type::node:
      for_node_channels(f, [&](net::ChannelId c) { net::add_blackhole(w, c); });
      target::fail_node(w, f.node, f.node_state);
      return;
    case Type::admin_stall:
      target::start_admin_stall(w, f.subsystem, f.cntlid);
      return;
  }
}

void switch_off(World& w, std::uint32_t index) {
  const Fault& f = w.fault.faults[index];
  record<Kind::fault>(w, index, false);
  switch (f.type) {
    case Type::blackhole:
      for_channels(f, [&](net::ChannelId c, unsigned) { net::remove_blackhole(w, c); });
      return;
    case Type::link_down:
      net::bring_up(w, f.link);
      return;
    case Type::loss:
      for_channels(f, [&](net::ChannelId c, unsigned direction) {
        w.net.channels[sim::index(c)].loss_threshold = f.saved_threshold[direction];
      });
      return;
    case Type::remote_port_lost:
      host::regain_remote_port(w, f.routes[0], f.routes[1]);
      return;
    case Type::node:
      for_node_channels(f, [&](net::ChannelId c) { net::remove_blackhole(w, c); });
      target::restore_node(w, f.node, f.node_state);
      return;
    case Type::admin_stall:
      target::end_admin_stall(w, f.subsystem, f.cntlid);
      return;
    default:
      return;
  }
}

}  // namespace

void add_fault(World& w, const Fault& fault) {
  const auto index = static_cast<std::uint32_t>(w.fault.faults.size());
  w.fault.faults.push_back(fault);
  w.at(fault.at, [index](World& world) { switch_on(world, index); });
  if (fault.until == sim::never)
    return;
  w.at(fault.until, [index](World& world) { switch_off(world, index); });
}

}  // namespace holdfast::fault
