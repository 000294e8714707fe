// SPDX-License-Identifier: Apache-2.0
// What becomes of an I/O whose attempt fails: another path, the same path again, or an error
// (nvme_decide_disposition; protocol.md 6.3 to 6.5), and when it moves on.
#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/paths.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

namespace {

using host::State;
using wire::StatusCode;

/// Calls `act(attempt, operation)` for each attempt that its controller answered with a failure.
template <class Act>
void each_refused(const RunView& v, Act act) {
  for (const Attempt& a : v.attempts) {
    const Operation& op = v.operations[a.op() - 1];
    // The halves of a fused pair are answered one by one.
    if (a.was_answered() && !a.status.ok() && op.kind != host::IoKind::compare_and_write)
      act(a, op);
  }
}

/// Neither final for its DNR nor a matter of the path.
bool is_retried_in_place(const Attempt& a) {
  return !a.status.ok() && !a.status.dnr() && !a.status.is_path_error();
}

/// Whether the controller of an attempt was given up between two instants.
bool given_up(const RunView& v, const Attempt& a, TimePoint from, TimePoint to) {
  return std::any_of(v.recoveries.begin(), v.recoveries.end(), [&](const Recovery& r) {
    return r.controller == a.controller && r.started <= to &&
           (r.cancelled == never || r.cancelled >= from);
  });
}

void path_error_fails_over(const RunView& v, Ledger& ledger) {
  each_refused(v, [&](const Attempt& a, const Operation& op) {
    const bool repeated = host::is_idempotent(op.kind) || a.status.is_ana_error();
    if (a.status.dnr() || !a.status.is_path_error() || !repeated)
      return;
    const bool told = a.next == nothing && op.completed != never && op.status == a.status;
    ledger.expect(!told, a.ended, [&] {
      return fmt::format("{} was answered 0x{:x} by {}, and the application was told so",
                         name_of(v, a), a.status.value, v.name_of(a.controller));
    });
  });
}

void do_not_retry_is_final(const RunView& v, Ledger& ledger) {
  each_refused(v, [&](const Attempt& a, const Operation& op) {
    if (!a.status.dnr())
      return;
    const bool final = a.next == nothing && op.completed != never &&
                       op.completed <= a.ended + promptly && op.status.code() == a.status.code();
    ledger.expect(final, a.ended, [&] {
      return fmt::format("{} was answered 0x{:x} (Do Not Retry) by {} at {}; {}", name_of(v, a),
                         a.status.value, v.name_of(a.controller), text(a.ended),
                         a.next == nothing ? "the application was not told" : "it was sent again");
    });
  });
}

void other_status_stays_on_path(const RunView& v, Ledger& ledger) {
  each_refused(v, [&](const Attempt& a, const Operation&) {
    if (!is_retried_in_place(a) || a.next == nothing)
      return;
    const Attempt& next = v.attempts[a.next];
    if (given_up(v, a, a.ended, next.sent))
      return;
    ledger.expect(next.controller == a.controller && next.qid == a.qid, next.sent, [&] {
      return fmt::format("{} was answered 0x{:x} by {} and sent again over {}", name_of(v, a),
                         a.status.value, v.name_of(a.controller), v.name_of(next.controller));
    });
  });
}

/// How often an attempt's command was refused in a row on its path, itself included.
std::uint32_t refused_in_a_row(const RunView& v, const Operation& op, const Attempt& last) {
  std::uint32_t count = 0;
  for (const std::uint32_t i : op.attempts) {
    const Attempt& a = v.attempts[i];
    const bool goes_on = a.next != nothing && v.attempts[a.next].controller == a.controller &&
                         is_retried_in_place(a) &&
                         !given_up(v, a, a.ended, v.attempts[a.next].sent);
    ++count;
    if (&a == &last)
      break;
    if (!goes_on)
      count = 0;
  }
  return count;
}

void at_most_max_retries(const RunView& v, Ledger& ledger) {
  each_refused(v, [&](const Attempt& a, const Operation& op) {
    if (!is_retried_in_place(a))
      return;
    const std::uint32_t refused = refused_in_a_row(v, op, a);
    const std::uint32_t most = v.host_of(a.controller).max_retries;
    const bool over = a.next == nothing && op.completed != never;
    if (a.next == nothing && !over)
      return;  // it still waits
    ledger.expect(over ? refused == most + 1 : refused <= most, a.ended, [&] {
      return fmt::format("{} was refused {} times in a row and {}; max_retries is {}",
                         name_of(v, a), refused, over ? "reported" : "sent again", most);
    });
  });
}

void retry_delay_is_kept(const RunView& v, Ledger& ledger) {
  each_refused(v, [&](const Attempt& a, const Operation&) {
    if (!is_retried_in_place(a) || a.status.crd() == 0 || a.next == nothing)
      return;
    const Attempt& next = v.attempts[a.next];
    if (a.association == nothing || given_up(v, a, a.ended, next.sent))
      return;
    const auto& crdt = v.associations[a.association].identity.crdt;
    const Duration delay = crdt[a.status.crd() - 1U] * std::chrono::milliseconds{100};
    const TimePoint latest = v.timer_latest(a.controller, a.ended, delay) + promptly;
    const TimePoint least = a.ended + v.least_of(a.controller, delay);
    ledger.expect(next.sent >= least && next.sent <= latest, next.sent, [&] {
      return fmt::format("{} was to be retried after CRDT{} ({}), and was retried after {}",
                         name_of(v, a), a.status.crd(), text(delay), text(next.sent - a.ended));
    });
  });
}

/// What is cancelled goes to another path in the same instant; it does not wait for a reconnect.
void cancelled_io_moves_at_once(const RunView& v, Ledger& ledger) {
  const Paths paths(v);
  for (const Attempt& a : v.attempts) {
    const Operation& op = v.operations[a.op() - 1];
    const bool cancelled = a.ended != never && !a.was_answered() && a.ended + promptly <= v.end;
    if (!cancelled || (!host::is_idempotent(op.kind) && a.next == nothing))
      continue;
    const std::uint32_t other = paths.other_usable(a.controller, paths.nsid_of(a), a.end_index);
    const bool lost_too =
        std::any_of(v.recoveries.begin(), v.recoveries.end(), [&](const Recovery& r) {
          return r.controller == other && r.started >= a.ended && r.started <= a.ended + promptly;
        });
    if (other == nothing || lost_too)
      continue;
    const TimePoint sent = a.next == nothing ? never : v.attempts[a.next].sent;
    ledger.expect(sent <= a.ended + promptly, a.ended, [&] {
      return fmt::format(
          "{} was cancelled at {} on {} and sent again at {}, although {} was usable",
          name_of(v, a), text(a.ended), v.name_of(a.controller), text(sent), v.name_of(other));
    });
  }
}

/// A path that may become usable again without anybody's help.
bool is_available(State state) {
  return state == State::live || state == State::resetting || state == State::connecting;
}

/// The first event of the instant of an event.
std::uint32_t first_of_instant(const RunView& v, std::uint32_t index) {
  while (index > 0 && v.event(index - 1).at == v.event(index).at)
    --index;
  return index;
}

/// A controller over which the disk of an operation is reached. Hosts share disks, so that a job is
/// known by its own attempts unless there is one host only.
std::uint32_t controller_for(const RunView& v, const Operation& op) {
  const bool one_host = v.scenario.hosts.size() == 1;
  for (const Attempt& a : v.attempts) {
    const Operation& other = v.operations[a.op() - 1];
    if (other.disk == op.disk && (one_host || other.job == op.job))
      return a.controller;
  }
  return nothing;
}

/// A path of the operation that was still available when it was reported as failed.
std::uint32_t available_path(const RunView& v, const Paths& paths, const Operation& op,
                             std::uint32_t known) {
  const std::uint32_t begun = first_of_instant(v, op.complete_index);
  for (std::uint32_t c = 0; c < v.controllers.size(); ++c) {
    const bool mine = c == known || are_siblings(v, c, known);
    if (mine && v.connect_of(c).fast_io_fail_tmo < Duration{} &&
        is_available(paths.state_before(c, op.complete_index)) &&
        is_available(paths.state_before(c, begun)) && !v.of_controller[c].empty() &&
        v.associations[v.of_controller[c].front()].live != never &&
        v.associations[v.of_controller[c].front()].live < op.submitted)
      return c;
  }
  return nothing;
}

void io_waits_for_reconnect(const RunView& v, Ledger& ledger) {
  const Paths paths(v);
  for (const Operation& op : v.operations) {
    const bool last_refused =
        !op.attempts.empty() && v.attempts[op.attempts.back()].status == op.status;
    const bool failed =
        op.completed != never && !last_refused && op.status.code() == StatusCode::host_path_error;
    const std::uint32_t known = failed || op.requeued ? controller_for(v, op) : nothing;
    if (known == nothing)
      continue;
    const std::uint32_t path = failed ? available_path(v, paths, op, known) : nothing;
    ledger.expect(path == nothing, op.submitted, [&] {
      return fmt::format(
          "an I/O submitted at {} failed at {} for want of a path, although {} was {}",
          text(op.submitted), text(op.completed), v.name_of(path),
          host::state_name(paths.state_before(path, op.complete_index)));
    });
  }
}

constexpr Check all[] = {
    {"MP-1", path_error_fails_over},      {"MP-2", do_not_retry_is_final},
    {"MP-3", other_status_stays_on_path}, {"MP-4", at_most_max_retries},
    {"MP-5", retry_delay_is_kept},        {"MP-6", cancelled_io_moves_at_once},
    {"MP-7", io_waits_for_reconnect},
};

}  // namespace

std::span<const Check> multipath_checks() { return all; }

}  // namespace holdfast::conform
