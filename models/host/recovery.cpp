// SPDX-License-Identifier: Apache-2.0
// Error recovery of the host: detection, the time-based hold, teardown, reconnect. The hold is what
// stands between a retry and a stale original (protocol.md 1.6, 2.2, 4.6).
#include "models/host/internal.hpp"
#include "models/world.hpp"

namespace holdfast::host {

using wire::StatusCode;

namespace {

const RecoveryPolicy& policy_of(const World& w, const Controller& c) {
  return w.host.hosts[sim::index(c.host)].policy;
}

/// m x KATO + CQT; 0: do not hold. The clock starts when recovery starts, not at the fault.
Duration hold_time(const RecoveryPolicy& policy, const Controller& c) {
  if (!policy.hold)
    return Duration{};
  Duration cqt = std::chrono::milliseconds{c.cqt_ms};
  if (c.cqt_ms == 0) {
    if (!policy.hold_when_cqt_zero)
      return Duration{};
    cqt = policy.cqt_when_zero;
  }
  const std::uint32_t tbkas_multiplier = c.traffic_based ? 3 : 2;
  const std::uint32_t m = policy.multiplier != 0 ? policy.multiplier : tbkas_multiplier;
  return m * c.kato + cqt;
}

/// nvme_tcp_error_recovery_work.
void recovery_work(World& w, ControllerId id) {
  tear_down(w, id);
  if (!change_state(w, id, State::connecting))
    return;
  reconnect_or_remove(w, id, 0, false);
}

void start_resetting(World& w, ControllerId id) {
  if (!change_state(w, id, State::resetting))
    return;
  w.after(Duration{}, [id](World& world) { recovery_work(world, id); });
}

void hold_over(World& w, ControllerId id) {
  record<Kind::hold_ended>(w, id);
  change_state(w, id, State::fenced);
  start_resetting(w, id);
}

void reconnect(World& w, ControllerId id) {
  ++controller(w, id).attempts;
  start_setup(w, id);
}

void remove(World& w, ControllerId id, int error) {
  Controller& c = controller(w, id);
  change_state(w, id, State::deleting);
  w.calendar.cancel(c.failfast_timer);
  record<Kind::controller_removed>(w, id, error);
  remove_paths(w, id);
  change_state(w, id, State::dead);
}

/// The files are closed by deferred work, two ticks after the shutdown; until then TCP may still
/// retransmit what the socket holds (protocol.md 4.6).
void close_later(World& w, QueueId id) {
  Queue& q = queue(w, id);
  const transport::HostQueueId transport = q.transport;
  q.allocated = false;
  w.calendar.cancel(q.timeout_timer);
  q.timeout_at = sim::never;
  const Duration delay = w.host.hosts[sim::index(controller(w, q.controller).host)].close_delay;
  w.after(delay, [transport](World& world) { transport::close_queue(world, transport); });
}

std::uint64_t in_flight(const Queue& q) {
  std::uint64_t count = 0;
  for (const Request& r : q.requests)
    count += r.in_flight ? 1 : 0;
  return count;
}

void stop(World& w, QueueId id) {
  Queue& q = queue(w, id);
  q.live = false;
  if (q.allocated)
    transport::stop_queue(w, q.transport);
}

}  // namespace

void error_recovery(World& w, ControllerId id, Cause cause) {
  const Controller& c = controller(w, id);
  if (c.state != State::live)
    return;
  record<Kind::recovery_started>(w, id, cause);
  const RecoveryPolicy& policy = policy_of(w, c);
  // An allocation failure of the keep-alive resets the controller past the fence (protocol.md 4.3).
  if (!policy.hold || cause == Cause::keep_alive_tag) {
    start_resetting(w, id);
    return;
  }
  change_state(w, id, State::fencing);
  const Duration hold = hold_time(policy, c);
  record<Kind::fence_started>(w, id, hold.count());
  if (hold == Duration{}) {
    hold_over(w, id);
    return;
  }
  controller(w, id).hold_timer = w.after(hold, [id](World& world) { hold_over(world, id); });
}

void on_queue_failed(World& w, std::uint32_t owner, int) {
  error_recovery(w, queue(w, QueueId{owner}).controller, Cause::transport);
}

void request_timed_out(World& w, QueueId id, std::uint16_t tag) {
  Request& r = queue(w, id).requests[tag];
  const ControllerId ctrl = queue(w, id).controller;
  record<Kind::request_timeout>(w, ctrl, queue(w, id).qid, r.command.cid, r.command.opcode,
                                wire::PduType::capsule_cmd);
  const State state = controller(w, ctrl).state;
  if (state == State::live || state == State::fencing || state == State::fenced) {
    // BLK_EH_RESET_TIMER: the request is not completed here. Submission times are kept by the
    // block layer as deadline minus timeout, so this moves them too.
    r.submitted = w.now();
    r.deadline = w.now() + r.timeout;
    if (state == State::live)
      error_recovery(w, ctrl, Cause::request_timeout);
    return;
  }
  // nvme_tcp_complete_timed_out: the state is not LIVE, nobody else will complete it. Its queue is
  // stopped first, so that no late answer can meet the freed tag.
  stop(w, id);
  wire::Completion aborted;
  aborted.status = StatusCode::host_aborted_command;
  complete_request(w, id, tag, aborted);
}

void tear_down(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  stop_keep_alive(w, id);
  w.calendar.cancel(c.ready_poll);
  c.setup = Setup::idle;
  // All I/O sockets first, then the requests: cancelling them is the failover instant.
  std::uint64_t cancelled = 0;
  for (std::uint32_t i = 0; i < c.io_queues_wanted; ++i) {
    stop(w, io_queue(c, i));
    cancelled += in_flight(queue(w, io_queue(c, i)));
  }
  clear_path(w, id);
  record<Kind::requests_cancelled>(w, id, cancelled);
  for (std::uint32_t i = 0; i < c.io_queues_wanted; ++i)
    cancel_all(w, io_queue(c, i));
  stop(w, c.admin);
  cancel_all(w, c.admin);
  for (std::uint32_t i = 0; i < c.io_queues_wanted; ++i) {
    if (queue(w, io_queue(c, i)).allocated)
      close_later(w, io_queue(c, i));
  }
  if (queue(w, c.admin).allocated)
    close_later(w, c.admin);
}

void reconnect_or_remove(World& w, ControllerId id, int error, bool dnr) {
  Controller& c = controller(w, id);
  // nvmf_should_reconnect. A first connect that fails is an error of `nvme connect`: no retries.
  const bool more =
      c.max_reconnects < 0 || c.attempts < static_cast<std::uint64_t>(c.max_reconnects);
  if (dnr || !more || !c.connected_once) {
    remove(w, id, error);
    return;
  }
  record<Kind::reconnect_scheduled>(w, id, c.reconnect_delay.count());
  c.reconnect_timer = w.after(c.reconnect_delay, [id](World& world) { reconnect(world, id); });
}

}  // namespace holdfast::host
