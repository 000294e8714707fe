// SPDX-License-Identifier: Apache-2.0
// Which segments are lost, and the states of recovery: RACK (RFC 8985, net/ipv4/tcp_recovery.c),
// the timeout, and taking back a reduction that turned out to be for nothing (DSACK, Eifel).
#include <algorithm>

#include "models/transport/tcp/internal.hpp"
#include "models/world.hpp"

namespace holdfast::tcp {

using transport::CongestionState;
using transport::Sent;

namespace {

bool sent_after(TimePoint a, std::uint64_t a_end, TimePoint b, std::uint64_t b_end) {
  return a > b || (a == b && a_end > b_end);
}

/// tcp_rack_reo_wnd: how late a segment may be for having been overtaken.
Duration reordering_window(const Endpoint& e) {
  if (!e.rack.reordering_seen) {
    if (e.congestion_state >= CongestionState::recovery || e.sacked >= e.reordering)
      return Duration{};
  }
  const Duration least = std::max(e.round_trips.least, Duration{});
  return std::min<Duration>(least / 4 * e.rack.steps, e.round_trips.smoothed);
}

/// tcp_any_retrans_done: a repetition that is out, or one of the oldest segment that a probe made.
bool repeats_anything(const Endpoint& e) {
  return e.repeated != 0 || (!e.sent.empty() && e.sent.front().ever_repeated);
}

/// tcp_init_undo.
void note_undo(Endpoint& e) {
  e.undo_from = e.unacked;
  e.undo_repeats = static_cast<std::int32_t>(e.repeated);
  if (e.probe_end != 0 && e.probe_repeats)
    ++e.undo_repeats;  // the first repetition may have been a probe
  if (e.undo_repeats == 0)
    e.undo_repeats = -1;
}

}  // namespace

void mark_lost(Endpoint& e, Sent& s) {
  HOLDFAST_PACKET_CHECK(!s.repeated || e.repeated > 0, "a repetition is out that is not counted");
  if (s.sacked)
    return;
  if (s.lost) {
    if (s.repeated) {
      s.repeated = false;  // the repetition is lost as well
      --e.repeated;
      ++e.lost_ever;
    }
    return;
  }
  s.lost = true;
  ++e.lost;
  ++e.lost_ever;
  HOLDFAST_PACKET_CHECK(e.lost <= e.sent.size(), "more is lost than was sent");
}

void rack_advance(Endpoint& e, const Sent& s, TimePoint now) {
  HOLDFAST_PACKET_CHECK(s.at <= now, "a segment is delivered before it was sent");
  const Duration round_trip = now - s.at;
  // A repetition that is answered faster than any round trip: that was the original.
  if (s.ever_repeated && round_trip < e.round_trips.least)
    return;
  e.rack.advanced = true;
  e.rack.round_trip = round_trip;
  if (sent_after(s.at, s.end(), e.rack.sent, e.rack.end)) {
    e.rack.sent = s.at;
    e.rack.end = s.end();
  }
}

Duration rack_detect(World& w, ConnectionId id, Side side) {
  Endpoint& e = end_of(w, id, side);
  const Duration window = reordering_window(e);
  Duration longest{};
  for (std::size_t i = 0; i < e.sent.size(); ++i) {
    Sent& s = e.sent[i];
    if (s.sacked || (s.lost && !s.repeated))
      continue;
    if (!sent_after(e.rack.sent, e.rack.end, s.at, s.end()))
      continue;
    const Duration left = e.rack.round_trip + window - (w.now() - s.at);
    if (left <= Duration{}) {
      mark_lost(e, s);
    } else {
      longest = std::max(longest, left);
    }
  }
  return longest;
}

void enter_recovery(Connection& c, Side side, const transport::TcpParameters& p, TimePoint) {
  Endpoint& e = end_of(c, side);
  HOLDFAST_CHECK(e.lost > 0, "nothing is lost that could be recovered");
  forget_first_repeat(e);
  e.ssthresh_before = 0;
  note_undo(e);
  if (!is_reducing(e)) {
    e.ssthresh_before = current_ssthresh(e);
    start_reduction(e, p);
  }
  e.congestion_state = CongestionState::recovery;
}

void enter_loss(World& w, ConnectionId id, Side side) {
  Endpoint& e = end_of(w, id, side);
  HOLDFAST_CHECK(!e.sent.empty(), "nothing is out that could be lost");
  const bool fresh = e.congestion_state < CongestionState::recovery;
  // tcp_timeout_mark_lost: all but what was sent so recently that it may still be answered.
  for (std::size_t i = 0; i < e.sent.size(); ++i) {
    Sent& s = e.sent[i];
    const bool recent = i != 0 && e.rack.round_trip > w.now() - s.at;
    if (!recent)
      mark_lost(e, s);
  }
  const bool again = e.congestion_state == CongestionState::loss && e.timeouts == 0;
  if (e.congestion_state <= CongestionState::disorder || e.recovery_end <= e.unacked || again) {
    e.ssthresh_before = current_ssthresh(e);
    e.cwnd_before = e.cwnd;
    e.ssthresh = reduced_window(e, w.transport.tcp);
    note_undo(e);
  }
  e.cwnd = in_network(e) + 1;
  e.cwnd_count = 0;
  e.cwnd_used_since = tick_time(w, w.transport.connections[id], side);
  if (e.congestion_state <= CongestionState::disorder && e.sacked >= 3)
    e.reordering = std::min(e.reordering, 3u);
  e.congestion_state = CongestionState::loss;
  e.cubic = transport::Cubic{};
  e.recovery_end = e.next;
  e.probe_end = 0;
  e.forward_rto = fresh || e.timeouts != 0;  // F-RTO (RFC 5682)
  record<Kind::tcp_recovery>(w, id, side, e.congestion_state, e.cwnd, e.ssthresh);
}

bool was_delayed(const Endpoint& e, std::uint32_t echo_ms) {
  // Nothing may have been repeated yet, because it still waited in the host's own queue.
  return e.first_repeat_ms < 0 || echo_ms < e.first_repeat_ms;
}

void forget_first_repeat(Endpoint& e) {
  if (!repeats_anything(e))
    e.first_repeat_ms = -1;
}

bool may_undo(const Endpoint& e, std::uint32_t echo_ms) {
  return e.undo_from != 0 && (e.undo_repeats == 0 || was_delayed(e, echo_ms));
}

void undo_reduction(Endpoint& e, bool unmark, TimePoint now) {
  HOLDFAST_PACKET_CHECK(e.ssthresh_before == 0 || e.cwnd_before > 0,
                        "there was no window before the reduction");
  if (unmark) {
    for (std::size_t i = 0; i < e.sent.size(); ++i)
      e.sent[i].lost = false;
    e.lost = 0;
  }
  if (e.ssthresh_before != 0) {
    e.cwnd = std::max(e.cwnd, e.cwnd_before);
    e.ssthresh = std::max(e.ssthresh, e.ssthresh_before);
  }
  e.cwnd_used_since = now;
  e.undo_from = 0;
  e.rack.advanced = true;  // so that RACK looks again
}

void try_keep_open(Endpoint& e) {
  HOLDFAST_PACKET_CHECK(!e.sent.empty() || e.sacked + e.lost + e.repeated == 0,
                        "marks of segments that are gone");
  const CongestionState state = e.sacked + e.lost != 0 || repeats_anything(e)
                                    ? CongestionState::disorder
                                    : CongestionState::open;
  if (e.congestion_state != state) {
    e.congestion_state = state;
    e.recovery_end = e.next;
  }
}

}  // namespace holdfast::tcp
