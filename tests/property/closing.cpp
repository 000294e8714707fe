// SPDX-License-Identifier: Apache-2.0
#include "tests/property/closing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "models/fault/fault.hpp"
#include "models/host/host.hpp"
#include "models/net/fabric.hpp"
#include "models/net/netem.hpp"
#include "models/net/traffic.hpp"
#include "models/target/target.hpp"
#include "models/transport/fc/fc.hpp"

namespace holdfast::invariants {

namespace {

using namespace std::chrono_literals;

/// Faults that are drawn with an end are over by then.
constexpr sim::Duration longest_fault = 10s;
/// The longest that a drawn scenario may take from there: an I/O (30 s) and an admin command (60 s)
/// that time out one after the other, on FC an ABTS, a second one and a link service of 20 s each,
/// a hold of 4 x 3 s + 2 s, an expiry of 2 x 3 s, a reconnect.
constexpr sim::Duration calm = 200s;

constexpr std::uint64_t not_connected = 107;  ///< ENOTCONN, of nvme-fc without a remote port

/// What a host does is done by its clock, as where a fault ends by itself.
sim::ActsFor<World> as_host(World& w, host::HostId id) {
  return {w.calendar, w.host.hosts[sim::index(id)].machine};
}

void heal_network(World& w) {
  for (std::uint32_t i = 0; i < w.net.channels.size(); ++i) {
    const net::ChannelId id{i};
    while (w.net.channels[i].blackholes != 0)
      net::remove_blackhole(w, id);
  }
  while (!w.net.losses.empty())
    net::remove_loss(w, w.net.losses.back().channel, w.net.losses.back().probability);
  for (std::uint32_t i = 0; i < w.net.links.size(); ++i) {
    while (w.net.channels[sim::index(net::channel_of(net::LinkId{i}, 0))].outages != 0)
      net::bring_up(w, net::LinkId{i});
  }
  for (std::uint32_t i = 0; i < w.net.netems.size(); ++i) {
    if (w.net.netems[i].on)
      net::switch_netem(w, i, false);
  }
  for (std::uint32_t i = 0; i < w.net.flow_filters.size(); ++i) {
    if (w.net.flow_filters[i].on)
      net::switch_flow_filter(w, i, false);
  }
  for (std::uint32_t i = 0; i < w.net.traffic.size(); ++i)
    net::stop_traffic(w, i);
  for (transport::CapsuleDrop& d : w.transport.capsule_drops)
    d.armed = false;
  for (transport::PduDamage& d : w.transport.pdu_damages)
    d.armed = false;
  w.transport.chosen_capsules.clear();
}

void heal_targets(World& w) {
  for (std::uint32_t i = 0; i < w.target.nodes.size(); ++i) {
    while (!w.target.nodes[i].failures.empty())
      target::restore_node(w, target::NodeId{i}, w.target.nodes[i].failures.back());
  }
  for (std::uint32_t i = 0; i < w.target.subsystems.size(); ++i) {
    const target::SubsystemId id{i};
    target::Subsystem& s = w.target.subsystems[i];
    s.faults.clear();
    s.status_faults.clear();
    s.response_faults.clear();
    while (!s.unlinked.empty())
      target::link_port(w, id, s.unlinked.back());
    while (!s.admin_stalls.empty())
      target::end_admin_stall(w, id, s.admin_stalls.back());
    for (const target::NamespaceId ns : sim::Vector<target::NamespaceId>(s.namespaces)) {
      for (const transport::PortId port : s.ports) {
        const std::uint32_t group = w.target.namespaces[sim::index(ns)].ana_group;
        target::set_ana_state(w, id, {port, group, wire::AnaState::optimized});
      }
    }
  }
}

/// Remote ports that are gone come back, and adapters send to all of them.
void heal_ports(World& w) {
  for (transport::Port& port : w.transport.ports) {
    port.refusals = 0;
    port.mutes = 0;
  }
  w.transport.no_routes.clear();
  const auto& cut = w.transport.fc.cut_routes;
  for (const fault::Fault& f : w.fault.faults) {
    const auto* lost = std::get_if<fault::RemotePortLost>(&f.what);
    if (lost == nullptr)
      continue;
    const std::uint32_t route = sim::index(lost->routes[0]);
    const auto acting = as_host(w, lost->host);
    while (route < cut.size() && cut[route] != 0)
      host::regain_remote_port(w, lost->host, lost->routes[0], lost->routes[1]);
  }
}

/// Machines that would stand still for ever go on. The others do so when their fault is over.
void heal_pauses(World& w) {
  for (fault::Fault& f : w.fault.faults) {
    const auto* pause = std::get_if<fault::HostPause>(&f.what);
    if (pause == nullptr || f.until != sim::never)
      continue;
    const sim::MachineId machine = w.host.hosts[sim::index(pause->host)].machine;
    for (; f.struck != 0; --f.struck)
      w.calendar.go_on(machine);
    if (!w.calendar.is_standing(machine))
      net::deliver_waiting(w, machine);
  }
}

void heal_hosts(World& w) {
  while (!w.host.blocked.empty()) {
    const auto acting = as_host(w, w.host.blocked.back());
    host::unblock_keep_alives(w, w.host.blocked.back());
  }
  while (!w.host.down.empty()) {
    const auto acting = as_host(w, w.host.down.back());
    host::come_up(w, w.host.down.back());
  }
}

/// A load that would go on for ever has little left to do.
void end_loads(World& w) {
  for (workload::Job& job : w.workload.jobs) {
    const sim::TimePoint end = w.now() + 1s;
    if (auto* fio = std::get_if<workload::Fio>(&job.program))
      fio->end = fio->end == sim::never ? end : std::min(fio->end, end);
    if (auto* rounds = std::get_if<workload::RwTest>(&job.program))
      rounds->iterations = std::min(rounds->iterations, rounds->iteration + 1);
    if (auto* script = std::get_if<workload::Script>(&job.program))
      script->repeat = std::min(script->repeat, script->round + 1);
  }
}

std::string stuck_controller(const World& w, std::uint32_t index, const Watcher& watcher) {
  const host::Controller& c = w.host.controllers[index];
  if (c.state == host::State::live)
    return {};
  const bool away = c.state == host::State::dead || c.state == host::State::deleting_noio;
  const bool given_up =
      c.max_reconnects >= 0 && c.attempts >= static_cast<std::uint64_t>(c.max_reconnects);
  // A first `nvme connect` that fails is an error, and nobody tries again.
  if (away && (given_up || !c.connected_once || watcher.was_sent_away(index)))
    return {};
  return fmt::format("controller {} is {} after {} attempts", index, host::state_name(c.state),
                     c.attempts);
}

std::string stuck_io(const World& w, const host::Io& io) {
  std::string where = "not sent, its paths:";
  for (const host::Path& path : w.host.heads[sim::index(io.head)].paths) {
    where += fmt::format(" controller {} {}{}{}", sim::index(path.controller),
                         static_cast<int>(path.ana), path.ready ? "" : " not ready",
                         path.ana_pending ? " pending" : "");
  }
  for (const host::Request& r : w.host.requests) {
    if (w.host.ios.contains(r.io) && w.host.ios[r.io].serial == io.serial)
      where = fmt::format("sent at {} ns", (r.submitted - sim::epoch).count());
  }
  return fmt::format("{} ({}, {} attempts, {})", io.serial, host::io_kind_name(io.kind),
                     io.attempts, where);
}

/// A command that waits for data or its other half, of a host that has left its end of the
/// connection, and whose last words were lost. A controller without a KATO does not notice (as TCP
/// keeps a half-open connection for as long as it has nothing to send).
bool is_orphaned(const World& w, const target::Request& r) {
  if (r.executing || !w.target.queues.contains(r.queue))
    return false;
  const target::Queue& q = w.target.queues[r.queue];
  if (w.target.controllers[q.controller].katt != sim::Duration{})
    return false;
  const auto connection = w.transport.target_queues[q.transport].connection;
  return std::none_of(
      w.transport.host_queues.begin(), w.transport.host_queues.end(),
      [&](const transport::HostQueue& one) { return one.connection == connection; });
}

}  // namespace

void Watcher::on_record(const sim::Record& record) {
  if (const std::string wrong = once_.take(record); broken_.empty())
    broken_ = wrong;
  const auto& word = record.word;
  switch (static_cast<Kind>(record.kind)) {
    case Kind::operator_request:
      if (word[1] == static_cast<std::uint64_t>(host::OperatorAction::remove))
        sent_away_.insert(word[0]);
      return;
    case Kind::recovery_started:
      if (word[1] == static_cast<std::uint64_t>(host::Cause::device_lost))
        sent_away_.insert(word[0]);
      return;
    case Kind::controller_removed:
      // Deleted on purpose, refused for good, or without a remote port for dev_loss_tmo.
      if (word[1] == 0 || wire::Status{static_cast<std::uint16_t>(word[1])}.dnr() ||
          word[1] == transport::fc::no_port || word[1] == not_connected)
        sent_away_.insert(word[0]);
      return;
    default:
      return;
  }
}

void end_repetitions(World& w) {
  for (fault::Fault& f : w.fault.faults)
    f.every = sim::Duration{};
  heal_pauses(w);
}

void end_everything(World& w) {
  heal_pauses(w);
  heal_network(w);
  heal_targets(w);
  heal_ports(w);
  heal_hosts(w);
  end_loads(w);
}

void heal(World& w) {
  end_repetitions(w);
  run_until(w, w.now() + longest_fault);
  end_everything(w);
  run_until(w, w.now() + calm);
}

std::string stuck(const World& w, const Watcher& watcher) {
  for (std::uint32_t i = 0; i < w.host.controllers.size(); ++i) {
    if (std::string what = stuck_controller(w, i, watcher); !what.empty())
      return what;
  }
  if (w.host.ios.live() != 0)
    return fmt::format("I/O {} is not done", stuck_io(w, *w.host.ios.begin()));
  const auto left = std::count_if(w.target.requests.begin(), w.target.requests.end(),
                                  [&](const target::Request& r) { return !is_orphaned(w, r); });
  if (left != 0)
    return fmt::format("{} commands are left at the target", left);
  for (const workload::Job& job : w.workload.jobs) {
    if (job.started && !job.finished)
      return fmt::format("load {} has not ended", job.name);
  }
  return {};
}

void close(World& w, const Watcher& watcher) {
  REQUIRE_THAT(watcher.broken(), Catch::Equals(""));
  heal(w);
  REQUIRE_THAT(watcher.broken(), Catch::Equals(""));
  REQUIRE_THAT(stuck(w, watcher), Catch::Equals(""));
}

}  // namespace holdfast::invariants
