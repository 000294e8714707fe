// SPDX-License-Identifier: Apache-2.0
// Building the result document.
#include "analysis/run/result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "analysis/run/fleet/fleet.hpp"
#include "analysis/run/incident_story.hpp"
#include "analysis/run/io_statistics.hpp"
#include "analysis/run/unfinished.hpp"
#include "models/oracle/linearizability.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::analysis {

using nlohmann::json;
using sim::TimePoint;

namespace {

json sim_part(const World& w) {
  std::uint64_t packets = 0;
  std::uint64_t dropped = 0;
  for (const net::Channel& c : w.net.channels) {
    packets += c.packets;
    dropped += c.dropped;
  }
  return {{"end_s", sim::seconds(w.now())},
          {"events", w.calendar.fired()},
          {"packets", packets},
          {"dropped", dropped}};
}

/// `linearizable` is null if there was no time to find out.
json integrity_part(const World& w, const json& linearizable, bool partial) {
  const oracle::Counts& c = w.oracle.counts;
  // The history of each block has the last word: it judges without knowing of attempts and paths.
  const bool corrupt = linearizable == false || c.corrupt();
  json incidents = json::array();
  for (const oracle::Incident& i : w.oracle.incidents)
    incidents.push_back(tell(w, i));
  const char* const well = partial ? not_judged : "ok";
  return {{"verdict", corrupt ? "corrupt" : well},
          {"writes", c.writes},
          {"reads", c.reads},
          {"stale_writes", c.stale_writes},
          {"stale_reads", c.stale_reads},
          {"lost_writes", c.lost_writes},
          {"torn_writes", c.torn_writes},
          {"duplicate_effects", c.duplicate_effects},
          {"mutated_writes", c.mutated_writes},
          {"misplaced_writes", c.misplaced_writes},
          {"reservation_breaches", c.reservation_breaches},
          {"linearizable", linearizable},
          {"incidents", incidents}};
}

void put_time(json& out, const char* key, TimePoint t) {
  if (t != sim::never)
    out[key] = sim::seconds(t);
}

const char* outcome_of(const oracle::Recovery& r) {
  if (r.released == sim::never)
    return "none";
  if (r.ccr_done != sim::never)
    return "ccr";
  return r.held ? "held" : "immediate";
}

json recovery_part(const World& w) {
  json list = json::array();
  for (const oracle::Recovery& r : w.recovery.recoveries) {
    const host::Controller& c = w.host.controllers[sim::index(r.controller)];
    json one = {{"host", w.host.hosts[sim::index(c.host)].name},
                {"controller", c.name},
                {"outcome", outcome_of(r)},
                {"cancelled", r.cancelled}};
    if (r.false_alarm)
      one["false_alarm"] = true;
    put_time(one, "fault_s", r.fault);
    put_time(one, "detected_s", r.detected);
    put_time(one, "target_detected_s", r.target_detected);
    put_time(one, "fence_started_s", r.fence_started);
    if (r.held && r.ccr_done == sim::never)
      put_time(one, "hold_until_s", r.hold_until);
    if (r.ccr_attempts != 0)
      one["ccr_attempts"] = r.ccr_attempts;
    put_time(one, "ccr_done_s", r.ccr_done);
    put_time(one, "released_s", r.released);
    put_time(one, "first_retry_done_s", r.first_retry_done);
    put_time(one, "reconnected_s", r.reconnected);
    list.push_back(one);
  }
  return list;
}

/// Recoveries of paths that were well, and what they cost: how long those paths were away, or are.
json alarms_part(const World& w) {
  std::uint64_t suspicions = 0, false_ones = 0, cancelled = 0;
  sim::Duration away{};
  for (const host::suspicion::Watch& at : w.host.watches)
    suspicions = std::accumulate(at.counts.begin(), at.counts.end(), suspicions);
  for (const oracle::Recovery& r : w.recovery.recoveries) {
    if (!r.false_alarm)
      continue;
    ++false_ones;
    cancelled += r.cancelled;
    away += (r.reconnected == sim::never ? w.now() : r.reconnected) - r.detected;
  }
  return {{"suspicions_count", suspicions},
          {"false_count", false_ones},
          {"false_cancelled_count", cancelled},
          {"false_path_away_s", sim::seconds(away)}};
}

/// The most instants of a sorted list within one second.
std::size_t most_in_a_second(const std::vector<TimePoint>& at) {
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < at.size(); ++last) {
    while (at[last] - at[first] >= std::chrono::seconds{1})
      ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

/// Reconnects are the associations that hosts make after the first fault.
json target_part(const World& w) {
  std::vector<TimePoint> back;
  if (const fault::Fault* fault = first_fault(w)) {
    for (const TimePoint at : w.recovery.associations) {
      if (at >= fault->at)
        back.push_back(at);
    }
  }
  return {{"expiries", w.recovery.target_expiries},
          {"reconnects", back.size()},
          {"reconnects_peak_per_s", most_in_a_second(back)}};
}

json direction_part(const IoStatistics& s) {
  json out = {{"count", s.count}, {"errors", s.errors}, {"iops", s.iops}};
  if (s.count + s.outstanding != 0)
    out["slowest_s"] = sim::seconds(s.slowest);
  if (s.has_latencies) {
    out["lat_us"] = {{"mean", s.mean_us},
                     {"p50", s.p50_us},
                     {"p99", s.p99_us},
                     {"p999", s.p999_us},
                     {"max", s.max_us}};
  }
  return out;
}

/// In MiB of 2^20 bytes.
void put_throughput(json& io, const char* key, const std::optional<Throughput>& t) {
  if (!t || t->to <= t->from)
    return;
  const double length_s = sim::seconds(t->to - t->from);
  io[key] = {{"from_s", sim::seconds(t->from)},
             {"to_s", sim::seconds(t->to)},
             {"count", t->count},
             {"iops", static_cast<double>(t->count) / length_s},
             {"mib_per_s", static_cast<double>(t->bytes) / 1048576.0 / length_s}};
}

const char* name_of(oracle::Fate fate) {
  switch (fate) {
    case oracle::Fate::applied:
      return "landed";
    case oracle::Fate::gone:
      return "gone";
    case oracle::Fate::open:
      break;
  }
  return "open";
}

json exposure_part(const World& w, const oracle::Exposure& e) {
  json windows = json::array();
  for (const oracle::ExposureWindow& one : e.windows) {
    windows.push_back({{"operation", serial_of(one.token)},
                       {"controller", w.host.controllers[sim::index(one.controller)].name},
                       {"from_s", sim::seconds(one.released)},
                       {"to_s", sim::seconds(one.settled)},
                       {"end", name_of(one.fate)}});
  }
  return {{"intervals", e.intervals},
          {"max_s", sim::seconds(e.longest)},
          {"total_s", sim::seconds(e.total)},
          {"windows", windows}};
}

json counters_of(const host::ControllerCounters& c) {
  return {{"reset_count", c.reset_count},
          {"reconnect_count", c.reconnect_count},
          {"command_error_count", c.command_error_count}};
}

json counters_of(const host::PathCounters& c) {
  return {{"command_retries_count", c.command_retries_count},
          {"command_error_count", c.command_error_count},
          {"multipath_failover_count", c.multipath_failover_count}};
}

json counters_of(const host::HeadCounters& c) {
  return {{"io_requeue_no_usable_path_count", c.io_requeue_no_usable_path_count},
          {"io_fail_no_available_path_count", c.io_fail_no_available_path_count}};
}

json counters_of(const host::suspicion::Watch& at) {
  constexpr std::array<const char*, host::signs> names = {
      "lost_host", "tcp_timeouts", "user_timeout", "keep_alive_late", "slow_io"};
  json out = json::object();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (at.counts[i] != 0)
      out[fmt::format("{}_count", names[i])] = at.counts[i];
  }
  return out;
}

template <class Counters>
void put_counters(json& out, const std::string& key, const Counters& counters) {
  json told = counters_of(counters);
  if (std::any_of(told.begin(), told.end(), [](const json& count) { return count != 0; }))
    out[key] = std::move(told);
}

/// What sysfs of Linux 7.2 has under `diag/`, and what was suspected, by sign; nothing of those
/// that counted nothing.
json diag_part(const World& w, const host::Host& h) {
  json controllers = json::object(), paths = json::object(), devices = json::object();
  json suspected = json::object();
  for (const host::ControllerId id : h.controllers) {
    const host::Controller& c = w.host.controllers[sim::index(id)];
    put_counters(controllers, c.name, c.counters);
    if (sim::index(id) < w.host.watches.size())
      put_counters(suspected, c.name, w.host.watches[sim::index(id)]);
  }
  for (const host::HeadId id : h.heads) {
    const host::Head& head = w.host.heads[sim::index(id)];
    const std::string device = fmt::format("{}/{}", host::nqn_of(w, head.subnqn).view(), head.nsid);
    put_counters(devices, device, head.counters);
    for (const host::Path& p : head.paths)
      put_counters(paths, device + " over " + w.host.controllers[sim::index(p.controller)].name,
                   p.counters);
  }
  json out = json::object();
  for (const auto& [key, part] :
       {std::pair("controllers", controllers), std::pair("paths", paths),
        std::pair("devices", devices), std::pair("suspected", suspected)}) {
    if (!part.empty())
      out[key] = part;
  }
  return out;
}

json hosts_part(const scenario::Scenario& s, const World& w) {
  json list = json::array();
  for (std::size_t i = 0; i < s.hosts.size(); ++i) {
    const scenario::Host& h = s.hosts[i];
    json one = {{"name", h.name}, {"kernel", h.kernel}, {"policy", scenario::told_as(h.policy)}};
    json diag = diag_part(w, w.host.hosts[i]);
    if (!diag.empty())
      one["diag"] = std::move(diag);
    list.push_back(std::move(one));
  }
  return list;
}

const char* word(Early why) {
  switch (why) {
    case Early::interrupted:
      return "interrupted";
    case Early::max_events:
      return "max_events";
    case Early::max_memory:
      return "max_memory";
    case Early::so_far:
      break;
  }
  return "so_far";
}

/// Does a part of the work, or notes what is missing for want of time.
template <class Work>
void in_time(json& left_out, const std::string& what, Work work) {
  try {
    work();
  } catch (const OutOfPatience&) {
    left_out.push_back(what);
  }
}

/// Counts come first, for they are what takes least time. What is still out goes to `all`.
json io_part(const World& w, Patience* patience, json& left_out, std::vector<IoStatistics>& all) {
  json io = json::object();
  const auto put = [&](const std::string& kind, auto statistics) {
    in_time(left_out, "/io/" + kind, [&] {
      const IoStatistics s = statistics();
      all.push_back(s);
      if (kind == "other" && s.count + s.outstanding == 0)
        return;
      io[kind] = direction_part(s);
      if (s.count > s.errors && !s.has_latencies)
        left_out.push_back("/io/" + kind + "/lat_us");
    });
  };
  put("read", [&] { return io_statistics(w, host::IoKind::read, patience); });
  put("write", [&] { return io_statistics(w, host::IoKind::write, patience); });
  // Everything else there is, if there is any.
  put("other", [&] { return other_statistics(w, patience); });
  if (all.size() == 3) {
    sim::Duration longest{};
    for (const IoStatistics& one : all)
      longest = std::max(longest, one.slowest);
    io["longest_latency_s"] = sim::seconds(longest);
  } else {
    left_out.push_back("/io/longest_latency_s");
  }
  in_time(left_out, "/io/longest_stall_s",
          [&] { io["longest_stall_s"] = sim::seconds(longest_stall(w, patience).length); });
  in_time(left_out, "/io/before_fault",
          [&] { put_throughput(io, "before_fault", throughput_before_fault(w, patience)); });
  in_time(left_out, "/io/during_fault",
          [&] { put_throughput(io, "during_fault", throughput_during_fault(w, patience)); });
  return io;
}

}  // namespace

