// SPDX-License-Identifier: Apache-2.0
// The time-based hold of TP4129, and what a host does and does not do while it fences.
#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/fence.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

namespace {

using std::chrono::milliseconds;

/// How late a host may be where nothing but its own work is in the way.
constexpr Duration promptly = milliseconds{10};

bool fenced_by(const Recovery& r, TimePoint t) { return r.fenced <= t; }

/// Each attempt is let go no earlier than `least(recovery)` after its path was given up, unless the
/// impacted controller was reset before. `which(recovery)` chooses the recoveries.
template <class Which, class Least>
void held_for(const RunView& v, Ledger& ledger, Which which, Least least) {
  each_let_go(v, which, [&](const Recovery& r, const Attempt& a, TimePoint gone) {
    const Duration wanted = least(r);
    if (r.fenced < r.started + wanted && fenced_by(r, gone))
      return;  // the reset decides, not the time
    ledger.expect(gone >= r.started + wanted, gone, [&] {
      return fmt::format("{} was let go {} after {} was given up; expected at least {}",
                         name_of(v, a), text(gone - r.started), v.name_of(r.controller),
                         text(wanted));
    });
  });
}

void not_let_go_early(const RunView& v, Ledger& ledger) {
  each_let_go(v, is_path_loss, [&](const Recovery& r, const Attempt& a, TimePoint gone) {
    const Duration wanted = required_hold(v, r);
    ledger.expect(fenced_by(r, gone) || gone >= r.started + wanted, gone, [&] {
      return fmt::format(
          "{} was let go {} after {} was given up, before a fence or the end of a "
          "hold of {}",
          name_of(v, a), text(gone - r.started), v.name_of(r.controller), text(wanted));
    });
  });
}

bool traffic_based(const RunView& v, const Recovery& r) {
  return v.associations[r.association].identity.traffic_based_keep_alive();
}

void three_kato(const RunView& v, Ledger& ledger) {
  held_for(
      v, ledger, [&](const Recovery& r) { return is_path_loss(r) && traffic_based(v, r); },
      [&](const Recovery& r) { return wait_part(v, r); });
}

void two_kato(const RunView& v, Ledger& ledger) {
  held_for(
      v, ledger, [&](const Recovery& r) { return is_path_loss(r) && !traffic_based(v, r); },
      [&](const Recovery& r) { return wait_part(v, r); });
}

bool reports_cqt(const RunView& v, const Recovery& r) {
  return v.associations[r.association].identity.cqt != 0;
}

void cqt_on_top(const RunView& v, Ledger& ledger) {
  held_for(
      v, ledger, [&](const Recovery& r) { return is_path_loss(r) && reports_cqt(v, r); },
      [&](const Recovery& r) { return required_hold(v, r); });
}

void holds_for_cqt_zero(const RunView& v, Ledger& ledger) {
  held_for(
      v, ledger, [&](const Recovery& r) { return is_path_loss(r) && !reports_cqt(v, r); },
      [&](const Recovery& r) { return wait_part(v, r); });
}

void allowance_for_cqt_zero(const RunView& v, Ledger& ledger) {
  held_for(
      v, ledger, [&](const Recovery& r) { return is_path_loss(r) && !reports_cqt(v, r); },
      [&](const Recovery& r) {
        return wait_part(v, r) + v.least_of(r.controller, milliseconds{1});
      });
}

/// Something broke a good while before the host noticed: the hold is not counted from then.
void counted_from_recovery(const RunView& v, Ledger& ledger) {
  held_for(
      v, ledger,
      [&](const Recovery& r) {
        return is_path_loss(r) &&
               !v.quiet(r.started - 20 * v.kato_at(v.associations[r.association], r.started),
                        r.started - milliseconds{100});
      },
      [&](const Recovery& r) { return required_hold(v, r); });
}

bool asked_for_reset(const RunView& v, const Recovery& r) {
  return std::any_of(v.ccrs.begin(), v.ccrs.end(), [&](const Ccr& c) {
    return !c.by_operator && c.impacted == r.association &&
           v.exchanges[c.exchange].sent >= r.started;
  });
}

/// What the host waits for on its own account when a controller reports no CQT.
Duration own_allowance(const RunView& v, const Recovery& r) {
  return reports_cqt(v, r) ? Duration{} : Duration{v.host_of(r.controller).policy.cqt_when_zero};
}

void not_longer_than_needed(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    if (!is_known(v, r) || r.cancelled == never || asked_for_reset(v, r) || !is_path_loss(r))
      continue;
    // Without a keep-alive there is no m x KATO by which to say how much is enough.
    if (kato_part(v, r) == Duration{})
      continue;
    const Duration most = longest_hold(v, r) + own_allowance(v, r);
    const TimePoint latest = v.timer_latest(r.controller, r.started, most) + promptly;
    ledger.expect(r.cancelled <= latest, r.cancelled, [&] {
      return fmt::format("{} held for {}; {} would have been enough", v.name_of(r.controller),
                         text(r.cancelled - r.started), text(v.most_of(r.controller, most)));
    });
  }
}

