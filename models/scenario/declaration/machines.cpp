// SPDX-License-Identifier: Apache-2.0
// Declarations of machines that stand still, of their clocks, and of bonds. One row per key.
#include "models/scenario/declaration/repeat.hpp"

namespace holdfast::scenario {

Codec<std::uint32_t> clock_error_ppm() { return integer<std::uint32_t>(0, 100'000); }

Codec<HostPause::Clock> clock_in_pause() {
  using Clock = HostPause::Clock;
  return choice<Clock>({{"runs", Clock::runs}, {"stops", Clock::stops}});
}

const Object<HostPause>& host_pause_object() {
  static const auto declared =
      Object<HostPause>(
          "host_pause",
          "tcp: a host stands still, as a virtual machine does that is moved or stopped: nothing "
          "of it computes or sends, its kernel acknowledges nothing, and packets wait in front of "
          "it. When it goes on, timers that came due meanwhile fire first, in their order, then it "
          "takes the packets.")
          .with(lasting())
          .field("host", &HostPause::host, name(longest_name), "which host", required)
          .field("clock", &HostPause::clock, clock_in_pause(),
                 "its clock meanwhile: `runs`, so that it finds what is overdue, or `stops`, so "
                 "that all of its timers are late by the pause");
  return declared;
}

const Object<LinkIntegrity>& link_integrity_object() {
  static const auto declared =
      Object<LinkIntegrity>(
          "link_integrity",
          "fc: the fabric has counted errors on the links to a port and tells a host so (FPIN-LI). "
          "Controllers there are marginal until they are reset: I/O takes them only where no other "
          "path is optimized. With queue-depth nothing changes.")
          .field("at", &LinkIntegrity::at, latency(longest_run), "when it is told", required)
          .field("host", &LinkIntegrity::host, name(longest_name), "which host", required)
          .field("port", &LinkIntegrity::port, name(longest_name), "a port that it connects to",
                 required);
  return declared;
}

const Object<Bond>& bond_object() {
  static const auto declared =
      Object<Bond>("bond",
                   "Linux bonding, mode active-backup: two legs behind one link, of which one "
                   "carries. Both are like the link; `link_down` with `leg` takes one away.")
          .field("miimon", &Bond::miimon, duration(1ms, longest_run),
                 "from one look at the carriers to the next; a leg without one carries on up to "
                 "then, into nothing")
          .field("phase", &Bond::phase, latency(longest_run), "when it looks first, below `miimon`")
          .field("updelay", &Bond::updelay, duration(0s, longest_run),
                 "how long a leg has its carrier back before it is used")
          .field("move_time", &Bond::move_time, duration(0s, longest_run),
                 "after a move: until switches send to the other leg; meanwhile what they send is "
                 "lost")
          .field("primary_returns", &Bond::primary_returns, boolean(),
                 "the primary leg carries as soon as it may again (primary_reselect=always); else "
                 "only when the other one fails");
  return declared;
}

}  // namespace holdfast::scenario
