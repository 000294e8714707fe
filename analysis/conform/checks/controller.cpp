// SPDX-License-Identifier: Apache-2.0
// The state machine of a host controller, and when it reconnects, gives up and comes back
// (protocol.md 4.2, 4.3, 5.2, 7.3).
#include <array>
#include <variant>

#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/fence.hpp"
#include "analysis/conform/view/paths.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

namespace {

using host::State;
using std::chrono::seconds;

constexpr std::uint64_t busy = 16;         ///< EBUSY
constexpr Duration fc_delay = seconds{2};  ///< NVME_FC_DEFAULT_RECONNECT_TMO
constexpr Duration default_delay = seconds{10};
constexpr Duration abort_timeout = seconds{20};  ///< 2 x R_A_TOV
/// What an administrator's request is called in operator_request.
constexpr std::uint64_t reset_action = 0;
constexpr std::uint64_t delete_action = 1;

/// The table of nvme_change_ctrl_state with the states of the series, from the text and not from
/// the model. RECOVERING -> RESETTING is set by the transport of the RFC itself.
constexpr auto permitted = std::to_array<std::pair<State, State>>({
    {State::connecting, State::live},
    {State::live, State::fencing},
    {State::fencing, State::fenced},
    {State::live, State::recovering},
    {State::recovering, State::resetting},
    {State::fresh, State::resetting},
    {State::live, State::resetting},
    {State::fenced, State::resetting},
    {State::fresh, State::connecting},
    {State::resetting, State::connecting},
    {State::live, State::deleting},
    {State::resetting, State::deleting},
    {State::connecting, State::deleting},
    {State::deleting, State::deleting_noio},
    {State::dead, State::deleting_noio},
    {State::deleting, State::dead},
});

void only_permitted_transitions(const RunView& v, Ledger& ledger) {
  std::vector<State> now(v.controllers.size(), State::fresh);
  v.each(Kind::controller_state, [&](const Event& e) {
    const auto c = e.get<"controller">();
    const auto from = static_cast<State>(e.get<"from">());
    const auto to = static_cast<State>(e.get<"to">());
    const bool known =
        std::find(permitted.begin(), permitted.end(), std::pair{from, to}) != permitted.end();
    ledger.expect(known && from == now[c], e.at, [&] {
      return fmt::format("{} went from {} to {}", v.name_of(static_cast<std::uint32_t>(c)),
                         host::state_name(from), host::state_name(to));
    });
    now[c] = to;
  });
}

/// An administrator who comes while a controller is fenced is told EBUSY, and nothing changes.
void refused_while_fencing(const RunView& v, Ledger& ledger, std::uint64_t action,
                           const char* what) {
  const Paths paths(v);
  v.each_indexed(Kind::operator_request, [&](const Event& e, std::uint32_t i) {
    const auto c = static_cast<std::uint32_t>(e.get<"controller">());
    const State state = paths.state_before(c, i);
    const bool fencing =
        state == State::fencing || state == State::fenced || state == State::recovering;
    if (!fencing || e.get<"action">() != action)
      return;
    const bool last = i + 1 >= v.log.all().size();
    const Event* next = last ? nullptr : &v.event(i + 1);
    const bool refused = next != nullptr && next->kind == Kind::operator_refused &&
                         next->get<"controller">() == c && next->get<"error">() == busy;
    ledger.expect(refused, e.at, [&] {
      return fmt::format("the {} of {}, which was in {}, was not refused with EBUSY", what,
                         v.name_of(c), host::state_name(state));
    });
  });
}

void no_reset_while_fencing(const RunView& v, Ledger& ledger) {
  refused_while_fencing(v, ledger, reset_action, "reset");
}
void no_delete_while_fencing(const RunView& v, Ledger& ledger) {
  refused_while_fencing(v, ledger, delete_action, "delete");
}

/// nvmf_parse_options, and what nvme-fc makes of it.
Duration delay_of(const RunView& v, std::uint32_t controller) {
  const auto& c = v.connect_of(controller);
  const bool shortened =
      v.is_fc() && c.reconnect_delay == default_delay && c.ctrl_loss_tmo >= Duration{};
  return shortened ? fc_delay : c.reconnect_delay;
}

std::int64_t most_attempts(const RunView& v, std::uint32_t controller) {
  const auto& c = v.connect_of(controller);
  const auto rounds = [](Duration all, Duration one) { return (all + one - Duration{1}) / one; };
  const std::int64_t first = rounds(c.ctrl_loss_tmo, c.reconnect_delay);
  return rounds(first * c.reconnect_delay, delay_of(v, controller));
}

/// A path that failed by itself waits before its first attempt, too.
void waits_before_first_attempt(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    if (v.is_fc() || !is_path_loss(r) || r.association == nothing || r.cancelled == never)
      continue;
    const Association* next = next_of(v, v.associations[r.association]);
    if (next == nullptr)
      continue;
    const Duration delay = delay_of(v, r.controller);
    const TimePoint latest = v.timer_latest(r.controller, r.cancelled, delay) + promptly;
    const TimePoint least = r.cancelled + v.least_of(r.controller, delay);
    ledger.expect(next->begun >= least && next->begun <= latest, next->begun, [&] {
      return fmt::format("{} was torn down at {} and tried again {} later; reconnect_delay is {}",
                         v.name_of(r.controller), text(r.cancelled),
                         text(next->begun - r.cancelled), text(delay));
    });
  }
}

