// SPDX-License-Identifier: Apache-2.0
// What an administrator does to a controller: sysfs reset and delete, `nvme disconnect`. In every
// posted generation a reset of a LIVE controller cancels its requests at once, with no fence, and
// so, its cover letter says, does a delete (protocol.md 4.8); `operator_fences` is the missing
// fence. The kernel that was measured lets a delete wait for them (`delete_drains`).
#include "models/host/internal.hpp"
#include "models/world.hpp"

namespace holdfast::host {

namespace {

void refuse(World& w, ControllerId id, OperatorAction action, int error) {
  HOLDFAST_CHECK(error == error_busy || error == error_no_device,
                 "Linux has two reasons to refuse");
  record<Kind::operator_refused>(w, id, action, error);
}

/// Whether namespaces have something in flight. While a set-up is under way there is only what it
/// sends itself, the Connects of the queues, and no namespace waits for those.
bool has_io(World& w, const Controller& c) {
  if (c.setup != Setup::idle && c.setup != Setup::done)
    return false;
  for (std::uint32_t i = 0; i < c.io_queues_wanted; ++i) {
    const Queue& q = queue(w, io_queue(c, i));
    if (q.tags.in_flight() != 0 || !q.waiting.empty())
      return true;
  }
  return false;
}

void reset_work(World& w, ControllerId id);
void delete_work(World& w, ControllerId id);

void go(World& w, ControllerId id, Then then) {
  HOLDFAST_CHECK(then != Then::reconnect, "an administrator resets or removes");
  if (then == Then::reset) {
    controller(w, id).then = then;
    change_state(w, id, State::resetting);
    act_next(w, id, reset_work);
    return;
  }
  // A reset, or an error recovery that holds in RESETTING (RFC of TP4129), is waited for
  // (flush_work).
  const bool waits = controller(w, id).busy_in_resetting;
  change_state(w, id, State::deleting);
  if (!waits)
    act_next(w, id, continue_delete);
}

/// A LIVE controller goes through the fence first if the policy says so.
void begin(World& w, ControllerId id, Then then, Cause cause, bool fences) {
  Controller& c = controller(w, id);
  const bool live = c.state == State::live;
  if (live)
    record<Kind::recovery_started>(w, id, cause);
  c.drains = false;
  if (live && fences && host_of(w, c).policy.fences()) {
    c.then = then;
    start_fencing(w, id);
  } else {
    // The driver of a remote port that is gone ends its exchanges itself.
    const bool ends = is_fc(c) && cause == Cause::device_lost;
    c.drains = then == Then::remove && !ends && host_of(w, c).policy.delete_drains;
    go(w, id, then);
  }
}

void send_disable_step(World& w, ControllerId id, const wire::Command& command) {
  HOLDFAST_CHECK(command.is_fabrics(), "a controller is disabled through its properties");
  const Controller& c = controller(w, id);
  Request r;
  r.purpose = Purpose::disable;
  r.command = command;
  send_request(w, c.admin, r, c.admin_timeout);
}

void read_status(World& w, ControllerId id) {
  send_disable_step(w, id, wire::make_property_get(0, wire::Property::csts));
}

/// nvme_disable_ctrl: CC.EN = 0 for a reset, CC.SHN for a delete. On a dead path the command waits
/// for its own time-out, about a minute, while the I/O has moved on (protocol.md 4.3).
void disable(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  if (!queue(w, c.admin).live || !has_free_tag(w, c.admin)) {
    record<Kind::property_failed>(w, id, wire::Status(wire::StatusCode::host_path_error),
                                  wire::Property::cc);
    disabled(w, id, false);
    return;
  }
  wire::Configuration cc;
  cc.enable = c.then == Then::remove;
  if (c.then == Then::remove)
    cc.shn = wire::ShutdownRequest::normal;
  send_disable_step(w, id, wire::make_property_set(0, wire::Property::cc, cc.encode()));
}

void association_gone(World& w, ControllerId id);

/// The controller is shut down, or does not answer: nothing is left of the association.
void finish(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(c.then != Then::reconnect, "no administrator has asked for that");
  // A reset leaves the keep-alive armed (protocol.md 1.7): what is due in the next set-up is sent.
  if (c.then == Then::remove)
    stop_keep_alive(w, id);
  tear_down(w, id, association_gone);
}

void association_gone(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  if (c.then == Then::remove) {
    record<Kind::controller_removed>(w, id, 0);
    return;
  }
  c.then = Then::reconnect;
  if (!change_state(w, id, State::connecting)) {
    continue_delete(w, id);
    return;
  }
  // The first attempt of a reset is immediate; if it fails it counts as a reconnect attempt.
  c.attempts = 0;
  start_setup(w, id);
}

/// nvme_tcp_teardown_ctrl, before it disables the controller. The RFC of TP4129 disables first and
/// leaves its I/O connections open for that time: what is answered meanwhile is done.
void leave_io(World& w, ControllerId id) {
  if (host_of(w, controller(w, id)).policy.waits == RecoveryPolicy::Waits::resetting) {
    quiesce_io(w, id);
  } else {
    tear_down_io(w, id);
  }
}

/// The I/O queues end, then the controller is told, once the admin queue is quiesced: properties
/// are set through a request queue of their own (fabrics_q).
void disconnect_and_disable(World& w, ControllerId id) {
  leave_io(w, id);
  when_quiesced(w, id, disable);
}

void shut_down(World& w, ControllerId id) {
  leave_io(w, id);
  change_state(w, id, State::deleting_noio);
  when_quiesced(w, id, disable);
}

/// nvme_reset_ctrl_work.
void reset_work(World& w, ControllerId id) {
  if (controller(w, id).state != State::resetting)
    return;  // deleted meanwhile
  stop_ana(w, id);
  if (fc_delete_association(w, id))
    return;
  controller(w, id).busy_in_resetting = true;
  when_quiesced(w, id, disconnect_and_disable);
}

/// What follows once the namespaces are gone: the queues, and the shutdown of the controller.
void remove_association(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  if (fc_delete_association(w, id))
    return;
  if (c.setup != Setup::idle && c.setup != Setup::done) {
    // Linux waits for the attempt that is under way, which then fails at LIVE; here it ends now.
    change_state(w, id, State::deleting_noio);
    finish(w, id);
    return;
  }
  when_quiesced(w, id, shut_down);
}

/// nvme_do_delete_ctrl: the namespaces go first, so that nothing new is sent here, and each waits
/// for what it has in flight (nvme_ns_remove: del_gendisk). It completes, or its own time-out ends
/// it. What the cover letters of the posted series say of a delete is that it cancels
/// (`delete_drains`).
void delete_work(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(c.state == State::deleting, "the delete was not begun");
  c.then = Then::remove;
  w.calendar.cancel(c.reconnect_timer);
  w.calendar.cancel(c.failfast_timer);
  stop_ana(w, id);
  remove_paths(w, id);
  if (c.drains && has_io(w, c)) {
    c.draining = true;
    return;
  }
  if (c.drains) {
    when_quiesced(w, id, remove_association);
  } else {
    remove_association(w, id);
  }
}

}  // namespace

bool exists(const Controller& c) {
  return c.state != State::fresh && c.state != State::dead && c.state != State::deleting_noio;
}

void after_fence(World& w, ControllerId id) {
  HOLDFAST_CHECK(controller(w, id).state == State::resetting, "the fence is not over");
  const Then then = controller(w, id).then;
  if (then == Then::remove) {
    go(w, id, then);
  } else {
    reset_work(w, id);
  }
}

void continue_delete(World& w, ControllerId id) {
  if (controller(w, id).state == State::deleting)
    delete_work(w, id);
}

void delete_drains_on(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(c.state == State::deleting, "only a delete waits for what is in flight");
  if (has_io(w, c))
    return;
  c.draining = false;
  // Taking the disk down quiesces its queue once more (del_gendisk).
  act_next(w, id,
           [](World& world, ControllerId gone) { when_quiesced(world, gone, remove_association); });
}

void disable_completed(World& w, ControllerId id, const Request& r,
                       const wire::Completion& completion) {
  const Controller& c = controller(w, id);
  HOLDFAST_CHECK(r.purpose == Purpose::disable, "that was no step of disabling");
  if (!completion.status.ok()) {
    if (r.command.is(wire::FabricsType::property_set))
      record<Kind::property_failed>(w, id, completion.status, wire::Property::cc);
    disabled(w, id, false);
    return;
  }
  if (r.command.is(wire::FabricsType::property_set)) {
    controller(w, id).ready_deadline =
        w.now() + std::chrono::seconds{wire::Capabilities{}.linux_ready_timeout_s()};
    read_status(w, id);
    return;
  }
  const auto csts = wire::ControllerStatus::decode(completion.dw0);
  const bool done =
      c.then == Then::remove ? csts.shst == wire::ShutdownStatus::complete : !csts.ready;
  if (done || w.now() >= c.ready_deadline) {
    disabled(w, id, done);
    return;
  }
  // nvme_wait_ready: sleeps of one to two milliseconds between reads.
  act_at(w, w.now() + std::chrono::milliseconds{1}, id, read_status);
}

void disabled(World& w, ControllerId id, bool acknowledged) {
  const Controller& c = controller(w, id);
  const RecoveryPolicy& policy = host_of(w, c).policy;
  // RFC of TP4129: the requests wait if the controller did not confirm, with the sockets closed
  // (TB1/7).
  if (policy.waits == RecoveryPolicy::Waits::resetting && !acknowledged &&
      anything_in_flight(w, c)) {
    close_connections(w, id);
    stop_timeouts(w, id, false);
    const Duration hold = hold_time(w, id);
    record<Kind::fence_started>(w, id, hold);
    act_at(w, timer_at(w, c, hold), id, [](World& world, ControllerId held) {
      record<Kind::hold_ended>(world, held);
      finish(world, held);
    });
    return;
  }
  finish(w, id);
}

void reset_controller(World& w, ControllerId id) {
  record<Kind::operator_request>(w, id, OperatorAction::reset);
  const Controller& c = controller(w, id);
  if (!exists(c)) {
    refuse(w, id, OperatorAction::reset, error_no_device);
  } else if (c.state != State::live) {
    // FENCING -> RESETTING is not in the table, nor RESETTING or CONNECTING -> RESETTING.
    refuse(w, id, OperatorAction::reset, error_busy);
  } else {
    begin(w, id, Then::reset, Cause::operator_request, host_of(w, c).policy.operator_fences);
  }
}

void reset_if_live(World& w, ControllerId id, Cause cause) {
  const Controller& c = controller(w, id);
  if (c.state == State::live)
    begin(w, id, Then::reset, cause, host_of(w, c).policy.operator_fences);
}

void delete_controller(World& w, ControllerId id) {
  record<Kind::operator_request>(w, id, OperatorAction::remove);
  const Controller& c = controller(w, id);
  if (!exists(c)) {
    refuse(w, id, OperatorAction::remove, error_no_device);
  } else if (!is_permitted(c.state, State::deleting)) {
    refuse(w, id, OperatorAction::remove, error_busy);
  } else {
    begin(w, id, Then::remove, Cause::operator_request, host_of(w, c).policy.operator_fences);
  }
}

void lose_device(World& w, ControllerId id, bool fences) {
  const Controller& c = controller(w, id);
  if (exists(c) && is_permitted(c.state, State::deleting))
    begin(w, id, Then::remove, Cause::device_lost, fences);
}

void remove_adapter(World& w, HostId host, net::LinkId link) {
  const bool fences = w.host.hosts[sim::index(host)].policy.removal_fences;
  for (const ControllerId id : w.host.hosts[sim::index(host)].controllers) {
    const net::Route& route = w.net.routes[sim::index(controller(w, id).forward)];
    const net::ChannelId first = w.net.hops[route.first];
    if (sim::index(first) / 2 == sim::index(link))
      lose_device(w, id, fences);
  }
}

std::optional<ControllerId> change_policy(World& w, HostId host, const RecoveryPolicy& policy) {
  for (const ControllerId id : w.host.hosts[sim::index(host)].controllers) {
    const State state = controller(w, id).state;
    if (is_fencing(state) || state == State::resetting || state == State::deleting ||
        state == State::deleting_noio)
      return id;
  }
  const bool asked = w.host.hosts[sim::index(host)].policy.ccr;
  w.host.hosts.edit(sim::index(host)).policy = policy;
  if (asked == policy.ccr)
    return std::nullopt;
  // The one thing that a policy has done by then at an association that stands. Whoever is not LIVE
  // asks when it is (after_live).
  const sim::ActsFor acting(w.calendar, w.host.hosts[sim::index(host)].machine);
  for (const ControllerId id : w.host.hosts[sim::index(host)].controllers) {
    const Controller& c = controller(w, id);
    if (c.state == State::live && (c.oaes & wire::aec_cross_controller_reset) != 0 && !c.discovery)
      ask_for_events(w, id, Purpose::events);
  }
  return std::nullopt;
}

void disconnect(World& w, HostId host, NqnId subnqn) {
  HOLDFAST_CHECK(sim::index(subnqn) < w.host.nqns.size(), "no host knows that subsystem");
  for (const ControllerId id : w.host.hosts[sim::index(host)].controllers) {
    const Controller& c = controller(w, id);
    if (c.subnqn == subnqn && exists(c))
      delete_controller(w, id);
  }
}

}  // namespace holdfast::host
