// SPDX-License-Identifier: Apache-2.0
// What the files of the target engine share. Not for others.
#pragma once

#include "models/target/target.hpp"
#include "models/transport/queue.hpp"

namespace holdfast::target {

// controller.cpp
/// Executes Connect on a queue that has no controller yet.
void connect(World& w, QueueId queue, const wire::Command& command, const transport::Payload& data);
void start_watchdog(World& w, ControllerId id);
Duration effective_kato(const Profile& profile, std::uint32_t kato_ms);

// teardown.cpp
/// The transport of a queue is gone or was told to go: forget what waits, drain what executes.
void stop_queue(World& w, QueueId id, bool shut_down_transport);
/// Ends a stopped queue once nothing executes on it any more.
void release_if_drained(World& w, QueueId id);

// admin.cpp
void execute_fabrics(World& w, QueueId queue, const wire::Command& command,
                     const transport::Payload& data);
void execute_admin(World& w, QueueId queue, const wire::Command& command);

// ccr.cpp
/// CIU and CIRN of a new controller, or of one whose RDY was asserted again (TP8028; 3.2).
void renew_instance(World& w, ControllerId id);
void cross_controller_reset(World& w, QueueId queue, const wire::Command& command);
/// The impacted controller is gone: whoever asked for its reset is told.
void complete_resets_of(World& w, SubsystemId subsystem, ControllerId impacted);
/// Log page 1Eh into `out`; true if something was written.
void ccr_log_page(World& w, ControllerId id, wire::Bytes out, const wire::GetLogPage& request);
/// Answers one AER, or keeps the event until there is one.
void send_event(World& w, ControllerId id, std::uint32_t dw0);

// io.cpp
void execute_io(World& w, QueueId queue, const wire::Command& command,
                const transport::Payload& data);
/// Data that was asked for with `tag` has arrived.
void take_data(World& w, QueueId queue, std::uint16_t tag, const transport::Payload& data);

// target.cpp
void respond(World& w, QueueId queue, const wire::Command& command, wire::Status status,
             std::uint64_t result = 0, const transport::Payload& data = {});

}  // namespace holdfast::target
