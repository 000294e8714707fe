// SPDX-License-Identifier: Apache-2.0
// Critical instants come out of probes: worlds in which the time in question lies as late as it
// may, so that everything which it could come to lie behind happens without it.
#include "analysis/search/critical.hpp"

#include <algorithm>

namespace holdfast::analysis::search {

namespace {

/// What the landing of a command, and its answer, may come before or behind.
constexpr bool interacts(holdfast::Kind kind) {
  using Record = holdfast::Kind;
  switch (kind) {
    case Record::app_submit:
    case Record::app_complete:
    case Record::attempt_sent:
    case Record::command_fetched:
    case Record::media_write:
    case Record::media_read:
    case Record::recovery_started:
    case Record::fence_started:
    case Record::hold_ended:
    case Record::requests_cancelled:
    case Record::request_timeout:
    case Record::keep_alive_sent:
    case Record::keep_alive_skipped:
    case Record::keep_alive_window:
    case Record::keep_alive_expired:
    case Record::controller_fatal:
    case Record::controller_freed:
    case Record::queue_released:
    case Record::queue_opened:
    case Record::ccr_attempt:
    case Record::ccr_succeeded:
    case Record::ccr_failed:
    case Record::connected:
    case Record::connect_failed:
    case Record::fault:
      return true;
    default:
      return false;
  }
}

class Instants : public sim::Sink {
 public:
  void on_record(const sim::Record& r) override {
    if (interacts(static_cast<holdfast::Kind>(r.kind)) && (at.empty() || at.back() != r.time_ns))
      at.push_back(r.time_ns);
  }
  std::vector<std::int64_t> at;
};

/// When packets reach the end of a link. A blackhole does nothing else than to swallow these, so
/// two that begin, or end, between the same two of them are one and the same.
class Arrivals : public sim::Sink {
 public:
  explicit Arrivals(net::LinkId link) : link_(link) {}
  void on_record(const sim::Record& r) override {
    if (static_cast<holdfast::Kind>(r.kind) == holdfast::Kind::packet_hop &&
        r.word[0] / 2 == sim::index(link_) && (at.empty() || at.back() != r.time_ns))
      at.push_back(r.time_ns);
  }
  std::vector<std::int64_t> at;

 private:
  net::LinkId link_;
};

void tidy(std::vector<std::int64_t>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

std::vector<Deviation> with(const std::vector<Deviation>& path, const Planned& planned,
                            std::int64_t value) {
  std::vector<Deviation> longer = path;
  longer.push_back({planned.kind, {planned.stream, 0, value}, planned.name, 0, {}});
  return longer;
}

}  // namespace

std::int64_t own_time(const Space& space, const Planned& planned,
                      const std::vector<Deviation>& path) {
  const World w = space.root(path);
  const fault::Fault& f = w.fault.faults[planned.fault];
  return (planned.kind == Kind::fault_at ? f.at - sim::epoch : f.until - f.at).count();
}

std::vector<std::int64_t> delays_of(const Space& space, const World& w,
                                    const std::vector<Deviation>& path, const Asked& asked) {
  const sim::Choice& own = asked.own;
  const Duration longest =
      asked.kind == Kind::held ? *space.bounds.packet_delay : *space.bounds.delay;
  const std::int64_t most = longest.count();
  World probe = w;
  sim::ChoiceScript script = space.script_of(path);
  script.push_back({own.stream, own.ordinal, most});
  probe.choices.replay(std::move(script));
  if (!probe.calendar.step(probe, space.end))
    return {};
  const std::int64_t began = sim::ns(probe.now());
  Instants instants;
  probe.trace.attach(&instants);
  const TimePoint last = std::min(space.end, probe.now() + longest + asked.transit);
  while (probe.calendar.step(probe, last)) {
  }
  probe.trace.attach(nullptr);
  std::vector<std::int64_t> values = {most};
  for (const std::int64_t at : instants.at) {
    const std::int64_t exact = at - began - asked.transit.count();
    for (const std::int64_t value : {exact - 1, exact, exact + 1}) {
      if (value > own.value && value <= most)
        values.push_back(value);
    }
  }
  tidy(values);
  return values;
}

std::vector<std::int64_t> times_of(const Space& space, const Planned& planned,
                                   const std::vector<Deviation>& path, std::int64_t own) {
  // A fault that comes or goes last of all leaves everything else as it is without it.
  World probe = space.root(with(path, planned, planned.high.count()));
  const fault::Fault& f = probe.fault.faults[planned.fault];
  const TimePoint origin = planned.kind == Kind::fault_at ? sim::epoch : f.at;
  const TimePoint last = std::min(space.end, origin + planned.high);
  std::vector<std::int64_t> values = {planned.low.count(), planned.high.count()};
  const auto add = [&](std::int64_t value) {
    if (value >= planned.low.count() && value <= planned.high.count())
      values.push_back(value);
  };
  // It was planned before what else happens at its instant, and so comes first there: right before
  // an event is at it.
  if (const auto* const hole = std::get_if<fault::Blackhole>(&f.what)) {
    Arrivals arrivals(hole->link);
    probe.trace.attach(&arrivals);
    probe.calendar.run_until(probe, last);
    probe.trace.attach(nullptr);
    for (const std::int64_t at : arrivals.at)
      add(at - sim::ns(origin));
  } else {
    while (probe.calendar.step(probe, last)) {
      add((probe.now() - origin).count());
      add((probe.now() - origin).count() + 1);
    }
  }
  tidy(values);
  values.erase(std::remove(values.begin(), values.end(), own), values.end());
  return values;
}

}  // namespace holdfast::analysis::search
