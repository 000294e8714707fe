// SPDX-License-Identifier: Apache-2.0
// What applications felt: counts, latencies, the longest stall. Exact, from the whole history.
#pragma once

#include <cstdint>
#include <optional>

#include "analysis/run/patience.hpp"
#include "models/world.hpp"

namespace holdfast::analysis {

using sim::TimePoint;

struct IoStatistics {
  std::uint64_t count = 0;  ///< completed, errors included
  std::uint64_t errors = 0;
  double iops = 0.0;     ///< successful ones per second, from the first submission to the end
  double mean_us = 0.0;  ///< latency of successful ones
  double p50_us = 0.0;   ///< nearest rank
  double p99_us = 0.0;
  double p999_us = 0.0;
  double max_us = 0.0;
  sim::Duration slowest{};        ///< errors included, and what is still out, until now
  std::uint64_t outstanding = 0;  ///< submitted and not completed
  sim::Duration oldest{};         ///< for how long the oldest of these is out
  bool has_latencies = false;     ///< false: nothing succeeded, or there was no time to sort them
};

IoStatistics io_statistics(const World& w, host::IoKind kind, Patience* patience = nullptr);
/// Of all kinds but reads and writes.
IoStatistics other_statistics(const World& w, Patience* patience = nullptr);

/// The fault that strikes first, if one has struck; of those that strike together the first listed.
const fault::Fault* first_fault(const World& w);

/// How much was done in a span of time: successful reads and writes that completed from `from` on
/// and before `to`.
struct Throughput {
  TimePoint from{};
  TimePoint to{};
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
};

Throughput throughput(const World& w, TimePoint from, TimePoint to, Patience* patience = nullptr);
/// From the first submission to the first fault, and from there to the end of that fault or of the
/// run. Absent: there is no such span.
std::optional<Throughput> throughput_before_fault(const World& w, Patience* patience = nullptr);
std::optional<Throughput> throughput_during_fault(const World& w, Patience* patience = nullptr);

/// Nearest-rank percentile of sorted times, of which there is at least one.
sim::Duration percentile(const std::vector<sim::Duration>& sorted, double fraction);

struct Stall {
  TimePoint from{};
  sim::Duration length{};
};
/// The longest time during which an application had I/O outstanding and none of it completed.
/// Worst over all jobs, of equal ones the first; I/O that is still out counts until now.
Stall longest_stall(const World& w, Patience* patience = nullptr);
/// Of each job, in their order.
std::vector<Stall> longest_stalls(const World& w, Patience* patience = nullptr);

}  // namespace holdfast::analysis
