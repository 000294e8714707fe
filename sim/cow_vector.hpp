// SPDX-License-Identifier: Apache-2.0
// A large sparse array that copies in the time it takes to copy a few pointers: pages are shared
// between copies of a world until one of them writes. Pages that nobody wrote do not exist and read
// as a default-constructed element.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "sim/copy_block.hpp"

namespace holdfast::sim {

template <class T>
class CowVector {
  static constexpr std::size_t page_items = 512;
  static constexpr std::size_t directory_pages = 512;
  static constexpr std::size_t directory_items = page_items * directory_pages;
  using Page = std::array<T, page_items>;
  using Directory = std::array<std::shared_ptr<Page>, directory_pages>;

 public:
  CowVector() = default;
  explicit CowVector(std::size_t size) { resize(size); }

  [[nodiscard]] std::size_t size() const { return size_; }

  const T& operator[](std::size_t i) const {
    static const T untouched{};
    const auto& directory = directories_[i / directory_items];
    if (!directory)
      return untouched;
    const auto& page = (*directory)[i / page_items % directory_pages];
    return page ? (*page)[i % page_items] : untouched;
  }

  /// The element for writing; its page is made, or made our own, first.
  T& writable(std::size_t i) {
    Directory& directory = own(directories_[i / directory_items]);
    return own(directory[i / page_items % directory_pages])[i % page_items];
  }

  void resize(std::size_t size) {
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
  template <class Block>
  static Block& own(std::shared_ptr<Block>& block) {
    if (!block) {
      block = std::make_shared<Block>();
    } else if (block.use_count() != 1) {
      block = std::make_shared<Block>(*block);
    }
    return *block;
  }

  Vector<std::shared_ptr<Directory>> directories_;
  std::size_t size_ = 0;
};

}  // namespace holdfast::sim
