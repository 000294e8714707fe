// SPDX-License-Identifier: Apache-2.0
#include "models/scenario/declaration/spec.hpp"

namespace holdfast::scenario {

Scenario::Scenario() = default;
Scenario::Scenario(const Scenario&) = default;
Scenario& Scenario::operator=(const Scenario&) = default;
Scenario::Scenario(Scenario&&) noexcept = default;
Scenario& Scenario::operator=(Scenario&&) noexcept = default;
Scenario::~Scenario() = default;

}  // namespace holdfast::scenario
