// SPDX-License-Identifier: Apache-2.0
// What an acknowledgement does to a sender (tcp_ack, tcp_fastretrans_alert).
#include <algorithm>

#include "models/transport/tcp_internal.hpp"
#include "models/world.hpp"

namespace holdfast::tcp {

using transport::Pending;
using transport::Recovery;
using transport::Sent;
using transport::Span;

namespace {

using namespace std::chrono_literals;

/// What is found out about one acknowledgement (the FLAG_ values of tcp_input.c).
struct Finding {
  std::uint64_t before = 0;  ///< oldest byte not acknowledged, before
  std::uint32_t echo_ms = 0;
  bool data = false;      ///< it came with data or a FIN
  bool advanced = false;  ///< it acknowledges something new
  bool newly_sacked = false;
  bool duplicate = false;            ///< DSACK
  bool probe_arrived_twice = false;  ///< DSACK of a tail loss probe
  bool original_arrived = false;     ///< something that was never repeated (FLAG_ORIG_SACK_ACKED)
  bool repeated_acked = false;
  bool lost_repeat = false;
  bool sets_timer = false;
  std::uint32_t delivered = 0;            ///< segments
  std::uint32_t delivered_when_sent = 0;  ///< how many had been when the latest of them was sent
  Duration sample{-1};                    ///< from the oldest segment acknowledged
  Duration latest_sample{-1};             ///< from the newest
  TimePoint first_sacked = sim::never;
  TimePoint last_sacked = sim::never;
  std::uint64_t lowest_late = ~std::uint64_t{0};  ///< of what arrived after later ones

  /// FLAG_NOT_DUP: it may not count as a duplicate acknowledgement.
  [[nodiscard]] bool is_ordinary() const { return data || advanced; }
};

enum class Send : std::uint8_t { nothing, lost, fresh };

Span span_of(const Segment& s, const SackBlock& block) {
  const std::uint64_t begin = s.ack + static_cast<std::uint64_t>(std::int64_t{block.offset});
  return {begin, begin + block.length};
}

/// tcp_check_dsack: the first block tells of a duplicate if it is acknowledged already, or lies in
/// the second one.
bool tells_duplicate(const Segment& s) {
  if (s.sack[0].length == 0)
    return false;
  const Span first = span_of(s, s.sack[0]);
  if (first.begin < s.ack)
    return true;
  const Span second = span_of(s, s.sack[1]);
  return s.sack[1].length != 0 && first.begin >= second.begin && first.end <= second.end;
}

void take_duplicate(Endpoint& e, const Span& span, Finding& f) {
  f.duplicate = true;
  e.rack.duplicate_seen = true;
  if (e.probe_end != 0 && span.end == e.probe_end)
    f.probe_arrived_twice = true;
  // Of what is acknowledged already nothing is kept; what is not is counted below.
  if (e.undo_from != 0 && e.undo_repeats > 0 && span.end <= e.unacked && span.end > e.undo_from)
    --e.undo_repeats;
}

/// tcp_sacktag_one.
void take_sack(Endpoint& e, Sent& s, bool duplicate, TimePoint now, Finding& f) {
  if (duplicate && s.ever_repeated && e.undo_from != 0 && e.undo_repeats > 0 &&
      s.end() > e.undo_from)
    --e.undo_repeats;
  if (!s.sacked) {
    rack_advance(e, s, now);
    if (s.repeated) {
      if (s.lost) {
        s.lost = s.repeated = false;
        --e.lost;
        --e.repeated;
      }
    } else {
      if (!s.ever_repeated) {
        if (s.seq < e.highest_sacked)
          f.lowest_late = std::min(f.lowest_late, s.seq);
        if (s.end() <= e.recovery_end)
          f.original_arrived = true;
        if (f.first_sacked == sim::never)
          f.first_sacked = s.at;
        f.last_sacked = s.at;
      }
      if (s.lost) {
        s.lost = false;
        --e.lost;
      }
    }
    s.sacked = true;
    ++e.sacked;
    ++f.delivered;
    f.delivered_when_sent = std::max(f.delivered_when_sent, s.delivered);
    f.newly_sacked = true;
    e.highest_sacked = std::max(e.highest_sacked, s.end());
  }
  if (duplicate && s.repeated) {
    s.repeated = false;
    --e.repeated;
  }
}

/// tcp_check_sack_reordering.
void note_reordering(Endpoint& e, std::uint64_t low, std::uint64_t high, std::uint32_t mss) {
  if (low >= high)
    return;
  const std::uint64_t segments = (high - low + mss - 1) / mss;
  e.reordering = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(std::max<std::uint64_t>(e.reordering, segments), 300));
  e.rack.reordering_seen = true;
}

/// tcp_sacktag_write_queue.
void take_blocks(Connection& c, Side side, const Segment& s, TimePoint now, Finding& f) {
  Endpoint& e = end_of(c, side);
  const bool duplicate = tells_duplicate(s);
  for (std::size_t b = 0; b < s.sack.size() && s.sack[b].length != 0; ++b) {
    const Span span = span_of(s, s.sack[b]);
    const bool again = duplicate && b == 0;
    if (again)
      take_duplicate(e, span, f);
    if (span.end > e.next)
      continue;
    for (std::size_t i = 0; i < e.sent.size(); ++i) {
      Sent& one = e.sent[i];
      if (one.seq >= span.end)
        break;
      if (one.seq >= span.begin && one.end() <= span.end)
        take_sack(e, one, again, now, f);
    }
  }
  if (e.recovery != Recovery::loss || e.undo_from != 0)
    note_reordering(e, f.lowest_late, e.highest_sacked, c.mss);
}

void forget_messages(World& w, Endpoint& e) {
  while (!e.out.empty() && e.out.front().end <= e.unacked) {
    const transport::BlobId blob = e.out.front().payload.blob;
    if (blob != sim::none<transport::BlobId>)
      w.transport.blobs.remove(blob);
    e.out.pop_front();
    ++e.out_base;
  }
  e.cutting = std::max(e.cutting, e.out_base);
}

/// tcp_clean_rtx_queue: forgets what is acknowledged.
void take_acknowledged(World& w, ConnectionId id, Side side, const Segment& s, Finding& f) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(c, side);
  const std::uint64_t sacked_before = e.highest_sacked;
  std::uint64_t lowest = ~std::uint64_t{0};
  TimePoint first = sim::never;
  TimePoint last = sim::never;
  while (!e.sent.empty() && e.sent.front().end() <= s.ack) {
    const Sent& one = e.sent.front();
    if (one.ever_repeated) {
      f.repeated_acked = true;
      e.repeated -= one.repeated ? 1 : 0;
    } else if (!one.sacked) {
      last = one.at;
      if (first == sim::never)
        first = one.at;
      lowest = std::min(lowest, one.seq);
      if (one.end() <= e.recovery_end)
        f.original_arrived = true;
    }
    if (one.sacked) {
      --e.sacked;
    } else {
      ++f.delivered;
      f.delivered_when_sent = std::max(f.delivered_when_sent, one.delivered);
      rack_advance(e, one, w.now());
    }
    e.lost -= one.lost ? 1 : 0;
    e.sent.pop_front();
  }
  if (first != sim::never && !f.repeated_acked) {
    f.sample = w.now() - first;
    f.latest_sample = w.now() - last;
  }
  if (f.first_sacked != sim::never) {
    f.latest_sample = w.now() - f.last_sacked;
    if (f.sample < Duration{})
      f.sample = w.now() - f.first_sacked;
  }
  if (f.advanced)
    f.sets_timer = true;
  // Something that was not repeated filled a hole: it was overtaken, not lost.
  if (lowest < sacked_before)
    note_reordering(e, lowest, sacked_before, c.mss);
  forget_messages(w, e);
}

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

