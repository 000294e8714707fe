// SPDX-License-Identifier: Apache-2.0
// Memory that will be looked at soon, brought into the cache before. Only speed depends on it.
#pragma once

#include <cstddef>

namespace holdfast::sim {

/// All of [from, to).
inline void fetch_lines(const void* from, const void* to) {
  constexpr std::ptrdiff_t line = 64;
  const auto* const end = static_cast<const std::byte*>(to);
  const auto* at = static_cast<const std::byte*>(from);
  if (at == end)
    return;
  for (; end - at > line; at += line)
    __builtin_prefetch(at);
  // What is left may lie in two lines.
  __builtin_prefetch(at);
  __builtin_prefetch(end - 1);
}

template <class T>
void fetch_object(const T& object) {
  fetch_lines(&object, &object + 1);
}

}  // namespace holdfast::sim
