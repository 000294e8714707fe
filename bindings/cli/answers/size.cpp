// SPDX-License-Identifier: Apache-2.0
// `holdfast size`: timeouts for a risk and a stall, beside the rule of thumb.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "analysis/sizing/sizing.hpp"
#include "bindings/cli/answers/asked.hpp"
#include "bindings/cli/cli.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/scenario/reading/units.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::cli {
namespace {

namespace sizing = analysis::sizing;
using nlohmann::json;

double risk_of(const std::string& typed) {
  return number("--risk", typed, "a probability from 1e-100 to below 1",
                [](double value) { return value >= sizing::least_risk && value < 1.0; });
}

const char* mode_of(const sizing::Point& p) {
  return p.mode == analysis::KeepAlive::traffic_based ? "traffic" : "command";
}

std::string row_of(const char* what, const sizing::Point& p) {
  return fmt::format("  {:<14}  {:<10}  {:>6}  {:>8.3f}  {:>9.2e}  {:>9.3f}\n", what, mode_of(p),
                     sim::seconds(p.kato), sim::seconds(p.cqt), p.risk, sim::seconds(p.stall));
}

std::string infeasible(const sizing::Sizing& s) {
  std::string text = fmt::format(
      "infeasible: a risk of {:.2e} needs a hold that stalls for {:.3f} s, even with a KATO of 1 "
      "s\n",
      s.goal.risk, sim::seconds(s.stall_needed.value_or(sim::Duration{})));
  text += fmt::format("  cheapest relaxation: --stall {:.3f}s",
                      sim::seconds(s.stall_needed.value_or(sim::Duration{})));
  if (s.risk_possible)
    text += fmt::format(", or --risk {:.2e}", *s.risk_possible);
  return text + "\n";
}

std::string text_of(const scenario::Scenario& scenario, const sizing::Sizing& s) {
  std::string text = fmt::format("{}: ", scenario.name);
  if (!s.best) {
    text += infeasible(s);
  } else {
    text += fmt::format(
        "KATO {} s, CQT {:.3f} s (up to {:.3f} s within the stall), keep alive by "
        "{}{}\n",
        sim::seconds(s.best->kato), sim::seconds(s.best->cqt), sim::seconds(s.cqt_most),
        mode_of(*s.best), s.ccr ? ", Cross-Controller Reset first" : "");
    text += fmt::format("  I/O timeout of at least {} s, reconnect delay of at least {} s\n",
                        sim::seconds(s.io_timeout), sim::seconds(s.reconnect_delay));
    text += fmt::format("  {}; slack: {:.3f} s of stall, a factor of {:.3g} of risk\n",
                        sizing::told(s.binds), sim::seconds(s.stall_slack), s.risk_slack_ratio);
    text += fmt::format("  {} evaluations of the risk\n", s.evaluations);
  }
  text += "\n  what            keep alive  KATO (s)  CQT (s)       risk  stall (s)\n";
  if (s.best)
    text += row_of("recommended", *s.best);
  text += row_of("rule of thumb", s.rule);
  for (const sizing::Point& p : s.frontier)
    text += row_of("frontier", p);
  return text;
}

}  // namespace

int recommend_timeouts(const SizeArguments& arguments) {
  const sizing::Goal goal{risk_of(arguments.risk),
                          time_above_zero("--stall", arguments.stall, "20s")};
  const scenario::Scenario scenario = read_changed(arguments.scenario, arguments.sets);
  const sizing::Sizing sizing = sizing::size(scenario, goal);
  if (arguments.json) {
    print(sizing::document(scenario, sizing));
  } else {
    print(text_of(scenario, sizing));
  }
  return sizing.best ? done : expectation_failed;
}

}  // namespace holdfast::cli
