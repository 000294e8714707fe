// SPDX-License-Identifier: Apache-2.0
// A table that is written while a world is built and read ever after: copies of a world share one.
// Whoever does write later gets a table of its own first, so a world stays a value.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

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
  const T& operator[](std::size_t i) const { return items_[i]; }
  const T* begin() const { return items_; }
  const T* end() const { return items_ + size_; }

  /// The element for writing.
  T& edit(std::size_t i) {
    own();
    return (*table_)[i];
  }
  void push_back(T item) {
    own();
    table_->push_back(std::move(item));
    items_ = table_->data();
    size_ = table_->size();
  }

 private:
  void own() {
    if (!table_) {
      table_ = std::make_shared<std::vector<T>>();
    } else if (table_.use_count() != 1) {
      table_ = std::make_shared<std::vector<T>>(*table_);
    }
    items_ = table_->data();
  }

  std::shared_ptr<std::vector<T>> table_;
  const T* items_ = nullptr;  ///< of the table; reading costs no more than with a vector
  std::size_t size_ = 0;
};

}  // namespace holdfast::sim
