// SPDX-License-Identifier: Apache-2.0
// Variations of a probe, for requirements that depend on timing and that chance alone seldom comes
// to: what happens in the probe happens at other phases, under other loads and losses. As in every
// drawn scenario, everything heals afterwards and the system must become live again.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "analysis/conform/catalogue/catalogue.hpp"

namespace holdfast::conform {

/// A scenario like that of the probe, without policy and profile: the variation of that number
/// under a seed. Each has a stream of random numbers of its own. Commands that the probe delays are
/// never delayed for longer than there.
nlohmann::json vary(const Probe& probe, std::uint64_t seed, std::uint64_t number);

}  // namespace holdfast::conform
