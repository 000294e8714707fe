// SPDX-License-Identifier: Apache-2.0
// TCP connections as values, with the variables of Linux (net/ipv4; the names in comments are those
// of struct tcp_sock and inet_connection_sock). Windows count segments, as there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "models/net/state.hpp"
#include "models/transport/lazy_timer.hpp"
#include "models/transport/options.hpp"
#include "models/transport/payload.hpp"
#include "models/wire/wire.hpp"
#include "sim/copy_block.hpp"
#include "sim/ring.hpp"
#include "sim/time.hpp"
#include "sim/timer_wheel.hpp"

namespace holdfast::transport {

using sim::Duration;
using sim::TimePoint;

enum class PortId : std::uint32_t;
enum class HostQueueId : std::uint64_t;
enum class TargetQueueId : std::uint64_t;

constexpr Side peer_of(Side side) { return side == Side::host ? Side::target : Side::host; }
/// The place of a side in an array of both.
constexpr std::size_t at(Side side) { return static_cast<std::size_t>(side); }

/// One message (an NVMe/TCP PDU) in a byte stream. The header is true bytes; user data is a
/// payload.
struct Message {
  std::uint64_t end = 0;    ///< stream offset just behind it
  std::uint32_t bytes = 0;  ///< header and payload
  std::uint16_t header_bytes = 0;
  bool more = false;     ///< the next one follows at once, and may share a segment (MSG_MORE)
  bool records = false;  ///< lies in TLS records, which `bytes` counts in
  Damage damage = Damage::none;  ///< done to it on its way
  std::uint64_t head = 0;        ///< its head_word, once the socket has taken it
  Payload payload{};
  std::array<std::byte, 128> header{};
};

/// The header bytes of a message folded into one word, for the trace.
inline std::uint64_t head_word(const Message& message) {
  std::uint64_t hash = message.payload.version ^ (message.payload.content * 0xBF58476D1CE4E5B9u);
  for (std::size_t i = 0; i < message.header_bytes; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, message.header.data() + i, 8);
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 29;
  }
  return hash;
}

enum class TcpState : std::uint8_t { closed, syn_sent, syn_received, established };

/// Bytes [begin, end).
struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// A segment that was sent and is not acknowledged: an skb of the retransmission queue.
struct Sent {
  std::uint64_t seq = 0;
  std::uint32_t length = 0;     ///< sequence numbers it takes; a FIN takes one
  std::uint32_t delivered = 0;  ///< how many segments had been delivered when it was sent
  bool fin = false;
  bool push = false;      ///< the last of a record
  bool sacked = false;    ///< TCPCB_SACKED_ACKED
  bool lost = false;      ///< TCPCB_LOST
  bool repeated = false;  ///< TCPCB_SACKED_RETRANS: its retransmission is thought to be on the way
  bool ever_repeated = false;  ///< TCPCB_EVER_RETRANS
  TimePoint at{};              ///< when it was sent last
  TimePoint leaves{};          ///< when that leaves the host's own queue
  [[nodiscard]] std::uint64_t end() const { return seq + length; }
};

/// What the one transmission timer of an end waits for (icsk_pending).
enum class Pending : std::uint8_t { nothing, timeout, probe, reordering };

/// Where loss recovery is (tcp_ca_state), in Linux's order.
enum class CongestionState : std::uint8_t { open, disorder, reduced, recovery, loss };

/// CUBIC's memory (struct bictcp; RFC 9438). Windows in segments, `k` in 1/1024 s.
struct Cubic {
  std::uint32_t per_ack = 0;   ///< acknowledgements for one more segment (cnt)
  std::uint32_t last_max = 0;  ///< window before the last reduction
  std::uint32_t last_window = 0;
  std::uint32_t origin = 0;  ///< where the plateau lies
  std::uint32_t k = 0;       ///< how long the way to it takes
  std::uint32_t acked = 0;   ///< segments, for what Reno would have
  std::uint32_t reno = 0;    ///< the window that Reno would have
  TimePoint last_time = sim::never;
  TimePoint epoch = sim::never;
};

