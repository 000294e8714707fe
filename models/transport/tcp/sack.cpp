// SPDX-License-Identifier: Apache-2.0
// Which segments an acknowledgement says have arrived: SACK, DSACK and the number itself.
#include <algorithm>

#include "models/transport/tcp/finding.hpp"
#include "models/world.hpp"

namespace holdfast::tcp {

using transport::ByteRange;
using transport::CongestionState;
using transport::Sent;

namespace {

ByteRange range_of(const Segment& s, const SackBlock& block) {
  const std::uint64_t begin = s.ack + static_cast<std::uint64_t>(std::int64_t{block.offset});
  return {begin, begin + block.length};
}

/// tcp_check_dsack: the first block tells of a duplicate if it is acknowledged already, or lies in
/// the second one.
bool tells_duplicate(const Segment& s) {
  if (s.sack[0].length == 0)
    return false;
  const ByteRange first = range_of(s, s.sack[0]);
  if (first.begin < s.ack)
    return true;
  const ByteRange second = range_of(s, s.sack[1]);
  return s.sack[1].length != 0 && first.begin >= second.begin && first.end <= second.end;
}

void count_undo(Endpoint& e, std::uint64_t end, std::uint32_t segments) {
  if (e.undo_from != 0 && e.undo_repeats > 0 && end > e.undo_from)
    e.undo_repeats = std::max(0, e.undo_repeats - static_cast<std::int32_t>(segments));
}

/// tcp_dsack_seen, tcp_check_dsack. False: more is told to have come twice than was sent twice.
bool take_duplicate(Endpoint& e, const ByteRange& range, std::uint32_t mss, Finding& f) {
  const auto segments = static_cast<std::uint32_t>((range.end - range.begin + mss - 1) / mss);
  if (segments == 1 && e.probe_end != 0 && range.end == e.probe_end)
    f.probe_arrived_twice = true;
  e.duplicates_told += segments;
  if (e.duplicates_told > e.repeated_ever)
    return false;
  // RACK was too quick only if things do overtake each other here, and no timer sent the probe.
  if (e.rack.reordering_seen && !f.probe_arrived_twice)
    e.rack.duplicate_seen = true;
  f.duplicate = true;
  f.delivered += segments;
  // Of what was acknowledged before nothing is kept; what was not is counted below.
  if (range.end <= f.before)
    count_undo(e, range.end, segments);
  return true;
}

/// tcp_is_sackblock_valid, for a block that is not above all that is acknowledged: only a DSACK may
/// be there, and it must concern what a reduction may still be taken back for.
bool tells_of_acknowledged(const Endpoint& e, const ByteRange& range, bool again,
                           const Finding& f) {
  return again && e.undo_from != 0 && range.end <= e.unacked && range.end > e.undo_from &&
         range.end > f.before;
}

/// tcp_sacktag_one.
void take_sack(Endpoint& e, Sent& s, bool duplicate, TimePoint now, Finding& f) {
  HOLDFAST_PACKET_CHECK(!s.lost || e.lost > 0, "a segment is marked lost that is not counted");
  HOLDFAST_PACKET_CHECK(!s.repeated || e.repeated > 0,
                        "a segment is marked repeated that is not counted");
  if (duplicate && s.ever_repeated) {
    count_undo(e, s.end(), 1);
    if (s.sacked)
      f.lowest_late = std::min(f.lowest_late, s.seq);
  }
  if (s.end() <= e.unacked)
    return;  // it is acknowledged, and goes at once
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
    f.fresh = true;
    f.delivered_when_sent = std::max(f.delivered_when_sent, s.delivered);
    f.newly_sacked = true;
    e.highest_sacked = std::max(e.highest_sacked, s.end());
  }
  if (duplicate && s.repeated) {
    s.repeated = false;
    --e.repeated;
  }
}

void forget_messages(World& w, Endpoint& e) {
  while (!e.out.empty() && e.out.front().end <= e.unacked) {
    const transport::BlobId blob = e.out.front().payload.blob;
    HOLDFAST_PACKET_CHECK(e.cutting > e.out_base || e.next >= e.out.front().end,
                          "a message goes that was not cut");
    if (blob != sim::none<transport::BlobId>)
      w.transport.blobs.remove(blob);
    e.out.pop_front();
    ++e.out_base;
  }
  e.cutting = std::max(e.cutting, e.out_base);
}

}  // namespace

void note_reordering(Endpoint& e, std::uint64_t low, std::uint32_t mss) {
  HOLDFAST_PACKET_CHECK(mss > 0, "reordering is counted in segments");
  const std::uint64_t high = e.sacked == 0 ? e.unacked : e.highest_sacked;
  if (low >= high)
    return;
  const std::uint64_t segments = (high - low + mss - 1) / mss;
  e.reordering = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(std::max<std::uint64_t>(e.reordering, segments), 300));
  e.rack.reordering_seen = true;
}

void take_blocks(Connection& c, Side side, const Segment& s, TimePoint now, Finding& f) {
  Endpoint& e = end_of(c, side);
  const bool duplicate = tells_duplicate(s) && take_duplicate(e, range_of(s, s.sack[0]), c.mss, f);
  for (std::size_t b = 0; b < s.sack.size() && s.sack[b].length != 0; ++b) {
    const ByteRange range = range_of(s, s.sack[b]);
    const bool again = duplicate && b == 0;
    if (range.end > e.next)
      continue;
    if (range.begin <= e.unacked && !tells_of_acknowledged(e, range, again, f))
      continue;
    for (std::size_t i = 0; i < e.sent.size(); ++i) {
      Sent& one = e.sent[i];
      if (one.seq >= range.end)
        break;
      if (one.seq >= range.begin && one.end() <= range.end)
        take_sack(e, one, again, now, f);
    }
  }
  if (e.congestion_state != CongestionState::loss || e.undo_from != 0)
    note_reordering(e, f.lowest_late, c.mss);
}

void take_acknowledged(World& w, ConnectionId id, Side side, const Segment& s, Finding& f) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(c, side);
  std::uint64_t lowest = ~std::uint64_t{0};
  TimePoint first = sim::never;
  TimePoint last = sim::never;
  while (!e.sent.empty() && e.sent.front().end() <= s.ack) {
    const Sent& one = e.sent.front();
    HOLDFAST_PACKET_CHECK(!(one.sacked && one.lost), "a segment is both delivered and lost");
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
      HOLDFAST_PACKET_CHECK(e.sacked > 0, "a segment is marked delivered that is not counted");
      --e.sacked;
    } else {
      ++f.delivered;
      f.fresh = true;
      f.delivered_when_sent = std::max(f.delivered_when_sent, one.delivered);
      // The answer to what was sent before says nothing of its repetition
      // (tcp_skb_spurious_retrans).
      if (!one.ever_repeated || f.echo_ms >= stamp_of(one.at))
        rack_advance(e, one, w.now());
    }
    e.lost -= one.lost ? 1 : 0;
    HOLDFAST_PACKET_CHECK(e.lost <= e.sent.size(), "a segment is marked lost that is not counted");
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
  // What was sent after the oldest segment was last sent says nothing about that one's timeout.
  const bool sacked_early =
      f.first_sacked != sim::never && !e.sent.empty() && f.first_sacked < e.sent.front().at;
  if (f.advanced || sacked_early)
    f.sets_timer = true;
  // Something that was not repeated filled a hole: it was overtaken, not lost.
  if (lowest < f.highest_before)
    note_reordering(e, lowest, c.mss);
  forget_messages(w, e);
}

}  // namespace holdfast::tcp
