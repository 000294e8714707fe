// SPDX-License-Identifier: Apache-2.0
// NVMe/FC (protocol.md 7.3): an association per controller, a connection per queue, an exchange per
// command. Nothing is sent twice: a lost frame leaves its exchange stuck until somebody aborts it.
// The functions of queue.hpp, and what the host's FC driver asks of its adapter besides.
#pragma once

#include "models/transport/state.hpp"

namespace holdfast::transport::fc {

/// Frame header; delimiters, CRC and idles count as the frame overhead of the network.
inline constexpr std::uint32_t header_bytes = 24;
/// Largest payload of a frame.
inline constexpr std::uint32_t frame_payload_bytes = 2112;
inline constexpr std::uint32_t mtu_bytes = header_bytes + frame_payload_bytes;

// Bytes of information units. Those of link services are not in protocol.md: as the structures of
// include/linux/nvme-fc.h.
inline constexpr std::uint32_t command_bytes = 96;
inline constexpr std::uint32_t transfer_ready_bytes = 12;
inline constexpr std::uint32_t response_bytes = 12;
inline constexpr std::uint32_t extended_response_bytes = 32;
inline constexpr std::uint32_t create_association_bytes = 1024;
inline constexpr std::uint32_t create_connection_bytes = 80;
inline constexpr std::uint32_t disconnect_bytes = 48;
inline constexpr std::uint32_t create_association_accept_bytes = 56;
inline constexpr std::uint32_t create_connection_accept_bytes = 40;
inline constexpr std::uint32_t disconnect_accept_bytes = 24;
inline constexpr std::uint32_t ls_reject_bytes = 40;
inline constexpr std::uint32_t abts_accept_bytes = 12;

// Errors told to `ready`; the numbers are Linux's.
inline constexpr int rejected = 5;        ///< EIO
inline constexpr int no_port = 19;        ///< ENODEV
inline constexpr int timed_out = 110;     ///< ETIMEDOUT
inline constexpr int disconnected = 104;  ///< ECONNRESET: the target has ended the association

// The operations that queue.cpp calls; see queue.hpp for what each does.
void install(World& w);
HostQueueId open_queue(World& w, net::RouteId forward, net::RouteId back, PortId port,
                       HostOwner owner, HostQueueId admin);
void submit(World& w, HostQueueId id, const wire::Command& command, const Payload& data);
ConnectionId connection_of(const World& w, HostQueueId id);
void stop_queue(World& w, HostQueueId id);
/// Aborts what is left; with the admin queue goes Disconnect Association.
void close_queue(World& w, HostQueueId id);
void respond(World& w, TargetQueueId id, const wire::Completion& completion, const Payload& data);
void request_data(World& w, TargetQueueId id, std::uint16_t cid, std::uint16_t tag,
                  std::uint32_t bytes);
ConnectionId connection_of(const World& w, TargetQueueId id);
void stop_queue(World& w, TargetQueueId id);
void close_queue(World& w, TargetQueueId id);

/// ABTS for the exchange of a command; HostHandlers::ended tells when it is over. False: nothing
/// was started, because the exchange has ended or is being aborted already.
bool abort(World& w, HostQueueId id, std::uint16_t cid);

/// Two ports lose sight of each other, or see each other again: while apart, no frame passes
/// between them, and the host's adapter ends aborts and link services at once.
void part(World& w, net::RouteId forward, net::RouteId back);
void rejoin(World& w, net::RouteId forward, net::RouteId back);
bool is_apart(const World& w, net::RouteId forward);

}  // namespace holdfast::transport::fc
