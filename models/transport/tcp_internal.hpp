// SPDX-License-Identifier: Apache-2.0
// What the sending and the receiving half of TCP share. Not for others.
#pragma once

#include <bit>
#include <cstdint>

#include "models/transport/tcp.hpp"

namespace holdfast::tcp {

enum Flag : std::uint8_t { syn = 1, ack = 2, fin = 4, rst = 8 };

/// A segment as it travels in a packet's body.
struct Segment {
  std::uint32_t connection = 0;
  std::uint8_t from = 0;  ///< side that sent it
  std::uint8_t flags = 0;
  std::uint16_t length = 0;  ///< data bytes
  std::uint64_t seq = 0;
  std::uint64_t ack = 0;
  std::int64_t stamp_ns = 0;  ///< when it was sent (timestamps option)
  std::int64_t echo_ns = -1;  ///< the stamp that it answers; -1: none
  std::uint64_t unused = 0;
};
static_assert(sizeof(Segment) == sizeof(net::PacketBody));

inline Segment segment_of(const net::Packet& packet) { return std::bit_cast<Segment>(packet.body); }

/// One past the last sequence number that will be used: the FIN counts.
inline std::uint64_t stream_end(const transport::Endpoint& e) {
  return e.written + (e.shut_down ? 1 : 0);
}

// tcp_send.cpp
void send_segment(World& w, ConnectionId id, Side side, std::uint64_t seq, std::uint32_t length,
                  unsigned flags);
/// Sends what the windows allow and sees that the retransmission timer runs.
void transmit(World& w, ConnectionId id, Side side);
/// Sends the oldest unacknowledged segment again.
void retransmit_first(World& w, ConnectionId id, Side side);
void arm(World& w, ConnectionId id, Side side, sim::Duration timeout);
sim::Duration current_timeout(const transport::Endpoint& e, const transport::TcpParameters& p);

// tcp.cpp
void set_state(World& w, ConnectionId id, Side side, transport::TcpState state);
/// Records that a stream has run dry and frees a connection that nobody can use any more.
void settle(World& w, ConnectionId id);

}  // namespace holdfast::tcp
