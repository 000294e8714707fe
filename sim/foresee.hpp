// SPDX-License-Identifier: Apache-2.0
// Asks the processor to fetch memory that will be needed soon. A hint: it changes no value, and an
// address that is not there does no harm.
#pragma once

#include <cstddef>

namespace holdfast::sim {

inline constexpr std::size_t cache_line = 64;

/// The line in which this lies.
inline void foresee(const void* memory) { __builtin_prefetch(memory); }

/// All lines of so many bytes.
inline void foresee(const void* memory, std::size_t bytes) {
  const char* const begin = static_cast<const char*>(memory);
  for (std::size_t at = 0; at < bytes; at += cache_line)
    __builtin_prefetch(begin + at);
}

}  // namespace holdfast::sim
