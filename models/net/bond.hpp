// SPDX-License-Identifier: Apache-2.0
// Two legs behind one link: active-backup bonding, as Linux's bonding driver has it
// (drivers/net/bonding/bond_main.c). One leg carries. That its carrier is gone is found by the next
// look (bond_miimon_inspect); until then the link is down, and from then on the other leg carries.
// Both legs are alike: rate, delay and queue are those of the link.
#pragma once

#include "models/net/state.hpp"

namespace holdfast::net {

/// `bond.link` is up, and both legs are. The answer names it.
std::uint32_t add_bond(World& w, const Bond& bond);

/// One more fault, or one less, that holds the carrier of some legs down.
void cut_legs(World& w, std::uint32_t bond, std::array<bool, 2> legs);
void mend_legs(World& w, std::uint32_t bond, std::array<bool, 2> legs);

}  // namespace holdfast::net
