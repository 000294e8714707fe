// SPDX-License-Identifier: Apache-2.0
// Working the keep-alives of a run out; see keep_alive.hpp.
#include "analysis/conform/view/keep_alive.hpp"

#include <algorithm>
#include <map>

#include "analysis/conform/view/derived.hpp"
#include "models/scenario/builder/builder.hpp"
#include "sim/timer_wheel.hpp"

namespace holdfast::conform {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using wire::AdminOpcode;
using wire::FeatureId;

bool changes_kato(const Exchange& x) {
  return x.is_feature(AdminOpcode::set_features, FeatureId::keep_alive_timer);
}

/// A timer through the wheel fires at most an eighth of its time and a tick late.
Duration wheel_slack(std::uint32_t hz, Duration t, int parts) {
  return hz == 0 ? Duration{} : t / 8 + 2 * parts * sim::TimerWheel{hz, {}}.tick();
}

/// Per association: until when its controller was LIVE or CONNECTING.
std::vector<TimePoint> ends_of(const RunView& v) {
  std::vector<TimePoint> out(v.associations.size(), v.end);
  v.each_indexed(Kind::controller_state, [&](const Event& e, std::uint32_t index) {
    const auto to = static_cast<host::State>(e.get<"to">());
    if (to == host::State::live || to == host::State::connecting)
      return;
    const std::uint32_t a =
        v.association_at(static_cast<std::uint32_t>(e.get<"controller">()), index);
    if (a != nothing)
      out[a] = std::min(out[a], e.at);
  });
  for (std::size_t i = 0; i < out.size(); ++i) {
    const Association& a = v.associations[i];
    out[i] = std::min({out[i], a.failed, a.cancelled, a.over});
  }
  return out;
}

/// nvme_start_ctrl, for a discovery controller that reconnected with KATO 0 (protocol.md 1.9).
bool gets_kato_when_live(const RunView& v, const Association& a) {
  const auto& all = v.of_controller[a.controller];
  const bool again = std::any_of(all.begin(), all.end(), [&](std::uint32_t i) {
    return v.associations[i].number < a.number && v.associations[i].live != never;
  });
  return again && a.live != never && a.kato(v.exchanges) == Duration{} &&
         v.host_of(a.controller).policy.discovery_reconnect_kato;
}

void take_exchange(HostKeepAlive& k, const Exchange& x, std::uint32_t place) {
  if (x.answered != never)
    k.heard.push_back({x.answered, x.sent, place});
  if (x.qid != 0)
    return;
  if (x.is(AdminOpcode::keep_alive) && !x.by_operator)
    k.sent.push_back(place);
  if (k.begun == never && x.is_feature(AdminOpcode::set_features, FeatureId::number_of_queues))
    k.begun = x.sent;
  // nvme_update_keep_alive: whole seconds, rounded up.
  if (x.ok() && changes_kato(x))
    k.katos.emplace_back(x.answered, std::chrono::ceil<seconds>(milliseconds{x.command.cdw11}));
}

}  // namespace

Duration HostKeepAlive::kato_at(TimePoint t) const {
  Duration found = katos.front().second;
  for (const auto& [since, kato] : katos) {
    if (since <= t)
      found = kato;
  }
  return found;
}

Duration HostKeepAlive::longest_kato(TimePoint from, TimePoint to) const {
  Duration found = kato_at(from);
  for (const auto& [since, kato] : katos) {
    if (since > from && since <= to)
      found = std::max(found, kato);
  }
  return found;
}