/// When to acknowledge (icsk_ack).
struct AckState {
  bool scheduled = false;
  bool now = false;              ///< protocol demands it at once
  bool pushed = false;           ///< a small segment came in since the last acknowledgement
  bool pushed_twice = false;     ///< more than one
  bool pingpong = false;         ///< we answer what comes in, so an answer may carry it
  std::uint32_t quick = 0;       ///< how many more go out at once
  std::uint32_t segment = 536;   ///< estimate of the peer's segment size (rcv_mss)
  std::uint32_t last_small = 0;  ///< last_seg_size
  Duration delay{};              ///< ato; 0: no data has come in
  TimePoint last_data{};         ///< lrcvtime
  LazyTimer timer;
  // While something is missing only the first of a row of acknowledgements go out one by one.
  std::uint32_t in_row = 0;         ///< dup_ack_counter
  std::uint64_t in_row_at = 0;      ///< compressed_ack_rcv_nxt
  std::uint32_t held_together = 0;  ///< compressed_ack
  LazyTimer together;               ///< compressed_ack_timer
};

/// Round trips and the timeouts that follow from them (RFC 6298 as in tcp_rtt_estimator).
struct RoundTrips {
  Duration smoothed{};  ///< 0: no sample yet
  Duration deviation{};
  Duration deviation_max{};  ///< in this round
  Duration variance{};       ///< the floor of 200 ms is in it
  Duration least{-1};        ///< negative: none yet
  std::uint64_t round_end = 0;
  Duration timeout{};  ///< RTO, back-off included
};

/// The latest delivery that RACK knows of (RFC 8985, tcp_recovery.c).
struct Rack {
  TimePoint sent{};
  std::uint64_t end = 0;
  Duration round_trip{};
  bool advanced = false;
  bool duplicate_seen = false;  ///< a DSACK that has not been counted
  std::uint32_t steps = 1;      ///< quarters of the least round trip to wait for reordering
  std::uint32_t persist = 0;    ///< recoveries for which `steps` lasts
  std::uint32_t delivered_at_step = 0;
  bool reordering_seen = false;
};

/// What an end of a connection is made of besides its queues: plain numbers, which copy as memory.
/// What a connection without losses never looks at comes first, and what the other end's arriving
/// packets look at last, beside the queues: in a large world each line of memory costs.
struct EndpointNumbers {
  bool opened = false;              ///< has left the state in which a SYN would open it
  bool dry = false;                 ///< no data of ours can arrive any more, and that was recorded
  bool forward_rto = false;         ///< frto
  bool probe_repeats = false;       ///< tlp_retrans
  std::uint32_t repeated_ever = 0;  ///< total_retrans
  std::uint32_t duplicates_told = 0;    ///< by DSACK (dsack_dups)
  std::int32_t undo_repeats = 0;        ///< undo_retrans; -1: cannot be undone that way
  std::uint64_t highest_sacked = 0;     ///< end of the highest segment that was
  std::uint64_t recovery_end = 0;       ///< high_seq
  std::uint64_t undo_from = 0;          ///< undo_marker; 0: nothing to undo
  std::int64_t first_repeat_ms = -1;    ///< retrans_stamp, -1: nothing was repeated; while we open
                                        ///< the stamp of the first SYN or SYN/ACK
  TimePoint silent_since = sim::never;  ///< last send before the first timeout of a row
  TimePoint old_answered = sim::never;  ///< an old segment without data (last_oow_ack_time)
  std::uint32_t cwnd_before = 0, ssthresh_before = 0;         ///< the last reduction (prior_*)
  std::uint32_t reduction_delivered = 0, reduction_sent = 0;  ///< PRR (RFC 6937)
  std::array<ByteRange, 4> runs{};  ///< of `ahead`, the one that grew last first (selective_acks)
  Cubic cubic;
  // congestion
  std::uint32_t cwnd = 10;
  std::uint32_t ssthresh = 0x7fffffff;
  std::uint32_t cwnd_count = 0;  ///< acknowledgements towards the next segment
  std::uint32_t most_out = 0;    ///< max_packets_out
  std::uint64_t usage_end = 0;
  std::uint32_t cwnd_used = 0;
  bool cwnd_limited = false;
  TimePoint cwnd_used_since{};
  TimePoint last_sent{};  ///< data (lsndtime)
  Duration rto_min{};     ///< tcp_rto_min: of the route, or of all
  RoundTrips round_trips;
  Rack rack;
  // segments on the way
  std::uint32_t sacked = 0;     ///< how many of them are (sacked_out)
  std::uint32_t lost = 0;       ///< lost_out
  std::uint32_t repeated = 0;   ///< retrans_out
  std::uint32_t lost_ever = 0;  ///< lost, repetitions that were lost again among them
  std::uint32_t delivered_segments = 0;
  std::uint32_t timeouts = 0;    ///< in a row (icsk_retransmits)
  std::uint32_t reordering = 3;  ///< segments
  std::uint64_t probe_end = 0;   ///< tlp_high_seq; 0: no probe is out
  CongestionState congestion_state = CongestionState::open;
  // the transmission timer
  Pending pending = Pending::nothing;
  LazyTimer timer;
  // receiving
  AckState acks;
  ByteRange duplicate{};        ///< to be told as DSACK; empty: none
  std::uint32_t run_count = 0;  ///< num_sacks
  std::uint32_t stamp_ms = 0;   ///< time stamp to echo (ts_recent)
  std::uint64_t told = 0;       ///< up to where we have acknowledged (rcv_wup)
  std::uint64_t expected = 0;   ///< next byte in order (rcv_nxt)
  std::uint64_t delivered = 0;  ///< messages of the peer handed up
  // what was written
  std::uint64_t unacked = 0;      ///< oldest byte not acknowledged (snd_una)
  std::uint64_t written = 1;      ///< end of what was handed to us; a FIN lies at this offset
  std::uint64_t cutting = 0;      ///< number of the message that holds the byte `next`
  std::uint64_t send_buffer = 0;  ///< sk_sndbuf
  std::uint64_t next = 0;         ///< next byte to send (snd_nxt)
  std::uint64_t out_base = 0;     ///< messages that have left `out` at the front
  std::uint32_t packets_in_flight = 0;
  std::uint32_t data_in_flight = 0;  ///< of these, packets with data
  TcpState state = TcpState::closed;
  bool held = false;       ///< the layer above still knows this end by the connection's id
  bool shut_down = false;  ///< we said that we send no more, and refuse to receive
  bool fin_received = false;
};
static_assert(std::is_trivially_copyable_v<EndpointNumbers>);

