// SPDX-License-Identifier: Apache-2.0
// What faults need to know of single packets: which queue they belong to, and whether they carry a
// command capsule that is to be dropped. The network asks through pointers and does not look
// inside.
#include <algorithm>

#include "models/transport/functions.hpp"
#include "models/transport/tcp/internal.hpp"
#include "models/transport/tcp/nvme_tcp.hpp"
#include "models/transport/tcp/tcp.hpp"
#include "models/world.hpp"

namespace holdfast::transport::nvme_tcp {

namespace {

bool overlap(const ByteRange& a, const ByteRange& b) { return a.begin < b.end && b.begin < a.end; }

bool wanted(const ChosenCapsule& c, const ByteRange& packet) {
  switch (c.packets) {
    case CapsulePackets::first:
      return packet.begin <= c.bytes.begin && c.bytes.begin < packet.end;
    case CapsulePackets::last:
      return packet.begin < c.bytes.end && c.bytes.end <= packet.end;
    case CapsulePackets::all:
      break;
  }
  return overlap(packet, c.bytes);
}

/// A packet was dropped as often as its bytes were: TCP may cut them in another way next time.
bool drop_once_more(ChosenCapsule& c, const ByteRange& packet) {
  HOLDFAST_PACKET_CHECK(packet.begin < packet.end,
                        "a packet without data has no part of a capsule");
  std::uint32_t times = 0;
  for (const DroppedPart& part : c.parts) {
    if (overlap(part.bytes, packet))
      times = std::max(times, part.times);
  }
  if (c.transmissions != 0 && times >= c.transmissions)
    return false;
  c.parts.push_back({packet, times + 1});
  return true;
}

bool intercept(World& w, const net::Packet& packet) {
  const tcp::Segment s = tcp::segment_of(packet);
  if (Side{s.from} != Side::host || s.length == 0)
    return false;
  const ByteRange bytes{s.seq, s.seq + s.length};
  bool dropped = false;
  for (ChosenCapsule& c : w.transport.chosen_capsules) {
    if (sim::index(c.connection) == s.connection && wanted(c, bytes))
      dropped = drop_once_more(c, bytes) || dropped;
  }
  return dropped;
}

/// Forgets what is over; without anything left the network need not ask.
template <class IsOver>
void forget_if(World& w, IsOver is_over) {
  std::erase_if(w.transport.chosen_capsules, is_over);
  w.net.intercept = w.transport.chosen_capsules.empty() ? nullptr : intercept;
}

/// What the next fault that waits for such a PDU does to it.
Damage damage_of(World& w, net::FlowId flow, Side side, const Message& message) {
  for (PduDamage& d : w.transport.pdu_damages) {
    const bool matches = d.armed && d.left != 0 && d.sender == side && d.queues.first <= flow &&
                         flow <= d.queues.last &&
                         (d.damage == Damage::header || message.payload.bytes != 0);
    if (!matches)
      continue;
    if (d.skip != 0) {
      --d.skip;
      continue;
    }
    --d.left;
    return d.damage;
  }
  return Damage::none;
}

}  // namespace

void send_pdu(World& w, ConnectionId id, Side side, const Message& message) {
  const bool tls = w.transport.connections[id].tls;
  if (w.transport.pdu_damages.empty() && !tls) [[likely]] {
    tcp::send(w, id, side, message);
    return;
  }
  Message damaged = message;
  damaged.records = tls;
  damaged.bytes += record_bytes(w.transport.connections[id], message.bytes);
  damaged.damage = damage_of(w, w.transport.connections[id].flow, side, message);
  tcp::send(w, id, side, damaged);
}

void note_digest_error(World& w, ConnectionId id, Side side, Damage damage) {
  record<Kind::digest_error>(w, id, side, damage);
}

net::FlowId flow_of(const World& w, const net::Packet& packet) {
  const auto& connections = w.transport.connections;
  const Connection& c = connections[connections.id_at(tcp::segment_of(packet).connection)];
  // The first SYN leaves before the connection has been labelled.
  if (c.flow == sim::none<net::FlowId> && c.end[0].held &&
      w.transport.host_queues.contains(c.host_queue)) {
    return flow_of(w.transport.host_queues[c.host_queue].owner);
  }
  return c.flow;
}

void choose_capsule(World& w, HostQueueId id, std::uint8_t opcode, std::uint32_t bytes) {
  HOLDFAST_PACKET_CHECK(bytes != 0, "a capsule has bytes");
  const HostQueue& q = w.transport.host_queues[id];
  const Endpoint& e = w.transport.connections[q.connection].end[0];
  if (e.state != TcpState::established || e.shut_down)
    return;
  forget_if(w, [&](const ChosenCapsule& c) {
    return w.transport.connections[c.connection].end[0].unacked >= c.bytes.end;
  });
  // It will lie behind what the socket has taken and what waits for room in it.
  std::uint64_t begin = e.written;
  for (std::size_t i = 0; i < e.waiting.size(); ++i)
    begin += e.waiting[i].bytes;
  for (CapsuleDrop& d : w.transport.capsule_drops) {
    if (!takes(d, q.owner, opcode))
      continue;
    w.transport.chosen_capsules.push_back(
        {q.connection, {begin, begin + bytes}, d.transmissions, d.packets, {}});
    w.net.intercept = intercept;
  }
}

void forget_capsules(World& w, ConnectionId id) {
  if (!w.transport.chosen_capsules.empty())
    forget_if(w, [&](const ChosenCapsule& c) { return c.connection == id; });
}

}  // namespace holdfast::transport::nvme_tcp
