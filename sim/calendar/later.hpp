// SPDX-License-Identifier: Apache-2.0
// Entries that are due later, by coarse time: a wheel of lists, two milliseconds each or 33 us, and
// one list of what is due beyond it. Nothing is ordered here. What becomes due soon is handed over
// as a list, and whoever takes it (sim/calendar/agenda.hpp) puts it in order among few, instead of
// among all.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "sim/calendar/heap.hpp"
#include "sim/check.hpp"
#include "sim/copy_block.hpp"

namespace holdfast::sim {

class Later {
 public:
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::size_t beyond() const { return beyond_count_; }
  [[nodiscard]] bool is_on() const { return !heads_.empty(); }
  /// Nothing here is due before; the beginning of a list.
  [[nodiscard]] std::int64_t begin() const { return begin_ << shift_; }

  /// How far the lists reach; beyond it they are one. A world that is copied often has few.
  [[nodiscard]] std::size_t lists() const { return heads_.size(); }
  static constexpr std::size_t few_lists = 256;  ///< half a second: what TCP waits for
  static constexpr std::size_t many_lists = std::size_t{1} << 17;  ///< 4 s, in short lists
  /// Whether what one list holds is little enough to be fetched all at once.
  [[nodiscard]] bool is_fine() const { return heads_.size() == many_lists; }
  /// One of these. Only while it is empty.
  void reach(std::size_t lists) {
    HOLDFAST_PACKET_CHECK(empty(), "what is here would be lost");
    heads_.assign(lists, none);
    shift_ = lists == many_lists ? 15 : 21;
  }

  /// From where on entries are kept here: the beginning of the second list behind `time`. Only
  /// while it is empty.
  void start_behind(std::int64_t time) {
    HOLDFAST_PACKET_CHECK(empty() && is_on(), "what is here may be due before");
    begin_ = (time >> shift_) + 2;
  }

  /// Not due before begin().
  void push(HeapEntry entry) {
    HOLDFAST_PACKET_CHECK(is_on() && entry.time >= begin(), "the entry is due earlier");
    ++count_;
    put(entry);
  }

  /// Hands over all entries of the first list that has any; begin() is behind them then.
  template <class Take>
  void take_first(Take take) {
    HOLDFAST_PACKET_CHECK(!empty(), "there is nothing to take");
    if (count_ == beyond_count_)
      jump();
    std::uint32_t chunk = none;
    while (chunk == none) {
      chunk = std::exchange(heads_[place_of(begin_)], none);
      ++begin_;
      if (place_of(2 * begin_) == 0)
        bring_into_reach();
    }
    count_ -= take_list(chunk, take);
  }

  /// Hands over everything; it is empty then.
  template <class Take>
  void take_all(Take take) {
    for (std::uint32_t& head : heads_)
      take_list(std::exchange(head, none), take);
    take_list(std::exchange(beyond_, none), take);
    count_ = beyond_count_ = 0;
  }

  /// Removes every entry for which `keep(entry)` is false.
  template <class Keep>
  void keep_if(Keep keep) {
    for (std::uint32_t& head : heads_)
      count_ -= keep_in(head, keep);
    const std::size_t gone = keep_in(beyond_, keep);
    count_ -= gone;
    beyond_count_ -= gone;
  }

  /// In no order that a user could use.
  template <class Tell>
  void for_each(Tell tell) const {
    for (const std::uint32_t head : heads_)
      tell_list(head, tell);
    tell_list(beyond_, tell);
  }

  void clear() {
    heads_.clear();
    chunks_.clear();
    first_free_ = beyond_ = none;
    count_ = beyond_count_ = 0;
    begin_ = never;
  }

  /// Each entry is in the list of its time, nothing is due before begin(), and the numbers are
  /// those of the entries.
  void check_invariants() const {
    std::size_t in_reach = 0, beyond = 0;
    for (std::size_t i = 0; i < heads_.size(); ++i) {
      tell_list(heads_[i], [&](const HeapEntry& entry) {
        const std::int64_t list = entry.time >> shift_;
        HOLDFAST_CHECK(place_of(list) == i && is_in_reach(list));
        ++in_reach;
      });
    }
    tell_list(beyond_, [&](const HeapEntry& entry) {
      HOLDFAST_CHECK(entry.time >= begin());
      ++beyond;
    });
    HOLDFAST_CHECK(beyond == beyond_count_ && in_reach + beyond == count_);
  }

