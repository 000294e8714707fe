// SPDX-License-Identifier: Apache-2.0
// The receiving half of TCP: acknowledgements, reassembly, resets, delivery of whole messages.
#include <algorithm>

#include "models/transport/tcp_internal.hpp"
#include "models/world.hpp"

namespace holdfast::tcp {

using sim::Duration;
using transport::Connection;
using transport::Endpoint;
using transport::Span;
using transport::TcpState;

namespace {

/// RFC 6298, 2: gains 1/8 and 1/4.
void take_rtt_sample(Endpoint& e, Duration sample) {
  if (e.smoothed_rtt == Duration{}) {
    e.smoothed_rtt = std::max(sample, Duration{1});
    e.rtt_variance = sample / 2;
    return;
  }
  const Duration error = sample - e.smoothed_rtt;
  e.rtt_variance += (std::chrono::abs(error) - e.rtt_variance) / 4;
  e.smoothed_rtt = std::max(e.smoothed_rtt + error / 8, Duration{1});
}

void grow_window(Endpoint& e, std::uint64_t acked, std::uint64_t flight, std::uint32_t mss) {
  // An application that does not fill the window does not prove that a larger one would pass
  // (tcp_is_cwnd_limited).
  if (e.window < e.threshold) {
    if (2 * flight >= e.window)
      e.window += acked;
  } else if (flight + mss >= e.window) {
    e.window += std::max<std::uint64_t>(1, std::uint64_t{mss} * mss / e.window);
  }
}

void forget_acknowledged(World& w, Endpoint& e) {
  while (!e.out.empty() && e.out.front().end <= e.unacked) {
    const transport::BlobId blob = e.out.front().payload.blob;
    if (blob != sim::none<transport::BlobId>)
      w.transport.blobs.remove(blob);
    e.out.pop_front();
    ++e.out_base;
  }
}

void advance_acknowledged(World& w, ConnectionId id, Side side, const Segment& s) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = c.end[static_cast<int>(side)];
  const std::uint64_t acked = s.ack - e.unacked;
  const std::uint64_t flight = e.highest - e.unacked;
  e.unacked = s.ack;
  e.next = std::max(e.next, e.unacked);
  if (s.echo_ns >= 0)
    take_rtt_sample(e, Duration{sim::ns(w.now()) - s.echo_ns});
  e.backoff = 0;
  forget_acknowledged(w, e);
  if (e.recovery_end != 0 && e.unacked < e.recovery_end) {
    // A partial acknowledgement uncovers the next hole (RFC 6582, 3.2).
    e.window = std::max<std::uint64_t>(e.window - std::min(acked, e.window) + c.mss, c.mss);
    retransmit_first(w, id, side);
  } else {
    if (e.recovery_end != 0) {
      e.recovery_end = 0;
      e.window = e.threshold;
    } else {
      grow_window(e, acked, flight, c.mss);
    }
    e.duplicate_acks = 0;
  }
  e.deadline = sim::never;
  if (e.unacked < e.highest)
    arm(w, id, side, current_timeout(e, w.transport.tcp));
  transmit(w, id, side);
}

void take_ack(World& w, ConnectionId id, Side side, const Segment& s) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = c.end[static_cast<int>(side)];
  if (s.ack > e.highest)
    return;
  if (s.ack > e.unacked) {
    advance_acknowledged(w, id, side, s);
    return;
  }
  if (s.ack < e.unacked || s.length != 0 || (s.flags & fin) != 0 || e.unacked == e.highest)
    return;
  ++e.duplicate_acks;
  if (e.recovery_end != 0) {
    e.window += c.mss;
    transmit(w, id, side);
  } else if (e.duplicate_acks == 3) {
    e.threshold = std::max<std::uint64_t>((e.highest - e.unacked) / 2, 2ull * c.mss);
    e.window = e.threshold + 3ull * c.mss;
    e.recovery_end = e.highest;
    retransmit_first(w, id, side);
  }
}

