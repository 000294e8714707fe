// SPDX-License-Identifier: Apache-2.0
// Checks a platform before SimGrid sees it, and picks the interfaces between which it is asked.
#include "sim/simgrid/platform.hpp"

#include "sim/simgrid/access_routes.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <map>
#include <mutex>
#include <new>
#include <numeric>
#include <optional>
#include <set>
#include <string_view>

namespace holdfast::simgrid {
namespace {

using Pair = std::pair<std::uint32_t, std::uint32_t>;
using Routes = std::vector<std::vector<Hop>>;

std::string quoted(const std::string& name) { return "'" + name + "'"; }

template <typename Items>
void check_names(const Items& items, const std::string& kind) {
  std::set<std::string_view> seen;
  for (const auto& item : items) {
    if (item.name.empty()) {
      throw PlatformError("a " + kind + " has no name");
    }
    if (!seen.insert(item.name).second) {
      throw PlatformError("two " + kind + "s are named " + quoted(item.name));
    }
  }
}

void check_link(const Platform& platform, const PlatformLink& link) {
  const std::size_t nodes = platform.nodes.size();
  if (link.ends[0] >= nodes || link.ends[1] >= nodes) {
    throw PlatformError("link " + quoted(link.name) + " ends at a node that does not exist");
  }
  if (link.ends[0] == link.ends[1]) {
    throw PlatformError("link " + quoted(link.name) + " connects " +
                        quoted(platform.nodes[link.ends[0]].name) + " to itself");
  }
  if (!std::isfinite(link.rate_bps) || link.rate_bps <= 0.0) {
    throw PlatformError("the rate of link " + quoted(link.name) + " is not a positive number");
  }
  if (!std::isfinite(link.delay_s) || link.delay_s < 0.0) {
    throw PlatformError("the delay of link " + quoted(link.name) + " is not zero or positive");
  }
}

void check_platform(const Platform& platform) {
  if (platform.nodes.size() > max_platform_nodes) {
    throw PlatformError("the platform has " + std::to_string(platform.nodes.size()) +
                        " nodes; at most " + std::to_string(max_platform_nodes) + " are possible");
  }
  check_names(platform.nodes, "node");
  check_names(platform.links, "link");
  std::set<Pair> connected;
  for (const PlatformLink& link : platform.links) {
    check_link(platform, link);
    if (!connected.insert(std::minmax(link.ends[0], link.ends[1])).second) {
      throw PlatformError("link " + quoted(link.name) + " is a second link between " +
                          quoted(platform.nodes[link.ends[0]].name) + " and " +
                          quoted(platform.nodes[link.ends[1]].name) +
                          "; routes tell links apart by their ends, so put a switch in between");
    }
  }
}

void check_pairs(const Platform& platform, std::span<const Pair> pairs) {
  for (const auto& [source, destination] : pairs) {
    for (const std::uint32_t node : {source, destination}) {
      if (node >= platform.nodes.size()) {
        throw PlatformError("a route is asked for a node that does not exist");
      }
      if (!platform.nodes[node].is_host) {
        throw PlatformError("a route is asked for " + quoted(platform.nodes[node].name) +
                            ", which is not a host");
      }
    }
  }
}

// Which links hang together when hosts do not forward: only a switch joins its links. Unreachable
// nodes let the costs of SimGrid's DijkstraZone overflow, and its walk back from one never ends.
class LinkGroups {
 public:
  explicit LinkGroups(const Platform& platform) : parent_(platform.links.size()) {
    std::iota(parent_.begin(), parent_.end(), 0U);
    std::vector<std::uint32_t> first(platform.nodes.size(), none);
    for (std::uint32_t link = 0; link < platform.links.size(); ++link) {
      for (const std::uint32_t node : platform.links[link].ends) {
        if (platform.nodes[node].is_host) {
          continue;
        }
        if (first[node] == none) {
          first[node] = link;
        }
        parent_[group(link)] = group(first[node]);
      }
    }
  }

  std::uint32_t group(std::uint32_t link) {
    while (parent_[link] != link) {
      parent_[link] = parent_[parent_[link]];
      link = parent_[link];
    }
    return link;
  }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  std::vector<std::uint32_t> parent_;
};

/// The interfaces of each host, in the order of their links; and the same by group, since only two
/// of one group can reach each other: a port with a cable to each of thousands of hosts has to be
/// asked about one of them.
struct Interfaces {
  struct Grouped {
    std::uint32_t group;
    Interface interface;
  };
  std::vector<std::vector<Interface>> listed;
  std::vector<std::vector<Grouped>> grouped;

