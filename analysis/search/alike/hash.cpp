// SPDX-License-Identifier: Apache-2.0
// The hash of a form: XXH3 with 128 bits, which is the same for the same bytes on each machine
// (stable since xxHash 0.8), so that what was remembered can be read by another one.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "analysis/search/alike/form.hpp"

namespace holdfast::analysis::search::alike {

Hash hash_of(std::span<const std::byte> bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

}  // namespace holdfast::analysis::search::alike
