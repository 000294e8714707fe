// SPDX-License-Identifier: Apache-2.0
// An incident told as a timeline: which write, which controller, when it was acknowledged, when the
// stale attempt landed, what it overwrote.
#pragma once

#include <nlohmann/json.hpp>

#include "models/world.hpp"

namespace holdfast::analysis {

/// {kind, host, namespace, lba, write | read, timeline: [{t_s, event, text}, ...]}
nlohmann::json tell(const World& w, const oracle::Incident& incident);

}  // namespace holdfast::analysis
