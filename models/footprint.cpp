// SPDX-License-Identifier: Apache-2.0
// Sizes, added up; see footprint.hpp.
#include "models/footprint.hpp"

#include <algorithm>
#include <cmath>

#include "models/world.hpp"

namespace holdfast {
namespace {

// The second opinion on integrity and the percentiles are made of as many values as there was I/O.
constexpr std::uint64_t result_bytes_per_io = 96;
// A slot of the calendar and its key.
constexpr std::uint64_t bytes_per_event = 80;

using Disk = sim::CowVector<target::Latest>;  // that of the oracle has pages of as many blocks

/// Of parts of equal size, how many are touched: by writes that fall anywhere, of so many parts
/// each, or by all of them that lie one behind the other.
double touched(double parts, double writes, double length, bool random) {
  return random ? parts * -std::expm1(-writes * (1 + length) / parts)
                : std::min(parts, writes * length + 1);
}

}  // namespace

std::uint64_t footprint(const World& w) {
  const oracle::Oracle& o = w.oracle;
  std::uint64_t bytes = o.operations.size() * (sizeof(oracle::Operation) + result_bytes_per_io);
  bytes += o.known_before.size() * sizeof(sim::TimePoint);
  for (const auto& disk : o.disks)
    bytes += disk.bytes_in_use();
  for (const target::Namespace& n : w.target.namespaces)
    bytes += n.latest.bytes_in_use() + n.history.bytes_in_use() + n.written.bytes_in_use();
  bytes += w.net.packets.size() * sizeof(net::Packet);
  bytes += w.calendar.pending() * bytes_per_event;
  return bytes;
}

double footprint_of_blocks(const WrittenBlocks& written) {
  if (written.writes < 1)
    return 0;
  constexpr double of_page = Disk::page_items;
  constexpr double of_directory = Disk::directory_items;
  constexpr double page_bytes = of_page * (sizeof(target::Latest) + sizeof(oracle::Block));
  constexpr double directory_bytes = 2.0 * sizeof(Disk::Directory);
  const double pages = std::max(1.0, written.region / of_page);
  const double directories = std::max(1.0, written.region / of_directory);
  return touched(pages, written.writes, written.length / of_page, written.random) * page_bytes +
         touched(directories, written.writes, written.length / of_directory, written.random) *
             directory_bytes;
}

}  // namespace holdfast
