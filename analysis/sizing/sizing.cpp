// SPDX-License-Identifier: Apache-2.0
// Bisection over KATO; see sizing.hpp.
#include "analysis/sizing/sizing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "models/scenario/reading/error.hpp"
#include "sim/check.hpp"

namespace holdfast::analysis::sizing {

namespace {

using namespace std::chrono_literals;

/// KATOs that Linux can ask for, which is in whole seconds, and that the target takes as they are.
Duration kato_step(const scenario::Subsystem& subsystem) {
  return Duration{std::lcm(subsystem.kas.count(), Duration{1s}.count())};
}

class Sizer {
 public:
  Sizer(const scenario::Subsystem& subsystem, const Path& path, const Goal& goal)
      : step_(kato_step(subsystem)),
        least_(std::max<std::int64_t>((subsystem.kato_min + step_ - Duration{1}) / step_, 1)),
        path_(path),
        goal_(goal) {}

  /// Of KATO, and the first and last number of them that is tried.
  [[nodiscard]] Duration step() const { return step_; }
  [[nodiscard]] std::int64_t least() const { return least_; }
  [[nodiscard]] std::int64_t most() const { return std::chrono::seconds{longest_kato_s} / step_; }

  /// With the least CQT that the risk asks for. The risk falls by a factor of e with each mean time
  /// of a write, so one evaluation tells it, and a second one makes sure.
  Point at(KeepAlive mode, std::int64_t steps) {
    Point p;
    p.mode = mode;
    p.kato = steps * step_;
    p.cqt = 1ms;
    p.risk = risk_of(p);
    if (p.risk > goal_.risk) {
      const double more_s = sim::seconds(path_.mean) * std::log(p.risk / goal_.risk);
      p.cqt += std::chrono::milliseconds{static_cast<std::int64_t>(std::ceil(more_s * 1e3))};
      p.risk = risk_of(p);
      while (p.risk > goal_.risk) {  // the last millisecond
        p.cqt += 1ms;
        p.risk = risk_of(p);
      }
    }
    p.stall = worst_stall(path_with(p));
    return p;
  }

  [[nodiscard]] bool is_feasible(const Point& p) const {
    return p.stall <= goal_.stall && p.cqt <= longest_cqt;
  }

  /// The longest KATO that will do; none: not even the shortest.
  std::optional<Point> longest(KeepAlive mode) {
    Point low = at(mode, least_);
    if (!is_feasible(low))
      return std::nullopt;
    std::int64_t good = least_, bad = most() + 1;
    // No hold is shorter than m x KATO, so the stall alone says where to look.
    const Duration once = (hold_multiplier(mode) + 1) * step_;
    bad = std::min<std::int64_t>(bad, std::max<std::int64_t>(goal_.stall / once, good) + 1);
    while (bad - good > 1) {
      const std::int64_t middle = good + (bad - good) / 2;
      const Point p = at(mode, middle);
      if (is_feasible(p)) {
        good = middle;
        low = p;
      } else {
        bad = middle;
      }
    }
    return low;
  }

  [[nodiscard]] Path path_with(const Point& p) const {
    Path path = path_;
    path.mode = p.mode;
    path.kato = p.kato;
    path.cqt = p.cqt;
    path.multiplier = static_cast<double>(hold_multiplier(p.mode));
    return path;
  }

  double risk_of(const Point& p) {
    ++evaluations_;
    return std::max(exposure_of(path_with(p)), least_risk_told);
  }
  [[nodiscard]] std::uint64_t evaluations() const { return evaluations_; }

