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

}  // namespace holdfast
