// SPDX-License-Identifier: Apache-2.0
// What a recorder has written down, as the page wants it: names as JSON, the rest as columns.
#include <fmt/format.h>

#include <algorithm>

#include "analysis/report/columns.hpp"
#include "analysis/report/recorder.hpp"
#include "analysis/report/told.hpp"
#include "analysis/run/io_statistics.hpp"
#include "analysis/traces/fault_name.hpp"
#include "models/host/host.hpp"
#include "models/world.hpp"

namespace holdfast::analysis::report {

using nlohmann::json;
using oracle::Operation;
using Numbers = std::vector<std::int64_t>;

namespace {

/// So many incidents and windows of the document go into a page; it says how many there were.
constexpr std::size_t incidents_shown = 12;

json names_of(const World& w) {
  json out = {{"hosts", json::array()},      {"controllers", json::array()},
              {"subsystems", json::array()}, {"links", json::array()},
              {"faults", json::array()},     {"jobs", json::array()}};
  for (const host::Host& h : w.host.hosts)
    out["hosts"].push_back(h.name);
  for (const host::Controller& c : w.host.controllers) {
    out["controllers"].push_back({{"name", c.name},
                                  {"host", sim::index(c.host)},
                                  {"subsystem", host::nqn_of(w, c.subnqn).view()}});
  }
  for (std::size_t i = 0; i < w.target.subsystems.size(); ++i)
    out["subsystems"].push_back(w.target.nqns[i]);
  for (const net::Link& link : w.net.links)
    out["links"].push_back(link.name);
  for (const fault::Fault& f : w.fault.faults) {
    const fault::OnLink* on = fault::struck_link(f);
    out["faults"].push_back(
        {{"name", fault_name(w, f)},
         {"link", on == nullptr ? -1 : static_cast<int>(sim::index(on->link))}});
  }
  for (const workload::Job& job : w.workload.jobs)
    out["jobs"].push_back(job.name);
  return out;
}

json kinds_of_events() {
  json out = json::array();
  for (const Kind kind : told_kinds) {
    json one = {info(kind).name};
    for (std::size_t i = 0; i < std::min<std::size_t>(info(kind).words, 3); ++i)
      one.push_back(info(kind).word[i]);
    out.push_back(one);
  }
  return out;
}

json state_names() {
  json out = json::array();
  for (int i = 0; i <= static_cast<int>(host::State::dead); ++i)
    out.push_back(host::state_name(host::State{static_cast<std::uint8_t>(i)}));
  return out;
}

json io_kind_names() {
  json out = json::array();
  for (int i = 0; i <= static_cast<int>(host::IoKind::reservation_release); ++i)
    out.push_back(host::io_kind_name(host::IoKind{static_cast<std::uint8_t>(i)}));
  return out;
}

/// Columns by name, filled row by row.
class Table {
 public:
  Table(std::string prefix, std::vector<std::string> names)
      : prefix_(std::move(prefix)), names_(std::move(names)), columns_(names_.size()) {}
  void row(std::initializer_list<std::int64_t> numbers) {
    std::size_t i = 0;
    for (const std::int64_t number : numbers)
      columns_[i++].push_back(number);
  }
  /// The first `rising` of them as differences.
  void into(Columns& all, std::size_t rising) const {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      all.add(prefix_ + "_" + names_[i], columns_[i],
              i < rising ? Columns::As::difference : Columns::As::value);
    }
  }

 private:
  std::string prefix_;
  std::vector<std::string> names_;
  std::vector<Numbers> columns_;
};

template <class Rows>
void add_rows(Columns& all, const char* prefix, const std::vector<std::string>& names,
              const Rows& rows) {
  Numbers time;
  std::vector<Numbers> words(names.size());
  for (const auto& row : rows) {
    time.push_back(row.time_ns);
    for (std::size_t i = 0; i < names.size(); ++i)
      words[i].push_back(row.word[i]);
  }
  all.add(std::string(prefix) + "_at", time, Columns::As::difference);
  for (std::size_t i = 0; i < names.size(); ++i)
    all.add(std::string(prefix) + "_" + names[i], words[i]);
}

void add_exposure(Columns& all, const World& w) {
  Table table("exposure", {"operation", "attempt", "controller", "from", "to", "fate"});
  const oracle::Exposure exposure = oracle::exposure_until(w.oracle, w.now());
  for (const oracle::ExposureWindow& one : exposure.windows) {
    table.row({static_cast<std::int64_t>(serial_of(one.token)), attempt_of(one.token),
               sim::index(one.controller), sim::ns(one.released), sim::ns(one.settled),
               static_cast<int>(one.fate)});
  }
  table.into(all, 0);
}

json shortened(json document) {
  json& incidents = document["integrity"]["incidents"];
  if (incidents.size() > incidents_shown) {
    document["integrity"]["incidents_not_shown"] = incidents.size() - incidents_shown;
    incidents.erase(incidents.begin() + incidents_shown, incidents.end());
  }
  document["exposure"].erase("windows");  // They are columns.
  return document;
}

}  // namespace

