// SPDX-License-Identifier: Apache-2.0
// The keep-alive timer of a controller: when it runs, what restarts it, and when it expires.
#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/keep_alive.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

namespace {

using std::chrono::seconds;
using What = Mark::What;

bool is_nvmet(const scenario::Subsystem& s) { return s.profile.starts_with("nvmet"); }

/// What satisfies a command-based timer.
bool restarts(const Mark& m) { return m.what != What::fetched; }
/// What satisfies a traffic-based timer, which a Keep Alive restarts as well when it is carried
/// out.
bool is_traffic(const Mark&) { return true; }

std::string name_of(const TargetKeepAlive& k) { return fmt::format("controller {}", k.t->cntlid); }

/// Expiry comes no earlier than a KATT after the last mark that counts.
void not_before(Ledger& ledger, const TargetKeepAlive& k, const Stretch& s) {
  ledger.expect(k.expired >= s.due(k, 1), k.expired, [&] {
    return fmt::format(
        "{} expired {} after what restarts its timer last happened; its timeout is {}", name_of(k),
        text(k.expired - s.from->at), text(s.from->katt));
  });
}

/// Expiry comes no later than `times` KATT after the last mark that counts. Nobody can say what a
/// node does that hangs.
void not_after(const RunView& v, Ledger& ledger, const TargetKeepAlive& k, const Stretch& s,
               int times) {
  if (s.from->katt == Duration{})
    return;
  const TimePoint limit = target_latest(*k.subsystem, s.from->at, times * s.from->katt, times);
  if ((!s.expired && s.next <= limit) || node_failed(v, k.t->subsystem, s.from->at, limit))
    return;
  ledger.expect(s.expired && k.expired <= limit, std::min(s.next, v.end), [&] {
    return fmt::format("{} should have expired by {}, {} after what last restarts its timer; {}",
                       name_of(k), text(limit), text(limit - s.from->at),
                       s.expired ? "it did at " + text(k.expired) : std::string("it did not"));
  });
}

/// Calls `act(controller, stretch)` for stretches of controllers of one kind.
template <class Act>
void each_of(const RunView& v, bool traffic_based, Act act) {
  for (const TargetKeepAlive& k : target_keep_alives(v)) {
    if (k.traffic_based() == traffic_based)
      each_stretch(k, traffic_based ? is_traffic : restarts, [&](const Stretch& s) { act(k, s); });
  }
}

void command_based_not_before(const RunView& v, Ledger& ledger) {
  each_of(v, false, [&](const TargetKeepAlive& k, const Stretch& s) {
    if (s.expired)
      not_before(ledger, k, s);
  });
}

void command_based_not_after(const RunView& v, Ledger& ledger) {
  each_of(v, false,
          [&](const TargetKeepAlive& k, const Stretch& s) { not_after(v, ledger, k, s, 1); });
}

/// An implementation that looks now and then may be a period late; one that takes I/O for a sign of
/// life is later than that.
void io_does_not_count(const RunView& v, Ledger& ledger) {
  each_of(v, false, [&](const TargetKeepAlive& k, const Stretch& s) {
    const TimePoint due = s.due(k, 1);
    if (s.next < due)
      return;
    const bool io = std::any_of(k.marks.begin(), k.marks.end(), [&](const Mark& m) {
      return m.qid != 0 && m.at > s.from->at && m.at <= due;
    });
    if (io)
      not_after(v, ledger, k, s, 2);
  });
}

void traffic_based_not_before(const RunView& v, Ledger& ledger) {
  each_of(v, true, [&](const TargetKeepAlive& k, const Stretch& s) {
    if (s.expired)
      not_before(ledger, k, s);
  });
}

/// The last release of a queue of the controller between two instants, or `from`.
TimePoint last_release(const RunView& v, const TargetController& t, TimePoint from, TimePoint to) {
  TimePoint found = from;
  v.each(Kind::queue_released, [&](const Event& e) {
    const bool mine = e.get<"subsystem">() == t.subsystem && e.get<"cntlid">() == t.cntlid;
    if (mine && e.at > from && e.at < to)
      found = e.at;
  });
  return found;
}

/// The end of a queue counts as well where it does (KAT-11).
void traffic_based_not_after(const RunView& v, Ledger& ledger) {
  each_of(v, true, [&](const TargetKeepAlive& k, const Stretch& s) {
    Mark from = *s.from;
    from.at = last_release(v, *k.t, from.at, s.next);
    not_after(v, ledger, k, {&from, s.next, s.expired}, 2);
  });
}

/// The last command was fetched and not answered any more: fetching it is what counts.
void fetching_counts(const RunView& v, Ledger& ledger) {
  each_of(v, true, [&](const TargetKeepAlive& k, const Stretch& s) {
    if (s.expired && s.from->what == What::fetched && !s.from->answered)
      not_before(ledger, k, s);
  });
}

/// The last thing that restarted the timer was Set Features with a new timeout.
void new_kato_counts_from_its_setting(const RunView& v, Ledger& ledger) {
  for (const bool traffic_based : {false, true}) {
    each_of(v, traffic_based, [&](const TargetKeepAlive& k, const Stretch& s) {
      if (!s.expired || node_failed(v, k.t->subsystem, s.from->at, k.expired))
        return;
      const bool set = std::any_of(k.marks.begin(), k.marks.end(), [&](const Mark& m) {
        return m.what == What::set_features && m.at >= s.from->at && m.at < s.next;
      });
      if (!set)
        return;
      // A poller adds a period.
      const int times = traffic_based || k.subsystem->watchdog == target::Watchdog::poller ? 2 : 1;
      const Duration katt = k.katt_at(s.next);
      const TimePoint limit = target_latest(*k.subsystem, s.from->at, times * katt, times);
      const TimePoint least = s.from->at + least_by(clock_of(*k.subsystem), katt);
      ledger.expect(k.expired >= least && k.expired <= limit, k.expired, [&] {
        return fmt::format("{} expired {} after Set Features had made its timeout {}", name_of(k),
                           text(k.expired - s.from->at), text(katt));
      });
    });
  }
}

/// Not before CC.EN and CSTS.RDY are 1, and not once it has been disabled or shut down.
void only_while_enabled(const RunView& v, Ledger& ledger) {
  for (const TargetController& t : v.targets) {
    const TimePoint until = std::min({t.ready, t.fatal == t.expired ? never : t.fatal, t.freed});
    const bool discovery = t.subsystem >= v.scenario.subsystems.size();
    if (discovery || t.katt == Duration{})
      continue;
    const bool expired = t.expired != never && t.expired <= until;
    if (!expired && std::min(until, v.end) <= t.created + 2 * t.katt)
      continue;
    ledger.expect(!expired, std::min(t.expired, v.end), [&] {
      return fmt::format("controller {} expired {} after its Admin Connect and was never enabled",
                         t.cntlid, text(t.expired - t.created));
    });
  }
  for (const TargetKeepAlive& k : target_keep_alives(v)) {
    const bool disabled = k.until < std::min({k.t->freed, k.t->fatal, v.end});
    const TimePoint end = std::min({k.t->freed, k.t->fatal, k.t->expired, v.end});
    if (!disabled || k.expired != never || end <= k.until + 2 * k.katt_at(k.until))
      continue;
    ledger.expect(k.t->expired == never, end, [&] {
      return fmt::format("{} expired {} after it had been disabled", name_of(k),
                         text(k.t->expired - k.until));
    });
  }
}

/// nvmet_alloc_ctrl: a host that dies before it enables the controller is cleaned up as well.
void nvmet_runs_from_connect(const RunView& v, Ledger& ledger) {
  for (const TargetController& t : v.targets) {
    if (t.subsystem >= v.scenario.subsystems.size() || t.katt == Duration{})
      continue;
    const scenario::Subsystem& s = v.scenario.subsystems[t.subsystem];
    TimePoint last = t.created;
    for (const std::uint32_t i : t.fetches)
      last = std::max(last, v.event(i).at);
    const TimePoint limit = target_latest(s, last, 2 * t.katt, 2);
    const bool too_short = t.expired == never && std::min(t.freed, v.end) <= limit;
    if (!is_nvmet(s) || t.ready != never || too_short)
      continue;
    ledger.expect(t.expired <= limit, std::min(t.expired, v.end), [&] {
      return fmt::format("controller {}, never enabled, should have expired by {}", t.cntlid,
                         text(limit));
    });
  }
}

/// A Keep Alive restarts the timer and is itself traffic (protocol.md 1.8).
void nvmet_two_windows_after_keep_alive(const RunView& v, Ledger& ledger) {
  each_of(v, true, [&](const TargetKeepAlive& k, const Stretch& s) {
    if (!s.expired || s.from->what != What::keep_alive || !is_nvmet(*k.subsystem))
      return;
    // One that waits behind slow admin work has been fetched before, and that was all.
    const bool at_once = std::any_of(k.marks.begin(), k.marks.end(), [&](const Mark& m) {
      return m.what == What::fetched && m.at == s.from->at && m.qid == 0 &&
             m.opcode == wire::raw(wire::AdminOpcode::keep_alive);
    });
    if (!at_once)
      return;
    ledger.expect(k.expired >= s.due(k, 2), k.expired, [&] {
      return fmt::format("{} expired {} after the last Keep Alive; two windows are {}", name_of(k),
                         text(k.expired - s.from->at), text(2 * s.from->katt));
    });
  });
}

/// nvmet_sq_destroy: teardown may have taken long, so that the watchdog gets a fresh window.
void nvmet_release_is_traffic(const RunView& v, Ledger& ledger) {
  each_of(v, true, [&](const TargetKeepAlive& k, const Stretch& s) {
    if (!s.expired || !is_nvmet(*k.subsystem))
      return;
    const TimePoint released = last_release(v, *k.t, s.from->at, k.expired);
    if (released == s.from->at)
      return;
    const Duration least = least_by(clock_of(*k.subsystem), s.from->katt);
    ledger.expect(k.expired >= released + least, k.expired, [&] {
      return fmt::format("{} expired {} after a queue of it was released; its timeout is {}",
                         name_of(k), text(k.expired - released), text(s.from->katt));
    });
  });
}

/// NVMET_DISC_KATO_MS, for what asked for no timeout.
void nvmet_discovery_timeout(const RunView& v, Ledger& ledger) {
  constexpr Duration substitute = seconds{120};
  for (const Association& a : v.associations) {
    if (v.subsystem_of(a.controller) != nullptr || a.target == nothing || a.connect == nothing ||
        v.exchanges[a.connect].command.cdw12 != 0)
      continue;
    const TargetController& t = v.targets[a.target];
    if (t.fetches.empty())
      continue;
    const TimePoint last = v.event(t.fetches.back()).at;
    const TimePoint limit = target_latest(v.scenario.subsystems.front(), last, 2 * substitute, 2);
    if (t.expired == never && std::min(t.freed, v.end) <= limit)
      continue;
    ledger.expect(t.expired >= last + substitute && t.expired <= limit, std::min(t.expired, v.end),
                  [&] {
                    return fmt::format(
                        "the discovery controller {} of {} expired at {}; its last "
                        "command came at {}",
                        t.cntlid, v.name_of(a.controller), text(t.expired), text(last));
                  });
  }
}

constexpr Check all[] = {
    {"KAT-1", command_based_not_before},
    {"KAT-2", command_based_not_after},
    {"KAT-3", io_does_not_count},
    {"KAT-4", traffic_based_not_before},
    {"KAT-5", traffic_based_not_after},
    {"KAT-6", fetching_counts},
    {"KAT-7", new_kato_counts_from_its_setting},
    {"KAT-8", only_while_enabled},
    {"KAT-9", nvmet_runs_from_connect},
    {"KAT-10", nvmet_two_windows_after_keep_alive},
    {"KAT-11", nvmet_release_is_traffic},
    {"KAT-12", nvmet_discovery_timeout},
};

}  // namespace

std::span<const Check> keep_alive_target_checks() { return all; }

}  // namespace holdfast::conform
