// SPDX-License-Identifier: Apache-2.0
// Which tag is next: the order decides which command comes first when a queue is cancelled.
#include "models/host/tags.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "sim/distributions.hpp"
#include "sim/random.hpp"

namespace {

using namespace holdfast;
using host::RequestId;
using host::Tags;

}  // namespace

TEST_CASE("tags come back last in, first out, above those that were never used", "[host]") {
  constexpr std::uint16_t reserved = 1;
  constexpr std::uint16_t end = 127;
  Tags tags(reserved, end, end);
  std::vector<std::uint16_t> stack;
  for (std::uint16_t tag = end; tag-- > reserved;)
    stack.push_back(tag);
  std::vector<std::uint16_t> taken;
  int exhausted = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    REQUIRE(tags.free() == stack.size());
    exhausted += stack.empty() ? 1 : 0;
    // More is taken than given back for a while, then the other way round.
    const bool takes =
        sim::uniform_below(sim::random_bits(1, 8, i), 10) < (i / 500 % 2 == 0 ? 7 : 3);
    if (takes && !stack.empty()) {
      const std::uint16_t tag = tags.take();
      REQUIRE(tag == stack.back());
      stack.pop_back();
      tags.carry(tag, RequestId{tag});
      taken.push_back(tag);
    } else if (!takes && !taken.empty()) {
      const std::size_t at = sim::uniform_below(sim::random_bits(1, 9, i), taken.size());
      tags.drop(taken[at]);
      tags.give_back(taken[at]);
      stack.push_back(taken[at]);
      taken.erase(taken.begin() + static_cast<std::ptrdiff_t>(at));
    }
    REQUIRE(tags.in_flight() == taken.size());
  }
  CHECK(exhausted > 100);
}

TEST_CASE("reserved tags are a pool of their own, the highest first", "[host]") {
  Tags tags(2, 30, 32);
  CHECK(tags.free() == 28);
  CHECK(tags.take_reserved() == 1);
  CHECK(tags.take_reserved() == 0);
  CHECK_FALSE(tags.has_reserved());
  CHECK(tags.take() == 2);
  tags.give_back_reserved(1);
  CHECK(tags.take_reserved() == 1);
}

TEST_CASE("a tag names a request of one generation, sixteen uses long", "[host]") {
  Tags tags(2, 30, 32);
  CHECK(tags[31] == sim::none<RequestId>);
  CHECK(tags.find(40, 0) == sim::none<RequestId>);
  const std::uint8_t first = tags.carry(31, RequestId{5});
  CHECK(first == 1);
  CHECK(tags[31] == RequestId{5});
  CHECK(tags.find(31, first) == RequestId{5});
  CHECK(tags.find(31, 2) == sim::none<RequestId>);
  tags.drop(31);
  CHECK(tags.find(31, first) == sim::none<RequestId>);
  for (int i = 0; i < 15; ++i) {
    tags.carry(31, RequestId{6});
    tags.drop(31);
  }
  CHECK(tags.carry(31, RequestId{6}) == first);
#ifdef HOLDFAST_PACKET_CHECKS
  CHECK_THROWS_AS(tags.carry(31, RequestId{7}), sim::InvariantError);
#endif
}

TEST_CASE("a queue that was never used has no rows, one that was has as many as it needed",
          "[host]") {
  Tags tags(1, 1023, 1023);
  CHECK(tags.used() == 0);
  for (int i = 0; i < 100; ++i) {
    const std::uint16_t tag = tags.take();
    tags.carry(tag, RequestId{0});
    tags.drop(tag);
    tags.give_back(tag);
  }
  CHECK(tags.used() == 2);  // the reserved one's, and that of tag 1
}
