// SPDX-License-Identifier: Apache-2.0
// What the files of the builder share. Not for others.
#pragma once

#include "models/scenario/names.hpp"
#include "models/scenario/spec.hpp"
#include "models/world.hpp"
#include "sim/distributions.hpp"

namespace holdfast::scenario {

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
