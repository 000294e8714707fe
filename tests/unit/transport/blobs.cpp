// SPDX-License-Identifier: Apache-2.0
// Bytes that messages carry, and what a copy of a world takes of them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <utility>

#include "models/transport/payload.hpp"

namespace {

using holdfast::transport::BlobId;
using holdfast::transport::BlobPool;

bool is_zero(const BlobPool& pool, BlobId id) {
  const auto bytes = pool[id];
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

TEST_CASE("a copy of a pool in which nothing lives names the same places, zeroed", "[transport]") {
  BlobPool pool;
  const BlobId a = pool.add(4096);
  const BlobId b = pool.add(4096);
  const BlobId c = pool.add(4096);
  for (const BlobId id : {a, b, c})
    pool[id][7] = std::byte{9};
  for (const BlobId id : {b, c, a})
    pool.remove(id);
  BlobPool twin = pool;
  BlobPool assigned;
  assigned.add(64);
  assigned = pool;
  for (BlobPool* const one : {&pool, &twin, &assigned}) {
    CHECK(one->live() == 0);
    for (const BlobId expected : {a, c, b}) {
      const BlobId id = one->add(4096);
      CHECK(id == expected);
      CHECK(is_zero(*one, id));
    }
    CHECK(one->add(4096) == BlobId{holdfast::sim::index(a) + 3});
  }
}

TEST_CASE("a copy of a pool in which something lives has its bytes", "[transport]") {
  BlobPool pool;
  const BlobId gone = pool.add(100);
  const BlobId kept = pool.add(100);
  pool[kept][99] = std::byte{3};
  pool.remove(gone);
  BlobPool twin = pool;
  pool[kept][99] = std::byte{4};
  CHECK(std::as_const(twin)[kept][99] == std::byte{3});
  CHECK(twin.add(100) == gone);
}
