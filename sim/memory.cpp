// SPDX-License-Identifier: Apache-2.0
// Settings of the allocator, and what to do when it has nothing left.
#include "sim/memory.hpp"

#include <cerrno>
#include <new>

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

std::ifstream open_to_read(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file && errno == ENOMEM)
    throw std::bad_alloc();
  return file;
}

}  // namespace holdfast::sim
