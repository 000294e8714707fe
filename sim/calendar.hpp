// SPDX-License-Identifier: Apache-2.0
// The calendar: what happens when. Events fire in order of time and, among equals, in the order in
// which they were scheduled. An event is a small trivially copyable callable that receives the
// world, so that copying a calendar copies memory and needs no knowledge of what is pending.
//
// Two kinds of pending things sit in one 4-ary heap of 16-byte keys:
//  - single events, stored in slots;
//  - the head of each lane. A lane is a FIFO whose items are already in order of time (a link
//    delivers packets in the order in which it took them), so that 100,000 packets in flight on ten
//    links cost a heap of ten.
// Cancelling is O(1): the slot forgets its sequence number and the heap entry is dead. Dead entries
// are swept when they outnumber the live ones, which keeps the cost amortised O(1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>
#include <vector>

#include "sim/carrier.hpp"
#include "sim/check.hpp"
#include "sim/ring.hpp"
#include "sim/time.hpp"
#include "sim/wide.hpp"

namespace holdfast::sim {

/// Names a pending single event. Default-constructed: names nothing; cancelling it is harmless.
struct EventId {
  std::uint64_t sequence = 0;
  std::uint32_t slot = 0;
};

/// Names a lane of one calendar.
enum class LaneId : std::uint32_t {};

/// Looks at what a calendar keeps; tests define it.
struct CalendarCheck;

template <class World>
class Calendar {
 public:
  static constexpr std::size_t payload_bytes = 24;
  /// Called with the owner given at add_lane and the item given at lane_push.
  using LaneHandler = void (*)(World&, std::uint32_t owner, std::uint32_t item);

  [[nodiscard]] TimePoint now() const { return now_; }
  [[nodiscard]] std::uint64_t fired() const { return fired_; }
  /// Events that are pending, lane items included.
  [[nodiscard]] std::size_t pending() const { return pending_; }

  /// Schedules `f(world)` at `t`, which must not lie in the past.
  template <class F>
  EventId at(TimePoint t, F f) {
    static_assert(std::is_trivially_copyable_v<F> && std::is_trivially_destructible_v<F>,
                  "an event must be copyable as memory: capture ids and numbers, not owners");
    static_assert(sizeof(F) <= payload_bytes, "an event's captures must fit in 24 bytes");
    static_assert(alignof(F) <= alignof(std::uint64_t));
    static_assert(std::is_invocable_v<F, World&>, "an event is called with the world");
    HOLDFAST_CHECK(t >= now_);
    const std::uint32_t slot = take_slot();
    Slot& s = slots_[slot];
    new (s.payload) F(f);
    s.call = [](World& world, const std::byte* payload) {
      F copy = *std::launder(reinterpret_cast<const F*>(payload));
      copy(world);
    };
    s.sequence = next_sequence_++;
    ++pending_;
    if (carrier_ != nullptr) [[unlikely]] {
      s.time = ns(t);
      carrier_->schedule(ns(t), s.sequence, slot);
    } else {
      push({ns(t), key(s.sequence, slot)});
    }
    return {s.sequence, slot};
  }

  /// True if the event was still pending.
  bool cancel(EventId id) {
    if (id.sequence == 0 || slots_[id.slot].sequence != id.sequence)
      return false;
    if (carrier_ != nullptr) [[unlikely]]
      carrier_->cancel(slots_[id.slot].time, id.sequence);
    free_slot(id.slot);
    --pending_;
    if (carrier_ == nullptr && ++dead_ > heap_.size() / 2 + 64)
      sweep();
    return true;
  }

  LaneId add_lane(LaneHandler handler, std::uint32_t owner) {
    HOLDFAST_CHECK(lanes_.size() < lane_bit);
    lanes_.push_back({handler, owner, {}});
    return LaneId{static_cast<std::uint32_t>(lanes_.size() - 1)};
  }

  /// `t` must not lie before the last item of the lane.
  void lane_push(LaneId id, TimePoint t, std::uint32_t item) {
    const auto index = static_cast<std::uint32_t>(id);
    Lane& lane = lanes_[index];
    HOLDFAST_CHECK(t >= now_ && (lane.items.empty() || ns(t) >= lane.items.back().time));
    const std::uint64_t sequence = next_sequence_++;
    const bool was_empty = lane.items.empty();
    lane.items.push_back({ns(t), sequence, item});
    ++pending_;
    if (carrier_ != nullptr) [[unlikely]] {
      carrier_->schedule(ns(t), sequence, index | lane_bit);
    } else if (was_empty) {
      push({ns(t), key(sequence, index | lane_bit)});
    }
  }

