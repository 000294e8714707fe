// SPDX-License-Identifier: Apache-2.0
// Large sparse arrays: what is not written takes no memory, and copies share what is.
#include "sim/cow_vector.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace holdfast::sim;

TEST_CASE("the size of a large array alone takes no memory", "[sim]") {
  CowVector<int> large(std::size_t{1} << 40);
  const CowVector<int>& read = large;
  CHECK(large.bytes_in_use() == 0);
  CHECK(read[(std::size_t{1} << 40) - 1] == 0);
  CHECK(large.bytes_in_use() == 0);
  large.writable(3) = 7;
  CHECK(read[3] == 7);
  CHECK(read[1'000'000'000] == 0);
  // A page of 512 items, a directory of 512 pages, one place for it.
  CHECK(large.bytes_in_use() == 512 * sizeof(int) + 512 * sizeof(void*) + sizeof(void*));
}

TEST_CASE("going over a paged array meets each element once, in order", "[sim]") {
  // Two directories; pages that were written at both ends, in the middle, and around the seam.
  CowVector<int> pages(300'000);
  for (const std::size_t i : {0U, 1U, 511U, 512U, 150'000U, 262'143U, 262'144U, 299'999U})
    pages.writable(i) = static_cast<int>(i) + 1;
  std::size_t next = 0;
  bool same = true;
  const CowVector<int>& read = pages;
  read.for_each([&](const int& item) { same = same && item == read[next++]; });
  CHECK(same);
  CHECK(next == 300'000);
}

TEST_CASE("copies of a large array share what none of them writes", "[sim]") {
  // Places in one page, in pages of one directory, and in different directories (512 x 512 items).
  const std::vector<std::size_t> places = {0, 1, 511, 512, 262'143, 262'144, 999'999};
  CowVector<int> original(1'000'000);
  CHECK(original[999'999] == 0);
  for (const std::size_t i : places)
    original.writable(i) = static_cast<int>(i) + 1;
  CowVector<int> copy = original;
  const CowVector<int>& read = original;
  for (const std::size_t i : places)
    CHECK(&read[i] == &static_cast<const CowVector<int>&>(copy)[i]);
  copy.writable(1) = -1;
  copy.writable(700'000) = -2;
  CHECK(original[1] == 2);
  CHECK(original[700'000] == 0);
  CHECK(copy[1] == -1);
  CHECK(copy[0] == 1);
  original.writable(512) = -3;
  CHECK(copy[512] == 513);
  // The pages that neither has written are still one.
  CHECK(&read[262'144] == &static_cast<const CowVector<int>&>(copy)[262'144]);
  CowVector<int> third = copy;
  third = original;
  third.push_back(5);
  CHECK(third.size() == 1'000'001);
  CHECK(original.size() == 1'000'000);
  CHECK(third[1'000'000] == 5);
}
