// SPDX-License-Identifier: Apache-2.0
// What a copy of a world costs, and how fast the whole model runs.
#pragma once

#include <cstdint>
#include <filesystem>

namespace holdfast::bench {

struct CopySample {
  double copy_us = 0;  ///< median of many copies
  std::uint64_t packets = 0;
  std::uint64_t pending = 0;  ///< events in the calendar
  std::uint64_t allocations = 0;
};

/// What the process does with memory of copies that are gone: keep it, as a program that copies
/// worlds by the thousand should, or leave it to the C library's defaults, by which large blocks go
/// back to the operating system and come out of it page by page for the next copy.
enum class Memory : std::uint8_t { kept, returned };

/// The world of packets.hpp.
CopySample copy_packets(std::uint32_t in_flight, Memory memory);
/// A scenario at the busiest instant of its first simulated seconds, the load as it is.
CopySample copy_scenario(const std::filesystem::path& scenario, Memory memory);
/// The same with so much load that at least `in_flight` packets are on their way. Throws if that
/// many never are.
CopySample copy_loaded_scenario(const std::filesystem::path& scenario, std::uint32_t in_flight,
                                Memory memory);

struct ModelSample {
  double cpu_s = 0;  ///< of the run, without loading and building
  double simulated_s = 0;
  std::uint64_t events = 0;
};

/// A scenario from beginning to end on the native kernel.
ModelSample run_scenario(const std::filesystem::path& scenario);
/// The same for 20 simulated seconds at 100 IOPS, the first fault at 5 s.
ModelSample run_thinned(const std::filesystem::path& scenario);

}  // namespace holdfast::bench
