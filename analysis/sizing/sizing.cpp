// SPDX-License-Identifier: Apache-2.0
// Bisection over KATO; see sizing.hpp.
#include "analysis/sizing/sizing.hpp"

#include <algorithm>
#include <cmath>

#include "sim/check.hpp"

namespace holdfast::analysis::sizing {

namespace {

using namespace std::chrono_literals;

class Sizer {
 public:
  Sizer(const scenario::Subsystem& subsystem, const Path& path, const Goal& goal)
      : kato_min_(subsystem.kato_min), kas_(subsystem.kas), path_(path), goal_(goal) {}

  /// With the least CQT that the risk asks for. The risk falls by a factor of e with each mean time
  /// of a write, so one evaluation tells it, and a second one makes sure.
  Point at(KeepAlive mode, std::int64_t seconds) {
    Point p;
    p.mode = mode;
    p.kato = effective_kato(std::chrono::seconds{seconds}, kato_min_, kas_);
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

  /// The longest KATO that will do; none: not even that of one second.
  std::optional<Point> longest(KeepAlive mode) {
    Point low = at(mode, 1);
    if (!is_feasible(low))
      return std::nullopt;
    std::int64_t good = 1, bad = longest_kato_s + 1;
    // No hold is shorter than m x KATO, so the stall alone says where to look.
    const Duration once = hold_multiplier(mode) * Duration{1s} + Duration{1s};
    bad = std::min<std::int64_t>(bad, std::max<std::int64_t>(goal_.stall / once, 1) + 1);
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
  Duration kato_min_, kas_;
  Path path_;
  Goal goal_;
  std::uint64_t evaluations_ = 0;
};

Duration whole_seconds(Duration d) { return (d + 1s - 1ns) / 1s * 1s; }

/// What the cheapest way out of an impossible wish would cost.
void relax(Sizer& sizer, Sizing& out) {
  Point least = sizer.at(KeepAlive::traffic_based, 1);
  const Point other = sizer.at(KeepAlive::command_based, 1);
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
    const Point next = sizer.at(out.best->mode, out.best->kato / 1s + 1);
    out.binds = out.best->kato >= std::chrono::seconds{longest_kato_s} ? Binds::kato_limit
                : next.cqt > longest_cqt                               ? Binds::cqt_field
                : next.cqt > 1ms                                       ? Binds::both
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
  const std::int64_t last = out.best ? std::max<std::int64_t>(2 * (out.best->kato / 1s), 8) : 16;
  for (std::int64_t k = 1; k <= last; k += std::max<std::int64_t>(1, last / 16))
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
