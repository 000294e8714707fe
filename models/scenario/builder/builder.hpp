// SPDX-License-Identifier: Apache-2.0
// From what a scenario says to a world that is ready to run.
#pragma once

#include <functional>

#include "models/scenario/declaration/names.hpp"
#include "models/scenario/declaration/spec.hpp"
#include "models/world.hpp"

namespace holdfast::scenario {

/// Fills a fresh world: its calendar may have been given to a carrier, and its choices may be
/// recorded or scripted. The scenario must have passed the loader's checks. Throws
/// simgrid::PlatformError if SimGrid's routing cannot take the fabric.
/// `look`, if there is one, is called again and again while routes are searched, which takes
/// seconds in fabrics of thousands of nodes; it may throw.
void build(World& w, const Scenario& scenario, const std::function<void()>& look = {});

/// The same, and tells what became of the names.
Names build_named(World& w, const Scenario& scenario, const std::function<void()>& look = {});

/// Of a clock that runs fast, or slow, by so many millionths; one of the two is 0.
sim::ClockRate clock_rate(std::uint32_t fast_ppm, std::uint32_t slow_ppm);

/// What answers of a scenario are to the choice points.
sim::ChoiceScript script_of(const std::vector<Answer>& answers);

/// Throws ScenarioError for an answer to a choice point that the scenario does not have, which only
/// its world tells; nothing without `choices`.
void check_choices(const Scenario& scenario);

/// Adds a fault to a world that runs. It must have passed the loader's checks together with the
/// rest of the scenario.
void add_fault(World& w, const Fault& fault, const Names& names);

/// A world on the native kernel.
World build(const Scenario& scenario);

}  // namespace holdfast::scenario
