// SPDX-License-Identifier: Apache-2.0
// Describes a fabric as a SimGrid S4U platform and lets SimGrid compute the routes through it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::simgrid {

/// A platform that has no meaning or no route; the message names the culprit.
class PlatformError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A host or a switch. Names are not empty and unique among nodes.
struct PlatformNode {
  std::string name;
  bool is_host = false;
};

/// A full-duplex link between two different nodes (indices into Platform::nodes); at most one per
/// pair of nodes. `rate_bps` > 0 bits per second and `delay_s` >= 0 seconds, both finite. Names are
/// not empty and unique among links.
struct PlatformLink {
  std::string name;
  std::uint32_t ends[2] = {0, 0};
  double rate_bps = 0.0;
  double delay_s = 0.0;
};

struct Platform {
  std::vector<PlatformNode> nodes;
  std::vector<PlatformLink> links;
};

/// One link crossed: direction 0 runs from ends[0] to ends[1], 1 the other way.
struct Hop {
  std::uint32_t link = 0;
  std::uint8_t direction = 0;
  friend bool operator==(const Hop&, const Hop&) = default;
};

/// The largest number of nodes that compute_routes accepts.
inline constexpr std::size_t max_platform_nodes = 524'288;

/// For each (source host, destination host) pair the hops in order; none from a host to itself.
///
/// The route is the one with the fewest links; neither rate nor delay counts (SimGrid's Dijkstra
/// zone weighs a link as one). Hosts do not forward: a route never passes through a third host,
/// not even when there is no other way. Among routes of equal length through the switches SimGrid
/// decides, and always alike: the answer depends on the platform and the pair only. A host with
/// several links takes the one with the shortest route, of several such the one listed first (at
/// the source before the destination). There and back may differ.
///
/// Neither order nor number of calls matters, before, between and during runs of a SimGridCarrier.
/// No zone, host or link stays in SimGrid afterwards; answers are remembered, so that the same
/// fabric (whatever its names, rates and delays) and pairs cost SimGrid nothing the second time.
/// From any thread; those that have to ask SimGrid wait for each other and for a running carrier.
///
/// Throws PlatformError when the platform is not as described above, when a pair names something
/// else than two hosts, and when there is no route between them. SimGrid aborts the process on such
/// input (or never returns), so everything is checked before it is asked.
/// `look`, if there is one, is called before each route is searched; what it throws ends the
/// search.
std::vector<std::vector<Hop>> compute_routes(
    const Platform& platform, std::span<const std::pair<std::uint32_t, std::uint32_t>> pairs,
    const std::function<void()>& look = {});

}  // namespace holdfast::simgrid
