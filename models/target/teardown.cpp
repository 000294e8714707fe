// SPDX-License-Identifier: Apache-2.0
// How a controller of the target ends: connections first, then what is executing runs to its end,
// and only then is the controller gone. "Gone" therefore means that no stale command can land any
// more; this is the property that fencing relies on (protocol.md 1.8).
#include <algorithm>
#include <utility>

#include "models/target/internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

namespace {

/// Queue::release_at of a queue that does not wait for its machine.
constexpr TimePoint at_once = sim::epoch;
/// Of one whose turn has not come.
constexpr TimePoint not_yet = TimePoint::max();

void free_controller(World& w, ControllerId id) {
  Controller& c = w.target.controllers[id];
  HOLDFAST_CHECK(c.queues.empty(), "a controller goes while something could still land");
  w.calendar.cancel(c.watchdog);
  const SubsystemId subsystem = c.subsystem;
  Subsystem& s = w.target.subsystems[sim::index(subsystem)];
  auto& siblings = s.controllers;
  const auto place = std::find(siblings.begin(), siblings.end(), id);
  HOLDFAST_CHECK(place != siblings.end(), "the subsystem does not know the controller");
  siblings.erase(place);
  s.by_cntlid[c.cntlid] = sim::none<ControllerId>;
  s.lowest_free = std::min<std::uint32_t>(s.lowest_free, c.cntlid);
  const sim::Vector<ControllerId> sources = c.ccr_sources;
  record<Kind::controller_freed>(w, subsystem, c.cntlid);
  w.target.controllers.remove(id);
  complete_resets_of(w, subsystem, id, sources);
}

/// Commands that execute on a queue which is going away and is not allowed to wait for them.
void detach_executing(World& w, QueueId id, bool abort) {
  Queue& q = w.target.queues[id];
  for (const RequestId one : sim::members<&Request::of_queue>(w.target.requests, q.executes)) {
    Request& r = w.target.requests[one];
    r.detached = true;
    r.aborted = abort;
    if (!abort)
      record<Kind::command_detached>(w, r.subsystem, r.cntlid, Token{r.version});
  }
  q.executing = 0;
  q.executes = {};
}

/// nvmet_sq_destroy waits until every CPU knows that the queue's reference is dead, which takes a
/// grace period of RCU (lib/percpu-refcount.c), while what executes runs to its end.
void start_release(World& w, QueueId id, const sim::TimerWheel& wheel) {
  Queue& q = w.target.queues[id];
  HOLDFAST_CHECK(q.stopped, "a queue is released that still takes commands");
  q.release_at = sim::grace_period_over(wheel, w.now());
  if (q.controller != sim::none<ControllerId>) {
    Subsystem& s = w.target.subsystems[sim::index(w.target.controllers[q.controller].subsystem)];
    // One processor for all that comes and goes.
    if (s.profile->teardown_time != Duration{}) {
      s.connects_until = std::max(s.connects_until, q.release_at) + s.profile->teardown_time;
      q.release_at = s.connects_until;
    }
  }
  if (q.release_at <= w.now())
    return;
  q.release_timer = w.at(q.release_at, [id](World& world) {
    const NodeId node = world.target.queues[id].node;
    if (hangs(world, node)) {
      hold(world, node, {.kind = Held::Kind::released, .queue = id});
    } else {
      release_if_drained(world, id);
    }
  });
}

/// nvmet_fc_delete_target_assoc ends the queues of an association one after the other, the admin
/// queue last.
void start_next_release(World& w, ControllerId id) {
  const Controller& c = w.target.controllers[id];
  const auto last = std::max_element(c.queues.begin(), c.queues.end(), [&](QueueId a, QueueId b) {
    return w.target.queues[a].qid < w.target.queues[b].qid;
  });
  if (last == c.queues.end() || !w.target.queues[*last].stopped)
    return;
  start_release(w, *last, w.target.subsystems[sim::index(c.subsystem)].profile->wheel);
}

/// Before that it waits for a grace period itself, so that no command finds the queues any more
/// (synchronize_rcu). Without ticks none of this takes time.
void start_releases(World& w, QueueId id, const sim::TimerWheel& wheel) {
  if (w.transport.kind != transport::TransportKind::fc || wheel.is_exact()) {
    start_release(w, id, wheel);
    return;
  }
  const ControllerId controller = w.target.queues[id].controller;
  w.target.queues[id].release_at = not_yet;
  Controller& c = w.target.controllers[controller];
  if (std::exchange(c.releasing, true))
    return;
  w.at(sim::grace_period_over(wheel, w.now()), [controller](World& world) {
    if (world.target.controllers.contains(controller))
      start_next_release(world, controller);
  });
}

/// The socket's file is closed by deferred work, so that its RST leaves a little later.
void close_transport(World& w, const Queue& q) {
  const transport::TargetQueueId transport = q.transport;
  TimePoint at = w.now();
  if (q.controller != sim::none<ControllerId> && q.release_at != at_once &&
      w.transport.kind == transport::TransportKind::tcp) {
    const Controller& c = w.target.controllers[q.controller];
    at = sim::file_closed_at(w.target.subsystems[sim::index(c.subsystem)].profile->wheel, at);
  }
  if (at <= w.now()) {
    transport::close_queue(w, transport);
  } else {
    w.at(at, [transport](World& world) { transport::close_queue(world, transport); });
  }
}

}  // namespace

