// SPDX-License-Identifier: Apache-2.0
// What the files of the builder share. Not for others.
#pragma once

#include "models/scenario/declaration/names.hpp"
#include "models/scenario/declaration/spec.hpp"
#include "models/world.hpp"
#include "sim/distributions.hpp"

namespace holdfast::scenario {

inline holdfast::Span span_of(const Latency& latency) {
  holdfast::Span span;
  span.kind = latency.kind;
  span.low = latency.low;
  span.high = latency.high;
  span.threshold = sim::bernoulli_threshold(latency.chance);
  return span;
}

// builder.cpp
/// Asks SimGrid for a way between two nodes; both must be able to be ends of one (names.ends).
std::vector<net::ChannelId> find_hops(const World& w, const Names& names, const std::string& from,
                                      const std::string& to);

// network.cpp: fills in what is special about a fault; `entity` names its choice points.
void fill_in(World& w, fault::Fault& out, const Impair& f, const Names& names,
             const std::string& entity);
void fill_in(World& w, fault::Fault& out, const Blackhole& f, const Names& names,
             const std::string& entity);
void fill_in(World& w, fault::Fault& out, const Loss& f, const Names& names,
             const std::string& entity);
void fill_in(World& w, fault::Fault& out, const KillSockets& f, const Names& names,
             const std::string& entity);
void fill_in(World& w, fault::Fault& out, const DropCapsule& f, const Names& names,
             const std::string& entity);
void fill_in(World& w, fault::Fault& out, const PortRemoved& f, const Names& names,
             const std::string& entity);
void fill_in(World& w, fault::Fault& out, const CrossTraffic& f, const Names& names,
             const std::string& entity);

// load.cpp
void build_workloads(World& w, const Scenario& s, const Names& names);
void build_faults(World& w, const Scenario& s, const Names& names);

}  // namespace holdfast::scenario
