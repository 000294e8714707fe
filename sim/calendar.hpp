// SPDX-License-Identifier: Apache-2.0
// The calendar: what happens when. An event is a small trivially copyable callable that receives
// the world, so that copying a calendar copies memory and needs no knowledge of what is pending.
//
// The contract, which the members repeat as what is true of them between two calls:
//  (1) An event fires once, at its time: while it runs, now() is the time it was scheduled for.
//  (2) Events fire in order of time. now() never goes back, nothing is scheduled for the past, and
//      nothing that is pending is passed over.
//  (3) Equals fire in the order in which they were scheduled, single events and lane items alike.
//      So what is scheduled for now fires after all that waits for now already.
//  (4) A lane is a FIFO: items fire in the order of their push, none is due before the one ahead.
//  (5) An event is off the calendar before it is called: to happen again it must ask again. Until
//      then a single event can be cancelled; cancelling one that is over does nothing to others.
//  (6) pending() counts what is still to fire, fired() what has; neither counts what was cancelled.
//  (7) A copy is a calendar of its own: it has the same pending, and goes its own way from there.
//  (8) Another engine may carry the events, in the same order (sim/carrier.hpp). A calendar with
//      something pending is not handed over, and one that is carried is not copied.
//  (9) Memory is taken only for more than was ever pending at once. What was cancelled makes up at
//      most half of the agenda and 64 entries when cancel or lane_clear returns.
// (10) What is scheduled while an event of a machine runs is of that machine, and the times that it
//      sees and gives are those of the machine's clock. While the machine stands still its events
//      wait; when it goes on they fire in the order in which they came due, and can be cancelled
//      until then. Of everything else (1) to (9) are true as they stand.
//
// Two kinds of pending things sit in one agenda of 16-byte keys (sim/calendar/agenda.hpp):
//  - single events, stored in slots;
//  - the head of each lane. A lane is a FIFO whose items are already in order of time (a link
//    delivers packets in the order in which it took them), so that 100,000 packets in flight on ten
//    links cost a heap of ten.
// Cancelling is O(1), amortised: the slot forgets its sequence number and its entry is dead. Dead
// entries are swept when they outnumber the live ones.
// Limits: 2^23 single events pending at once, 2^23 lanes, 2^40 events scheduled in all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>

#include "sim/calendar/agenda.hpp"
#include "sim/calendar/event_id.hpp"
#include "sim/calendar/event_kind.hpp"
#include "sim/calendar/lane_items.hpp"
#include "sim/calendar/machine.hpp"
#include "sim/carrier.hpp"
#include "sim/check.hpp"
#include "sim/copy_block.hpp"
#include "sim/fetch.hpp"
#include "sim/time.hpp"

namespace holdfast::sim {

/// Looks at what a calendar keeps; tests define it.
struct CalendarCheck;

template <class World>
class Calendar {
 public:
  static constexpr std::size_t payload_bytes = 24;
  /// Called with the owner given at add_lane and the item given at lane_push.
  using LaneHandler = void (*)(World&, std::uint32_t owner, std::uint32_t item);

  /// What the clock of the machine shows that acts; between events, and for nobody, the time.
  [[nodiscard]] TimePoint now() const { return local_; }
  [[nodiscard]] TimePoint time() const { return now_; }
  [[nodiscard]] std::uint64_t fired() const { return fired_; }
  /// Events that are pending, lane items included.
  [[nodiscard]] std::size_t pending() const { return pending_; }

  /// Schedules `f(world)` at `t`, which must not lie in the past.
  template <class F>
  EventId at(TimePoint t, F f) {
    HOLDFAST_CHECK(t >= local_, "an event is scheduled for the past");
    return at_for(machine_, when(t), f);
  }
  /// The same for a machine, whoever acts, and at a time that is none of its clock.
  template <class F>
  EventId at_for(MachineId machine, TimePoint t, F f) {
    static_assert(std::is_trivially_copyable_v<F> && std::is_trivially_destructible_v<F>,
                  "an event must be copyable as memory: capture ids and numbers, not owners");
    static_assert(sizeof(F) <= payload_bytes, "an event's captures must fit in 24 bytes");
    static_assert(alignof(F) <= alignof(std::uint64_t));
    static_assert(std::is_invocable_v<F, World&>, "an event is called with the world");
    HOLDFAST_CHECK(t >= now_, "an event is scheduled for the past");
    const std::uint32_t slot = take_slot();
    Slot& s = slots_[slot];
    new (s.payload) F(f);
    s.type = &event_type<World, F>;
    static_cast<void>(&EventKind<World, F>::known);
    s.sequence = next_sequence_++;
    s.time = ns(t);
    s.machine = machine;
    ++pending_;
    if (carrier_ != nullptr) [[unlikely]] {
      carrier_->schedule(ns(t), s.sequence, slot);
    } else {
      agenda_.push({ns(t), key(s.sequence, slot)});
    }
    return {s.sequence, slot};
  }

