// SPDX-License-Identifier: Apache-2.0
// A large sparse array that copies in the time it takes to copy a few pointers: pages are shared
// between copies of a world until one of them writes. Pages that nobody wrote do not exist and read
// as a default-constructed element, so its size alone takes no memory.
#pragma once

#include <array>
#include <cstddef>

#include "sim/check.hpp"
#include "sim/copy_block.hpp"
#include "sim/shared.hpp"

namespace holdfast::sim {

template <class T, std::size_t items_of_page = 512, std::size_t pages_of_directory = 512>
class CowVector {
 public:
  static constexpr std::size_t page_items = items_of_page;
  static constexpr std::size_t directory_pages = pages_of_directory;
  static constexpr std::size_t directory_items = page_items * directory_pages;
  using Page = std::array<T, page_items>;
  using Directory = std::array<Shared<Page>, directory_pages>;

  CowVector() = default;
  explicit CowVector(std::size_t size) { resize(size); }

  [[nodiscard]] std::size_t size() const { return size_; }
  /// Of pages that exist, and of what says where they are. Takes as long as a walk over that.
  [[nodiscard]] std::size_t bytes_in_use() const {
    std::size_t bytes = directories_.size() * sizeof(directories_[0]);
    for (const auto& directory : directories_) {
      if (!directory)
        continue;
      bytes += sizeof(Directory);
      for (const auto& page : *directory)
        bytes += page ? sizeof(Page) : 0;
    }
    return bytes;
  }

  const T& operator[](std::size_t i) const {
    HOLDFAST_PACKET_CHECK(i < size_, "the array ends before that");
    static const T untouched{};
    const Page* const page = page_of(i);
    return page == nullptr ? untouched : (*page)[i % page_items];
  }

  /// Calls `tell(element)` for each, in order. Finding the page once for all of its elements is
  /// most of what this saves over asking for them one by one.
  template <class Tell>
  void for_each(Tell tell) const {
    static const T untouched{};
    for (std::size_t i = 0; i < size_;) {
      const std::size_t end = size_ - i < page_items ? size_ : i + page_items;
      if (const Page* const page = page_of(i); page != nullptr) {
        const T* item = page->data();
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
    const std::size_t place = i / directory_items;
    if (place >= directories_.size())
      directories_.resize(place + 1);
    Directory& directory = directories_[place].own();
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

  /// Into the cache, before it is asked for.
  void prefetch(std::size_t i) const {
    HOLDFAST_PACKET_CHECK(i < size_, "the array ends before that");
    if (const Page* const page = page_of(i); page != nullptr)
      __builtin_prefetch(&(*page)[i % page_items]);
  }

  void resize(std::size_t size) {
    HOLDFAST_CHECK(size >= size_, "pages that are cut off would come back with what was in them");
    size_ = size;
  }

  T& push_back(const T& item) {
    ++size_;
    T& at = writable(size_ - 1);
    at = item;
    return at;
  }

 private:
  /// Null: nobody has written there. Directories behind the last one that was written are not there
  /// either, of which a disk of 64 TiB would have half a million.
  [[nodiscard]] const Page* page_of(std::size_t i) const {
    const std::size_t place = i / directory_items;
    if (place >= directories_.size() || !directories_[place])
      return nullptr;
    const Shared<Page>& page = (*directories_[place])[i / page_items % directory_pages];
    return page ? &*page : nullptr;
  }

  Vector<Shared<Directory>> directories_;
  std::size_t size_ = 0;
};

/// What only grows at its end, without gaps. A copy that goes on copies the last page, so pages are
/// small; there are no holes for which large directories would pay.
template <class T>
using CowLog = CowVector<T, 64, 64>;

}  // namespace holdfast::sim
