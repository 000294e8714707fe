// SPDX-License-Identifier: Apache-2.0
// Cross checks of what happens in the world: workloads and faults; see check.hpp.
#include <map>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "models/scenario/checks/internal.hpp"

namespace holdfast::scenario::check {
namespace {

constexpr std::uint64_t most_outstanding = 65'536;

/// As many workloads as hosts look for theirs.
using HostsByName = std::map<std::string_view, const Host*>;

// The namespace a workload runs on; fills in the subsystem when there is only one candidate.
template <class W>
const Namespace& resolve_target(const Scenario& s, const HostsByName& hosts, W& w,
                                const Cursor& at) {
  const auto found = hosts.find(w.host);
  const Host& host = found != hosts.end() ? *found->second : host_named(s, w.host, at.at("host"));
  std::vector<std::string> reachable;
  for (const auto& connect : host.connect) {
    if (connect.subsystem != discovery_name && !contains(reachable, connect.subsystem))
      reachable.push_back(connect.subsystem);
  }
  if (w.subsystem == discovery_name) {
    at.at("subsystem")
        .fail(in_quotes(w.subsystem) + ", which has no namespaces", "a subsystem with namespaces");
  }
  if (reachable.empty()) {
    at.at("host").fail(in_quotes(w.host) + ", which connects to discovery controllers only",
                       "a host that connects to a subsystem");
  }
  if (w.subsystem.empty()) {
    if (reachable.size() > 1) {
      at.fail("no \"subsystem\"", fmt::format("one, because {} connects to several: {}",
                                              in_quotes(w.host), one_of(reachable)));
    }
    w.subsystem = reachable.front();
  }
  require_name(at.at("subsystem"), w.subsystem,
               fmt::format("a subsystem that {} connects to", in_quotes(w.host)).c_str(),
               reachable);
  const auto& subsystem = subsystem_named(s, w.subsystem, at.at("subsystem"));
  std::vector<std::string> ids;
  for (const auto& ns : subsystem.namespaces) {
    if (ns.nsid == w.nsid) {
      if (w.start < s.duration)
        return ns;
      at.at("start").fail(format_duration(w.start),
                          "before the end of the run at " + format_duration(s.duration));
    }
    ids.push_back(std::to_string(ns.nsid));
  }
  at.at("nsid").fail(fmt::format("namespace {} unknown", w.nsid),
                     fmt::format("a namespace of {}: {}", in_quotes(subsystem.name), one_of(ids)));
}

// rw_test writes one block of 4,096 bytes at offset 0 (protocol.md 9.4).
void check_job(const RwTest&, const Namespace& ns, const Cursor& at) {
  constexpr std::uint64_t block = 4096;
  if (block % ns.block_bytes != 0 || ns.size_bytes < block) {
    at.at("nsid").fail(fmt::format("namespace {} with blocks of {} and size {}", ns.nsid,
                                   format_size(ns.block_bytes), format_size(ns.size_bytes)),
                       "a namespace in which 4,096 bytes are whole blocks");
  }
}

void check_job(const Fio& fio, const Namespace& ns, const Cursor& at) {
  const auto block = "a multiple of the namespace's block_size " + format_size(ns.block_bytes);
  if (fio.bs_bytes % ns.block_bytes != 0)
    at.at("bs").fail(format_size(fio.bs_bytes), block);
  if (fio.offset_bytes % ns.block_bytes != 0) {
    at.at("offset").fail(format_size(fio.offset_bytes), block);
  }
  const auto end = std::max(fio.offset_bytes + fio.bs_bytes, fio.offset_bytes + fio.size_bytes);
  if (end > ns.size_bytes) {
    at.at(fio.size_bytes == 0 ? "offset" : "size")
        .fail("a region that ends at " + format_size(end),
              "a region within the namespace of " + format_size(ns.size_bytes));
  }
  if (fio.size_bytes != 0 && fio.size_bytes < fio.bs_bytes) {
    at.at("size").fail(format_size(fio.size_bytes), "at least bs " + format_size(fio.bs_bytes));
  }
}

/// What a step says beyond what it does would be lost without a word. Documents that name all keys,
/// as those do that a run writes, have the defaults there.
void refuse_unused(const ScriptStep& step, const Cursor& at) {
  using Do = ScriptStep::Do;
  const ScriptStep plain;
  const Do what = step.what;
  const bool on_zone = what == Do::zone_append || what == Do::zone_reset;
  const bool reserves =
      what == Do::reg || what == Do::acquire || what == Do::preempt || what == Do::release;
  const bool names_blocks = !on_zone && !reserves && what != Do::wait && what != Do::flush;
  const bool compares = what == Do::compare || what == Do::compare_and_write;
  const struct {
    const char* key;
    bool is_said, counts;
    const char* of;
  } keys[] = {
      {"for", step.pause != plain.pause, what == Do::wait, "wait"},
      {"lba", step.lba != plain.lba, names_blocks, "name blocks"},
      {"blocks", step.blocks != plain.blocks, names_blocks || what == Do::zone_append,
       "name blocks"},
      {"from", step.from != plain.from, what == Do::copy, "copy"},
      {"ranges", step.ranges != plain.ranges, what == Do::deallocate, "deallocate"},
      {"zone", step.zone != plain.zone, on_zone, "append to a zone or reset it"},
      {"expects", step.expects != plain.expects, compares, "compare"},
      {"key", step.key != plain.key, reserves, "are about reservations"},
      {"victim", step.victim != plain.victim, what == Do::preempt, "preempt"},
  };
  for (const auto& one : keys) {
    if (one.is_said && !one.counts)
      at.at(one.key).fail_value(fmt::format("no {} but in steps that {}", one.key, one.of));
  }
}

/// How far a step of a script reaches, and whether it can be done there at all.
void check_step(const ScriptStep& step, const Namespace& ns, const Cursor& at) {
  using Do = ScriptStep::Do;
  constexpr std::uint64_t largest_transfer = 1U << 20;
  const std::uint64_t blocks = ns.size_bytes / ns.block_bytes;
  refuse_unused(step, at);
  const bool on_zone = step.what == Do::zone_append || step.what == Do::zone_reset;
  if (on_zone) {
    if (!ns.zoned)
      at.at("do").fail(fmt::format("namespace {} without zones", ns.nsid), "a zoned namespace");
    const std::uint64_t zones = ns.size_bytes / ns.zoned->zone_bytes;
    if (step.zone >= zones) {
      at.at("zone").fail(fmt::format("zone {}", step.zone),
                         fmt::format("a zone of the namespace, 0 to {}", zones - 1));
    }
  } else if (step.lba >= blocks || step.blocks > blocks - step.lba) {
    at.at("lba").fail(fmt::format("blocks {} to {}", step.lba, step.lba + step.blocks - 1),
                      fmt::format("blocks of the namespace, 0 to {}", blocks - 1));
  }
  if (step.what == Do::copy && (step.from >= blocks || step.blocks > blocks - step.from)) {
    at.at("from").fail(fmt::format("blocks {} to {}", step.from, step.from + step.blocks - 1),
                       fmt::format("blocks of the namespace, 0 to {}", blocks - 1));
  }
  const bool moves_data = step.what == Do::read || step.what == Do::write ||
                          step.what == Do::compare || step.what == Do::compare_and_write ||
                          step.what == Do::zone_append;
  if (moves_data && std::uint64_t{step.blocks} * ns.block_bytes > largest_transfer) {
    at.at("blocks").fail(fmt::format("{} blocks of {}", step.blocks, format_size(ns.block_bytes)),
                         "a transfer of at most " + format_size(largest_transfer));
  }
  if (step.what == Do::deallocate && step.ranges > step.blocks) {
    at.at("ranges").fail(fmt::format("{} ranges for {} blocks", step.ranges, step.blocks),
                         "at most one range per block");
  }
}

void check_job(const Script& script, const Namespace& ns, const Cursor& at) {
  for (std::size_t i = 0; i < script.steps.size(); ++i)
    check_step(script.steps[i], ns, at.at("steps").at(i));
}

/// rw_test and fio write where they like; only a script knows of write pointers.
template <class W>
void refuse_zones(const W&, const Namespace& ns, const Cursor& at) {
  if (ns.zoned) {
    at.at("nsid").fail(fmt::format("namespace {} with zones", ns.nsid),
                       "a namespace without zones, or a script");
  }
}
void refuse_zones(const Script&, const Namespace&, const Cursor&) {}

template <class W>
void check_workload(const Scenario& s, const HostsByName& hosts, W& w, const Cursor& at) {
  const Namespace& ns = resolve_target(s, hosts, w, at);
  refuse_zones(w, ns, at);
  check_job(w, ns, at);
}

}  // namespace

void workloads(Scenario& s, const Cursor& at) {
  HostsByName hosts;
  for (const Host& host : s.hosts)
    hosts.emplace(host.name, &host);
  std::uint64_t outstanding = 0;
  for (std::size_t i = 0; i < s.workloads.size(); ++i) {
    const Cursor here = at.at(i);
    std::visit([&](auto& w) { check_workload(s, hosts, w, here); }, s.workloads[i]);
    const auto* fio = std::get_if<Fio>(&s.workloads[i]);
    outstanding += fio == nullptr ? 1 : std::uint64_t{fio->iodepth} * fio->numjobs;
    if (outstanding > most_outstanding) {
      here.fail(fmt::format("{} I/Os in flight in all (iodepth x numjobs)", outstanding),
                fmt::format("at most {}", most_outstanding));
    }
  }
}

namespace {

// References of a fault, by kind of fault. What strikes links may repeat.
template <class F>
requires std::is_base_of_v<Repeating, F>
void check_fault(const Scenario& s, const F& fault, const std::vector<std::string>&,
                 const Cursor& at) {
  require_name(at.at("link"), fault.link, "a link or a group of links", links_and_groups(s));
  repetition(fault, fault, at);
  if constexpr (std::is_base_of_v<Selective, F>)
    selection(s, fault, at);
  if constexpr (std::is_same_v<F, Impair>)
    network_fault(s, fault, at);
  if constexpr (std::is_same_v<F, LinkDown>)
    leg(s, fault, at);
}

template <class F>
concept StrikesNetwork = !std::is_base_of_v<Repeating, F> &&
                         requires(const Scenario& s, const F& fault, const Cursor& at) {
  network_fault(s, fault, at);
};
template <StrikesNetwork F>
void check_fault(const Scenario& s, const F& fault, const std::vector<std::string>&,
                 const Cursor& at) {
  network_fault(s, fault, at);
}

// A controller id that the subsystem may give out.
void check_controller(const Scenario& s, const TargetController& fault, const Cursor& at) {
  const auto& subsystem = subsystem_named(s, fault.subsystem, at.at("subsystem"));
  const bool in_range = fault.controller >= subsystem.attr_cntlid_min &&
                        fault.controller <= subsystem.attr_cntlid_max;
  if (in_range)
    return;
  at.at("controller")
      .fail(fmt::format("controller {}", fault.controller),
            fmt::format("a controller id of {}, {} to {}", in_quotes(subsystem.name),
                        subsystem.attr_cntlid_min, subsystem.attr_cntlid_max));
}

void check_fault(const Scenario& s, const CommandFault& fault, const std::vector<std::string>&,
                 const Cursor& at) {
  check_controller(s, fault, at);
  page(fault, fault.admin, fault.opcode, at);
}

void check_fault(const Scenario& s, const CommandStatus& fault, const std::vector<std::string>&,
                 const Cursor& at) {
  check_controller(s, fault, at);
  page(fault, fault.admin, fault.opcode, at);
}

template <class F>
concept GoesAstray = requires(const Scenario& s, const F& fault, const Cursor& at) {
  astray(s, fault, at);
};
template <GoesAstray F>
void check_fault(const Scenario& s, const F& fault, const std::vector<std::string>&,
                 const Cursor& at) {
  if constexpr (std::is_base_of_v<TargetController, F>)
    check_controller(s, fault, at);
  astray(s, fault, at);
}

void check_fault(const Scenario& s, const AnaChange& change, const std::vector<std::string>&,
                 const Cursor& at) {
  const auto& subsystem = subsystem_named(s, change.subsystem, at.at("subsystem"));
  ana_place(subsystem, change.port, change.group, at);
}

void check_fault(const Scenario& s, const SetAttrCqt& change, const std::vector<std::string>&,
                 const Cursor& at) {
  subsystem_named(s, change.subsystem, at.at("subsystem"));
}

// What an administrator names: a host and the device of one of its connections.
void check_device(const Scenario& s, const Device& device, const Cursor& at) {
  device_named(host_named(s, device.host, at.at("host")), device.controller, at.at("controller"));
}

void check_fault(const Scenario& s, const Passthrough& action, const std::vector<std::string>&,
                 const Cursor& at) {
  check_device(s, action, at);
}

void check_fault(const Scenario& s, const OperatorAction& action, const std::vector<std::string>&,
                 const Cursor& at) {
  check_device(s, action, at);
  if (action.kind != OperatorAction::Kind::ccr)
    return;
  device_named(host_named(s, action.host, at.at("host")), action.source, at.at("source"));
  if (action.source == action.controller)
    at.at("source").fail(in_quotes(action.source) + ", the impacted controller itself",
                         "another controller of the host");
}

void check_fault(const Scenario& s, const HcaRemoved& fault, const std::vector<std::string>& links,
                 const Cursor& at) {
  require_name(at.at("host"), fault.host, "a host", names_of(s.hosts));
  require_name(at.at("link"), fault.link, "a link", links);
  const auto& link = *std::find_if(s.fabric.links.begin(), s.fabric.links.end(),
                                   [&](const Link& one) { return one.name == fault.link; });
  if (!contains({link.ends[0], link.ends[1]}, fault.host))
    at.at("link").fail(
        fmt::format("{}, which does not end in {}", in_quotes(fault.link), in_quotes(fault.host)),
        "a link of the host");
  if (s.fabric.transport != Transport::rdma)
    at.at("type").fail("\"hca_removed\" with another transport", "\"transport\": \"rdma\"");
}

void check_fault(const Scenario& s, const RemotePortLost& fault, const std::vector<std::string>&,
                 const Cursor& at) {
  if (s.fabric.transport != Transport::fc)
    at.at("type").fail("remote_port_lost", "a fabric with \"transport\": \"fc\"");
  const Host& host = host_named(s, fault.host, at.at("host"));
  std::vector<std::string> ports;
  for (const auto& connect : host.connect) {
    if (!contains(ports, connect.port))
      ports.push_back(connect.port);
  }
  const auto what = fmt::format("a port that {} connects to", in_quotes(host.name));
  require_name(at.at("port"), fault.port, what.c_str(), ports);
}

void check_fault(const Scenario& s, const AdminStall& fault, const std::vector<std::string>&,
                 const Cursor& at) {
  check_controller(s, fault, at);
}

void check_fault(const Scenario& s, const NodeFault& fault, const std::vector<std::string>&,
                 const Cursor& at) {
  const auto& subsystem = subsystem_named(s, fault.subsystem, at.at("subsystem"));
  require_name(at.at("node"), fault.node,
               fmt::format("a node of {}", in_quotes(subsystem.name)).c_str(),
               names_of(subsystem.nodes));
  node_clock(fault, at);
}

/// Packets inside impairments: each has an event of its own, and the calendar holds 2^23.
void check_limits(const Impair& fault, std::uint64_t links, std::uint64_t& delayed,
                  const Cursor& at) {
  constexpr std::uint64_t most_delayed = 4'194'304;
  delayed += std::uint64_t{fault.limit} * (fault.direction == Direction::both ? 2 : 1) * links;
  if (delayed > most_delayed) {
    at.at("limit").fail(
        fmt::format("{} packets inside impairments in all (limit x directions x links)", delayed),
        fmt::format("at most {}", most_delayed));
  }
}

}  // namespace

void faults(const Scenario& s, const Cursor& at) {
  const auto links = names_of(s.fabric.links);
  std::uint64_t delayed = 0;
  Strikes strikes(s);
  for (std::size_t i = 0; i < s.faults.size(); ++i) {
    const Cursor here = at.at(i);
    std::visit(
        [&](const auto& fault) {
          check_fault(s, fault, links, here);
          if constexpr (std::is_same_v<std::decay_t<decltype(fault)>, Impair>)
            check_limits(fault, strikes.links_of(fault.link), delayed, here);
          // An exponential instant has no latest value: its earliest one must be within the run.
          const Duration last = latest(fault.at);
          if (last < s.duration)
            return;
          here.at("at").fail(format_duration(last),
                             "before the end of the run at " + format_duration(s.duration));
        },
        s.faults[i]);
    strikes.add(s.faults[i], here);
  }
}

}  // namespace holdfast::scenario::check
