// SPDX-License-Identifier: Apache-2.0
// A fabric inside SimGrid for as long as the object lives. Internal to sim/simgrid.
#pragma once

#include "sim/simgrid/engine.hpp"
#include "sim/simgrid/platform.hpp"

#include <array>
#include <map>
#include <memory>
#include <vector>

namespace simgrid::kernel::routing {
class NetPoint;
}  // namespace simgrid::kernel::routing

namespace simgrid::s4u {
class Host;
class Link;
}  // namespace simgrid::s4u

namespace holdfast::simgrid {

/// One end of a link at a host.
struct Interface {
  std::uint32_t link;
  std::uint8_t end;
};

/// Builds a valid platform as a Dijkstra zone: a switch becomes a router, each link end at a host
/// an S4U host of its own. An interface thus has degree one and cannot be passed through, which is
/// what keeps SimGrid, whose hosts forward, from routing through a multi-homed host.
class FabricZone {
 public:
  /// `cached`: SimGrid keeps the predecessors of every node for each source it was asked about.
  FabricZone(const Platform& platform, bool cached);
  ~FabricZone();
  FabricZone(const FabricZone&) = delete;
  FabricZone(FabricZone&&) = delete;
  FabricZone& operator=(const FabricZone&) = delete;
  FabricZone& operator=(FabricZone&&) = delete;

  /// SimGrid's route between two interfaces, which must be connected and different: SimGrid 3.32
  /// does not return when they are not connected.
  [[nodiscard]] std::vector<Hop> route(Interface from, Interface to) const;

 private:
  class ParentZone;

  void add_switches(const Platform& platform);
  void add_link(const Platform& platform, std::uint32_t index);

  EngineAccess access_;
  std::unique_ptr<ParentZone> parent_;
  ::simgrid::s4u::NetZone* zone_ = nullptr;
  std::vector<::simgrid::kernel::routing::NetPoint*> routers_;    // by node, null for hosts
  std::vector<std::array<::simgrid::s4u::Host*, 2>> interfaces_;  // by link, null at switches
  std::map<std::string, Hop> hops_;                               // by the name of SimGrid's link
};

}  // namespace holdfast::simgrid
