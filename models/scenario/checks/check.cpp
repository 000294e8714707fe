// SPDX-License-Identifier: Apache-2.0
// Cross checks of a scenario; see check.hpp. Each function checks one part of the document, in the
// order in which a reader meets it, and stops at the first mistake.
#include "models/scenario/checks/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

#include "models/scenario/checks/internal.hpp"
#include "models/scenario/declaration/ways.hpp"
#include "models/wire/connect.hpp"

namespace holdfast::scenario {

namespace check {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void require_name(const Cursor& where, const std::string& name, const char* what,
                  const std::vector<std::string>& names) {
  if (contains(names, name))
    return;
  where.fail(fmt::format("{} unknown", in_quotes(name)),
             fmt::format("the name of {}: {}", what, one_of(names)), nearest(name, names));
}

const Subsystem& subsystem_named(const Scenario& s, const std::string& name, const Cursor& where) {
  const auto found = std::find_if(s.subsystems.begin(), s.subsystems.end(),
                                  [&](const Subsystem& one) { return one.name == name; });
  if (found == s.subsystems.end())
    require_name(where, name, "a subsystem", names_of(s.subsystems));
  return *found;
}

void ana_place(const Subsystem& s, const std::string& port, std::uint32_t group, const Cursor& at) {
  require_name(at.at("port"), port, fmt::format("a port of {}", in_quotes(s.name)).c_str(),
               s.ports);
  const bool known = std::any_of(s.namespaces.begin(), s.namespaces.end(),
                                 [&](const Namespace& ns) { return ns.ana_group == group; });
  if (!known)
    at.at("group").fail(fmt::format("ANA group {}", group),
                        "the ana_group of a namespace of " + in_quotes(s.name));
}

}  // namespace check

namespace {

using check::require_name;
using check::subsystem_named;

// Totals that keep a run within ordinary memory whatever the counts multiply to.
constexpr std::uint64_t most_connections = 262'144;
constexpr std::uint64_t most_queue_entries = 67'108'864;  // 524,288 queues of 128

template <class T>
void unique_names(const std::vector<T>& all, const Cursor& list) {
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto [earlier, fresh] = seen.emplace(all[i].name, i);
    if (fresh)
      continue;
    list.at(i).at("name").fail(fmt::format("{} again (first at {})", in_quotes(all[i].name),
                                           list.at(earlier->second).pointer()),
                               "a name of its own");
  }
}

void check_fabric(const Fabric& fabric, const Cursor& at) {
  const Cursor links = at.at("links");
  unique_names(fabric.links, links);
  std::map<std::pair<std::string, std::string>, std::size_t> seen;
  for (std::size_t i = 0; i < fabric.links.size(); ++i) {
    const auto& link = fabric.links[i];
    const Cursor here = links.at(i);
    const auto ends = std::minmax(link.ends[0], link.ends[1]);
    if (ends.first == ends.second) {
      here.at("ends").fail("a link from a node to itself", "two different nodes");
    }
    // Routes are computed between nodes, so a second link between the same two would never be used.
    const auto [earlier, fresh] = seen.emplace(ends, i);
    if (!fresh) {
      here.at("ends").fail(fmt::format("the same two ends as link {}",
                                       in_quotes(fabric.links[earlier->second].name)),
                           "at most one link between two nodes; put a switch on the second path");
    }
    if (fabric.transport == Transport::fc && link.mtu_bytes != Link{}.mtu_bytes) {
      here.at("mtu").fail(std::to_string(link.mtu_bytes),
                          "no mtu with \"transport\": \"fc\": a frame carries 2,112 bytes");
    }
    if (link.queue_bytes < link.mtu_bytes) {
      here.at("queue").fail(format_size(link.queue_bytes),
                            fmt::format("room for a packet of {} bytes (mtu)", link.mtu_bytes));
    }
  }
}

void check_groups(const Fabric& fabric, const Cursor& at) {
  unique_names(fabric.groups, at);
  const auto links = check::names_of(fabric.links);
  for (std::size_t i = 0; i < fabric.groups.size(); ++i) {
    const auto& group = fabric.groups[i];
    const Cursor here = at.at(i);
    if (check::contains(links, group.name))
      here.at("name").fail(in_quotes(group.name) + ", which is a link", "a name of its own");
    std::set<std::string> seen;
    for (std::size_t n = 0; n < group.links.size(); ++n) {
      require_name(here.at("links").at(n), group.links[n], "a link", links);
      if (!seen.insert(group.links[n]).second)
        here.at("links").at(n).fail(in_quotes(group.links[n]) + " again", "each link once");
    }
  }
}

void check_namespaces(const Subsystem& subsystem, const Cursor& at) {
  std::set<std::uint32_t> seen;
  for (std::size_t i = 0; i < subsystem.namespaces.size(); ++i) {
    const auto& ns = subsystem.namespaces[i];
    const Cursor here = at.at(i);
    if (!seen.insert(ns.nsid).second) {
      here.at("nsid").fail(fmt::format("namespace {} again", ns.nsid), "an nsid of its own");
    }
    if (!std::has_single_bit(ns.block_bytes)) {
      here.at("block_size").fail_value("a power of two from 512B to 64KiB");
    }
    if (ns.size_bytes % ns.block_bytes != 0 || ns.size_bytes < ns.block_bytes) {
      here.at("size").fail(format_size(ns.size_bytes),
                           "a multiple of block_size " + format_size(ns.block_bytes));
    }
    const bool zones_fit = !ns.zoned || (ns.zoned->zone_bytes % ns.block_bytes == 0 &&
                                         ns.size_bytes % ns.zoned->zone_bytes == 0);
    if (!zones_fit) {
      here.at("zoned")
          .at("zone_size")
          .fail(format_size(ns.zoned->zone_bytes),
                fmt::format("a multiple of block_size {} and a divisor of size {}",
                            format_size(ns.block_bytes), format_size(ns.size_bytes)));
    }
  }
}

// Every port lives on one node, if a subsystem has nodes at all; a port that two subsystems listen
// on is one machine, so at most one of them may say which node that is.
void check_nodes(const Subsystem& subsystem, std::map<std::string, std::string>& owner,
                 const Cursor& at) {
  unique_names(subsystem.nodes, at);
  for (std::size_t i = 0; i < subsystem.nodes.size(); ++i) {
    for (std::size_t p = 0; p < subsystem.nodes[i].ports.size(); ++p) {
      const auto& port = subsystem.nodes[i].ports[p];
      const Cursor here = at.at(i).at("ports").at(p);
      require_name(here, port, fmt::format("a port of {}", in_quotes(subsystem.name)).c_str(),
                   subsystem.ports);
      const auto [place, fresh] = owner.emplace(port, subsystem.nodes[i].name);
      if (!fresh)
        here.fail(fmt::format("{}, which {} has", in_quotes(port), in_quotes(place->second)),
                  "each port in one node");
    }
  }
  for (const auto& port : subsystem.ports) {
    if (!subsystem.nodes.empty() && owner.count(port) == 0)
      at.fail(fmt::format("no node with port {}", in_quotes(port)), "each port in one node");
  }
}

void check_ana_states(const Subsystem& subsystem, const Cursor& at) {
  std::set<std::pair<std::string, std::uint32_t>> seen;
  for (std::size_t i = 0; i < subsystem.ana_states.size(); ++i) {
    const auto& one = subsystem.ana_states[i];
    check::ana_place(subsystem, one.port, one.group, at.at(i));
    if (!seen.emplace(one.port, one.group).second) {
      at.at(i).fail(fmt::format("group {} at {} again", one.group, in_quotes(one.port)),
                    "one state for each group and port");
    }
  }
}

void check_subsystems(const Scenario& s, const Ways& ways, const Cursor& at) {
  unique_names(s.subsystems, at);
  std::map<std::string, std::string> node_owner;
  for (std::size_t i = 0; i < s.subsystems.size(); ++i) {
    const auto& subsystem = s.subsystems[i];
    const Cursor here = at.at(i);
    std::set<std::string> seen;
    for (std::size_t p = 0; p < subsystem.ports.size(); ++p) {
      const auto& port = subsystem.ports[p];
      if (!ways.known(port)) {
        require_name(here.at("ports").at(p), port, "a node (an end of a link)", ways.nodes());
      }
      if (!seen.insert(port).second) {
        here.at("ports").at(p).fail(in_quotes(port) + " again", "each port once");
      }
    }
    if (subsystem.name == discovery_name || subsystem.name == wire::discovery_nqn) {
      here.at("name").fail(in_quotes(subsystem.name), "a name that is not the discovery service's");
    }
    check::machine(subsystem, here);
    check_namespaces(subsystem, here.at("namespaces"));
    check_nodes(subsystem, node_owner, here.at("nodes"));
    if (subsystem.kato_max != 0s && subsystem.kato_max < subsystem.kato_min) {
      here.at("kato_max")
          .fail(format_duration(subsystem.kato_max),
                "at least kato_min " + format_duration(subsystem.kato_min));
    }
    check_ana_states(subsystem, here.at("ana_states"));
    if (subsystem.attr_cntlid_min > subsystem.attr_cntlid_max) {
      here.at("attr_cntlid_min")
          .fail(std::to_string(subsystem.attr_cntlid_min),
                fmt::format("at most attr_cntlid_max {}", subsystem.attr_cntlid_max));
    }
    if (subsystem.inline_data_bytes.value_or(0) % 16 != 0) {
      here.at("inline_data_size").fail_value("a multiple of 16 bytes, the unit of IOCCSZ");
    }
  }
}

/// The port is one of the subsystem's; every port serves discovery controllers.
void check_port(const Scenario& s, const Connect& connect, const Cursor& at) {
  if (connect.subsystem != discovery_name) {
    const auto& subsystem = subsystem_named(s, connect.subsystem, at.at("subsystem"));
    require_name(at.at("port"), connect.port,
                 fmt::format("a port of {}", in_quotes(subsystem.name)).c_str(), subsystem.ports);
    return;
  }
  std::vector<std::string> ports;
  for (const auto& subsystem : s.subsystems)
    ports.insert(ports.end(), subsystem.ports.begin(), subsystem.ports.end());
  require_name(at.at("port"), connect.port, "a port of any subsystem", ports);
}

void check_connects(const Scenario& s, const Host& host, const Ways& ways, const Cursor& at) {
  std::set<std::pair<std::string, std::string>> seen;
  for (std::size_t i = 0; i < host.connect.size(); ++i) {
    const auto& connect = host.connect[i];
    const Cursor here = at.at(i);
    check_port(s, connect, here);
    if (!ways.lead(host.name, connect.port)) {
      here.at("port").fail(
          fmt::format("no path from {} to {}", in_quotes(host.name), in_quotes(connect.port)),
          "a port to which links and switches lead: hosts and ports forward nothing");
    }
    // The kernel answers -EALREADY to a second connect with the same address (protocol.md 5.6).
    const bool fresh = seen.emplace(connect.subsystem, connect.port).second;
    if (!fresh && !connect.duplicate_connect) {
      here.fail(fmt::format("a second connection to port {} of {}", in_quotes(connect.port),
                            in_quotes(connect.subsystem)),
                "\"duplicate_connect\": true, or another port");
    }
    if ((connect.hdr_digest || connect.data_digest) && s.fabric.transport != Transport::tcp) {
      here.at(connect.hdr_digest ? "hdr_digest" : "data_digest")
          .fail("a digest on another transport", "\"transport\": \"tcp\"");
    }
    check::security(s, connect, here);
    if (connect.at >= s.duration) {
      here.at("at").fail(format_duration(connect.at),
                         "before the end of the run at " + format_duration(s.duration));
    }
  }
}

// Knobs of a policy that would do nothing together are a mistake, not a silent default.
void check_policy(const RecoveryPolicy& policy, const Cursor& at) {
  using Waits = RecoveryPolicy::Waits;
  const bool holds = policy.hold != RecoveryPolicy::Hold::none;
  if (policy.waits == Waits::nowhere && (holds || policy.ccr)) {
    at.fail(fmt::format("\"{}\" with \"waits\": \"nowhere\"", holds ? "hold" : "ccr"),
            "a state to wait in: \"waits\": \"fencing\"");
  }
  if (policy.waits == Waits::resetting && policy.ccr) {
    at.fail("\"ccr\" with \"waits\": \"resetting\"",
            "\"waits\": \"fencing\" or \"recovering\" with Cross-Controller Reset");
  }
}

// The first RFC of TP4129 stops the keep-alive first, then looks what is in flight that it would
// hold. Where that stop waits for the Keep Alive (Linux 6.1; protocol.md 1.7, 4.6), what is in
// flight ends by time-outs of its own meanwhile, and next to nothing is held. It was posted for
// kernels of 2025, whose Keep Alive is asynchronous.
void check_hold_in_resetting(const Host& host, const Cursor& at) {
  if (host.policy.waits == RecoveryPolicy::Waits::resetting && host.keep_alive_waits) {
    at.fail(fmt::format("\"waits\": \"resetting\" with \"keep_alive_waits\" (\"kernel\": {})",
                        in_quotes(host.kernel)),
            "\"keep_alive_waits\": false, \"kernel\": \"6.12\" or later (tp4129-rfc1 was posted "
            "for such), or another policy");
  }
}

void check_path_latency(const Host& host, const Cursor& at) {
  if (host.path_latency && host.iopolicy != IoPolicy::latency) {
    at.at("path_latency")
        .fail("\"path_latency\" with another iopolicy", "\"iopolicy\": \"latency\" as well");
  }
}

void check_hosts(const Scenario& s, const Ways& ways, const Cursor& at) {
  unique_names(s.hosts, at);
  std::map<std::string, std::string> port_owner;
  for (const auto& subsystem : s.subsystems) {
    for (const auto& port : subsystem.ports)
      port_owner.emplace(port, subsystem.name);
  }
  std::uint64_t connections = 0, entries = 0;
  for (std::size_t i = 0; i < s.hosts.size(); ++i) {
    const auto& host = s.hosts[i];
    const Cursor here = at.at(i);
    check_policy(host.policy, here.at("policy"));
    check::suspicion(s, host, here.at("suspicion"));
    check::machine(s, host, here);
    check_path_latency(host, here);
    if (s.fabric.transport == Transport::fc &&
        host.policy.waits == RecoveryPolicy::Waits::resetting) {
      here.at("policy").fail(
          "\"waits\": \"resetting\" with \"transport\": \"fc\"",
          "\"transport\": \"tcp\" (tp4129-rfc1 was posted for tcp), or another policy");
    }
    check_hold_in_resetting(host, here.at("policy"));
    if (!ways.known(host.name)) {
      require_name(here.at("name"), host.name, "a node (an end of a link)", ways.nodes());
    }
    const auto owner = port_owner.find(host.name);
    if (owner != port_owner.end()) {
      here.at("name").fail(
          fmt::format("{}, a port of {}", in_quotes(host.name), in_quotes(owner->second)),
          "a node that is not both host and port");
    }
    check_connects(s, host, ways, here.at("connect"));
    connections += host.connect.size();
    for (const auto& connect : host.connect) {
      const auto queues = connect.nr_io_queues == 0 ? host.cpus : connect.nr_io_queues;
      entries += std::uint64_t{queues} * connect.queue_size;
    }
    if (connections > most_connections) {
      here.at("connect").fail(fmt::format("{} connections in all", connections),
                              fmt::format("at most {}", most_connections));
    }
    if (entries > most_queue_entries) {
      here.at("connect").fail(
          fmt::format("{} queue entries in all (connections x I/O queues x queue_size)", entries),
          fmt::format("at most {}", most_queue_entries));
    }
  }
}

}  // namespace

void check_and_resolve(Scenario& scenario, const Cursor& root) {
  check::reseed(scenario, root);
  check_fabric(scenario.fabric, root.at("fabric"));
  for (std::size_t i = 0; i < scenario.fabric.links.size(); ++i)
    check::bond(scenario, scenario.fabric.links[i], root.at("fabric").at("links").at(i));
  check_groups(scenario.fabric, root.at("fabric").at("groups"));
  const Ways ways(scenario);
  check_subsystems(scenario, ways, root.at("subsystems"));
  check_hosts(scenario, ways, root.at("hosts"));
  check::arrays(scenario, ways, root.at("subsystems"));
  check::workloads(scenario, root.at("workloads"));
  check::read_failures(scenario, root.at("faults"));
  check::faults(scenario, root.at("faults"));
  check::executions(scenario, root);
}

}  // namespace holdfast::scenario
