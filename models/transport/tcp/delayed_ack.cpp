// SPDX-License-Identifier: Apache-2.0
// When a receiver acknowledges: at once, with an answer, or after a while (tcp_event_data_recv,
// __tcp_ack_snd_check, tcp_send_delayed_ack, tcp_cleanup_rbuf; protocol.md 7.4, 8).
#include <algorithm>

#include "models/transport/tcp/internal.hpp"
#include "models/world.hpp"

namespace holdfast::tcp {

using transport::AckState;

namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t most_quick = 16;  // TCP_MAX_QUICKACKS
constexpr std::uint32_t least_segment = 536;
constexpr Duration delay_max = 200ms;        // TCP_DELACK_MAX
constexpr std::uint32_t most_in_row = 3;     // TCP_FASTRETRANS_THRESH
constexpr std::uint32_t most_together = 44;  // tcp_comp_sack_nr
// tcp_comp_sack_delay_ns, and the slack that its timer has (tcp_comp_sack_slack_ns).
constexpr Duration together_max = 1ms;
constexpr Duration together_slack = 100us;

void together_fired(World& w, ConnectionId id, Side side);

auto together_event(ConnectionId id, Side side) {
  return [id, side = sim::Filled(side)](World& world) { together_fired(world, id, side); };
}

void together_fired(World& w, ConnectionId id, Side side) {
  Endpoint& e = end_of(w, id, side);
  if (e.acks.together.is_due(w, together_event(id, side)) && e.acks.held_together != 0)
    send_ack(w, id, side);
}

/// Something is missing and more came behind it: the sender is told at once three times, then of
/// all that came within a twentieth of a round trip together. For the receiver's own estimate of
/// the round trip stands that of its sending half, which the kernel takes where it is smaller.
void tell_together(World& w, ConnectionId id, Side side) {
  Endpoint& e = end_of(w, id, side);
  AckState& a = e.acks;
  if (a.in_row_at != e.expected) {
    a.in_row_at = e.expected;
    a.in_row = 0;
  }
  if (a.held_together >= most_together || a.in_row < most_in_row) {
    ++a.in_row;
    send_ack(w, id, side);
    return;
  }
  ++a.held_together;
  if (a.together.is_on())
    return;
  const Duration delay = std::min<Duration>(e.round_trips.smoothed / 20, together_max);
  a.together.set(w, w.now() + delay + together_slack, together_event(id, side));
}

}  // namespace

void measure_segment(const Connection& c, AckState& a, const Segment& s) {
  if (s.length >= a.segment) {
    a.segment = std::min<std::uint32_t>(s.length, c.mss);
    a.pushed = a.pushed || (s.flags & psh) != 0;
    return;
  }
  const bool full_elsewhere = s.length >= least_segment;
  if (full_elsewhere || (s.length >= 88 && (s.flags & (psh | fin)) == 0)) {
    const std::uint32_t before = a.last_small;
    a.last_small = s.length;
    if (before == a.last_small) {
      a.segment = a.last_small;
      return;
    }
  }
  a.pushed_twice = a.pushed_twice || a.pushed;
  a.pushed = true;
}

namespace {

void more_quick(const World& w, AckState& a) {
  HOLDFAST_PACKET_CHECK(a.segment > 0, "the peer's segments hold data");
  const std::uint64_t fit = w.transport.tcp.receive_window_bytes / (2 * std::uint64_t{a.segment});
  a.quick =
      std::max(a.quick, static_cast<std::uint32_t>(std::clamp<std::uint64_t>(fit, 2, most_quick)));
}

/// tcp_send_delayed_ack.
void delay_ack(World& w, ConnectionId id, Side side) {
  HOLDFAST_PACKET_CHECK(end_of(w, id, side).acks.delay >= Duration{},
                        "an acknowledgement cannot have left before");
  Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(c, side);
  AckState& a = e.acks;
  Duration delay = a.delay;
  if (delay > ack_delay_min) {
    Duration most = a.pingpong || a.pushed ? delay_max : 500ms;
    if (e.round_trips.smoothed != Duration{})
      most = std::min(most, std::max(e.round_trips.smoothed, ack_delay_min));
    delay = std::min(delay, most);
  }
  // tcp_delack_max: so that the peer's timeout does not come first.
  const Duration tick = c.wheel[at(side)].is_exact() ? Duration{1ms} : c.wheel[at(side)].tick();
  delay = std::min({delay, delay_max, std::max(e.rto_min - tick, tick)});
  const sim::TimerWheel& wheel = c.wheel[at(side)];
  const TimePoint due = sim::fires_at(wheel, w.now(), delay);
  if (a.timer.is_on()) {
    if (a.timer.deadline() <= w.now() + delay / 4) {
      send_ack(w, id, side);
      return;
    }
    if (a.timer.deadline() <= due)
      return;
  }
  arm_delayed_ack(w, id, side, due);
}

}  // namespace

void enter_quick_mode(const World& w, Endpoint& e) {
  more_quick(w, e.acks);
  e.acks.pingpong = false;
  e.acks.delay = ack_delay_min;
}

void note_ack_sent(Endpoint& e) {
  HOLDFAST_PACKET_CHECK(e.told <= e.expected, "we have acknowledged what has not come");
  if (e.acks.quick != 0 && e.acks.scheduled && --e.acks.quick == 0)
    e.acks.delay = ack_delay_min;
  e.acks.scheduled = e.acks.now = e.acks.pushed = e.acks.pushed_twice = false;
  e.acks.held_together = 0;
  e.acks.together.stop();
  e.acks.timer.stop();
  e.told = e.expected;
}

void note_data(World& w, ConnectionId id, Side side, const Segment& s) {
  HOLDFAST_PACKET_CHECK(s.length != 0, "a segment without data is no data");
  const Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(w, id, side);
  AckState& a = e.acks;
  measure_segment(c, a, s);
  const TimePoint now = tick_time(w, c, side);
  if (a.delay == Duration{}) {
    // The first data: the peer is in slow start.
    more_quick(w, a);
    a.delay = ack_delay_min;
  } else {
    const Duration gap = now - a.last_data;
    if (gap <= ack_delay_min / 2) {
      a.delay = a.delay / 2 + ack_delay_min / 2;
    } else if (gap < a.delay) {
      a.delay = std::min(a.delay / 2 + gap, std::max(e.round_trips.timeout, ack_delay_min));
    } else if (gap > e.round_trips.timeout) {
      more_quick(w, a);  // the peer may have started over
    }
  }
  a.last_data = now;
}

void decide_ack(World& w, ConnectionId id, Side side) {
  Endpoint& e = end_of(w, id, side);
  HOLDFAST_PACKET_CHECK(e.told <= e.expected, "we have acknowledged what has not come");
  const AckState& a = e.acks;
  if (!a.scheduled)
    return;
  const bool full = e.expected - e.told > a.segment;
  const bool quick = !w.transport.tcp.delayed_acks || (a.quick != 0 && !a.pingpong);
  if (full || quick || a.now) {
    send_ack(w, id, side);
  } else if (!e.ahead.empty()) {
    tell_together(w, id, side);
  } else {
    delay_ack(w, id, side);
  }
}

void note_read(World& w, ConnectionId id, Side side) {
  Endpoint& e = end_of(w, id, side);
  const AckState& a = e.acks;
  if (a.scheduled &&
      (e.expected - e.told > a.segment || a.pushed_twice || (a.pushed && !a.pingpong)))
    send_ack(w, id, side);
}

}  // namespace holdfast::tcp
