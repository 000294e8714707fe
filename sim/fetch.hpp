// SPDX-License-Identifier: Apache-2.0
// Memory that will be looked at soon, brought into the cache before. Only speed depends on it.
#pragma once

#include <cstdint>

namespace holdfast::sim {

/// All of [from, to).
inline void fetch_lines(const void* from, const void* to) {
  constexpr std::uintptr_t line = 64;
  const auto end = reinterpret_cast<std::uintptr_t>(to);
  for (auto at = reinterpret_cast<std::uintptr_t>(from) / line * line; at < end; at += line)
    __builtin_prefetch(reinterpret_cast<const void*>(at));
}

template <class T>
void fetch_object(const T& object) {
  fetch_lines(&object, &object + 1);
}

}  // namespace holdfast::sim
