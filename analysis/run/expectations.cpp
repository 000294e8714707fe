// SPDX-License-Identifier: Apache-2.0
// The acceptance criterion inside a scenario, held against its result.
#include <fmt/format.h>

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

void add(json& list, const char* name, const std::string& expected, const json& value, bool pass) {
  list.push_back({{"name", name},
                  {"expected", expected},
                  {"value", value},
                  {"verdict", pass ? "pass" : "fail"}});
}

bool holds(const Bounds& b, double value) {
  return (!b.min || value >= *b.min) && (!b.max || value <= *b.max);
}

void check(json& list, const char* name, const std::optional<Bounds>& bounds, const json& value) {
  if (!bounds)
    return;
  add(list, name, text_of(*bounds), value,
      value.is_number() && holds(*bounds, value.get<double>()));
}

/// An expectation that every recovery must meet; the value told is the first that does not, else
/// the last. No recovery at all does not meet it.
void check_each(json& list, const char* name, const std::optional<Bounds>& bounds,
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
  add(list, name, text_of(*bounds), told, pass);
}

}  // namespace

void judge(const scenario::Expect& e, json& document) {
  json list = json::array();
  if (e.integrity) {
    const json& verdict = document["integrity"]["verdict"];
    add(list, "integrity", *e.integrity, verdict, verdict == *e.integrity);
  }
  check(list, "exposure_s", e.exposure_s, document["exposure"]["max_s"]);
  check(list, "stale_writes", e.stale_writes, document["integrity"]["stale_writes"]);
  check(list, "stale_reads", e.stale_reads, document["integrity"]["stale_reads"]);
  check(list, "lost_writes", e.lost_writes, document["integrity"]["lost_writes"]);
  check(list, "torn_writes", e.torn_writes, document["integrity"]["torn_writes"]);
  check(list, "duplicate_effects", e.duplicate_effects, document["integrity"]["duplicate_effects"]);
  check(list, "mutated_writes", e.mutated_writes, document["integrity"]["mutated_writes"]);
  check(list, "longest_stall_s", e.longest_stall_s, document["io"]["longest_stall_s"]);
  const json& recovery = document["recovery"];
  check_each(list, "detection_s", e.detection_s, recovery, "fault_s", "detected_s");
  check_each(list, "hold_s", e.hold_s, recovery, "fence_started_s", "released_s");
  check(list, "recoveries", e.recoveries, recovery.size());
  check(list, "target_expiries", e.target_expiries, document["target"]["expiries"]);
  std::uint64_t errors = 0;
  for (const char* kind : {"read", "write", "other"}) {
    if (document["io"].contains(kind))
      errors += document["io"][kind]["errors"].get<std::uint64_t>();
  }
  check(list, "io_errors", e.io_errors, errors);
  document["expect"] = list;
}

}  // namespace holdfast::analysis