/// One end of a TCP connection. Sequence numbers are 64-bit offsets: SYN is 0, data starts at 1.
struct Endpoint : EndpointNumbers {
  static constexpr std::size_t most_ahead = 32;

  sim::Ring<Message> out;  ///< in the socket and not yet acknowledged
  sim::Ring<Sent> sent;
  sim::Ring<Message> waiting;    ///< not taken by the socket: its buffer is full
  sim::Vector<ByteRange> ahead;  ///< arrived ahead of a hole; sorted, disjoint
};

struct Connection {
  PortId port{};                              ///< listening port it was opened to
  std::uint32_t mss = 0;                      ///< data bytes of a full segment
  net::FlowId flow = sim::none<net::FlowId>;  ///< the host engine's queue, for filters; stays when
                                              ///< the host lets go
  bool tls = false;                           ///< what is written from now on lies in TLS records
  PortId machine{};  ///< of the target's end, once there is one; see OtherWay
  // Queues of the layer above.
  HostQueueId host_queue = sim::none<HostQueueId>;
  TargetQueueId target_queue = sim::none<TargetQueueId>;
  std::array<net::RouteId, 2> route{};     ///< from each side to the other
  std::array<sim::TimerWheel, 2> wheel{};  ///< ticks of the machine at each side
  std::array<Endpoint, 2> end;
};

struct TcpParameters {
  Duration rto_min = std::chrono::milliseconds{200};
  Duration rto_initial = std::chrono::seconds{1};
  Duration rto_max = std::chrono::seconds{120};
  std::uint32_t initial_window_segments = 10;
  std::uint64_t receive_window_bytes = 3u << 20;
  std::uint64_t send_buffer_bytes = 4u << 20;  ///< to which it grows (tcp_wmem)
  SynLimits syn;                               ///< where the host has none of its own
  CongestionControl congestion = CongestionControl::cubic;
  bool tail_loss_probe = true;  ///< tcp_early_retrans
  bool delayed_acks = true;     ///< false: route attribute quickack
};

}  // namespace holdfast::transport