/// Notes bytes [begin, end) that lie behind a hole. When there are too many holes the bytes are
/// treated as lost; the sender will repeat them.
void keep_ahead(Endpoint& e, Span span) {
  std::uint32_t at = 0;
  while (at < e.spans && e.ahead[at].end < span.begin)
    ++at;
  std::uint32_t last = at;
  while (last < e.spans && e.ahead[last].begin <= span.end) {
    span.begin = std::min(span.begin, e.ahead[last].begin);
    span.end = std::max(span.end, e.ahead[last].end);
    ++last;
  }
  if (last == at) {
    if (e.spans == e.ahead.size())
      return;
    std::copy_backward(e.ahead.begin() + at, e.ahead.begin() + e.spans,
                       e.ahead.begin() + e.spans + 1);
    ++e.spans;
  } else {
    std::copy(e.ahead.begin() + last, e.ahead.begin() + e.spans, e.ahead.begin() + at + 1);
    e.spans -= last - at - 1;
  }
  e.ahead[at] = span;
}

void take_data(Endpoint& e, const Segment& s) {
  const std::uint64_t end = s.seq + s.length;
  e.ack_due = true;
  if (end <= e.expected)
    return;
  if (s.seq > e.expected) {
    keep_ahead(e, {s.seq, end});
    return;
  }
  e.expected = end;
  std::uint32_t used = 0;
  while (used < e.spans && e.ahead[used].begin <= e.expected) {
    e.expected = std::max(e.expected, e.ahead[used].end);
    ++used;
  }
  std::copy(e.ahead.begin() + used, e.ahead.begin() + e.spans, e.ahead.begin());
  e.spans -= used;
}

/// Hands up every message that is complete. The layer above may close the connection from within.
void deliver_messages(World& w, ConnectionId id, Side side) {
  for (;;) {
    const Connection& c = w.transport.connections[id];
    Endpoint& e = w.transport.connections[id].end[static_cast<int>(side)];
    const Endpoint& peer = c.end[static_cast<int>(transport::peer_of(side))];
    if (e.state != TcpState::established || e.shut_down)
      return;
    HOLDFAST_CHECK(e.delivered >= peer.out_base);
    const std::uint64_t place = e.delivered - peer.out_base;
    if (place >= peer.out.size() || peer.out[place].end > e.expected)
      return;
    const Message message = peer.out[place];
    ++e.delivered;
    record<Kind::pdu_received>(w, id, side, std::to_integer<unsigned>(message.header[0]),
                               message.bytes, message.end, transport::head_word(message));
    w.transport.handlers.message(w, id, side, message);
  }
}

void take_reset(World& w, ConnectionId id, Side side, const Segment& s) {
  Endpoint& e = w.transport.connections[id].end[static_cast<int>(side)];
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
      send_segment(w, id, side, e.highest, 0, ack);
    }
    return;
  }
  set_state(w, id, side, TcpState::closed);
  if (e.held)
    w.transport.handlers.lost(w, id, side, connection_reset);
}

/// A segment for an end that is closed: a new connection for a listener, or a reset.
void take_when_closed(World& w, ConnectionId id, Side side, const Segment& s) {
  const Connection& c = w.transport.connections[id];
  Endpoint& e = w.transport.connections[id].end[static_cast<int>(side)];
  if ((s.flags & rst) != 0)
    return;
  const bool opens = (s.flags & syn) != 0 && side == Side::target && !e.opened;
  if (opens && w.transport.ports[c.port].listening) {
    e.expected = 1;
    set_state(w, id, side, TcpState::syn_received);
    send_segment(w, id, side, 0, 0, syn | ack);
    arm(w, id, side, w.transport.tcp.rto_initial);
    return;
  }
  e.opened = true;
  e.expected = std::max(e.expected, s.seq + s.length + ((s.flags & syn) != 0 ? 1 : 0));
  send_segment(w, id, side, s.ack, 0, rst | ack);
}

void establish(World& w, ConnectionId id, Side side) {
  Endpoint& e = w.transport.connections[id].end[static_cast<int>(side)];
  e.unacked = e.next = e.highest = 1;
  e.backoff = 0;
  e.deadline = sim::never;
  e.held = true;
  set_state(w, id, side, TcpState::established);
  w.transport.handlers.established(w, id, side);
}

