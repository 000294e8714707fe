// SPDX-License-Identifier: Apache-2.0
// What a timeline calls a fault.
#pragma once

#include <string>

#include "models/world.hpp"

namespace holdfast::analysis {

std::string fault_name(const World& w, const fault::Fault& fault);

}  // namespace holdfast::analysis
