// SPDX-License-Identifier: Apache-2.0
// The sending half of TCP: the socket's buffer, segments, windows (net/ipv4/tcp_output.c).
#include <algorithm>

#include "models/net/fabric.hpp"
#include "models/transport/tcp/internal.hpp"
#include "models/world.hpp"

namespace holdfast::tcp {

using transport::ByteRange;
using transport::Sent;
using transport::TcpState;

namespace {

/// What an skb costs besides the pages that it refers to: SKB_TRUESIZE of an empty one.
constexpr std::uint64_t skb_bytes = 1280;

SackBlock block_of(const Endpoint& e, const ByteRange& range) {
  HOLDFAST_PACKET_CHECK(range.begin < range.end, "a block without bytes would read as no block");
  return {static_cast<std::int32_t>(static_cast<std::int64_t>(range.begin - e.expected)),
          static_cast<std::uint32_t>(range.end - range.begin)};
}

/// tcp_options_write: a DSACK first, then the runs, the one that grew last first.
std::uint32_t write_sack(Endpoint& e, Segment& s) {
  std::uint32_t blocks = 0;
  if (e.duplicate.end != 0) {
    s.sack[blocks++] = block_of(e, e.duplicate);
    e.duplicate = ByteRange{};
  }
  for (std::uint32_t i = 0; i < e.run_count && blocks < s.sack.size(); ++i)
    s.sack[blocks++] = block_of(e, e.runs[i]);
  return blocks;
}

/// tcp_event_data_sent: an answer soon after what it answers makes the connection a dialogue.
void note_data_sent(const World& w, const Connection& c, Side side, Endpoint& e) {
  const TimePoint now = tick_time(w, c, side);
  e.last_sent = now;
  if (e.acks.delay > Duration{} && now - e.acks.last_data < e.acks.delay)
    e.acks.pingpong = true;
}

/// The next segment that has not been sent: never across the end of a record (MSG_EOR), which is a
/// message and those that follow it at once; a record that is not complete leaves its last partial
/// segment behind (MSG_MORE; protocol.md 7.4). Length 0: there is none.
Sent next_segment(const Connection& c, Endpoint& e) {
  Sent s;
  s.seq = e.next;
  if (e.next == e.written) {
    s.fin = e.shut_down;
    s.length = e.shut_down ? 1 : 0;
    return s;
  }
  if (e.next > e.written)
    return s;
  HOLDFAST_PACKET_CHECK(e.cutting >= e.out_base,
                        "the message that is being cut has left the socket");
  while (e.out[e.cutting - e.out_base].end <= e.next)
    ++e.cutting;
  std::uint64_t last = e.cutting - e.out_base;
  while (e.out[last].more && last + 1 < e.out.size() && e.out[last].end - e.next < c.mss)
    ++last;
  const std::uint64_t left = e.out[last].end - e.next;
  HOLDFAST_PACKET_CHECK(left > 0 && e.out[last].end <= e.written, "a message ends where it cannot");
  if (left < c.mss && e.out[last].more && !e.shut_down)
    return s;
  s.length = static_cast<std::uint32_t>(std::min<std::uint64_t>(c.mss, left));
  s.push = s.length == left && !e.out[last].more;
  return s;
}

TimePoint put_on_wire(World& w, ConnectionId id, Side side, const Sent& s) {
  if (s.fin)
    return send_segment(w, id, side, s.seq, 0, fin | ack);
  const unsigned flags = unsigned{ack} | (s.push ? unsigned{psh} : 0u);
  return send_segment(w, id, side, s.seq, s.length, flags);
}

/// True: the timer is to count from it on.
bool send_new(World& w, ConnectionId id, Side side, const Sent& what) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(c, side);
  HOLDFAST_PACKET_CHECK(what.length > 0 && what.length <= c.mss, "no segment has that length");
  HOLDFAST_PACKET_CHECK(what.seq == e.next, "new segments follow each other without gaps");
  HOLDFAST_PACKET_CHECK(e.sent.empty() || e.sent.back().end() == what.seq,
                        "a segment was sent and not kept");
  const bool first = e.sent.empty();
  if (first)
    note_start(e, tick_time(w, c, side));
  e.sent.push_back(what);
  Sent& s = e.sent.back();
  s.at = w.now();
  s.delivered = e.delivered_segments;
  e.next = s.end();
  s.leaves = put_on_wire(w, id, side, s);
  return first || e.pending == transport::Pending::probe;
}

/// Whether the socket's buffer takes another message (sk_stream_memory_free).
bool has_room(const Endpoint& e) {
  return e.written - e.unacked + e.out.size() * skb_bytes < e.send_buffer;
}

void take_message(World& w, ConnectionId id, Side side, const Message& message) {
  Endpoint& e = end_of(w, id, side);
  HOLDFAST_PACKET_CHECK(e.out.empty() || e.out.back().end == e.written,
                        "messages leave a gap in the stream");
  e.written += message.bytes;
  e.out.push_back(message);
  Message& taken = e.out.back();
  taken.end = e.written;
  taken.head = transport::head_word(message);
  record<Kind::pdu_sent>(w, id, side, std::to_integer<std::uint8_t>(taken.header[0]), taken.bytes,
                         taken.end, taken.head);
}

std::uint64_t window_end(const World& w, const Endpoint& e) {
  return e.unacked + w.transport.tcp.receive_window_bytes;
}

}  // namespace

