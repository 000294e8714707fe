// SPDX-License-Identifier: Apache-2.0
// Cross checks of what makes a host give a path up early; see check.hpp.
#include "models/scenario/checks/internal.hpp"

namespace holdfast::scenario::check {

void suspicion(const Scenario& s, const Host& host, const Cursor& at) {
  const Suspicion& knobs = host.suspicion;
  const bool tcp = s.fabric.transport == Transport::tcp;
  if (!tcp && knobs.tcp_timeouts != 0)
    at.at("tcp_timeouts").fail("timeouts of TCP with another transport", "\"transport\": \"tcp\"");
  if (!tcp && knobs.tcp_user_timeout != 0s)
    at.at("tcp_user_timeout")
        .fail("a socket option with another transport", "\"transport\": \"tcp\"");
  if (knobs.lost_host_ends_wait && !knobs.lost_host_notice)
    at.at("lost_host_ends_wait")
        .fail("\"lost_host_ends_wait\" without the notice", "\"lost_host_notice\": true as well");
  if (knobs.slow_io == 0s && knobs.slow_io_factor != Suspicion{}.slow_io_factor)
    at.at("slow_io_factor").fail("\"slow_io_factor\" alone", "\"slow_io\" as well");
  if (knobs.only_with_ccr && !host.policy.ccr)
    at.at("only_with_ccr")
        .fail("a policy without Cross-Controller Reset",
              "a policy with \"ccr\", such as tp8028-v6");
}

}  // namespace holdfast::scenario::check
