// SPDX-License-Identifier: Apache-2.0
// Reliable connected queue pairs as values: two ends, what each has posted and not had
// acknowledged, and where in the packet sequence each of them is (protocol.md 7.2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/net/state.hpp"
#include "models/transport/lazy_timer.hpp"
#include "models/transport/options.hpp"
#include "models/transport/payload.hpp"
#include "models/wire/wire.hpp"
#include "sim/arena.hpp"
#include "sim/calendar.hpp"
#include "sim/copy_block.hpp"
#include "sim/ring.hpp"
#include "sim/time.hpp"
#include "sim/timer_wheel.hpp"

namespace holdfast::transport {
enum class PortId : std::uint32_t;
enum class HostQueueId : std::uint64_t;
enum class TargetQueueId : std::uint64_t;
}  // namespace holdfast::transport

namespace holdfast::rdma {

enum class QueuePairId : std::uint64_t {};

/// Connection management and the state of the queue pair in one.
enum class State : std::uint8_t {
  idle,        ///< target: no request has come
  resolving,   ///< host: asks for the address
  requesting,  ///< host: REQ is out
  accepting,   ///< target: REP is out
  ready,       ///< RTS: sends and receives
  broken,      ///< error: retries are used up, or an access was refused
  stopped,     ///< disconnected; what was posted is flushed and arrivals are discarded
};

/// Nothing is sent, retransmitted or taken in any more.
constexpr bool is_over(State state) { return state == State::broken || state == State::stopped; }

enum class Verb : std::uint8_t { send = 1, write = 2, read = 3 };

/// A work request that is posted and not acknowledged. Its packets carry the sequence numbers
/// [first, end); those of a READ are the numbers of its response packets.
struct Work {
  Verb verb = Verb::send;
  bool answered = false;  ///< host: the response to this SEND came before its acknowledgement
  std::uint16_t cid = 0;
  std::uint16_t tag = 0;    ///< READ: what request_data was given
  std::uint32_t bytes = 0;  ///< moved, transport headers not counted
  std::uint64_t first = 0;
  std::uint64_t end = 0;
  transport::Payload payload{};
  std::array<std::byte, wire::sqe_bytes> header{};  ///< SQE or CQE of a SEND
  wire::Completion answer{};                        ///< if answered
};

/// One end of a queue pair: a requester for what it posts, a responder for the other end.
/// Sequence numbers have 64 bits here and start at 0.
struct End {
  State state = State::idle;
  bool held = false;          ///< the layer above still knows this end
  bool disconnected = false;  ///< a DREQ was sent or received, or the connection never was
  bool dry = false;           ///< nothing of ours can arrive any more, and that was recorded
  // requester
  bool gap_seen = false;      ///< went back for a lost READ response already
  std::uint32_t retries = 0;  ///< without progress; also of the management message that is out
  std::uint64_t posted = 0;   ///< sequence number of the next work request
  std::uint64_t next = 0;     ///< next packet to send
  std::uint64_t unacked = 0;  ///< oldest packet that is not acknowledged
  sim::Ring<Work> out;
  std::uint64_t out_base = 0;  ///< work requests that have left `out` at the front
  transport::LazyTimer
      timer;  ///< waits for an acknowledgement, or the answer to a management message
  // responder
  bool nak_sent = false;  ///< one NAK per gap
  std::uint64_t expected = 0;
  std::uint64_t late_work = ~std::uint64_t{0};  ///< the WRITE whose lateness was recorded last
  std::uint32_t packets_in_flight = 0;
  std::uint32_t data_in_flight = 0;  ///< of these, SENDs and READ responses
};

struct QueuePair {
  bool drains = true;        ///< the host stops it before it gives buffers back
  transport::PortId port{};  ///< listening port it was opened to
  std::uint32_t mtu = 0;     ///< data bytes of a full packet
  transport::HostQueueId host_queue = sim::none<transport::HostQueueId>;
  transport::TargetQueueId target_queue = sim::none<transport::TargetQueueId>;
  std::array<net::RouteId, 2> route{};     ///< from each side to the other
  std::array<sim::TimerWheel, 2> wheel{};  ///< ticks of the machine at each end
  sim::TimePoint address_deadline{};       ///< when resolution is given up
  std::array<End, 2> end;
};

/// 4.096 us x 2^exponent, the unit of all time-outs of the InfiniBand architecture.
constexpr sim::Duration ib_timeout(unsigned exponent) {
  return sim::Duration{std::int64_t{4096} << exponent};
}

/// docs/assumptions.md says where the defaults come from.
struct Parameters {
  sim::Duration ack_timeout = ib_timeout(17);  ///< 0.537 s
  std::uint32_t retry_count = 7;               ///< after which the queue pair breaks
  sim::Duration address_timeout = std::chrono::seconds{3};
  sim::Duration address_retry = std::chrono::seconds{1};
  /// What the other end may take to answer, 4,096 ms, and the packet's life there and back, 256 ms
  /// each: the manager counts in powers of two of milliseconds (cm_convert_to_ms).
  sim::Duration cm_timeout = std::chrono::milliseconds{4096 + 2 * 256};
  std::uint32_t cm_retries = 15;
  transport::Neighbours neighbours = transport::Neighbours::asked;
};

struct Rdma {
  Parameters parameters;
  sim::Arena<QueuePairId, QueuePair> pairs;
  std::vector<net::NodeId> undrained;  ///< hosts that give buffers back before they stop the pair
  sim::Vector<net::RouteId> known;     ///< routes whose other end is in the neighbour table
};

}  // namespace holdfast::rdma