  /// Takes a single event off the calendar. True if it was still pending.
  bool cancel(EventId id) {
    HOLDFAST_PACKET_CHECK(id.sequence == 0 || id.slot < slots_.size(), "another's event");
    if (id.sequence == 0 || (!is_at(id.slot, id.sequence) && !follow(id)))
      return false;
    const bool waits = slots_[id.slot].next_free != stands;
    if (carrier_ != nullptr && waits) [[unlikely]]
      carrier_->cancel(slots_[id.slot].time, id.sequence);
    free_slot(id.slot);
    --pending_;
    dead_ += carrier_ == nullptr && waits ? 1 : 0;
    sweep_if_mostly_dead();
    return true;
  }

  /// A lane of its own for `owner`; it stays for as long as the calendar does.
  LaneId add_lane(LaneHandler handler, std::uint32_t owner) {
    HOLDFAST_CHECK(lanes_.size() < lane_bit);
    lanes_.push_back({handler, owner, {}});
    return LaneId{static_cast<std::uint32_t>(lanes_.size() - 1)};
  }

  /// Schedules `item` at `t`, which must lie neither in the past nor before the lane's last item.
  void lane_push(LaneId id, TimePoint t, std::uint32_t item) {
    const auto index = static_cast<std::uint32_t>(id);
    HOLDFAST_PACKET_CHECK(index < lanes_.size(), "the lane is of another calendar");
    Lane& lane = lanes_[index];
    HOLDFAST_CHECK(t >= now_ && (lane.items.empty() || ns(t) >= lane.items.back().time));
    const std::uint64_t sequence = next_sequence_++;
    const bool was_empty = lane.items.empty();
    lane.items.push_back({ns(t), sequence, item});
    ++pending_;
    if (carrier_ != nullptr) [[unlikely]] {
      carrier_->schedule(ns(t), sequence, index | lane_bit);
    } else if (was_empty) {
      agenda_.push({ns(t), key(sequence, index | lane_bit)});
    }
  }

  /// Empties a lane and hands each item that was in it to `drop(item)`, oldest first; `drop` must
  /// not push to this lane.
  template <class Drop>
  void lane_clear(LaneId id, Drop drop);

  /// Fires the next event if it is due at or before `limit`. False: nothing (more) to do.
  bool step(World& world, TimePoint limit) {
    for (; !agenda_.empty(); pop_dead()) {
      const HeapEntry top = agenda_.front([&](const Soon& soon, std::int64_t from, bool fine) {
        fetch_near(world, soon, from, fine);
      });
      if (!is_live(top))
        continue;
      if (top.time > ns(limit))
        return false;
      const std::uint32_t index = top.order & index_mask;
      if ((index & lane_bit) != 0) {
        fire_lane(world, lanes_[index & ~lane_bit], index);
      } else {
        agenda_.pop();
        fire_slot(world, index, top.time);
      }
      return true;
    }
    return false;
  }

  /// Runs all events up to and including `limit`; then it is `limit`.
  void run_until(World& world, TimePoint limit) {
    while (step(world, limit)) {
    }
    advance_to(limit);
  }

  /// Whether an event is due at or before `limit`. Of a carried calendar only its carrier knows.
  [[nodiscard]] bool is_due(TimePoint limit) {
    while (!agenda_.empty() && !is_live(agenda_.front()))
      pop_dead();
    return !agenda_.empty() && agenda_.front().time <= ns(limit);
  }

  /// Lets time pass. Nothing may be pending that is due before `t`; a carrier answers for its own.
  void advance_to(TimePoint t);

