// SPDX-License-Identifier: Apache-2.0
// A recommendation as a document.
#include <nlohmann/json.hpp>

#include "analysis/run/result.hpp"
#include "analysis/sizing/sizing.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::analysis::sizing {

using nlohmann::json;

namespace {

json of(const Point& p) {
  return {{"keep_alive", p.mode == KeepAlive::traffic_based ? "traffic" : "command"},
          {"kato_s", sim::seconds(p.kato)},
          {"cqt_s", sim::seconds(p.cqt)},
          {"risk_probability", p.risk},
          {"stall_s", sim::seconds(p.stall)}};
}

}  // namespace

json document(const scenario::Scenario& scenario, const Sizing& s) {
  json frontier = json::array();
  for (const Point& p : s.frontier)
    frontier.push_back(of(p));
  json doc = {
      {"schema_version", result_schema_version},
      {"question", "size"},
      {"name", scenario.name},
      {"scenario_hash", scenario::hash(scenario)},
      {"goal", {{"risk_probability", s.goal.risk}, {"stall_s", sim::seconds(s.goal.stall)}}},
      {"feasible", s.best.has_value()},
      {"recommended", nullptr},
      {"rule_of_thumb", of(s.rule)},
      {"evaluation_count", s.evaluations},
      {"frontier", std::move(frontier)}};
  if (!s.best) {
    doc["needs"] = json::object();
    if (s.stall_needed)
      doc["needs"]["stall_s"] = sim::seconds(*s.stall_needed);
    if (s.risk_possible)
      doc["needs"]["risk_probability"] = *s.risk_possible;
    return doc;
  }
  doc["recommended"] = of(*s.best);
  doc["recommended"]["cqt_most_s"] = sim::seconds(s.cqt_most);
  doc["recommended"]["io_timeout_s"] = sim::seconds(s.io_timeout);
  doc["recommended"]["reconnect_delay_s"] = sim::seconds(s.reconnect_delay);
  doc["recommended"]["ccr"] = s.ccr;
  doc["binds"] = name_of(s.binds);
  doc["slack"] = {{"risk_ratio", s.risk_slack_ratio}, {"stall_s", sim::seconds(s.stall_slack)}};
  return doc;
}

}  // namespace holdfast::analysis::sizing
