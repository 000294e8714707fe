// SPDX-License-Identifier: Apache-2.0
// Scenarios drawn at random, for requirements that depend on timing. Each seed leaves out features
// at random (swarm testing), and each scenario has two phases: faults, and then everything heals
// and the system must become live again.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

namespace holdfast::conform {

/// A scenario without policy and profile, which `fill_in` adds. The same seed gives the same one.
nlohmann::json swarm_scenario(std::uint64_t seed);

}  // namespace holdfast::conform
