// SPDX-License-Identifier: Apache-2.0
// What the files of I/O commands share. Not for others.
#pragma once

#include "models/target/internal.hpp"

namespace holdfast::target {

/// How a command ended, and what goes back with it.
struct Outcome {
  wire::Status status{};
  std::uint64_t result = 0;  ///< DW0 and DW1 of the completion
  transport::Payload data{};
};

Namespace& namespace_of(World& w, const Request& r);

inline bool is_fused_first(const wire::Command& c) {
  return (c.flags & wire::command_flag_fuse_first) != 0;
}

// io_check.cpp
/// Fills in the request of a command, or says why it is refused.
wire::Status make_request(World& w, QueueId queue, const wire::Command& command,
                          const transport::Payload& data, Request& r);

// io_media.cpp
/// The instant at which a command takes effect.
Outcome apply(World& w, const Request& r);
/// The first half of a fused pair, or a Compare of its own: is there what it expects?
wire::Status compare(World& w, const Request& r);

// io_reservations.cpp
Outcome apply_reservation(World& w, const Request& r);
/// The command is not for this host while another one holds the reservation.
bool is_reserved_against(const Namespace& n, const Controller& c, const wire::Command& command);
bool is_reserved_against(const Reservation& held, const Controller& c,
                         const wire::Command& command);
/// A node that does not know better takes a command that the subsystem should refuse.
bool is_let_through(const Namespace& n, const Controller& c, const wire::Command& command);

}  // namespace holdfast::target
