// SPDX-License-Identifier: Apache-2.0
// The hash of a form: XXH3 with 128 bits, the same on each machine (the specification of xxHash
// 0.8). What is not told in the form cannot come in: no seed, no address, no byte order.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "analysis/search/alike/form.hpp"

namespace holdfast::analysis::search::alike {

Hash hash_of(std::span<const std::byte> bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

}  // namespace holdfast::analysis::search::alike
