// SPDX-License-Identifier: Apache-2.0
// Whose connections a fault harms.
#pragma once

#include "models/world.hpp"

namespace holdfast::oracle {

/// Does the fault harm the connections of a host controller? What is done to a target's software,
/// or by others, harms nobody's connection by itself.
bool strikes(const World& w, const fault::Fault& fault, host::ControllerId controller);

}  // namespace holdfast::oracle
