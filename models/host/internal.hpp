// SPDX-License-Identifier: Apache-2.0
// What the files of the host engine share. Not for others.
#pragma once

#include "models/host/host.hpp"
#include "models/transport/queue.hpp"
#include "models/world.hpp"

namespace holdfast::host {

/// Linux error numbers that appear in logs and results.
inline constexpr int error_io = 5;
inline constexpr int error_no_memory = 12;
inline constexpr int error_busy = 16;
inline constexpr int error_no_device = 19;
inline constexpr int error_invalid = 22;
inline constexpr int error_reset = 104;  ///< ECONNRESET
inline constexpr int error_closed = 0;   ///< the other end has closed the connection
/// Bytes of nvmet's ANA log for 128 groups and 1,024 namespaces; Linux always asks for the maximum.
inline constexpr std::uint32_t ana_log_bytes = 8208;
/// Command id of the Asynchronous Event Request, beyond the tags.
inline constexpr std::uint16_t async_event_tag = 31;
/// Admin tags that a CCR command leaves free: an event needs one for the log page.
inline constexpr std::size_t event_admin_tags = 1;

inline Controller& controller(World& w, ControllerId id) {
  HOLDFAST_PACKET_CHECK(sim::index(id) < w.host.controllers.size(), "there is no such controller");
  return w.host.controllers[sim::index(id)];
}
inline Queue& queue(World& w, QueueId id) {
  HOLDFAST_PACKET_CHECK(sim::index(id) < w.host.queues.size(), "there is no such queue");
  return w.host.queues[sim::index(id)];
}
inline const Host& host_of(const World& w, const Controller& c) {
  return w.host.hosts[sim::index(c.host)];
}

// controller.cpp
bool change_state(World& w, ControllerId id, State to);
/// For the one transition that the table does not hold on purpose.
void force_state(World& w, ControllerId id, State to);
/// Who decides instead of the policy of the controller's host; null: nobody.
RecoveryHooks* hooks_of(const World& w, const Controller& c);
QueueId io_queue(const Controller& c, std::uint32_t i);
/// When a timer of the controller's host fires that is set now (Linux's timer wheel).
TimePoint timer_at(const World& w, const Controller& c, Duration delay);

// controller.cpp
/// The tags of a queue that has not been used yet.
Tags tags_of(const Controller& c, std::uint16_t qid);

// power/power.cpp
bool is_down(const World& w, HostId host);
/// Calls `act` at that instant, unless the host has begun anew by then.
sim::EventId act_at(World& w, TimePoint at, ControllerId id, void (*act)(World&, ControllerId));
/// The same, in this instant.
void act_next(World& w, ControllerId id, void (*act)(World&, ControllerId));

// requests.cpp
/// Sends a command on a queue that has a free tag; returns its command identifier. `timeout` > 0.
std::uint16_t send_request(World& w, QueueId id, const Request& what, Duration timeout);
/// What a tag of a queue carries; null: nothing.
Request* request_at(World& w, QueueId id, std::size_t tag);
/// The request that a command identifier names; null: it is over, or never was.
Request* find_request(World& w, QueueId id, std::uint16_t cid);
/// An ordinary tag, or one of those that are kept for Connect and Keep Alive.
bool has_free_tag(const World& w, QueueId id);
bool has_reserved_tag(const World& w, QueueId id);
/// Completes every request of a queue with Host Aborted Command (nvme_cancel_request).
void cancel_all(World& w, QueueId id);
/// A completion, real or made up by a cancel.
void complete_request(World& w, QueueId id, std::uint16_t tag, const wire::Completion& completion);
void on_completed(World& w, transport::HostOwner owner, const wire::Completion& completion);
void on_unsent(World& w, transport::HostOwner owner, std::uint16_t cid);
void on_data(World& w, transport::HostOwner owner, std::uint16_t cid,
             const transport::Payload& data);
const transport::Payload* payload_of(World& w, transport::HostOwner owner, std::uint16_t cid);

// timeouts.cpp
/// A request was sent, or its timer started afresh.
void arm_timeout(World& w, QueueId id, const Request& request);
/// No request times out any more until one is sent (blk_sync_queue).
void stop_timeouts(World& w, ControllerId id, bool io_only);

// setup.cpp
void start_setup(World& w, ControllerId id);
void on_queue_ready(World& w, transport::HostOwner owner, int error);
void setup_completed(World& w, ControllerId id, const Request& request,
                     const wire::Completion& completion);
/// Commands that follow LIVE: events, and on the first connect the namespace scan.
void after_live(World& w, ControllerId id);
/// nvme_enable_aen: tells the controller which events the host's policy wants to hear of.
void ask_for_events(World& w, ControllerId id, Purpose purpose);
void after_live_completed(World& w, ControllerId id, const Request& request,
                          const wire::Completion& completion);

// keep_alive.cpp
void start_keep_alive(World& w, ControllerId id);
void stop_keep_alive(World& w, ControllerId id);
/// The admin queue of the next association takes commands: one that fell due in the reset is first
/// of them.
void send_parked_keep_alive(World& w, ControllerId id);
void keep_alive_completed(World& w, ControllerId id, const Request& request, wire::Status status);
/// A Keep Alive has been sent and is not over.
bool keep_alive_in_flight(World& w, const Controller& c);
/// Since when the oldest of them; never: none.
TimePoint keep_alive_since(World& w, const Controller& c);
/// A Keep Alive that no look asks for; nothing happens while another one is out.
void send_keep_alive_now(World& w, ControllerId id);

// ccr.cpp
/// Starts to try source controllers; ends in fence_done or ccr_failed.
void start_ccr(World& w, ControllerId impacted);
/// A controller is not LIVE any more: those that wait for its help look elsewhere.
void source_given_up(World& w, ControllerId source);
void ccr_completed(World& w, const Request& request, const wire::Completion& completion);
void ccr_log_completed(World& w, ControllerId source, const Request& request, wire::Status status);
void async_event(World& w, ControllerId id, const wire::Completion& completion);
void post_async_event_request(World& w, ControllerId id);

// recovery.cpp
/// What recovery waited for is over (Controller::awaited).
void resume_recovery(World& w, ControllerId id);
/// The impacted controller cannot write any more, or the time is over: cancel and retry.
void fence_done(World& w, ControllerId id);
/// No source controller could help: hold for what is left of the deadline, if the policy does.
void ccr_failed(World& w, ControllerId id);
bool is_fencing(State state);
void error_recovery(World& w, ControllerId id, Cause cause);
void on_queue_failed(World& w, transport::HostOwner owner, int error);
void request_timed_out(World& w, QueueId id, std::uint16_t tag);
/// LIVE -> FENCING: Cross-Controller Reset, the hold, or both; ends in fence_done.
void start_fencing(World& w, ControllerId id);
/// The time-based hold begins anew and lasts for `left` from now.
void shorten_hold(World& w, ControllerId id, Duration left);
void reconnect_or_remove(World& w, ControllerId id, int error, bool dnr);

// teardown.cpp
/// Nothing is sent on the queue any more, and its connection ends.
void stop_sending(World& w, QueueId id);
/// The admin queue alone (nvme_tcp_teardown_admin_queue).
void close_admin_queue(World& w, ControllerId id);
/// An attempt to connect has failed: what there is of it is torn down.
void setup_failed(World& w, ControllerId id, int error, bool dnr);
/// Requests of a queue, or of a whole controller, without Asynchronous Event Requests.
std::uint64_t in_flight(World& w, QueueId id);
bool anything_in_flight(World& w, const Controller& c);
/// Goes on when no submission is under way any more to queues that are stopped now
/// (blk_mq_quiesce_tagset, see timeouts.cpp): at once, or after a grace period.
void when_quiesced(World& w, ControllerId id, void (*then)(World&, ControllerId));
/// Stops all queues, cancels what is in flight and closes the sockets a little later; I/O first,
/// the admin queue when it is quiesced. Then goes on.
void tear_down(World& w, ControllerId id, void (*then)(World&, ControllerId));
/// The I/O half of it.
void tear_down_io(World& w, ControllerId id);
/// nvme_tcp_suspend_io_queues: nothing is sent any more and nothing times out, but what is in
/// flight can still be answered.
void quiesce_io(World& w, ControllerId id);
/// Stops all queues and closes their sockets, I/O before admin; requests stay as they are. The
/// derivation of m x KATO lets a command reach the controller at most one KATO after the host gave
/// up (protocol.md 1.6), but TCP repeats a lost one for as long as its socket is open.
void close_connections(World& w, ControllerId id);

// hold.cpp
/// How long the time-based hold lasts from now, by the policy; 0: do not hold.
Duration hold_time(const World& w, ControllerId id);
/// How long Cross-Controller Resets are tried for.
Duration ccr_time(const World& w, ControllerId id);
/// A connection was ended by the controller while it is fencing; see notice_ends_wait.
void notice_may_end_wait(World& w, ControllerId id);
/// Ends what need not wait for the fence, and sends again what may be sent early.
void release_what_need_not_wait(World& w, ControllerId id);

// operator.cpp
/// `nvme connect` has been issued, and the controller is not gone.
bool exists(const Controller& c);
/// The fence is over and an administrator's request is next (RESETTING).
void after_fence(World& w, ControllerId id);
/// The error recovery that a delete waited for is over.
void continue_delete(World& w, ControllerId id);
/// A request is over while a delete waits for the last of them.
void delete_drains_on(World& w, ControllerId id);
void disable_completed(World& w, ControllerId id, const Request& request,
                       const wire::Completion& completion);
void disabled(World& w, ControllerId id, bool acknowledged);

// passthrough.cpp
void passthrough_completed(World& w, ControllerId id, const Request& request, wire::Status status);

// fc.cpp: what nvme-fc does instead; those that answer say whether this is FC.
bool is_fc(const Controller& c);
/// nvme_fc_init_ctrl.
void fc_set_options(Controller& c);
/// nvme_fc_delete_association: aborts everything, waits, disconnects; then on to what c.then says.
bool fc_delete_association(World& w, ControllerId id);
bool fc_setup_failed(World& w, ControllerId id, int error, bool dnr);
bool fc_request_timed_out(World& w, QueueId id, std::uint16_t tag);
void fc_error_while_connecting(World& w, ControllerId id);
void fc_exchange_ended(World& w, transport::HostOwner owner, std::uint16_t cid,
                       wire::Status status);
/// The remote port has been away for dev_loss_tmo.
bool fc_gives_up(const World& w, const Controller& c);
Duration fc_reconnect_delay(const World& w, const Controller& c);

/// nvme_reset_ctrl from within the driver: refused unless LIVE.
void reset_if_live(World& w, ControllerId id, Cause cause);

// ana.cpp
/// Asks for the ANA log to be read; only while LIVE, and not twice at a time.
void read_ana_log(World& w, ControllerId id);
/// Goes on with a read that found no free tag.
void continue_ana_read(World& w, ControllerId id);
void ana_log_completed(World& w, ControllerId id, const Request& request, wire::Status status);
/// The log that set-up read. Paths take part once the controller is LIVE: update_ana_paths.
void take_ana_log(World& w, ControllerId id, const Request& request);
void update_ana_paths(World& w, ControllerId id);
/// The state of a path that was just found (nvme_mpath_add_disk).
void find_ana_state(World& w, HeadId head, std::uint32_t path, std::uint32_t group);
/// A command was answered with 301h, 302h or 303h: the path waits for a new read of the log.
void ana_error(World& w, HeadId head, ControllerId id);
/// nvme_mpath_stop.
void stop_ana(World& w, ControllerId id);

// scan.cpp
/// A reconnect freezes the I/O queues once they are connected, to look whether their number has
/// changed; that takes a grace period of RCU (nvme_tcp_configure_io_queues, nvme_wait_freeze).
/// Meanwhile each namespace is without its I/O scheduler, which a single hardware queue has by
/// default (elevator_get_default): both changes quiesce the namespace's queue
/// (blk_mq_elv_switch_none, elevator_switch), another grace period each where tag sets do not
/// block, see timeouts.cpp.
TimePoint io_queues_thawed(const World& w, ControllerId id);
/// The scan of a first connect has identified a namespace: a path to it comes to be, and the scan
/// goes on.
void namespace_found(World& w, ControllerId id, std::uint32_t nsid,
                     const wire::IdentifyNamespace& page);
/// Identifies the next namespace that the list named.
void scan_next(World& w, ControllerId id);
/// The scan after a reconnect.
void scan_anew(World& w, ControllerId id);
/// A request is over; a freeze may have waited for it.
void path_drained(World& w, ControllerId id);
/// The paths of a controller are gone: what waited for one takes another.
void end_scan(World& w, ControllerId id);

// scan.cpp, of persistent discovery controllers
bool is_discovery_nqn(const wire::NqnText& nqn);
/// Steps of a set-up that a discovery controller leaves out.
bool discovery_skips(Setup step);
/// What nvme_start_ctrl does for a discovery controller; `again`: it has been LIVE before.
void start_discovery(World& w, ControllerId id, bool again);

// multipath.cpp
/// nvme_path_is_disabled.
bool is_disabled(const World& w, const Path& path);
Head& head_of(World& w, HeadId id);
/// Counters of the path over a controller; if it is gone, of all that are.
PathCounters& path_counters(World& w, HeadId head, ControllerId controller);
/// Is the controller one of the head's paths?
bool has_path(const Head& head, ControllerId id);
void schedule_requeue(World& w, HeadId head);
/// nvme_mpath_set_live: a path became usable; selection looks again, waiting I/O moves on.
void path_became_usable(World& w, HeadId head, std::uint32_t path);
/// Finds a path for an I/O and hands it to that path's queue; or requeues it, or fails it.
void dispatch(World& w, IoId io);
void fail_over(World& w, IoId io, ControllerId from);
/// Does path selection find one for new I/O?
bool has_usable_path(const World& w, HeadId head);
void requeue(World& w, IoId io);
void kick_requeue_lists(World& w, ControllerId id);
void clear_path(World& w, ControllerId id);
void remove_paths(World& w, ControllerId id);
void finish_io(World& w, IoId io, wire::Status status);
/// A reset stopped the queue and a delete waits for it. The path is not disabled in DELETING, so
/// I/O still comes and stays in the quiesced queue (blk_mq_quiesce_queue) until the delete goes on.
bool is_quiesced(const World& w, const Queue& q);
/// Sends an I/O on one queue, or lets it wait there, for a tag or because it is quiesced.
void queue_io(World& w, QueueId id, IoId io);
/// nvme_complete_rq for a request that carried an I/O.
void io_completed(World& w, QueueId queue, const Request& request,
                  const wire::Completion& completion);

// io_command.cpp
/// The request that carries an I/O; of Compare and Write the one that writes.
Request io_request(World& w, const Controller& c, IoId io);
/// The Compare that goes before it.
Request fused_compare(World& w, const Controller& c, IoId io);
std::uint32_t tags_needed(const World& w, IoId io);
/// Notes the end of one half. True: it was the last, and `status` is now that of the pair.
bool pair_is_done(Io& io, wire::Status& status);
/// The application hears of an I/O, and its path of its end, when the processor has come to it.
void tell(World& w, IoId id, wire::Status status);
/// One attempt of an I/O has ended. The application is told when none is open any more, so that no
/// original can land behind the back of what it does next; a success counts more than an error.
void attempt_over(World& w, IoId io, wire::Status status);
/// Sends an I/O once more, over another path, while an attempt over `from` is still open; if there
/// is such a path. It is reported when all its attempts are over.
void send_early(World& w, IoId io, ControllerId from);
/// nvme_retry_req: the Command Retry Delay that the status names, of the controller that said it.
Duration retry_delay(const Controller& c, wire::Status status);
/// The token of the attempt that is being made.
Version token_of(const Io& io);
Version buffer_content(const World& w, std::uint32_t buffer);

}  // namespace holdfast::host
