// SPDX-License-Identifier: Apache-2.0
// Checks that concern more than one field: references, the fabric's shape, regions, totals.
#pragma once

#include <string>

#include "models/scenario/declaration/spec.hpp"
#include "models/scenario/reading/error.hpp"

namespace holdfast::scenario {

/// Checks a scenario whose fields are each in range, and fills in what follows from the rest (the
/// subsystem of a workload when the host connects to only one). `root` is the document it was read
/// from, for the pointers of errors.
void check_and_resolve(Scenario& scenario, const Cursor& root);

}  // namespace holdfast::scenario