TimePoint send_segment(World& w, ConnectionId id, Side side, std::uint64_t seq,
                       std::uint32_t length, unsigned flags) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(c, side);
  HOLDFAST_PACKET_CHECK(length <= c.mss, "a segment is larger than the path allows");
  Segment s;
  s.connection = sim::index(id);
  s.from = static_cast<std::uint8_t>(side);
  s.flags = static_cast<std::uint8_t>(flags);
  s.length = static_cast<std::uint16_t>(length);
  s.seq = seq;
  s.stamp_ms = stamp_of(w.now());
  s.echo_ms = e.stamp_ms;
  std::uint32_t bytes = length + header_bytes;
  if ((flags & ack) != 0) {
    s.ack = e.expected;
    if ((flags & rst) == 0 && (e.run_count != 0 || e.duplicate.end != 0)) {
      const std::uint32_t blocks = write_sack(e, s);
      const std::uint32_t room = w.net.routes[sim::index(c.route[at(side)])].mtu_bytes;
      bytes = std::min(bytes + 4 + 8 * blocks, room);
    }
    note_ack_sent(e);
  }
  ++e.packets_in_flight;
  if (length != 0) {
    ++e.data_in_flight;
    HOLDFAST_PACKET_CHECK(e.data_in_flight <= e.packets_in_flight, "data flies without a packet");
    note_data_sent(w, c, side, e);
  }
  const bool may_move = side == Side::host && !w.transport.other_ways.empty();
  const net::RouteId route = may_move ? way_there(w, c) : c.route[at(side)];
  return w.calendar.shown(net::send(w, route, bytes, std::bit_cast<net::PacketBody>(s)));
}

void send_ack(World& w, ConnectionId id, Side side) {
  send_segment(w, id, side, end_of(w, id, side).next, 0, ack);
}

std::uint64_t send_buffer_wanted(const Connection& c, const Endpoint& e) {
  HOLDFAST_PACKET_CHECK(c.mss > 0, "a buffer for segments without data never empties");
  // tcp_sndbuf_expand: twice the window, in skbs with one full segment each.
  const std::uint64_t segment = std::bit_ceil(std::uint64_t{c.mss} + 652) + 256;
  return 2 * segment * std::max({e.cwnd, e.reordering + 1, 10u});
}

void write_message(World& w, ConnectionId id, Side side, const Message& message) {
  Endpoint& e = end_of(w, id, side);
  if (e.waiting.empty() && has_room(e)) {
    take_message(w, id, side, message);
    return;
  }
  e.waiting.push_back(message);
  fill_socket(w, id, side);
}

