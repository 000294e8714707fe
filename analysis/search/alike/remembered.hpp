// SPDX-License-Identifier: Apache-2.0
// A world as it is remembered: a hash of its form (form.hpp), and what was left of the bounds when
// it was met, in 24 bytes.
#pragma once

#include <cstdint>

namespace holdfast::analysis::search::alike {

/// 128 bits of a form.
struct Hash {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Hash&, const Hash&) = default;
};

/// A world, and what was left when it was met, and when that was (met.hpp).
struct Remembered {
  Hash hash;
  std::uint64_t rest = 0;
  friend bool operator==(const Remembered&, const Remembered&) = default;
};
static_assert(sizeof(Remembered) == 24);

}  // namespace holdfast::analysis::search::alike