  Interfaces(const Platform& platform, LinkGroups& groups)
      : listed(platform.nodes.size()), grouped(platform.nodes.size()) {
    for (std::uint32_t link = 0; link < platform.links.size(); ++link) {
      for (std::uint8_t end = 0; end < 2; ++end) {
        const std::uint32_t node = platform.links[link].ends[end];
        if (platform.nodes[node].is_host) {
          listed[node].push_back({link, end});
          grouped[node].push_back({groups.group(link), {link, end}});
        }
      }
    }
    for (auto& ends : grouped) {
      std::stable_sort(ends.begin(), ends.end(),
                       [](const Grouped& a, const Grouped& b) { return a.group < b.group; });
    }
  }
};

std::vector<Hop> shortest_route(AccessRoutes& routes, LinkGroups& groups,
                                const Interfaces& interfaces, std::uint32_t source,
                                std::uint32_t destination) {
  const auto is_below = [](const Interfaces::Grouped& a, std::uint32_t b) { return a.group < b; };
  std::vector<Hop> best;
  for (const Interface from : interfaces.listed[source]) {
    const std::uint32_t group = groups.group(from.link);
    const auto& there = interfaces.grouped[destination];
    auto to = std::lower_bound(there.begin(), there.end(), group, is_below);
    for (; to != there.end() && to->group == group; ++to) {
      std::vector<Hop> found = routes.between(from, to->interface);
      if (best.empty() || found.size() < best.size()) {
        best = std::move(found);
      }
    }
  }
  return best;
}

/// What a caller threw to end the search, on its way past what SimGrid throws.
struct Aborted {
  std::exception_ptr why;
};

Routes ask_simgrid(const Platform& platform, std::span<const Pair> pairs,
                   const std::function<void()>& look) {
  LinkGroups groups(platform);
  const Interfaces interfaces(platform, groups);
  Routes routes;
  routes.reserve(pairs.size());
  AccessRoutes access(platform);
  for (const auto& [source, destination] : pairs) {
    try {
      if (look)
        look();
    } catch (...) {
      throw Aborted{std::current_exception()};
    }
    std::vector<Hop> route;
    if (source != destination) {
      route = shortest_route(access, groups, interfaces, source, destination);
      if (route.empty()) {
        throw PlatformError("no route from host " + quoted(platform.nodes[source].name) +
                            " to host " + quoted(platform.nodes[destination].name) +
                            " (hosts do not forward)");
      }
    }
    routes.push_back(std::move(route));
  }
  return routes;
}

// Answers by question. The thousands of worlds of a sweep ask the same one over and over, and
// SimGrid keeps about 130 bytes (the constraint in its solver) for every link direction and host
// that ever existed, so it is asked once. Names, rates and delays are no part of a question,
// because routes do not depend on them.
class RouteMemory {
 public:
  using Question = std::vector<std::uint32_t>;

  static RouteMemory& instance() {
    static auto* const memory = new RouteMemory;  // outlives every thread
    return *memory;
  }

  static Question question(const Platform& platform, std::span<const Pair> pairs) {
    Question words;
    words.reserve(2 + platform.nodes.size() + 2 * platform.links.size() + 2 * pairs.size());
    words.push_back(static_cast<std::uint32_t>(platform.nodes.size()));
    words.push_back(static_cast<std::uint32_t>(platform.links.size()));
    for (const PlatformNode& node : platform.nodes) {
      words.push_back(node.is_host ? 1 : 0);
    }
    for (const PlatformLink& link : platform.links) {
      words.insert(words.end(), {link.ends[0], link.ends[1]});
    }
    for (const auto& [source, destination] : pairs) {
      words.insert(words.end(), {source, destination});
    }
    return words;
  }

  std::optional<Routes> find(const Question& question) {
    const std::lock_guard lock(mutex_);
    const auto found = answers_.find(question);
    return found == answers_.end() ? std::nullopt : std::optional(found->second);
  }

  void remember(Question question, const Routes& routes) {
    std::size_t size = question.size();
    for (const auto& route : routes) {
      size += 4 + route.size();
    }
    const std::lock_guard lock(mutex_);
    if (size_ + size > max_size) {
      answers_.clear();
      size_ = 0;
    }
    if (size <= max_size && answers_.emplace(std::move(question), routes).second) {
      size_ += size;
    }
  }

 private:
  static constexpr std::size_t max_size = std::size_t{1} << 20;  // in words, so some megabytes

  std::mutex mutex_;
  std::map<Question, Routes> answers_;
  std::size_t size_ = 0;
};

}  // namespace

std::vector<std::vector<Hop>> compute_routes(const Platform& platform, std::span<const Pair> pairs,
                                             const std::function<void()>& look) {
  check_platform(platform);
  check_pairs(platform, pairs);
  RouteMemory::Question question = RouteMemory::question(platform, pairs);
  if (auto known = RouteMemory::instance().find(question)) {
    return *std::move(known);
  }
  try {
    Routes routes = ask_simgrid(platform, pairs, look);
    RouteMemory::instance().remember(std::move(question), routes);
    return routes;
  } catch (const Aborted& aborted) {
    std::rethrow_exception(aborted.why);
  } catch (const PlatformError&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;  // no matter of the platform
  } catch (const std::exception& error) {
    throw PlatformError(std::string("SimGrid refuses the platform: ") + error.what());
  }
}

}  // namespace holdfast::simgrid
