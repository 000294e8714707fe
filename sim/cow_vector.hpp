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

  /// Calls `tell(element)` for each, in order. Finding the page once for all of its elements is
  /// most of what this saves over asking for them one by one.
  template <class Tell>
  void for_each(Tell tell) const {
    static const T untouched{};
    for (std::size_t i = 0; i < size_;) {
      const std::size_t end = size_ - i < page_items ? size_ : i + page_items;
      const auto& directory = directories_[i / directory_items];
      const Shared<Page>* const page =
          directory ? &(*directory)[i / page_items % directory_pages] : nullptr;
      if (page != nullptr && *page) {
        const T* item = (**page).data();
        for (; i < end; ++i)
          tell(*item++);
      } else {
        for (; i < end; ++i)
          tell(untouched);
      }
    }
  }

  /// The element for writing; its page is made, or made our own, first.
  T& writable(std::size_t i) {
    HOLDFAST_PACKET_CHECK(i < size_, "the array ends before that");
    Directory& directory = directories_[i / directory_items].own();
    return directory[i / page_items % directory_pages].own()[i % page_items];
  }

  /// Into the cache, before it is asked for.
  void prefetch(std::size_t i) const {
    HOLDFAST_PACKET_CHECK(i < size_, "the array ends before that");
    const auto& directory = directories_[i / directory_items];
    if (!directory)
      return;
    const auto& page = (*directory)[i / page_items % directory_pages];
    if (page)
      __builtin_prefetch(&(*page)[i % page_items]);
  }

  void resize(std::size_t size) {
    HOLDFAST_CHECK(size >= size_, "pages that are cut off would come back with what was in them");
    size_ = size;
    directories_.resize((size + directory_items - 1) / directory_items);
  }

  T& push_back(const T& item) {
    if (size_ % directory_items == 0)
      resize(size_ + 1);
    else
      ++size_;
    T& at = writable(size_ - 1);
    at = item;
    return at;
  }

 private:
  Vector<Shared<Directory>> directories_;
  std::size_t size_ = 0;
};

}  // namespace holdfast::sim
