// SPDX-License-Identifier: Apache-2.0
// Queue pairs: opening, posting, stopping, packets in and out, and the end of a pair's life.
#include "models/transport/rdma/rdma.hpp"

#include <algorithm>

#include "models/net/fabric.hpp"
#include "models/transport/rdma/internal.hpp"
#include "models/world.hpp"

namespace holdfast::rdma {

namespace {

constexpr std::uint32_t arp_bytes = 28;
constexpr std::uint32_t management_bytes = 8 + 256;  // DETH and a management datagram
constexpr std::uint32_t reth_bytes = 16;             // address, key and length
constexpr std::uint32_t aeth_bytes = 4;              // syndrome and message number

std::uint32_t bytes_of(const Packet& p) {
  switch (p.op) {
    case Op::resolve:
    case Op::resolved:
      return arp_bytes;
    case Op::send:
      return header_bytes + p.length;
    case Op::write:
      return header_bytes + (p.first ? reth_bytes : 0) + p.length;
    case Op::read:
      return header_bytes + reth_bytes;
    case Op::response:
      return header_bytes + (p.first || p.last ? aeth_bytes : 0) + p.length;
    case Op::ack:
    case Op::nak_sequence:
    case Op::nak_access:
      return header_bytes + aeth_bytes;
    default:
      return header_bytes + management_bytes;
  }
}

void free_blob(World& w, const Work& work) {
  if (work.payload.blob != sim::none<transport::BlobId>)
    w.transport.blobs.remove(work.payload.blob);
}

/// The header of a work request folded into one word, for the trace.
std::uint64_t head_word(const Work& work) {
  std::uint64_t hash = work.payload.version ^ (std::uint64_t{work.cid} << 48);
  for (std::size_t i = 0; i < work.header.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, work.header.data() + i, 8);
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 29;
  }
  return hash;
}

void packet_gone(World& w, QueuePairId id, const Packet& p) {
  End& sender = w.transport.rdma.pairs[id].end[p.from];
  HOLDFAST_PACKET_CHECK(sender.packets_in_flight > 0,
                        "a packet is gone that its sender does not count");
  HOLDFAST_PACKET_CHECK(!carries_data(p.op) || sender.data_in_flight > 0,
                        "data is gone that nobody counts");
  --sender.packets_in_flight;
  if (carries_data(p.op))
    --sender.data_in_flight;
  settle(w, id);
}

}  // namespace

std::uint32_t path_mtu(std::uint32_t route_mtu_bytes) {
  HOLDFAST_PACKET_CHECK(route_mtu_bytes > header_bytes, "no data fits beside the headers");
  // GRH 40, UDP 8, BTH 12, extended headers 4 + 28, ICRC 4.
  constexpr std::uint32_t all_headers = 96;
  std::uint32_t mtu = 4096;
  while (mtu > 256 && mtu + all_headers > route_mtu_bytes)
    mtu /= 2;
  return mtu;
}

void set_state(World& w, QueuePairId id, Side side, State state) {
  End& e = w.transport.rdma.pairs[id].end[at(side)];
  HOLDFAST_CHECK(e.state < state, "a queue pair does not go back to an earlier state");
  e.state = state;
  e.retries = 0;
  e.timer.stop();
  record<Kind::queue_pair_state>(w, connection_of(id), side, state);
}

void send_packet(World& w, QueuePairId id, Side side, Packet packet) {
  QueuePair& q = w.transport.rdma.pairs[id];
  HOLDFAST_PACKET_CHECK(packet.length <= q.mtu, "a packet is larger than the path allows");
  End& e = q.end[at(side)];
  packet.pair = sim::index(id);
  packet.from = static_cast<std::uint8_t>(side);
  ++e.packets_in_flight;
  if (carries_data(packet.op))
    ++e.data_in_flight;
  net::send(w, q.route[at(side)], bytes_of(packet), std::bit_cast<net::PacketBody>(packet));
}

void settle(World& w, QueuePairId id) {
  if (!w.transport.rdma.pairs.contains(id))
    return;  // the layer above let go of it when it was told of the loss
  QueuePair& q = w.transport.rdma.pairs[id];
  for (const Side side : {Side::host, Side::target}) {
    End& e = q.end[at(side)];
    const End& peer = q.end[at(transport::peer_of(side))];
    // What is flushed is not sent again, and an end that is over discards what still arrives.
    if (e.dry || !is_over(e.state) || (e.data_in_flight != 0 && !is_over(peer.state)))
      continue;
    e.dry = true;
    record<Kind::stream_dry>(w, connection_of(id), side);
  }
  for (const End& e : q.end) {
    const bool can_act = e.state != State::idle && !is_over(e.state);
    if (can_act || e.held || e.packets_in_flight != 0)
      return;
  }
  for (End& e : q.end) {
    e.timer.discard(w);
    for (std::size_t i = 0; i < e.out.size(); ++i)
      free_blob(w, e.out[i]);
  }
  w.transport.rdma.pairs.remove(id);
}

