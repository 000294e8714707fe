// SPDX-License-Identifier: Apache-2.0
// What a run will cost, told before it begins: from the scenario alone, without building a world.
#pragma once

#include <string>

#include "models/scenario/declaration/spec.hpp"

namespace holdfast::analysis {

/// Upper bounds: of a healthy world, and of what is refused at once and tried again
/// (load/storms.hpp). What a failure makes wait is not counted, and neither is I/O that it keeps
/// from being issued. The right order of magnitude, no more: a test holds them within a factor of 4
/// of what runs take.
struct Estimate {
  double ios = 0;      ///< that applications issue
  double events = 0;   ///< that the calendar fires
  double bytes = 0;    ///< of memory at the end: histories, queued packets, connections
  double seconds = 0;  ///< of one core, native kernel
  std::string most;    ///< JSON pointer of what takes most of the memory; empty: nothing stands out
};

Estimate estimate(const scenario::Scenario& scenario);

/// "about 3.2 M events, 0.4 s of one core, 60 MB of memory".
std::string words_of(const Estimate& estimate);

}  // namespace holdfast::analysis