/// When an administrator deleted a controller, or what carried it was taken away.
TimePoint taken_away(const RunView& v, std::uint32_t controller) {
  TimePoint at = never;
  v.each_indexed(Kind::operator_request, [&](const Event& e, std::uint32_t i) {
    const bool refused =
        i + 1 < v.log.all().size() && v.event(i + 1).kind == Kind::operator_refused;
    if (e.get<"controller">() == controller && e.get<"action">() == delete_action && !refused)
      at = std::min(at, e.at);
  });
  for (const FaultWindow& f : v.faults) {
    if (f.fault < v.scenario.faults.size() &&
        (std::holds_alternative<scenario::HcaRemoved>(v.scenario.faults[f.fault]) ||
         std::holds_alternative<scenario::RemotePortLost>(v.scenario.faults[f.fault])))
      at = std::min(at, f.on);
  }
  return at;
}

/// The answer with which a set-up failed, if one did it.
const Exchange* fatal_answer(const RunView& v, const Association& a) {
  const auto found = std::find_if(v.exchanges.begin(), v.exchanges.end(), [&](const Exchange& x) {
    return x.association != nothing && &v.associations[x.association] == &a &&
           x.answered == a.failed && x.answered != never && !x.status.ok() && !x.by_operator;
  });
  return found == v.exchanges.end() ? nullptr : &*found;
}

/// Whether it failed with a status that has DNR. Linux makes errors of its own of a status of
/// Identify (-EIO) and of Number of Queues (-ENOMEM), and up to 6.1 it looked at none on tcp and
/// rdma (nvmf_should_reconnect).
bool failed_for_good(const RunView& v, const Association& a) {
  const Exchange* answer = fatal_answer(v, a);
  if (answer == nullptr || (!v.is_fc() && !v.host_of(a.controller).dnr_ends_reconnects))
    return false;
  return answer->status.dnr() && !answer->is(wire::AdminOpcode::identify) &&
         !answer->is(wire::AdminOpcode::set_features);
}

/// How many attempts in a row were made up to and including this association, which never got LIVE.
std::int64_t attempts_until(const RunView& v, const Association& a) {
  std::int64_t count = 0;
  const auto& all = v.of_controller[a.controller];
  for (std::uint32_t n = a.number + 1; n-- > 0 && v.associations[all[n]].live == never;)
    ++count;
  return count;
}

bool was_live(const RunView& v, const Association& a) {
  return attempts_until(v, a) <= std::int64_t{a.number};
}

/// Calls `act(association)` for each attempt to reconnect that failed and would be repeated.
template <class Act>
void each_failed(const RunView& v, Act act) {
  for (const Association& a : v.associations) {
    if (a.failed != never && was_live(v, a) && !failed_for_good(v, a) &&
        taken_away(v, a.controller) > v.end)
      act(a);
  }
}

