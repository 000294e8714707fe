// SPDX-License-Identifier: Apache-2.0
// Congestion windows in segments: CUBIC (RFC 9438 with Linux's integers, net/ipv4/tcp_cubic.c) and
// Reno, proportional rate reduction (RFC 6937), and what becomes of a window that is not used.
// Without HyStart: a window that storage leaves half empty does not reach its region.
#include <algorithm>

#include "models/transport/tcp/internal.hpp"
#include "models/world.hpp"

namespace holdfast::tcp {

using transport::CongestionControl;
using transport::CongestionState;
using transport::Cubic;

namespace {

// CUBIC's constants: beta 0.7 and C 0.4, as fractions of 1024.
constexpr std::uint32_t beta = 717;
constexpr std::uint32_t scale = 410;
/// Acknowledged segments per window and segment of growth that make Reno's share fair: 15 / 8.
constexpr std::uint32_t reno_scale = 8 * (1024 + beta) / 3 / (1024 - beta);

std::uint32_t cube_root(std::uint64_t value) {
  std::uint64_t low = 0;
  std::uint64_t high = 1u << 21;
  while (low < high) {
    const std::uint64_t middle = (low + high + 1) / 2;
    if (middle * middle * middle <= value) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return static_cast<std::uint32_t>(low);
}

/// Where the cubic wants the window to be: origin + C (t - K)^3, times in 1/1024 s.
std::int64_t cubic_target(const Cubic& cubic, Duration since_epoch) {
  const auto t = std::min<std::int64_t>(since_epoch.count() * 1024 / 1'000'000'000, 1 << 19);
  const std::int64_t away = t - cubic.k;
  const auto cube = static_cast<std::int64_t>(
      static_cast<sim::Wide>(scale) * static_cast<sim::Wide>(std::abs(away)) *
          static_cast<sim::Wide>(std::abs(away)) * static_cast<sim::Wide>(std::abs(away)) >>
      40);
  return static_cast<std::int64_t>(cubic.origin) + (away < 0 ? -cube : cube);
}

/// bictcp_update: how many acknowledgements make one more segment.
void update_cubic(Endpoint& e, std::uint32_t acked, TimePoint now) {
  Cubic& c = e.cubic;
  c.acked += acked;
  const bool fresh =
      c.last_time != sim::never && now - c.last_time <= std::chrono::milliseconds{31};
  if (c.last_window == e.cwnd && fresh)
    return;
  if (c.epoch == sim::never || now != c.last_time) {
    c.last_window = e.cwnd;
    c.last_time = now;
    if (c.epoch == sim::never) {
      c.epoch = now;
      c.acked = acked;
      c.reno = e.cwnd;
      c.k = 0;
      c.origin = e.cwnd;
      if (c.last_max > e.cwnd) {
        c.k = cube_root((std::uint64_t{1} << 40) / scale * (c.last_max - e.cwnd));
        c.origin = c.last_max;
      }
    }
    const Duration least = std::max(e.round_trips.least, Duration{});
    const std::int64_t target = cubic_target(c, now - c.epoch + least);
    const std::int64_t above = target - e.cwnd;
    c.per_ack = above > 0 ? e.cwnd / static_cast<std::uint32_t>(above) : 100 * e.cwnd;
    // Too careful while nothing is known of the path.
    if (c.last_max == 0)
      c.per_ack = std::min(c.per_ack, 20u);
  }
  const std::uint32_t step = std::max(e.cwnd * reno_scale / 8, 1u);
  while (c.acked > step) {
    c.acked -= step;
    ++c.reno;
  }
  if (c.reno > e.cwnd)
    c.per_ack = std::min(c.per_ack, e.cwnd / (c.reno - e.cwnd));
  c.per_ack = std::max(c.per_ack, 2u);
}

/// tcp_cong_avoid_ai.
void add(Endpoint& e, std::uint32_t per_ack, std::uint32_t acked) {
  if (e.cwnd_count >= per_ack) {
    e.cwnd_count = 0;
    ++e.cwnd;
  }
  e.cwnd_count += acked;
  if (e.cwnd_count >= per_ack) {
    e.cwnd += e.cwnd_count / per_ack;
    e.cwnd_count %= per_ack;
  }
}

bool in_slow_start(const Endpoint& e) { return e.cwnd < e.ssthresh; }

/// tcp_is_cwnd_limited: in slow start a window that is half used may double.
bool is_limited(const Endpoint& e) {
  return e.cwnd_limited || (in_slow_start(e) && e.cwnd < 2 * e.most_out);
}

}  // namespace

std::uint32_t current_ssthresh(const Endpoint& e) {
  return is_reducing(e) ? e.ssthresh : std::max(e.ssthresh, e.cwnd * 3 / 4);
}

std::uint32_t reduced_window(Endpoint& e, const transport::TcpParameters& p) {
  HOLDFAST_PACKET_CHECK(e.cwnd > 0, "a window of nothing cannot be reduced");
  if (p.congestion == CongestionControl::reno)
    return std::max(e.cwnd / 2, 2u);
  Cubic& c = e.cubic;
  c.epoch = sim::never;
  // Fast convergence: make room for newer flows.
  c.last_max = e.cwnd < c.last_max ? e.cwnd * (1024 + beta) / 2048 : e.cwnd;
  return std::max(e.cwnd * beta / 1024, 2u);
}

void start_reduction(Endpoint& e, const transport::TcpParameters& p) {
  e.recovery_end = e.next;
  e.probe_end = 0;
  e.cwnd_count = 0;
  e.cwnd_before = e.cwnd;
  e.reduction_delivered = 0;
  e.reduction_sent = 0;
  e.ssthresh = reduced_window(e, p);
}

void continue_reduction(Endpoint& e, std::uint32_t delivered, std::uint32_t newly_lost,
                        bool advanced) {
  HOLDFAST_PACKET_CHECK(is_reducing(e), "the window is not being reduced");
  if (delivered == 0 || e.cwnd_before == 0)
    return;
  e.reduction_delivered += delivered;
  const auto outside = static_cast<std::int64_t>(in_network(e));
  const std::int64_t room = static_cast<std::int64_t>(e.ssthresh) - outside;
  const auto sent = static_cast<std::int64_t>(e.reduction_sent);
  std::int64_t may_send = 0;
  if (room < 0) {
    const std::uint64_t share =
        (std::uint64_t{e.ssthresh} * e.reduction_delivered + e.cwnd_before - 1) / e.cwnd_before;
    may_send = static_cast<std::int64_t>(share) - sent;
  } else {
    may_send = std::max(static_cast<std::int64_t>(e.reduction_delivered) - sent,
                        static_cast<std::int64_t>(delivered));
    if (advanced && newly_lost == 0)
      ++may_send;
    may_send = std::min(room, may_send);
  }
  // The first step always lets a retransmission out.
  may_send = std::max<std::int64_t>(may_send, e.reduction_sent != 0 ? 0 : 1);
  e.cwnd = static_cast<std::uint32_t>(outside + may_send);
  HOLDFAST_PACKET_CHECK(outside + may_send >= 0, "a window cannot be less than nothing");
}

void end_reduction(Endpoint& e, TimePoint now) {
  HOLDFAST_PACKET_CHECK(e.ssthresh >= 2, "no reduction goes below two segments");
  if (e.ssthresh < 0x7fffffff &&
      (e.congestion_state == CongestionState::reduced || e.undo_from != 0)) {
    e.cwnd = e.ssthresh;
    e.cwnd_used_since = now;
  }
}

void grow_window(const Connection&, Endpoint& e, const transport::TcpParameters& p,
                 std::uint32_t acked, TimePoint now) {
  HOLDFAST_PACKET_CHECK(e.cwnd > 0, "a window of nothing never grows");
  if (!is_limited(e))
    return;
  if (in_slow_start(e)) {
    const std::uint32_t grown = std::min(e.cwnd + acked, e.ssthresh);
    acked -= grown - e.cwnd;
    e.cwnd = grown;
    if (acked == 0)
      return;
  }
  if (p.congestion == CongestionControl::reno) {
    add(e, e.cwnd, acked);
    return;
  }
  update_cubic(e, acked, now);
  add(e, e.cubic.per_ack, acked);
}

void note_usage(Endpoint& e, bool limited, TimePoint now, const transport::TcpParameters& p) {
  HOLDFAST_PACKET_CHECK(now >= e.cwnd_used_since, "the window is used before its time began");
  const auto out = static_cast<std::uint32_t>(e.sent.size());
  if (e.unacked >= e.usage_end || limited || (!e.cwnd_limited && out > e.most_out)) {
    e.cwnd_limited = limited;
    e.most_out = out;
    e.usage_end = e.next;
  }
  if (is_limited(e)) {
    e.cwnd_used = 0;
    e.cwnd_used_since = now;
    return;
  }
  e.cwnd_used = std::max(e.cwnd_used, out);
  if (now - e.cwnd_used_since < e.round_trips.timeout)
    return;
  // tcp_cwnd_application_limited: what was not used for an RTO is not known to pass.
  if (e.congestion_state == CongestionState::open) {
    const std::uint32_t used = std::max(e.cwnd_used, p.initial_window_segments);
    if (used < e.cwnd) {
      e.ssthresh = current_ssthresh(e);
      e.cwnd = (e.cwnd + used) / 2;
    }
    e.cwnd_used = 0;
  }
  e.cwnd_used_since = now;
}

void restart_after_idle(Endpoint& e, TimePoint now, const transport::TcpParameters& p) {
  HOLDFAST_PACKET_CHECK(e.round_trips.timeout > Duration{}, "a pause is measured in timeouts");
  Duration idle = now - e.last_sent;
  if (!e.sent.empty() || idle <= e.round_trips.timeout)
    return;
  e.ssthresh = current_ssthresh(e);
  const std::uint32_t restart = std::min(p.initial_window_segments, e.cwnd);
  while ((idle -= e.round_trips.timeout) > Duration{} && e.cwnd > restart)
    e.cwnd /= 2;
  e.cwnd = std::max(e.cwnd, restart);
  e.cwnd_used_since = now;
  e.cwnd_used = 0;
}

void note_start(Endpoint& e, TimePoint now) {
  if (e.cubic.epoch != sim::never)
    e.cubic.epoch = std::min(e.cubic.epoch + (now - e.last_sent), now);
}

}  // namespace holdfast::tcp
