// SPDX-License-Identifier: Apache-2.0
// Critical instants come out of probes: worlds in which the time in question lies as late as it
// may, so that everything which it could come to lie behind happens without it.
#include "analysis/search/critical.hpp"

#include <algorithm>

namespace holdfast::analysis::search {

namespace {

/// What happens at a host: only a packet tells a target of it, or of the target's doings.
constexpr bool is_at_host(holdfast::Kind kind) {
  using Record = holdfast::Kind;
  switch (kind) {
    case Record::app_submit:
    case Record::app_complete:
    case Record::attempt_sent:
    case Record::recovery_started:
    case Record::fence_started:
    case Record::hold_ended:
    case Record::requests_cancelled:
    case Record::request_timeout:
    case Record::keep_alive_sent:
    case Record::keep_alive_skipped:
    case Record::ccr_attempt:
    case Record::ccr_succeeded:
    case Record::ccr_failed:
    case Record::connected:
    case Record::connect_failed:
      return true;
    default:
      return false;
  }
}

/// What the landing of a command, and its answer, may come before or behind.
constexpr bool interacts(holdfast::Kind kind) {
  using Record = holdfast::Kind;
  switch (kind) {
    case Record::command_fetched:
    case Record::media_write:
    case Record::media_read:
    case Record::keep_alive_window:
    case Record::keep_alive_expired:
    case Record::controller_fatal:
    case Record::controller_freed:
    case Record::queue_released:
    case Record::queue_opened:
    case Record::fault:
      return true;
    default:
      return is_at_host(kind);
  }
}

/// An instant of interest; elsewhere: all that happens at it does at hosts.
struct Instant {
  std::int64_t at = 0;
  bool elsewhere = false;
};

class Instants : public sim::Sink {
 public:
  void on_record(const sim::Record& r) override {
    const auto kind = static_cast<holdfast::Kind>(r.kind);
    if (!interacts(kind))
      return;
    if (at.empty() || at.back().at != r.time_ns)
      at.push_back({r.time_ns, true});
    at.back().elsewhere = at.back().elsewhere && is_at_host(kind);
  }
  std::vector<Instant> at;
};

/// Nothing gets from one node to another in less.
Duration lookahead(const World& w) {
  Duration least = Duration::max();
  for (const net::Channel& channel : w.net.channels)
    least = std::min(least, channel.delay);
  return w.net.channels.empty() ? Duration{} : least;
}

/// Those to which a command at a target comes close enough to be told apart from another instant:
/// what happens at a host within the lookahead of a link commutes with its landing, so of all such
/// in a row, with nothing at a target among them, one stands for the rest and for both its sides.
std::vector<Instant> apart(const std::vector<Instant>& all, Duration lookahead) {
  std::vector<Instant> out;
  for (const Instant& one : all) {
    const bool stands_for_it = !out.empty() && out.back().elsewhere && one.elsewhere &&
                               one.at - out.back().at < lookahead.count();
    if (!stands_for_it)
      out.push_back(one);
  }
  return out;
}

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
  // A lookahead of a nanosecond or less sets nothing apart from its two sides.
  const Duration ahead = lookahead(w);
  const bool reduced = space.reduce && asked.kind == Kind::delay && ahead > Duration{1};
  for (const Instant& one : reduced ? apart(instants.at, ahead) : instants.at) {
    const std::int64_t exact = one.at - began - asked.transit.count();
    const std::int64_t side = reduced && one.elsewhere ? 0 : 1;
    for (std::int64_t value = exact - side; value <= exact + side; ++value) {
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
