// SPDX-License-Identifier: Apache-2.0
// What the files of this room share. Not for others.
#pragma once

#include "models/host/suspicion/suspicion.hpp"

namespace holdfast::host::suspicion {

inline constexpr int error_timed_out = 110;  ///< ETIMEDOUT

Watch& watch_of(World& w, ControllerId id);
const Suspicion& knobs_of(const World& w, ControllerId id);
Duration user_timeout(const World& w, ControllerId id);
/// A LIVE controller is given up. With `only_with_ccr` nothing happens unless a reset can follow.
void suspect(World& w, ControllerId id, Sign sign);

// probes.cpp
/// The controller is LIVE: from now on it is asked when nothing was heard for too long.
void begin_probing(World& w, ControllerId id);

}  // namespace holdfast::host::suspicion
