// SPDX-License-Identifier: Apache-2.0
// Which timeouts for this risk and this stall? Settings in the steps that Linux takes (KATO in
// whole seconds, CQT in milliseconds) such that a failover exposes data with at most the
// probability that was asked for, and stalls no application for longer than asked; the one with the
// longest KATO is recommended, because it forgives most to the network.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "analysis/sizing/closed.hpp"

namespace holdfast::analysis::sizing {

struct Goal {
  double risk = 1e-9;  ///< most probability of exposure in a failover, in (0, 1)
  Duration stall{};    ///< longest stall
};

/// Less than once in the age of the universe, with a failover each nanosecond.
inline constexpr double least_risk = 1e-100;
/// Longest KATO that is tried; what a CQT field holds.
inline constexpr std::int64_t longest_kato_s = 600;
inline constexpr Duration longest_cqt = std::chrono::milliseconds{65'535};

/// What is less is told as this: a double has no room for it.
inline constexpr double least_risk_told = 1e-300;

/// A setting and what comes of it.
struct Point {
  KeepAlive mode{};
  Duration kato{};
  Duration cqt{};
  double risk = 0.0;
  Duration stall{};
};

/// What keeps a recommendation from going further.
enum class Binds : std::uint8_t {
  stall,       ///< the hold of the next KATO lasts too long, whatever the risk
  both,        ///< with the CQT that the risk asks for it does
  cqt_field,   ///< the CQT that the risk asks for is more than the field holds
  kato_limit,  ///< longest_kato_s
};
const char* name_of(Binds binds);
/// The same as a reason.
const char* told(Binds binds);

struct Sizing {
  Goal goal;
  std::optional<Point> best;    ///< none: infeasible
  Point rule;                   ///< the scenario's own KATO and CQT, with m x KATO + CQT
  std::vector<Point> frontier;  ///< of the recommended mode: each KATO with the CQT that it needs
  Binds binds = Binds::stall;
  double risk_slack_ratio = 0.0;  ///< how many times smaller the risk is than it may be
  Duration stall_slack{};         ///< how much shorter the stall is than it may be
  Duration cqt_most{};            ///< longest CQT that the stall has room for
  Duration io_timeout{};          ///< least whole second that does not come before the keep-alive
  Duration reconnect_delay{};     ///< least whole second that outlasts an attempt on a dead path
  bool ccr = false;               ///< the target offers Cross-Controller Reset: ask for it first
  std::uint64_t evaluations = 0;  ///< of the risk, for the recommendation alone
  // If it is infeasible:
  std::optional<Duration> stall_needed;  ///< the stall that would do with this risk
  std::optional<double> risk_possible;   ///< the risk that this stall leaves
};

/// Throws scenario::ScenarioError for a scenario that the closed form does not take.
Sizing size(const scenario::Scenario& scenario, const Goal& goal);

/// The scenario with a setting.
scenario::Scenario with(const scenario::Scenario& scenario, const Point& point);

/// {schema_version, name, scenario_hash, recommended, rule_of_thumb, frontier, ...}.
nlohmann::json document(const scenario::Scenario& scenario, const Sizing& sizing);

}  // namespace holdfast::analysis::sizing