  /// All that is pending, in no order: `tell(const PendingEvent&)`.
  template <class Tell>
  void for_each_pending(Tell tell) const;
  [[nodiscard]] bool is_pending(EventId id) const;
  [[nodiscard]] bool has_special_machines() const { return special_; }
  /// A lane will be used soon.
  void fetch(LaneId id) const { fetch_object(lanes_[static_cast<std::uint32_t>(id)]); }

  /// Hands every event from now on to another engine. Only an empty calendar can be handed over.
  void carry_with(Carrier* carrier);
  [[nodiscard]] bool is_carried() const { return carrier_ != nullptr; }

  /// Called by a carrier for each event that is due.
  void fire_carried(World& world, std::int64_t time_ns, std::uint64_t sequence,
                    std::uint32_t index);

  /// Checks all that the members promise below; takes as long as a walk over what is pending.
  void check_invariants() const;

  /// A machine with a clock of that rate. What it does is what is done for it (act_for, at_for),
  /// and what follows from that.
  MachineId add_machine(ClockRate rate = {});
  /// Whoever runs acts for `id` from now on, until it is over or acts for somebody else.
  void act_for(MachineId id) {
    machine_ = id;
    show_clock();
  }
  [[nodiscard]] MachineId acts_for() const { return machine_; }
  /// The time as the clock of the machine that acts shows it.
  [[nodiscard]] TimePoint shown(TimePoint t) const;
  [[nodiscard]] bool is_standing(MachineId id) const;
  /// A machine stands still until it was told to go on as often. The first one says whether its
  /// clock stops with it: then what waits for a time waits for that much longer.
  void stand_still(MachineId id, bool clock_stops);
  void go_on(MachineId id);

 private:
  friend CalendarCheck;
  static constexpr std::uint32_t index_bits = 24;
  static constexpr std::uint32_t index_mask = (1u << index_bits) - 1;
  static constexpr std::uint32_t lane_bit = 1u << (index_bits - 1);
  static constexpr std::uint32_t no_slot = ~0u;
  static constexpr std::uint32_t stands = ~0u - 1;

  struct Slot {
    const EventType<World>* type = nullptr;
    alignas(std::uint64_t) std::byte payload[payload_bytes] = {};
    std::uint64_t sequence = 0;  // 0: free
    std::int64_t time = 0;
    std::uint32_t next_free = no_slot;  // stands: it came due, and its machine stands still
    MachineId machine = no_machine;
  };
  /// An event that its machine put off: what its EventId says, and what it has now.
  struct Moved {
    EventId id;
    std::uint64_t now = 0;
  };
  struct LaneItem {
    std::int64_t time;
    std::uint64_t sequence;
    std::uint32_t item;
  };
  struct Lane {
    LaneHandler handler;
    std::uint32_t owner;
    LaneItems<LaneItem> items;
  };

  /// Comparing two keys compares the sequence numbers.
  static std::uint64_t key(std::uint64_t sequence, std::uint32_t index) {
    return sequence << index_bits | index;
  }

  [[nodiscard]] bool is_live(const HeapEntry& entry) const {
    const std::uint32_t index = entry.order & index_mask;
    const std::uint64_t sequence = entry.order >> index_bits;
    if ((index & lane_bit) == 0)
      return slots_[index].sequence == sequence;
    const Lane& lane = lanes_[index & ~lane_bit];
    return !lane.items.empty() && lane.items.front().sequence == sequence;
  }

  // near.hpp
  void fetch_near(const World& world, const Soon& soon, std::int64_t from, bool fine) const;

  void check_lane(const Lane& lane) const;
  void check_free(std::size_t expected) const;
  void check_agenda(std::size_t expected) const;

  // machines.hpp
  [[nodiscard]] const Machine& machine(MachineId id) const;
  [[nodiscard]] bool is_at(std::uint32_t slot, std::uint64_t sequence) const {
    return slots_[slot].sequence == sequence;
  }
  [[nodiscard]] bool is_right() const {
    return !special_ || machine_ == no_machine || machine(machine_).is_right();
  }
  [[nodiscard]] TimePoint when(TimePoint shown) const;
  void show_clock() { local_ = shown(now_); }
  bool stands_for(std::uint32_t slot);
  void move(std::uint32_t slot, TimePoint to);
  [[nodiscard]] bool follow(EventId& id) const;