 private:
  Duration step_;
  std::int64_t least_;
  Path path_;
  Goal goal_;
  std::uint64_t evaluations_ = 0;
};

Duration whole_seconds(Duration d) { return (d + 1s - 1ns) / 1s * 1s; }

/// What the cheapest way out of an impossible wish would cost.
void relax(Sizer& sizer, Sizing& out) {
  Point least = sizer.at(KeepAlive::traffic_based, sizer.least());
  const Point other = sizer.at(KeepAlive::command_based, sizer.least());
  if (other.stall < least.stall)
    least = other;
  out.stall_needed = least.stall;
  // All of the stall that is left goes into CQT.
  Point most = least;
  most.cqt = 1ms;
  const Duration left = out.goal.stall - worst_stall(sizer.path_with(most));
  if (left >= Duration{}) {
    most.cqt = std::min(most.cqt + left / 1ms * 1ms, longest_cqt);
    out.risk_possible = sizer.risk_of(most);
  }
}

}  // namespace

const char* name_of(Binds binds) {
  switch (binds) {
    case Binds::stall:
      return "stall";
    case Binds::both:
      return "both";
    case Binds::cqt_field:
      return "cqt_field";
    case Binds::kato_limit:
      break;
  }
  return "kato_limit";
}

const char* told(Binds binds) {
  switch (binds) {
    case Binds::stall:
      return "the stall binds: the hold of the next KATO is too long by itself";
    case Binds::both:
      return "both bind: the next KATO with the CQT that the risk asks for stalls too long";
    case Binds::cqt_field:
      return "the CQT field binds: the risk asks for more than 65.535 s";
    case Binds::kato_limit:
      break;
  }
  return "nothing binds within ten minutes of KATO";
}

Sizing size(const scenario::Scenario& scenario, const Goal& goal) {
  HOLDFAST_CHECK(goal.risk > 0.0 && goal.risk < 1.0 && goal.stall > Duration{}, "that is no goal");
  const Path path = path_of(scenario);
  const scenario::Subsystem& subsystem = scenario.subsystems.front();
  const double m = static_cast<double>(hold_multiplier(path.mode));
  if (path.multiplier != m)
    throw scenario::ScenarioError({scenario.name, "/hosts/0/policy/hold_multiplier",
                                   fmt::format("{}", path.multiplier),
                                   fmt::format("{}, that of the rule: it is sized for", m), ""});
  Sizer sizer(subsystem, path, goal);
  Sizing out;
  out.goal = goal;
  for (const KeepAlive mode : {KeepAlive::traffic_based, KeepAlive::command_based}) {
    const std::optional<Point> one = sizer.longest(mode);
    if (one && (!out.best || one->kato > out.best->kato ||
                (one->kato == out.best->kato && one->stall < out.best->stall)))
      out.best = one;
  }
  out.ccr = subsystem.ccrl > 0;
  if (out.best) {
    out.risk_slack_ratio = goal.risk / out.best->risk;
    out.stall_slack = goal.stall - out.best->stall;
    out.io_timeout = whole_seconds(detection_of(sizer.path_with(*out.best)).latest) + 1s;
    out.reconnect_delay = whole_seconds(unanswered_connect());
    const std::int64_t steps = out.best->kato / sizer.step();
    const Point next = sizer.at(out.best->mode, steps + 1);
    out.binds = steps >= sizer.most()    ? Binds::kato_limit
                : next.cqt > longest_cqt ? Binds::cqt_field
                : next.cqt > 1ms         ? Binds::both
                                         : Binds::stall;
    out.cqt_most = std::min(out.best->cqt + out.stall_slack / 1ms * 1ms, longest_cqt);
  } else {
    relax(sizer, out);
  }
  out.evaluations = sizer.evaluations();
  out.rule = {path.mode, path.kato, path.cqt, 0.0, {}};
  out.rule.risk = sizer.risk_of(out.rule);
  out.rule.stall = worst_stall(sizer.path_with(out.rule));
  const KeepAlive mode = out.best ? out.best->mode : path.mode;
  const std::int64_t last =
      out.best ? std::max<std::int64_t>(2 * (out.best->kato / sizer.step()), 8) : 16;
  for (std::int64_t k = sizer.least(); k <= std::max(last, sizer.least());
       k += std::max<std::int64_t>(1, last / 16))
    out.frontier.push_back(sizer.at(mode, k));
  return out;
}

scenario::Scenario with(const scenario::Scenario& scenario, const Point& point) {
  scenario::Scenario out = scenario;
  for (scenario::Subsystem& s : out.subsystems) {
    s.attr_cqt = point.cqt;
    s.traffic_based_keep_alive = point.mode == KeepAlive::traffic_based;
  }
  for (scenario::Host& h : out.hosts) {
    for (scenario::Connect& c : h.connect)
      c.keep_alive_tmo = point.kato;
  }
  return out;
}

}  // namespace holdfast::analysis::sizing
