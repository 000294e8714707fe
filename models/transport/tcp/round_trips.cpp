// SPDX-License-Identifier: Apache-2.0
// Round-trip times and the retransmission timeout (tcp_rtt_estimator, __tcp_set_rto). The floor is
// on the variance term, which follows the largest deviation of a round trip and falls slowly.
#include <algorithm>

#include "models/transport/tcp/internal.hpp"

namespace holdfast::tcp {

using transport::RoundTrips;

void take_sample(Connection& c, Side side, const transport::TcpParameters& p, Duration sample) {
  HOLDFAST_PACKET_CHECK(sample >= Duration{}, "an answer came before the question");
  Endpoint& e = end_of(c, side);
  RoundTrips& r = e.round_trips;
  if (r.smoothed == Duration{}) {
    // RFC 6298, 2.2. `deviation` is four times the mean deviation throughout, as in Linux.
    r.smoothed = std::max(sample, Duration{1});
    r.deviation = 2 * sample;
    r.variance = std::max(r.deviation, e.rto_min);
    r.deviation_max = r.variance;
    r.round_end = e.next;
  } else {
    const Duration error = sample - r.smoothed;
    r.smoothed = std::max(r.smoothed + error / 8, Duration{1});
    Duration more = std::chrono::abs(error) - r.deviation / 4;
    // A round trip that fell is no reason to expect longer ones.
    if (error < Duration{} && more > Duration{})
      more /= 8;
    r.deviation += more;
    r.deviation_max = std::max(r.deviation_max, r.deviation);
    r.variance = std::max(r.variance, r.deviation_max);
    if (e.unacked > r.round_end) {
      if (r.deviation_max < r.variance)
        r.variance -= (r.variance - r.deviation_max) / 4;
      r.round_end = e.next;
      r.deviation_max = e.rto_min;
    }
  }
  r.timeout = std::min<Duration>(in_ticks(c, side, r.smoothed + r.variance), p.rto_max);
  HOLDFAST_PACKET_CHECK(r.variance >= e.rto_min || r.timeout == p.rto_max,
                        "the floor of the timeout is gone");
  HOLDFAST_PACKET_CHECK(r.timeout > Duration{}, "a timeout of nothing fires for ever");
}

}  // namespace holdfast::tcp