/// The handshake. True: the segment may carry data for an established connection.
bool take_handshake(World& w, ConnectionId id, Side side, const Segment& s) {
  Endpoint& e = w.transport.connections[id].end[static_cast<int>(side)];
  if (e.state == TcpState::syn_sent) {
    if ((s.flags & (syn | ack)) != (syn | ack) || s.ack != 1)
      return false;
    e.expected = 1;
    if (s.echo_ns >= 0)
      take_rtt_sample(e, Duration{sim::ns(w.now()) - s.echo_ns});
    e.ack_due = true;
    establish(w, id, side);
    return false;
  }
  if (e.state == TcpState::syn_received) {
    if ((s.flags & syn) != 0) {
      send_segment(w, id, side, 0, 0, syn | ack);
      return false;
    }
    if ((s.flags & ack) == 0 || s.ack < 1)
      return false;
    if (s.echo_ns >= 0)
      take_rtt_sample(e, Duration{sim::ns(w.now()) - s.echo_ns});
    establish(w, id, side);
    return true;
  }
  if ((s.flags & syn) != 0) {
    e.ack_due = true;  // our acknowledgement of the handshake was lost
    return false;
  }
  return true;
}

void take_established(World& w, ConnectionId id, Side side, const Segment& s) {
  Endpoint& e = w.transport.connections[id].end[static_cast<int>(side)];
  if (e.state != TcpState::established)
    return;
  if ((s.flags & ack) != 0)
    take_ack(w, id, side, s);
  if (e.state != TcpState::established)
    return;
  const std::uint64_t end = s.seq + s.length;
  if (s.length != 0) {
    if (e.shut_down && end > e.expected) {
      // Nobody will read it (tcp_rcv_state_process after a receive shutdown).
      send_segment(w, id, side, e.highest, 0, rst | ack);
      set_state(w, id, side, TcpState::closed);
      return;
    }
    take_data(e, s);
    deliver_messages(w, id, side);
  }
  Endpoint& now = w.transport.connections[id].end[static_cast<int>(side)];
  if ((s.flags & fin) == 0 || now.state != TcpState::established)
    return;
  now.ack_due = true;
  if (end != now.expected || now.fin_received)
    return;
  ++now.expected;
  now.fin_received = true;
  if (now.held && !now.shut_down)
    w.transport.handlers.lost(w, id, side, closed_by_peer);
}

}  // namespace

void on_packet(World& w, const net::Packet& packet) {
  const Segment s = segment_of(packet);
  const ConnectionId id{s.connection};
  const Side from{s.from};
  const Side side = transport::peer_of(from);
  HOLDFAST_CHECK(w.transport.connections[id].in_use);
  // The packet keeps the connection alive until it has been dealt with.
  w.transport.connections[id].end[static_cast<int>(side)].last_stamp_ns = s.stamp_ns;
  if (w.transport.connections[id].end[static_cast<int>(side)].state == TcpState::closed) {
    take_when_closed(w, id, side, s);
  } else if ((s.flags & rst) != 0) {
    take_reset(w, id, side, s);
  } else if (take_handshake(w, id, side, s)) {
    take_established(w, id, side, s);
  }
  Endpoint& e = w.transport.connections[id].end[static_cast<int>(side)];
  if (e.ack_due && e.state == TcpState::established) {
    send_segment(w, id, side, e.highest, 0, ack);
  }
  Endpoint& sender = w.transport.connections[id].end[static_cast<int>(from)];
  --sender.packets_in_flight;
  if (s.length != 0)
    --sender.data_in_flight;
  settle(w, id);
}

void on_dropped(World& w, const net::Packet& packet, net::ChannelId channel, net::Drop reason) {
  const Segment s = segment_of(packet);
  const auto words = std::bit_cast<std::array<std::uint64_t, 6>>(packet.body);
  record<Kind::packet_dropped>(w, channel, reason, words[0], words[1], words[2], words[3]);
  Endpoint& sender = w.transport.connections[ConnectionId{s.connection}].end[s.from];
  --sender.packets_in_flight;
  if (s.length != 0)
    --sender.data_in_flight;
  settle(w, ConnectionId{s.connection});
}

}  // namespace holdfast::tcp
