// SPDX-License-Identifier: Apache-2.0
// An incident's timeline (analysis/run/incident_story.hpp) as a table of a page.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace holdfast::analysis::report {

/// The table of moments below its caption; those that are the damage itself stand out.
std::string moments_markup(const nlohmann::json& incident, const std::string& caption);

}  // namespace holdfast::analysis::report
