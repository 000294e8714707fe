// SPDX-License-Identifier: Apache-2.0
// How recovery begins, goes on and ends as acknowledgements come in (tcp_fastretrans_alert).
#include <algorithm>

#include "models/transport/tcp/finding.hpp"
#include "models/world.hpp"

namespace holdfast::tcp {

using transport::CongestionState;
using transport::Pending;

namespace {

using namespace std::chrono_literals;

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
  HOLDFAST_PACKET_CHECK(e.congestion_state >= CongestionState::recovery,
                        "there is no recovery to close");
  if (may_undo(e, f.echo_ms)) {
    undo_reduction(e, false, now);
  } else if (e.rack.persist != 0) {
    --e.rack.persist;
  }
  e.congestion_state = CongestionState::open;
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
  HOLDFAST_CHECK(e.congestion_state == CongestionState::loss, "no timeout has marked a loss");
  const bool recovered = e.unacked >= e.recovery_end;
  const auto undo = [&] {
    undo_reduction(e, true, now);
    e.timeouts = 0;
    e.congestion_state = CongestionState::open;
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
  HOLDFAST_PACKET_CHECK(e.recovery_end <= e.next, "recovery waits for what was never sent");
  if (e.congestion_state == CongestionState::open) {
    e.first_repeat_ms = -1;
    return;
  }
  if (e.unacked < e.recovery_end)
    return;
  if (e.congestion_state == CongestionState::reduced && e.unacked != e.recovery_end) {
    end_reduction(e, now);
    e.congestion_state = CongestionState::open;
  } else if (e.congestion_state == CongestionState::recovery) {
    // The window goes down to the threshold unless the reduction is taken back.
    const bool undone = may_undo(e, f.echo_ms);
    close_recovery(e, f, now);
    if (!undone && e.undo_from != 0)
      e.cwnd = e.ssthresh;
  }
}

}  // namespace

Send alert(World& w, ConnectionId id, Side side, Finding& f) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(c, side);
  const TimePoint now = tick_time(w, c, side);
  const bool counts = !f.is_ordinary() && !f.duplicate;
  leave_if_over(e, f, now);
  if (e.congestion_state == CongestionState::recovery) {
    // tcp_try_undo_partial: the original of what was repeated has arrived.
    if (f.advanced && e.undo_from != 0 && was_delayed(e, f.echo_ms)) {
      note_reordering(e, f.before, c.mss);
      if (e.repeated != 0)
        return Send::nothing;
      forget_first_repeat(e);
      undo_reduction(e, true, now);
      try_keep_open(e);
    }
    if (undo_by_duplicates(e, now)) {
      forget_first_repeat(e);
      try_keep_open(e);
    }
    look_for_losses(w, id, side, f);
    if (e.congestion_state != CongestionState::recovery) {
      if (e.lost == 0)
        return Send::nothing;
      enter_recovery(c, side, w.transport.tcp, now);
    }
    return Send::lost;
  }
  if (e.congestion_state == CongestionState::loss) {
    const Send send = process_loss(e, f, counts, now);
    look_for_losses(w, id, side, f);
    if (e.congestion_state != CongestionState::open && !f.lost_repeat)
      return send;
  }
  if (e.congestion_state <= CongestionState::disorder)
    undo_by_duplicates(e, now);
  look_for_losses(w, id, side, f);
  if (e.lost == 0) {
    forget_first_repeat(e);
    if (e.congestion_state != CongestionState::reduced)
      try_keep_open(e);
    return Send::lost;
  }
  enter_recovery(c, side, w.transport.tcp, now);
  record<Kind::tcp_recovery>(w, id, side, e.congestion_state, e.cwnd, e.ssthresh);
  return Send::lost;
}

}  // namespace holdfast::tcp
