// SPDX-License-Identifier: Apache-2.0
// What is due next, in order: a few entries sorted, and a heap of all others. An event mostly
// schedules something that is due before nearly all others. Among a few that are sorted that is a
// few steps from its place; in a heap it, or the entry that fills the place of what was taken,
// goes through level after level.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "sim/calendar/heap.hpp"
#include "sim/check.hpp"

namespace holdfast::sim {

class Soon {
 public:
  /// How many are sorted at most.
  static constexpr std::size_t most_sorted = 32;

  [[nodiscard]] bool empty() const { return count_ == 0 && heap_.empty(); }
  [[nodiscard]] std::size_t size() const { return count_ + heap_.size(); }
  /// How many are sorted just now.
  [[nodiscard]] std::size_t sorted() const { return count_; }
  /// The least entry.
  [[nodiscard]] const HeapEntry& front() {
    if (count_ == 0) [[unlikely]]
      refill();
    return sorted_[count_ - 1];
  }
  void push(HeapEntry entry) {
    if (!(entry < behind_)) {
      heap_.push(entry);
      return;
    }
    if (count_ == most_sorted) [[unlikely]] {
      spill();
      push(entry);
      return;
    }
    std::size_t place = count_++;
    for (; place > 0 && sorted_[place - 1] < entry; --place)
      sorted_[place] = sorted_[place - 1];
    sorted_[place] = entry;
  }
  /// Takes what front() gave.
  void pop() {
    if (count_ == 0) [[unlikely]]
      refill();
    --count_;
  }

  /// Removes every entry for which `keep(entry)` is false.
  template <class Keep>
  void keep_if(Keep keep) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      if (keep(sorted_[i]))
        sorted_[kept++] = sorted_[i];
    }
    count_ = kept;
    heap_.keep_if(keep);
    note_behind();
  }
  /// All entries, in no order that a user could use.
  template <class Tell>
  void for_each(Tell tell) const {
    for (std::size_t i = 0; i < count_; ++i)
      tell(sorted_[i]);
    for (const HeapEntry& entry : heap_)
      tell(entry);
  }
  void clear() {
    count_ = 0;
    heap_.clear();
    note_behind();
  }

  /// What is sorted is, and lies before all that is in the heap.
  void check_invariants() const {
    heap_.check_invariants();
    for (std::size_t i = 1; i < count_; ++i)
      HOLDFAST_CHECK(sorted_[i] < sorted_[i - 1]);
    HOLDFAST_CHECK(count_ == 0 || sorted_[0] < behind_);
    for (const HeapEntry& entry : heap_)
      HOLDFAST_CHECK(!(entry < behind_));
  }

 private:
  static constexpr HeapEntry last{std::numeric_limits<std::int64_t>::max(), ~std::uint64_t{0}};
  static constexpr std::size_t half = most_sorted / 2;

  void note_behind() { behind_ = heap_.empty() ? last : heap_.front(); }
  /// The later half goes to the heap.
  void spill() {
    for (std::size_t i = 0; i < half; ++i)
      heap_.push(sorted_[i]);
    std::copy(sorted_.begin() + half, sorted_.begin() + count_, sorted_.begin());
    count_ -= half;
    note_behind();
  }
  void refill() {
    HOLDFAST_PACKET_CHECK(!heap_.empty(), "nothing is due");
    count_ = std::min(half, heap_.size());
    for (std::size_t i = count_; i-- > 0;) {
      sorted_[i] = heap_.front();
      heap_.pop();
    }
    note_behind();
  }

  std::array<HeapEntry, most_sorted> sorted_{};  ///< the least one last
  std::size_t count_ = 0;                        ///< of these
  HeapEntry behind_ = last;                      ///< what is first in the heap
  Heap heap_;
};

}  // namespace holdfast::sim
