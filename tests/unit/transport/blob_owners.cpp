// SPDX-License-Identifier: Apache-2.0
// Blocks of bytes with more than one owner.
#include <catch2/catch.hpp>
#include <cstddef>

#include "models/transport/payload.hpp"

using namespace holdfast;

TEST_CASE("a blob goes with the last of its owners", "[transport]") {
  transport::BlobPool pool;
  const transport::BlobId other = pool.add(100);
  const transport::BlobId blob = pool.add(4096);
  pool[blob][7] = std::byte{42};
  pool.share(blob);
  pool.share(blob);
  CHECK(pool.live() == 4);
  pool.remove(blob);
  pool.remove(blob);
  CHECK(pool.live() == 2);
  // Its place is still its own: the next one gets another.
  const transport::BlobId next = pool.add(4096);
  CHECK(next != blob);
  CHECK(pool[blob][7] == std::byte{42});
  // A copy has the same owners.
  transport::BlobPool twin = pool;
  twin.share(blob);
  twin.remove(blob);
  CHECK(twin[blob][7] == std::byte{42});
  pool.remove(blob);
  pool.remove(next);
  pool.remove(other);
  CHECK(pool.live() == 0);
  CHECK(twin.live() == 3);
  // What is free is zeroed for its next owner, who is the only one.
  const transport::BlobId again = pool.add(4096);
  CHECK(pool[again][7] == std::byte{0});
  pool.remove(again);
  CHECK(pool.live() == 0);
}
