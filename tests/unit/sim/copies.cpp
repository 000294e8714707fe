// SPDX-License-Identifier: Apache-2.0
// What copies of a world are made of: one block for their vectors, and tables that they share.
#include <catch2/catch.hpp>
#include <memory>
#include <numeric>
#include <optional>
#include <string>

#include "sim/copy_block.hpp"
#include "sim/shared_vector.hpp"

namespace {

using namespace holdfast::sim;

Vector<int> numbers(int count) {
  Vector<int> out(static_cast<std::size_t>(count));
  std::iota(out.begin(), out.end(), 1);
  return out;
}

struct Room {
  Vector<int> first = numbers(10);
  Vector<Vector<int>> second = {numbers(3), {}, numbers(2'000)};
  Vector<std::string> third = {"short", "long enough to have memory of its own"};
  friend bool operator==(const Room&, const Room&) = default;
};

std::unique_ptr<Room> copy_of(const Room& room) {
  const CopyBlock block;
  return std::make_unique<Room>(room);
}

template <class T>
std::ptrdiff_t distance(const Vector<T>& a, const Vector<int>& b) {
  return reinterpret_cast<const char*>(b.data()) - reinterpret_cast<const char*>(a.data());
}

}  // namespace

TEST_CASE("vectors that are copied while a block is open lie in it side by side", "[sim]") {
  const Room room;
  copy_of(room);  // the second one knows how much room it takes
  const auto twin = copy_of(room);
  CHECK(*twin == room);
  // Ten numbers, rounded up to 48 bytes, and the word in front of the next, which has 16.
  CHECK(distance(twin->first, twin->second[0]) > 0);
  CHECK(distance(twin->first, twin->second[2]) < 1'000);
  CHECK(distance(twin->second, twin->second[0]) == 3 * sizeof(Vector<int>) + 8 + 16);
}

TEST_CASE("what was cut from a block lives and grows without it", "[sim]") {
  Room room;
  auto twin = copy_of(room);
  auto other = copy_of(*twin);
  for (int i = 0; i < 100; ++i) {
    twin->first.push_back(i);
    twin->second[1].push_back(i);
  }
  CHECK(room.first == numbers(10));
  CHECK(*other == room);
  // One vector outlives its world and the block; the sanitizers see to the rest.
  std::optional<Vector<int>> kept = std::move(other->second[2]);
  other.reset();
  CHECK(*kept == numbers(2'000));
  kept->push_back(1);
  twin->second = room.second;
  twin->third[1] += "!";
  CHECK(twin->second == room.second);
  twin.reset();
  CHECK(kept->size() == 2'001);
}

TEST_CASE("a table is shared by copies until one of them writes", "[sim]") {
  SharedVector<std::string> table;
  CHECK(table.empty());
  table.push_back("a");
  table.push_back("b");
  SharedVector<std::string> twin = table;
  CHECK(&twin[0] == &table[0]);
  twin.edit(0) = "c";
  CHECK(twin[0] == "c");
  CHECK(table[0] == "a");
  SharedVector<std::string> longer = table;
  longer.push_back("d");
  CHECK(longer.size() == 3);
  CHECK(longer.end() - longer.begin() == 3);
  CHECK(table.size() == 2);
  CHECK(&longer[0] != &table[0]);
  // Nobody shares this one, so it stays where it is.
  const std::string* const before = &table[1];
  table.edit(1) = "e";
  CHECK(&table[1] == before);
  CHECK(*before == "e");
}
