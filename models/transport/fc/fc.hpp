// SPDX-License-Identifier: Apache-2.0
// NVMe/FC (protocol.md 7.3): an association per controller, a connection per queue, an exchange per
// command. Nothing is sent twice: a lost frame leaves its exchange stuck until somebody aborts it.
// What the host's FC driver asks of its adapter besides the functions of queue.hpp.
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
inline constexpr int rejected = 6;        ///< ENXIO: the port has said no
inline constexpr int refused = 111;       ///< ECONNREFUSED: the adapter does not even ask it
inline constexpr int no_port = 19;        ///< ENODEV
inline constexpr int timed_out = 110;     ///< ETIMEDOUT
inline constexpr int disconnected = 104;  ///< ECONNRESET: the target has ended the association

/// ABTS for the exchange of a command; HostHandlers::ended tells when it is over. False: nothing
/// was started, because the exchange has ended or is being aborted already.
bool abort(World& w, HostQueueId id, std::uint16_t cid);

/// Two ports lose sight of each other, or see each other again: while apart, no frame passes
/// between them, and the host's adapter ends aborts and link services at once.
void part(World& w, net::RouteId forward, net::RouteId back);
void rejoin(World& w, net::RouteId forward, net::RouteId back);
bool is_apart(const World& w, net::RouteId forward);

}  // namespace holdfast::transport::fc
