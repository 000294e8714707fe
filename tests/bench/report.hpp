// SPDX-License-Identifier: Apache-2.0
// The text form of the benchmark's JSON document.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace holdfast::bench {

/// Tables; every number in them is in the document.
std::string render(const nlohmann::json& document);

}  // namespace holdfast::bench
