// SPDX-License-Identifier: Apache-2.0
// What workloads will do, as far as arithmetic over the scenario tells: for the estimate of a run.
#pragma once

#include "models/scenario/declaration/spec.hpp"

namespace holdfast::analysis {

/// The host's links, and how far it is to the nearest port.
struct Path {
  double bits_per_s = 0;  ///< all links together
  double delay_s = 1e9;   ///< the nearest one's
  double mtu = 65535;     ///< the least of them
  double hops = 2;
};

/// A workload's I/O: how many, how large, which share of it reads.
struct Demand {
  double ios = 0;
  double bytes = 4096;       ///< over the fabric
  double reads = 0.5;        ///< or anything else that changes no block
  double blocks = 1;         ///< over the fabric
  double landed_blocks = 1;  ///< that one of the others changes
  double region_blocks = 1;  ///< that they can touch
  bool random = false;       ///< anywhere in it, not one behind the other
};

/// How long a fault lasts within the run, in seconds.
double lasting(const scenario::Scenario& s, const scenario::Lasting& fault);
/// Queues of a connection, its admin queue among them.
double queues_of(const scenario::Host& host, const scenario::Connect& c);

double packets_of(const Demand& load, const Path& path);
Demand load_of(const scenario::Scenario& s, const scenario::RwTest& w, const Path& path);
Demand load_of(const scenario::Scenario& s, const scenario::Script& w, const Path& path);
Demand load_of(const scenario::Scenario& s, const scenario::Fio& w, const Path& path);

}  // namespace holdfast::analysis
