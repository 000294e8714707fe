// SPDX-License-Identifier: Apache-2.0
// What a calendar is seldom asked for: another engine, an empty lane, and whether its members keep
// their promises. Part of sim/calendar.hpp, which includes it.
#pragma once

namespace holdfast::sim {

template <class World>
template <class Drop>
void Calendar<World>::lane_clear(LaneId id, Drop drop) {
  HOLDFAST_CHECK(static_cast<std::uint32_t>(id) < lanes_.size(), "it is another's lane");
  Lane& lane = lanes_[static_cast<std::uint32_t>(id)];
  if (lane.items.empty())
    return;
  dead_ += carrier_ == nullptr ? 1 : 0;
  while (!lane.items.empty()) {
    const LaneItem item = lane.items.front();
    lane.items.pop_front();
    if (carrier_ != nullptr)
      carrier_->cancel(item.time, item.sequence);
    --pending_;
    drop(item.item);
  }
  sweep_if_mostly_dead();
}

template <class World>
template <class Tell>
void Calendar<World>::for_each_pending(Tell tell) const {
  for (std::uint32_t i = 0; i < slots_.size(); ++i) {
    const Slot& s = slots_[i];
    if (s.sequence != 0) {
      tell(PendingEvent{s.time, s.sequence, reinterpret_cast<EventCall>(s.type->call), s.payload, i,
                        0, 0, s.machine});
    }
  }
  for (const Lane& lane : lanes_) {
    for (std::size_t i = 0; i < lane.items.size(); ++i) {
      const LaneItem& item = lane.items[i];
      tell(PendingEvent{item.time, item.sequence, nullptr, nullptr, 0, lane.owner, item.item,
                        no_machine});
    }
  }
}

template <class World>
void Calendar<World>::advance_to(TimePoint t) {
  HOLDFAST_CHECK(t >= now_);
  HOLDFAST_CHECK(!is_due(TimePoint{Duration{ns(t) - 1}}), "what is due is passed over");
  now_ = local_ = t;
}

template <class World>
bool Calendar<World>::is_pending(EventId id) const {
  return id.sequence != 0 && id.slot < slots_.size() && slots_[id.slot].sequence == id.sequence;
}

template <class World>
void Calendar<World>::carry_with(Carrier* carrier) {
  HOLDFAST_CHECK(carrier_ == nullptr || carrier == nullptr, "it has an engine already");
  HOLDFAST_CHECK(pending_ == 0, "what is pending would be lost with the engine that has it");
  agenda_.clear();
  dead_ = 0;
  carrier_ = carrier;
}

template <class World>
void Calendar<World>::fire_carried(World& world, std::int64_t time_ns, std::uint64_t sequence,
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

template <class World>
void Calendar<World>::check_invariants() const {
  std::size_t taken = 0;
  std::size_t standing = 0;
  for (const Slot& slot : slots_) {
    if (slot.sequence == 0)
      continue;
    HOLDFAST_CHECK(slot.type != nullptr && slot.sequence < next_sequence_);
    ++taken;
    standing += slot.next_free == stands ? 1 : 0;
  }
  std::size_t waiting = 0;
  std::size_t heads = 0;
  for (const Lane& lane : lanes_) {
    check_lane(lane);
    waiting += lane.items.size();
    heads += lane.items.empty() ? 0 : 1;
  }
  HOLDFAST_CHECK(pending_ == taken + waiting);
  HOLDFAST_CHECK(next_sequence_ <= std::uint64_t{1} << (64 - index_bits));
  check_free(slots_.size() - taken);
  check_agenda(taken - standing + heads);
}

template <class World>
void Calendar<World>::check_lane(const Lane& lane) const {
  LaneItem ahead{ns(now_), 0, 0};
  for (std::size_t i = 0; i < lane.items.size(); ++i) {
    const LaneItem& item = lane.items[i];
    HOLDFAST_CHECK(item.time >= ahead.time && item.sequence > ahead.sequence);
    ahead = item;
  }
  HOLDFAST_CHECK(ahead.sequence < next_sequence_);
}

template <class World>
void Calendar<World>::check_free(std::size_t expected) const {
  std::size_t free = 0;
  for (std::uint32_t i = first_free_; i != no_slot; i = slots_[i].next_free) {
    HOLDFAST_CHECK(i < slots_.size() && slots_[i].sequence == 0 && free < expected);
    ++free;
  }
  HOLDFAST_CHECK(free == expected);
}

template <class World>
void Calendar<World>::check_agenda(std::size_t expected) const {
  agenda_.check_invariants();
  std::size_t live = 0;
  agenda_.for_each([&](const HeapEntry& entry) {
    if (!is_live(entry))
      return;
    HOLDFAST_CHECK(entry.time >= ns(now_));
    ++live;
  });
  // No key is there twice, so as many live ones as there are things to fire are those.
  HOLDFAST_CHECK(live == (is_carried() ? 0 : expected));
  HOLDFAST_CHECK(agenda_.size() == live + dead_);
}

}  // namespace holdfast::sim
