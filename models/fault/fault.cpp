// SPDX-License-Identifier: Apache-2.0
// Switching faults on and off.
#include "models/fault/fault.hpp"

#include <algorithm>
#include <type_traits>

#include "models/host/host.hpp"
#include "models/net/bond.hpp"
#include "models/net/fabric.hpp"
#include "models/net/netem.hpp"
#include "models/net/traffic.hpp"
#include "models/target/target.hpp"
#include "models/transport/queue.hpp"
#include "models/transport/tcp/tcp.hpp"
#include "models/workload/workload.hpp"
#include "models/world.hpp"

namespace holdfast::fault {

namespace {

/// Calls `act(channel)` for each direction that the fault strikes.
template <class Act>
void for_channels(const OnLink& f, Act act) {
  HOLDFAST_CHECK(f.forward || f.backward, "a fault that strikes no direction is none");
  if (f.forward)
    act(net::channel_of(f.link, 0));
  if (f.backward)
    act(net::channel_of(f.link, 1));
}

/// A node without power neither hears nor says anything, its last FIN included.
template <class Act>
void for_node_channels(const NodeFailure& f, Act act) {
  if (f.state != target::NodeState::crashed)
    return;
  for (const net::LinkId link : f.links) {
    act(net::channel_of(link, 0));
    act(net::channel_of(link, 1));
  }
}

/// A host without power, likewise.
template <class Act>
void for_host_channels(const HostDown& f, Act act) {
  if (f.how != HostDown::How::crash)
    return;
  for (const net::LinkId link : f.links) {
    act(net::channel_of(link, 0));
    act(net::channel_of(link, 1));
  }
}

/// The carrier is back, and the switch does not forward yet.
void forward_later(World& w, const LinkDown& f) {
  for (unsigned direction = 0; direction < 2; ++direction) {
    const net::ChannelId channel = net::channel_of(f.link, direction);
    net::add_blackhole(w, channel);
    w.after(f.forwards_after, [channel](World& world) { net::remove_blackhole(world, channel); });
  }
}

/// Flow filters of the directions that the fault strikes. False: it has none, it strikes all
/// packets.
bool switch_flow_filters(World& w, const OnPackets& f, bool on) {
  bool any = false;
  for (const std::uint32_t part : f.parts) {
    if (part == ~0u)
      continue;
    any = true;
    net::switch_flow_filter(w, part, on);
  }
  return any;
}

void switch_netems(World& w, const Impair& f, bool on) {
  for (const std::uint32_t part : f.parts) {
    if (part != ~0u)
      net::switch_netem(w, part, on);
  }
}

/// `ss -K` with the addresses of a controller: its sockets die one after the other. What the
/// engines do about it is left to work queues, so none of them is shut down before its turn.
void kill_sockets(World& w, const KillSockets& f) {
  HOLDFAST_CHECK(w.transport.kind == transport::TransportKind::tcp, "only TCP has sockets");
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

/// Begins a fault. It changes the world only: what a fault is, its end finds as its begin did. A
/// kind without an overload does not compile, here and below.
struct SwitchOn {
  World& w;

  void operator()(const Blackhole& f) const {
    if (!switch_flow_filters(w, f, true))
      for_channels(f, [&](net::ChannelId c) { net::add_blackhole(w, c); });
  }
  void operator()(const LinkDown& f) const { net::take_down(w, f.link); }
  void operator()(const Loss& f) const {
    if (!switch_flow_filters(w, f, true))
      for_channels(f, [&](net::ChannelId c) { net::add_loss(w, c, f.probability); });
  }
  void operator()(const Impair& f) const { switch_netems(w, f, true); }
  void operator()(const CommandDelay& f) const {
    target::add_command_fault(w, f.subsystem, f.command);
  }
  void operator()(const CommandStatus& f) const {
    target::add_status_fault(w, f.subsystem, f.status);
  }
  void operator()(const AnaChange& f) const { target::set_ana_state(w, f.subsystem, f.ana); }
  void operator()(const SetAttrCqt& f) const { target::set_attr_cqt(w, f.subsystem, f.cqt); }
  void operator()(const ResetController& f) const { host::reset_controller(w, f.controller); }
  void operator()(const DeleteController& f) const { host::delete_controller(w, f.controller); }
  void operator()(const Disconnect& f) const {
    const host::Controller& c = w.host.controllers[sim::index(f.controller)];
    host::disconnect(w, c.host, c.subnqn);
  }
  void operator()(const PassthroughCcr& f) const {
    host::passthrough_ccr(w, f.source, f.controller, f.names);
  }
  void operator()(const Passthrough& f) const { host::passthrough(w, f.controller, f.command); }
  void operator()(const HcaRemoved& f) const { host::remove_adapter(w, f.host, f.link); }
  void operator()(const RemotePortLost& f) const {
    host::lose_remote_port(w, f.host, f.routes[0], f.routes[1]);
  }
  void operator()(const NodeFailure& f) const {
    for_node_channels(f, [&](net::ChannelId c) { net::add_blackhole(w, c); });
    target::fail_node(w, f.node, f.state, f.clock_stops);
  }
  void operator()(const AdminStall& f) const {
    target::start_admin_stall(w, f.subsystem, f.cntlid);
  }
  void operator()(const PortRemoved& f) const {
    w.transport.ports[sim::index(f.port)].refusals += f.refuses ? 1 : 0;
    target::unlink_port(w, f.subsystem, f.port);
  }
  void operator()(const KillSockets& f) const { kill_sockets(w, f); }
  void operator()(const DropCapsule& f) const { w.transport.capsule_drops[f.drop].armed = true; }
  void operator()(const CrossTraffic& f) const { net::start_traffic(w, f.source); }
  void operator()(const DamagePdu& f) const { w.transport.pdu_damages[f.damage].armed = true; }
  void operator()(const ResponseAstray& f) const {
    target::add_response_fault(w, f.subsystem, f.response);
  }
  void operator()(const PortMute& f) const { ++w.transport.ports[sim::index(f.port)].mutes; }
  void operator()(const NoRoute& f) const { w.transport.no_routes.push_back({f.forward, f.error}); }
  void operator()(const HostBlocked& f) const { host::block_keep_alives(w, f.host); }
  void operator()(const HostPause& f) const {
    w.calendar.stand_still(w.host.hosts[sim::index(f.host)].machine, f.clock_stops);
  }
  void operator()(const LegDown& f) const { net::cut_legs(w, f.bond, f.legs); }
  void operator()(const LinkIntegrity& f) const { host::hear_of_bad_links(w, f.host, f.forward); }
  void operator()(const HostDown& f) const {
    workload::stop_jobs(w, f.host);
    for_host_channels(f, [&](net::ChannelId c) { net::add_blackhole(w, c); });
    if (f.how == HostDown::How::shutdown) {
      host::shut_down(w, f.host);
    } else {
      host::go_down(w, f.host, f.how == HostDown::How::process);
    }
  }
};

/// Ends a fault.
struct SwitchOff {
  World& w;

  void operator()(const Blackhole& f) const {
    if (!switch_flow_filters(w, f, false))
      for_channels(f, [&](net::ChannelId c) { net::remove_blackhole(w, c); });
  }
  void operator()(const LinkDown& f) const {
    net::bring_up(w, f.link);
    if (f.forwards_after != Duration{})
      forward_later(w, f);
  }
  void operator()(const Loss& f) const {
    if (!switch_flow_filters(w, f, false))
      for_channels(f, [&](net::ChannelId c) { net::remove_loss(w, c, f.probability); });
  }
  void operator()(const Impair& f) const { switch_netems(w, f, false); }
  void operator()(const Once&) const {}
  void operator()(const RemotePortLost& f) const {
    host::regain_remote_port(w, f.host, f.routes[0], f.routes[1]);
  }
  void operator()(const NodeFailure& f) const {
    for_node_channels(f, [&](net::ChannelId c) { net::remove_blackhole(w, c); });
    target::restore_node(w, f.node, f.state);
  }
  void operator()(const AdminStall& f) const { target::end_admin_stall(w, f.subsystem, f.cntlid); }
  void operator()(const PortRemoved& f) const {
    w.transport.ports[sim::index(f.port)].refusals -= f.refuses ? 1 : 0;
    target::link_port(w, f.subsystem, f.port);
  }
  void operator()(const CrossTraffic& f) const { net::stop_traffic(w, f.source); }
  void operator()(const PortMute& f) const { --w.transport.ports[sim::index(f.port)].mutes; }
  void operator()(const NoRoute& f) const {
    auto& all = w.transport.no_routes;
    const auto place = std::find(all.begin(), all.end(), transport::NoRoute{f.forward, f.error});
    HOLDFAST_CHECK(place != all.end(), "a route comes back that was not gone");
    all.erase(place);
  }
  void operator()(const HostBlocked& f) const { host::unblock_keep_alives(w, f.host); }
  void operator()(const HostPause& f) const {
    const sim::MachineId machine = w.host.hosts[sim::index(f.host)].machine;
    w.calendar.go_on(machine);
    if (w.calendar.is_standing(machine))
      return;
    // Behind its timers: Linux runs the softirq of timers before that of packets (enum in
    // linux/interrupt.h: TIMER_SOFTIRQ before NET_RX_SOFTIRQ), and work queues after both.
    w.after(Duration{}, [machine](World& world) {
      if (!world.calendar.is_standing(machine))
        net::deliver_waiting(world, machine);
    });
  }
  void operator()(const LegDown& f) const { net::mend_legs(w, f.bond, f.legs); }
  void operator()(const HostDown& f) const {
    for_host_channels(f, [&](net::ChannelId c) { net::remove_blackhole(w, c); });
    host::come_up(w, f.host);
  }
};

/// Whose doing a fault is: what an administrator does at a machine that stands still, or what its
/// processes do, is done when it goes on.
struct Doer {
  const World& w;

  [[nodiscard]] sim::MachineId of(host::HostId host) const {
    return w.host.hosts[sim::index(host)].machine;
  }
  [[nodiscard]] sim::MachineId of(host::ControllerId controller) const {
    return of(w.host.controllers[sim::index(controller)].host);
  }
  template <class F>
  sim::MachineId operator()(const F& f) const {
    if constexpr (std::is_same_v<F, HostPause> || std::is_base_of_v<OnLink, F>) {
      return sim::no_machine;
    } else if constexpr (requires { f.host; }) {
      return of(f.host);
    } else if constexpr (requires { f.side; }) {
      return f.side == transport::Side::host ? of(f.controller) : sim::no_machine;
    } else if constexpr (std::is_same_v<F, DropCapsule> || std::is_same_v<F, DamagePdu>) {
      return sim::no_machine;
    } else if constexpr (requires { of(f.controller); }) {
      return of(f.controller);
    } else {
      return sim::no_machine;
    }
  }
};

sim::MachineId doer(const World& w, std::uint32_t index) {
  return std::visit(Doer{w}, w.fault.faults[index].what);
}

void switch_on(World& w, std::uint32_t index) {
  HOLDFAST_CHECK(index < w.fault.faults.size(), "there is no such fault");
  record<Kind::fault>(w, index, true);
  std::visit(SwitchOn{w}, w.fault.faults[index].what);
}

void switch_off(World& w, std::uint32_t index) {
  HOLDFAST_CHECK(w.fault.faults[index].struck > 0, "a fault ends that has not begun");
  record<Kind::fault>(w, index, false);
  std::visit(SwitchOff{w}, w.fault.faults[index].what);
}

void strike(World& w, std::uint32_t index);

/// Plans one round of a fault: when it begins, and when it ends.
void plan(World& w, std::uint32_t index, TimePoint at, TimePoint until) {
  HOLDFAST_CHECK(until == sim::never || until >= at, "a fault ends before it begins");
  // A machine that stands still may have put it off beyond the next one.
  const sim::MachineId machine = doer(w, index);
  const TimePoint now = w.time();
  w.calendar.at_for(machine, std::max(at, now), [index](World& world) { strike(world, index); });
  if (until != sim::never) {
    w.calendar.at_for(machine, std::max(until, now),
                      [index](World& world) { switch_off(world, index); });
  }
}

void strike(World& w, std::uint32_t index) {
  switch_on(w, index);
  Fault& f = w.fault.faults[index];
  ++f.struck;
  if (f.every != Duration{} && (f.times == 0 || f.struck < f.times))
    plan(w, index, f.at + f.struck * f.every, f.until + f.struck * f.every);
}

}  // namespace

const OnLink* struck_link(const Fault& fault) {
  return std::visit(
      [](const auto& what) -> const OnLink* {
        if constexpr (std::is_base_of_v<OnLink, std::decay_t<decltype(what)>>)
          return &what;
        return nullptr;
      },
      fault.what);
}

void add_fault(World& w, const Fault& fault) {
  const auto index = static_cast<std::uint32_t>(w.fault.faults.size());
  HOLDFAST_CHECK(fault.every == Duration{} ||
                     (fault.until != sim::never && fault.until - fault.at < fault.every),
                 "a fault that repeats is over before it begins again");
  HOLDFAST_CHECK(fault.struck == 0 && fault.at >= w.time(), "a fault is added before it strikes");
  w.fault.faults.push_back(fault);
  plan(w, index, fault.at, fault.until);
}

}  // namespace holdfast::fault
