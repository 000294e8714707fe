// SPDX-License-Identifier: Apache-2.0
// Most elements of the lists that templates fill. Not for others.
#pragma once

#include <cstddef>

namespace holdfast::scenario {

inline constexpr std::size_t most_links = 262'144;
inline constexpr std::size_t most_hosts = 65'536;
inline constexpr std::size_t most_connects = 4096;  // of one host
inline constexpr std::size_t most_workloads = 65'536;
inline constexpr std::size_t most_faults = 10'000;

}  // namespace holdfast::scenario
