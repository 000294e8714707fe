// SPDX-License-Identifier: Apache-2.0
// Links between subsystems and ports, as an administrator of nvmet makes and removes them.
#include <algorithm>

#include "models/target/internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

namespace {

bool contains(const sim::Vector<transport::PortId>& ports, transport::PortId port) {
  return std::find(ports.begin(), ports.end(), port) != ports.end();
}

/// A discovery service has no link of its own: it is there as long as the port is enabled.
bool anybody_listens(const World& w, transport::PortId port) {
  return std::any_of(w.target.subsystems.begin(), w.target.subsystems.end(),
                     [&](const Subsystem& s) { return !s.discovery && listens(s, port); });
}

/// Shuts the connections of the port's queues down, of one subsystem or, with none, of all that are
/// left. Commands that execute run to their end, as always when a connection goes.
void shut_down_queues(World& w, transport::PortId port, SubsystemId subsystem) {
  for (const QueueId id : sim::members<&Queue::on_port>(w.target.queues, queues_at(w, port))) {
    if (!w.target.queues.contains(id) || w.target.queues[id].stopped)
      continue;
    const Queue& q = w.target.queues[id];
    const bool is_its = subsystem == sim::none<SubsystemId> ||
                        (q.controller != sim::none<ControllerId> &&
                         w.target.controllers[q.controller].subsystem == subsystem);
    if (is_its)
      stop_queue(w, id, true);
  }
}

}  // namespace

void set_attr_cqt(World& w, SubsystemId subsystem, sim::Duration cqt) {
  Subsystem& s = w.target.subsystems[sim::index(subsystem)];
  const auto cqt_ms = static_cast<std::uint16_t>(cqt / std::chrono::milliseconds{1});
  if (cqt_ms == s.profile->cqt_ms)
    return;
  auto changed = std::make_shared<target::Profile>(*s.profile);
  changed->cqt_ms = cqt_ms;
  s.profile = std::move(changed);
  for (const transport::PortId port : s.ports)
    shut_down_queues(w, port, subsystem);
}

bool listens(const Subsystem& s, transport::PortId port) {
  return contains(s.ports, port) && !contains(s.unlinked, port);
}

void unlink_port(World& w, SubsystemId subsystem, transport::PortId port) {
  Subsystem& s = w.target.subsystems[sim::index(subsystem)];
  HOLDFAST_CHECK(contains(s.ports, port), "the subsystem was never linked to that port");
  const bool was_linked = listens(s, port);
  s.unlinked.push_back(port);
  if (!was_linked)
    return;
  // nvmet_port_subsys_drop_link: nvmet_port_del_ctrls for each controller of that port
  // (nvmet_tcp_delete_ctrl: kernel_sock_shutdown), CSTS.CFS is not set.
  shut_down_queues(w, port, subsystem);
  if (anybody_listens(w, port))
    return;
  // nvmet_disable_port: the listener, and queues that belong to no controller yet or to a
  // discovery controller (nvmet_tcp_destroy_port_queues).
  w.transport.ports[sim::index(port)].listening = false;
  shut_down_queues(w, port, sim::none<SubsystemId>);
}

void listen_again(World& w, transport::PortId port) {
  if (anybody_listens(w, port))
    w.transport.ports[sim::index(port)].listening = true;
}

void link_port(World& w, SubsystemId subsystem, transport::PortId port) {
  Subsystem& s = w.target.subsystems[sim::index(subsystem)];
  const auto place = std::find(s.unlinked.begin(), s.unlinked.end(), port);
  HOLDFAST_CHECK(place != s.unlinked.end(), "a link is made that is there");
  s.unlinked.erase(place);
  if (listens(s, port))
    w.transport.ports[sim::index(port)].listening = true;
}

}  // namespace holdfast::target
