// SPDX-License-Identifier: Apache-2.0
// Builds applications.
#include <algorithm>

#include "models/scenario/builder/builder.hpp"
#include "models/scenario/builder/internal.hpp"
#include "models/workload/workload.hpp"

namespace holdfast::scenario {

namespace {

/// What all programs have in common: where they run, and from when on.
template <class W>
workload::Job job_of(const std::string& name, const W& spec, const Names& names) {
  workload::Job job;
  job.name = name;
  job.head = names.heads.at({spec.host, spec.subsystem, spec.nsid});
  job.start = sim::epoch + spec.start;
  return job;
}

void build_workload(World& w, const RwTest& r, const Names& names) {
  workload::Job job = job_of("rw_test", r, names);
  workload::RwTest t;
  t.iterations = r.iterations;
  t.writes = r.writes;
  t.sleep_before_read = r.sleep_before_read;
  t.sleep_after_read = r.sleep_after_read;
  job.program = t;
  workload::add_job(w, job);
}

void build_workload(World& w, const Fio& f, const Names& names) {
  for (std::uint32_t i = 0; i < f.numjobs; ++i) {
    workload::Job job = job_of(f.name, f, names);
    job.cpu = i;
    workload::Fio p;
    p.pattern = f.rw;
    p.block_bytes = f.bs_bytes;
    p.depth = f.iodepth;
    p.read_percent = f.rwmixread;
    p.offset_bytes = f.offset_bytes;
    p.size_bytes = f.size_bytes;
    // The lower of the two rates binds.
    if (f.rate_iops != 0)
      p.interval = Duration{1'000'000'000 / static_cast<std::int64_t>(f.rate_iops)};
    if (f.rate_bytes_per_s != 0) {
      const auto by_bytes = Duration{static_cast<std::int64_t>(
          std::uint64_t{f.bs_bytes} * 1'000'000'000u / f.rate_bytes_per_s)};
      p.interval = std::max(p.interval, by_bytes);
    }
    p.thinktime = f.thinktime;
    if (f.runtime > 0s)
      p.end = job.start + f.runtime;
    job.program = p;
    workload::add_job(w, job);
  }
}

host::IoKind kind_of(ScriptStep::Do what) {
  using Do = ScriptStep::Do;
  switch (what) {
    case Do::wait:
    case Do::read:
      return host::IoKind::read;
    case Do::write:
      return host::IoKind::write;
    case Do::flush:
      return host::IoKind::flush;
    case Do::write_zeroes:
      return host::IoKind::write_zeroes;
    case Do::deallocate:
      return host::IoKind::deallocate;
    case Do::compare:
      return host::IoKind::compare;
    case Do::compare_and_write:
      return host::IoKind::compare_and_write;
    case Do::copy:
      return host::IoKind::copy;
    case Do::zone_append:
      return host::IoKind::zone_append;
    case Do::zone_reset:
      return host::IoKind::zone_reset;
    case Do::reg:
      return host::IoKind::reservation_register;
    case Do::acquire:
      return host::IoKind::reservation_acquire;
    case Do::preempt:
      return host::IoKind::reservation_preempt;
    case Do::release:
      return host::IoKind::reservation_release;
  }
  return host::IoKind::read;
}

std::uint32_t zone_blocks_of(const World& w, host::HeadId head) {
  const DiskId disk = w.host.heads[sim::index(head)].disk;
  const auto& all = w.target.namespaces;
  const auto place = std::find_if(all.begin(), all.end(),
                                  [&](const target::Namespace& n) { return n.disk == disk; });
  return static_cast<std::uint32_t>(place->zone_blocks);
}

workload::Step step_of(const ScriptStep& s, std::uint32_t zone_blocks) {
  workload::Step out;
  out.waits = s.what == ScriptStep::Do::wait;
  out.pause = s.pause;
  out.kind = kind_of(s.what);
  out.lba = s.lba;
  out.blocks = s.blocks;
  out.from = s.from;
  out.ranges = s.ranges;
  out.expects_zeroes = s.expects == ScriptStep::Expects::zeroes;
  out.key = s.key;
  out.victim = s.victim;
  if (out.kind == host::IoKind::zone_append || out.kind == host::IoKind::zone_reset)
    out.lba = std::uint64_t{s.zone} * zone_blocks;
  if (out.kind == host::IoKind::zone_reset)
    out.blocks = zone_blocks;
  return out;
}

void build_workload(World& w, const Script& s, const Names& names) {
  workload::Job job = job_of("script", s, names);
  workload::Script script;
  for (const ScriptStep& step : s.steps)
    script.steps.push_back(step_of(step, zone_blocks_of(w, job.head)));
  script.repeat = s.repeat;
  job.program = script;
  workload::add_job(w, job);
}

}  // namespace

void build_workloads(World& w, const Scenario& s, const Names& names) {
  for (const Workload& one : s.workloads) {
    std::visit([&](const auto& spec) { build_workload(w, spec, names); }, one);
  }
}

}  // namespace holdfast::scenario
