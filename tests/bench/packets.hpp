// SPDX-License-Identifier: Apache-2.0
// The packets that are measured. Four hosts and four targets, each pair four links apart:
//
//   h0..h3 --25 Gbit/s-- leaf0 --100 Gbit/s-- spine --100 Gbit/s-- leaf1 --25 Gbit/s-- t0..t3
//
// Half of the packets start at a host, half at a target; whoever gets one sends it back at once, so
// their number never changes. Three of four are full frames, one is as small as an acknowledgement.
#pragma once

#include <array>
#include <cstdint>

#include "sim/time.hpp"
#include "tests/bench/measure.hpp"

namespace holdfast {
struct World;
}

namespace holdfast::bench {

inline constexpr std::uint32_t pairs = 4;
inline constexpr std::uint32_t hops_per_route = 4;
inline constexpr std::uint32_t full_packet_bytes = 1500;
inline constexpr std::uint32_t small_packet_bytes = 72;

constexpr std::uint32_t bytes_of_packet(std::uint32_t number) {
  return number / (2 * pairs) % 4 == 3 ? small_packet_bytes : full_packet_bytes;
}

/// A number of packets in flight, and how long they are watched.
struct Load {
  std::uint32_t in_flight = 0;
  sim::Duration warm_up{};
  sim::Duration measured{};
  std::uint32_t mailbox_messages = 0;  ///< that the mailbox programs are watched for
  int mailbox_repetitions = 0;         ///< at most that many of a mailbox program
};

/// Adds the fabric to a fresh world and puts the packets into it.
void build_packets(World& w, std::uint32_t in_flight);

Sample run_native(const Load& load);
Sample run_simgrid(const Load& load);

}  // namespace holdfast::bench
