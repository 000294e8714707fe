// SPDX-License-Identifier: Apache-2.0
// Reading what was typed.
#include "bindings/cli/typed.hpp"

#include <fmt/format.h>

#include <charconv>

#include "bindings/cli/cli.hpp"
#include "models/scenario/reading/error.hpp"

namespace holdfast::cli {

std::uint64_t whole_number(const std::string& option, const std::string& typed, std::uint64_t low,
                           std::uint64_t high) {
  std::uint64_t value = 0;
  const auto* end = typed.data() + typed.size();
  const auto result = std::from_chars(typed.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end || value < low || value > high) {
    throw UsageError(fmt::format("{}: found {}, expected an integer from {} to {}", option,
                                 scenario::in_quotes(typed), low, high));
  }
  return value;
}

}  // namespace holdfast::cli
