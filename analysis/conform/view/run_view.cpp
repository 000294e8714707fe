// SPDX-License-Identifier: Apache-2.0
// Working a RunView out: one pass over the records of a run.
#include "analysis/conform/view/run_view.hpp"

#include <fmt/format.h>

#include <variant>

#include "analysis/conform/view/builder.hpp"
#include "analysis/conform/view/derived.hpp"
#include "models/scenario/builder/builder.hpp"
#include "sim/timer_wheel.hpp"

namespace holdfast::conform {

namespace {

using scenario::Fault;

/// Whether a fault goes on until something ends it, as opposed to one that strikes and is over.
bool lasts(const Fault& fault) {
  return std::visit(
      [](const auto& f) {
        using F = std::decay_t<decltype(f)>;
        return requires { f.until_after; }
        || std::is_same_v<F, scenario::AnaChange>;
      },
      fault);
}

/// An ANA change ends what the one before it began, if it leads back to a usable state.
bool restores(const Fault& fault) {
  const auto* ana = std::get_if<scenario::AnaChange>(&fault);
  return ana != nullptr && (ana->state == scenario::AnaState::optimized ||
                            ana->state == scenario::AnaState::non_optimized);
}

TimePoint healed_at(const RunView& v) {
  TimePoint last = sim::epoch;
  for (const FaultWindow& f : v.faults) {
    const bool known = f.fault < v.scenario.faults.size();
    const bool open = f.off == never && known && lasts(v.scenario.faults[f.fault]) &&
                      !restores(v.scenario.faults[f.fault]);
    const auto* ana =
        known ? std::get_if<scenario::AnaChange>(&v.scenario.faults[f.fault]) : nullptr;
    const bool undone =
        ana != nullptr && std::any_of(v.faults.begin(), v.faults.end(), [&](const FaultWindow& g) {
          return g.on > f.on && g.fault < v.scenario.faults.size() &&
                 restores(v.scenario.faults[g.fault]);
        });
    if (open && !undone)
      return never;
    last = std::max(last, f.off == never ? f.on : f.off);
  }
  return last;
}

}  // namespace

RunView::RunView(const scenario::Scenario& s, const EventLog& l, TimePoint e)
    : scenario(s), log(l), end(e), derived(std::make_shared<Derived>()) {}

Duration Association::kato(const std::vector<Exchange>& all) const {
  if (connect == nothing)
    return {};
  return std::chrono::milliseconds{all[connect].command.cdw12};
}

std::string RunView::name_of(std::uint32_t controller) const {
  return fmt::format("{}/nvme{}", host_of(controller).name, controllers[controller].connect);
}

std::uint32_t RunView::association_at(std::uint32_t controller, std::uint32_t index) const {
  std::uint32_t found = nothing;
  for (const std::uint32_t a : of_controller[controller]) {
    if (associations[a].begun_index <= index)
      found = a;
  }
  return found;
}

Duration RunView::kato_at(const Association& a, TimePoint t) const {
  Duration kato = a.kato(exchanges);
  for (const Exchange& x : exchanges) {
    // nvme_update_keep_alive: whole seconds, rounded up.
    if (x.controller == a.controller && x.ok() && x.answered <= t && x.sent >= a.begun &&
        x.is_feature(wire::AdminOpcode::set_features, wire::FeatureId::keep_alive_timer))
      kato = std::chrono::ceil<std::chrono::seconds>(std::chrono::milliseconds{x.command.cdw11});
  }
  return kato;
}

bool RunView::is_disabled(std::uint32_t target, std::uint32_t index) const {
  std::uint32_t disabled = nothing;
  for (const Exchange& x : exchanges) {
    const auto set = wire::as_property_set(x.command);
    if (set && set->property == wire::Property::cc && x.index <= index &&
        x.association != nothing && associations[x.association].target == target &&
        !wire::Configuration::decode(static_cast<std::uint32_t>(set->value)).enable)
      disabled = x.index;
  }
  if (disabled == nothing)
    return false;
  bool ready = false;
  each_indexed(Kind::controller_ready, [&](const Event& e, std::uint32_t i) {
    ready = ready || (e.get<"subsystem">() == targets[target].subsystem &&
                      e.get<"cntlid">() == targets[target].cntlid && i > disabled && i <= index);
  });
  return !ready;
}

sim::ClockRate RunView::clock_of(std::uint32_t controller) const {
  const scenario::Host& h = host_of(controller);
  return scenario::clock_rate(h.clock_fast_ppm, h.clock_slow_ppm);
}

Duration RunView::least_of(std::uint32_t controller, Duration t) const {
  return least_by(clock_of(controller), t);
}

TimePoint RunView::timer_latest(std::uint32_t controller, TimePoint from, Duration t) const {
  const std::uint32_t hz = host_of(controller).hz;
  if (hz == 0)
    return from + most_of(controller, t);
  // A request timer is set up to R = 2^n >= hz ticks ahead of its deadline. One that is pending for
  // less than half a second later is left as it is, which was set up to 5 s + R before
  // (protocol.md 15.2). All go through the wheel: its granularity is at most an eighth.
  const sim::TimerWheel wheel{hz, {}};
  const Duration ahead = wheel.tick() * sim::BlockTimer::slack(wheel);
  const Duration slack = ahead + std::chrono::milliseconds{500};
  return from +
         most_of(controller, t + slack + std::max(t + slack, std::chrono::seconds{5} + ahead) / 8 +
                                 2 * wheel.tick());
}

bool RunView::quiet(TimePoint from, TimePoint to) const {
  return std::none_of(faults.begin(), faults.end(), [&](const FaultWindow& f) {
    return f.on <= to && (f.off == never ? f.on : f.off) >= from;
  });
}

RunView view_of(const scenario::Scenario& scenario, const EventLog& log, TimePoint end) {
  RunView view(scenario, log, end);
  ViewBuilder builder(view);
  const auto events = log.all();
  for (std::uint32_t i = 0; i < events.size(); ++i)
    builder.take(events[i], i);
  builder.finish();
  view.healed = healed_at(view);
  return view;
}

}  // namespace holdfast::conform
