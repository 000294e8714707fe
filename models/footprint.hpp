// SPDX-License-Identifier: Apache-2.0
// How much memory a run has taken so far.
#pragma once

#include <cstdint>

namespace holdfast {

struct World;

/// Bytes of all that grows while a world runs: histories of I/O with what its result will need for
/// them, contents of disks, packets under way, pending events. The same for the same world
/// anywhere; what the process takes on top (code, names, connections) is some ten megabytes.
std::uint64_t footprint(const World& w);

/// Writes to a region of a disk.
struct WrittenBlocks {
  double region = 1;    ///< blocks of the region
  double writes = 0;    ///< how many
  double length = 1;    ///< blocks of one
  bool random = false;  ///< anywhere in the region, not one behind the other
};

/// Bytes that a world keeps for the blocks of a disk beside their contents: pages of its own table
/// and of the oracle's, and the directories of these. Writes to anywhere in a large region have a
/// page each.
double footprint_of_blocks(const WrittenBlocks& written);

}  // namespace holdfast
