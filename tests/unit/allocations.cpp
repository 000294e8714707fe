// SPDX-License-Identifier: Apache-2.0
// operator new with a counter in front, for the whole program of tests.
#include "tests/unit/allocations.hpp"

#include <cstdlib>
#include <new>

namespace holdfast::testing {

namespace {

thread_local Allocations taken;

}  // namespace

Allocations allocations() { return taken; }

}  // namespace holdfast::testing

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// The forms for arrays and without exceptions call these.
// NOLINTBEGIN(misc-new-delete-overloads)
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++holdfast::testing::taken.count;
  holdfast::testing::taken.bytes += bytes;
  if (void* const block = std::malloc(bytes == 0 ? 1 : bytes))
    return block;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept { std::free(block); }
// NOLINTEND(misc-new-delete-overloads)
#endif
