// SPDX-License-Identifier: Apache-2.0
// Random scenarios: valid by construction, different for every seed, the same for the same seed on
// every machine. They are text, so that every one of them goes through the loader as well.
#pragma once

#include <cstdint>
#include <string>

namespace holdfast::generate {

/// A scenario as JSON text: 1-3 hosts, 1-4 switches in one of three shapes, 1-3 subsystems, random
/// links, namespaces, policies, timers, loads, and 0-4 faults of all types. It takes a fraction of
/// a second to run.
std::string scenario_text(std::uint64_t seed);

}  // namespace holdfast::generate
