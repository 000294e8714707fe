// SPDX-License-Identifier: Apache-2.0
// Cross checks of machines that stand still, of their clocks and names, and of bonds; see
// check.hpp.
#include <cctype>

#include "models/scenario/checks/internal.hpp"

namespace holdfast::scenario::check {

namespace {

bool is_uuid(std::string_view text) {
  if (text.size() != 36)
    return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0)
      return false;
  }
  return true;
}

template <class Machine>
void clock(const Machine& m, const Cursor& at) {
  if (m.clock_fast_ppm != 0 && m.clock_slow_ppm != 0)
    at.at("clock_slow_ppm").fail("a clock that is fast and slow", "one of the two");
}

}  // namespace

void machine(const Scenario& s, const Host& host, const Cursor& at) {
  if (host.hostid && !is_uuid(*host.hostid))
    at.at("hostid").fail(in_quotes(*host.hostid),
                         "a UUID such as 6f1e4a52-0c1d-4b9e-8f5a-2b7c9d3e1a40");
  if (host.clock_fast_ppm != 0)
    require_tcp(s, at.at("clock_fast_ppm"), std::to_string(host.clock_fast_ppm));
  if (host.clock_slow_ppm != 0)
    require_tcp(s, at.at("clock_slow_ppm"), std::to_string(host.clock_slow_ppm));
  clock(host, at);
}

void machine(const Subsystem& subsystem, const Cursor& at) { clock(subsystem, at); }

void bond(const Scenario& s, const Link& link, const Cursor& at) {
  if (!link.bond)
    return;
  require_tcp(s, at.at("bond"), "\"bond\"");
  const auto hosts = names_of(s.hosts);
  if (contains(hosts, link.ends[0]) == contains(hosts, link.ends[1]))
    at.at("ends").fail("a bond of no host, or of two", "one end that is a host");
  const Latency& phase = link.bond->phase;
  const bool uniform = phase.kind == Latency::Kind::uniform;
  const bool bounded = uniform || phase.kind == Latency::Kind::constant;
  if (!bounded || latest(phase) >= link.bond->miimon)
    at.at("bond").at("phase").fail(
        bounded ? format_duration(latest(phase)) : "a phase without an end",
        "less than miimon " + format_duration(link.bond->miimon));
}

void leg(const Scenario& s, const LinkDown& fault, const Cursor& at) {
  if (!fault.leg)
    return;
  const auto place = std::find_if(s.fabric.links.begin(), s.fabric.links.end(),
                                  [&](const Link& one) { return one.name == fault.link; });
  if (place == s.fabric.links.end() || !place->bond)
    at.at("leg").fail(fmt::format("a leg of {}, which is no bond", in_quotes(fault.link)),
                      "a link with \"bond\"");
  if (fault.forwards_after != 0s)
    at.at("forwards_after")
        .fail("\"forwards_after\" of a leg", "\"move_time\" of the bond, or no \"leg\"");
}

void astray(const Scenario& s, const HostPause& fault, const Cursor& at) {
  require_tcp(s, at.at("type"), "\"host_pause\"");
  host_named(s, fault.host, at.at("host"));
  for (const Fault& other : s.faults) {
    const auto* const down = std::get_if<HostDown>(&other);
    if (down != nullptr && down->host == fault.host)
      at.at("host").fail(in_quotes(fault.host) + ", which goes down in this scenario as well",
                         "a host that is paused, or one that goes down");
  }
}

void astray(const Scenario& s, const LinkIntegrity& fault, const Cursor& at) {
  if (s.fabric.transport != Transport::fc)
    at.at("type").fail("\"link_integrity\" with another transport", "\"transport\": \"fc\"");
  const Host& host = host_named(s, fault.host, at.at("host"));
  std::vector<std::string> ports;
  for (const Connect& connect : host.connect)
    ports.push_back(connect.port);
  require_name(at.at("port"), fault.port,
               fmt::format("a port that {} connects to", in_quotes(host.name)).c_str(), ports);
}

void node_clock(const NodeFault& fault, const Cursor& at) {
  if (fault.clock == HostPause::Clock::stops && fault.state != target::NodeState::hung)
    at.at("clock").fail("a clock that stops with another state", "\"state\": \"hang\"");
}

}  // namespace holdfast::scenario::check
