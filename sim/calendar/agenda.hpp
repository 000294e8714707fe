// SPDX-License-Identifier: Apache-2.0
// What is pending, in order. What is due soon is in order at once. In a large world most of it is
// timers that are due in seconds and are set anew before that, so there what is due later waits
// beside it, unordered: a heap of 300,000 is nine levels deep and lies in no cache near the core,
// one of the next tenth of a millisecond does. The order is the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "sim/calendar/later.hpp"
#include "sim/calendar/soon.hpp"

namespace holdfast::sim {

class Agenda {
 public:
  [[nodiscard]] bool empty() const { return soon_.empty() && later_.empty(); }
  [[nodiscard]] std::size_t size() const { return soon_.size() + later_.size(); }
  /// How many are in order at once.
  [[nodiscard]] std::size_t near() const { return soon_.size(); }
  /// How many are due beyond what the lists reach, and are looked at again and again.
  [[nodiscard]] std::size_t beyond() const { return later_.beyond(); }
  /// The least entry. If others come near for it, `tell(soon, from, fine)` hears of it: those that
  /// are not due before `from` do so now, and are few if it is fine.
  template <class Tell>
  [[nodiscard]] const HeapEntry& front(Tell tell) {
    if (!later_.empty()) [[unlikely]]
      bring_near(tell);
    return soon_.front();
  }
  [[nodiscard]] const HeapEntry& front() {
    return front([](const Soon&, std::int64_t, bool) {});
  }

  void push(HeapEntry entry) {
    if (entry.time >= later_from_) [[unlikely]]
      push_later(entry);
    else
      soon_.push(entry);
  }
  /// From now on what is due later waits beside that. It is worth it where more than
  /// `most_near` may be pending.
  void expect(std::size_t pending) {
    const std::size_t lists = pending > many ? Later::many_lists : Later::few_lists;
    if (later_.lists() >= lists)
      return;
    later_.take_all([this](const HeapEntry& entry) { soon_.push(entry); });
    later_.reach(lists);
    start_later(0);
    soon_.keep_if([this](const HeapEntry& entry) {
      if (entry.time < later_from_)
        return true;
      later_.push(entry);
      return false;
    });
  }
  /// Takes what front() gave.
  void pop() { soon_.pop(); }

  /// Removes every entry for which `keep(entry)` is false.
  template <class Keep>
  void keep_if(Keep keep) {
    soon_.keep_if(keep);
    later_.keep_if(keep);
  }
  /// All entries, in no order that a user could use.
  template <class Tell>
  void for_each(Tell tell) const {
    soon_.for_each(tell);
    later_.for_each(tell);
  }
  void clear() {
    soon_.clear();
    later_.clear();
    later_from_ = never;
  }
  void check_invariants() const {
    soon_.check_invariants();
    later_.check_invariants();
  }

  /// So many are put in order at once without a loss.
  static constexpr std::size_t most_near = 64;
  /// From so many on it is timers of many hosts, and what they belong to lies in no cache near the
  /// core.
  static constexpr std::size_t many = 4096;

 private:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  template <class Tell>
  void bring_near(Tell& tell) {
    const std::int64_t from = later_from_;
    while (!later_.empty() && (soon_.empty() || soon_.front().time >= later_from_)) {
      later_.take_first([this](const HeapEntry& entry) { soon_.push(entry); });
      later_from_ = later_.begin();
    }
    if (from != later_from_)
      tell(soon_, from, later_.is_fine());
  }
  void push_later(HeapEntry entry) {
    // Where it begins may long be over when nothing was there for a while.
    if (later_.empty())
      start_later(entry.time);
    if (entry.time < later_from_)
      soon_.push(entry);
    else
      later_.push(entry);
  }
  /// Behind what is due first, or else behind `time`.
  void start_later(std::int64_t time) {
    later_.start_behind(soon_.empty() ? time : soon_.front().time);
    later_from_ = later_.begin();
  }

  Soon soon_;
  Later later_;
  std::int64_t later_from_ = never;  ///< what is not due before waits there
};

}  // namespace holdfast::sim
