// SPDX-License-Identifier: Apache-2.0
// Settings of the allocator.
#include "sim/memory.hpp"

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

namespace holdfast::sim {

void keep_freed_memory() {
#if defined(M_TRIM_THRESHOLD) && defined(M_MMAP_THRESHOLD)
  constexpr int as_much_as_there_is = 1 << 30;
  mallopt(M_TRIM_THRESHOLD, as_much_as_there_is);
  mallopt(M_MMAP_THRESHOLD, as_much_as_there_is);
#endif
}

}  // namespace holdfast::sim