 private:
  static constexpr std::uint32_t none = ~0u;
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max() >> 21;

  /// A list is a chain of these, so that one after the other lies side by side in memory.
  struct Chunk {
    static constexpr std::uint32_t most = 7;
    HeapEntry entries[most];
    std::uint32_t count;
    std::uint32_t next;
  };

  [[nodiscard]] bool is_in_reach(std::int64_t list) const {
    return list >= begin_ && list - begin_ < static_cast<std::int64_t>(heads_.size());
  }
  [[nodiscard]] std::size_t place_of(std::int64_t list) const {
    return static_cast<std::size_t>(list) & (heads_.size() - 1);
  }
  void put(HeapEntry entry) {
    const std::int64_t list = entry.time >> shift_;
    const bool near = is_in_reach(list);
    put_in(near ? heads_[place_of(list)] : beyond_, entry);
    beyond_count_ += near ? 0 : 1;
  }
  void put_in(std::uint32_t& head, HeapEntry entry) {
    if (head == none || chunks_[head].count == Chunk::most)
      head = take_chunk(head);
    Chunk& chunk = chunks_[head];
    chunk.entries[chunk.count++] = entry;
  }
  /// Twice in a turn of the wheel, so that nothing beyond it is passed.
  void bring_into_reach() {
    beyond_count_ = 0;
    take_list(std::exchange(beyond_, none), [this](const HeapEntry& entry) { put(entry); });
  }
  /// Everything is beyond the wheel: it begins where the first of it is.
  void jump() {
    std::int64_t first = never;
    tell_list(beyond_,
              [&](const HeapEntry& entry) { first = std::min(first, entry.time >> shift_); });
    begin_ = first;
    bring_into_reach();
  }
  /// How many there were. What is taken may be put somewhere here: a chunk is free before that.
  template <class Take>
  std::size_t take_list(std::uint32_t chunk, Take&& take) {
    std::size_t taken = 0;
    while (chunk != none) {
      const Chunk one = chunks_[chunk];
      chunks_[chunk].next = first_free_;
      first_free_ = chunk;
      for (std::uint32_t i = 0; i < one.count; ++i)
        take(one.entries[i]);
      taken += one.count;
      chunk = one.next;
    }
    return taken;
  }
  template <class Keep>
  std::size_t keep_in(std::uint32_t& head, Keep& keep) {
    std::size_t gone = 0;
    take_list(std::exchange(head, none), [&](const HeapEntry& entry) {
      if (keep(entry))
        put_in(head, entry);
      else
        ++gone;
    });
    return gone;
  }
  template <class Tell>
  void tell_list(std::uint32_t chunk, Tell&& tell) const {
    for (; chunk != none; chunk = chunks_[chunk].next) {
      for (std::uint32_t i = 0; i < chunks_[chunk].count; ++i)
        tell(chunks_[chunk].entries[i]);
    }
  }
  std::uint32_t take_chunk(std::uint32_t next) {
    std::uint32_t chunk = first_free_;
    if (chunk == none) {
      chunk = static_cast<std::uint32_t>(chunks_.size());
      chunks_.emplace_back();
    } else {
      first_free_ = chunks_[chunk].next;
    }
    chunks_[chunk].count = 0;
    chunks_[chunk].next = next;
    return chunk;
  }

  Vector<std::uint32_t> heads_;  ///< by time; empty: it is off
  Vector<Chunk> chunks_;
  std::uint32_t first_free_ = none;
  std::uint32_t beyond_ = none;
  std::size_t count_ = 0;
  std::size_t beyond_count_ = 0;
  int shift_ = 21;              ///< a list is so long: 2^21 ns are 2.1 ms, 2^15 ns are 33 us
  std::int64_t begin_ = never;  ///< the first list that may have something, counted from time 0
};

}  // namespace holdfast::sim
