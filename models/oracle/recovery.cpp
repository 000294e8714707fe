// SPDX-License-Identifier: Apache-2.0
// The log of recoveries, record by record.
#include "models/oracle/recovery.hpp"

#include <algorithm>

#include "models/world.hpp"

namespace holdfast::oracle {

namespace {

ControllerWatch& watch(World& w, std::uint64_t controller) {
  auto& watches = w.recovery.watches;
  if (watches.size() <= controller)
    watches.resize(controller + 1);
  return watches[controller];
}

Recovery* open_recovery(World& w, std::uint64_t controller) {
  const std::uint32_t open = watch(w, controller).open;
  return open == ~0u ? nullptr : &w.recovery.recoveries[open];
}

bool crosses(const World& w, net::RouteId route, const fault::OnLink& f) {
  const net::Route& r = w.net.routes[sim::index(route)];
  for (std::uint32_t i = 0; i < r.count; ++i) {
    const net::ChannelId c = w.net.hops[r.first + i];
    const bool struck = sim::index(c) % 2 == 0 ? f.forward : f.backward;
    if (sim::index(c) / 2 == sim::index(f.link) && struck)
      return true;
  }
  return false;
}

/// Does the fault harm what is connected like this? What is done to a target's software, or by
/// others, harms nobody's connection by itself.
struct Strikes {
  const World& w;
  const host::Controller& c;

  bool is_it(host::ControllerId id) const { return &c == &w.host.controllers[sim::index(id)]; }

  bool operator()(const fault::OnLink& f) const {
    return crosses(w, c.forward, f) || crosses(w, c.back, f);
  }
  bool operator()(const fault::OnPackets& f) const {
    const bool all = f.controller == sim::none<host::ControllerId>;
    return all ? (*this)(static_cast<const fault::OnLink&>(f)) : is_it(f.controller);
  }
  bool operator()(const fault::Once&) const { return false; }
  bool operator()(const fault::KillSockets& f) const { return is_it(f.controller); }
  bool operator()(const fault::RemotePortLost& f) const { return c.forward == f.routes[0]; }
  bool operator()(const fault::NodeFailure& f) const {
    const auto& ports = w.target.nodes[sim::index(f.node)].ports;
    return std::find(ports.begin(), ports.end(), c.port) != ports.end();
  }
  bool operator()(const fault::AdminStall&) const { return false; }
  bool operator()(const fault::PortRemoved& f) const {
    const auto& nqn = w.target.subsystems[sim::index(f.subsystem)].nqn;
    return c.port == f.port && c.subnqn.view() == nqn;
  }
  bool operator()(const fault::CrossTraffic&) const { return false; }
};

void on_fault(World& w, const sim::Record& r) {
  const fault::Fault& f = w.fault.faults[r.word[0]];
  if (r.word[1] == 0)
    return;
  for (std::uint32_t i = 0; i < w.host.controllers.size(); ++i) {
    const host::Controller& c = w.host.controllers[i];
    if (std::visit(Strikes{w, c}, f.what))
      watch(w, i).last_fault = w.now();
  }
}

/// Calls `act(i)` for each host controller that is associated with a target controller.
template <class Act>
void for_hosts_of(World& w, std::uint64_t subsystem, std::uint64_t cntlid, Act act) {
  const std::string& nqn = w.target.subsystems[subsystem].nqn;
  for (std::uint32_t i = 0; i < w.host.controllers.size(); ++i) {
    const host::Controller& c = w.host.controllers[i];
    if (c.cntlid == cntlid && c.subnqn.view() == nqn)
      act(i);
  }
}

void on_target_detected(World& w, const sim::Record& r) {
  for_hosts_of(w, r.word[0], r.word[1], [&](std::uint32_t i) {
    ControllerWatch& at = watch(w, i);
    at.target_detected = w.now();
    if (Recovery* open = open_recovery(w, i); open && open->target_detected == sim::never) {
      open->target_detected = w.now();
    }
  });
}

void on_started(World& w, const sim::Record& r) {
  ControllerWatch& at = watch(w, r.word[0]);
  Recovery recovery;
  recovery.controller = static_cast<std::uint32_t>(r.word[0]);
  recovery.cause = r.word[1];
  recovery.detected = w.now();
  recovery.fault = at.last_fault;
  // The target may have noticed first; that counts if it was after the fault.
  if (at.target_detected != sim::never && at.target_detected >= at.last_fault) {
    recovery.target_detected = at.target_detected;
  }
  at.target_detected = sim::never;
  at.open = static_cast<std::uint32_t>(w.recovery.recoveries.size());
  w.recovery.recoveries.push_back(recovery);
}

void on_complete(World& w, const sim::Record& r) {
  RecoveryLog& log = w.recovery;
  const auto place = std::find(log.moved.begin(), log.moved.end(), r.word[0]);
  if (place == log.moved.end())
    return;
  const auto at = place - log.moved.begin();
  Recovery& recovery = log.recoveries[log.moved_by[static_cast<std::size_t>(at)]];
  if (recovery.first_retry_done == sim::never)
    recovery.first_retry_done = w.now();
  log.moved.erase(place);
  log.moved_by.erase(log.moved_by.begin() + at);
}

void on_abandoned(World& w, const sim::Record& r) {
  const std::uint32_t open = watch(w, r.word[1]).open;
  if (open == ~0u)
    return;
  w.recovery.moved.push_back(r.word[0] >> 8);
  w.recovery.moved_by.push_back(open);
}

}  // namespace

void log_recovery(World& w, const sim::Record& r) {
  switch (static_cast<Kind>(r.kind)) {
    case Kind::fault:
      on_fault(w, r);
      return;
    case Kind::command_delayed:
      for_hosts_of(w, r.word[0], r.word[1],
                   [&](std::uint32_t i) { watch(w, i).last_fault = w.now(); });
      return;
    case Kind::recovery_started:
      on_started(w, r);
      return;
    case Kind::fence_started:
      if (Recovery* open = open_recovery(w, r.word[0])) {
        open->fence_started = w.now();
        open->hold_until = w.now() + Duration{static_cast<std::int64_t>(r.word[1])};
        open->held = r.word[1] != 0;
      }
      return;
    case Kind::ccr_attempt:
      if (Recovery* open = open_recovery(w, r.word[0]))
        open->ccr_attempts = r.word[2];
      return;
    case Kind::ccr_succeeded:
      if (Recovery* open = open_recovery(w, r.word[0]))
        open->ccr_done = w.now();
      return;
    case Kind::ccr_failed:
      if (Recovery* open = open_recovery(w, r.word[0]))
        open->held = r.word[1] != 0;
      return;
    case Kind::requests_cancelled:
      if (Recovery* open = open_recovery(w, r.word[0]); open && open->released == sim::never) {
        open->released = w.now();
        open->cancelled = r.word[1];
      }
      return;
    case Kind::attempt_abandoned:
      on_abandoned(w, r);
      return;
    case Kind::app_complete:
      if (!w.recovery.moved.empty())
        on_complete(w, r);
      return;
    case Kind::connected:
      if (Recovery* open = open_recovery(w, r.word[0]))
        open->reconnected = w.now();
      watch(w, r.word[0]).open = ~0u;
      return;
    case Kind::keep_alive_expired:
      ++w.recovery.target_expiries;
      on_target_detected(w, r);
      return;
    case Kind::controller_fatal:
      on_target_detected(w, r);
      return;
    case Kind::controller_created:
      w.recovery.associations.push_back(w.now());
      return;
    default:
      return;
  }
}

}  // namespace holdfast::oracle
