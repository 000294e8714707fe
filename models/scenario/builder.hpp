// SPDX-License-Identifier: Apache-2.0
// From what a scenario says to a world that is ready to run.
#pragma once

#include "models/scenario/spec.hpp"
#include "models/world.hpp"

namespace holdfast::scenario {

/// Fills a fresh world: its calendar may have been given to a carrier, and its choices may be
/// recorded or scripted. The scenario must have passed the loader's checks. Throws
/// simgrid::PlatformError if SimGrid's routing cannot take the fabric.
void build(World& w, const Scenario& scenario);

/// A world on the native kernel.
World build(const Scenario& scenario);

}  // namespace holdfast::scenario
