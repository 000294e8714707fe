// SPDX-License-Identifier: Apache-2.0
// Building, asking and tearing down a fabric inside SimGrid.
#include "sim/simgrid/fabric_zone.hpp"

#include "sim/simgrid/api.hpp"

#include <simgrid/kernel/routing/NetPoint.hpp>
#include <simgrid/kernel/routing/NetZoneImpl.hpp>
#include <simgrid/s4u/Host.hpp>
#include <simgrid/s4u/Link.hpp>
#include <simgrid/s4u/NetZone.hpp>

#include <stdexcept>
#include <string>

namespace holdfast::simgrid {
namespace {

namespace s4u = ::simgrid::s4u;
using ::simgrid::kernel::routing::NetPoint;
using ::simgrid::kernel::routing::NetZoneImpl;
using ::simgrid::kernel::routing::Route;

constexpr double bits_per_byte = 8.0;
constexpr double any_speed = 1.0;  // nothing is ever computed on these hosts

// SimGrid frees hosts and links together with their zone but keeps every router until the process
// ends, so the routers are lent from zone to zone. Never destroyed: the engine owns what it holds.
NetPoint* pooled_router(std::size_t index) {
  static auto* const pool = new std::vector<NetPoint*>;
  while (pool->size() <= index) {
    pool->push_back(
        new NetPoint("holdfast/switch" + std::to_string(pool->size()), NetPoint::Type::Router));
  }
  return (*pool)[index];
}

s4u::NetZone* add_dijkstra_zone(s4u::NetZone* parent, const std::string& name, bool cached) {
#if SIMGRID_VERSION >= 40000
  return parent->add_netzone_dijkstra(name, cached);
#else
  return s4u::create_dijkstra_zone(name, cached)->set_parent(parent);
#endif
}

s4u::Host* add_host(s4u::NetZone* zone, const std::string& name) {
#if SIMGRID_VERSION >= 40000
  return zone->add_host(name, any_speed);
#else
  return zone->create_host(name, any_speed);
#endif
}

s4u::SplitDuplexLink* add_duplex_link(s4u::NetZone* zone, const std::string& name, double rate) {
#if SIMGRID_VERSION >= 40000
  return zone->add_split_duplex_link(name, rate);
#else
  return zone->create_split_duplex_link(name, rate);
#endif
}

void add_edge(s4u::NetZone* zone, NetPoint* from, NetPoint* to, const s4u::Link* link) {
  const std::vector<s4u::LinkInRoute> links{{link, s4u::LinkInRoute::Direction::UP}};
#if SIMGRID_VERSION >= 40000
  zone->add_route(from, to, links, true);
#else
  zone->add_route(from, to, nullptr, nullptr, links, true);
#endif
}

}  // namespace

// The parent of the fabric's zone, outside of the tree under the root. The first run of the engine
// seals the root for good, after which it takes no child any more; and zones below the root live
// until the process ends. Routes between two hosts of one zone never look above it, and a zone's
// destructor destroys its children, so a parent of our own solves both.
class FabricZone::ParentZone final : public NetZoneImpl {
 public:
  explicit ParentZone(const NetZoneImpl& root) : NetZoneImpl("holdfast/parent") {
    set_network_model(root.get_network_model());
    set_cpu_pm_model(root.get_cpu_pm_model());
    set_cpu_vm_model(root.get_cpu_vm_model());
    set_disk_model(root.get_disk_model());
    set_host_model(root.get_host_model());
  }
  ParentZone(const ParentZone&) = delete;
  ParentZone(ParentZone&&) = delete;
  ParentZone& operator=(const ParentZone&) = delete;
  ParentZone& operator=(ParentZone&&) = delete;
  ~ParentZone() override = default;

  void get_local_route(const NetPoint* /*source*/, const NetPoint* /*destination*/, Route* /*into*/,
                       double* /*latency*/) override {
    throw std::logic_error("the parent zone connects nothing");
  }
};

FabricZone::FabricZone(const Platform& platform, bool cached)
    : parent_(std::make_unique<ParentZone>(*access_.root_zone().get_impl())),
      routers_(platform.nodes.size(), nullptr),
      interfaces_(platform.links.size(), {nullptr, nullptr}) {
  zone_ = add_dijkstra_zone(parent_->get_iface(), "holdfast/fabric", cached);
  add_switches(platform);
  for (std::uint32_t index = 0; index < platform.links.size(); ++index) {
    add_link(platform, index);
  }
  zone_->seal();
}

FabricZone::~FabricZone() {
  for (NetPoint* router : routers_) {
    if (router != nullptr) {
      router->set_englobing_zone(nullptr);
    }
  }
}

void FabricZone::add_switches(const Platform& platform) {
  std::size_t used = 0;
  for (std::size_t node = 0; node < platform.nodes.size(); ++node) {
    if (!platform.nodes[node].is_host) {
      routers_[node] = pooled_router(used++)->set_englobing_zone(zone_->get_impl());
    }
  }
}

void FabricZone::add_link(const Platform& platform, std::uint32_t index) {
  const PlatformLink& link = platform.links[index];
  // Names of our own making: a user's name may collide with what SimGrid derives from another one.
  const std::string name = "holdfast/link" + std::to_string(index);
  s4u::SplitDuplexLink* const duplex = add_duplex_link(zone_, name, link.rate_bps / bits_per_byte);
  std::array<NetPoint*, 2> points{};
  for (std::uint8_t end = 0; end < 2; ++end) {
    points.at(end) = routers_[link.ends[end]];
    if (points.at(end) == nullptr) {
      s4u::Host* const host = add_host(zone_, name + (end == 0 ? ".0" : ".1"));
      interfaces_[index].at(end) = host;
      points.at(end) = host->get_netpoint();
    }
  }
  s4u::Link* const up = duplex->get_link_up();
  s4u::Link* const down = duplex->get_link_down();
  up->set_latency(link.delay_s);
  down->set_latency(link.delay_s);
  hops_.emplace(up->get_name(), Hop{index, 0});
  hops_.emplace(down->get_name(), Hop{index, 1});
  add_edge(zone_, points[0], points[1], duplex);
}

std::vector<Hop> FabricZone::route(Interface from, Interface to) const {
  std::vector<s4u::Link*> links;
  double latency = 0.0;
  interfaces_[from.link].at(from.end)->route_to(interfaces_[to.link].at(to.end), links, &latency);
  std::vector<Hop> hops;
  hops.reserve(links.size());
  for (const s4u::Link* link : links) {
    hops.push_back(hops_.at(link->get_name()));
  }
  return hops;
}

}  // namespace holdfast::simgrid