/// No attempt is left after this one.
bool used_up(const RunView& v, const Association& a) {
  return attempts_until(v, a) >= most_attempts(v, a.controller) &&
         v.connect_of(a.controller).ctrl_loss_tmo >= Duration{};
}

void next_attempt_after_delay(const RunView& v, Ledger& ledger) {
  if (v.is_fc())
    return;
  each_failed(v, [&](const Association& a) {
    const Duration delay = delay_of(v, a.controller);
    const TimePoint latest = v.timer_latest(a.controller, a.failed, delay) + promptly;
    const Association* next = next_of(v, a);
    if (latest > v.end || used_up(v, a))
      return;
    const TimePoint begun = next == nullptr ? never : next->begun;
    const TimePoint least = a.failed + v.least_of(a.controller, delay);
    ledger.expect(begun >= least && begun <= latest, a.failed, [&] {
      return fmt::format(
          "an attempt of {} failed at {}, the next one began at {}; reconnect_delay "
          "is {}",
          v.name_of(a.controller), text(a.failed), text(begun), text(delay));
    });
  });
}

/// When the host sent Disconnect Association for an association of FC; never: it did not.
TimePoint disconnected_at(const RunView& v, const Association& a) {
  TimePoint at = never;
  v.each(Kind::iu_sent, [&](const Event& e) {
    const bool mine = !a.queues.empty() && e.get<"connection">() == a.queues.front().second;
    // transport::fc::Iu::ls_request; the bytes tell Disconnect Association from the others.
    if (mine && at == never && e.at >= a.begun && e.at <= a.over && e.get<"side">() == 0 &&
        e.get<"iu">() == 7 && e.get<"bytes">() == 48)
      at = e.at;
  });
  return at;
}

void fc_first_attempt_at_once(const RunView& v, Ledger& ledger) {
  if (!v.is_fc())
    return;
  for (const Recovery& r : v.recoveries) {
    if (r.association == nothing || r.cancelled == never || taken_away(v, r.controller) <= v.end)
      continue;
    const Association& a = v.associations[r.association];
    const TimePoint gone = disconnected_at(v, a);
    if (gone == never || gone + promptly > v.end)
      continue;
    const Association* next = next_of(v, a);
    const TimePoint begun = next == nullptr ? never : next->begun;
    ledger.expect(begun <= gone + promptly, gone, [&] {
      return fmt::format("{} disconnected at {}, its first attempt to reconnect began at {}",
                         v.name_of(r.controller), text(gone), text(begun));
    });
  }
}

void fc_later_attempts_every_two_seconds(const RunView& v, Ledger& ledger) {
  if (!v.is_fc())
    return;
  each_failed(v, [&](const Association& a) {
    const Association* next = next_of(v, a);
    const Duration delay = delay_of(v, a.controller);
    // Until the exchanges of the attempt that failed have been aborted nothing goes on; without a
    // Connect there were none.
    const Duration aborts = a.connect == nothing ? Duration{} : abort_timeout;
    const TimePoint latest = v.timer_latest(a.controller, a.failed + aborts, delay) + promptly;
    if (latest > v.end || used_up(v, a))
      return;
    const TimePoint begun = next == nullptr ? never : next->begun;
    ledger.expect(begun >= a.failed + delay && begun <= latest, a.failed, [&] {
      return fmt::format("an attempt of {} failed at {}, the next one began at {}; {} is due",
                         v.name_of(a.controller), text(a.failed), text(begun), text(delay));
    });
  });
}

bool removed_at(const RunView& v, std::uint32_t controller, TimePoint& at) {
  bool removed = false;
  v.each(Kind::controller_removed, [&](const Event& e) {
    if (e.get<"controller">() != controller)
      return;
    removed = true;
    at = e.at;
  });
  return removed;
}

