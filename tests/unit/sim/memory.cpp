// SPDX-License-Identifier: Apache-2.0
// Advice to the C library takes nothing.
#include <malloc.h>

#include <catch2/catch.hpp>
#include <cstddef>

#include "sim/memory.hpp"

using namespace holdfast;

TEST_CASE("memory that is expected is not taken", "[sim]") {
  const auto in_use = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
  const std::size_t before = in_use();
  sim::expect_memory(std::size_t{64} << 20);
  CHECK(in_use() == before);
}