  void fire_slot(World& world, std::uint32_t index, std::int64_t time) {
    HOLDFAST_PACKET_CHECK(time >= ns(now_), "an event was passed over");
    HOLDFAST_PACKET_CHECK(slots_[index].sequence != 0, "the event is over, or cancelled");
    now_ = TimePoint{Duration{time}};
    const MachineId machine = slots_[index].machine;
    if (special_ && stands_for(index)) [[unlikely]] {
      local_ = now_;
      return;
    }
    ++fired_;
    --pending_;
    // The slot is freed first so that the event may schedule into it; hence the copy.
    auto* const call = slots_[index].type->call;
    alignas(std::uint64_t) std::byte payload[payload_bytes];
    std::memcpy(payload, slots_[index].payload, payload_bytes);
    free_slot(index);
    act_for(machine);
    call(world, payload);
    act_for(no_machine);
  }

  void fire_lane(World& world, Lane& lane, std::uint32_t index) {
    const LaneItem item = lane.items.front();
    lane.items.pop_front();
    agenda_.pop();
    if (!lane.items.empty()) {
      const LaneItem& next = lane.items.front();
      agenda_.push({next.time, key(next.sequence, index)});
    }
    dispatch(world, lane, item);
  }

  void dispatch(World& world, const Lane& lane, const LaneItem& item) {
    HOLDFAST_PACKET_CHECK(item.time >= ns(now_), "a lane's item was passed over");
    now_ = local_ = TimePoint{Duration{item.time}};
    ++fired_;
    --pending_;
    lane.handler(world, lane.owner, item.item);
    act_for(no_machine);
  }

  std::uint32_t take_slot() {
    if (first_free_ != no_slot) {
      const std::uint32_t slot = first_free_;
      first_free_ = slots_[slot].next_free;
      // It may have been left long ago.
      fetch_object(slots_[first_free_ != no_slot ? first_free_ : slot]);
      return slot;
    }
    HOLDFAST_CHECK(slots_.size() < lane_bit);
    slots_.emplace_back();
    if (slots_.size() > Agenda::most_near)
      agenda_.expect(slots_.size());
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  void free_slot(std::uint32_t slot) {
    HOLDFAST_PACKET_CHECK(slots_[slot].sequence != 0, "a slot is freed twice");
    slots_[slot].sequence = 0;
    slots_[slot].next_free = first_free_;
    first_free_ = slot;
  }

  void pop_dead() {
    HOLDFAST_PACKET_CHECK(dead_ > 0, "a live entry is taken for one that was cancelled");
    agenda_.pop();
    --dead_;
  }
  void sweep_if_mostly_dead() {
    if (dead_ <= agenda_.size() / 2 + 64)
      return;
    agenda_.keep_if([this](const HeapEntry& entry) { return is_live(entry); });
    dead_ = 0;
  }

  // What is true between two calls (check_invariants); the numbers are those of the contract.
  // (1, 2) No live entry of the agenda and no item of a lane lies before it.
  TimePoint now_ = epoch;
  // (3) Above every sequence number that is pending.
  std::uint64_t next_sequence_ = 1;
  // (6) How many events were called, and how many slots are taken and items wait in lanes.
  std::uint64_t fired_ = 0;
  std::size_t pending_ = 0;
  // (9) How many entries of the agenda are dead, and the chain of all free slots.
  std::size_t dead_ = 0;
  std::uint32_t first_free_ = no_slot;
  // (2, 3) Live is one entry for each taken slot, and one for the head of each lane that is not
  // empty. (8) While carried it is empty.
  Agenda agenda_;
  // (5) A slot is taken, and has its event's sequence number, while the event is pending.
  Vector<Slot> slots_;
  // (4) Along a lane times do not fall and sequence numbers rise.
  Vector<Lane> lanes_;
  // (8) Not null: another engine has the order, and there is no copying.
  CarrierLink carrier_;
  // (10) Who acts, and the time by its clock. Between events that is nobody.
  MachineId machine_ = no_machine;
  TimePoint local_ = epoch;
  bool special_ = false;      // see has_special_machines
  Vector<Machine> machines_;  // by id
  Vector<Moved> moved_;
};

}  // namespace holdfast::sim

#include "sim/calendar/machines.hpp"
#include "sim/calendar/near.hpp"
#include "sim/calendar/seldom.hpp"
