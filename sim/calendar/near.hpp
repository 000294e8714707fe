// SPDX-License-Identifier: Apache-2.0
// What an event will touch, fetched before its time. In a large world an event finds nothing that
// it needs in the caches near the core, and what it looks at says where to look next, so it waits
// for one line of memory after the other. What comes near together can be fetched together: each
// step looks at what the step before has fetched, for all that comes near, so that one wait serves
// all of them. Only speed depends on it. Part of sim/calendar.hpp, which includes it.
#pragma once

namespace holdfast::sim {

template <class World>
void Calendar<World>::fetch_near(const World& world, const Soon& soon, std::int64_t from,
                                 bool fine) const {
  const auto is_new = [from](const HeapEntry& entry) {
    return entry.time >= from && (entry.order & lane_bit) == 0;
  };
  soon.for_each([&](const HeapEntry& entry) {
    if (is_new(entry))
      fetch_object(slots_[entry.order & index_mask]);
  });
  bool more = fine;
  for (unsigned step = 0; more; ++step) {
    more = false;
    soon.for_each([&](const HeapEntry& entry) {
      if (!is_new(entry))
        return;
      const Slot& slot = slots_[entry.order & index_mask];
      if (slot.sequence == entry.order >> index_bits && slot.type->fetch != nullptr)
        more = slot.type->fetch(world, slot.payload, step) || more;
    });
  }
}

}  // namespace holdfast::sim
