// SPDX-License-Identifier: Apache-2.0
// The responder of a queue pair: packets in order, acknowledgements, one NAK per gap, and READs,
// which it answers from memory without its software knowing.
#include <algorithm>

#include "models/transport/rdma/internal.hpp"
#include "models/world.hpp"

namespace holdfast::rdma {

namespace nvme = transport::nvme_rdma;

namespace {

void answer(World& w, QueuePairId id, Side side, Op op, std::uint64_t value) {
  Packet p;
  p.op = op;
  p.value = value;
  send_packet(w, id, side, p);
}

void take_read(World& w, QueuePairId id, Side side, const Packet& p) {
  const QueuePair& q = w.transport.rdma.pairs[id];
  HOLDFAST_PACKET_CHECK(side == Side::host, "only the target reads");
  HOLDFAST_PACKET_CHECK(
      p.value > 0 && p.bytes <= p.value * q.mtu && p.bytes > (p.value - 1) * q.mtu,
      "a READ wants as many packets as its bytes need");
  End& e = w.transport.rdma.pairs[id].end[at(side)];
  const bool fresh = p.psn == e.expected;
  const Payload* source = nvme::read_source(w, id, p.cid);
  if (source == nullptr) {
    // A repeated READ of a command that is over finds its memory gone; only a new one is an error.
    if (!fresh)
      return;
    answer(w, id, side, Op::nak_access, p.psn);
    break_pair(w, id, side, access_refused);
    return;
  }
  if (fresh) {
    e.nak_sent = false;
    e.expected += p.value;
  }
  for (std::uint64_t i = 0; i < p.value; ++i) {
    Packet out;
    out.op = Op::response;
    out.psn = p.psn + i;
    out.work = p.work;
    out.value = source->version;
    out.cid = p.cid;
    out.first = i == 0;
    out.last = i + 1 == p.value;
    const auto offset = static_cast<std::uint32_t>(i) * q.mtu;
    out.length = static_cast<std::uint16_t>(std::min(q.mtu, p.bytes - offset));
    send_packet(w, id, side, out);
  }
}

}  // namespace

void take_request(World& w, QueuePairId id, Side side, const Packet& p) {
  End& e = w.transport.rdma.pairs[id].end[at(side)];
  HOLDFAST_PACKET_CHECK(e.state == State::ready, "only a queue pair that works takes requests");
  HOLDFAST_PACKET_CHECK(p.op == Op::send || p.op == Op::write || p.op == Op::read,
                        "that is no request");
  if (p.psn > e.expected) {
    if (e.nak_sent)
      return;
    e.nak_sent = true;
    answer(w, id, side, Op::nak_sequence, e.expected);
    return;
  }
  if (p.op == Op::read) {
    take_read(w, id, side, p);
    return;
  }
  if (p.psn < e.expected) {
    // Whether it asks or not (C9-105, rxe's duplicate_request): of a message whose end was lost
    // nobody has told the sender how much arrived, and it would begin with the same packets again.
    answer(w, id, side, Op::ack, e.expected);
    return;
  }
  e.nak_sent = false;
  ++e.expected;
  // The adapter acknowledges before software looks at what arrived.
  if (p.ack_request)
    answer(w, id, side, Op::ack, e.expected);
  if (p.op == Op::write)
    nvme::landed(w, id, p.work, p.cid);
  if (!p.last)
    return;
  const End& peer = w.transport.rdma.pairs[id].end[p.from];
  HOLDFAST_CHECK(p.work >= peer.out_base && p.work - peer.out_base < peer.out.size(),
                 "a message arrives that its sender has forgotten");
  const Work work = peer.out[p.work - peer.out_base];
  HOLDFAST_PACKET_CHECK(work.end == p.psn + 1, "the last packet of a message has its last number");
  record<Kind::pdu_received>(w, connection_of(id), side, pdu_type(work), work.bytes, work.end,
                             work.payload.version);
  nvme::received(w, id, side, work);
}

}  // namespace holdfast::rdma
