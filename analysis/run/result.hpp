// SPDX-License-Identifier: Apache-2.0
// The result document: what a run answers. Keys end in their unit; what no model
// produces is absent.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "analysis/run/patience.hpp"
#include "models/scenario/declaration/spec.hpp"
#include "models/world.hpp"

namespace holdfast::analysis {

inline constexpr int result_schema_version = 1;

/// Why a run did not come to its end: `interrupted` (Ctrl-C), `max_events`, `max_memory`, or
/// `so_far` (it may go on: a world in somebody's hands).
enum class Early { so_far, interrupted, max_events, max_memory };

/// With `early` the document is partial: it has `partial: {reason, until_s, of_s}`, and says of
/// nothing that it is well, because that is not known. If `patience` ends, parts are missing: then
/// it is partial too, and lists them in `partial/left_out`.
nlohmann::json result_document(const scenario::Scenario& scenario, const World& w,
                               std::string_view kernel, std::optional<Early> early,
                               Patience* patience = nullptr);
/// The same; `so_far` before the end of the scenario.
nlohmann::json result_document(const scenario::Scenario& scenario, const World& w,
                               std::string_view kernel);

/// 16 hexadecimal digits.
std::string hex(std::uint64_t value);

/// The verdict on what is not known before the end of a run.
inline constexpr const char* not_judged = "not judged";

/// Adds `expect`: each expectation of the scenario with its value and pass or fail. In a partial
/// document nothing passes: what has not failed yet is `not judged`.
void judge(const scenario::Expect& expect, nlohmann::json& document);

}  // namespace holdfast::analysis