Recorder::Chosen Recorder::choose(const World& w) const {
  const auto& operations = w.oracle.operations;
  const std::size_t count = operations.size();
  Chosen out;
  out.every = std::max<std::size_t>(1, (count + caps_.operations - 1) / caps_.operations);
  const auto took = [&](std::size_t i) {
    const Operation& op = operations[i];
    return (op.completed == sim::never ? w.now() : op.completed) - op.submitted;
  };
  // Slow is what took longer than all but a thousand.
  constexpr std::size_t slow_shown = 1000;
  sim::Duration slow = sim::Duration::max();
  if (out.every > 1) {
    std::vector<sim::Duration> all(count);
    for (std::size_t i = 0; i < count; ++i)
      all[i] = took(i);
    std::nth_element(all.begin(), all.begin() + slow_shown, all.end(), std::greater<>());
    slow = all[slow_shown];
  }
  std::size_t told_count = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t last = i < last_.size() ? last_[i] : 0;
    bool told = operations[i].status != 0 || took(i) > slow;
    if (last != 0) {
      const Sent& sent = attempts_[last - 1];
      told = told || sent.before != 0 || sent.end != End::answered || sent.stale;
    }
    told = told && out.every > 1;
    if (told && ++told_count > caps_.told)
      out.told_all = told = false;
    if (!told && i % out.every != 0)
      continue;
    out.operations.push_back(static_cast<std::uint32_t>(i));
    out.is_told.push_back(told);
  }
  return out;
}

json Recorder::columns_of(const World& w, const Chosen& chosen) const {
  Table ops("op",
            {"serial", "submitted", "took", "kind", "job", "lba", "blocks", "status", "told"});
  Table sent("try", {"op", "number", "controller", "sent", "before_end", "fetched", "landed", "end",
                     "status", "cntlid", "stale"});
  const std::int64_t now_ns = sim::ns(w.now());
  const auto since = [](std::int64_t at, std::int64_t from) { return at < 0 ? -1 : at - from; };
  for (std::size_t row = 0; row < chosen.operations.size(); ++row) {
    const std::uint32_t i = chosen.operations[row];
    const Operation& op = w.oracle.operations[i];
    const bool is_out = op.completed == sim::never;
    const std::int64_t from = sim::ns(op.submitted);
    const std::int64_t to = is_out ? now_ns : sim::ns(op.completed);
    ops.row({i + std::int64_t{1}, from, is_out ? -1 : to - from, static_cast<int>(op.kind), op.job,
             static_cast<std::int64_t>(op.lba), op.blocks, op.status, chosen.is_told[row] ? 1 : 0});
    std::vector<std::uint32_t> places;
    for (std::uint32_t p = i < last_.size() ? last_[i] : 0; p != 0; p = attempts_[p - 1].before)
      places.push_back(p - 1);
    std::reverse(places.begin(), places.end());
    for (const std::uint32_t place : places) {
      const Sent& s = attempts_[place];
      sent.row({static_cast<std::int64_t>(row), attempt_of(s.token), s.controller, s.sent_ns - from,
                to - (s.ended_ns < 0 ? now_ns : s.ended_ns), since(s.fetched_ns, s.sent_ns),
                since(s.landed_ns, s.sent_ns), static_cast<int>(s.end), s.status, s.cntlid,
                s.stale ? 1 : 0});
    }
  }
  Columns all;
  ops.into(all, 2);
  sent.into(all, 1);
  add_rows(all, "host", {"controller", "state"}, host_states_);
  add_rows(all, "target", {"subsystem", "cntlid", "state"}, target_states_);
  add_rows(all, "fault", {"fault", "on"}, faults_);
  add_rows(all, "drop", {"channel", "reason"}, drops_);
  add_rows(all, "event", {"kind", "a", "b", "c"}, events_);
  add_exposure(all, w);
  return all.pack();
}

void Recorder::ends(const World& w, const json& document) {
  const Chosen chosen = choose(w);
  run_ = names_of(w);
  run_["document"] = shortened(document);
  run_["kinds"] = kinds_of_events();
  run_["states"] = state_names();
  run_["io_kinds"] = io_kind_names();
  run_["end_ns"] = sim::ns(w.now());
  const Stall stall = longest_stall(w);
  run_["stall"] = {{"from_ns", sim::ns(stall.from)}, {"length_ns", stall.length.count()}};
  for (const Row& one : faults_) {
    json& fault = run_["faults"][static_cast<std::size_t>(one.word[0])];
    if (!fault.contains("first_ns"))
      fault["first_ns"] = one.time_ns;
  }
  json& cut = run_["cut"] = json::object();
  if (chosen.every > 1)
    cut["every"] = chosen.every;
  if (!chosen.told_all)
    cut["told"] = caps_.told;
  if (cut_ns_ >= 0)
    cut["from_ns"] = cut_ns_;
  if (events_lost_ != 0)
    cut["events"] = events_lost_;
  if (drops_lost_ != 0)
    cut["drops"] = drops_lost_;
  cut["operations"] = w.oracle.operations.size();
  run_.update(columns_of(w, chosen));
}

}  // namespace holdfast::analysis::report
