// SPDX-License-Identifier: Apache-2.0
// What would have prevented it: the same scenario and seed under every policy that has a name.
#pragma once

#include <atomic>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "models/scenario/declaration/spec.hpp"

namespace holdfast::analysis::report {

/// One row a policy, in the order of the presets: {policy, own (it is that of the scenario),
/// verdict, stale_writes, exposure_s, stall_s, slowest_read_s, hold_s, completed_count,
/// errors_count, trace_hash}; of one that did not come to its end also `partial`, of one that could
/// not be run only `error`. All hosts get the policy; expectations are left out, for they are those
/// of another one. Ends early, with fewer rows, when `stop` is set.
nlohmann::json what_if(const scenario::Scenario& scenario, std::uint64_t max_events,
                       std::uint64_t max_memory, const std::atomic<bool>* stop);

}  // namespace holdfast::analysis::report
