// SPDX-License-Identifier: Apache-2.0
// A table that is written while a world is built and read ever after: copies of a world share one.
// Whoever does write later gets a table of its own first, so a world stays a value.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "sim/check.hpp"
#include "sim/shared.hpp"

namespace holdfast::sim {

template <class T>
class SharedVector {
 public:
  SharedVector() = default;
  // Without moves: what is moved from would keep pointing into the table.
  SharedVector(const SharedVector&) = default;
  SharedVector& operator=(const SharedVector&) = default;
  ~SharedVector() = default;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  const T& operator[](std::size_t i) const {
    HOLDFAST_PACKET_CHECK(i < size_, "the table has no such row");
    return items_[i];
  }
  const T* begin() const { return items_; }
  const T* end() const { return items_ + size_; }

  /// The element for writing.
  T& edit(std::size_t i) {
    HOLDFAST_PACKET_CHECK(i < size_, "the table has no such row");
    return own()[i];
  }
  void push_back(T item) {
    std::vector<T>& table = own();
    table.push_back(std::move(item));
    items_ = table.data();
    size_ = table.size();
  }

 private:
  std::vector<T>& own() {
    std::vector<T>& table = table_.own();
    items_ = table.data();
    return table;
  }

  Shared<std::vector<T>> table_;
  const T* items_ = nullptr;  ///< of the table; reading costs no more than with a vector
  std::size_t size_ = 0;
};

}  // namespace holdfast::sim
