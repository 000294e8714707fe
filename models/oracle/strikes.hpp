// SPDX-License-Identifier: Apache-2.0
// Whose connections a fault harms.
#pragma once

#include "models/world.hpp"

namespace holdfast::oracle {

/// Does the fault harm the connections of a host controller? What is done to a target's software,
/// or by others, harms nobody's connection by itself.
bool strikes(const World& w, const fault::Fault& fault, host::ControllerId controller);

/// Does nothing get through where the fault strikes, as long as it is in force? What is lost at
/// random, late, or answered slowly, gets through.
bool takes_away(const fault::Fault& fault);

}  // namespace holdfast::oracle
