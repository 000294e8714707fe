// SPDX-License-Identifier: Apache-2.0
// The table of columns, and the phases of a recovery.
#include "analysis/run/row.hpp"

namespace holdfast::analysis {

using nlohmann::json;

namespace {

constexpr auto text = ColumnType::text;
constexpr auto integer = ColumnType::integer;
constexpr auto number = ColumnType::number;

/// From the first instant to the second, if both are known.
void put_span(json& out, const char* column, const json& r, const char* from, const char* to) {
  if (r.contains(from) && r.contains(to))
    out[column] = r[to].get<double>() - r[from].get<double>();
}

/// How long a recovery kept I/O away: until its requests were released, or for ever.
double length_of(const json& recovery) {
  if (!recovery.contains("released_s"))
    return 1e300;
  const char* start = recovery.contains("fault_s") ? "fault_s" : "detected_s";
  return recovery["released_s"].get<double>() - recovery.value(start, 0.0);
}

/// The phases of the recovery that took longest; of equal ones the first.
void put_recovery(json& out, const json& list) {
  out["recoveries"] = list.size();
  const json* worst = nullptr;
  for (const json& one : list) {
    if (worst == nullptr || length_of(one) > length_of(*worst))
      worst = &one;
  }
  if (worst == nullptr)
    return;
  out["outcome"] = worst->at("outcome");
  put_span(out, "detect_s", *worst, "fault_s", "detected_s");
  put_span(out, "fence_s", *worst, "detected_s", "released_s");
  put_span(out, "retry_s", *worst, "released_s", "first_retry_done_s");
  put_span(out, "reconnect_s", *worst, "released_s", "reconnected_s");
  put_span(out, "target_detect_s", *worst, "fault_s", "target_detected_s");
  put_span(out, "ccr_s", *worst, "fence_started_s", "ccr_done_s");
  out["ccr_attempts"] = worst->value("ccr_attempts", 0);
}

std::size_t failures_in(const json& document) {
  std::size_t failed = 0;
  for (const json& one : document.value("expect", json::array()))
    failed += one.value("verdict", "") == "fail" ? 1 : 0;
  return failed;
}

using Columns = std::vector<Column>;

Columns columns_before() {
  return {
      {"verdict", text, "ok, or corrupt; of a partial run not judged, or corrupt",
       "/integrity/verdict"},
      {"partial", text, "why the run ended early (max_events, max_memory); empty: it did not",
       "/partial/reason"},
      {"stall_s", number, "longest time an application had I/O out and none completed",
       "/io/longest_stall_s"},
      {"latency_max_s", number,
       "longest wait of an I/O, failed ones and those that never came back included",
       "/io/longest_latency_s"},
      {"exposure_max_s", number, "longest time in which a stale write could have landed",
       "/exposure/max_s"},
      {"exposure_total_s", number, "sum of those times", "/exposure/total_s"},
      {"exposure_intervals", integer, "how many there were", "/exposure/intervals"},
      {"margin_min_s", number, "least time from the last possible landing to the release",
       "/margin/min_s"},
      {"margin_max_s", number, "most of it", "/margin/max_s"},
      {"stale_writes", integer, "writes that overwrote newer data", "/integrity/stale_writes"},
      {"stale_reads", integer, "reads that returned older data", "/integrity/stale_reads"},
      {"lost_writes", integer, "acknowledged writes that are gone", "/integrity/lost_writes"},
      {"torn_writes", integer, "writes that landed in parts", "/integrity/torn_writes"},
      {"duplicate_effects", integer, "commands that took effect twice",
       "/integrity/duplicate_effects"},
      {"mutated_writes", integer, "writes whose buffer had changed", "/integrity/mutated_writes"},
      {"misplaced_writes", integer, "writes that landed elsewhere", "/integrity/misplaced_writes"},
      {"recoveries", integer, "error recoveries; the columns below are of the longest", ""},
      {"outcome", text, "ccr, held, immediate or none", ""},
      {"detect_s", number, "from the fault to its detection by the host", ""},
      {"fence_s", number, "from the detection to the release of the requests", ""},
      {"retry_s", number, "from the release to the first retry done", ""},
      {"reconnect_s", number, "from the release to the path being back", ""},
      {"target_detect_s", number, "from the fault to its detection by the target", ""},
      {"ccr_attempts", integer, "Cross-Controller Resets tried", ""},
      {"ccr_s", number, "from the start of the fence to CCR done", ""},
  };
}

/// Of reads, or of writes.
Columns columns_of(const std::string& one) {
  const std::string at = "/io/" + one;
  return {{one + "_count", integer, one + "s completed, errors included", at + "/count"},
          {one + "_errors", integer, one + "s that failed", at + "/errors"},
          {one + "_iops", number, "successful " + one + "s per second", at + "/iops"},
          {one + "_slowest_s", number,
           "slowest " + one + ", failed ones and those that never came back included",
           at + "/slowest_s"},
          {one + "_lat_mean_us", number, "latency of successful " + one + "s", at + "/lat_us/mean"},
          {one + "_lat_p50_us", number, "median", at + "/lat_us/p50"},
          {one + "_lat_p99_us", number, "99th percentile, nearest rank", at + "/lat_us/p99"},
          {one + "_lat_p999_us", number, "99.9th percentile", at + "/lat_us/p999"},
          {one + "_lat_max_us", number, "slowest of the successful ones", at + "/lat_us/max"}};
}

Columns columns_behind() {
  return {
      {"before_iops", number,
       "successful reads and writes per second from the first submission to the first fault",
       "/io/before_fault/iops"},
      {"before_mib_per_s", number, "the same in MiB", "/io/before_fault/mib_per_s"},
      {"fault_iops", number,
       "successful reads and writes per second from the first fault's start to its end, or to the "
       "end of the run",
       "/io/during_fault/iops"},
      {"fault_mib_per_s", number, "the same in MiB", "/io/during_fault/mib_per_s"},
      {"suspicions", integer, "times a host suspected a path", "/alarms/suspicions_count"},
      {"false_alarms", integer, "recoveries of paths that were well", "/alarms/false_count"},
      {"false_alarm_away_s", number, "for how long, in sum, those paths were away",
       "/alarms/false_path_away_s"},
      {"target_expiries", integer, "keep-alive expiries at targets", "/target/expiries"},
      {"reconnects", integer, "associations that hosts made with targets after the first fault",
       "/target/reconnects"},
      {"reconnects_peak_per_s", integer, "most of these in any one second",
       "/target/reconnects_peak_per_s"},
      {"io_unfinished", integer, "I/Os that were out at the end", "/unfinished/io/count"},
      {"io_oldest_s", number, "for how long the oldest of them was", "/unfinished/io/oldest_s"},
      {"recoveries_unfinished", integer, "paths that were given up and not back at the end",
       "/unfinished/recoveries"},
      {"faults_unfinished", integer, "faults that would have ended after the run",
       "/unfinished/faults"},
      {"workloads_unfinished", integer,
       "workloads that never began: nothing is known of their data", "/unfinished/workloads"},
      {"expect_failed", integer, "expectations of the scenario that were not met", ""},
      {"end_s", number, "simulated time at the end", "/sim/end_s"},
      {"events", integer, "events of the calendar", "/sim/events"},
      {"packets", integer, "packets put on links", "/sim/packets"},
      {"dropped", integer, "packets lost there", "/sim/dropped"},
      {"trace_hash", text, "of everything that happened", "/trace_hash"},
  };
}

}  // namespace

const std::vector<Column>& columns() {
  static const Columns table = [] {
    Columns out;
    for (const Columns& part :
         {columns_before(), columns_of("read"), columns_of("write"), columns_behind()})
      out.insert(out.end(), part.begin(), part.end());
    return out;
  }();
  return table;
}

json row_of(const json& document) {
  static const std::vector<json::json_pointer> pointers = [] {
    std::vector<json::json_pointer> out;
    for (const Column& c : columns())
      out.emplace_back(c.pointer);
    return out;
  }();
  json out = json::object();
  for (std::size_t i = 0; i < columns().size(); ++i) {
    if (!pointers[i].empty() && document.contains(pointers[i]))
      out[columns()[i].name] = document[pointers[i]];
  }
  put_recovery(out, document.at("recovery"));
  out["expect_failed"] = failures_in(document);
  return out;
}

}  // namespace holdfast::analysis
