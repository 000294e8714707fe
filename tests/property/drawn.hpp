// SPDX-License-Identifier: Apache-2.0
// A drawn scenario, and an instant of it.
#pragma once

#include <cstdint>

#include "models/scenario/scenario.hpp"
#include "sim/distributions.hpp"
#include "sim/random.hpp"
#include "tests/differential/generate.hpp"

namespace holdfast::drawn {

inline scenario::Scenario scenario_of(std::uint64_t seed) {
  return scenario::parse(generate::scenario_text(seed), "drawn");
}

inline sim::TimePoint end_of(const scenario::Scenario& s) { return sim::epoch + s.duration; }

/// A random instant within a run.
inline sim::TimePoint instant(const scenario::Scenario& s, std::uint64_t seed) {
  return sim::epoch +
         sim::uniform_between(sim::random_bits(seed, 2, 0), sim::Duration{}, s.duration);
}

}  // namespace holdfast::drawn
