// SPDX-License-Identifier: Apache-2.0
// How much I/O workloads do in a healthy world, by what they ask for; see load.hpp.
#include "analysis/run/load/load.hpp"

#include <algorithm>
#include <cmath>

namespace holdfast::analysis {
namespace {

using namespace scenario;
using sim::seconds;

constexpr double header_bytes = 52;  // IP and TCP with timestamps

double low_of(const Latency& latency) {
  return seconds(latency.kind == Latency::Kind::exponential
                     ? std::max(latency.low, latency.high / 4)
                     : latency.low);
}

const scenario::Namespace& namespace_of(const Scenario& s, const Placed& placed) {
  for (const Subsystem& subsystem : s.subsystems) {
    for (const scenario::Namespace& one : subsystem.namespaces) {
      if (subsystem.name == placed.subsystem && one.nsid == placed.nsid)
        return one;
    }
  }
  static const scenario::Namespace none;  // the checks have seen to it that there is one
  return none;
}

double time_left(const Scenario& s, const Placed& placed) {
  return std::max(0.0, seconds(s.duration - placed.start));
}

/// Whether a step moves its blocks over the fabric.
bool carries_data(ScriptStep::Do what) {
  using Do = ScriptStep::Do;
  return what == Do::read || what == Do::write || what == Do::compare ||
         what == Do::compare_and_write || what == Do::zone_append;
}

/// Whether each of its blocks gets a new content.
bool changes_blocks(ScriptStep::Do what) {
  using Do = ScriptStep::Do;
  return what == Do::write || what == Do::write_zeroes || what == Do::deallocate ||
         what == Do::compare_and_write || what == Do::copy || what == Do::zone_append ||
         what == Do::zone_reset;
}

/// Blocks that a step reads or changes.
std::uint64_t blocks_of(const ScriptStep& step, const scenario::Namespace& ns) {
  if (step.what == ScriptStep::Do::zone_reset && ns.zoned)
    return ns.zoned->zone_bytes / ns.block_bytes;
  return changes_blocks(step.what) || carries_data(step.what) ? step.blocks : 0;
}

}  // namespace

double lasting(const Scenario& s, const Lasting& fault) {
  const double left = seconds(s.duration - fault.at.low);
  return fault.until_after ? std::min(left, seconds(*fault.until_after)) : left;
}

double queues_of(const scenario::Host& host, const Connect& c) {
  return 1.0 + (c.nr_io_queues == 0 ? host.cpus : std::min(c.nr_io_queues, host.cpus));
}

double packets_of(const Demand& load, const Path& path) {
  const double segments = std::ceil((load.bytes + 72) / (path.mtu - header_bytes));
  return 1.5 * segments + 2;
}

Demand load_of(const Scenario& s, const RwTest& w, const Path&) {
  const double round = seconds(w.sleep_before_read + w.sleep_after_read);
  Demand load;
  const double rounds = std::floor(time_left(s, w) / std::max(round, 1e-4)) + 1;
  load.ios = std::min<double>(w.iterations, rounds) * (w.writes + 1.0);
  load.reads = 1.0 / (w.writes + 1.0);
  return load;
}

Demand load_of(const Scenario& s, const Script& w, const Path& path) {
  const auto& ns = namespace_of(s, w);
  double pauses = 0, commands = 0, changes = 0, blocks = 0, landed = 0, region = 0;
  for (const ScriptStep& step : w.steps) {
    if (step.what == ScriptStep::Do::wait) {
      pauses += seconds(step.pause);
      continue;
    }
    const auto touched = static_cast<double>(blocks_of(step, ns));
    ++commands;
    blocks += carries_data(step.what) ? touched : 0;
    changes += changes_blocks(step.what) ? 1 : 0;
    landed += changes_blocks(step.what) ? touched : 0;
    region += touched;
  }
  if (commands == 0)
    return {};
  Demand load;
  const double round =
      pauses +
      commands * (std::min(low_of(ns.media.read), low_of(ns.media.write)) + 2 * path.delay_s);
  load.ios = commands * std::min<double>(w.repeat, time_left(s, w) / std::max(round, 1e-6) + 1);
  load.blocks = blocks / commands;
  load.bytes = load.blocks * ns.block_bytes;
  load.reads = 1 - changes / commands;
  load.landed_blocks = changes == 0 ? 0 : landed / changes;
  load.region_blocks = region;
  return load;
}

Demand load_of(const Scenario& s, const Fio& w, const Path& path) {
  const auto& ns = namespace_of(s, w);
  Demand load;
  load.bytes = w.bs_bytes;
  load.blocks = load.landed_blocks = load.bytes / ns.block_bytes;
  const bool writes = w.rw == workload::Pattern::write || w.rw == workload::Pattern::randwrite;
  const bool reads = w.rw == workload::Pattern::read || w.rw == workload::Pattern::randread;
  load.reads = writes ? 0.0 : reads ? 1.0 : w.rwmixread / 100.0;
  const auto region = w.size_bytes != 0 ? w.size_bytes : ns.size_bytes - w.offset_bytes;
  const std::uint64_t region_blocks = region / ns.block_bytes;
  load.region_blocks = static_cast<double>(region_blocks);
  load.random = w.rw == workload::Pattern::randwrite || w.rw == workload::Pattern::randrw;
  const double wire = load.bytes * 8 / std::max(path.bits_per_s, 1.0);
  const double media =
      load.reads * low_of(ns.media.read) + (1 - load.reads) * low_of(ns.media.write);
  const double io_s = media + 2 * path.hops * path.delay_s + wire + seconds(w.thinktime);
  double rate = std::min(w.iodepth / std::max(io_s, 1e-9), 1 / std::max(wire, 1e-12));
  if (ns.media.parallel != 0 && media > 0)
    rate = std::min(rate, ns.media.parallel / media);
  if (w.rate_iops != 0)
    rate = std::min(rate, static_cast<double>(w.rate_iops));
  if (w.rate_bytes_per_s != 0)
    rate = std::min(rate, static_cast<double>(w.rate_bytes_per_s) / load.bytes);
  double time = time_left(s, w);
  if (w.runtime > Duration{0})
    time = std::min(time, seconds(w.runtime));
  load.ios = w.numjobs * rate * time;
  return load;
}

}  // namespace holdfast::analysis
