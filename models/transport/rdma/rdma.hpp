// SPDX-License-Identifier: Apache-2.0
// RDMA over RoCEv2 as far as path failure needs it: connection management, the reliable connected
// service with its acknowledgements and retries, and NVMe/RDMA on top (protocol.md 7.2).
#pragma once

#include "models/transport/state.hpp"

namespace holdfast::rdma {

using transport::Payload;
using transport::Side;

/// Errors told to the layer above; the numbers are Linux's.
inline constexpr int connection_reset = 104;  ///< ECONNRESET: the other end disconnected or refused
inline constexpr int timed_out = 110;         ///< ETIMEDOUT: retries used up
inline constexpr int access_refused = 71;     ///< EPROTO: no such memory

/// In-capsule data limit of nvmet-rdma: one page.
inline constexpr std::uint32_t default_inline_bytes = 4096;

/// Header bytes of every packet: IP 20, UDP 8, BTH 12, ICRC 4.
inline constexpr std::uint32_t header_bytes = 44;
/// Packets that a queue pair lets out before it wants an acknowledgement, and of one READ.
inline constexpr std::uint64_t window_packets = 64;
inline constexpr std::uint64_t read_packets = window_packets / 2;

/// The path MTU: the largest of 256 to 4096 that fits beside the headers (iboe_get_mtu).
std::uint32_t path_mtu(std::uint32_t route_mtu_bytes);

/// Starts to connect from the host's end, whose ticks are those of `wheel`.
QueuePairId open(World& w, net::RouteId forward, net::RouteId back, transport::PortId port,
                 transport::HostQueueId queue, const sim::TimerWheel& wheel = {});
/// Posts a work request. Ignored (and its blob freed) on a queue pair that is not ready.
void post(World& w, QueuePairId id, Side side, const Work& work);
/// rdma_disconnect and drain: nothing is sent or taken in any more but the DREQ.
void stop(World& w, QueuePairId id, Side side);
/// The layer above no longer knows this end; it must be stopped.
void release(World& w, QueuePairId id, Side side);

/// Handlers of the network below.
void on_packet(World& w, const net::Packet& packet);
void on_duplicated(World& w, const net::Packet& packet);
void on_dropped(World& w, const net::Packet& packet, net::ChannelId channel, net::Drop reason);

}  // namespace holdfast::rdma
