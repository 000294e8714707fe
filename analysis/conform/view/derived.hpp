// SPDX-License-Identifier: Apache-2.0
// What checks derive from the view of a run: one that a dozen of them want is made once. A view
// belongs to one thread, and is whole when its first check begins.
#pragma once

#include <optional>
#include <vector>

#include "analysis/conform/view/keep_alive.hpp"
#include "analysis/conform/view/streams.hpp"

namespace holdfast::conform {

struct Derived {
  std::optional<std::vector<HostKeepAlive>> host_keep_alives;
  std::optional<std::vector<TargetKeepAlive>> target_keep_alives;
  std::optional<std::vector<Stream>> streams;
};

/// What is kept, made by `make(view)` if nobody has asked before.
template <class T>
const T& kept(std::optional<T>& kept, const RunView& view, T (*make)(const RunView&)) {
  if (!kept)
    kept = make(view);
  return *kept;
}

}  // namespace holdfast::conform
