// SPDX-License-Identifier: Apache-2.0
// Counts what the whole program takes from the heap through operator new.
#pragma once

#include <cstdint>

namespace holdfast::bench {

/// Calls of operator new since the process began, forks included. For one thread.
std::uint64_t allocations();

}  // namespace holdfast::bench
