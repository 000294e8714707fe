// SPDX-License-Identifier: Apache-2.0
// The result document: what a run answers. Keys end in their unit; what no model
// produces is absent.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "models/scenario/declaration/spec.hpp"
#include "models/world.hpp"

namespace holdfast::analysis {

inline constexpr int result_schema_version = 1;

nlohmann::json result_document(const scenario::Scenario& scenario, const World& w,
                               std::string_view kernel);

/// 16 hexadecimal digits.
std::string hex(std::uint64_t value);

/// Adds `expect`: each expectation of the scenario with its value and pass or fail.
void judge(const scenario::Expect& expect, nlohmann::json& document);

}  // namespace holdfast::analysis
