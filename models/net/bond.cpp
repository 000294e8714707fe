// SPDX-License-Identifier: Apache-2.0
#include "models/net/bond.hpp"

#include "models/net/fabric.hpp"
#include "models/world.hpp"

namespace holdfast::net {

namespace {

constexpr unsigned nobody = 2;

Bond& bond_of(World& w, std::uint32_t index) {
  HOLDFAST_CHECK(index < w.net.bonds.size(), "there is no such bond");
  return w.net.bonds[index];
}

/// The link is down while nothing carries, or what should has no carrier.
void follow(World& w, Bond& b) {
  const bool cut = b.active == nobody || b.legs[b.active].cuts != 0;
  if (cut == b.cut)
    return;
  b.cut = cut;
  if (cut) {
    take_down(w, b.link);
  } else {
    bring_up(w, b.link);
  }
}

/// bond_miimon_inspect of one leg: a loss counts at once, a return after updelay, unless no leg is
/// left.
void inspect(const World& w, const Bond& b, Leg& leg) {
  if (leg.cuts != 0) {
    leg.up = false;
    leg.back = sim::never;
  } else if (!leg.up) {
    if (leg.back == sim::never)
      leg.back = w.time();
    leg.up = b.active == nobody || w.time() - leg.back >= b.updelay;
  }
}

/// bond_find_best_slave.
unsigned best(const Bond& b) {
  if (b.legs[0].up && b.returns)
    return 0;
  if (b.active != nobody && b.legs[b.active].up)
    return b.active;
  for (unsigned i = 0; i < b.legs.size(); ++i) {
    if (b.legs[i].up)
      return i;
  }
  return nobody;
}

void plan_look(World& w, std::uint32_t index);

void look(World& w, std::uint32_t index) {
  Bond& b = bond_of(w, index);
  HOLDFAST_CHECK(b.looks, "a look that nobody planned");
  b.looks = false;
  for (Leg& leg : b.legs)
    inspect(w, b, leg);
  const unsigned before = b.active;
  b.active = best(b);
  if (b.active != before && b.active != nobody && b.move_time > Duration{}) {
    // Until a packet of the host has passed the other leg, switches send to the one before, which
    // takes nothing any more.
    const ChannelId channel = channel_of(b.link, b.toward);
    add_blackhole(w, channel);
    w.after(b.move_time, [channel](World& world) { remove_blackhole(world, channel); });
  }
  follow(w, b);
  plan_look(w, index);
}

/// Looks that would find nothing are left out.
void plan_look(World& w, std::uint32_t index) {
  Bond& b = bond_of(w, index);
  bool differs = false;
  for (const Leg& leg : b.legs)
    differs = differs || leg.up != (leg.cuts == 0);
  if (!differs || b.looks)
    return;
  b.looks = true;
  const Duration since = w.time() - sim::epoch - b.phase;
  const std::int64_t looks = since < Duration{} ? 0 : since / b.miimon + 1;
  w.at(sim::epoch + b.phase + looks * b.miimon, [index](World& world) { look(world, index); });
}

void change(World& w, std::uint32_t index, std::array<bool, 2> legs, bool cuts) {
  Bond& b = bond_of(w, index);
  for (unsigned i = 0; i < legs.size(); ++i) {
    if (!legs[i])
      continue;
    HOLDFAST_CHECK(cuts || b.legs[i].cuts > 0, "a leg has its carrier back that it never lost");
    b.legs[i].cuts += cuts ? 1u : ~0u;
  }
  follow(w, b);
  plan_look(w, index);
}

}  // namespace

std::uint32_t add_bond(World& w, const Bond& bond) {
  HOLDFAST_CHECK(bond.miimon > Duration{} && bond.phase < bond.miimon,
                 "looks follow each other at some distance, the first before the second");
  w.net.bonds.push_back(bond);
  return static_cast<std::uint32_t>(w.net.bonds.size() - 1);
}

void cut_legs(World& w, std::uint32_t bond, std::array<bool, 2> legs) {
  change(w, bond, legs, true);
}

void mend_legs(World& w, std::uint32_t bond, std::array<bool, 2> legs) {
  change(w, bond, legs, false);
}

}  // namespace holdfast::net
