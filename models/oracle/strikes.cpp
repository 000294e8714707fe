// SPDX-License-Identifier: Apache-2.0
// Whose connections a fault harms, kind by kind.
#include "models/oracle/strikes.hpp"

#include <algorithm>

namespace holdfast::oracle {

namespace {

bool crosses(const World& w, net::RouteId route, const fault::OnLink& f) {
  HOLDFAST_CHECK(sim::index(f.link) < w.net.links.size(),
                 "a fault strikes a link that is not there");
  const net::Route& r = w.net.routes[sim::index(route)];
  for (std::uint32_t i = 0; i < r.count; ++i) {
    const net::ChannelId c = w.net.hops[r.first + i];
    const bool struck = sim::index(c) % 2 == 0 ? f.forward : f.backward;
    if (sim::index(c) / 2 == sim::index(f.link) && struck)
      return true;
  }
  return false;
}

struct Strikes {
  const World& w;
  const host::Controller& c;

  bool is_it(host::ControllerId id) const { return &c == &w.host.controllers[sim::index(id)]; }

  bool operator()(const fault::OnLink& f) const {
    return crosses(w, c.forward, f) || crosses(w, c.back, f);
  }
  bool operator()(const fault::OnPackets& f) const {
    const bool all = f.controller == sim::none<host::ControllerId>;
    return all ? (*this)(static_cast<const fault::OnLink&>(f)) : is_it(f.controller);
  }
  bool operator()(const fault::Once&) const { return false; }
  bool operator()(const fault::KillSockets& f) const { return is_it(f.controller); }
  bool operator()(const fault::DamagePdu& f) const { return is_it(f.controller); }
  bool operator()(const fault::RemotePortLost& f) const { return c.forward == f.routes[0]; }
  bool operator()(const fault::NodeFailure& f) const {
    const auto& ports = w.target.nodes[sim::index(f.node)].ports;
    return std::find(ports.begin(), ports.end(), c.port) != ports.end();
  }
  bool operator()(const fault::AdminStall&) const { return false; }
  bool operator()(const fault::PortRemoved& f) const {
    const std::string& nqn = w.target.nqns[sim::index(f.subsystem)];
    return c.port == f.port && host::nqn_of(w, c.subnqn).view() == nqn;
  }
  bool operator()(const fault::CrossTraffic&) const { return false; }
  bool operator()(const fault::PortMute&) const { return false; }
  bool operator()(const fault::NoRoute&) const { return false; }
  bool operator()(const fault::HostBlocked&) const { return false; }
  bool operator()(const fault::HostPause& f) const { return c.host == f.host; }
  bool operator()(const fault::HostDown& f) const { return c.host == f.host; }
};

template <class... Kinds>
bool is_one_of(const fault::What& what) {
  return (std::holds_alternative<Kinds>(what) || ...);
}

}  // namespace

bool takes_away(const fault::Fault& fault) {
  if (const auto* const loss = std::get_if<fault::Loss>(&fault.what))
    return loss->probability >= 1.0;
  return is_one_of<fault::Blackhole, fault::LinkDown, fault::RemotePortLost, fault::NodeFailure,
                   fault::PortRemoved, fault::LegDown>(fault.what);
}

bool strikes(const World& w, const fault::Fault& fault, host::ControllerId controller) {
  return std::visit(Strikes{w, w.host.controllers[sim::index(controller)]}, fault.what);
}

}  // namespace holdfast::oracle
