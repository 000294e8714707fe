// SPDX-License-Identifier: Apache-2.0
// What queue pairs ride on, as values: payloads, TCP connections, and the NVMe/TCP queues on them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "models/net/state.hpp"
#include "models/transport/fc_state.hpp"
#include "models/transport/payload.hpp"
#include "models/transport/rdma_state.hpp"
#include "models/wire/wire.hpp"
#include "sim/arena.hpp"
#include "sim/ring.hpp"
#include "sim/time.hpp"
#include "sim/timer_wheel.hpp"

namespace holdfast::transport {

using sim::Duration;
using sim::TimePoint;

/// What all queue pairs of a world ride on.
enum class TransportKind : std::uint8_t { tcp, rdma, fc };

enum class ConnectionId : std::uint32_t {};

/// The two ends of a connection: the host opened it, the target accepted it.
enum class Side : std::uint8_t { host, target };
constexpr Side peer_of(Side side) { return side == Side::host ? Side::target : Side::host; }

/// One message (an NVMe/TCP PDU) in a byte stream. The header is true bytes; user data is a
/// payload.
struct Message {
  std::uint64_t end = 0;    ///< stream offset just behind it
  std::uint32_t bytes = 0;  ///< header and payload
  std::uint16_t header_bytes = 0;
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

/// Bytes [begin, end) that arrived ahead of a hole.
struct Span {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// One end of a TCP connection. Sequence numbers are 64-bit offsets: SYN is 0, data starts at 1.
struct Endpoint {
  TcpState state = TcpState::closed;
  bool opened = false;     ///< has left the state in which a SYN would open it
  bool held = false;       ///< the layer above still knows this end by the connection's id
  bool shut_down = false;  ///< we said that we send no more, and refuse to receive
  bool fin_received = false;
  bool ack_due = false;  ///< something arrived that no packet of ours acknowledges yet
  bool dry = false;      ///< no data of ours can arrive any more, and that was recorded
  // sending
  std::uint64_t unacked = 0;       ///< oldest byte not acknowledged
  std::uint64_t next = 0;          ///< next byte to send
  std::uint64_t highest = 0;       ///< highest byte ever sent, exclusive
  std::uint64_t written = 1;       ///< end of what was handed to us; a FIN lies at this offset
  std::uint64_t recovery_end = 0;  ///< fast recovery lasts until this is acknowledged; 0: none
  std::uint32_t duplicate_acks = 0;
  std::uint64_t window = 0;     ///< congestion window, bytes
  std::uint64_t threshold = 0;  ///< slow-start threshold, bytes
  Duration smoothed_rtt{};      ///< 0: no sample yet
  Duration rtt_variance{};
  Duration timeout{};               ///< current RTO without back-off
  std::uint32_t backoff = 0;        ///< how often it has doubled
  TimePoint deadline = sim::never;  ///< when the retransmission timer is due; never: off
  TimePoint timer_at = sim::never;  ///< when its event fires (maybe too early); never: no event
  sim::EventId timer{};
  std::uint32_t packets_in_flight = 0;
  std::uint32_t data_in_flight = 0;  ///< of these, packets with data
  sim::Ring<Message> out;            ///< written and not yet acknowledged
  std::uint64_t out_base = 0;        ///< messages that have left `out` at the front
  // receiving
  std::uint64_t expected = 0;       ///< next byte in order
  std::int64_t last_stamp_ns = -1;  ///< time stamp to echo (the timestamps option)
  std::uint64_t delivered = 0;      ///< messages of the peer handed up
  std::uint32_t spans = 0;
  std::array<Span, 32> ahead{};  ///< sorted, disjoint
};

struct Connection {
  bool in_use = false;
  std::uint32_t port = 0;                           ///< listening port it was opened to
  std::uint32_t mss = 0;                            ///< data bytes of a full segment
  std::array<std::uint32_t, 2> owner = {~0u, ~0u};  ///< queue at each side, set by the layer above
  std::array<net::RouteId, 2> route{};              ///< from each side to the other
  std::array<Endpoint, 2> end;
};

struct TcpParameters {
  Duration rto_min = std::chrono::milliseconds{200};
  Duration rto_initial = std::chrono::seconds{1};
  Duration rto_max = std::chrono::seconds{120};
  std::uint32_t initial_window_segments = 10;
  std::uint64_t receive_window_bytes = 3u << 20;
  std::uint32_t syn_attempts = 3;  ///< SYNs of an unanswered connect, 1 s apart (L6.12, 7.1)
};

/// What the layer above a connection is told. `owner` values are its own.
struct TcpHandlers {
  void (*established)(World&, ConnectionId, Side) = nullptr;
  void (*message)(World&, ConnectionId, Side, const Message&) = nullptr;
  /// The other end closed (error 0), reset it (ECONNRESET), refused it or never answered.
  void (*lost)(World&, ConnectionId, Side, int error) = nullptr;
};

struct Port {
  bool listening = true;
  sim::TimerWheel wheel;  ///< ticks of the machine that it belongs to
};

enum class HostQueueId : std::uint32_t {};
enum class TargetQueueId : std::uint32_t {};

/// The host's end of a queue pair.
struct HostQueue {
  ConnectionId connection{};
  std::uint32_t owner = 0;     ///< the host engine's name for it
  bool stopped = false;        ///< nothing goes up any more
  wire::Digests digests{};     ///< NVMe/TCP: wanted, and then agreed
  sim::EventId setup_timer{};  ///< waits for ICResp
};

/// The target's end of a queue pair.
struct TargetQueue {
  ConnectionId connection{};
  std::uint32_t owner = 0;  ///< the target engine's name for it
  bool stopped = false;
  wire::Digests digests{};    ///< NVMe/TCP: agreed
  bool success_flag = false;  ///< NVMe/TCP: reads that succeed end with their data
};

/// What a host engine is told about its queues. `owner` is what it gave to open_queue.
struct HostHandlers {
  /// The queue can take commands (error 0), or could not be set up (an errno).
  void (*ready)(World&, std::uint32_t owner, int error) = nullptr;
  void (*completed)(World&, std::uint32_t owner, const wire::Completion&) = nullptr;
  /// Data of a command that reads; the completion follows.
  void (*data)(World&, std::uint32_t owner, std::uint16_t cid, const Payload&) = nullptr;
  /// The data of a command that writes, when the target asks for it; null: no such command.
  const Payload* (*payload)(World&, std::uint32_t owner, std::uint16_t cid) = nullptr;
  /// The transport broke (an errno), or the other side violated the protocol (EPROTO).
  void (*failed)(World&, std::uint32_t owner, int error) = nullptr;
  /// FC: the exchange of a command has ended without an answer, aborted or by an adapter error.
  void (*ended)(World&, std::uint32_t owner, std::uint16_t cid, wire::Status) = nullptr;
  /// Whose data an application's buffer holds (zero copy).
  Version (*buffer)(const World&, std::uint32_t buffer) = nullptr;
};

/// What a target engine is told about its queues.
struct TargetHandlers {
  /// A host has connected to a port; the answer is the engine's name for the queue.
  std::uint32_t (*accepted)(World&, TargetQueueId, std::uint32_t port) = nullptr;
  /// A command and whatever data came in its capsule.
  void (*command)(World&, std::uint32_t owner, const wire::Command&, const Payload&) = nullptr;
  /// Data that request_data asked for; `bytes` of it.
  void (*data)(World&, std::uint32_t owner, std::uint16_t tag, const Payload&) = nullptr;
  /// The transport is gone; commands that were not handed up never will be.
  void (*lost)(World&, std::uint32_t owner, int error) = nullptr;
};

struct Transport {
  TransportKind kind = TransportKind::tcp;
  TcpParameters tcp;
  TcpHandlers handlers;
  HostHandlers host;
  TargetHandlers target;
  BlobPool blobs;
  std::vector<Port> ports;
  sim::Arena<ConnectionId, Connection> connections;
  sim::Arena<HostQueueId, HostQueue> host_queues;
  sim::Arena<TargetQueueId, TargetQueue> target_queues;
  rdma::Rdma rdma;
  fc::State fc;
};

}  // namespace holdfast::transport
