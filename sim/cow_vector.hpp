// SPDX-License-Identifier: Apache-2.0
// A large sparse array that copies in the time it takes to copy a few pointers: pages are shared
// between copies of a world until one of them writes. Pages that nobody wrote do not exist and read
// as a default-constructed element.
#pragma once

#include <array>
#include <cstddef>

#include "sim/check.hpp"
#include "sim/copy_block.hpp"
#include "sim/shared.hpp"

namespace holdfast::sim {

template <class T>
class CowVector {
  static constexpr std::size_t page_items = 512;
  static constexpr std::size_t directory_pages = 512;
  static constexpr std::size_t directory_items = page_items * directory_pages;
  using Page = std::array<T, page_items>;
  using Directory = std::array<Shared<Page>, directory_pages>;

 public:
  CowVector() = default;
  explicit CowVector(std::size_t size) { resize(size); }

  [[nodiscard]] std::size_t size() const { return size_; }
  /// Of pages that exist. Takes as long as a walk over their directories.
  [[nodiscard]] std::size_t bytes_in_use() const {
    std::size_t pages = 0;
    for (const auto& directory : directories_) {
      if (!directory)
        continue;
      for (const auto& page : *directory)
        pages += page ? 1 : 0;
    }
    return pages * sizeof(Page);
  }

  const T& operator[](std::size_t i) const {
    HOLDFAST_PACKET_CHECK(i < size_, "the array ends before that");
    static const T untouched{};
    const auto& directory = directories_[i / directory_items];
    if (!directory)
      return untouched;
    const auto& page = (*directory)[i / page_items % directory_pages];
    return page ? (*page)[i % page_items] : untouched;
  }

  /// The element for writing; its page is made, or made our own, first.
  T& writable(std::size_t i) {
    HOLDFAST_PACKET_CHECK(i < size_, "the array ends before that");
    Directory& directory = directories_[i / directory_items].own();
    return directory[i / page_items % directory_pages].own()[i % page_items];
  }

  /// What lies in pages that exist, in order: `tell(place, item)`.
  template <class Tell>
  void for_each_written(Tell tell) const {
    for (std::size_t d = 0; d < directories_.size(); ++d) {
      if (!directories_[d])
        continue;
      for (std::size_t p = 0; p < directory_pages; ++p) {
        const std::size_t begin = d * directory_items + p * page_items;
        if (begin >= size_)
          return;
        const Shared<Page>& page = (*directories_[d])[p];
        for (std::size_t i = 0; page && i < page_items && begin + i < size_; ++i)
          tell(begin + i, (*page)[i]);
      }
    }
  }

  void resize(std::size_t size) {
    HOLDFAST_CHECK(size >= size_, "pages that are cut off would come back with what was in them");
    size_ = size;
    directories_.resize((size + directory_items - 1) / directory_items);
  }

  T& push_back(const T& item) {
    resize(size_ + 1);
    T& at = writable(size_ - 1);
    at = item;
    return at;
  }

 private:
  Vector<Shared<Directory>> directories_;
  std::size_t size_ = 0;
};

}  // namespace holdfast::sim