  [[nodiscard]] std::size_t lane_size(LaneId id) const {
    return lanes_[static_cast<std::uint32_t>(id)].items.size();
  }

  /// Empties a lane and hands each item that was in it to `drop(item)`, oldest first.
  template <class Drop>
  void lane_clear(LaneId id, Drop drop) {
    Lane& lane = lanes_[static_cast<std::uint32_t>(id)];
    if (lane.items.empty())
      return;
    if (carrier_ == nullptr)
      ++dead_;
    for (; !lane.items.empty(); lane.items.pop_front()) {
      const LaneItem item = lane.items.front();
      if (carrier_ != nullptr)
        carrier_->cancel(item.time, item.sequence);
      --pending_;
      drop(item.item);
    }
  }

  /// Fires the next event if it is due at or before `limit`. False: nothing (more) to do.
  bool step(World& world, TimePoint limit) {
    for (;;) {
      if (heap_.empty())
        return false;
      const Entry top = heap_.front();
      if (top.time > ns(limit)) {
        if (!is_live(top)) {
          pop_dead();
          continue;
        }
        return false;
      }
      const std::uint32_t index = top.order & index_mask;
      if ((index & lane_bit) != 0) {
        Lane& lane = lanes_[index & ~lane_bit];
        if (lane.items.empty() || lane.items.front().sequence != top.order >> index_bits) {
          pop_dead();
          continue;
        }
        fire_lane(world, lane, index);
        return true;
      }
      if (slots_[index].sequence != top.order >> index_bits) {
        pop_dead();
        continue;
      }
      pop();
      fire_slot(world, index, top.time);
      return true;
    }
  }

  /// Runs all events up to and including `limit`; then it is `limit`.
  void run_until(World& world, TimePoint limit) {
    while (step(world, limit)) {
    }
    advance_to(limit);
  }

  void advance_to(TimePoint t) {
    HOLDFAST_CHECK(t >= now_);
    now_ = t;
  }

  /// Hands every event from now on to another engine. Only an empty calendar can be handed over.
  void carry_with(Carrier* carrier) {
    HOLDFAST_CHECK(pending_ == 0);
    heap_.clear();
    dead_ = 0;
    carrier_ = carrier;
  }
  [[nodiscard]] bool is_carried() const { return carrier_ != nullptr; }

  /// Called by a carrier for each event that is due.
  void fire_carried(World& world, std::int64_t time_ns, std::uint64_t sequence,
                    std::uint32_t index) {
    HOLDFAST_CHECK(time_ns >= ns(now_));
    if ((index & lane_bit) == 0) {
      HOLDFAST_CHECK(slots_[index].sequence == sequence && slots_[index].time == time_ns);
      fire_slot(world, index, time_ns);
      return;
    }
    Lane& lane = lanes_[index & ~lane_bit];
    HOLDFAST_CHECK(!lane.items.empty() && lane.items.front().sequence == sequence);
    const LaneItem item = lane.items.front();
    lane.items.pop_front();
    dispatch(world, lane, item);
  }

 private:
  friend CalendarCheck;
  static constexpr std::uint32_t index_bits = 24;
  static constexpr std::uint32_t index_mask = (1u << index_bits) - 1;
  static constexpr std::uint32_t lane_bit = 1u << (index_bits - 1);
  static constexpr std::uint32_t no_slot = ~0u;

  struct Entry {
    std::int64_t time;
    std::uint64_t order;  // sequence << 24 | index: comparing it compares the sequence

    // One number of 128 bits (times are never negative): compilers compare it without a branch, and
    // a branch on which of two events is earlier is mispredicted every other time.
    [[nodiscard]] Wide rank() const { return Wide{static_cast<std::uint64_t>(time)} << 64 | order; }
    bool operator<(const Entry& other) const { return rank() < other.rank(); }
  };
  struct Slot {
    void (*call)(World&, const std::byte*) = nullptr;
    alignas(std::uint64_t) std::byte payload[payload_bytes] = {};
    std::uint64_t sequence = 0;  // 0: free
    std::int64_t time = 0;       // kept only for a carrier
    std::uint32_t next_free = no_slot;
  };
  /// A carried calendar cannot be copied: the engine that carries it is not ours to copy.
  struct CarrierLink {
    Carrier* carrier = nullptr;
    CarrierLink() = default;
    CarrierLink(const CarrierLink& other) { HOLDFAST_CHECK(other.carrier == nullptr); }
    CarrierLink& operator=(const CarrierLink& other) {
      HOLDFAST_CHECK(other.carrier == nullptr);
      carrier = nullptr;
      return *this;
    }
    ~CarrierLink() = default;
    CarrierLink& operator=(Carrier* to) {
      carrier = to;
      return *this;
    }
    Carrier* operator->() const { return carrier; }
    bool operator==(std::nullptr_t) const { return carrier == nullptr; }
  };
  struct LaneItem {
    std::int64_t time;
    std::uint64_t sequence;
    std::uint32_t item;
  };
  struct Lane {
    LaneHandler handler;
    std::uint32_t owner;
    Ring<LaneItem> items;
  };

