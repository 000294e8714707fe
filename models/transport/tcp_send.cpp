// SPDX-License-Identifier: Apache-2.0
// The sending half of TCP: segments, windows, the retransmission timer.
#include <algorithm>

#include "models/net/fabric.hpp"
#include "models/transport/tcp_internal.hpp"
#include "models/world.hpp"

namespace holdfast::tcp {

using sim::Duration;
using transport::Connection;
using transport::Endpoint;
using transport::TcpState;

namespace {

// tcp_retries2: the sixteenth expiry in a row ends the connection (protocol.md 8: 924.6 s).
constexpr std::uint32_t retries = 15;
// tcp_synack_retries.
constexpr std::uint32_t synack_retries = 5;

void give_up(World& w, ConnectionId id, Side side) {
  set_state(w, id, side, TcpState::closed);
  const Connection& c = w.transport.connections[id];
  if (c.end[static_cast<int>(side)].held)
    w.transport.handlers.lost(w, id, side, timed_out);
  settle(w, id);
}

void on_timeout(World& w, ConnectionId id, Side side) {
  const transport::TcpParameters& p = w.transport.tcp;
  Endpoint& e = w.transport.connections[id].end[static_cast<int>(side)];
  const std::uint32_t mss = w.transport.connections[id].mss;
  record<Kind::tcp_timeout>(w, id, side, current_timeout(e, p).count(), e.unacked);
  switch (e.state) {
    case TcpState::closed:
      return;
    case TcpState::syn_sent:
      // The first SYN timers do not back off (tcp_syn_linear_timeouts) and the third is the last.
      if (++e.backoff >= p.syn_attempts) {
        give_up(w, id, side);
        return;
      }
      send_segment(w, id, side, 0, 0, syn);
      arm(w, id, side, p.rto_initial);
      return;
    case TcpState::syn_received:
      if (++e.backoff > synack_retries) {
        give_up(w, id, side);
        return;
      }
      send_segment(w, id, side, 0, 0, syn | ack);
      arm(w, id, side, p.rto_initial * (1 << e.backoff));
      return;
    case TcpState::established:
      break;
  }
  if (e.backoff >= retries) {
    give_up(w, id, side);
    return;
  }
  // RFC 5681, 3.1: half the flight, one segment, and everything is sent again from the hole on.
  e.threshold = std::max<std::uint64_t>((e.highest - e.unacked) / 2, 2ull * mss);
  e.window = mss;
  e.recovery_end = 0;
  e.duplicate_acks = 0;
  e.next = e.unacked;
  ++e.backoff;
  transmit(w, id, side);
}

void timer_fired(World& w, ConnectionId id, Side side) {
  Endpoint& e = w.transport.connections[id].end[static_cast<int>(side)];
  e.timer_at = sim::never;
  if (e.deadline == sim::never)
    return;
  if (e.deadline > w.now()) {
    // Acknowledgements have moved the deadline meanwhile: moving the event each time would cost
    // more than letting it fire early once per timeout.
    arm(w, id, side, e.deadline - w.now());
    return;
  }
  e.deadline = sim::never;
  on_timeout(w, id, side);
}

}  // namespace

Duration current_timeout(const Endpoint& e, const transport::TcpParameters& p) {
  const std::int64_t doubled = std::int64_t{1} << e.backoff;
  if (e.smoothed_rtt == Duration{})
    return std::min<Duration>(p.rto_initial * doubled, p.rto_max);
  // The floor is on the variance term (tcp_set_rto, __tcp_set_rto; protocol.md 8).
  const Duration base = e.smoothed_rtt + std::max<Duration>(4 * e.rtt_variance, p.rto_min);
  return std::min<Duration>(base * doubled, p.rto_max);
}

void arm(World& w, ConnectionId id, Side side, Duration timeout) {
  Endpoint& e = w.transport.connections[id].end[static_cast<int>(side)];
  e.deadline = w.now() + timeout;
  if (e.timer_at != sim::never) {
    if (e.timer_at <= e.deadline)
      return;
    w.calendar.cancel(e.timer);
  }
  e.timer_at = e.deadline;
  e.timer = w.at(e.deadline, [id, side](World& world) { timer_fired(world, id, side); });
}

void send_segment(World& w, ConnectionId id, Side side, std::uint64_t seq, std::uint32_t length,
                  unsigned flags) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = c.end[static_cast<int>(side)];
  Segment s;
  s.connection = sim::index(id);
  s.from = static_cast<std::uint8_t>(side);
  s.flags = static_cast<std::uint8_t>(flags);
  s.length = static_cast<std::uint16_t>(length);
  s.seq = seq;
  s.ack = (flags & ack) != 0 ? e.expected : 0;
  s.stamp_ns = sim::ns(w.now());
  s.echo_ns = e.last_stamp_ns;
  if ((flags & ack) != 0)
    e.ack_due = false;
  ++e.packets_in_flight;
  if (length != 0)
    ++e.data_in_flight;
  net::send(w, c.route[static_cast<int>(side)], length + header_bytes,
            std::bit_cast<net::PacketBody>(s));
}

void transmit(World& w, ConnectionId id, Side side) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = c.end[static_cast<int>(side)];
  if (e.state != TcpState::established)
    return;
  const std::uint64_t limit = e.unacked + std::min(e.window, w.transport.tcp.receive_window_bytes);
  while (e.next < e.written && e.next < limit) {
    const std::uint64_t room = std::min<std::uint64_t>(c.mss, limit - e.next);
    const std::uint64_t left = e.written - e.next;
    // Sender-side silly-window avoidance: no runt because of the window while data is in flight.
    if (room < c.mss && room < left && e.next > e.unacked)
      break;
    const auto length = static_cast<std::uint32_t>(std::min(room, left));
    send_segment(w, id, side, e.next, length, ack);
    e.next += length;
  }
  if (e.shut_down && e.next == e.written && (e.next < limit || e.next == e.unacked)) {
    send_segment(w, id, side, e.next, 0, fin | ack);
    ++e.next;
  }
  e.highest = std::max(e.highest, e.next);
  if (e.unacked < e.highest && e.deadline == sim::never) {
    arm(w, id, side, current_timeout(e, w.transport.tcp));
  }
}

void retransmit_first(World& w, ConnectionId id, Side side) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = c.end[static_cast<int>(side)];
  if (e.unacked >= e.written) {
    if (e.shut_down && e.unacked == e.written)
      send_segment(w, id, side, e.unacked, 0, fin | ack);
    return;
  }
  const std::uint64_t length = std::min<std::uint64_t>(c.mss, e.written - e.unacked);
  send_segment(w, id, side, e.unacked, static_cast<std::uint32_t>(length), ack);
}

}  // namespace holdfast::tcp
