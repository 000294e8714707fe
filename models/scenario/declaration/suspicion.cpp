// SPDX-License-Identifier: Apache-2.0
// Declaration of what makes a host give a path up early. One row per key.
#include "models/scenario/declaration/declaration.hpp"

namespace holdfast::scenario {

const Object<Suspicion>& suspicion_object() {
  static const auto declared =
      Object<Suspicion>("suspicion",
                        "Signs for which a host gives a path up before a timeout does. What "
                        "follows is the recovery of its policy. 0s, 0 and false are off.")
          .field("lost_host_notice", &Suspicion::lost_host_notice, boolean(),
                 "another controller's notice F5h: log page 1Fh names one that lost its host "
                 "(needs `lost_host_log` of the subsystem)")
          .field("lost_host_ends_wait", &Suspicion::lost_host_ends_wait, boolean(),
                 "of a controller that its own keep-alive timer ended, as that page says, CQT "
                 "alone is waited for")
          .field("tcp_timeouts", &Suspicion::tcp_timeouts, integer<std::uint32_t>(0, 15),
                 "tcp: so many retransmission timeouts of one connection in a row")
          .field("tcp_user_timeout", &Suspicion::tcp_user_timeout, duration(0s, longest_run, 1ms),
                 "tcp: TCP_USER_TIMEOUT of every connection; TCP gives it up that long after the "
                 "first repetition of what is not acknowledged")
          .field("keep_alive_late", &Suspicion::keep_alive_late, duration(0s, longest_run, 1ms),
                 "a Keep Alive is not answered for that long; it times out after KATO all the same")
          .field("slow_io", &Suspicion::slow_io, duration(0s, longest_run, 1ms),
                 "an I/O is out for that long, and for `slow_io_factor` times as long as those of "
                 "the other paths, one of which has answered since")
          .field("slow_io_factor", &Suspicion::slow_io_factor, factor(1e6),
                 "of `slow_io`: how many times the smoothed latency of the slowest of them")
          .field("look_every", &Suspicion::look_every, duration(0s, longest_run, 1ms),
                 "looks of the keep-alive are at most that far apart, whatever KATO is")
          .field("probe_idle", &Suspicion::probe_idle, duration(0s, longest_run, 1ms),
                 "a Keep Alive is sent when nothing was heard of a controller for that long")
          .field("probe_on_ana", &Suspicion::probe_on_ana, boolean(),
                 "a Keep Alive is sent on the other paths when one becomes optimized")
          .field("only_with_ccr", &Suspicion::only_with_ccr, boolean(),
                 "a sign counts only while another controller can be asked for a "
                 "Cross-Controller Reset");
  return declared;
}

}  // namespace holdfast::scenario
