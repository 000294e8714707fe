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

// io.cpp
void execute_io(World& w, QueueId queue, const wire::Command& command,
                const transport::Payload& data);
/// Data that was asked for with `tag` has arrived.
void take_data(World& w, QueueId queue, std::uint16_t tag, const transport::Payload& data);

// target.cpp
void respond(World& w, QueueId queue, const wire::Command& command, wire::Status status,
             std::uint64_t result = 0, const transport::Payload& data = {});

}  // namespace holdfast::target
