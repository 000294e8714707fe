// SPDX-License-Identifier: Apache-2.0
// Error recovery of the host: detection, the time-based hold, teardown, reconnect. The hold is what
// stands between a retry and a stale original (protocol.md 1.6, 2.2, 4.6).
#include "models/host/hooks.hpp"
#include "models/host/internal.hpp"
#include "models/host/suspicion/suspicion.hpp"
#include "models/world.hpp"

namespace holdfast::host {

using wire::StatusCode;

namespace {

const RecoveryPolicy& policy_of(const World& w, const Controller& c) {
  return host_of(w, c).policy;
}

/// The association of a recovery is gone.
void recovered(World& w, ControllerId id) {
  if (!change_state(w, id, State::connecting)) {
    continue_delete(w, id);
    return;
  }
  reconnect_or_remove(w, id, 0, false);
}

/// nvme_tcp_error_recovery_work, from the cancel on.
void end_recovery(World& w, ControllerId id) { tear_down(w, id, recovered); }

/// The same, from the quiesce of the I/O queues on.
void finish_recovery(World& w, ControllerId id) {
  HOLDFAST_CHECK(
      controller(w, id).state == State::resetting || controller(w, id).state == State::deleting,
      "error recovery ends in RESETTING, or in a delete that came meanwhile");
  if (fc_delete_association(w, id))
    return;
  stop_keep_alive(w, id);
  controller(w, id).busy_in_resetting = true;
  when_quiesced(w, id, end_recovery);
}

/// nvme_tcp_error_recovery_work. The first RFC of TP4129 holds in here, with its sockets closed,
/// I/O before admin, and only if something is in flight.
void recovery_work(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  const RecoveryPolicy& policy = policy_of(w, c);
  if (c.then != Then::reconnect) {
    after_fence(w, id);
    return;
  }
  if (host_of(w, c).keep_alive_waits && !is_fc(c) && keep_alive_in_flight(w, c)) {
    // nvme_stop_keep_alive waits for the work, and that for the command, whose timer has been set
    // again (protocol.md 1.7).
    stop_keep_alive(w, id);
    c.awaited = true;
    c.busy_in_resetting = true;
    return;
  }
  if (policy.waits != RecoveryPolicy::Waits::resetting || !anything_in_flight(w, c)) {
    finish_recovery(w, id);
    return;
  }
  stop_keep_alive(w, id);
  close_connections(w, id);
  stop_timeouts(w, id, false);
  const Duration hold = hold_time(w, id);
  record<Kind::fence_started>(w, id, hold);
  c.busy_in_resetting = true;
  c.hold_timer = w.at(timer_at(w, c, hold), [id](World& world) {
    record<Kind::hold_ended>(world, id);
    controller(world, id).busy_in_resetting = false;
    finish_recovery(world, id);
  });
}

void start_resetting(World& w, ControllerId id) {
  if (!change_state(w, id, State::resetting))
    return;
  act_next(w, id, recovery_work);
}

void hold_over(World& w, ControllerId id) {
  record<Kind::hold_ended>(w, id);
  fence_done(w, id);
}

void hold_for(World& w, ControllerId id, Duration time) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(is_fencing(c.state), "only a controller that is fencing holds");
  c.hold_timer = w.at(timer_at(w, c, time), [id](World& world) { hold_over(world, id); });
}

void reconnect(World& w, ControllerId id) {
  // A delete that came in the same instant ends the attempt when its own turn comes.
  HOLDFAST_CHECK(
      controller(w, id).state == State::connecting || controller(w, id).state == State::deleting,
      "only CONNECTING tries to connect");
  ++controller(w, id).attempts;
  ++controller(w, id).counters.reconnect_count;
  start_setup(w, id);
}

void remove(World& w, ControllerId id, int error) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(c.setup == Setup::idle, "a set-up is on");
  change_state(w, id, State::deleting);
  w.calendar.cancel(c.failfast_timer);
  record<Kind::controller_removed>(w, id, error);
  stop_ana(w, id);
  remove_paths(w, id);
  change_state(w, id, State::dead);
}

}  // namespace

bool is_fencing(State state) {
  return state == State::fencing || state == State::fenced || state == State::recovering;
}

void start_fencing(World& w, ControllerId id) {
  HOLDFAST_CHECK(controller(w, id).state == State::live, "a fence begins where I/O is in flight");
  const RecoveryPolicy& policy = policy_of(w, controller(w, id));
  const bool in_one = policy.waits == RecoveryPolicy::Waits::recovering;
  change_state(w, id, in_one ? State::recovering : State::fencing);
  source_given_up(w, id);
  Controller& c = controller(w, id);
  const Duration hold = hold_time(w, id);
  const Duration deadline = policy.ccr ? std::max(ccr_time(w, id), hold) : hold;
  c.deadline = w.now() + deadline;
  c.hold_end = w.now() + hold;
  record<Kind::fence_started>(w, id, deadline);
  if (policy.keep_alive_stops_first)
    stop_keep_alive(w, id);
  if (policy.closes_first && !is_fc(c))
    close_connections(w, id);
  release_what_need_not_wait(w, id);
  if (policy.ccr) {
    start_ccr(w, id);
  } else if (hold == Duration{}) {
    fence_done(w, id);
  } else {
    hold_for(w, id, hold);
  }
}

