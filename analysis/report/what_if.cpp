// SPDX-License-Identifier: Apache-2.0
// The same seed under other policies; see what_if.hpp.
#include "analysis/report/what_if.hpp"

#include <algorithm>
#include <exception>

#include "analysis/run/run.hpp"
#include "models/scenario/declaration/presets.hpp"
#include "models/scenario/scenario.hpp"
#include "sim/check.hpp"

namespace holdfast::analysis::report {

using nlohmann::json;

namespace {

/// The longest time from the start of a fence to the release of what it held.
double longest_hold_s(const json& document) {
  double out = 0.0;
  for (const json& one : document["recovery"]) {
    if (one.contains("fence_started_s") && one.contains("released_s"))
      out = std::max(out, one["released_s"].get<double>() - one["fence_started_s"].get<double>());
  }
  return out;
}

json row_of_document(const json& document) {
  std::uint64_t completed = 0, errors = 0;
  for (const char* kind : {"read", "write", "other"}) {
    if (document["io"].contains(kind)) {
      completed += document["io"][kind].value("count", std::uint64_t{0});
      errors += document["io"][kind].value("errors", std::uint64_t{0});
    }
  }
  json out = {{"verdict", document["integrity"]["verdict"]},
              {"stale_writes_count", document["integrity"]["stale_writes"]},
              {"exposure_s", document["exposure"]["max_s"]},
              {"hold_s", longest_hold_s(document)},
              {"completed_count", completed},
              {"errors_count", errors},
              {"trace_hash", document["trace_hash"]}};
  if (document["io"].contains("longest_stall_s"))
    out["stall_s"] = document["io"]["longest_stall_s"];
  if (document["io"].contains("read") && document["io"]["read"].contains("slowest_s"))
    out["slowest_read_s"] = document["io"]["read"]["slowest_s"];
  if (document.contains("partial"))
    out["partial"] = document["partial"];
  return out;
}

}  // namespace

json what_if(const scenario::Scenario& scenario, std::uint64_t max_events, std::uint64_t max_memory,
             const std::atomic<bool>* stop) {
  json rows = json::array();
  for (const scenario::PolicyPreset& preset : scenario::policy_presets()) {
    if (stop != nullptr && *stop)
      break;
    const scenario::RecoveryPolicy policy = scenario::policy_row(preset.name);
    scenario::Scenario other = scenario;
    other.expect = {};
    bool own = true;
    for (scenario::Host& host : other.hosts) {
      own = own && scenario::told_as(host.policy) == preset.name;
      host.policy = policy;
    }
    json row = {{"policy", preset.name}, {"own", own}};
    RunOptions options;
    options.max_events = max_events;
    options.max_memory = max_memory;
    options.stop = stop;
    try {
      // Not every policy is there on every transport and kernel.
      scenario::from_json(scenario::to_json(other), other.name);
      row.update(row_of_document(run(other, options)));
    } catch (const NothingYet&) {
      break;
    } catch (const sim::InvariantError&) {
      throw;
    } catch (const std::exception& error) {
      row["error"] = error.what();
    }
    rows.push_back(row);
  }
  return rows;
}

}  // namespace holdfast::analysis::report
