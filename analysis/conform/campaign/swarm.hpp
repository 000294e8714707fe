// SPDX-License-Identifier: Apache-2.0
// Scenarios drawn at random, for requirements that depend on timing. Each seed leaves out features
// at random (swarm testing), and each scenario has two phases: faults, and then everything heals
// and the system must become live again.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

namespace holdfast::conform {

/// A scenario without policy and profile, which `fill_in` adds: the one of that number under a
/// seed. Each has a stream of random numbers of its own.
nlohmann::json swarm_scenario(std::uint64_t seed, std::uint64_t number);

}  // namespace holdfast::conform
