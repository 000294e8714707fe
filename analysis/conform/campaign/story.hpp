// SPDX-License-Identifier: Apache-2.0
// What led to a breach, told as a timeline.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "analysis/conform/catalogue/catalogue.hpp"
#include "analysis/conform/checks/check.hpp"

namespace holdfast::conform {

/// The moments of a run that explain a breach: faults, recoveries, resets, what was in flight then
/// and where it landed, and the breach itself. A list of {t_s, who, text, breach?}, at most a few
/// dozen.
nlohmann::json story(const RunView& view, const Breach& breach);

/// "HOLD-2_ccr-cqt-filter_array": names the scenario of an incident, and its file. What may not be
/// in the name of a scenario becomes a hyphen.
std::string incident_name(std::string_view requirement, std::string_view policy,
                          std::string_view target);

/// A failing scenario, run: {document, at_s, text, timeline}. `document` is complete; run by itself
/// it fails with exit status 1, as it expects the requirement to be kept.
nlohmann::json incident(const nlohmann::json& document, const Subject& subject,
                        const Requirement& requirement);

}  // namespace holdfast::conform
