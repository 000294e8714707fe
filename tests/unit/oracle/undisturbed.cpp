// SPDX-License-Identifier: Apache-2.0
// Which blocks need a closer look. That no other hides a contradiction is what the exhaustive check
// in linearizability.cpp says of all histories; here it is that healthy ones are seen as such.
#include "models/oracle/undisturbed.hpp"

#include <catch2/catch.hpp>

#include "models/host/state.hpp"
#include "models/oracle/linearizability.hpp"

namespace {

using namespace holdfast;
using host::IoKind;

/// Operations of one disk, or of a second one.
struct Blocks {
  oracle::Oracle o;

  std::uint64_t add(IoKind kind, std::int64_t start, std::int64_t finish, std::uint64_t lba,
                    std::uint64_t found = 0, std::uint32_t blocks = 1, std::uint32_t disk = 0) {
    oracle::Operation op;
    op.kind = kind;
    op.submitted = sim::TimePoint{sim::Duration{start}};
    op.completed = sim::TimePoint{sim::Duration{finish}};
    op.disk = DiskId{disk};
    op.lba = lba;
    op.version = found << 8;
    op.blocks = blocks;
    o.operations.push_back(op);
    return o.operations.size();
  }
  [[nodiscard]] oracle::DisturbedBlocks disturbed() const {
    return oracle::DisturbedBlocks(o, [] {});
  }
};

}  // namespace

TEST_CASE("one after the other at each block, nothing is to be looked at", "[oracle]") {
  Blocks b;
  const auto first = b.add(IoKind::write, 0, 10, 3);
  b.add(IoKind::write, 5, 15, 4);  // beside it, at the same time
  b.add(IoKind::read, 20, 30, 3, first);
  b.add(IoKind::read, 25, 28, 3, first);  // reads may overlap
  const auto second = b.add(IoKind::write, 40, 50, 2, 0, 2);
  b.add(IoKind::read, 60, 70, 3, second, 2);
  b.add(IoKind::read, 60, 70, 3, 0, 1, 1);  // of another disk, which nobody wrote
  CHECK(b.disturbed().none());
}

TEST_CASE("what overlaps a write, or returned another one, is looked at alone", "[oracle]") {
  Blocks b;
  const auto first = b.add(IoKind::write, 0, 10, 3);
  b.add(IoKind::write, 0, 10, 4);
  b.add(IoKind::read, 20, 30, 3, first);
  const auto early = [&](std::uint64_t lba) { return b.disturbed().contains(DiskId{0}, lba); };
  CHECK(b.disturbed().none());
  SECTION("a write before the read is done") { b.add(IoKind::write, 25, 40, 3); }
  SECTION("a read before the write is acknowledged") {
    const auto second = b.add(IoKind::write, 30, 40, 3);
    b.add(IoKind::read, 35, 50, 3, second);
  }
  SECTION("an old value") {
    b.add(IoKind::write, 30, 40, 3);
    b.add(IoKind::read, 50, 60, 3, first);
  }
  SECTION("what takes no time") { b.add(IoKind::write, 40, 40, 3); }
  CHECK_FALSE(b.disturbed().none());
  CHECK(early(3));
  CHECK_FALSE(early(4));
}

TEST_CASE("where an append went, or too many blocks for a book, all is looked at", "[oracle]") {
  Blocks b;
  b.add(IoKind::write, 0, 10, 3);
  SECTION("an append") { b.add(IoKind::zone_append, 20, 30, 5); }
  SECTION("a disk of terabytes") { b.add(IoKind::write, 20, 30, std::uint64_t{1} << 40); }
  b.add(IoKind::read, 40, 50, 3, 1);
  CHECK(b.disturbed().contains(DiskId{0}, 3));
  CHECK(oracle::check_linearizable(b.o).ok);
}
