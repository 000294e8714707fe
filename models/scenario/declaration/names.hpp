// SPDX-License-Identifier: Apache-2.0
// What the names of a scenario became in the world that was built from it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "models/world.hpp"

namespace holdfast::scenario {

/// Names of a scenario and what they became in the world.
struct Names {
  bool in_capsule = true;  ///< commands may carry data
  std::map<std::string, net::NodeId> nodes;
  std::set<std::string> ends;  // hosts and ports: what routes lead to and never through
  std::map<std::string, net::LinkId> links;
  std::map<std::string, std::vector<std::string>> groups;  // of links
  std::map<std::string, transport::PortId> ports;          // fabric node -> transport port
  std::map<std::string, target::SubsystemId> subsystems;
  std::map<std::pair<std::string, std::string>, target::NodeId> array_nodes;  // subsystem, name
  std::map<std::pair<std::string, std::string>, std::vector<net::LinkId>>
      node_links;  // their ports'
  std::map<std::string, host::HostId> hosts;
  std::map<std::string, sim::MachineId> machines;                 // of hosts
  std::map<std::string, std::uint32_t> bonds;                     // link -> place in Fabric::bonds
  std::map<std::pair<std::string, std::uint32_t>, DiskId> disks;  // subsystem, nsid
  std::map<std::tuple<std::string, std::string, std::uint32_t>, host::HeadId> heads;
  std::map<std::pair<std::string, std::string>, host::ControllerId> controllers;  // host, nvme0
  std::map<std::pair<std::string, std::string>, net::RouteId> routes;
};

}  // namespace holdfast::scenario
