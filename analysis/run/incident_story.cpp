// SPDX-License-Identifier: Apache-2.0
// Incidents as timelines.
#include "analysis/run/incident_story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "analysis/traces/fault_name.hpp"
#include "models/host/host.hpp"
#include "models/oracle/strikes.hpp"

namespace holdfast::analysis {

using oracle::Incident;
using oracle::Operation;
using sim::TimePoint;

namespace {

struct Sentence {
  TimePoint at;
  std::string event;
  std::string text;
};

std::string controller_name(const World& w, host::ControllerId controller) {
  return w.host.controllers[sim::index(controller)].name;
}

const target::Namespace& namespace_of(const World& w, DiskId disk) {
  return *std::find_if(w.target.namespaces.begin(), w.target.namespaces.end(),
                       [&](const target::Namespace& n) { return n.disk == disk; });
}

std::string host_of_job(const World& w, std::uint32_t job) {
  const host::Head& head = w.host.heads[sim::index(w.workload.jobs[job].head)];
  return w.host.hosts[sim::index(head.host)].name;
}

bool struck_at(const fault::Fault& f, TimePoint at) {
  if (f.struck == 0 || at < f.at)
    return false;
  return f.every == sim::Duration{} ? at == f.at : (at - f.at) % f.every == sim::Duration{};
}

/// A command that a fault delays is late when it comes, not when the fault begins: the last fault
/// that had begun for the controller of the target.
const fault::Fault* delayed_by(const World& w, std::uint16_t cntlid, TimePoint at) {
  const fault::Fault* last = nullptr;
  for (const fault::Fault& f : w.fault.faults) {
    const auto* delay = std::get_if<fault::CommandDelay>(&f.what);
    const bool fits = delay != nullptr && delay->command.cntlid == cntlid && f.struck > 0;
    if (fits && f.at <= at && (last == nullptr || f.at >= last->at))
      last = &f;
  }
  return last;
}

/// What harmed the connections of an attempt's controller at an instant.
std::string fault_at(const World& w, const oracle::Attempt& a, TimePoint at) {
  std::vector<std::string> names;
  for (const fault::Fault& f : w.fault.faults) {
    if (struck_at(f, at) && oracle::strikes(w, f, a.controller))
      names.push_back(fault_name(w, f));
  }
  const fault::Fault* delay = delayed_by(w, a.target_cntlid, at);
  if (names.empty() && delay != nullptr)
    names.push_back(fault_name(w, *delay));
  if (names.empty())
    return fmt::format("a fault strikes {}", controller_name(w, a.controller));
  return fmt::format("fault on {}: {}", controller_name(w, a.controller), fmt::join(names, "; "));
}

/// The recovery that gave an attempt up may have had a fault before it.
void add_fault_before(const World& w, const oracle::Attempt& a, std::vector<Sentence>& out) {
  for (const oracle::Recovery& r : w.recovery.recoveries) {
    if (r.controller != a.controller || r.released != a.abandoned || r.fault == sim::never)
      continue;
    out.push_back({r.fault, "fault", fault_at(w, a, r.fault)});
    return;
  }
}

/// "write 7", or what else the operation is.
std::string name_of(const World& w, std::uint64_t serial) {
  const host::IoKind kind = w.oracle.operations[serial - 1].kind;
  return fmt::format("{} {}", host::io_kind_name(kind), serial);
}

void add_write(const World& w, std::uint64_t serial, std::vector<Sentence>& out) {
  const Operation& op = w.oracle.operations[serial - 1];
  const std::string name = name_of(w, serial);
  out.push_back(
      {op.submitted, "submitted", fmt::format("application submits {} to block {}", name, op.lba)});
  if (op.completed == sim::never)
    return;
  out.push_back({op.completed, op.status == 0 ? "acknowledged" : "failed",
                 op.status == 0 ? fmt::format("{} is acknowledged to the application", name)
                                : fmt::format("{} fails with status 0x{:x}", name, op.status)});
}

/// The attempt that did it, if the oracle still knew it.
void add_attempt(const World& w, const Incident& i, std::vector<Sentence>& out) {
  const auto& a = i.attempt;
  if (a.token == Token{})
    return;
  const std::string name = name_of(w, i.serial);
  const std::string path = controller_name(w, a.controller);
  out.push_back({a.sent, "sent",
                 fmt::format("{} is sent over {} to controller {}", name, path, a.target_cntlid)});
  if (a.abandoned != sim::never) {
    add_fault_before(w, a, out);
    out.push_back({a.abandoned, "given up", fmt::format("host gives the attempt on {} up", path)});
  }
  if (i.retry_sent != sim::never) {
    out.push_back(
        {i.retry_sent, "retried",
         fmt::format("{} is retried over {}", name, controller_name(w, i.retry_controller))});
  }
}

void add_stale_write(const World& w, const Incident& i, std::vector<Sentence>& out) {
  add_write(w, i.serial, out);
  add_write(w, i.other_serial, out);
  add_attempt(w, i, out);
  out.push_back(
      {i.at, "stale write",
       fmt::format("the stale attempt of {} lands through controller {} and "
                   "overwrites {}",
                   name_of(w, i.serial), i.attempt.target_cntlid, name_of(w, i.other_serial))});
}

void add_misplaced_write(const World& w, const Incident& i, std::vector<Sentence>& out) {
  add_write(w, i.serial, out);
  add_write(w, i.other_serial, out);
  add_attempt(w, i, out);
  out.push_back({i.at, "misplaced write",
                 fmt::format("the old attempt of {} lands with the data of {}, which the buffer "
                             "held by then",
                             name_of(w, i.serial), name_of(w, i.other_serial))});
}

void add_duplicate(const World& w, const Incident& i, std::vector<Sentence>& out) {
  add_write(w, i.serial, out);
  add_attempt(w, i, out);
  const bool told = w.oracle.operations[i.serial - 1].status != 0;
  out.push_back({i.at, "duplicate effect",
                 name_of(w, i.serial) + (told ? " is reported as failed, but it took effect"
                                              : " takes effect a second time")});
}

void add_stale_read(const World& w, const Incident& i, std::vector<Sentence>& out) {
  const Operation& op = w.oracle.operations[i.serial - 1];
  out.push_back({op.submitted, "submitted",
                 fmt::format("application submits read {} of block {}", i.serial, i.lba)});
  if (i.other_serial != 0)
    add_write(w, i.other_serial, out);
  out.push_back(
      {i.at, "stale read",
       i.other_serial == 0
           ? fmt::format("read {} returns a block as if it had never been written", i.serial)
           : fmt::format("read {} returns write {}, which a later write that was "
                         "acknowledged before had replaced",
                         i.serial, i.other_serial)});
}

}  // namespace

nlohmann::json tell(const World& w, const Incident& i) {
  std::vector<Sentence> moments;
  std::string kind = "stale_write";
  if (i.type == Incident::Type::stale_write) {
    add_stale_write(w, i, moments);
  } else if (i.type == Incident::Type::stale_read) {
    kind = "stale_read";
    add_stale_read(w, i, moments);
  } else if (i.type == Incident::Type::misplaced_write) {
    kind = "misplaced_write";
    add_misplaced_write(w, i, moments);
  } else if (i.type == Incident::Type::duplicate_effect) {
    kind = "duplicate_effect";
    add_duplicate(w, i, moments);
  } else {
    kind = "lost_write";
    add_write(w, i.serial, moments);
  }
  std::stable_sort(moments.begin(), moments.end(),
                   [](const Sentence& a, const Sentence& b) { return a.at < b.at; });
  nlohmann::json timeline = nlohmann::json::array();
  for (const Sentence& m : moments) {
    timeline.push_back({{"t_s", sim::seconds(m.at)}, {"event", m.event}, {"text", m.text}});
  }
  const target::Namespace& n = namespace_of(w, i.disk);
  const std::string& nqn = w.target.nqns[sim::index(n.subsystem)];
  const char* who = i.type == Incident::Type::stale_read ? "read" : "write";
  return {{"kind", kind},
          {"host", host_of_job(w, w.oracle.operations[i.serial - 1].job)},
          {"namespace", fmt::format("{}/{}", nqn, n.nsid)},
          {"lba", i.lba},
          {who, i.serial},
          {"timeline", timeline}};
}

}  // namespace holdfast::analysis
