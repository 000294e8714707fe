// SPDX-License-Identifier: Apache-2.0
// What is pending, in order. What is due soon is in a heap. In a large world most of it is timers
// that are due in seconds and are set anew before that, so beyond a few thousand entries what is due
// later waits outside of the heap, unordered: a heap of 300,000 is nine levels deep and lies in no
// cache near the core, one of the next two milliseconds does. The order is the same.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/heap.hpp"
#include "sim/later.hpp"

namespace holdfast::sim {

class Agenda {
 public:
  [[nodiscard]] bool empty() const { return heap_.empty() && later_.empty(); }
  [[nodiscard]] std::size_t size() const { return heap_.size() + later_.size(); }
  /// How many are in the heap.
  [[nodiscard]] std::size_t near() const { return heap_.size(); }
  /// The least entry. What comes near for it is told: it will be asked for soon.
  template <class Tell>
  [[nodiscard]] const HeapEntry& front(Tell tell) {
    if (!later_.empty()) [[unlikely]]
      bring_near(tell);
    return heap_.front();
  }
  [[nodiscard]] const HeapEntry& front() {
    return front([](const HeapEntry&) {});
  }

  void push(HeapEntry entry) {
    if (entry.time >= later_.begin()) [[unlikely]] {
      push_later(entry);
      return;
    }
    heap_.push(entry);
    if (heap_.size() > most_near && !later_.is_on()) [[unlikely]]
      spread();
  }
  /// Takes what front() gave.
  void pop() { heap_.pop(); }
  /// The same as pop and push.
  void replace_front(HeapEntry entry) {
    pop();
    push(entry);
  }

  /// Removes every entry for which `keep(entry)` is false.
  template <class Keep>
  void keep_if(Keep keep) {
    heap_.keep_if(keep);
    later_.keep_if(keep);
  }
  /// All entries, in no order that a user could use.
  template <class Tell>
  void for_each(Tell tell) const {
    for (const HeapEntry& entry : heap_)
      tell(entry);
    later_.for_each(tell);
  }
  void clear() {
    heap_.clear();
    later_.clear();
  }
  void check_invariants() const {
    heap_.check_invariants();
    later_.check_invariants();
  }

  /// With more than that in the heap, what is due later waits outside of it.
  static constexpr std::size_t most_near = 4096;

 private:
  template <class Tell>
  void bring_near(Tell& tell) {
    while (!later_.empty() && (heap_.empty() || heap_.front().time >= later_.begin())) {
      later_.take_first([&](const HeapEntry& entry) {
        tell(entry);
        heap_.push(entry);
      });
    }
  }
  void push_later(HeapEntry entry) {
    // Where it begins may long be over when nothing was there for a while.
    if (later_.empty())
      later_.start_behind(heap_.empty() ? entry.time : heap_.front().time);
    if (entry.time < later_.begin())
      heap_.push(entry);
    else
      later_.push(entry);
  }
  void spread() {
    later_.start_behind(heap_.front().time);
    heap_.keep_if([this](const HeapEntry& entry) {
      if (entry.time < later_.begin())
        return true;
      later_.push(entry);
      return false;
    });
  }

  Heap heap_;
  Later later_;
};

}  // namespace holdfast::sim
