// SPDX-License-Identifier: Apache-2.0
// Where the FC host driver differs (protocol.md 4.9, 7.3): a request that times out has its own
// exchange aborted, aborted exchanges complete one by one, an association ends only when all aborts
// have, and remote ports come and go.
#include "models/transport/fc/fc.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "models/host/internal.hpp"
#include "models/world.hpp"

namespace holdfast::host {

using Phase = FcController::Phase;

namespace {

constexpr int not_connected = 107;  ///< ENOTCONN
// NVME_FC_DEFAULT_RECONNECT_TMO in place of NVMF_DEF_RECONNECT_DELAY.
constexpr Duration default_delay = std::chrono::seconds{10};
constexpr Duration shorter_delay = std::chrono::seconds{2};

FcController& fc_of(Controller& c) {
  HOLDFAST_CHECK(is_fc(c), "another driver has no FC fields");
  return *std::get_if<FcController>(&c.driver);
}
const FcController& fc_of(const Controller& c) {
  HOLDFAST_CHECK(is_fc(c), "another driver has no FC fields");
  return *std::get_if<FcController>(&c.driver);
}

bool is_in(const Request& r, std::uint16_t qid, Phase phase) {
  if (qid != 0)
    return phase == Phase::io;
  return phase == (r.purpose == Purpose::async_event ? Phase::events : Phase::admin);
}

/// Calls `act(queue, tag)` for each request of a phase, in tag order.
template <class Act>
void for_requests(World& w, ControllerId id, Phase phase, Act act) {
  const Controller& c = controller(w, id);
  const std::uint32_t first = phase == Phase::io ? c.first_io_queue : sim::index(c.admin);
  const std::uint32_t count = phase == Phase::io ? c.io_queues_wanted : 1;
  for (std::uint32_t i = first; i < first + count; ++i) {
    for (std::uint32_t tag = 0; tag < queue(w, QueueId{i}).tags.used(); ++tag) {
      const Request* const r = request_at(w, QueueId{i}, tag);
      if (r != nullptr && is_in(*r, queue(w, QueueId{i}).qid, phase))
        act(QueueId{i}, static_cast<std::uint16_t>(tag));
    }
  }
}

void complete(World& w, QueueId id, std::uint16_t tag, wire::Status status) {
  wire::Completion completion;
  completion.status = status;
  complete_request(w, id, tag, completion);
}

std::uint64_t left_in(World& w, ControllerId id, Phase phase) {
  std::uint64_t count = 0;
  for_requests(w, id, phase, [&](QueueId, std::uint16_t) { ++count; });
  return count;
}

/// __nvme_fc_abort_outstanding_ios. What was held back is let go.
void abort_all(World& w, ControllerId id, Phase phase) {
  HOLDFAST_CHECK(phase != Phase::none, "no exchanges are of that phase");
  for_requests(w, id, phase, [&](QueueId q, std::uint16_t tag) {
    const Request& r = *request_at(w, q, tag);
    if (r.held) {
      complete(w, q, tag, r.held_status);
    } else {
      transport::fc::abort(w, queue(w, q).transport, r.command.cid);
    }
  });
}

/// Nothing is sent on the queue any more. One that waits for its link service, or for nothing, is
/// not listened to either.
void quiesce(World& w, QueueId id) {
  Queue& q = queue(w, id);
  q.live = false;
  if (q.allocated && q.tags.in_flight() == 0)
    transport::stop_queue(w, q.transport);
}

void close(World& w, QueueId id) {
  Queue& q = queue(w, id);
  if (!q.allocated)
    return;
  q.allocated = false;
  transport::stop_queue(w, q.transport);
  transport::close_queue(w, q.transport);
}

void connect_now(World& w, ControllerId id) {
  HOLDFAST_CHECK(controller(w, id).state == State::connecting, "only CONNECTING tries to connect");
  w.calendar.cancel(controller(w, id).reconnect_timer);
  controller(w, id).reconnect_timer = w.after(Duration{}, [id](World& world) {
    ++controller(world, id).attempts;
    start_setup(world, id);
  });
}

/// All exchanges have ended. Disconnect Association goes out with the admin queue, then whatever
/// the teardown was for.
void association_deleted(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(fc_of(c).phase == Phase::events, "the last exchanges to end are those of events");
  stop_timeouts(w, id, false);
  for (std::uint32_t i = 0; i < c.io_queues_wanted; ++i)
    close(w, io_queue(c, i));
  close(w, c.admin);
  FcController& fc = fc_of(c);
  fc.phase = Phase::none;
  HOLDFAST_CHECK(left_in(w, id, Phase::io) + left_in(w, id, Phase::admin) == 0,
                 "an association goes with commands in flight");
  const bool setup_failed = std::exchange(fc.setup_failed, false);
  if (c.then == Then::remove) {
    stop_keep_alive(w, id);
    change_state(w, id, State::deleting_noio);
    record<Kind::controller_removed>(w, id, 0);
    return;
  }
  c.then = Then::reconnect;
  if (setup_failed) {
    reconnect_or_remove(w, id, fc.error, fc.dnr);
    return;
  }
  if (!change_state(w, id, State::connecting))
    return;
  // nvme_fc_reset_ctrl_work: no delay before the first attempt, if the port is there.
  if (fc.dev_loss_end == sim::never) {
    connect_now(w, id);
  } else {
    reconnect_or_remove(w, id, not_connected, false);
  }
}

void proceed(World& w, ControllerId id);

/// The queues of the phase are quiesced: its exchanges are aborted.
void abort_phase(World& w, ControllerId id) {
  FcController& fc = fc_of(controller(w, id));
  HOLDFAST_CHECK(fc.phase != Phase::none, "no teardown is on");
  fc.quiescing = false;
  if (fc.phase == Phase::io)
    record<Kind::requests_cancelled>(w, id, left_in(w, id, Phase::io));
  abort_all(w, id, fc.phase);
  proceed(w, id);
}

/// __nvme_fc_abort_outstanding_ios: I/O queues are quiesced before their exchanges are aborted,
/// then the admin queue. Events are beyond the queues, and a set-up that failed quiesces nothing
/// (nvme_fc_create_association).
void begin_phase(World& w, ControllerId id, Phase phase) {
  FcController& fc = fc_of(controller(w, id));
  fc.phase = phase;
  if (phase == Phase::events || fc.setup_failed) {
    abort_phase(w, id);
    return;
  }
  fc.quiescing = true;
  when_quiesced(w, id, abort_phase);
}

/// Goes on to the next phase when nothing of this one is left.
void proceed(World& w, ControllerId id) {
  const FcController& fc = fc_of(controller(w, id));
  if (fc.phase == Phase::none || fc.quiescing || left_in(w, id, fc.phase) != 0)
    return;
  if (fc.phase == Phase::events) {
    association_deleted(w, id);
  } else {
    begin_phase(w, id, fc.phase == Phase::io ? Phase::admin : Phase::events);
  }
}

}  // namespace

bool is_fc(const Controller& c) { return std::holds_alternative<FcController>(c.driver); }

void fc_set_options(Controller& c) {
  if (!is_fc(c))
    return;
  // The same horizon in shorter steps, unless it is without end.
  if (c.max_reconnects < 0 || c.reconnect_delay != default_delay)
    return;
  const Duration horizon = c.max_reconnects * c.reconnect_delay;
  c.reconnect_delay = shorter_delay;
  c.max_reconnects = (horizon + shorter_delay - Duration{1}) / shorter_delay;
}

bool fc_delete_association(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  if (!is_fc(c))
    return false;
  FcController& fc = fc_of(c);
  w.calendar.cancel(c.ready_poll);
  c.setup = Setup::idle;
  if (fc.phase != Phase::none)
    return true;  // on its way already
  quiesce(w, c.admin);
  for (std::uint32_t i = 0; i < c.io_queues_wanted; ++i)
    quiesce(w, io_queue(c, i));
  clear_path(w, id);
  begin_phase(w, id, Phase::io);
  return true;
}

bool fc_setup_failed(World& w, ControllerId id, int error, bool dnr) {
  Controller& c = controller(w, id);
  if (!is_fc(c))
    return false;
  stop_keep_alive(w, id);
  FcController& fc = fc_of(c);
  fc.setup_failed = true;
  fc.error = error;
  fc.dnr = dnr;
  return fc_delete_association(w, id);
}

void fc_error_while_connecting(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  if (!is_fc(c) || c.state != State::connecting || fc_of(c).phase != Phase::none)
    return;
  // nvme_fc_error_recovery: the set-up fails by itself once its command has been aborted.
  for (const Phase phase : {Phase::io, Phase::admin, Phase::events})
    abort_all(w, id, phase);
}

namespace {

/// nvme_fc_start_ioerr_recovery of the series: a delete that waits for what is in flight
/// (`delete_drains`) waits no longer, and ioerr_work ends the association. Mainline does not.
void end_waiting_delete(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  const RecoveryPolicy& policy = host_of(w, c).policy;
  if (!c.draining || !policy.fences() || !policy.holds_aborted)
    return;
  c.draining = false;
  stop_keep_alive(w, id);
  fc_delete_association(w, id);
}

}  // namespace

bool fc_request_timed_out(World& w, QueueId id, std::uint16_t tag) {
  const ControllerId ctrl = queue(w, id).controller;
  if (!is_fc(controller(w, ctrl)))
    return false;
  Request& r = *request_at(w, id, tag);
  record<Kind::request_timeout>(w, ctrl, queue(w, id).qid, r.command.cid, r.command.opcode,
                                wire::PduType{});
  // BLK_EH_RESET_TIMER, whatever the state is: the end of the abort completes the request.
  r.submitted = w.now();
  r.deadline = w.now() + r.timeout;
  // The series does not abort the exchange: it fences, and does nothing more while it is fencing
  // (nvme_fc_timeout, protocol.md 4.9).
  const RecoveryPolicy& policy = host_of(w, controller(w, ctrl)).policy;
  const bool aborts = !policy.fences() || !policy.holds_aborted;
  end_waiting_delete(w, ctrl);
  if (!aborts || r.held || !transport::fc::abort(w, queue(w, id).transport, r.command.cid))
    error_recovery(w, ctrl, Cause::request_timeout);
  return true;
}

void fc_exchange_ended(World& w, transport::HostOwner owner, std::uint16_t packed,
                       wire::Status status) {
  const QueueId id{sim::index(owner)};
  const std::uint16_t tag = wire::CommandId::unpack(packed).tag;
  if (find_request(w, id, packed) == nullptr)
    return;  // released before its exchange ended
  const ControllerId ctrl = queue(w, id).controller;
  if (status.dnr()) {
    // The adapter did not take it. nvme_fc_start_fcp_op answers BLK_STS_IOERR, which is the end of
    // the request: it moves to no other path, and the association is left alone.
    complete(w, id, tag, status);
    return;
  }
  // nvme_fc_fcpio_done: a transport error ends the association, whoever asked for the abort.
  if (fc_of(controller(w, ctrl)).phase == Phase::none) {
    if (!host_of(w, controller(w, ctrl)).policy.fences()) {
      // By work that is queued after the request has been completed, so that what moves on finds
      // the controller LIVE still (ioerr_work).
      complete(w, id, tag, status);
      w.after(Duration{}, [ctrl](World& world) {
        if (fc_of(controller(world, ctrl)).phase == Phase::none)
          error_recovery(world, ctrl, Cause::transport);
      });
      return;
    }
    error_recovery(w, ctrl, Cause::transport);
  }
  const Controller& c = controller(w, ctrl);
  Request* const r = find_request(w, id, packed);
  if (r == nullptr)
    return;  // the fence has let it go: it was a read
  if (is_fencing(c.state) && host_of(w, c).policy.holds_aborted) {
    // Completed now it would be retried past the fence (protocol.md 4.9).
    r->held = true;
    r->held_status = status;
    record<Kind::request_held>(w, ctrl, queue(w, id).qid, packed, status);
    return;
  }
  complete(w, id, tag, status);
  end_waiting_delete(w, ctrl);
  proceed(w, ctrl);
}

bool fc_gives_up(const World& w, const Controller& c) {
  if (!is_fc(c))
    return false;
  const FcController& fc = fc_of(c);
  return fc.dev_loss_end != sim::never && w.now() >= fc.dev_loss_end;
}

Duration fc_reconnect_delay(const World& w, const Controller& c) {
  // No attempt is put off beyond the end of dev_loss_tmo (nvme_fc_reconnect_or_delete).
  if (!is_fc(c) || fc_of(c).dev_loss_end == sim::never)
    return c.reconnect_delay;
  return std::min(c.reconnect_delay, fc_of(c).dev_loss_end - w.now());
}

void lose_remote_port(World& w, HostId host, net::RouteId forward, net::RouteId back) {
  const bool was_there = !transport::fc::is_apart(w, forward);
  transport::fc::part(w, forward, back);
  // nvme_fc_unregister_remoteport: a port that is gone is not lost once more, and dev_loss_tmo runs
  // since it went.
  if (!was_there)
    return;
  for (const ControllerId id : w.host.hosts[sim::index(host)].controllers) {
    Controller& c = controller(w, id);
    if (c.forward != forward)
      continue;
    FcController& fc = fc_of(c);
    fc.dev_loss_end = w.now() + fc.dev_loss_tmo;
    if (fc.dev_loss_tmo == Duration{}) {
      lose_device(w, id, host_of(w, c).policy.removal_fences);
    } else {
      error_recovery(w, id, Cause::device_lost);
    }
  }
}

void hear_of_bad_links(World& w, HostId host, net::RouteId forward) {
  for (const ControllerId id : w.host.hosts[sim::index(host)].controllers) {
    if (controller(w, id).forward == forward)
      controller(w, id).marginal = true;
  }
}

void regain_remote_port(World& w, HostId host, net::RouteId forward, net::RouteId back) {
  transport::fc::rejoin(w, forward, back);
  if (transport::fc::is_apart(w, forward))
    return;
  for (const ControllerId id : w.host.hosts[sim::index(host)].controllers) {
    Controller& c = controller(w, id);
    if (c.forward != forward)
      continue;
    // nvme_fc_resume_controller queues connect_work at once, which does nothing while that work is
    // pending for the next tick of reconnect_delay, as it always is here (queue_delayed_work).
    fc_of(c).dev_loss_end = sim::never;
  }
}

}  // namespace holdfast::host
