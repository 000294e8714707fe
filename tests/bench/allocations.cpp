// SPDX-License-Identifier: Apache-2.0
// operator new with a counter in front. All of the benchmark runs with it, SimGrid too, because the
// replacement holds for the shared libraries of the process as well.
#include "tests/bench/allocations.hpp"

#include <cstdlib>
#include <new>

namespace {

std::uint64_t counter = 0;

void* take(std::size_t bytes) {
  ++counter;
  if (void* const block = std::malloc(bytes == 0 ? 1 : bytes))
    return block;
  throw std::bad_alloc();
}

}  // namespace

namespace holdfast::bench {

std::uint64_t allocations() { return counter; }

}  // namespace holdfast::bench

// The forms for arrays and without exceptions call these two; aligned ones are not replaced.
void* operator new(std::size_t bytes) { return take(bytes); }
void* operator new[](std::size_t bytes) { return take(bytes); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
