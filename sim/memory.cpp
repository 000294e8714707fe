// SPDX-License-Identifier: Apache-2.0
// Settings of the allocator, and what to do when it has nothing left.
#include "sim/memory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <new>

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif
#if __has_include(<sys/mman.h>)
#include <sys/mman.h>
#endif

namespace holdfast::sim {

void keep_freed_memory() {
#if defined(M_TRIM_THRESHOLD) && defined(M_MMAP_THRESHOLD)
  constexpr int as_much_as_there_is = 1 << 30;
  mallopt(M_TRIM_THRESHOLD, as_much_as_there_is);
  mallopt(M_MMAP_THRESHOLD, as_much_as_there_is);
#endif
}

void expect_memory(std::size_t bytes) {
#if defined(MADV_HUGEPAGE) && defined(M_TRIM_THRESHOLD)
  constexpr int most = 0x7fffffff;  // that mallopt takes
  constexpr std::size_t page = std::size_t{2} << 20;
  const std::size_t wanted = std::min<std::size_t>(bytes, most - page);
  if (wanted < 8 * page)
    return;
  // What is freed at the end of the heap stays there, with the advice, and is what is taken next.
  mallopt(M_TRIM_THRESHOLD, most);
  void* const memory = std::malloc(wanted);
  if (memory == nullptr)
    return;
  void* first = memory;
  std::size_t left = wanted;
  if (std::align(page, page, first, left) != nullptr)
    madvise(first, left / page * page, MADV_HUGEPAGE);
  std::free(memory);
#else
  static_cast<void>(bytes);
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