/// tcp_process_tlp_ack.
void take_probe_answer(World& w, ConnectionId id, Side side, const Segment& s, const Finding& f) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(c, side);
  if (e.probe_end == 0 || s.ack < e.probe_end)
    return;
  if (!e.probe_repeats || f.probe_arrived_twice) {
    e.probe_end = 0;
  } else if (s.ack > e.probe_end) {
    // The probe mended a loss, so the window shrinks.
    start_reduction(e, w.transport.tcp);
    e.recovery = Recovery::reduced;
    end_reduction(e, tick_time(w, c, side));
    try_keep_open(e);
  } else if (!f.is_ordinary() && !f.newly_sacked) {
    e.probe_end = 0;
  }
}

/// tcp_identify_packet_loss.
void look_for_losses(World& w, ConnectionId id, Side side, Finding& f) {
  Endpoint& e = end_of(w, id, side);
  if (e.sent.empty() || !e.rack.advanced)
    return;
  e.rack.advanced = false;
  const std::uint32_t repeated = e.repeated;
  const Duration wait = rack_detect(w, id, side);
  if (wait > Duration{}) {
    // TCP_TIMEOUT_MIN_US comes on top, and the wheel.
    arm(w, id, side, Pending::reordering, std::min<Duration>(wait + 2ms, e.round_trips.timeout));
    f.sets_timer = false;
  }
  if (e.repeated < repeated)
    f.lost_repeat = true;
}

/// tcp_try_undo_recovery.
void close_recovery(Endpoint& e, const Finding& f, TimePoint now) {
  if (may_undo(e, f.echo_ms)) {
    undo_reduction(e, false, now);
  } else if (e.rack.persist != 0) {
    --e.rack.persist;
  }
  e.recovery = Recovery::open;
  e.first_repeat_ms = -1;
}

/// tcp_try_undo_dsack.
bool undo_by_duplicates(Endpoint& e, TimePoint now) {
  if (e.undo_from == 0 || e.undo_repeats != 0)
    return false;
  e.rack.persist = std::min(16u, e.rack.persist + 1);
  undo_reduction(e, false, now);
  return true;
}