std::string hex(std::uint64_t value) { return fmt::format("{:016x}", value); }

json result_document(const scenario::Scenario& s, const World& w, std::string_view kernel,
                     std::optional<Early> early, Patience* patience) {
  const sim::TraceHashes& hashes = w.trace.hashes();
  const oracle::Exposure exposure = oracle::exposure_until(w.oracle, w.now());
  json out = {{"schema_version", result_schema_version},
              {"name", s.name},
              {"seed", s.seed},
              {"kernel", kernel},
              {"scenario_hash", scenario::hash(s)},
              {"trace_hash", hex(hashes.full)},
              {"trace_hash_protocol", hex(hashes.protocol)},
              {"trace_hash_outcome", hex(hashes.outcome)},
              {"hosts", hosts_part(s, w)},
              {"sim", sim_part(w)},
              {"exposure", exposure_part(w, exposure)},
              {"recovery", recovery_part(w)},
              {"alarms", alarms_part(w)},
              {"target", target_part(w)}};
  if (exposure.margins != 0) {
    out["margin"] = {{"min_s", sim::seconds(exposure.margin_min)},
                     {"max_s", sim::seconds(exposure.margin_max)}};
  }
  json left_out = json::array();
  std::vector<IoStatistics> io;
  out["io"] = io_part(w, patience, left_out, io);
  if (s.hosts.size() >= fleet_from)
    in_time(left_out, "/fleet", [&] { out["fleet"] = fleet_part(w, patience); });
  out["unfinished"] = unfinished_part(w, io);
  json linearizable;
  in_time(left_out, "/integrity/linearizable", [&] {
    const auto look = [patience] { patience->check(); };
    linearizable =
        oracle::check_linearizable(w.oracle, patience == nullptr ? std::function<void()>() : look)
            .ok;
  });
  if (!left_out.empty() && !early)
    early = Early::interrupted;
  if (early) {
    out["partial"] = {{"reason", word(*early)},
                      {"until_s", sim::seconds(w.now())},
                      {"of_s", sim::seconds(sim::epoch + s.duration)}};
    if (!left_out.empty())
      out["partial"]["left_out"] = left_out;
  }
  out["integrity"] = integrity_part(w, linearizable, early.has_value());
  judge(s.expect, out);
  return out;
}

json result_document(const scenario::Scenario& s, const World& w, std::string_view kernel) {
  const bool early = w.now() < sim::epoch + s.duration;
  return result_document(s, w, kernel, early ? std::optional(Early::so_far) : std::nullopt);
}

}  // namespace holdfast::analysis
