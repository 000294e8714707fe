// SPDX-License-Identifier: Apache-2.0
// Switching faults on and off.
#include "models/fault/fault.hpp"

#include "models/host/host.hpp"
#include "models/net/fabric.hpp"
#include "models/net/netem.hpp"
#include "models/net/traffic.hpp"
#include "models/target/target.hpp"
#include "models/transport/queue.hpp"
#include "models/transport/tcp/tcp.hpp"
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

void disconnect(World& w, host::ControllerId id) {
  const host::Controller& c = w.host.controllers[sim::index(id)];
  host::disconnect(w, c.host, c.subnqn);
}

/// Netems and sieves of the directions that the fault strikes. False: it has none.
bool switch_parts(World& w, const Fault& f, bool on) {
  bool any = false;
  for (const std::uint32_t part : f.parts) {
    if (part == ~0u)
      continue;
    any = true;
    if (f.type == Type::impair) {
      net::switch_netem(w, part, on);
    } else {
      net::switch_sieve(w, part, on);
    }
  }
  return any;
}

/// `ss -K` with the addresses of a controller: its sockets die one after the other. What the
/// engines do about it is left to work queues, so none of them is shut down before its turn.
void kill_sockets(World& w, const Fault& f) {
  const host::Controller& c = w.host.controllers[sim::index(f.controller)];
  std::vector<transport::ConnectionId> found;
  for (std::uint32_t i = 0; i <= c.io_queues_wanted; ++i) {
    const host::Queue& q = w.host.queues[sim::index(c.admin) + i];
    if (q.allocated)
      found.push_back(transport::connection_of(w, q.transport));
  }
  for (const transport::ConnectionId id : found)
    tcp::kill(w, id, f.side);
}

/// What an administrator does, or what takes a device away from the host. False: it is something
/// else.
bool act_on_host(World& w, const Fault& f) {
  switch (f.type) {
    case Type::reset_controller:
      host::reset_controller(w, f.controller);
      return true;
    case Type::delete_controller:
      host::delete_controller(w, f.controller);
      return true;
    case Type::disconnect:
      disconnect(w, f.controller);
      return true;
    case Type::passthrough_ccr:
      host::passthrough_ccr(w, f.source, f.controller, f.ccr_names);
      return true;
    case Type::passthrough:
      host::passthrough(w, f.controller, f.passthrough);
      return true;
    case Type::hca_removed:
      host::remove_adapter(w, f.host, f.link);
      return true;
    case Type::remote_port_lost:
      host::lose_remote_port(w, f.routes[0], f.routes[1]);
      return true;
    default:
      return false;
  }
}

void switch_on(World& w, std::uint32_t index) {
  Fault& f = w.fault.faults[index];
  record<Kind::fault>(w, index, true);
  if (switch_parts(w, f, true) || act_on_host(w, f))
    return;
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
    case Type::node:
      for_node_channels(f, [&](net::ChannelId c) { net::add_blackhole(w, c); });
      target::fail_node(w, f.node, f.node_state);
      return;
    case Type::admin_stall:
      target::start_admin_stall(w, f.subsystem, f.cntlid);
      return;
    case Type::port_removed:
      target::unlink_port(w, f.subsystem, f.port);
      return;
    case Type::kill_sockets:
      kill_sockets(w, f);
      return;
    case Type::drop_capsule:
      w.transport.capsule_drops[f.part].armed = true;
      return;
    case Type::cross_traffic:
      net::start_traffic(w, f.part);
      return;
    default:
      return;
  }
}

void switch_off(World& w, std::uint32_t index) {
  const Fault& f = w.fault.faults[index];
  record<Kind::fault>(w, index, false);
  if (switch_parts(w, f, false))
    return;
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
    case Type::port_removed:
      target::link_port(w, f.subsystem, f.port);
      return;
    case Type::cross_traffic:
      net::stop_traffic(w, f.part);
      return;
    default:
      return;
  }
}

void strike(World& w, std::uint32_t index);

/// Plans one round of a fault: when it begins, and when it ends.
void plan(World& w, std::uint32_t index, TimePoint at, TimePoint until) {
  w.at(at, [index](World& world) { strike(world, index); });
  if (until != sim::never)
    w.at(until, [index](World& world) { switch_off(world, index); });
}

void strike(World& w, std::uint32_t index) {
  switch_on(w, index);
  Fault& f = w.fault.faults[index];
  ++f.struck;
  if (f.every != Duration{} && (f.times == 0 || f.struck < f.times))
    plan(w, index, w.now() + f.every, f.until + f.struck * f.every);
}

}  // namespace

void add_fault(World& w, const Fault& fault) {
  const auto index = static_cast<std::uint32_t>(w.fault.faults.size());
  HOLDFAST_CHECK(fault.every == Duration{} ||
                 (fault.until != sim::never && fault.until - fault.at < fault.every));
  w.fault.faults.push_back(fault);
  plan(w, index, fault.at, fault.until);
}

}  // namespace holdfast::fault
