// SPDX-License-Identifier: Apache-2.0
// What an acknowledgement does to a sender (tcp_ack).
#include <algorithm>

#include "models/transport/tcp/finding.hpp"
#include "models/world.hpp"

namespace holdfast::tcp {

using transport::CongestionState;

namespace {

using namespace std::chrono_literals;

/// tcp_ack_update_rtt. Without a sample of a segment sent once only, the time stamps tell.
void take_round_trip(World& w, ConnectionId id, Side side, Finding& f) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(c, side);
  const std::uint32_t now_ms = stamp_of(w.now());
  if (f.sample < Duration{} && f.advanced && f.echo_ms != 0)
    f.sample = f.latest_sample = std::max(1u, now_ms - f.echo_ms) * 1ms;
  if (f.sample < Duration{})
    return;
  if (e.round_trips.least < Duration{} || f.latest_sample < e.round_trips.least)
    e.round_trips.least = f.latest_sample;
  take_sample(c, side, w.transport.tcp, f.sample);
}

/// tcp_process_tlp_ack. Only while a probe is out.
void take_probe_answer(World& w, ConnectionId id, Side side, const Segment& s, const Finding& f) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(c, side);
  HOLDFAST_PACKET_CHECK(e.probe_end != 0 && e.probe_end <= e.next,
                        "no probe is out that could be answered");
  if (s.ack < e.probe_end)
    return;
  if (!e.probe_repeats || f.probe_arrived_twice) {
    e.probe_end = 0;
  } else if (s.ack > e.probe_end) {
    // The probe mended a loss, so the window shrinks.
    start_reduction(e, w.transport.tcp);
    e.congestion_state = CongestionState::reduced;
    end_reduction(e, tick_time(w, c, side));
    try_keep_open(e);
  } else if (!f.is_ordinary() && !f.newly_sacked) {
    e.probe_end = 0;
  }
}

/// tcp_rack_update_reo_wnd: a duplicate says that we were too quick, once a round trip.
void adapt_reordering(Endpoint& e, const Finding& f) {
  HOLDFAST_PACKET_CHECK(f.delivered_when_sent <= e.delivered_segments,
                        "what was sent knew of later deliveries");
  if (!f.fresh)
    return;
  if (f.delivered_when_sent < e.rack.delivered_at_step)
    e.rack.duplicate_seen = false;
  if (e.rack.duplicate_seen) {
    e.rack.steps = std::min(e.rack.steps + 1, 255u);
    e.rack.duplicate_seen = false;
    e.rack.delivered_at_step = e.delivered_segments;
    e.rack.persist = 16;
  } else if (e.rack.persist == 0) {
    e.rack.steps = 1;
  }
}

/// tcp_cong_control.
void control_window(World& w, ConnectionId id, Side side, const Finding& f,
                    std::uint32_t newly_lost) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(c, side);
  if (is_reducing(e)) {
    continue_reduction(e, f.delivered, newly_lost, f.advanced);
  } else if (f.advanced || (e.reordering > 3 && f.newly_sacked)) {
    grow_window(c, e, w.transport.tcp, f.delivered, tick_time(w, c, side));
  }
  // tcp_should_expand_sndbuf: not while the window is full.
  if (in_network(e) < e.cwnd)
    e.send_buffer = std::max(e.send_buffer,
                             std::min(send_buffer_wanted(c, e), w.transport.tcp.send_buffer_bytes));
}

void send_after(World& w, ConnectionId id, Side side, Send send) {
  if (send == Send::nothing)
    return;
  HOLDFAST_PACKET_CHECK(end_of(w, id, side).state == transport::TcpState::established,
                        "an acknowledgement lets only an open connection send");
  if (send == Send::fresh) {
    transmit(w, id, side);
    Endpoint& e = end_of(w, id, side);
    if (e.next > e.recovery_end)
      return;
    e.forward_rto = false;
  }
  if (!end_of(w, id, side).sent.empty())
    retransmit_lost(w, id, side);
}

}  // namespace

void take_ack(World& w, ConnectionId id, Side side, const Segment& s) {
  Endpoint& e = end_of(w, id, side);
  if (s.ack > e.next)
    return;
  HOLDFAST_PACKET_CHECK(e.sacked + e.lost <= e.sent.size(),
                        "a segment is both delivered and lost, or none");
  HOLDFAST_PACKET_CHECK(e.repeated <= e.sent.size(), "more is repeated than was sent");
  const std::uint32_t lost = e.lost_ever;
  const bool idle = e.sent.empty();
  Finding f;
  f.before = e.unacked;
  f.highest_before = e.sacked == 0 ? e.unacked : e.highest_sacked;
  f.echo_ms = s.echo_ms;
  f.data = s.length != 0 || (s.flags & fin) != 0;
  f.advanced = s.ack > e.unacked;
  if (f.advanced) {
    e.unacked = s.ack;
    e.timeouts = 0;
  }
  if (s.sack[0].length != 0)
    take_blocks(w.transport.connections[id], side, s, w.now(), f);
  if (idle) {
    e.delivered_segments += f.delivered;
    if (f.duplicate)
      alert(w, id, side, f);
    if (e.probe_end != 0)
      take_probe_answer(w, id, side, s, f);
    return;
  }
  take_acknowledged(w, id, side, s, f);
  e.delivered_segments += f.delivered;
  HOLDFAST_PACKET_CHECK(e.unacked <= e.next, "more is acknowledged than was sent");
  HOLDFAST_PACKET_CHECK(e.sent.empty() || e.sent.front().end() > e.unacked,
                        "an acknowledged segment is kept");
  take_round_trip(w, id, side, f);
  adapt_reordering(e, f);
  if (e.probe_end != 0)
    take_probe_answer(w, id, side, s, f);
  const bool dubious = !f.is_ordinary() || f.newly_sacked || f.duplicate ||
                       e.congestion_state != CongestionState::open;
  const Send send = dubious ? alert(w, id, side, f) : Send::nothing;
  if (f.sets_timer && !arm_probe(w, id, side, true))
    arm_timeout(w, id, side);
  control_window(w, id, side, f, e.lost_ever - lost);
  send_after(w, id, side, send);
}

}  // namespace holdfast::tcp