void fill_socket(World& w, ConnectionId id, Side side) {
  Endpoint& e = end_of(w, id, side);
  while (!e.waiting.empty() && has_room(e)) {
    take_message(w, id, side, e.waiting.front());
    e.waiting.pop_front();
  }
}

void transmit(World& w, ConnectionId id, Side side) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(c, side);
  if (e.state != TcpState::established)
    return;
  // Most calls find nothing to send and a window that is not full.
  if (e.next == e.written && !e.shut_down && in_network(e) < e.cwnd)
    return;
  std::uint32_t count = 0;
  bool counts_from_now = false;
  for (;;) {
    if (in_network(e) >= e.cwnd)
      break;
    const Sent s = next_segment(c, e);
    if (s.length == 0 || (!s.fin && s.end() > window_end(w, e)))
      break;
    counts_from_now = send_new(w, id, side, s) || counts_from_now;
    ++count;
    if (e.next == e.written && !e.shut_down)
      break;  // nothing is left
  }
  const bool limited = in_network(e) >= e.cwnd;
  if (count != 0 || limited)
    note_usage(e, limited, tick_time(w, c, side), w.transport.tcp);
  if (count == 0)
    return;
  if (is_reducing(e))
    e.reduction_sent += count;
  // tcp_event_new_data_sent arms the timeout, and tcp_schedule_loss_probe the probe in its place.
  if (!arm_probe(w, id, side, false) && counts_from_now)
    arm_timeout(w, id, side);
}

bool transmit_probe(World& w, ConnectionId id, Side side) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(c, side);
  const Sent s = next_segment(c, e);
  if (s.length == 0 || (!s.fin && s.end() > window_end(w, e)))
    return false;
  if (send_new(w, id, side, s))
    arm_timeout(w, id, side);
  note_usage(e, in_network(e) >= e.cwnd, tick_time(w, c, side), w.transport.tcp);
  return true;
}

bool send_again(World& w, ConnectionId id, Side side, Sent& s) {
  HOLDFAST_PACKET_CHECK(
      s.end() > end_of(w, id, side).unacked && s.end() <= end_of(w, id, side).next,
      "what is sent again is out, and not acknowledged");
  if (s.leaves > w.now())
    return false;
  s.at = w.now();
  s.delivered = end_of(w, id, side).delivered_segments;
  s.ever_repeated = true;
  ++end_of(w, id, side).repeated_ever;
  s.leaves = put_on_wire(w, id, side, s);
  return true;
}

bool retransmit(World& w, ConnectionId id, Side side, Sent& s) {
  Endpoint& e = end_of(w, id, side);
  HOLDFAST_PACKET_CHECK(e.repeated <= e.sent.size(), "more is repeated than was sent");
  const bool sent = send_again(w, id, side, s);
  if (sent && !s.repeated) {
    ++e.repeated;
    s.repeated = true;
  }
  if (e.first_repeat_ms < 0)
    e.first_repeat_ms = stamp_of(s.at);
  e.undo_repeats = std::max(e.undo_repeats, 0) + 1;
  return sent;
}

void retransmit_lost(World& w, ConnectionId id, Side side) {
  Endpoint& e = end_of(w, id, side);
  HOLDFAST_PACKET_CHECK(e.state == TcpState::established, "only an open connection repeats data");
  bool head_sent = false;
  for (std::size_t i = 0; i < e.sent.size() && e.repeated < e.lost; ++i) {
    if (in_network(e) >= e.cwnd)
      break;
    Sent& s = e.sent[i];
    if (!s.lost || s.sacked || s.repeated)
      continue;
    if (!retransmit(w, id, side, s))
      break;
    if (is_reducing(e))
      ++e.reduction_sent;
    head_sent = head_sent || i == 0;
  }
  if (head_sent && e.pending != transport::Pending::reordering)
    arm(w, id, side, transport::Pending::timeout, e.round_trips.timeout);
}

}  // namespace holdfast::tcp
