// SPDX-License-Identifier: Apache-2.0
// Builds machines: clocks, identities and keys of hosts, what nodes of arrays do, and bonds.
#include <algorithm>

#include "models/net/bond.hpp"
#include "models/net/fabric.hpp"
#include "models/scenario/builder/internal.hpp"
#include "models/target/target.hpp"

namespace holdfast::scenario {

namespace {

/// The bytes of a UUID in the order in which it is written; the checks have seen it.
std::array<std::byte, 16> bytes_of(const std::string& uuid) {
  std::array<std::byte, 16> out{};
  std::size_t digits = 0;
  for (const char c : uuid) {
    if (c == '-')
      continue;
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    out[digits / 2] |= static_cast<std::byte>(digit << (digits % 2 == 0 ? 4 : 0));
    ++digits;
  }
  return out;
}

}  // namespace

sim::ClockRate clock_rate(std::uint32_t fast_ppm, std::uint32_t slow_ppm) {
  return sim::ClockRate(std::int64_t{fast_ppm} - std::int64_t{slow_ppm});
}

void build_machines(World& w, const Scenario& s, Names& names) {
  // Only what TCP does can be told apart by machine; see docs/assumptions.md.
  if (s.fabric.transport != Transport::tcp)
    return;
  for (const Host& host : s.hosts)
    names.machines[host.name] =
        w.calendar.add_machine(clock_rate(host.clock_fast_ppm, host.clock_slow_ppm));
  for (const auto& [ends, route] : names.routes) {
    const auto to = names.machines.find(ends.second);
    if (to != names.machines.end())
      net::set_machine(w, route, to->second);
  }
}

void set_machine(host::Host& host, const Host& h, const Names& names) {
  if (h.hostnqn)
    host.hostnqn = std::string_view(*h.hostnqn);
  if (h.hostid)
    host.hostid = bytes_of(*h.hostid);
  const auto place = names.machines.find(h.name);
  if (place != names.machines.end())
    host.machine = place->second;
}

host::secure::Credentials credentials_of(const Connect& c) {
  host::secure::Credentials out;
  if (c.tls) {
    out.tls = {.on = true, .time = c.tls->time, .timeout = c.tls->timeout};
    out.concat = c.tls->concat;
  }
  if (c.dhchap) {
    out.dhchap_time = c.dhchap->time;
    out.both_ways = c.dhchap->both_ways;
    out.dh_bytes = c.dhchap->group;
  }
  return out;
}

void build_reseed(World& w, const Scenario& s) {
  if (s.reseed)
    w.at(sim::epoch + s.reseed->at,
         [seed = s.reseed->seed](World& world) { world.choices.go_on_with(seed); });
}

void build_nodes(World& w, const Subsystem& s, target::SubsystemId id, Names& names) {
  for (const ArrayNode& n : s.nodes) {
    std::vector<transport::PortId> ports;
    std::vector<net::LinkId>& links = names.node_links[{s.name, n.name}];
    for (const std::string& port : n.ports) {
      ports.push_back(names.ports.at(port));
      const auto at_port = links_at(w, names.nodes.at(port));
      links.insert(links.end(), at_port.begin(), at_port.end());
    }
    names.array_nodes[{s.name, n.name}] = target::add_node(w, id, n.name, ports);
  }
}

void build_bonds(World& w, const Scenario& s, Names& names) {
  for (const Link& link : s.fabric.links) {
    if (!link.bond)
      continue;
    net::Bond b;
    b.link = names.links.at(link.name);
    // Forward is towards the second end.
    const bool second = std::any_of(s.hosts.begin(), s.hosts.end(),
                                    [&](const Host& h) { return h.name == link.ends[1]; });
    b.toward = second ? 0 : 1;
    b.miimon = link.bond->miimon;
    b.phase =
        draw(w.choices, w.choices.add("bond " + link.name, "phase"), span_of(link.bond->phase));
    b.updelay = link.bond->updelay;
    b.move_time = link.bond->move_time;
    b.returns = link.bond->primary_returns;
    names.bonds[link.name] = net::add_bond(w, b);
  }
}

std::vector<std::string> where_it_may_move(const Scenario& s, const std::string& port) {
  std::vector<std::string> out;
  for (const Subsystem& sub : s.subsystems) {
    const bool moves = sub.takeover && sub.takeover->by == Takeover::By::address;
    if (moves && std::find(sub.ports.begin(), sub.ports.end(), port) != sub.ports.end())
      out.insert(out.end(), sub.ports.begin(), sub.ports.end());
  }
  return out;
}

void set_array_knobs(target::Profile& profile, const Subsystem& s) {
  profile.kato_max = s.kato_max;
  profile.kato_zero = s.kato_zero;
  profile.kato_result_in_seconds = s.kato_result_in_seconds;
  profile.keep_alive_from = s.keep_alive_from;
  profile.keep_alive_starts_interval = s.keep_alive_starts_interval;
  profile.watchdog = s.watchdog;
  profile.quiesce_time = span_of(s.quiesce_time);
  profile.lost_host_log = s.lost_host_log;
  profile.effects_lbcc = s.effects_lbcc;
  profile.hang_resumes = s.hang_resumes;
  profile.unreachable_ccr = s.unreachable_ccr;
  profile.fence_time = span_of(s.fence_time);
  profile.reservations_told = s.reservation_delay.has_value();
  profile.reservation_delay = span_of(s.reservation_delay.value_or(Latency{}));
}

void set_keys(target::Profile& profile, const Subsystem& s) {
  profile.tls_time = s.tls_time;
  profile.dhchap = s.dhchap_time.has_value();
  profile.dhchap_time = s.dhchap_time.value_or(0s);
  profile.dhchap_under_tls = s.dhchap_under_tls;
}

fault::HostPause what_of(World&, const HostPause& f, const Names& names, const std::string&) {
  return {names.hosts.at(f.host), f.clock == HostPause::Clock::stops};
}

fault::LinkIntegrity what_of(World&, const LinkIntegrity& f, const Names& names,
                             const std::string&) {
  fault::LinkIntegrity out;
  out.host = names.hosts.at(f.host);
  out.forward = names.routes.at({f.host, f.port});
  return out;
}

fault::LegDown leg_of(const LinkDown& f, const Names& names) {
  fault::LegDown out;
  out.link = names.links.at(f.link);
  out.bond = names.bonds.at(f.link);
  out.legs = {*f.leg == LinkDown::Leg::primary, *f.leg == LinkDown::Leg::backup};
  return out;
}

}  // namespace holdfast::scenario
