// SPDX-License-Identifier: Apache-2.0
// What the iopolicy `latency` remembers of the paths of a block device, as values.
#pragma once

#include <cstdint>

#include "sim/copy_block.hpp"
#include "sim/time.hpp"

namespace holdfast::host::latency {

/// Reads, writes and the rest are measured apart (nvme_data_dir).
enum class Direction : std::uint8_t { read, write, other };
inline constexpr std::size_t directions = 3;

/// Of one path, in one direction, on one CPU.
struct Measured {
  sim::Duration batch{};      ///< samples of the window, added up
  std::uint32_t batched = 0;  ///< and how many they are
  std::uint32_t weight = 0;   ///< 0: nothing has come back yet
  std::uint32_t credit = 0;   ///< I/O that the path may take before it is the next one's turn
  sim::TimePoint since{};     ///< the window
  sim::Duration smoothed{};   ///< EWMA of the averages of windows; 0: none yet
};

struct Weights {
  sim::Vector<Measured> of;            ///< path by path, then CPU by CPU, then by direction
  sim::Vector<std::uint32_t> current;  ///< by CPU: the path whose turn it is
};

}  // namespace holdfast::host::latency
