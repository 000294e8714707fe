// SPDX-License-Identifier: Apache-2.0
// The worlds on which the laws are tried: all bundled scenarios, thinned, and drawn ones.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/scenario/scenario.hpp"
#include "tests/differential/generate.hpp"
#include "tests/property/laws.hpp"

namespace holdfast::laws {

using nlohmann::json;

/// A drawn world is long enough to lose a path and come back, and short enough for a thousand.
inline constexpr std::chrono::seconds horizon{6};
/// So much of a bundled scenario is compared. The small ones are compared whole.
inline constexpr std::uint64_t most_records = 60'000;

/// Documents of all bundled scenarios, with their paths.
std::vector<std::pair<std::string, json>> bundled();
/// A drawn scenario after `seed` whose entities can live in the fabric of that scenario.
json neighbour(const json& scenario, std::uint64_t seed);

/// How many jobs of a world these loads are.
std::size_t jobs_of(const std::vector<scenario::Workload>& loads);
/// Reads it; what was drawn is cut short.
Scenario scenario_of(const json& document);

/// A law says nothing (empty) or how a scenario breaks it.
using Law = std::function<std::string(const json& document, std::uint64_t seed)>;

/// Tries a law on drawn scenarios [first, first + count); the test fails and tells each that breaks
/// it.
void try_on_drawn(std::uint64_t first, std::uint64_t count, const Law& law);
/// Tries a law on every `stride`-th bundled scenario from `first` on.
void try_on_bundled(std::size_t first, std::size_t stride, const Law& law);

}  // namespace holdfast::laws
