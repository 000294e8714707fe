// SPDX-License-Identifier: Apache-2.0
// What the files of RDMA share. Not for others.
#pragma once

#include <bit>
#include <cstdint>

#include "models/transport/rdma/rdma.hpp"
#include "models/world.hpp"

namespace holdfast::rdma {

enum class Op : std::uint8_t {
  // address resolution and connection management
  resolve,
  resolved,
  request,       ///< REQ
  reply,         ///< REP
  ready_to_use,  ///< RTU
  reject,        ///< REJ
  disconnect,    ///< DREQ
  disconnected,  ///< DREP
  // requests
  send,
  write,
  read,
  // answers
  response,  ///< READ response
  ack,
  nak_sequence,
  nak_access,
};

/// A packet as it travels in a packet's body.
struct Packet {
  std::uint32_t pair = 0;
  std::uint8_t from = 0;  ///< side that sent it
  Op op = Op::ack;
  std::uint16_t length = 0;  ///< data bytes
  std::uint64_t psn = 0;
  std::uint64_t work = 0;   ///< number of the work request at its requester
  std::uint64_t value = 0;  ///< read: packets wanted; response: version; ack: next one expected
  std::uint32_t bytes = 0;  ///< read: bytes wanted
  std::uint16_t cid = 0;
  bool first = false;  ///< of its message
  bool last = false;
  bool ack_request = false;
  std::uint8_t unused[15] = {};
};
static_assert(sizeof(Packet) == sizeof(net::PacketBody));

inline Packet packet_of(const net::Packet& packet) { return std::bit_cast<Packet>(packet.body); }
inline End& end_of(World& w, QueuePairId id, Side side) {
  return w.transport.rdma.pairs[id].end[at(side)];
}
inline bool is_management(Op op) { return op <= Op::disconnected; }
inline bool carries_data(Op op) { return op == Op::send || op == Op::response; }

// How records name a pair, and what it carries.
inline transport::ConnectionId connection_of(QueuePairId id) {
  return transport::ConnectionId{static_cast<std::uint64_t>(id)};
}
inline std::uint8_t pdu_type(const Work& work) { return static_cast<std::uint8_t>(work.verb); }

// rdma.cpp
void set_state(World& w, QueuePairId id, Side side, State state);
void send_packet(World& w, QueuePairId id, Side side, Packet packet);
inline void send_op(World& w, QueuePairId id, Side side, Op op) {
  Packet p;
  p.op = op;
  send_packet(w, id, side, p);
}
/// Records that an end has run dry and frees a queue pair that nobody can use any more.
void settle(World& w, QueuePairId id);
/// The queue pair goes to the error state, and the layer above is told.
void break_pair(World& w, QueuePairId id, Side side, int error);

// connect.cpp
/// Asks for the address unless it is known, else for the connection.
void start_to_connect(World& w, QueuePairId id);
void take_management(World& w, QueuePairId id, Side side, Op op);
/// A data packet says that the other end is ready even when its RTU was lost (COMM_EST).
void establish(World& w, QueuePairId id, Side side);
void management_timeout(World& w, QueuePairId id, Side side);

// send.cpp
void transmit(World& w, QueuePairId id, Side side);
/// Waits for an answer for `timeout` > 0, by the wheel of the machine at that end.
void arm(World& w, QueuePairId id, Side side, sim::Duration timeout);
void arm_until(World& w, QueuePairId id, Side side, sim::TimePoint deadline);
void take_answer(World& w, QueuePairId id, Side side, const Packet& p);

// receive.cpp
void take_request(World& w, QueuePairId id, Side side, const Packet& p);

}  // namespace holdfast::rdma

namespace holdfast::transport::nvme_rdma {

// nvme_rdma.cpp: what the layer above is told. `id` names the queue pair.
void connect_done(World& w, rdma::QueuePairId id, int error);
void accepted(World& w, rdma::QueuePairId id);
void lost(World& w, rdma::QueuePairId id, Side side, int error);
/// A whole SEND or WRITE has arrived.
void received(World& w, rdma::QueuePairId id, Side side, const rdma::Work& work);
/// A packet of a WRITE lands in the host's memory.
void landed(World& w, rdma::QueuePairId id, std::uint64_t work, std::uint16_t cid);
/// What a READ finds; null: nothing is registered for that command.
const Payload* read_source(World& w, rdma::QueuePairId id, std::uint16_t cid);
/// A work request was acknowledged; the data of a READ is there.
void acknowledged(World& w, rdma::QueuePairId id, Side side, const rdma::Work& work);

}  // namespace holdfast::transport::nvme_rdma