namespace {

std::vector<HostKeepAlive> derive_host(const RunView& v) {
  const auto ends = ends_of(v);
  std::vector<HostKeepAlive> out(v.associations.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const Association& a = v.associations[i];
    out[i].a = &a;
    out[i].until = ends[i];
    out[i].katos.emplace_back(a.begun, a.kato(v.exchanges));
    if (v.subsystem_of(a.controller) != nullptr)
      continue;
    if (a.identify != nothing)
      out[i].begun = v.exchanges[a.identify].answered;
    if (gets_kato_when_live(v, a))
      out[i].katos.emplace_back(a.live, seconds{5});
  }
  const auto given_up = [&](const Event& e, std::uint32_t index) {
    const auto controller = static_cast<std::uint32_t>(e.get<"controller">());
    const std::uint32_t a = v.association_at(controller, index);
    if (a != nothing)
      out[a].given_up = std::min(out[a].given_up, e.at);
  };
  v.each_indexed(Kind::request_timeout, [&](const Event& e, std::uint32_t index) {
    if (e.get<"qid">() == 0 && e.get<"opcode">() == wire::raw(AdminOpcode::keep_alive))
      given_up(e, index);
  });
  v.each_indexed(Kind::keep_alive_done, [&](const Event& e, std::uint32_t index) {
    constexpr wire::Status aborted{wire::StatusCode::host_aborted_command};
    if (e.get<"status">() == aborted.value)
      given_up(e, index);
  });
  for (std::uint32_t i = 0; i < v.exchanges.size(); ++i) {
    if (v.exchanges[i].association != nothing)
      take_exchange(out[v.exchanges[i].association], v.exchanges[i], i);
  }
  for (const Attempt& attempt : v.attempts) {
    if (attempt.association != nothing && attempt.was_answered())
      out[attempt.association].heard.push_back({attempt.ended, attempt.sent, nothing});
  }
  std::erase_if(out, [](const HostKeepAlive& k) {
    return k.a->identify == nothing || k.begun == never || k.begun >= k.until;
  });
  for (HostKeepAlive& k : out) {
    std::stable_sort(k.heard.begin(), k.heard.end(),
                     [](const Heard& x, const Heard& y) { return x.at < y.at; });
  }
  return out;
}

}  // namespace

const std::vector<HostKeepAlive>& host_keep_alives(const RunView& v) {
  return kept(v.derived->host_keep_alives, v, &derive_host);
}

TimePoint work_latest(const RunView& v, std::uint32_t controller, TimePoint from, Duration t) {
  return from + v.most_of(controller, t + wheel_slack(v.host_of(controller).hz, t, 2));
}

Duration TargetKeepAlive::katt_at(TimePoint at) const {
  const auto behind = std::upper_bound(marks.begin(), marks.end(), at,
                                       [](TimePoint when, const Mark& m) { return when < m.at; });
  return behind == marks.begin() ? Duration{} : std::prev(behind)->katt;
}

Duration granted(const RunView& v, const Association& a, std::uint32_t kato_ms) {
  const scenario::Subsystem* s = v.subsystem_of(a.controller);
  if (kato_ms == 0 || s == nullptr)
    return milliseconds{kato_ms};
  // Raised to the minimum first, then rounded up to the granularity.
  const Duration asked = std::max<Duration>(milliseconds{kato_ms}, s->kato_min);
  const Duration kas = milliseconds{100} * a.identity.kas;
  return kas == Duration{} ? asked : (asked + kas - Duration{1}) / kas * kas;
}

sim::ClockRate clock_of(const scenario::Subsystem& s) {
  return scenario::clock_rate(s.clock_fast_ppm, s.clock_slow_ppm);
}

TimePoint target_latest(const scenario::Subsystem& s, TimePoint from, Duration t, int parts) {
  return from + clock_of(s).takes(t + wheel_slack(s.hz, t, parts)) + (parts - 1) * Duration{1};
}

bool node_failed(const RunView& v, std::uint32_t subsystem, TimePoint from, TimePoint to) {
  std::map<std::uint64_t, TimePoint> down;
  bool found = false;
  v.each(Kind::node_state, [&](const Event& e) {
    if (e.get<"subsystem">() != subsystem)
      return;
    if (e.get<"state">() != 0) {
      down.emplace(e.get<"node">(), e.at);
    } else if (const auto place = down.find(e.get<"node">()); place != down.end()) {
      found = found || (place->second <= to && e.at >= from);
      down.erase(place);
    }
  });
  return found ||
         std::any_of(down.begin(), down.end(), [&](const auto& one) { return one.second <= to; });
}

namespace {

/// Goes through what a controller fetched and answered, in order.
class Marker {
 public:
  Marker(const RunView& v, TargetKeepAlive& k, const std::vector<std::uint32_t>& exchanges)
      : v_(v), k_(k), exchanges_(exchanges) {
    katt_ = granted(v, *k.a, v.exchanges[k.a->connect].command.cdw12);
  }

