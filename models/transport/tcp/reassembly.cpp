// SPDX-License-Identifier: Apache-2.0
// What came in order, what lies behind a hole, and what the sender is told of it (tcp_data_queue,
// tcp_data_queue_ofo, tcp_sack_new_ofo_skb).
#include <algorithm>

#include "models/transport/tcp/internal.hpp"
#include "models/world.hpp"

namespace holdfast::tcp {

using transport::ByteRange;

namespace {

/// TCP_SACK_BLOCKS_EXPECTED: runs that an acknowledgement is sure to have room for.
constexpr std::uint32_t runs_expected = 2;

/// Whether bytes that lie behind a hole are there already.
bool is_ahead(const Endpoint& e, const ByteRange& range) {
  return std::any_of(e.ahead.begin(), e.ahead.end(), [&](const ByteRange& have) {
    return have.begin <= range.begin && range.end <= have.end;
  });
}

/// Notes bytes [begin, end) that lie behind a hole. When there are too many holes the bytes are
/// treated as lost; the sender will repeat them.
bool keep_ahead(Endpoint& e, ByteRange range) {
  HOLDFAST_PACKET_CHECK(range.begin > e.expected && range.begin < range.end,
                        "these bytes leave no hole");
  auto at = e.ahead.begin();
  while (at != e.ahead.end() && at->end < range.begin)
    ++at;
  auto last = at;
  for (; last != e.ahead.end() && last->begin <= range.end; ++last) {
    range.begin = std::min(range.begin, last->begin);
    range.end = std::max(range.end, last->end);
  }
  if (last == at) {
    if (e.ahead.size() == Endpoint::most_ahead)
      return false;
    e.ahead.insert(at, range);
    return true;
  }
  *at = range;
  e.ahead.erase(at + 1, last);
  return true;
}

/// tcp_sack_extend: two runs that touch become one.
bool extend(ByteRange& run, const ByteRange& range) {
  if (range.begin > run.end || run.begin > range.end)
    return false;
  run.begin = std::min(run.begin, range.begin);
  run.end = std::max(run.end, range.end);
  return true;
}

void remove_run(Endpoint& e, std::uint32_t place) {
  std::copy(e.runs.begin() + place + 1, e.runs.begin() + e.run_count, e.runs.begin() + place);
  --e.run_count;
}

/// tcp_sack_new_ofo_skb: the run that grew comes first, and of more than four the one that has not
/// grown for longest is told no more, though its bytes are kept.
void note_run(World& w, ConnectionId id, Side side, const ByteRange& range) {
  Endpoint& e = end_of(w, id, side);
  std::uint32_t place = 0;
  while (place < e.run_count && !extend(e.runs[place], range))
    ++place;
  if (place >= runs_expected && e.acks.held_together != 0)
    send_ack(w, id, side);  // while the other runs still come first; nothing is due after it
  if (place == e.run_count) {
    if (place == e.runs.size()) {
      --place;
    } else {
      ++e.run_count;
    }
    e.runs[place] = range;
  }
  std::rotate(e.runs.begin(), e.runs.begin() + place, e.runs.begin() + place + 1);
  // tcp_sack_maybe_coalesce
  for (std::uint32_t other = 1; other < e.run_count;) {
    if (extend(e.runs[0], e.runs[other])) {
      remove_run(e, other);
    } else {
      ++other;
    }
  }
}

/// tcp_sack_remove: what is in order now is no run any more.
void forget_runs(Endpoint& e) {
  if (e.ahead.empty())
    e.run_count = 0;
  for (std::uint32_t place = 0; place < e.run_count;) {
    if (e.runs[place].begin <= e.expected) {
      remove_run(e, place);
    } else {
      ++place;
    }
  }
}

/// tcp_data_queue_ofo.
void take_ahead(World& w, ConnectionId id, Side side, const ByteRange& range) {
  Endpoint& e = end_of(w, id, side);
  const bool known = is_ahead(e, range);
  if (known)
    e.duplicate = range;
  if (known || keep_ahead(e, range))
    note_run(w, id, side, range);
}

}  // namespace

void take_data(World& w, ConnectionId id, Side side, const Segment& s) {
  HOLDFAST_PACKET_CHECK(s.length != 0 && s.seq > 0, "data begins behind the SYN");
  Endpoint& e = end_of(w, id, side);
  const std::uint64_t end = s.seq + s.length;
  e.acks.scheduled = true;
  e.duplicate = ByteRange{};
  if (end <= e.expected) {
    // Sent for nothing: say so, and acknowledge quickly from here on.
    e.duplicate = {s.seq, end};
    enter_quick_mode(w, e);
    return;
  }
  if (s.seq > e.expected) {
    take_ahead(w, id, side, {s.seq, end});
    return;
  }
  if (s.seq < e.expected)
    e.duplicate = {s.seq, e.expected};
  e.expected = end;
  if (e.ahead.empty())
    return;
  auto used = e.ahead.begin();
  for (; used != e.ahead.end() && used->begin <= e.expected; ++used)
    e.expected = std::max(e.expected, used->end);
  // A gap that is filled is acknowledged at once (RFC 5681, 4.2).
  if (used == e.ahead.end())
    e.acks.now = true;
  e.ahead.erase(e.ahead.begin(), used);
  forget_runs(e);
  HOLDFAST_PACKET_CHECK(e.ahead.empty() || e.ahead.front().begin > e.expected,
                        "a hole has no bytes");
}

}  // namespace holdfast::tcp
