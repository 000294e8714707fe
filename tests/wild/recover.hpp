// SPDX-License-Identifier: Apache-2.0
// Running a world, and letting it heal, within a bound on events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "models/world.hpp"
#include "tests/property/closing.hpp"

namespace holdfast::wild {

/// Fires all events up to `end`; with `checked` invariants are looked at on the way, and the test
/// fails at the first that does not hold. False: so many events had been fired before.
bool run_until(World& w, sim::TimePoint end, std::uint64_t most_events, bool checked);

/// Ends all faults and loads and runs on until each path is live that nobody sent away, and no I/O
/// is out. What is stuck after the longest time that this may take, in words; empty: nothing. No
/// value: so many more events came first.
std::optional<std::string> recover(World& w, const invariants::Watcher& watcher,
                                   std::uint64_t most_events, bool checked);

}  // namespace holdfast::wild
