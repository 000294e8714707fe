// SPDX-License-Identifier: Apache-2.0
// Running two worlds and telling the first thing in which they differ.
#include "tests/property/laws.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/oracle/oracle.hpp"
#include "models/scenario/builder/builder.hpp"

namespace holdfast::laws {

namespace {

using oracle::Operation;
using sim::Record;

template <class Ids>
void map_named(std::vector<std::uint64_t>& out, const Ids& first, const Ids& second,
               const auto& renamed) {
  for (const auto& [name, id] : first) {
    const auto place = second.find(renamed(name));
    if (place == second.end())
      continue;
    const std::size_t at = sim::index(place->second);
    out.resize(std::max(out.size(), at + 1), nobody);
    out[at] = sim::index(id);
  }
}

std::string told(const Record& r) {
  const RecordInfo& kind = record_kinds[r.kind];
  std::string out = fmt::format("{} ns {}", r.time_ns, kind.name);
  for (std::size_t i = 0; i < kind.words; ++i)
    out += fmt::format(" {}={:#x}", kind.word[i], r.word[i]);
  return out;
}

/// What happens at one instant to several has no order of its own: who comes first in a list.
void sort_instants(std::vector<Record>& records) {
  std::stable_sort(records.begin(), records.end(), [](const Record& a, const Record& b) {
    return std::tie(a.time_ns, a.kind, a.word) < std::tie(b.time_ns, b.kind, b.word);
  });
}

/// What goes over the wire as a name: host and subsystem in the data of Connect, subsystems in what
/// a target tells of itself, and the host as the target's record has it.
void mask_names(std::vector<Record>& records) {
  for (Record& r : records) {
    const Kind kind{r.kind};
    const auto& known = record_kinds[r.kind];
    // CNTLID lies at 16; all else in the data of Connect are names.
    const bool name_of_host = kind == Kind::host_data && r.word[known.place("offset")] != 16;
    if (name_of_host || kind == Kind::target_data)
      r.word[known.place("value")] = 0;
    if (kind == Kind::controller_created)
      r.word[known.place("host")] = 0;
  }
}

std::string differing_record(std::vector<Record> first, std::vector<Record> second,
                             const Change& change) {
  if (change.masks_names) {
    mask_names(first);
    mask_names(second);
  }
  if (!change.order_within_instant) {
    sort_instants(first);
    sort_instants(second);
  }
  const auto [one, other] = std::mismatch(first.begin(), first.end(), second.begin(), second.end());
  if (one == first.end() && other == second.end())
    return {};
  std::string both;
  for (auto before = one - std::min<std::ptrdiff_t>(8, one - first.begin()); before != one;
       ++before)
    both += "\n  both    " + told(*before);
  return fmt::format("record {} of {} and {}:{}\n  first   {}\n  second  {}", one - first.begin(),
                     first.size(), second.size(), both,
                     one == first.end() ? "has ended" : told(*one),
                     other == second.end() ? "has ended" : told(*other));
}

std::int64_t earlier(sim::TimePoint t, sim::Duration later) {
  return t == sim::never || t == sim::TimePoint{} ? sim::ns(t) : sim::ns(t - later);
}

/// One row of the oracle, or of the log of recoveries, as numbers that two worlds share.
using Row = std::vector<std::int64_t>;

std::int64_t number(std::uint64_t n) { return static_cast<std::int64_t>(n); }

std::vector<Row> operation_rows(const World& w, const Scribe& names, sim::Duration later) {
  std::vector<Row> out;
  for (std::size_t i = 0; i < w.oracle.operations.size(); ++i) {
    const Operation& op = w.oracle.operations[i];
    if (names.operation(i + 1) == nobody)
      continue;
    out.push_back({number(names.operation(i + 1)), earlier(op.submitted, later),
                   earlier(op.completed, later), number(op.lba), earlier(op.newest_known, later),
                   op.blocks, op.status, static_cast<int>(op.kind), op.stale, op.effect});
  }
  return out;
}

std::vector<Row> exposure_rows(const World& w, const Scribe& names, sim::Duration later) {
  std::vector<Row> out;
  for (const auto& e : oracle::exposure_until(w.oracle, w.now()).windows) {
    const auto token = names.token(static_cast<std::uint64_t>(e.token));
    if (token != nobody) {
      out.push_back(
          {number(token), number(names.numbers().of(Role::controller, sim::index(e.controller))),
           earlier(e.released, later), earlier(e.settled, later), static_cast<int>(e.fate)});
    }
  }
  return out;
}

std::vector<Row> incident_rows(const World& w, const Scribe& names, sim::Duration later) {
  std::vector<Row> out;
  for (const oracle::Incident& i : w.oracle.incidents) {
    if (names.operation(i.serial) != nobody) {
      out.push_back({static_cast<int>(i.type), earlier(i.at, later), number(i.lba),
                     number(names.operation(i.serial)), number(names.operation(i.other_serial)),
                     earlier(i.retry_sent, later)});
    }
  }
  return out;
}

std::vector<Row> recovery_rows(const World& w, const Scribe& names, sim::Duration later) {
  std::vector<Row> out;
  for (const oracle::Recovery& r : w.recovery.recoveries) {
    const auto controller = names.numbers().of(Role::controller, sim::index(r.controller));
    if (controller == nobody)
      continue;
    out.push_back({number(controller), static_cast<int>(r.cause), earlier(r.fault, later),
                   earlier(r.detected, later), earlier(r.target_detected, later),
                   earlier(r.fence_started, later), earlier(r.hold_until, later),
                   earlier(r.released, later), earlier(r.first_retry_done, later),
                   earlier(r.reconnected, later), number(r.ccr_attempts),
                   earlier(r.ccr_done, later), number(r.cancelled), r.held});
  }
  return out;
}

std::string told(const Row& row) { return fmt::format("({})", fmt::join(row, ", ")); }

using Rows = std::vector<Row> (*)(const World&, const Scribe&, sim::Duration);

std::string differing_row(const First& first, const World& w, const Scribe& scribe,
                          const Change& change) {
  const std::pair<const char*, Rows> books[] = {{"operation", operation_rows},
                                                {"exposure", exposure_rows},
                                                {"incident", incident_rows},
                                                {"recovery", recovery_rows}};
  for (const auto& [book, rows_of] : books) {
    auto one = rows_of(first.built.w, first.scribe, {});
    auto other = rows_of(w, scribe, change.later);
    // The first incidents of a world are kept, and a neighbour's take places among them.
    if (rows_of == incident_rows && w.oracle.incidents.size() >= oracle::Oracle::incidents_kept) {
      one.resize(std::min(one.size(), other.size()));
      other.resize(one.size());
    }
    // The books are in order of time; within an instant they are not asked to be.
    std::sort(one.begin(), one.end());
    std::sort(other.begin(), other.end());
    const auto [a, b] = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
    if (a != one.end() || b != other.end()) {
      return fmt::format("{} rows, {} and {}:\n  first   {}\n  second  {}", book, one.size(),
                         other.size(), a == one.end() ? "has ended" : told(*a),
                         b == other.end() ? "has ended" : told(*b));
    }
  }
  return {};
}

}  // namespace

void build(Built& out, const Scenario& s, const std::function<void(World&)>& prepare) {
  if (prepare)
    prepare(out.w);
  out.names = scenario::build_named(out.w, s);
}

Numbers same_numbers(const Built& first) { return numbers_of(first, first, {}); }

Numbers numbers_of(const Built& first, const Built& second, const Change& change) {
  Numbers out;
  const auto of = [&](Role role) -> auto& { return out.first[static_cast<std::size_t>(role)]; };
  const auto name = change.renamed;
  const auto pair = [&](const auto& key) { return std::pair(name(key.first), name(key.second)); };
  const auto on_subsystem = [&](const auto& key) { return std::pair(name(key.first), key.second); };
  const auto named_head = [&](const auto& key) {
    return std::tuple(name(std::get<0>(key)), name(std::get<1>(key)), std::get<2>(key));
  };
  const scenario::Names& a = first.names;
  const scenario::Names& b = second.names;
  map_named(of(Role::net_node), a.nodes, b.nodes, name);
  map_named(of(Role::port), a.ports, b.ports, name);
  map_named(of(Role::subsystem), a.subsystems, b.subsystems, name);
  map_named(of(Role::node), a.array_nodes, b.array_nodes, pair);
  map_named(of(Role::disk), a.disks, b.disks, on_subsystem);
  map_named(of(Role::head), a.heads, b.heads, named_head);
  map_named(of(Role::controller), a.controllers, b.controllers, on_subsystem);
  std::vector<std::uint64_t> links;
  map_named(links, a.links, b.links, name);
  for (const std::uint64_t link : links) {
    of(Role::channel).push_back(link == nobody ? nobody : 2 * link);
    of(Role::channel).push_back(link == nobody ? nobody : 2 * link + 1);
  }
  // Discovery subsystems have no name; they are told by the ports where they listen.
  const auto& ones = first.w.target.subsystems;
  const auto& others = second.w.target.subsystems;
  of(Role::subsystem).resize(others.size(), nobody);
  for (std::size_t i = 0; i < others.size(); ++i) {
    for (std::size_t k = 0; others[i].discovery && k < ones.size(); ++k) {
      const auto port = out.of(Role::port, sim::index(others[i].ports[0]));
      if (ones[k].discovery && sim::index(ones[k].ports[0]) == port)
        of(Role::subsystem)[i] = k;
    }
  }
  of(Role::job).resize(second.w.workload.jobs.size(), nobody);
  for (std::size_t i = 0; i < first.w.workload.jobs.size(); ++i)
    of(Role::job)[change.jobs.empty() ? i : change.jobs[i]] = i;
  of(Role::fault).assign(change.faults_before, nobody);
  for (std::size_t i = 0; i < first.w.fault.faults.size(); ++i)
    of(Role::fault).push_back(i);
  return out;
}

First::First(const Scenario& scenario, std::uint64_t most_records, bool record_choices)
    : s(scenario),
      scribe((build(built, s,
                    [&](World& w) {
                      if (record_choices)
                        w.choices.start_recording();
                    }),
              built.w),
             same_numbers(built), {}) {
  World& w = built.w;
  w.trace.attach(&scribe);
  const sim::Duration step = std::max(s.duration / 64, sim::Duration{1});
  while (w.now() < sim::epoch + s.duration && w.trace.records() < most_records) {
    end = std::min(w.now() + step, sim::epoch + s.duration);
    w.calendar.run_until(w, end);
  }
}

std::string difference(const First& first, const Scenario& second, const Change& change,
                       const std::function<void(World&)>& prepare) {
  Built other;
  build(other, second, prepare);
  Scribe scribe(other.w, numbers_of(first.built, other, change), change);
  other.w.trace.attach(&scribe);
  other.w.calendar.run_until(other.w, first.end + change.later);
  const std::string record = differing_record(first.scribe.records(), scribe.records(), change);
  return record.empty() ? differing_row(first, other.w, scribe, change) : record;
}

}  // namespace holdfast::laws
