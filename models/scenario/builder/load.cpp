// SPDX-License-Identifier: Apache-2.0
// Builds what happens in a world: applications and faults.
#include <algorithm>
#include <array>

#include "models/scenario/builder/builder.hpp"
#include "models/scenario/builder/internal.hpp"
#include "models/workload/workload.hpp"

namespace holdfast::scenario {

namespace {

void build_workload(World& w, const RwTest& r, const Names& names) {
  workload::Job job;
  job.name = "rw_test";
  job.type = workload::JobType::rw_test;
  job.head = names.heads.at({r.host, r.subsystem, r.nsid});
  job.start = sim::epoch + r.start;
  job.rw_test.iterations = r.iterations;
  job.rw_test.writes = r.writes;
  job.rw_test.sleep_before_read = r.sleep_before_read;
  job.rw_test.sleep_after_read = r.sleep_after_read;
  workload::add_job(w, job);
}

void build_workload(World& w, const Fio& f, const Names& names) {
  for (std::uint32_t i = 0; i < f.numjobs; ++i) {
    workload::Job job;
    job.name = f.name;
    job.type = workload::JobType::fio;
    job.head = names.heads.at({f.host, f.subsystem, f.nsid});
    job.cpu = i;
    job.start = sim::epoch + f.start;
    workload::Fio& p = job.fio;
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
  const std::uint32_t disk = w.host.heads[sim::index(head)].disk;
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
  workload::Job job;
  job.name = "script";
  job.type = workload::JobType::script;
  job.head = names.heads.at({s.host, s.subsystem, s.nsid});
  job.start = sim::epoch + s.start;
  for (const ScriptStep& step : s.steps)
    job.script.steps.push_back(step_of(step, zone_blocks_of(w, job.head)));
  job.script.repeat = s.repeat;
  workload::add_job(w, job);
}

/// Choice points of a fault are named by its place in the list.
std::string entity_of(const World& w) { return "fault " + std::to_string(w.fault.faults.size()); }

/// Draws when a fault strikes.
void set_times(World& w, fault::Fault& out, const Latency& at,
               const std::optional<Duration>& until_after) {
  out.at = sim::epoch + draw(w.choices, w.choices.add(entity_of(w), "at"), span_of(at));
  if (until_after)
    out.until = out.at + *until_after;
}

void set_repetition(fault::Fault& out, const std::optional<Duration>& every,
                    const std::optional<std::uint32_t>& times) {
  out.every = every.value_or(0s);
  out.times = times.value_or(0);
}

void set_direction(fault::Fault& out, Direction direction) {
  out.forward = direction != Direction::backward;
  out.backward = direction != Direction::forward;
}

fault::Fault fault_of(World& w, const Blackhole& f, const Names& names) {
  fault::Fault out;
  out.type = fault::Type::blackhole;
  out.link = names.links.at(f.link);
  set_direction(out, f.direction);
  set_times(w, out, f.at, f.until_after);
  set_repetition(out, f.every, f.times);
  fill_in(w, out, f, names, entity_of(w));
  return out;
}

fault::Fault fault_of(World& w, const LinkDown& f, const Names& names) {
  fault::Fault out;
  out.type = fault::Type::link_down;
  out.link = names.links.at(f.link);
  set_times(w, out, f.at, f.until_after);
  set_repetition(out, f.every, f.times);
  return out;
}

fault::Fault fault_of(World& w, const Loss& f, const Names& names) {
  fault::Fault out;
  out.type = fault::Type::loss;
  out.link = names.links.at(f.link);
  out.probability = f.probability;
  set_direction(out, f.direction);
  set_times(w, out, f.at, f.until_after);
  set_repetition(out, f.every, f.times);
  fill_in(w, out, f, names, entity_of(w));
  return out;
}

fault::Fault fault_of(World& w, const CommandFault& f, const Names& names) {
  fault::Fault out;
  out.type = fault::Type::command;
  out.subsystem = names.subsystems.at(f.subsystem);
  out.command = {f.controller, f.opcode, f.fatal, f.count == 0, f.count, f.delay};
  set_times(w, out, f.at, std::nullopt);
  return out;
}

fault::Fault fault_of(World& w, const CommandStatus& f, const Names& names) {
  fault::Fault out;
  out.type = fault::Type::command_status;
  out.subsystem = names.subsystems.at(f.subsystem);
  const auto status = wire::Status(f.status).with_crd(f.crd);
  out.status = {f.controller, f.admin, f.opcode, f.dnr ? status.with_dnr() : status,
                f.count == 0, f.count};
  set_times(w, out, f.at, std::nullopt);
  return out;
}

fault::Fault fault_of(World& w, const AnaChange& f, const Names& names) {
  fault::Fault out;
  out.type = fault::Type::ana_change;
  out.subsystem = names.subsystems.at(f.subsystem);
  out.ana = {names.ports.at(f.port), f.group, f.state};
  set_times(w, out, f.at, std::nullopt);
  return out;
}

fault::Fault fault_of(World& w, const OperatorAction& f, const Names& names) {
  static constexpr std::array types = {fault::Type::reset_controller,
                                       fault::Type::delete_controller, fault::Type::disconnect,
                                       fault::Type::passthrough_ccr};
  fault::Fault out;
  out.type = types[static_cast<std::size_t>(f.kind)];
  out.controller = names.controllers.at({f.host, f.controller});
  if (f.kind == OperatorAction::Kind::ccr) {
    out.source = names.controllers.at({f.host, f.source});
    out.ccr_names = f.names;
  }
  set_times(w, out, f.at, std::nullopt);
  return out;
}

fault::Fault fault_of(World& w, const Passthrough& f, const Names& names) {
  fault::Fault out;
  out.type = fault::Type::passthrough;
  out.controller = names.controllers.at({f.host, f.controller});
  wire::Command& command = out.passthrough;
  command.opcode = f.opcode;
  command.nsid = f.nsid;
  command.sgl = wire::transport_sgl(f.data_bytes);
  command.cdw10 = f.cdw10;
  command.cdw11 = f.cdw11;
  command.cdw12 = f.cdw12;
  command.cdw13 = f.cdw13;
  set_times(w, out, f.at, std::nullopt);
  return out;
}

fault::Fault fault_of(World& w, const HcaRemoved& f, const Names& names) {
  fault::Fault out;
  out.type = fault::Type::hca_removed;
  out.host = names.hosts.at(f.host);
  out.link = names.links.at(f.link);
  set_times(w, out, f.at, std::nullopt);
  return out;
}

fault::Fault fault_of(World& w, const RemotePortLost& f, const Names& names) {
  fault::Fault out;
  out.type = fault::Type::remote_port_lost;
  out.routes = {names.routes.at({f.host, f.port}), names.routes.at({f.port, f.host})};
  set_times(w, out, f.at, f.until_after);
  return out;
}

fault::Fault fault_of(World& w, const NodeFault& f, const Names& names) {
  fault::Fault out;
  out.type = fault::Type::node;
  out.node = names.array_nodes.at({f.subsystem, f.node});
  out.node_state = f.state;
  out.node_links = names.node_links.at({f.subsystem, f.node});
  set_times(w, out, f.at, f.until_after);
  return out;
}

fault::Fault fault_of(World& w, const AdminStall& f, const Names& names) {
  fault::Fault out;
  out.type = fault::Type::admin_stall;
  out.subsystem = names.subsystems.at(f.subsystem);
  out.cntlid = f.controller;
  set_times(w, out, f.at, f.until_after);
  return out;
}

fault::Fault fault_of(World& w, const Impair& f, const Names& names) {
  fault::Fault out;
  out.type = fault::Type::impair;
  out.link = names.links.at(f.link);
  set_direction(out, f.direction);
  set_times(w, out, f.at, f.until_after);
  set_repetition(out, f.every, f.times);
  fill_in(w, out, f, names, entity_of(w));
  return out;
}

/// Faults that happen at an instant, or last for a time, and say the rest in fill_in.
template <class F>
fault::Fault fault_of(World& w, const F& f, const Names& names) {
  fault::Fault out;
  if constexpr (requires { f.until_after; }) {
    set_times(w, out, f.at, f.until_after);
  } else {
    set_times(w, out, f.at, std::nullopt);
  }
  fill_in(w, out, f, names, entity_of(w));
  return out;
}

}  // namespace

void build_workloads(World& w, const Scenario& s, const Names& names) {
  for (const Workload& one : s.workloads) {
    std::visit([&](const auto& spec) { build_workload(w, spec, names); }, one);
  }
}

void build_faults(World& w, const Scenario& s, const Names& names) {
  for (const Fault& one : s.faults)
    add_fault(w, one, names);
}

void add_fault(World& w, const Fault& one, const Names& names) {
  fault::add_fault(w, std::visit([&](const auto& f) { return fault_of(w, f, names); }, one));
}

}  // namespace holdfast::scenario
