// SPDX-License-Identifier: Apache-2.0
// A 4-ary heap of 16-byte keys: half as deep as a binary one, and the four children of a node lie
// in one cache line.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/check.hpp"
#include "sim/copy_block.hpp"
#include "sim/wide.hpp"

namespace holdfast::sim {

/// When, and which among equals. No two entries of a heap have the same order.
struct HeapEntry {
  std::int64_t time;
  std::uint64_t order;

  // One number of 128 bits (times are never negative): compilers compare it without a branch, and
  // a branch on which of two events is earlier is mispredicted every other time.
  [[nodiscard]] Wide rank() const { return Wide{static_cast<std::uint64_t>(time)} << 64 | order; }
  bool operator<(const HeapEntry& other) const { return rank() < other.rank(); }
};

class Heap {
 public:
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  /// The least entry.
  [[nodiscard]] const HeapEntry& front() const {
    HOLDFAST_PACKET_CHECK(!entries_.empty(), "an empty heap has no least entry");
    return entries_.front();
  }
  /// All entries, in no order that a user could use.
  [[nodiscard]] auto begin() const { return entries_.begin(); }
  [[nodiscard]] auto end() const { return entries_.end(); }
  void clear() { entries_.clear(); }

  void push(HeapEntry entry) {
    std::size_t hole = entries_.size();
    entries_.push_back(entry);
    while (hole > 0) {
      const std::size_t parent = (hole - 1) / 4;
      if (!(entry < entries_[parent]))
        break;
      entries_[hole] = entries_[parent];
      hole = parent;
    }
    entries_[hole] = entry;
  }

  void pop() {
    HOLDFAST_PACKET_CHECK(!entries_.empty(), "there is nothing to take from an empty heap");
    entries_.front() = entries_.back();
    entries_.pop_back();
    if (!entries_.empty())
      sift_down(0);
  }

  /// Removes every entry for which `keep(entry)` is false.
  template <class Keep>
  void keep_if(Keep keep) {
    std::size_t kept = 0;
    for (const HeapEntry& entry : entries_) {
      if (keep(entry))
        entries_[kept++] = entry;
    }
    entries_.resize(kept);
    for (std::size_t i = kept / 4 + 1; i-- > 0;) {
      if (i < kept)
        sift_down(i);
    }
  }

  /// No entry ranks before its parent.
  void check_invariants() const {
    for (std::size_t i = 1; i < entries_.size(); ++i)
      HOLDFAST_CHECK(entries_[(i - 1) / 4] < entries_[i]);
  }

 private:
  void sift_down(std::size_t hole) {
    const HeapEntry entry = entries_[hole];
    const std::size_t count = entries_.size();
    HeapEntry* const heap = entries_.data();
    for (;;) {
      const std::size_t first = hole * 4 + 1;
      if (first >= count)
        break;
      const HeapEntry* const children = heap + first;
      const HeapEntry* least = children;
      if (first + 4 <= count) [[likely]] {
        const HeapEntry* const a = children + (children[1] < children[0] ? 1 : 0);
        const HeapEntry* const b = children + 2 + (children[3] < children[2] ? 1 : 0);
        least = *b < *a ? b : a;
      } else {
        for (const HeapEntry* child = children + 1; child < heap + count; ++child)
          least = *child < *least ? child : least;
      }
      if (!(*least < entry))
        break;
      heap[hole] = *least;
      hole = static_cast<std::size_t>(least - heap);
    }
    heap[hole] = entry;
  }

  Vector<HeapEntry> entries_;
};

}  // namespace holdfast::sim
