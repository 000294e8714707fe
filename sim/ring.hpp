// SPDX-License-Identifier: Apache-2.0
// A FIFO in one block of memory that doubles when it is full and never shrinks, so that it stops
// allocating once a run has reached its steady state. Copies like a value.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "sim/check.hpp"
#include "sim/copy_block.hpp"
#include "sim/fetch.hpp"

namespace holdfast::sim {

template <class T>
class Ring {
  static_assert(std::is_trivially_copyable_v<T>, "a world must copy as memory");

 public:
  Ring() = default;
  Ring(const Ring& other) { assign(other); }
  Ring& operator=(const Ring& other) {
    if (this != &other)
      assign(other);
    return *this;
  }
  Ring(Ring&&) noexcept = default;
  Ring& operator=(Ring&&) noexcept = default;
  ~Ring() = default;

  [[nodiscard]] bool empty() const { return head_ == tail_; }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(tail_ - head_); }

  T& front() {
    HOLDFAST_PACKET_CHECK(!empty(), "an empty ring has no front");
    return items_[head_ & mask_];
  }
  const T& front() const {
    HOLDFAST_PACKET_CHECK(!empty(), "an empty ring has no front");
    return items_[head_ & mask_];
  }
  T& back() {
    HOLDFAST_PACKET_CHECK(!empty(), "an empty ring has no back");
    return items_[(tail_ - 1) & mask_];
  }
  const T& back() const {
    HOLDFAST_PACKET_CHECK(!empty(), "an empty ring has no back");
    return items_[(tail_ - 1) & mask_];
  }
  /// i = 0 is the front.
  T& operator[](std::size_t i) {
    HOLDFAST_PACKET_CHECK(i < size(), "there is no such place in the ring");
    return items_[(head_ + i) & mask_];
  }
  const T& operator[](std::size_t i) const {
    HOLDFAST_PACKET_CHECK(i < size(), "there is no such place in the ring");
    return items_[(head_ + i) & mask_];
  }

  void push_back(const T& item) {
    if (size() == items_.size())
      grow();
    items_[tail_++ & mask_] = item;
  }
  void pop_front() {
    HOLDFAST_PACKET_CHECK(!empty(), "there is nothing to take from an empty ring");
    // An empty ring begins again where it began: one that seldom holds more than one item then
    // touches one place of memory instead of all of them in turn.
    if (++head_ == tail_)
      head_ = tail_ = 0;
  }
  void clear() { head_ = tail_ = 0; }
  /// The first one will be looked at.
  void fetch_front() const { __builtin_prefetch(items_.data() + (head_ & mask_)); }
  /// Up to so many are going to be put in.
  void fetch_back(std::size_t count) const {
    const std::size_t from = tail_ & mask_;
    const T* const items = items_.data();
    fetch_lines(items + from, items + std::min(from + count, items_.size()));
  }

 private:
  /// Copies what is queued, not the whole block: copying a world must not pay for past peaks.
  void assign(const Ring& other) {
    head_ = 0;
    tail_ = other.size();
    mask_ = 0;
    items_.clear();
    if (tail_ == 0)
      return;
    std::size_t capacity = 4;
    while (capacity < tail_)
      capacity *= 2;
    mask_ = capacity - 1;
    items_.reserve(capacity);
    // What is queued lies in one stretch of the other's block, or in two around its end.
    const auto from = other.items_.begin();
    const auto first = static_cast<std::ptrdiff_t>(other.head_ & other.mask_);
    const auto count = static_cast<std::ptrdiff_t>(tail_);
    const auto until_end = static_cast<std::ptrdiff_t>(other.items_.size()) - first;
    const std::ptrdiff_t stretch = count < until_end ? count : until_end;
    items_.insert(items_.end(), from + first, from + first + stretch);
    items_.insert(items_.end(), from, from + (count - stretch));
    items_.resize(capacity);
  }
  void grow() {
    Vector<T> bigger(items_.empty() ? 4 : items_.size() * 2);
    const std::size_t count = size();
    for (std::size_t i = 0; i < count; ++i)
      bigger[i] = (*this)[i];
    items_ = std::move(bigger);
    mask_ = items_.size() - 1;
    head_ = 0;
    tail_ = count;
    HOLDFAST_PACKET_CHECK((items_.size() & mask_) == 0, "the mask needs a power of two");
  }

  Vector<T> items_;
  std::uint64_t head_ = 0;
  std::uint64_t tail_ = 0;
  std::uint64_t mask_ = 0;
};

}  // namespace holdfast::sim
