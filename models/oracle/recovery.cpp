// SPDX-License-Identifier: Apache-2.0
// The log of recoveries, record by record.
#include "models/oracle/recovery.hpp"

#include <algorithm>

#include "models/oracle/strikes.hpp"
#include "models/target/target.hpp"
#include "models/transport/queue.hpp"
#include "models/world.hpp"

namespace holdfast::oracle {

namespace {

ControllerWatch& watch(World& w, host::ControllerId controller) {
  auto& watches = w.recovery.watches;
  if (watches.size() <= sim::index(controller))
    watches.resize(sim::index(controller) + std::size_t{1});
  return watches[sim::index(controller)];
}

Recovery* open_recovery(World& w, host::ControllerId controller) {
  const std::uint32_t open = watch(w, controller).open;
  HOLDFAST_CHECK(open == ~0u || (open < w.recovery.recoveries.size() &&
                                 w.recovery.recoveries[open].controller == controller),
                 "the recovery that is open is another controller's");
  return open == ~0u ? nullptr : &w.recovery.recoveries[open];
}

void on_fault(World& w, const Words<Kind::fault>& r) {
  const fault::Fault& f = w.fault.faults[r.get<"fault">()];
  const bool cuts = takes_away(f);
  if (!r.get<"on">() && !cuts)
    return;
  for (std::uint32_t i = 0; i < w.host.controllers.size(); ++i) {
    if (!strikes(w, f, host::ControllerId{i}))
      continue;
    ControllerWatch& at = watch(w, host::ControllerId{i});
    if (r.get<"on">())
      at.last_fault = w.time();
    if (cuts)
      at.cuts += r.get<"on">() ? 1u : ~0u;
  }
}

auto key(target::SubsystemId subsystem, std::uint16_t cntlid) {
  return std::uint64_t{sim::index(subsystem)} << 16 | cntlid;
}

/// Where the holder of a target controller is in the list, or should be.
auto place_of(RecoveryLog& log, std::uint64_t controller) {
  return std::lower_bound(
      log.holders.begin(), log.holders.end(), controller,
      [](const Holder& h, std::uint64_t wanted) { return key(h.subsystem, h.cntlid) < wanted; });
}

/// Connect names its host by an NQN that several controllers of a host share; the connection on
/// which it came is of one alone.
host::ControllerId who_connected(const World& w, target::SubsystemId subsystem,
                                 std::uint16_t cntlid) {
  const target::ControllerId id = target::find_controller(w, subsystem, cntlid);
  if (id == sim::none<target::ControllerId>)
    return sim::none<host::ControllerId>;
  const auto admin = w.target.queues[w.target.controllers[id].queues.front()].transport;
  return w.recovery.opened_by[sim::index(transport::connection_of(w, admin))];
}

void on_created(World& w, const Words<Kind::controller_created>& r) {
  RecoveryLog& log = w.recovery;
  log.associations.push_back(w.time());
  const Holder holder{r.get<"subsystem">(), r.get<"cntlid">(),
                      who_connected(w, r.get<"subsystem">(), r.get<"cntlid">())};
  const std::uint64_t wanted = key(holder.subsystem, holder.cntlid);
  const auto place = place_of(log, wanted);
  if (place != log.holders.end() && key(place->subsystem, place->cntlid) == wanted) {
    *place = holder;
  } else {
    log.holders.insert(place, holder);
  }
}

void on_opened(RecoveryLog& log, const Words<Kind::queue_opened>& r) {
  HOLDFAST_CHECK(r.get<"controller">() != sim::none<host::ControllerId>, "nobody opens a queue");
  const std::size_t connection = sim::index(r.get<"connection">());
  if (log.opened_by.size() <= connection)
    log.opened_by.resize(connection + 1, sim::none<host::ControllerId>);
  log.opened_by[connection] = r.get<"controller">();
}

/// The host controller that is associated with the target controller that a record names, or none.
/// NQN and CNTLID do not say it: a CNTLID is given to another host once it is free, and who had it
/// before may still think that it is his.
template <Kind... kinds>
host::ControllerId host_of(World& w, const Words<kinds...>& r) {
  const std::uint16_t cntlid = r.template get<"cntlid">();
  const std::uint64_t wanted = key(r.template get<"subsystem">(), cntlid);
  const auto place = place_of(w.recovery, wanted);
  const bool found =
      place != w.recovery.holders.end() && key(place->subsystem, place->cntlid) == wanted;
  if (!found || place->host == sim::none<host::ControllerId>)
    return sim::none<host::ControllerId>;
  // A host that has connected anew meanwhile has nothing to do with its old controller any more.
  const bool still = w.host.controllers[sim::index(place->host)].cntlid == cntlid;
  return still ? place->host : sim::none<host::ControllerId>;
}

void on_target_detected(World& w,
                        const Words<Kind::keep_alive_expired, Kind::controller_fatal>& r) {
  const host::ControllerId id = host_of(w, r);
  if (id == sim::none<host::ControllerId>)
    return;
  watch(w, id).target_detected = w.time();
  watch(w, id).ended = true;
  if (Recovery* open = open_recovery(w, id); open && open->target_detected == sim::never)
    open->target_detected = w.time();
}

void on_delayed(World& w, const Words<Kind::command_delayed>& r) {
  const host::ControllerId id = host_of(w, r);
  if (id != sim::none<host::ControllerId>)
    watch(w, id).last_fault = w.time();
}

void on_suspected(World& w, const Words<Kind::suspected>& r) {
  watch(w, r.get<"controller">()).suspected = w.time();
}

/// Did the host give up what was well? One that hears from its transport that a connection is gone
/// is right, unless it has given that one up itself.
bool is_false_alarm(const ControllerWatch& at, host::Cause cause, TimePoint now) {
  const bool by_itself = cause == host::Cause::request_timeout ||
                         cause == host::Cause::keep_alive_tag || at.suspected == now;
  return by_itself && at.cuts == 0 && !at.ended;
}

void on_started(World& w, const Words<Kind::recovery_started>& r) {
  ControllerWatch& at = watch(w, r.get<"controller">());
  HOLDFAST_CHECK(at.last_fault <= w.time() && at.target_detected <= w.time(), "time has gone back");
  Recovery recovery;
  recovery.controller = r.get<"controller">();
  recovery.cause = r.get<"cause">();
  recovery.detected = w.time();
  recovery.fault = at.last_fault;
  recovery.false_alarm = is_false_alarm(at, recovery.cause, w.time());
  // The target may have noticed first; that counts if it was after the fault.
  if (at.target_detected != sim::never && at.target_detected >= at.last_fault) {
    recovery.target_detected = at.target_detected;
  }
  at.target_detected = sim::never;
  at.open = static_cast<std::uint32_t>(w.recovery.recoveries.size());
  w.recovery.recoveries.push_back(recovery);
}

void on_moved_complete(World& w, const Words<Kind::app_complete>& r) {
  RecoveryLog& log = w.recovery;
  const std::uint64_t serial = r.get<"op">();
  const auto first = std::lower_bound(log.moved.begin(), log.moved.end(), Moved{serial, 0});
  auto last = first;
  for (; last != log.moved.end() && last->serial == serial; ++last) {
    Recovery& recovery = log.recoveries[last->recovery];
    HOLDFAST_CHECK(recovery.detected <= w.time(), "an I/O moved before its recovery began");
    if (recovery.first_retry_done == sim::never)
      recovery.first_retry_done = w.time();
  }
  log.moved.erase(first, last);
}

void on_moved(World& w, const Words<Kind::attempt_abandoned>& r) {
  const std::uint32_t open = watch(w, r.get<"controller">()).open;
  if (open == ~0u)
    return;
  // Two recoveries that abandon the same operation, one after the other, wait for the same answer.
  auto& moved = w.recovery.moved;
  const Moved one{serial_of(r.get<"token">()), open};
  const auto place = std::lower_bound(moved.begin(), moved.end(), one);
  if (place == moved.end() || *place != one)
    moved.insert(place, one);
}

/// The first instant at which the clock of the machine that acts has gone `span` >= 0 further.
TimePoint gone_by(const World& w, Duration span) {
  const TimePoint due = w.now() + span;
  // No clock is off by more than a tenth.
  TimePoint early = w.time(), late = early + 2 * span;
  while (early < late) {
    const TimePoint middle = early + (late - early) / 2;
    if (w.calendar.shown(middle) >= due)
      late = middle;
    else
      early = middle + Duration{1};
  }
  return early;
}

void on_fence_started(World& w, const Words<Kind::fence_started>& r) {
  if (Recovery* open = open_recovery(w, r.get<"controller">())) {
    open->fence_started = w.time();
    open->hold_until = gone_by(w, r.get<"hold_ns">());
    HOLDFAST_CHECK(open->hold_until >= open->detected, "a hold ends before its recovery began");
    open->held = r.get<"hold_ns">() != Duration{};
  }
}

void on_ccr_attempt(World& w, const Words<Kind::ccr_attempt>& r) {
  if (Recovery* open = open_recovery(w, r.get<"controller">()))
    open->ccr_attempts = r.get<"attempt">();
}

void on_ccr_succeeded(World& w, const Words<Kind::ccr_succeeded>& r) {
  if (Recovery* open = open_recovery(w, r.get<"controller">()))
    open->ccr_done = w.time();
}

void on_ccr_failed(World& w, const Words<Kind::ccr_failed>& r) {
  if (Recovery* open = open_recovery(w, r.get<"controller">()))
    open->held = r.get<"left_ns">() != Duration{};
}

void on_cancelled(World& w, const Words<Kind::requests_cancelled>& r) {
  Recovery* open = open_recovery(w, r.get<"controller">());
  if (open == nullptr || open->released != sim::never)
    return;
  open->released = w.time();
  open->cancelled = r.get<"count">();
}

void on_connected(World& w, const Words<Kind::connected>& r) {
  if (Recovery* open = open_recovery(w, r.get<"controller">()))
    open->reconnected = w.time();
  watch(w, r.get<"controller">()).open = ~0u;
  watch(w, r.get<"controller">()).ended = false;
}

}  // namespace

void log_recovery(World& w, const sim::Record& r) {
  switch (static_cast<Kind>(r.kind)) {
    case Kind::fault:
      on_fault(w, Words<Kind::fault>(r));
      return;
    case Kind::command_delayed:
      on_delayed(w, Words<Kind::command_delayed>(r));
      return;
    case Kind::recovery_started:
      on_started(w, Words<Kind::recovery_started>(r));
      return;
    case Kind::suspected:
      on_suspected(w, Words<Kind::suspected>(r));
      return;
    case Kind::fence_started:
      on_fence_started(w, Words<Kind::fence_started>(r));
      return;
    case Kind::ccr_attempt:
      on_ccr_attempt(w, Words<Kind::ccr_attempt>(r));
      return;
    case Kind::ccr_succeeded:
      on_ccr_succeeded(w, Words<Kind::ccr_succeeded>(r));
      return;
    case Kind::ccr_failed:
      on_ccr_failed(w, Words<Kind::ccr_failed>(r));
      return;
    case Kind::requests_cancelled:
      on_cancelled(w, Words<Kind::requests_cancelled>(r));
      return;
    case Kind::attempt_abandoned:
      on_moved(w, Words<Kind::attempt_abandoned>(r));
      return;
    case Kind::app_complete:
      if (!w.recovery.moved.empty())
        on_moved_complete(w, Words<Kind::app_complete>(r));
      return;
    case Kind::connected:
      on_connected(w, Words<Kind::connected>(r));
      return;
    case Kind::keep_alive_expired:
      ++w.recovery.target_expiries;
      on_target_detected(w, Words<Kind::keep_alive_expired, Kind::controller_fatal>(r));
      return;
    case Kind::controller_fatal:
      on_target_detected(w, Words<Kind::keep_alive_expired, Kind::controller_fatal>(r));
      return;
    case Kind::controller_created:
      on_created(w, Words<Kind::controller_created>(r));
      return;
    case Kind::queue_opened:
      on_opened(w.recovery, Words<Kind::queue_opened>(r));
      return;
    default:
      return;
  }
}

}  // namespace holdfast::oracle
