// SPDX-License-Identifier: Apache-2.0
// Requirements that a scenario expects to be kept (`expect.requirements`), in an ordinary run.
#pragma once

#include <nlohmann/json.hpp>

#include "analysis/conform/view/events.hpp"
#include "models/scenario/declaration/spec.hpp"

namespace holdfast::conform {

/// Appends an entry {name, expected, value, verdict} for each requirement that the scenario
/// expects. One that the run did not come to is a failure.
void expect_requirements(const scenario::Scenario& scenario, const EventLog& events,
                         nlohmann::json& list);

}  // namespace holdfast::conform
