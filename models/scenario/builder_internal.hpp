// SPDX-License-Identifier: Apache-2.0
// What the files of the builder share. Not for others.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "models/scenario/spec.hpp"
#include "models/world.hpp"
#include "sim/distributions.hpp"

namespace holdfast::scenario {

/// Names of a scenario and what they became in the world.
struct Names {
  bool in_capsule = true;  ///< commands may carry data
  std::map<std::string, net::NodeId> nodes;
  std::map<std::string, net::LinkId> links;
  std::map<std::string, std::uint32_t> ports;  // fabric node -> transport port
  std::map<std::string, target::SubsystemId> subsystems;
  std::map<std::pair<std::string, std::string>, target::NodeId> array_nodes;  // subsystem, name
  std::map<std::pair<std::string, std::string>, std::vector<net::LinkId>>
      node_links;  // their ports'
  std::map<std::string, host::HostId> hosts;
  std::map<std::pair<std::string, std::uint32_t>, std::uint32_t> disks;  // subsystem, nsid
  std::map<std::tuple<std::string, std::string, std::uint32_t>, host::HeadId> heads;
  std::map<std::pair<std::string, std::string>, host::ControllerId> controllers;  // host, nvme0
  std::map<std::pair<std::string, std::string>, net::RouteId> routes;
};

inline holdfast::Span span_of(const Latency& latency) {
  holdfast::Span span;
  span.kind = static_cast<holdfast::Span::Kind>(latency.kind);
  span.low = latency.low;
  span.high = latency.high;
  span.threshold = sim::bernoulli_threshold(latency.chance);
  return span;
}

// builder_load.cpp
void build_workloads(World& w, const Scenario& s, const Names& names);
void build_faults(World& w, const Scenario& s, const Names& names);

}  // namespace holdfast::scenario
