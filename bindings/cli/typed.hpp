// SPDX-License-Identifier: Apache-2.0
// What was typed as the value of an option.
#pragma once

#include <cstdint>
#include <string>

namespace holdfast::cli {

/// A whole number between two bounds, both included. Throws UsageError, which names the option.
std::uint64_t whole_number(const std::string& option, const std::string& typed, std::uint64_t low,
                           std::uint64_t high);

}  // namespace holdfast::cli
