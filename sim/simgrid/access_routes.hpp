// SPDX-License-Identifier: Apache-2.0
// Asks SimGrid once for all interfaces of a switch. Internal to sim/simgrid.
#pragma once

#include "sim/simgrid/fabric_zone.hpp"

#include <array>
#include <map>
#include <utility>
#include <vector>

namespace holdfast::simgrid {

/// Routes between interfaces of a valid platform.
///
/// An interface has one link, so that every route from it begins with that link and goes on as from
/// any other interface of the same switch. SimGrid therefore gets the switches, what connects them
/// and the first two interfaces of each (two, for a route from one to the other), and is asked once
/// for each pair of switches. Its Dijkstra zone remembers a predecessor of each point for each
/// source: 10,000 hosts with four links each would cost it some ten gigabytes, and two switches
/// cost it nothing. Among ways of equal length it takes the one by the point that was named first
/// (its graph numbers them so, and its queue is ordered by cost and number); the links that are
/// left out name no switch that was not named before, so the choice is the one that it makes with
/// all of them.
class AccessRoutes {
 public:
  explicit AccessRoutes(const Platform& platform);

  /// The hops from one interface to another, of a different host; they must be connected.
  std::vector<Hop> between(Interface from, Interface to);

  /// How many links SimGrid knows: no more than connect switches, and two for each switch.
  [[nodiscard]] std::size_t links_in_simgrid() const { return links_.size(); }

 private:
  struct Switch {
    std::array<Interface, 2> interfaces;  ///< links as SimGrid has them
    std::size_t known = 0;                ///< of these
  };

  [[nodiscard]] std::uint32_t switch_of(Interface interface) const;
  Platform reduce();
  std::vector<Hop> ask(std::uint32_t from, std::uint32_t to) const;

  const Platform& platform_;
  std::vector<Switch> switches_;      // by node; nothing known of hosts
  std::vector<std::uint32_t> links_;  // of the platform, by link in SimGrid
  FabricZone zone_;
  /// What lies between the links of two interfaces, by the switches that they are at.
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Hop>> between_switches_;
};

}  // namespace holdfast::simgrid
