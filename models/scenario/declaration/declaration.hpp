// SPDX-License-Identifier: Apache-2.0
// The declarations of all objects of a scenario; the only place that knows its keys.
#pragma once

#include <vector>

#include "models/scenario/declaration/spec.hpp"
#include "models/scenario/reading/object.hpp"
#include "models/scenario/reading/templates.hpp"

namespace holdfast::scenario {

/// Longest run, in simulated time; every other duration of a scenario is bounded by it as well.
inline constexpr Duration longest_run = std::chrono::seconds{1'000'000};
inline constexpr std::uint64_t largest_namespace = 64ULL << 40;
inline constexpr std::size_t longest_name = 64;
inline constexpr std::size_t longest_nqn = 223;  // NVMe Base: an NQN is at most 223 bytes
inline constexpr auto required = Need::required;

const Object<Scenario>& scenario_object();
const Object<Fabric>& fabric_object();
const Object<Subsystem>& subsystem_object();
const Object<Host>& host_object();
const Object<Connect>& connect_object();
const Object<RecoveryPolicy>& policy_object();
const Object<Suspicion>& suspicion_object();
const Object<PathLatency>& path_latency_object();
const Object<Expect>& expect_object();
const Object<Answer>& answer_object();
Codec<std::vector<Answer>> answers();
const Object<Adversary>& adversary_object();
const ObjectInfo& fault_bounds_info();
const Union<Workload>& workload_union();
const ObjectInfo& step_info();
const Union<Fault>& fault_union();

Codec<AnaState> ana_state();
/// CONFIG_HZ of a machine; 0: exact timers.
Codec<std::uint32_t> tick_rate();

/// The lists whose elements may be templates.
const std::vector<TemplateList>& template_lists();

/// Every declared object, the scenario first, in the order in which the reference tells them.
std::vector<const ObjectInfo*> declared_objects();

}  // namespace holdfast::scenario
