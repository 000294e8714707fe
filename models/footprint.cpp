// SPDX-License-Identifier: Apache-2.0
// Sizes, added up; see footprint.hpp.
#include "models/footprint.hpp"

#include "models/world.hpp"

namespace holdfast {
namespace {

// The second opinion on integrity and the percentiles are made of as many values as there was I/O.
constexpr std::uint64_t result_bytes_per_io = 96;
// A slot of the calendar and its key.
constexpr std::uint64_t bytes_per_event = 80;

}  // namespace

std::uint64_t footprint(const World& w) {
  const oracle::Oracle& o = w.oracle;
  std::uint64_t bytes = o.operations.size() * (sizeof(oracle::Operation) + result_bytes_per_io);
  bytes += o.known_before.size() * sizeof(sim::TimePoint);
  for (const auto& disk : o.disks)
    bytes += disk.bytes_in_use();
  bytes += w.net.packets.size() * sizeof(net::Packet);
  bytes += w.calendar.pending() * bytes_per_event;
  return bytes;
}

}  // namespace holdfast
