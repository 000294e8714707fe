// SPDX-License-Identifier: Apache-2.0
// Making a failing scenario small: fewest faults, shortest run, one host if one is enough.
#pragma once

#include <atomic>
#include <nlohmann/json.hpp>

#include "analysis/conform/catalogue/catalogue.hpp"

namespace holdfast::conform {

/// Whether the requirement is broken when the implementation goes through the scenario.
bool fails(const nlohmann::json& document, const Subject& subject, const Requirement& requirement);

/// A scenario that fails still and has nothing that can be left out one at a time. `document`
/// fails.
nlohmann::json shrink(const nlohmann::json& document, const Subject& subject,
                      const Requirement& requirement, const std::atomic<bool>* stop = nullptr);

}  // namespace holdfast::conform
