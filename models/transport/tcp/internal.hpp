// SPDX-License-Identifier: Apache-2.0
// What the parts of TCP share. Not for others.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "models/transport/tcp/tcp.hpp"
#include "models/world.hpp"

namespace holdfast::tcp {

using sim::Duration;
using sim::TimePoint;
using transport::Connection;
using transport::Endpoint;

enum Flag : std::uint8_t { syn = 1, ack = 2, fin = 4, rst = 8, psh = 16 };

/// A run of bytes that the receiver has, as the SACK option tells it.
struct SackBlock {
  std::int32_t offset = 0;   ///< of its begin from the acknowledgement number
  std::uint32_t length = 0;  ///< 0: no block
};

/// A segment as it travels in a packet's body.
struct Segment {
  std::uint32_t connection = 0;
  std::uint8_t from = 0;  ///< side that sent it
  std::uint8_t flags = 0;
  std::uint16_t length = 0;  ///< data bytes
  std::uint64_t seq = 0;
  std::uint64_t ack = 0;
  std::uint32_t stamp_ms = 0;  ///< when it was sent (timestamps option: Linux counts milliseconds)
  std::uint32_t echo_ms = 0;   ///< the stamp that it answers
  std::array<SackBlock, 3> sack{};  ///< as many as fit beside time stamps; a DSACK comes first
};
static_assert(sizeof(Segment) == sizeof(net::PacketBody));

inline Segment segment_of(const net::Packet& packet) { return std::bit_cast<Segment>(packet.body); }
/// The same of the body alone, as a sink of the trace gets it.
inline Segment segment_of(std::span<const std::byte> body) {
  HOLDFAST_CHECK(body.size() == sizeof(Segment));
  net::PacketBody copy{};
  std::copy(body.begin(), body.end(), copy.bytes.begin());
  return std::bit_cast<Segment>(copy);
}

inline Endpoint& end_of(Connection& c, Side side) { return c.end[at(side)]; }
inline Endpoint& end_of(World& w, ConnectionId id, Side side) {
  return end_of(w.transport.connections[id], side);
}

/// TCP_ATO_MIN: how long an acknowledgement waits for company at first.
inline constexpr Duration ack_delay_min = std::chrono::milliseconds{40};

/// Milliseconds of the time-stamp clock, which is never 0.
inline std::uint32_t stamp_of(TimePoint t) {
  return static_cast<std::uint32_t>(sim::ns(t) / 1'000'000 + 1);
}

/// The instant as the machine's tick counter shows it (tcp_jiffies32).
inline TimePoint tick_time(const World& w, const Connection& c, Side side) {
  const sim::TimerWheel& wheel = c.wheel[at(side)];
  return wheel.is_exact() ? w.now() : wheel.time_of(wheel.ticks_at(w.now()));
}
/// A span in whole ticks, rounded up (usecs_to_jiffies).
inline Duration in_ticks(const Connection& c, Side side, Duration span) {
  const sim::TimerWheel& wheel = c.wheel[at(side)];
  return wheel.is_exact() ? span : wheel.ticks_of(span) * wheel.tick();
}

/// Segments that are thought to be in the network (tcp_packets_in_flight).
inline std::uint32_t in_network(const Endpoint& e) {
  return static_cast<std::uint32_t>(e.sent.size()) - e.sacked - e.lost + e.repeated;
}

// send.cpp
/// Returns when the segment leaves the queue of its own host.
TimePoint send_segment(World& w, ConnectionId id, Side side, std::uint64_t seq,
                       std::uint32_t length, unsigned flags);
/// Acknowledges what has arrived, at once.
void send_ack(World& w, ConnectionId id, Side side);
/// Takes a message into the socket, or lets it wait behind the others while its buffer is full.
void write_message(World& w, ConnectionId id, Side side, const Message& message);
/// Takes messages that wait into the socket as long as its buffer has room.
void fill_socket(World& w, ConnectionId id, Side side);
/// Sends what the windows allow and sees that a timer runs (tcp_write_xmit).
void transmit(World& w, ConnectionId id, Side side);
/// Sends one new segment whatever the congestion window says; false: there is none that may go.
bool transmit_probe(World& w, ConnectionId id, Side side);
/// Sends a segment again (__tcp_retransmit_skb). False: it has not left this host yet, so nothing
/// is sent (skb_still_in_host_queue).
bool send_again(World& w, ConnectionId id, Side side, transport::Sent& s);
/// The same, counted as a repetition (tcp_retransmit_skb).
bool retransmit(World& w, ConnectionId id, Side side, transport::Sent& s);
/// Sends again what is lost, as far as the window allows (tcp_xmit_retransmit_queue).
void retransmit_lost(World& w, ConnectionId id, Side side);
std::uint64_t send_buffer_wanted(const Connection& c, const Endpoint& e);

// timers.cpp
void arm(World& w, ConnectionId id, Side side, transport::Pending what, Duration delay);
/// The timeout of a SYN or a SYN/ACK that was sent now.
void arm_handshake(World& w, ConnectionId id, Side side);
void stop_timer(Endpoint& e);
/// tcp_rearm_rto.
void arm_timeout(World& w, ConnectionId id, Side side);
/// Arms a tail loss probe, if one may be sent (tcp_schedule_loss_probe). False: no.
bool arm_probe(World& w, ConnectionId id, Side side, bool advances_timeout);
void arm_delayed_ack(World& w, ConnectionId id, Side side, TimePoint deadline);

// ack.cpp
void take_ack(World& w, ConnectionId id, Side side, const Segment& s);

// round_trips.cpp
void take_sample(Connection& c, Side side, const transport::TcpParameters& p, Duration sample);

// recovery.cpp
/// Marks a segment lost (tcp_mark_skb_lost).
void mark_lost(Endpoint& e, transport::Sent& s);
/// A segment was delivered, in order or not (tcp_rack_advance).
void rack_advance(Endpoint& e, const transport::Sent& s, TimePoint now);
/// Marks what RACK takes for lost. Returns how long to wait for the rest; 0: not at all.
Duration rack_detect(World& w, ConnectionId id, Side side);
void enter_recovery(Connection& c, Side side, const transport::TcpParameters& p, TimePoint now);
void enter_loss(World& w, ConnectionId id, Side side);
/// Whether everything that was repeated turned out to have arrived before (tcp_may_undo).
bool may_undo(const Endpoint& e, std::uint32_t echo_ms);
/// The original was late, not lost (tcp_packet_delayed).
bool was_delayed(const Endpoint& e, std::uint32_t echo_ms);
/// Nothing that was repeated is out or unacknowledged any more, so the next repetition is the first
/// of its kind (tcp_retrans_stamp_cleanup).
void forget_first_repeat(Endpoint& e);
/// Takes the last reduction back; `unmark`: nothing was lost after all.
void undo_reduction(Endpoint& e, bool unmark, TimePoint now);
/// Disorder while something is repeated or out of order, else open.
void try_keep_open(Endpoint& e);

// congestion.cpp
std::uint32_t reduced_window(Endpoint& e, const transport::TcpParameters& p);
void start_reduction(Endpoint& e, const transport::TcpParameters& p);
/// One acknowledgement's step of the reduction (PRR, tcp_cwnd_reduction).
void continue_reduction(Endpoint& e, std::uint32_t delivered, std::uint32_t newly_lost,
                        bool advanced);
void end_reduction(Endpoint& e, TimePoint now);
void grow_window(const Connection& c, Endpoint& e, const transport::TcpParameters& p,
                 std::uint32_t acked, TimePoint now);
/// Notes whether the window limited what was just sent (tcp_cwnd_validate).
void note_usage(Endpoint& e, bool limited, TimePoint now, const transport::TcpParameters& p);
/// After a pause as long as the RTO (tcp_slow_start_after_idle_check).
void restart_after_idle(Endpoint& e, TimePoint now, const transport::TcpParameters& p);
/// A pause ends that does not count as time of growth (bictcp_cwnd_event).
void note_start(Endpoint& e, TimePoint now);
inline bool is_reducing(const Endpoint& e) {
  return e.congestion_state == transport::CongestionState::reduced ||
         e.congestion_state == transport::CongestionState::recovery;
}
std::uint32_t current_ssthresh(const Endpoint& e);

// reassembly.cpp
/// Puts the bytes of a segment into place and notes what is to be told at once.
void take_data(World& w, ConnectionId id, Side side, const Segment& s);

// delayed_ack.cpp
/// What came in says of the peer's segments (tcp_measure_rcv_mss).
void measure_segment(const Connection& c, transport::AckState& a, const Segment& s);
/// Data came in (tcp_event_data_recv).
void note_data(World& w, ConnectionId id, Side side, const Segment& s);
/// Acknowledges at once or arms the timer (__tcp_ack_snd_check).
void decide_ack(World& w, ConnectionId id, Side side);
/// The reader has emptied the socket (tcp_cleanup_rbuf).
void note_read(World& w, ConnectionId id, Side side);
/// An acknowledgement leaves, alone or with data (tcp_event_ack_sent).
void note_ack_sent(Endpoint& e);
/// tcp_enter_quickack_mode.
void enter_quick_mode(const World& w, Endpoint& e);

// moves.cpp: addresses that move to another machine
/// The way from the host to where the address of the connection's port is now.
net::RouteId way_there(const World& w, const Connection& c);
/// Of the ways to all machines that may have the address, and back; the largest number without any.
/// An address moves between machines whose links take the same frames, as whoever sets it up sees
/// to: no path MTU is discovered anew.
std::uint32_t least_mtu_of_ways(const World& w, const Connection& c);
/// A packet of the host comes to a machine that does not know the connection, and is answered as
/// such. False: it is where the target's end is, or may be from now on.
bool take_stray(World& w, ConnectionId id, const net::Packet& packet);

// tcp.cpp
void set_state(World& w, ConnectionId id, Side side, transport::TcpState state);
/// Records that a stream has run dry and frees a connection that nobody can use any more.
void settle(World& w, ConnectionId id);

}  // namespace holdfast::tcp