void fence_done(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(c.ccr_source == sim::none<ControllerId>,
                 "a source controller is still waited for");
  c.deadline = sim::never;
  if (c.state == State::recovering) {
    // The RFC adds no RECOVERING -> RESETTING edge, so that a user cannot reset the controller; the
    // transport sets the state itself.
    force_state(w, id, State::resetting);
    act_next(w, id, recovery_work);
    return;
  }
  change_state(w, id, State::fenced);
  start_resetting(w, id);
}

void ccr_failed(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  HOLDFAST_CHECK(c.ccr_source == sim::none<ControllerId>,
                 "a source controller is still waited for");
  const Duration left = c.hold_end - w.now();
  record<Kind::ccr_failed>(w, id, std::max(left, Duration{}));
  if (left > Duration{}) {
    hold_for(w, id, left);
  } else {
    fence_done(w, id);
  }
}

void error_recovery(World& w, ControllerId id, Cause cause) {
  const Controller& c = controller(w, id);
  fc_error_while_connecting(w, id);
  if (c.state != State::live)
    return;
  record<Kind::recovery_started>(w, id, cause);
  const RecoveryPolicy& policy = policy_of(w, c);
  // An allocation failure of the keep-alive resets the controller past the fence (protocol.md 4.3).
  const bool bypasses = cause == Cause::keep_alive_tag && !policy.fences_without_tag;
  const bool by_policy = policy.fences() && !bypasses;
  RecoveryHooks* const hooks = hooks_of(w, c);
  if (!(hooks != nullptr ? hooks->fences(w, id, cause).value_or(by_policy) : by_policy)) {
    start_resetting(w, id);
  } else {
    start_fencing(w, id);
  }
}

void resume_recovery(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(c.awaited, "recovery waits for no Keep Alive");
  c.awaited = false;
  c.busy_in_resetting = false;
  act_next(w, id, recovery_work);
}

void on_queue_failed(World& w, transport::HostOwner owner, int error) {
  Queue& q = queue(w, QueueId{sim::index(owner)});
  q.ended_by_controller = error == error_closed || error == error_reset;
  const ControllerId id = q.controller;
  suspicion::connection_failed(w, id, error);
  error_recovery(w, id, Cause::transport);
  if (q.ended_by_controller && is_fencing(controller(w, id).state))
    notice_may_end_wait(w, id);
}

void shorten_hold(World& w, ControllerId id, Duration left) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(is_fencing(c.state), "only a controller that is fencing holds");
  c.hold_end = w.now() + left;
  if (w.calendar.cancel(c.hold_timer))
    hold_for(w, id, left);
}

void request_timed_out(World& w, QueueId id, std::uint16_t tag) {
  if (fc_request_timed_out(w, id, tag))
    return;
  HOLDFAST_CHECK(request_at(w, id, tag) != nullptr, "nothing is left that could time out");
  Request& r = *request_at(w, id, tag);
  HOLDFAST_CHECK(
      r.deadline <= w.now() || !host_of(w, controller(w, queue(w, id).controller)).wheel.is_exact(),
      "a request times out before its time");
  const ControllerId ctrl = queue(w, id).controller;
  record<Kind::request_timeout>(w, ctrl, queue(w, id).qid, r.command.cid, r.command.opcode,
                                wire::PduType::capsule_cmd);
  const State state = controller(w, ctrl).state;
  if (state == State::live || is_fencing(state)) {
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
  stop_sending(w, id);
  wire::Completion aborted;
  aborted.status = StatusCode::host_aborted_command;
  complete_request(w, id, tag, aborted);
}

void reconnect_or_remove(World& w, ControllerId id, int error, bool dnr) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(!queue(w, c.admin).live, "the association before is still there");
  // nvmf_should_reconnect. A first connect that fails is an error of `nvme connect`: no retries.
  const bool more =
      c.max_reconnects < 0 || c.attempts < static_cast<std::uint64_t>(c.max_reconnects);
  // Older kernels look at the status on FC only (nvmf_should_reconnect,
  // nvme_fc_reconnect_or_delete).
  const bool refused = dnr && (host_of(w, c).dnr_ends_reconnects || is_fc(c));
  if (refused || !more || !c.connected_once || fc_gives_up(w, c)) {
    remove(w, id, error);
    return;
  }
  const Duration delay = fc_reconnect_delay(w, c);
  record<Kind::reconnect_scheduled>(w, id, delay);
  c.reconnect_timer = w.at(timer_at(w, c, delay), [id](World& world) { reconnect(world, id); });
}

}  // namespace holdfast::host
