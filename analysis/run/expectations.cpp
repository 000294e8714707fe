// SPDX-License-Identifier: Apache-2.0
// The acceptance criterion inside a scenario, held against its result.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "analysis/run/result.hpp"

namespace holdfast::analysis {

using nlohmann::json;
using scenario::Bounds;

namespace {

std::string text_of(const Bounds& b) {
  if (b.min && b.max) {
    return *b.min == *b.max ? fmt::format("{}", *b.min) : fmt::format("{} to {}", *b.min, *b.max);
  }
  return b.min ? fmt::format("at least {}", *b.min) : fmt::format("at most {}", b.max.value_or(0));
}

/// Collects the entries of one document.
class List {
 public:
  explicit List(bool partial) : partial_(partial) {}

  /// `failed`: no matter how a partial run would have gone on.
  void add(const char* name, const std::string& expected, const json& value, bool pass,
           bool failed) {
    const char* verdict = pass ? "pass" : "fail";
    if (partial_ && !failed)
      verdict = not_judged;
    entries_.push_back(
        {{"name", name}, {"expected", expected}, {"value", value}, {"verdict", verdict}});
  }
  [[nodiscard]] const json& entries() const { return entries_; }

 private:
  json entries_ = json::array();
  bool partial_;
};

bool holds(const Bounds& b, double value) {
  return (!b.min || value >= *b.min) && (!b.max || value <= *b.max);
}

/// Of counts and longest times, which only grow as a run goes on.
void check(List& list, const char* name, const std::optional<Bounds>& bounds, const json& value) {
  if (!bounds)
    return;
  const bool known = value.is_number();
  list.add(name, text_of(*bounds), value, known && holds(*bounds, value.get<double>()),
           known && bounds->max && value.get<double>() > *bounds->max);
}

/// An expectation that every recovery must meet; the value told is the first that does not, else
/// the last. No recovery at all does not meet it, and in a partial run one that is not over may.
void check_each(List& list, const char* name, const std::optional<Bounds>& bounds,
                const json& recoveries, const char* from, const char* to) {
  if (!bounds)
    return;
  json told;
  bool pass = !recoveries.empty();
  for (const json& r : recoveries) {
    if (!pass)
      break;
    told = json();
    if (r.contains(from) && r.contains(to))
      told = r[to].get<double>() - r[from].get<double>();
    pass = told.is_number() && holds(*bounds, told.get<double>());
  }
  const bool failed = std::any_of(recoveries.begin(), recoveries.end(), [&](const json& r) {
    return r.contains(from) && r.contains(to) &&
           !holds(*bounds, r[to].get<double>() - r[from].get<double>());
  });
  list.add(name, text_of(*bounds), told, pass, failed);
}

}  // namespace

void judge(const scenario::Expect& e, json& document) {
  List list(document.contains("partial"));
  if (e.integrity) {
    const json& verdict = document["integrity"]["verdict"];
    list.add("integrity", *e.integrity, verdict, verdict == *e.integrity,
             verdict == "corrupt" && *e.integrity != "corrupt");
  }
  check(list, "exposure_s", e.exposure_s, document["exposure"]["max_s"]);
  check(list, "stale_writes", e.stale_writes, document["integrity"]["stale_writes"]);
  check(list, "stale_reads", e.stale_reads, document["integrity"]["stale_reads"]);
  check(list, "lost_writes", e.lost_writes, document["integrity"]["lost_writes"]);
  check(list, "torn_writes", e.torn_writes, document["integrity"]["torn_writes"]);
  check(list, "duplicate_effects", e.duplicate_effects, document["integrity"]["duplicate_effects"]);
  check(list, "mutated_writes", e.mutated_writes, document["integrity"]["mutated_writes"]);
  check(list, "reservation_breaches", e.reservation_breaches,
        document["integrity"]["reservation_breaches"]);
  check(list, "longest_stall_s", e.longest_stall_s,
        document["io"].value("longest_stall_s", json()));
  check(list, "longest_latency_s", e.longest_latency_s,
        document["io"].value("longest_latency_s", json()));
  const json& recovery = document["recovery"];
  check_each(list, "detection_s", e.detection_s, recovery, "fault_s", "detected_s");
  check_each(list, "hold_s", e.hold_s, recovery, "fence_started_s", "released_s");
  check(list, "recoveries", e.recoveries, recovery.size());
  check(list, "false_alarms", e.false_alarms, document["alarms"]["false_count"]);
  check(list, "target_expiries", e.target_expiries, document["target"]["expiries"]);
  std::uint64_t errors = 0;
  for (const char* kind : {"read", "write", "other"}) {
    if (document["io"].contains(kind))
      errors += document["io"][kind]["errors"].get<std::uint64_t>();
  }
  check(list, "io_errors", e.io_errors, errors);
  document["expect"] = list.entries();
}

}  // namespace holdfast::analysis
