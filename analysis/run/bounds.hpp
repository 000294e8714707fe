// SPDX-License-Identifier: Apache-2.0
// When a run ends before its time, for want of patience or of memory.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "models/scenario/reading/error.hpp"
#include "models/scenario/reading/units.hpp"

namespace holdfast::analysis {

/// A run of more events than this ends as a partial result, unless it is allowed more. At a million
/// events a second it is a quarter of an hour; none of the bundled scenarios needs a thousandth.
inline constexpr std::uint64_t default_max_events = 1'000'000'000;

/// A run whose world takes more bytes than this ends likewise: see models/footprint.hpp.
inline constexpr std::uint64_t default_max_memory = std::uint64_t{8} << 30;

/// So many events that looking up in between costs nothing, and so few that nobody waits for it.
inline constexpr std::uint64_t events_per_look = 1U << 12;
/// Adding up what a world takes costs a walk over the pages of its disks. It is done after the
/// first event, whenever their number has doubled, and after each so many.
inline constexpr std::uint64_t events_per_weighing = 32 * events_per_look;

/// The bound on memory in bytes, as typed ("16GiB"). Throws std::invalid_argument, with what was
/// found and expected, if it is no size or none at all.
inline std::uint64_t max_memory_from(const std::string& typed) {
  const auto parsed = scenario::parse_size(typed);
  if (!parsed.ok() || parsed.value == 0) {
    throw std::invalid_argument(fmt::format("found {}{}, expected a size, e.g. \"16GiB\"",
                                            scenario::in_quotes(typed),
                                            parsed.ok() ? "" : " (" + parsed.problem + ")"));
  }
  return parsed.value;
}

}  // namespace holdfast::analysis