  static std::uint64_t key(std::uint64_t sequence, std::uint32_t index) {
    return sequence << index_bits | index;
  }

  [[nodiscard]] bool is_live(const Entry& entry) const {
    const std::uint32_t index = entry.order & index_mask;
    const std::uint64_t sequence = entry.order >> index_bits;
    if ((index & lane_bit) == 0)
      return slots_[index].sequence == sequence;
    const Lane& lane = lanes_[index & ~lane_bit];
    return !lane.items.empty() && lane.items.front().sequence == sequence;
  }

  void fire_slot(World& world, std::uint32_t index, std::int64_t time) {
    now_ = TimePoint{Duration{time}};
    ++fired_;
    --pending_;
    // The slot is freed first so that the event may schedule into it; hence the copy.
    auto* const call = slots_[index].call;
    alignas(std::uint64_t) std::byte payload[payload_bytes];
    std::memcpy(payload, slots_[index].payload, payload_bytes);
    free_slot(index);
    call(world, payload);
  }

  void fire_lane(World& world, Lane& lane, std::uint32_t index) {
    const LaneItem item = lane.items.front();
    lane.items.pop_front();
    if (lane.items.empty()) {
      pop();
    } else {
      const LaneItem& next = lane.items.front();
      heap_.front() = {next.time, key(next.sequence, index)};
      sift_down(0);
    }
    dispatch(world, lane, item);
  }

  void dispatch(World& world, const Lane& lane, const LaneItem& item) {
    now_ = TimePoint{Duration{item.time}};
    ++fired_;
    --pending_;
    lane.handler(world, lane.owner, item.item);
  }

  std::uint32_t take_slot() {
    if (first_free_ != no_slot) {
      const std::uint32_t slot = first_free_;
      first_free_ = slots_[slot].next_free;
      return slot;
    }
    HOLDFAST_CHECK(slots_.size() < lane_bit);
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  void free_slot(std::uint32_t slot) {
    slots_[slot].sequence = 0;
    slots_[slot].next_free = first_free_;
    first_free_ = slot;
  }

  void push(Entry entry) {
    std::size_t hole = heap_.size();
    heap_.push_back(entry);
    while (hole > 0) {
      const std::size_t parent = (hole - 1) / 4;
      if (!(entry < heap_[parent]))
        break;
      heap_[hole] = heap_[parent];
      hole = parent;
    }
    heap_[hole] = entry;
  }
  void pop() {
    heap_.front() = heap_.back();
    heap_.pop_back();
    if (!heap_.empty())
      sift_down(0);
  }
  void pop_dead() {
    pop();
    --dead_;
  }
  void sift_down(std::size_t hole) {
    const Entry entry = heap_[hole];
    const std::size_t count = heap_.size();
    Entry* const heap = heap_.data();
    for (;;) {
      const std::size_t first = hole * 4 + 1;
      if (first >= count)
        break;
      std::size_t least = first;
      if (first + 4 <= count) [[likely]] {
        const std::size_t a = first + (heap[first + 1] < heap[first] ? 1 : 0);
        const std::size_t b = first + 2 + (heap[first + 3] < heap[first + 2] ? 1 : 0);
        least = heap[b] < heap[a] ? b : a;
      } else {
        for (std::size_t child = first + 1; child < count; ++child)
          least = heap[child] < heap[least] ? child : least;
      }
      if (!(heap[least] < entry))
        break;
      heap[hole] = heap[least];
      hole = least;
    }
    heap[hole] = entry;
  }
  void sweep() {
    std::size_t kept = 0;
    for (const Entry& entry : heap_) {
      if (is_live(entry))
        heap_[kept++] = entry;
    }
    heap_.resize(kept);
    dead_ = 0;
    for (std::size_t i = kept / 4 + 1; i-- > 0;) {
      if (i < kept)
        sift_down(i);
    }
  }

  TimePoint now_ = epoch;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t fired_ = 0;
  std::size_t pending_ = 0;
  std::size_t dead_ = 0;
  std::uint32_t first_free_ = no_slot;
  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<Lane> lanes_;
  CarrierLink carrier_;
};

}  // namespace holdfast::sim
