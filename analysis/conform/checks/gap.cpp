// SPDX-License-Identifier: Apache-2.0
// The gaps that the author of the Linux series published, and what else a fence must not miss
// (protocol.md 4.5, 4.8, 9.3).
#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/fence.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

namespace {

using std::chrono::milliseconds;

constexpr Duration promptly = milliseconds{10};

/// What an administrator asked for in the instant in which a recovery began.
bool follows_request(const RunView& v, const Recovery& r, std::uint64_t action) {
  bool found = false;
  v.each(Kind::operator_request, [&](const Event& e) {
    found = found || (e.at == r.started && e.get<"controller">() == r.controller &&
                      e.get<"action">() == action);
  });
  return found;
}

/// In every case the same: nothing in flight is sent elsewhere before the controller is fenced.
template <class Which>
void fenced_first(const RunView& v, Ledger& ledger, const char* what, Which which) {
  each_let_go(v, which, [&](const Recovery& r, const Attempt& a, TimePoint gone) {
    const Duration wanted = required_hold(v, r);
    ledger.expect(r.fenced <= gone || gone >= r.started + wanted, gone, [&] {
      return fmt::format(
          "{} was let go {} after {} of {}, before a fence or the end of a hold of {}",
          name_of(v, a), text(gone - r.started), what, v.name_of(r.controller), text(wanted));
    });
  });
}

void operator_reset(const RunView& v, Ledger& ledger) {
  fenced_first(v, ledger, "the reset", [&](const Recovery& r) {
    return r.cause == host::Cause::operator_request && follows_request(v, r, 0);
  });
}

void operator_delete(const RunView& v, Ledger& ledger) {
  fenced_first(v, ledger, "the delete", [&](const Recovery& r) {
    return r.cause == host::Cause::operator_request && follows_request(v, r, 1);
  });
}

void remote_port_lost(const RunView& v, Ledger& ledger) {
  if (v.scenario.fabric.transport != scenario::Transport::fc)
    return;
  fenced_first(v, ledger, "the loss of the remote port",
               [](const Recovery& r) { return r.cause == host::Cause::device_lost; });
}

void adapter_removed(const RunView& v, Ledger& ledger) {
  if (v.scenario.fabric.transport != scenario::Transport::rdma)
    return;
  fenced_first(v, ledger, "the removal of the adapter",
               [](const Recovery& r) { return r.cause == host::Cause::device_lost; });
}

/// Zero copy: after an I/O is done its buffer is the application's again.
void buffers_are_not_sent(const RunView& v, Ledger& ledger) {
  for (const Attempt& a : v.attempts) {
    if (host::writes_blocks(v.operations[a.op() - 1].kind) && a.landings != 0)
      ledger.expect(true, a.last_landed, [] { return std::string(); });
  }
  v.each(Kind::mutated_write, [&](const Event& e) {
    ledger.expect(false, e.at, [&] {
      return fmt::format(
          "operation {} landed with the data of operation {}, which the buffer held "
          "when the socket sent it again",
          serial_of(e.get<"token">()), serial_of(e.get<"content">()));
    });
  });
}

/// A reset that somebody else asked for is as good as one's own.
void joins_pending_reset(const RunView& v, Ledger& ledger) {
  for (const Ccr& c : v.ccrs) {
    const Exchange& x = v.exchanges[c.exchange];
    const bool refused =
        x.answered != never && x.status.code() == wire::StatusCode::ccr_in_progress;
    if (c.by_operator || !refused || c.impacted == nothing)
      continue;
    const std::uint32_t place = v.associations[c.impacted].recovery;
    if (place == nothing || c.seen == never || v.recoveries[place].cancelled == never)
      continue;
    const Recovery& r = v.recoveries[place];
    const TimePoint due = std::max(c.seen, r.started);
    ledger.expect(r.cancelled >= due && r.cancelled <= due + promptly, r.cancelled, [&] {
      return fmt::format(
          "the reset of {} that was in progress had succeeded at {}; its requests "
          "were let go at {}",
          v.name_of(r.controller), text(c.seen), text(r.cancelled));
    });
  }
}

/// Whether every path of a host to a subsystem is being fenced.
bool all_fencing(const RunView& v, const RunView::Place& place, TimePoint t) {
  bool any = false;
  for (std::uint32_t c = 0; c < v.controllers.size(); ++c) {
    if (v.controllers[c].host != place.host || v.controllers[c].subsystem != place.subsystem)
      continue;
    const bool fencing = std::any_of(
        v.recoveries.begin(), v.recoveries.end(),
        [&](const Recovery& r) { return r.controller == c && r.started < t && t < r.cancelled; });
    if (!fencing)
      return false;
    any = true;
  }
  return any;
}

/// The host and subsystem that an operation is for, by the attempts of its job.
const RunView::Place* place_of(const RunView& v, const Operation& op) {
  for (const Attempt& a : v.attempts) {
    if (v.operations[a.op() - 1].job == op.job)
      return &v.controllers[a.controller];
  }
  return nullptr;
}

void new_io_waits(const RunView& v, Ledger& ledger) {
  if (v.recoveries.empty())
    return;
  for (const Operation& op : v.operations) {
    const bool during = std::any_of(
        v.recoveries.begin(), v.recoveries.end(),
        [&](const Recovery& r) { return r.started < op.submitted && op.submitted < r.cancelled; });
    const RunView::Place* place = during ? place_of(v, op) : nullptr;
    if (place == nullptr || !all_fencing(v, *place, op.submitted))
      continue;
    const bool failed =
        op.completed != never && !op.status.ok() && op.completed <= op.submitted + promptly;
    ledger.expect(!failed, op.submitted, [&] {
      return fmt::format(
          "an I/O submitted at {}, while every path was being fenced, failed at once "
          "with status 0x{:x}",
          text(op.submitted), op.status.value);
    });
  }
}

/// What is not idempotent is not sent a second time after its path is lost.
void non_idempotent_not_repeated(const RunView& v, Ledger& ledger) {
  for (const Attempt& a : v.attempts) {
    const Operation& op = v.operations[a.op() - 1];
    // What was refused for its ANA state was not carried out.
    if (host::is_idempotent(op.kind) || !a.abandoned || a.status.is_ana_error())
      continue;
    ledger.expect(a.next == nothing, a.ended, [&] {
      return fmt::format("{} was sent over {}, whose path was lost, and again at {}", name_of(v, a),
                         v.name_of(a.controller), text(v.attempts[a.next].sent));
    });
  }
}

/// The filter: what may be executed twice does not wait.
void filter_lets_reads_go(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    if (!v.host_of(r.controller).policy.release_idempotent || !is_path_loss(r))
      continue;
    for (const std::uint32_t i : r.in_flight) {
      const Attempt& a = v.attempts[i];
      if (changes(v, a))
        continue;
      ledger.expect(a.ended <= r.started + promptly, a.ended, [&] {
        return fmt::format("{} was held until {}, {} after {} was given up", name_of(v, a),
                           text(a.ended), text(a.ended - r.started), v.name_of(r.controller));
      });
    }
  }
}

