// SPDX-License-Identifier: Apache-2.0
// The receiving half of TCP: acknowledgements, reassembly, resets, delivery of whole messages.
#include <algorithm>

#include "models/transport/tcp/internal.hpp"
#include "models/world.hpp"

namespace holdfast::tcp {

using transport::ByteRange;
using transport::TcpState;

namespace {

using namespace std::chrono_literals;

constexpr Duration old_interval = 500ms;  // tcp_invalid_ratelimit

/// Hands up every message that is complete. The layer above may close the connection from within.
void deliver_messages(World& w, ConnectionId id, Side side) {
  for (;;) {
    const Connection& c = w.transport.connections[id];
    Endpoint& e = w.transport.connections[id].end[at(side)];
    const Endpoint& peer = c.end[at(transport::peer_of(side))];
    if (e.state != TcpState::established || e.shut_down)
      return;
    HOLDFAST_CHECK(e.delivered >= peer.out_base, "a message is forgotten before it was handed up");
    const std::uint64_t place = e.delivered - peer.out_base;
    if (place >= peer.out.size() || peer.out[place].end > e.expected)
      return;
    const Message message = peer.out[place];
    HOLDFAST_PACKET_CHECK(message.end <= peer.next,
                          "a message arrives that was not sent to its end");
    ++e.delivered;
    record<Kind::pdu_received>(w, id, side, std::to_integer<std::uint8_t>(message.header[0]),
                               message.bytes, message.end, message.head);
    w.transport.handlers.message(w, id, side, message);
  }
}

void take_reset(World& w, ConnectionId id, Side side, const Segment& s) {
  HOLDFAST_CHECK((s.flags & rst) != 0, "that is no reset");
  Endpoint& e = w.transport.connections[id].end[at(side)];
  if (e.state == TcpState::syn_sent) {
    if (s.ack != 1)
      return;
    set_state(w, id, side, TcpState::closed);
    w.transport.handlers.lost(w, id, side, connection_refused);
    return;
  }
  if (s.seq != e.expected) {
    // RFC 5961, 3.2: a reset that is not exactly in place is challenged; a peer that has really
    // forgotten the connection answers with one that is.
    if (s.seq > e.expected && s.seq - e.expected <= w.transport.tcp.receive_window_bytes) {
      send_ack(w, id, side);
    }
    return;
  }
  set_state(w, id, side, TcpState::closed);
  if (e.held)
    w.transport.handlers.lost(w, id, side, connection_reset);
}

/// A segment for an end that is closed: a new connection for a listener, or a reset.
void take_when_closed(World& w, ConnectionId id, Side side, const Segment& s) {
  HOLDFAST_CHECK(sim::index(w.transport.connections[id].port) < w.transport.ports.size(),
                 "the connection was opened to no port");
  const Connection& c = w.transport.connections[id];
  Endpoint& e = w.transport.connections[id].end[at(side)];
  if ((s.flags & rst) != 0)
    return;
  const bool opens = (s.flags & syn) != 0 && side == Side::target && !e.opened;
  if (opens && w.transport.ports[sim::index(c.port)].listening) {
    e.expected = 1;
    e.stamp_ms = s.stamp_ms;
    e.last_sent = w.now();
    e.first_repeat_ms = stamp_of(w.now());
    set_state(w, id, side, TcpState::syn_received);
    send_segment(w, id, side, 0, 0, syn | ack);
    arm_handshake(w, id, side);
    return;
  }
  e.opened = true;
  e.expected = std::max(e.expected, s.seq + s.length + ((s.flags & syn) != 0 ? 1 : 0));
  send_segment(w, id, side, s.ack, 0, rst | ack);
}

void establish(World& w, ConnectionId id, Side side, const Segment& s) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(c, side);
  HOLDFAST_CHECK(e.expected == 1 && e.sent.empty(),
                 "a connection that opens has moved no data yet");
  const bool repeated = e.repeated_ever != 0;
  e.unacked = e.next = 1;
  const auto by_stamps = std::max(1u, stamp_of(w.now()) - s.echo_ms) * std::chrono::milliseconds{1};
  const Duration round_trip = repeated ? Duration{by_stamps} : w.now() - e.last_sent;
  e.round_trips.least = round_trip;
  take_sample(c, side, w.transport.tcp, round_trip);
  // tcp_init_transfer: one segment, if more than one repetition was needed, a timeout was among
  // them, and it is not the first one that is answered (tcp_try_undo_spurious_syn).
  const bool spurious = s.echo_ms == e.first_repeat_ms;
  if (e.repeated_ever > 1 && e.timeouts != 0 && !spurious)
    e.cwnd = 1;
  e.first_repeat_ms = -1;
  e.timeouts = 0;
  e.last_sent = e.cwnd_used_since = tick_time(w, c, side);
  e.send_buffer = std::min(send_buffer_wanted(c, e), w.transport.tcp.send_buffer_bytes);
  stop_timer(e);
  e.held = true;
  set_state(w, id, side, TcpState::established);
  if (side == Side::host)
    send_ack(w, id, side);
  w.transport.handlers.established(w, id, side);
}

/// The handshake. True: the segment may carry data for an established connection.
bool take_handshake(World& w, ConnectionId id, Side side, const Segment& s) {
  Endpoint& e = end_of(w, id, side);
  if (e.state == TcpState::syn_sent) {
    if ((s.flags & (syn | ack)) != (syn | ack) || s.ack != 1)
      return false;
    e.expected = 1;
    e.stamp_ms = s.stamp_ms;
    establish(w, id, side, s);
    return false;
  }
  if (e.state == TcpState::syn_received) {
    if ((s.flags & syn) != 0) {
      // tcp_check_req: answered again, and the answer's own repetition is put off.
      ++e.repeated_ever;
      send_segment(w, id, side, 0, 0, syn | ack);
      arm_handshake(w, id, side);
      return false;
    }
    if ((s.flags & ack) == 0 || s.ack < 1)
      return false;
    establish(w, id, side, s);
    return true;
  }
  if ((s.flags & syn) != 0) {
    send_ack(w, id, side);  // our acknowledgement of the handshake was lost
    return false;
  }
  return true;
}

/// Data and FIN of a segment. False: the connection is reset.
bool take_content(World& w, ConnectionId id, Side side, const Segment& s) {
  Endpoint& e = end_of(w, id, side);
  const std::uint64_t end = s.seq + s.length;
  if (s.length != 0) {
    if (e.shut_down && end > e.expected) {
      // Nobody will read it (tcp_rcv_state_process after a receive shutdown).
      send_segment(w, id, side, e.next, 0, rst | ack);
      set_state(w, id, side, TcpState::closed);
      return false;
    }
    if (s.seq <= e.expected && end > e.expected)
      note_data(w, id, side, s);
    else if (s.seq > e.expected)
      measure_segment(w.transport.connections[id], e.acks, s);
    take_data(w, id, side, s);
  }
  if ((s.flags & fin) != 0) {
    e.acks.scheduled = true;
    if (end == e.expected && !e.fin_received) {
      ++e.expected;
      e.fin_received = true;
      e.acks.pingpong = true;  // tcp_fin
    } else {
      e.acks.now = true;
    }
  }
  return true;
}

/// tcp_send_dupack: what came is told, and nothing is learned from it.
void answer_old(World& w, ConnectionId id, Side side, ByteRange range) {
  Endpoint& e = end_of(w, id, side);
  if (range.begin != range.end) {
    e.duplicate = range;
    enter_quick_mode(w, e);
  } else {
    // tcp_invalid_ratelimit, so that two ends do not go on answering each other.
    if (e.old_answered != sim::never && w.now() - e.old_answered < old_interval)
      return;
    e.old_answered = w.now();
  }
  send_ack(w, id, side);
}

void take_established(World& w, ConnectionId id, Side side, const Segment& s) {
  Endpoint& e = end_of(w, id, side);
  HOLDFAST_PACKET_CHECK(e.state == TcpState::established, "only an open connection takes data");
  // tcp_sequence: its time stamp, acknowledgement and SACK blocks are dropped along with it.
  const std::uint64_t end = s.seq + s.length + ((s.flags & fin) != 0 ? 1 : 0);
  if (end < e.told) {
    answer_old(w, id, side, {s.seq, end});
    return;
  }
  if (s.seq <= e.told)
    e.stamp_ms = s.stamp_ms;  // tcp_replace_ts_recent
  if ((s.flags & ack) != 0)
    take_ack(w, id, side, s);
  const std::uint64_t before = e.expected;
  const bool had_fin = e.fin_received;
  if (!take_content(w, id, side, s))
    return;
  fill_socket(w, id, side);
  transmit(w, id, side);
  decide_ack(w, id, side);
  if (e.expected != before) {
    note_read(w, id, side);
    deliver_messages(w, id, side);
  }
  const Endpoint& after = end_of(w, id, side);
  if (after.fin_received && !had_fin && after.held && !after.shut_down &&
      after.state == TcpState::established)
    w.transport.handlers.lost(w, id, side, closed_by_peer);
}

}  // namespace