void attempts_count_towards_hold(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    if (!is_known(v, r) || r.cancelled == never || !asked_for_reset(v, r) || r.fenced != never)
      continue;
    const Duration most = longest_hold(v, r) + own_allowance(v, r);
    const TimePoint latest = v.timer_latest(r.controller, r.started, most) + promptly;
    ledger.expect(r.cancelled <= latest, r.cancelled, [&] {
      return fmt::format(
          "{}, given up at {}, was let go at {}; with its attempts to reset it "
          "counted, {} was due",
          v.name_of(r.controller), text(r.started), text(r.cancelled), text(latest));
    });
  }
}

/// A controller may have raised or rounded what the host asked for.
void katt_not_kato(const RunView& v, Ledger& ledger) {
  held_for(
      v, ledger,
      [&](const Recovery& r) { return is_path_loss(r) && katt_part(v, r) > kato_part(v, r); },
      [&](const Recovery& r) {
        const Duration all = v.least_of(r.controller, katt_part(v, r));
        return std::max(last_submission(v, r) + all - r.started, Duration{}) + cqt_part(v, r);
      });
}

void holds_if_reset_fails(const RunView& v, Ledger& ledger) {
  held_for(
      v, ledger, [&](const Recovery& r) { return is_path_loss(r) && r.fenced == never; },
      [&](const Recovery& r) { return required_hold(v, r); });
}

/// While it fences the application hears nothing of what is in flight, unless the controller really
/// answered.
void application_is_not_told(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    if (!is_known(v, r) || !is_path_loss(r))
      continue;
    const TimePoint until = std::min(r.fenced, r.started + required_hold(v, r));
    for (const std::uint32_t i : r.in_flight) {
      const Attempt& a = v.attempts[i];
      if (!changes(v, a))
        continue;
      const Operation& op = v.operations[a.op() - 1];
      const bool told_early = op.completed != never && op.completed < until && a.abandoned;
      ledger.expect(!told_early, std::min(op.completed, until), [&] {
        return fmt::format("{} was reported to the application at {}, {} after {} was given up",
                           name_of(v, a), text(op.completed), text(op.completed - r.started),
                           v.name_of(r.controller));
      });
    }
  }
}

/// A request that times out while its controller is fenced is armed again and not completed.
void timeout_completes_nothing(const RunView& v, Ledger& ledger) {
  v.each(Kind::request_timeout, [&](const Event& e) {
    for (const Recovery& r : v.recoveries) {
      const bool mine = r.controller == e.get<"controller">() && is_known(v, r);
      if (!mine || e.at <= r.started ||
          e.at >= std::min({r.fenced, r.cancelled, r.started + required_hold(v, r)}))
        continue;
      const auto ended = std::find_if(r.in_flight.begin(), r.in_flight.end(), [&](std::uint32_t i) {
        const Attempt& a = v.attempts[i];
        return a.ended == e.at && a.abandoned && a.cid == e.get<"cid">() && a.qid == e.get<"qid">();
      });
      ledger.expect(ended == r.in_flight.end(), e.at, [&] {
        return fmt::format("{} was completed by its time-out, {} after {} was given up",
                           name_of(v, v.attempts[*ended]), text(e.at - r.started),
                           v.name_of(r.controller));
      });
    }
  });
}

/// What the host last read of a path's access state.
bool is_accessible(const RunView& v, std::uint32_t controller, TimePoint t) {
  bool accessible = true;
  v.each(Kind::path_ana_state, [&](const Event& e) {
    if (e.get<"controller">() != controller || e.at > t)
      return;
    const auto state = static_cast<wire::AnaState>(e.get<"state">());
    accessible = state == wire::AnaState::optimized || state == wire::AnaState::non_optimized;
  });
  return accessible;
}

bool is_usable(const RunView& v, std::uint32_t controller, TimePoint t) {
  bool live = false;
  for (const std::uint32_t i : v.of_controller[controller]) {
    const Association& a = v.associations[i];
    if (a.live <= t && a.over > t)
      live = a.recovery == nothing || v.recoveries[a.recovery].started > t;
  }
  return live && is_accessible(v, controller, t);
}