  void run() {
    const TargetController& t = *k_.t;
    std::size_t f = 0, r = 0;
    bool ready = false;
    const auto note_ready = [&](TimePoint now) {
      if (!ready && t.ready <= now)
        k_.marks.push_back({Mark::What::ready, t.ready, katt_, 0, 0, 0, false});
      ready = ready || t.ready <= now;
    };
    while (f < t.fetches.size() || r < t.answers.size()) {
      const bool fetch =
          r == t.answers.size() || (f < t.fetches.size() && t.fetches[f] < t.answers[r]);
      const std::uint32_t index = fetch ? t.fetches[f++] : t.answers[r++];
      note_ready(v_.event(index).at);
      if (!ready)
        continue;
      if (fetch) {
        fetched(v_.event(index), index);
      } else {
        answered(v_.event(index), index);
      }
    }
    note_ready(v_.end);
  }

 private:
  using Id = std::pair<std::uint16_t, std::uint16_t>;

  static Id id_of(const Event& e) {
    return {static_cast<std::uint16_t>(e.get<"qid">()), static_cast<std::uint16_t>(e.get<"cid">())};
  }

  void fetched(const Event& e, std::uint32_t index) {
    const auto opcode = static_cast<std::uint8_t>(e.get<"opcode">());
    const Id id = id_of(e);
    identified_ = identified_ || (id.first == 0 && opcode == wire::raw(AdminOpcode::identify));
    // Once it has been identified, properties are touched only by a host that disables it.
    if (identified_ && id.first == 0 && opcode == wire::fabrics_opcode)
      k_.until = std::min(k_.until, e.at);
    open_[id] = k_.marks.size();
    k_.marks.push_back({Mark::What::fetched, e.at, katt_, index, id.first, opcode, false});
  }

  void answered(const Event& e, std::uint32_t index) {
    const auto found = open_.find(id_of(e));
    if (found == open_.end())
      return;
    Mark& of = k_.marks[found->second];
    of.answered = e.at <= k_.t->expired;
    const std::uint8_t opcode = of.opcode;
    open_.erase(found);
    if (e.get<"qid">() != 0 || !wire::Status(static_cast<std::uint16_t>(e.get<"status">())).ok())
      return;
    if (opcode == wire::raw(AdminOpcode::keep_alive))
      k_.marks.push_back({Mark::What::keep_alive, e.at, katt_, index, 0, opcode, true});
    if (opcode != wire::raw(AdminOpcode::set_features))
      return;
    const Exchange* x = exchange(static_cast<std::uint16_t>(e.get<"cid">()), e.at);
    if (x == nullptr || !changes_kato(*x))
      return;
    katt_ = granted(v_, *k_.a, x->command.cdw11);
    k_.marks.push_back({Mark::What::set_features, e.at, katt_, index, 0, opcode, true});
  }

  [[nodiscard]] const Exchange* exchange(std::uint16_t cid, TimePoint answered) const {
    const Exchange* found = nullptr;
    for (const std::uint32_t i : exchanges_) {
      const Exchange& x = v_.exchanges[i];
      if (x.command.cid == cid && x.sent <= answered)
        found = &x;
    }
    return found;
  }

  const RunView& v_;
  TargetKeepAlive& k_;
  const std::vector<std::uint32_t>& exchanges_;
  std::map<Id, std::size_t> open_;
  Duration katt_{};
  bool identified_ = false;
};

std::vector<TargetKeepAlive> derive_target(const RunView& v) {
  std::vector<std::vector<std::uint32_t>> features(v.associations.size());
  for (std::uint32_t i = 0; i < v.exchanges.size(); ++i) {
    const Exchange& x = v.exchanges[i];
    if (x.association != nothing && x.is(AdminOpcode::set_features))
      features[x.association].push_back(i);
  }
  std::vector<TargetKeepAlive> out;
  for (std::size_t i = 0; i < v.associations.size(); ++i) {
    const Association& a = v.associations[i];
    const scenario::Subsystem* s = v.subsystem_of(a.controller);
    if (a.target == nothing || a.identify == nothing || s == nullptr)
      continue;
    TargetKeepAlive k;
    k.t = &v.targets[a.target];
    k.a = &a;
    k.subsystem = s;
    k.until = std::min(k.t->freed, v.end);
    Marker(v, k, features[i]).run();
    if (k.t->fatal < k.t->expired)
      k.until = std::min(k.until, k.t->fatal);
    if (k.t->expired <= k.until)
      k.expired = k.t->expired;
    out.push_back(std::move(k));
  }
  return out;
}

}  // namespace

const std::vector<TargetKeepAlive>& target_keep_alives(const RunView& v) {
  return kept(v.derived->target_keep_alives, v, &derive_target);
}

}  // namespace holdfast::conform
