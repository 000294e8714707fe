// SPDX-License-Identifier: Apache-2.0
// Counts what a test takes from the heap through operator new.
#pragma once

#include <cstdint>

namespace holdfast::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// The sanitizers have allocation functions of their own, which see more than ours would.
inline constexpr bool counts_allocations = false;
#else
inline constexpr bool counts_allocations = true;
#endif

struct Allocations {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
};

/// Of this thread, since it began.
Allocations allocations();

}  // namespace holdfast::testing