/// Another path of the host to the same subsystem that nobody had given up.
bool has_other_path(const RunView& v, std::uint32_t controller, TimePoint t) {
  for (std::uint32_t c = 0; c < v.controllers.size(); ++c) {
    const bool sibling = c != controller &&
                         v.controllers[c].host == v.controllers[controller].host &&
                         v.controllers[c].subsystem == v.controllers[controller].subsystem;
    if (sibling && is_usable(v, c, t))
      return true;
  }
  return false;
}

void new_io_goes_elsewhere(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    for (const Operation& op : v.operations) {
      const bool during = op.submitted > r.started && op.submitted < r.cancelled;
      if (!during || !v.quiet(op.submitted, op.submitted + promptly) || op.attempts.empty())
        continue;
      const Attempt& first = v.attempts[op.attempts.front()];
      const bool same_host =
          v.controllers[first.controller].host == v.controllers[r.controller].host;
      if (!same_host || !has_other_path(v, r.controller, op.submitted))
        continue;
      ledger.expect(first.controller != r.controller && first.sent <= op.submitted + promptly,
                    first.sent, [&] {
                      return fmt::format(
                          "{} was submitted at {} while {} was fencing, and sent at {} over {}",
                          name_of(v, first), text(op.submitted), v.name_of(r.controller),
                          text(first.sent), v.name_of(first.controller));
                    });
    }
  }
}

/// The properties by which an administrator's reset or delete disables a controller.
bool is_property(const wire::Command& c) {
  return c.is(wire::FabricsType::property_set) || c.is(wire::FabricsType::property_get);
}

wire::Command head_of(const Event& e) {
  wire::Command c;
  c.opcode = static_cast<std::uint8_t>(e.get<"sqe0">());
  c.nsid = static_cast<std::uint32_t>(e.get<"sqe0">() >> 32);
  return c;
}

void sends_nothing(const RunView& v, Ledger& ledger) {
  const auto& sent = v.log.places(Kind::command_sent);
  for (const Recovery& r : v.recoveries) {
    if (is_draining_delete(v, r))
      continue;
    const auto found = std::find_if(sent.begin(), sent.end(), [&](std::uint32_t i) {
      const Event& e = v.event(i);
      return i > r.index && e.get<"controller">() == r.controller && !is_property(head_of(e)) &&
             v.association_at(r.controller, i) == r.association;
    });
    const TimePoint at = found == sent.end() ? r.started : v.event(*found).at;
    ledger.expect(found == sent.end(), at, [&] {
      return fmt::format("{} sent opcode 0x{:02x} on queue {}, {} after it had given the path up",
                         v.name_of(r.controller), head_of(v.event(*found)).opcode,
                         v.event(*found).get<"qid">(), text(at - r.started));
    });
  }
}

/// What TCP repeats into a fence keeps the controller alive beyond the hold (protocol.md 8).
void nothing_arrives_late(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    if (!is_known(v, r) || !is_path_loss(r) || v.associations[r.association].target == nothing)
      continue;
    const Association& a = v.associations[r.association];
    const TimePoint latest = r.started + v.kato_at(a, r.started);
    const auto& fetches = v.targets[a.target].fetches;
    const auto late = std::find_if(fetches.begin(), fetches.end(),
                                   [&](std::uint32_t i) { return v.event(i).at > latest; });
    ledger.expect(late == fetches.end(), latest, [&] {
      return fmt::format(
          "controller {} fetched a command {} after {} had given it up; its "
          "keep-alive timer was restarted outside the hold's reckoning",
          a.cntlid, text(v.event(*late).at - r.started), v.name_of(r.controller));
    });
  }
}

constexpr Check all[] = {
    {"HOLD-20", katt_not_kato},
    {"HOLD-1", not_let_go_early},
    {"HOLD-2", three_kato},
    {"HOLD-3", two_kato},
    {"HOLD-4", cqt_on_top},
    {"HOLD-5", holds_for_cqt_zero},
    {"HOLD-6", allowance_for_cqt_zero},
    {"HOLD-7", counted_from_recovery},
    {"HOLD-8", not_longer_than_needed},
    {"HOLD-9", attempts_count_towards_hold},
    {"HOLD-10", holds_if_reset_fails},
    {"HOLD-11", application_is_not_told},
    {"HOLD-12", timeout_completes_nothing},
    {"HOLD-13", new_io_goes_elsewhere},
    {"HOLD-14", sends_nothing},
    {"HOLD-15", nothing_arrives_late},
};

}  // namespace

std::span<const Check> hold_checks() { return all; }

}  // namespace holdfast::conform
