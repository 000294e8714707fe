// SPDX-License-Identifier: Apache-2.0
// What the files of the target engine share. Not for others.
#pragma once

#include "models/target/target.hpp"
#include "models/transport/queue.hpp"
#include "models/world.hpp"

namespace holdfast::target {

inline wire::Status refuse(wire::StatusCode code) { return wire::Status(code).with_dnr(); }
inline const Profile& profile_of(const World& w, const Controller& c) {
  return *w.target.subsystems[sim::index(c.subsystem)].profile;
}

// controller.cpp
/// Executes Connect on a queue that has no controller yet. `waited`: its turn has come.
void connect(World& w, QueueId queue, const wire::Command& command, const transport::Payload& data,
             bool waited = false);

// ports.cpp
/// Does the subsystem serve that port at present?
bool listens(const Subsystem& s, transport::PortId port);

// watchdog.cpp
Duration effective_kato(const Profile& profile, std::uint32_t kato_ms);
/// False: this KATO is answered with Keep Alive Timeout Invalid.
bool accepts_kato(const Profile& profile, std::uint32_t kato_ms, bool at_connect);
/// A full KATT from now, if the timer is to run at all; else it is stopped. Of a target whose timer
/// belongs to enabled controllers one that is not enabled any more goes two minutes later.
void start_watchdog(World& w, ControllerId id);
void keep_alive_received(World& w, ControllerId id);
/// The node hung when the watchdog should have looked. `by_the_clock`: as if it had looked in time;
/// else it looks now.
void catch_up_watchdog(World& w, ControllerId id, bool by_the_clock);
/// The clock of the node stood still for so long, and now it goes on.
void put_off_watchdog(World& w, ControllerId id, Duration by);

// teardown.cpp
/// The transport of a queue is gone or was told to go: forget what waits, drain what executes.
void stop_queue(World& w, QueueId id, bool shut_down_transport);
/// Ends a stopped queue once nothing executes on it any more.
void release_if_drained(World& w, QueueId id);
/// Nothing that executes for this controller lands any more, and the controller is gone.
void cut_off(World& w, ControllerId id);
void cut_off(World& w, QueueId id);
/// InFlight::quiesce: the time is up.
void quiesce_over(World& w, QueueId id);

// admin.cpp
void execute_fabrics(World& w, QueueId queue, const wire::Command& command,
                     const transport::Payload& data);
void execute_admin(World& w, QueueId queue, const wire::Command& command);

// ccr.cpp
/// CIU and CIRN of a new controller, or of one whose RDY was asserted again (TP8028; 3.2).
void renew_instance(World& w, ControllerId id);
/// Drops what is completed from the log of a source controller; what is pending stays.
void forget_completed_resets(World& w, ControllerId id);
/// OAES: the notices that a controller can send.
std::uint32_t notices_of(const Profile& profile);
void cross_controller_reset(World& w, QueueId queue, const wire::Command& command);
/// The impacted controller is gone: whoever asked for its reset is told.
void complete_resets_of(World& w, SubsystemId subsystem, ControllerId impacted,
                        sim::Vector<ControllerId> sources);
/// Log page 1Eh into `out`; true if something was written.
void ccr_log_page(World& w, ControllerId id, wire::Bytes out, const wire::GetLogPage& request);
/// Answers one AER, or keeps the event until there is one.
void send_event(World& w, ControllerId id, std::uint32_t dw0);

// io_reservations.cpp: of reservations that each node keeps for itself
/// The node is up again, and hears what it was not told.
void node_hears_reservations(World& w, NodeId id);
/// The node has crashed.
void node_forgets_reservations(World& w, NodeId id);

// nodes.cpp
NodeId node_of_port(const World& w, transport::PortId port);
bool hangs(const World& w, NodeId node);
/// The other nodes can ask this one to do something.
bool answers(const World& w, NodeId node);
/// Keeps `what` until the node goes on; it must hang.
void hold(World& w, NodeId node, const Held& what);
/// What is held for a queue that is gone.
void forget_held(World& w, NodeId node, QueueId queue);
/// Cross-Controller Reset reaches the impacted controller's node, or not.
void reset_on_node(World& w, ControllerId impacted, std::uint64_t cirn, bool same_node);

// array/takeover.cpp
/// A node that was up has failed, in whatever way, or is up again.
void node_failed(World& w, NodeId node);
void node_returned(World& w, NodeId node);
/// What a node has in hand is gone, and so are its queues.
void cut_off_node(World& w, NodeId node);

// ports.cpp
/// The port takes connections again, if a subsystem is linked to it.
void listen_again(World& w, transport::PortId port);

// admin_stall.cpp
bool is_stalled(const World& w, const Controller& c);

// lost_host.cpp
/// The host is told through its other controllers that this one has lost it (3.8).
void report_lost_host(World& w, ControllerId id, wire::LostHostCause cause);
/// Log page 1Fh into `out`.
void lost_host_log_page(World& w, ControllerId id, wire::Bytes out,
                        const wire::GetLogPage& request);
// effects.cpp
/// Log page 05h into `out`.
void effects_log_page(const World& w, const Controller& c, wire::Bytes out);

// events.cpp
/// A notice that is enabled and not masked is sent once, then masked until its log page is read.
void send_notice(World& w, ControllerId id, std::uint32_t aec_bit, const wire::AsyncEvent& event);
/// Its log page is read: the next notice may be sent, unless the reader retains the event.
void unmask_notice(World& w, ControllerId id, std::uint32_t aec_bit, const wire::GetLogPage& read);

// ana.cpp
wire::AnaState ana_state(const Subsystem& s, transport::PortId port, std::uint32_t group);
/// Log page 0Ch of one controller's port into `out`.
void ana_log_page(World& w, ControllerId id, wire::Bytes out, const wire::GetLogPage& request);
/// nvmet_check_ana_state: success, or why this port does not serve the command's namespace.
wire::Status ana_refusal(const World& w, const Queue& q, const wire::Command& command);

// discovery.cpp
/// Identify of a discovery controller.
void describe_discovery(wire::IdentifyController& id);
/// The keep-alive timeout of a Connect, with what a discovery controller takes for 0.
Duration connect_katt(const Subsystem& s, std::uint32_t kato_ms);

// faults.cpp
/// The status that a fault answers this command with; success: none does.
wire::Status forced_status(World& w, const Controller& c, bool admin, const wire::Command& command,
                           std::uint64_t token);
/// The fault that strikes this command, if any; it is used up by the call.
const CommandFault* struck_by(Subsystem& s, std::uint16_t cntlid, bool admin,
                              const wire::Command& command);
/// An admin command that a fault delays: true, and it is executed later.
bool delay_admin(World& w, QueueId queue, const wire::Command& command);
/// A Connect that has to wait for those before it: true, and it is looked at later.
bool delay_connect(World& w, SubsystemId subsystem, QueueId queue, const wire::Command& command,
                   const transport::Payload& data);
/// A response that a fault lets go astray: true, and whoever sends it need do no more.
bool goes_astray(World& w, QueueId queue, const wire::Command& command,
                 const wire::Completion& completion, const transport::Payload& data);
/// Puts a response on its way.
void send_response(World& w, QueueId queue, const wire::Completion& completion,
                   const transport::Payload& data);

// secure/secure.cpp
/// A host begins a TLS handshake.
void take_hello(World& w, QueueId queue);
/// What `hello` or a command of DH-HMAC-CHAP took has been computed: it is answered.
void take_computed(World& w, QueueId queue, const wire::Command& command);
/// What the answer to a Connect says besides the CNTLID.
std::uint32_t authentication_wanted(const World& w, QueueId queue, const Subsystem& s);
/// A command that brings a message of DH-HMAC-CHAP, or asks for one.
void authenticate(World& w, QueueId queue, const wire::Command& command);

// io.cpp
/// The medium has done its work for a request.
void finish(World& w, RequestId id);
void execute_io(World& w, QueueId queue, const wire::Command& command,
                const transport::Payload& data);
/// Answers a command that is not executed. The first half of a fused pair that it follows ends too.
void refuse_command(World& w, QueueId queue, const wire::Command& command, wire::Status status);
/// Data that was asked for with `tag` has arrived.
void take_data(World& w, QueueId queue, std::uint16_t tag, const transport::Payload& data);

// target.cpp
/// Queues that were accepted at that port and are not released, in the order of accepting.
sim::List<QueueId>& queues_at(World& w, transport::PortId port);
/// What came in on a queue whose node is well.
void take_command(World& w, QueueId queue, const wire::Command& command,
                  const transport::Payload& data);
/// A command that was fetched and accepted.
void execute_command(World& w, QueueId queue, const wire::Command& command,
                     const transport::Payload& data);
void take_loss(World& w, QueueId queue);
void respond(World& w, QueueId queue, const wire::Command& command, wire::Status status,
             std::uint64_t result = 0, const transport::Payload& data = {});

}  // namespace holdfast::target