void break_pair(World& w, QueuePairId id, Side side, int error) {
  HOLDFAST_CHECK(w.transport.rdma.pairs[id].end[at(side)].state == State::ready,
                 "only a queue pair that works can break");
  set_state(w, id, side, State::broken);
  transport::nvme_rdma::lost(w, id, side, error);
  settle(w, id);
}

QueuePairId open(World& w, net::RouteId forward, net::RouteId back, transport::PortId port,
                 transport::HostQueueId queue, const sim::TimerWheel& wheel) {
  Rdma& rdma = w.transport.rdma;
  const QueuePairId id = rdma.pairs.add();
  QueuePair& q = rdma.pairs[id];
  const net::Route& there = w.net.routes[sim::index(forward)];
  const net::Route& home = w.net.routes[sim::index(back)];
  HOLDFAST_CHECK(there.from == home.to && there.to == home.from, "the way back is another's");
  HOLDFAST_CHECK(sim::index(port) < w.transport.ports.size(), "there is no such port");
  q.drains =
      std::find(rdma.undrained.begin(), rdma.undrained.end(), there.from) == rdma.undrained.end();
  q.port = port;
  q.host_queue = queue;
  q.route = {forward, back};
  q.mtu = path_mtu(std::min(there.mtu_bytes, home.mtu_bytes));
  q.wheel = {wheel, w.transport.ports[sim::index(port)].wheel};
  q.end[0].held = true;
  start_to_connect(w, id);
  return id;
}

void post(World& w, QueuePairId id, Side side, const Work& work) {
  QueuePair& q = w.transport.rdma.pairs[id];
  End& e = q.end[at(side)];
  HOLDFAST_PACKET_CHECK(work.bytes != 0, "a work request moves something");
  HOLDFAST_PACKET_CHECK(side == Side::target || work.verb == Verb::send, "hosts only send");
  if (e.state != State::ready) {
    free_blob(w, work);
    return;
  }
  e.out.push_back(work);
  Work& posted = e.out.back();
  posted.first = e.posted;
  posted.end = e.posted + std::max(1u, (work.bytes + q.mtu - 1) / q.mtu);
  e.posted = posted.end;
  HOLDFAST_PACKET_CHECK(e.unacked <= e.next && e.next <= e.posted,
                        "the sequence numbers are out of order");
  record<Kind::pdu_sent>(w, connection_of(id), side, pdu_type(work), work.bytes, posted.end,
                         head_word(work));
  transmit(w, id, side);
}

void stop(World& w, QueuePairId id, Side side) {
  End& e = w.transport.rdma.pairs[id].end[at(side)];
  if (e.state == State::requesting) {
    send_op(w, id, side, Op::reject);
  } else if ((e.state == State::ready || e.state == State::broken) && !e.disconnected) {
    send_op(w, id, side, Op::disconnect);
  }
  e.disconnected = true;
  if (e.state != State::stopped)
    set_state(w, id, side, State::stopped);
  settle(w, id);
}

void release(World& w, QueuePairId id, Side side) {
  End& e = w.transport.rdma.pairs[id].end[at(side)];
  HOLDFAST_CHECK(e.held, "the layer above has let go of this end before");
  HOLDFAST_CHECK(is_over(e.state), "a queue pair is stopped before it is let go of");
  e.held = false;
  settle(w, id);
}

void on_packet(World& w, const net::Packet& packet) {
  const Packet p = packet_of(packet);
  const QueuePairId id = w.transport.rdma.pairs.id_at(p.pair);
  const Side side = transport::peer_of(Side{p.from});
  // The packet keeps the queue pair alive until it has been dealt with.
  if (is_management(p.op)) {
    take_management(w, id, side, p.op);
  } else {
    if (w.transport.rdma.pairs[id].end[at(side)].state == State::accepting)
      establish(w, id, side);
    if (w.transport.rdma.pairs[id].end[at(side)].state == State::ready) {
      if (p.op < Op::response) {
        take_request(w, id, side, p);
      } else {
        take_answer(w, id, side, p);
      }
    }
  }
  packet_gone(w, id, p);
}

void on_duplicated(World& w, const net::Packet& packet) {
  const Packet p = packet_of(packet);
  auto& pairs = w.transport.rdma.pairs;
  End& sender = pairs[pairs.id_at(p.pair)].end[p.from];
  ++sender.packets_in_flight;
  if (carries_data(p.op))
    ++sender.data_in_flight;
}

void on_dropped(World& w, const net::Packet& packet, net::ChannelId channel, net::Drop reason) {
  const auto words = net::record_words(packet.body);
  record<Kind::packet_dropped>(w, channel, reason, words[0], words[1], words[2], words[3]);
  const Packet p = packet_of(packet);
  packet_gone(w, w.transport.rdma.pairs.id_at(p.pair), p);
}

}  // namespace holdfast::rdma
