// SPDX-License-Identifier: Apache-2.0
// The items of a lane, a FIFO. The first one lies here and the others in a ring, so that a lane
// that seldom holds more than one at a time, as that of a link of one host among thousands, is one
// place in memory instead of two.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/check.hpp"
#include "sim/ring.hpp"

namespace holdfast::sim {

template <class T>
class LaneItems {
 public:
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] const T& front() const {
    HOLDFAST_PACKET_CHECK(!empty(), "an empty lane has no front");
    return first_;
  }
  [[nodiscard]] const T& back() const {
    HOLDFAST_PACKET_CHECK(!empty(), "an empty lane has no back");
    return count_ == 1 ? first_ : others_.back();
  }
  /// i = 0 is the front.
  [[nodiscard]] const T& operator[](std::size_t i) const {
    return i == 0 ? first_ : others_[i - 1];
  }
  void push_back(const T& item) {
    if (count_ == 0)
      first_ = item;
    else
      others_.push_back(item);
    ++count_;
  }
  void pop_front() {
    HOLDFAST_PACKET_CHECK(!empty(), "there is nothing to take from an empty lane");
    if (--count_ == 0)
      return;
    first_ = others_.front();
    others_.pop_front();
  }

 private:
  T first_{};
  std::size_t count_ = 0;
  Ring<T> others_;
};

}  // namespace holdfast::sim