/// tcp_process_loss, with F-RTO (RFC 5682).
Send process_loss(Endpoint& e, const Finding& f, bool counts, TimePoint now) {
  const bool recovered = e.unacked >= e.recovery_end;
  const auto undo = [&] {
    undo_reduction(e, true, now);
    e.timeouts = 0;
    e.recovery = Recovery::open;
    return Send::nothing;
  };
  if (f.advanced && may_undo(e, f.echo_ms))
    return undo();
  if (e.forward_rto) {
    if (f.original_arrived)
      return undo();  // the timeout was spurious
    if (e.next > e.recovery_end) {
      if (f.newly_sacked || counts)
        e.forward_rto = false;
    } else if (f.advanced && !recovered) {
      e.recovery_end = e.next;
      if (e.next < e.written)
        return Send::fresh;
      e.forward_rto = false;
    }
  }
  if (recovered) {
    close_recovery(e, f, now);
    return Send::nothing;
  }
  return Send::lost;
}

/// The exits from recovery and reduction at their end.
void leave_if_over(Endpoint& e, const Finding& f, TimePoint now) {
  if (e.recovery == Recovery::open) {
    e.first_repeat_ms = -1;
    return;
  }
  if (e.unacked < e.recovery_end)
    return;
  if (e.recovery == Recovery::reduced && e.unacked != e.recovery_end) {
    end_reduction(e, now);
    e.recovery = Recovery::open;
  } else if (e.recovery == Recovery::recovery) {
    // The window goes down to the threshold unless the reduction is taken back.
    const bool undone = may_undo(e, f.echo_ms);
    close_recovery(e, f, now);
    if (!undone && e.undo_from != 0)
      e.cwnd = e.ssthresh;
  }
}

bool repeats_anything(const Endpoint& e) {
  return e.repeated != 0 || (!e.sent.empty() && e.sent.front().ever_repeated);
}

/// tcp_fastretrans_alert.
Send alert(World& w, ConnectionId id, Side side, Finding& f) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(c, side);
  const TimePoint now = tick_time(w, c, side);
  const bool counts = !f.is_ordinary() && !f.duplicate;
  leave_if_over(e, f, now);
  if (e.recovery == Recovery::recovery) {
    // tcp_try_undo_partial: the original of what was repeated has arrived.
    if (f.advanced && e.undo_from != 0 && was_delayed(e, f.echo_ms)) {
      if (e.repeated != 0)
        return Send::nothing;
      undo_reduction(e, true, now);
      try_keep_open(e);
    }
    if (undo_by_duplicates(e, now))
      try_keep_open(e);
    look_for_losses(w, id, side, f);
    if (e.recovery != Recovery::recovery) {
      if (e.lost == 0)
        return Send::nothing;
      enter_recovery(c, side, w.transport.tcp, now);
    }
    return Send::lost;
  }
  if (e.recovery == Recovery::loss) {
    const Send send = process_loss(e, f, counts, now);
    look_for_losses(w, id, side, f);
    if (e.recovery != Recovery::open && !f.lost_repeat)
      return send;
  }
  if (e.recovery <= Recovery::disorder)
    undo_by_duplicates(e, now);
  look_for_losses(w, id, side, f);
  if (e.lost == 0) {
    if (!repeats_anything(e))
      e.first_repeat_ms = -1;
    if (e.recovery != Recovery::reduced)
      try_keep_open(e);
    return Send::lost;
  }
  enter_recovery(c, side, w.transport.tcp, now);
  record<Kind::tcp_recovery>(w, id, side, e.recovery, e.cwnd, e.ssthresh);
  return Send::lost;
}

/// tcp_rack_update_reo_wnd: a duplicate says that we were too quick, once a round trip.
void adapt_reordering(Endpoint& e, std::uint32_t delivered_when_sent) {
  if (delivered_when_sent < e.rack.delivered_at_step)
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
void control_window(World& w, ConnectionId id, Side side, const Finding& f, std::uint32_t lost) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(c, side);
  if (is_reducing(e)) {
    continue_reduction(e, f.delivered, e.lost > lost ? e.lost - lost : 0, f.advanced);
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
  const std::uint32_t lost = e.lost;
  const bool idle = e.sent.empty();
  Finding f;
  f.before = e.unacked;
  f.echo_ms = s.echo_ms;
  f.data = s.length != 0 || (s.flags & fin) != 0;
  f.advanced = s.ack > e.unacked;
  if (f.advanced) {
    e.unacked = s.ack;
    e.timeouts = 0;
  }
  take_blocks(w.transport.connections[id], side, s, w.now(), f);
  if (idle) {
    if (f.duplicate)
      alert(w, id, side, f);
    take_probe_answer(w, id, side, s, f);
    return;
  }
  take_acknowledged(w, id, side, s, f);
  e.delivered_segments += f.delivered;
  take_round_trip(w, id, side, f);
  adapt_reordering(e, f.delivered_when_sent);
  take_probe_answer(w, id, side, s, f);
  const bool dubious =
      !f.is_ordinary() || f.newly_sacked || f.duplicate || e.recovery != Recovery::open;
  const Send send = dubious ? alert(w, id, side, f) : Send::nothing;
  if (f.sets_timer && !arm_probe(w, id, side, true))
    arm_timeout(w, id, side);
  control_window(w, id, side, f, lost);
  send_after(w, id, side, send);
}

}  // namespace holdfast::tcp
