// SPDX-License-Identifier: Apache-2.0
// The same traffic as plain S4U programs: actors on hosts that exchange messages by mailbox.
#pragma once

#include <string>

#include "tests/bench/packets.hpp"

namespace holdfast::bench {

/// One message per packet and link: what our packets do, but nobody forwards anything, since
/// senders sit at the near end of each link and receivers at its far end. A message is one hop.
/// Either of these two can be called once per process.
Sample run_mailbox_hops(const Load& load);

/// One message per packet from end to end, over a route of four links. SimGrid shares the rate of
/// the links among the messages; there is no queue at a switch and no store and forward, so this
/// computes less than our packets do. A message counts as four hops all the same.
Sample run_mailbox_end_to_end(const Load& load);

/// As in "3.32".
std::string simgrid_version();

}  // namespace holdfast::bench
