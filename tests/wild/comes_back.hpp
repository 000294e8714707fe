// SPDX-License-Identifier: Apache-2.0
// Some worlds do not become live again by themselves, in Linux neither. Each kind has its reason.
#pragma once

#include "models/scenario/scenario.hpp"

namespace holdfast::wild {

/// Whether in such a world everything that heals becomes live within minutes.
bool comes_back(const scenario::Scenario& s);

}  // namespace holdfast::wild