void gives_up_after_max_reconnects(const RunView& v, Ledger& ledger) {
  each_failed(v, [&](const Association& a) {
    if (v.connect_of(a.controller).ctrl_loss_tmo < Duration{})
      return;
    const std::int64_t most = most_attempts(v, a.controller);
    const std::int64_t made = attempts_until(v, a);
    const bool last = next_of(v, a) == nullptr;
    TimePoint removal = never;
    const bool removed = last && removed_at(v, a.controller, removal);
    if (last && !removed && a.failed + delay_of(v, a.controller) + 2 * abort_timeout > v.end)
      return;
    ledger.expect(made < most ? !removed : removed && made == most, a.failed, [&] {
      return fmt::format(
          "{} made {} attempts to reconnect, up to {}, and was {}; max_reconnects "
          "is {}",
          v.name_of(a.controller), made, text(a.failed), removed ? "removed" : "not removed", most);
    });
  });
}

void do_not_retry_removes(const RunView& v, Ledger& ledger) {
  for (const Association& a : v.associations) {
    if (a.failed == never || !failed_for_good(v, a) || taken_away(v, a.controller) <= v.end)
      continue;
    TimePoint removal = never;
    const bool removed = removed_at(v, a.controller, removal);
    const Duration aborts = v.is_fc() ? abort_timeout : Duration{};
    if (!removed && a.failed + aborts + promptly > v.end)
      continue;
    ledger.expect(removed && removal <= a.failed + aborts + promptly, a.failed, [&] {
      return fmt::format(
          "the set-up of {} was refused with Do Not Retry at {}; it was removed at "
          "{}",
          v.name_of(a.controller), text(a.failed), text(removal));
    });
  }
}

/// A reset that an administrator asks for leads back to LIVE without waiting for reconnect_delay.
void reset_comes_back(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    const bool asked = r.cause == host::Cause::operator_request && r.association != nothing &&
                       taken_away(v, r.controller) > v.end;
    const TimePoint latest = r.cancelled == never ? never : r.cancelled + seconds{1};
    if (!asked || latest > v.end || !v.quiet(r.started + Duration{1}, latest))
      continue;
    if (!v.quiet(r.started - seconds{30}, r.started - Duration{1}))
      continue;  // something may still be stuck
    const Association* next = next_of(v, v.associations[r.association]);
    const TimePoint live = next == nullptr ? never : next->live;
    ledger.expect(live <= latest, latest, [&] {
      return fmt::format(
          "{} was reset at {} over a sound path, let its requests go at {} and was "
          "LIVE again at {}",
          v.name_of(r.controller), text(r.started), text(r.cancelled), text(live));
    });
  }
}

void nothing_after_removal(const RunView& v, Ledger& ledger) {
  std::map<std::uint64_t, TimePoint> removed;
  v.each_indexed(Kind::controller_removed, [&](const Event& e, std::uint32_t index) {
    const auto c = e.get<"controller">();
    const auto all = v.log.all();
    const auto later = std::find_if(all.begin() + index, all.end(), [&](const Event& o) {
      return (o.kind == Kind::command_sent || o.kind == Kind::queue_opened ||
              o.kind == Kind::connect_attempt) &&
             o.get<"controller">() == c;
    });
    const TimePoint at = later == all.end() ? e.at : later->at;
    ledger.expect(later == all.end(), at, [&] {
      return fmt::format("{} was removed at {}, and sent something at {}",
                         v.name_of(static_cast<std::uint32_t>(c)), text(e.at), text(at));
    });
  });
}

constexpr Check all[] = {
    {"SM-1", only_permitted_transitions},
    {"SM-2", no_reset_while_fencing},
    {"SM-3", no_delete_while_fencing},
    {"SM-4", waits_before_first_attempt},
    {"SM-5", next_attempt_after_delay},
    {"SM-6", fc_first_attempt_at_once},
    {"SM-7", fc_later_attempts_every_two_seconds},
    {"SM-8", gives_up_after_max_reconnects},
    {"SM-9", do_not_retry_removes},
    {"SM-10", reset_comes_back},
    {"SM-11", nothing_after_removal},
};

}  // namespace

std::span<const Check> controller_checks() { return all; }

}  // namespace holdfast::conform