/// fast_io_fail_tmo runs from CONNECTING on, not from the start of the fence. What failed earlier
/// than it could have been over, even if counted from there, failed for another reason.
void fail_fast_waits_for_fence(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    const Duration fast = v.connect_of(r.controller).fast_io_fail_tmo;
    if (fast < Duration{} || r.cancelled == never)
      continue;
    for (const std::uint32_t i : r.in_flight) {
      const Operation& op = v.operations[v.attempts[i].op() - 1];
      const bool failed = op.completed != never && !op.status.ok();
      if (failed && op.completed < r.started + fast)
        continue;
      ledger.expect(!failed || op.completed >= r.cancelled + fast, op.completed, [&] {
        return fmt::format("{} failed {} after its requests were let go; fast_io_fail_tmo is {}",
                           name_of(v, v.attempts[i]), text(op.completed - r.cancelled), text(fast));
      });
    }
  }
}

constexpr Check all[] = {
    {"GAP-1", operator_reset},         {"GAP-2", operator_delete},
    {"GAP-3", remote_port_lost},       {"GAP-4", adapter_removed},
    {"GAP-5", buffers_are_not_sent},   {"GAP-6", joins_pending_reset},
    {"HOLD-16", new_io_waits},         {"HOLD-17", non_idempotent_not_repeated},
    {"HOLD-18", filter_lets_reads_go}, {"HOLD-19", fail_fast_waits_for_fence},
};

}  // namespace

std::span<const Check> gap_checks() { return all; }

}  // namespace holdfast::conform