std::pair<ConnectionId, Side> sender_of(const net::Packet& packet) {
  const Segment s = segment_of(packet);
  return {ConnectionId{s.connection}, Side{s.from}};
}

void on_packet(World& w, const net::Packet& packet) {
  const Segment s = segment_of(packet);
  const ConnectionId id = w.transport.connections.id_at(s.connection);
  const Side from{s.from};
  const Side side = transport::peer_of(from);
  HOLDFAST_PACKET_CHECK(s.from <= 1, "a connection has two sides");
  // The packet keeps the connection alive until it has been dealt with.
  const bool may_move = side == Side::target && !w.transport.other_ways.empty();
  if (may_move && take_stray(w, id, packet)) {
    // It was for another machine.
  } else if (end_of(w, id, side).state == TcpState::closed) {
    take_when_closed(w, id, side, s);
  } else if ((s.flags & rst) != 0) {
    take_reset(w, id, side, s);
  } else if (take_handshake(w, id, side, s)) {
    take_established(w, id, side, s);
  }
  Connection& c = w.transport.connections[id];
  Endpoint& sender = end_of(c, from);
  HOLDFAST_PACKET_CHECK(sender.packets_in_flight > 0,
                        "a packet arrives that its sender does not count");
  HOLDFAST_PACKET_CHECK(s.length == 0 || sender.data_in_flight > 0,
                        "data arrives that its sender does not count");
  --sender.packets_in_flight;
  if (s.length != 0)
    --sender.data_in_flight;
  // While both ends live there is nothing to settle.
  if (sender.state == TcpState::closed || end_of(c, side).state == TcpState::closed)
    settle(w, id);
}

void on_duplicated(World& w, const net::Packet& packet) {
  const Segment s = segment_of(packet);
  const ConnectionId id = w.transport.connections.id_at(s.connection);
  Endpoint& sender = w.transport.connections[id].end[s.from];
  ++sender.packets_in_flight;
  if (s.length != 0)
    ++sender.data_in_flight;
}

void on_dropped(World& w, const net::Packet& packet, net::ChannelId channel, net::Drop reason) {
  const Segment s = segment_of(packet);
  const auto words = net::record_words(packet.body);
  record<Kind::packet_dropped>(w, channel, reason, words[0], words[1], words[2], words[3]);
  const ConnectionId id = w.transport.connections.id_at(s.connection);
  Endpoint& sender = w.transport.connections[id].end[s.from];
  HOLDFAST_PACKET_CHECK(sender.packets_in_flight > 0,
                        "a packet is lost that its sender does not count");
  HOLDFAST_PACKET_CHECK(s.length == 0 || sender.data_in_flight > 0,
                        "data is lost that its sender does not count");
  --sender.packets_in_flight;
  if (s.length != 0)
    --sender.data_in_flight;
  settle(w, id);
}

}  // namespace holdfast::tcp
