// SPDX-License-Identifier: Apache-2.0
// What of a fabric SimGrid has to know, and whole routes from what it says.
#include "sim/simgrid/access_routes.hpp"

namespace holdfast::simgrid {
namespace {

// The number of predecessors (8 bytes each) that SimGrid may remember; above that it computes each
// route from the start.
constexpr std::size_t max_cached_predecessors = std::size_t{1} << 24;

bool worth_caching(const Platform& reduced) {
  std::size_t switches = 0;
  for (const PlatformNode& node : reduced.nodes) {
    switches += node.is_host ? 0 : 1;
  }
  return switches * (switches + reduced.links.size()) <= max_cached_predecessors;
}

}  // namespace

AccessRoutes::AccessRoutes(const Platform& platform)
    : platform_(platform), switches_(platform.nodes.size()), zone_([this] {
        const Platform reduced = reduce();
        return FabricZone(reduced, worth_caching(reduced));
      }()) {}

Platform AccessRoutes::reduce() {
  Platform reduced;
  reduced.nodes = platform_.nodes;
  for (std::uint32_t link = 0; link < platform_.links.size(); ++link) {
    const PlatformLink& whole = platform_.links[link];
    const bool first_is_host = platform_.nodes[whole.ends[0]].is_host;
    if (first_is_host != platform_.nodes[whole.ends[1]].is_host) {
      Switch& at = switches_[whole.ends[first_is_host ? 1 : 0]];
      if (at.known == at.interfaces.size()) {
        continue;
      }
      at.interfaces.at(at.known++) = {static_cast<std::uint32_t>(links_.size()),
                                      static_cast<std::uint8_t>(first_is_host ? 0 : 1)};
    } else if (first_is_host) {
      continue;  // A cable between two hosts, who do not forward: there is nothing to decide.
    }
    links_.push_back(link);
    reduced.links.push_back(whole);
  }
  return reduced;
}

std::uint32_t AccessRoutes::switch_of(Interface interface) const {
  return platform_.links[interface.link].ends[1 - interface.end];
}

std::vector<Hop> AccessRoutes::ask(std::uint32_t from, std::uint32_t to) const {
  const std::vector<Hop> whole =
      zone_.route(switches_[from].interfaces[0], switches_[to].interfaces[from == to ? 1 : 0]);
  std::vector<Hop> middle;
  for (std::size_t i = 1; i + 1 < whole.size(); ++i) {
    middle.push_back({links_[whole[i].link], whole[i].direction});
  }
  return middle;
}

std::vector<Hop> AccessRoutes::between(Interface from, Interface to) {
  std::vector<Hop> hops{{from.link, from.end}};
  if (from.link == to.link) {
    return hops;
  }
  const std::pair<std::uint32_t, std::uint32_t> ends{switch_of(from), switch_of(to)};
  auto found = between_switches_.find(ends);
  if (found == between_switches_.end()) {
    found = between_switches_.emplace(ends, ask(ends.first, ends.second)).first;
  }
  hops.insert(hops.end(), found->second.begin(), found->second.end());
  hops.push_back({to.link, static_cast<std::uint8_t>(1 - to.end)});
  return hops;
}

}  // namespace holdfast::simgrid
