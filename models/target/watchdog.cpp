// SPDX-License-Identifier: Apache-2.0
// Keep alive at the target: which KATO is accepted and what it becomes, when the timer runs, and
// how a controller finds out that its host went silent (protocol.md 1.2 - 1.5).
#include <algorithm>
#include <utility>

#include "models/target/internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

namespace {

bool runs(const Profile& profile, const Controller& c) {
  const bool active = c.enabled && c.ready && !c.shut_down;
  return c.katt != Duration{} && (active || profile.keep_alive_from == KeepAliveFrom::connect);
}

void watchdog_fired(World& w, ControllerId id);

/// protocol.md 1.3: after a Controller Level Reset the association is preserved for at least so
/// long, then it may go unless the controller was enabled again. SPDK
/// (nvmf_ctrlr_association_remove) does so after a shutdown too.
constexpr Duration association_preserved = std::chrono::minutes{2};

/// KATT, as long as it takes by the clock of the target.
Duration katt_of(const Profile& profile, const Controller& c) {
  return profile.clock.takes(c.katt);
}

/// When delayed work of the machine fires: its ticks are those of its clock.
TimePoint work_at(const Profile& profile, TimePoint from, Duration shown) {
  const sim::ClockRate& clock = profile.clock;
  if (clock.is_right() || profile.wheel.is_exact())
    return sim::fires_at(profile.wheel, from, clock.takes(shown));
  const TimePoint begins = sim::epoch + clock.shown(from - sim::epoch);
  const TimePoint fires = sim::fires_at(profile.wheel, begins, shown);
  return std::max(from, sim::epoch + clock.takes(fires - sim::epoch));
}

/// A whole KATT after `from`: delayed work of the machine, unless it is a poller's own clock.
TimePoint next_check(const World& w, const Controller& c, TimePoint from) {
  HOLDFAST_CHECK(c.katt > Duration{}, "checks would follow each other at one instant");
  const Profile& profile = profile_of(w, c);
  return profile.watchdog == Watchdog::poller ? from + katt_of(profile, c)
                                              : work_at(profile, from, c.katt);
}

void arm(World& w, ControllerId id, TimePoint at) {
  Controller& c = w.target.controllers[id];
  w.calendar.cancel(c.watchdog);
  c.watchdog_at = at;
  c.watchdog = w.at(at, [id](World& world) { watchdog_fired(world, id); });
}

enum class Finding : std::uint8_t { expired, abandoned, next_window };

/// What a look at the instant `at` finds.
Finding look(World& w, Controller& c, TimePoint at) {
  HOLDFAST_CHECK(at <= w.now(), "a check of what has not happened yet");
  const Profile& profile = profile_of(w, c);
  if (!runs(profile, c))
    return Finding::abandoned;
  if (profile.traffic_based && c.traffic_seen) {
    // nvmet_keep_alive_timer with reset_tbkas set: one more full window.
    record<Kind::keep_alive_window>(w, c.subsystem, c.cntlid);
    c.traffic_seen = false;
    c.last_keep_alive = at;
    return Finding::next_window;
  }
  // nvmf_ctrlr_keep_alive_poll: strictly later, so that a Keep Alive at the instant of a look is
  // good for two periods.
  const bool polled = profile.watchdog == Watchdog::poller;
  if (polled && at <= c.last_keep_alive + katt_of(profile, c))
    return Finding::next_window;
  return Finding::expired;
}

void end(World& w, ControllerId id, Finding why) {
  const Controller& c = w.target.controllers[id];
  if (why == Finding::abandoned) {
    // Stopping the last queue may free the controller, hence the copy of the list.
    const sim::Vector<QueueId> queues = c.queues;
    for (const QueueId queue : queues)
      stop_queue(w, queue, true);
    return;
  }
  record<Kind::keep_alive_expired>(w, c.subsystem, c.cntlid);
  report_lost_host(w, id, wire::LostHostCause::keep_alive_timeout);
  fatal_error(w, id, cause_keep_alive);
}

void watchdog_fired(World& w, ControllerId id) {
  Controller& c = w.target.controllers[id];
  if (hangs(w, c.node)) {
    c.missed_check = w.now();
    return;
  }
  if (const Finding found = look(w, c, w.now()); found != Finding::next_window) {
    end(w, id, found);
  } else {
    arm(w, id, next_check(w, c, w.now()));
  }
}

}  // namespace

bool accepts_kato(const Profile& profile, std::uint32_t kato_ms, bool at_connect) {
  if (kato_ms == 0) {
    return profile.kato_zero == KatoZero::off ||
           (at_connect && profile.kato_zero == KatoZero::set_features_refused);
  }
  return profile.kato_max == Duration{} || std::chrono::milliseconds{kato_ms} <= profile.kato_max;
}

Duration effective_kato(const Profile& profile, std::uint32_t kato_ms) {
  if (kato_ms == 0)
    return Duration{};
  // Raised to the minimum first, then rounded up to the granularity (protocol.md 1.2).
  const Duration asked = std::max<Duration>(std::chrono::milliseconds{kato_ms}, profile.kato_min);
  const std::int64_t granules = (asked + profile.kas - Duration{1}) / profile.kas;
  HOLDFAST_CHECK(granules * profile.kas >= asked, "a timeout is never rounded down");
  return granules * profile.kas;
}

void start_watchdog(World& w, ControllerId id) {
  Controller& c = w.target.controllers[id];
  w.calendar.cancel(c.watchdog);
  c.missed_check = sim::never;
  c.last_keep_alive = w.now();
  const Profile& profile = profile_of(w, c);
  // Base 2.1, Figure 90: what starts an interval lies in the one before it. nvmet counts it for
  // both.
  c.traffic_seen = c.traffic_seen && !profile.keep_alive_starts_interval;
  if (runs(profile, c)) {
    arm(w, id, next_check(w, c, w.now()));
  } else if (c.leaving && profile.keep_alive_from == KeepAliveFrom::enable) {
    arm(w, id, work_at(profile, w.now(), association_preserved));
  }
}

void keep_alive_received(World& w, ControllerId id) {
  Controller& c = w.target.controllers[id];
  if (profile_of(w, c).watchdog == Watchdog::poller) {
    c.last_keep_alive = w.now();
  } else {
    start_watchdog(w, id);
  }
}

void put_off_watchdog(World& w, ControllerId id, Duration by) {
  Controller& c = w.target.controllers[id];
  HOLDFAST_CHECK(by >= Duration{}, "a clock does not go back");
  const bool missed = std::exchange(c.missed_check, sim::never) != sim::never;
  if (!w.calendar.cancel(c.watchdog) && !missed)
    return;  // it does not run
  c.last_keep_alive += by;
  arm(w, id, c.watchdog_at + by);
}

void catch_up_watchdog(World& w, ControllerId id, bool by_the_clock) {
  Controller& c = w.target.controllers[id];
  if (c.missed_check == sim::never)
    return;
  if (!by_the_clock) {
    c.missed_check = sim::never;
    watchdog_fired(w, id);
    return;
  }
  while (c.missed_check <= w.now()) {
    if (const Finding found = look(w, c, c.missed_check); found != Finding::next_window) {
      end(w, id, found);
      return;
    }
    c.missed_check = next_check(w, c, c.missed_check);
  }
  arm(w, id, c.missed_check);
  c.missed_check = sim::never;
}

}  // namespace holdfast::target