void fatal_error(World& w, ControllerId id, int cause) {
  Controller& c = w.target.controllers[id];
  if (c.fatal)
    return;
  c.fatal = true;
  const Subsystem& s = w.target.subsystems[sim::index(c.subsystem)];
  if (s.profile->in_flight == InFlight::quiesce) {
    // A node that hung was late to notice; the time counts from when it should have.
    const TimePoint from = c.missed_check == sim::never ? w.now() : c.missed_check;
    c.quiesced_at = from + draw(w.choices, s.quiesce_choice, s.profile->quiesce_time);
  }
  record<Kind::controller_fatal>(w, c.subsystem, c.cntlid, cause);
  // nvmet_fatal_error_handler: every socket of the controller, in accept order. Stopping the last
  // queue may free the controller, hence the copy of the list.
  const sim::Vector<QueueId> queues = c.queues;
  for (const QueueId queue : queues)
    stop_queue(w, queue, true);
}

void stop_queue(World& w, QueueId id, bool shut_down_transport) {
  Queue& q = w.target.queues[id];
  if (q.stopped)
    return;
  q.stopped = true;
  if (shut_down_transport)
    transport::stop_queue(w, q.transport);
  // Writes whose data did not arrive completely are never executed (step 4 of protocol.md 1.8).
  while (q.first_waiting != sim::none<RequestId>) {
    const RequestId request = q.first_waiting;
    q.first_waiting = w.target.requests[request].next_waiting;
    HOLDFAST_CHECK(!w.target.requests[request].executing, "a command that waits for data executes");
    w.target.requests.remove(request);
  }
  if (q.controller != sim::none<ControllerId>) {
    Controller& c = w.target.controllers[q.controller];
    std::erase_if(c.stalled, [&](const Held& h) { return h.queue == id; });
    const Subsystem& s = w.target.subsystems[sim::index(c.subsystem)];
    const InFlight in_flight = s.profile->in_flight;
    start_releases(w, id, s.profile->wheel);
    if (in_flight == InFlight::abort || in_flight == InFlight::ignore)
      detach_executing(w, id, in_flight == InFlight::abort);
    if (in_flight == InFlight::quiesce && q.executing != 0) {
      const TimePoint until =
          c.fatal ? c.quiesced_at
                  : w.now() + draw(w.choices, s.quiesce_choice, s.profile->quiesce_time);
      q.quiesce_timer =
          w.at(std::max(until, w.now()), [id](World& world) { quiesce_over(world, id); });
      if (until <= w.now()) {
        quiesce_over(w, id);
        return;
      }
    }
  }
  release_if_drained(w, id);
}

void quiesce_over(World& w, QueueId id) {
  const Queue& q = w.target.queues[id];
  HOLDFAST_CHECK(q.stopped, "only a queue that was stopped is quiesced");
  const Controller& c = w.target.controllers[q.controller];
  if (hangs(w, c.node)) {
    hold(w, c.node, {.kind = Held::Kind::quiesced, .queue = id});
    return;
  }
  record<Kind::commands_stopped>(w, c.subsystem, c.cntlid, q.qid, q.executing);
  detach_executing(w, id, true);
  release_if_drained(w, id);
}

void cut_off(World& w, QueueId id) {
  detach_executing(w, id, true);
  if (!w.target.queues[id].stopped)
    stop_queue(w, id, true);
  if (!w.target.queues.contains(id))
    return;
  Queue& q = w.target.queues[id];
  // Nobody waits for the machine's own time.
  q.release_at = at_once;
  release_if_drained(w, id);
}

void cut_off(World& w, ControllerId id) {
  const sim::Vector<QueueId> queues = w.target.controllers[id].queues;
  for (const QueueId queue : queues)
    cut_off(w, queue);
}

void release_if_drained(World& w, QueueId id) {
  const Queue q = w.target.queues[id];
  if (!q.stopped || q.executing != 0 || w.now() < q.release_at)
    return;
  const transport::ConnectionId connection = transport::connection_of(w, q.transport);
  HOLDFAST_CHECK(q.first_waiting == sim::none<RequestId>,
                 "a queue is released with commands that wait");
  const bool has_controller = q.controller != sim::none<ControllerId>;
  if (has_controller) {
    Controller& c = w.target.controllers[q.controller];
    record<Kind::queue_released>(w, c.subsystem, c.cntlid, q.qid, connection);
    // nvmet_sq_destroy: teardown may have taken long, so the watchdog gets a fresh window.
    c.traffic_seen = true;
    const auto place = std::find(c.queues.begin(), c.queues.end(), id);
    HOLDFAST_CHECK(place != c.queues.end(), "the controller does not know the queue");
    c.queues.erase(place);
  }
  close_transport(w, q);
  w.calendar.cancel(q.quiesce_timer);
  w.calendar.cancel(q.release_timer);
  forget_held(w, q.node, id);
  sim::unlink<&Queue::on_port>(w.target.queues, queues_at(w, q.port), id);
  w.target.queues.remove(id);
  if (!has_controller)
    return;
  const Controller& c = w.target.controllers[q.controller];
  if (c.queues.empty()) {
    free_controller(w, q.controller);
  } else if (c.releasing) {
    start_next_release(w, q.controller);
  }
}

}  // namespace holdfast::target
