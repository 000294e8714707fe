// SPDX-License-Identifier: Apache-2.0
// What it all is for: no data is lost or overwritten with older data, and the system becomes live
// again once everything has healed. And the canary.
#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/fence.hpp"
#include "analysis/conform/view/words.hpp"
#include "models/host/host.hpp"
#include "models/transport/fc/state.hpp"

namespace holdfast::conform {

namespace {

using std::chrono::seconds;

/// The oracle's records of one kind are breaches; each I/O that was done is an occasion.
template <Kind kind, class Text>
void none_of(const RunView& v, Ledger& ledger, bool (*counts)(const Operation&), Text text) {
  for (const Operation& op : v.operations) {
    if (op.completed != never && counts(op))
      ledger.expect(true, op.completed, [] { return std::string(); });
  }
  v.each(kind, [&](const Event& e) { ledger.expect(false, e.at, [&] { return text(e); }); });
}

bool writes(const Operation& op) { return host::writes_blocks(op.kind); }
bool reads(const Operation& op) { return op.kind == host::IoKind::read; }
bool once_only(const Operation& op) { return !host::is_idempotent(op.kind); }

void no_stale_write(const RunView& v, Ledger& ledger) {
  none_of<Kind::stale_write>(v, ledger, writes, [](const Event& e) {
    return fmt::format("a late attempt of operation {} overwrote operation {} in block {}",
                       serial_of(e.get<"token">()), e.get<"overwritten_op">(), e.get<"lba">());
  });
}

void no_stale_read(const RunView& v, Ledger& ledger) {
  none_of<Kind::stale_read>(v, ledger, reads, [](const Event& e) {
    return fmt::format("read {} of block {} returned older data than was acknowledged before it",
                       e.get<"op">(), e.get<"lba">());
  });
}

void no_lost_write(const RunView& v, Ledger& ledger) {
  none_of<Kind::lost_write>(v, ledger, writes, [](const Event& e) {
    return fmt::format("write {} was acknowledged and never reached block {}", e.get<"op">(),
                       e.get<"lba">());
  });
}

void no_duplicate_effect(const RunView& v, Ledger& ledger) {
  none_of<Kind::duplicate_effect>(v, ledger, once_only, [](const Event& e) {
    return fmt::format("operation {} took effect a second time, or after it was refused",
                       e.get<"op">());
  });
}

void no_misplaced_write(const RunView& v, Ledger& ledger) {
  none_of<Kind::misplaced_write>(v, ledger, writes, [](const Event& e) {
    return fmt::format("operation {} landed in block {} with the data of operation {}",
                       serial_of(e.get<"token">()), e.get<"lba">(), serial_of(e.get<"content">()));
  });
}

/// The corruption window: an attempt that was given up lands after its retry was let go.
void no_exposure(const RunView& v, Ledger& ledger) {
  for (const Attempt& a : v.attempts) {
    if (!a.abandoned || !host::changes_something(v.operations[a.op() - 1].kind))
      continue;
    const Operation& op = v.operations[a.op() - 1];
    const TimePoint released = a.next != nothing ? v.attempts[a.next].sent : op.completed;
    if (released == never)
      continue;
    const bool late = a.last_landed != never && a.last_landed > released;
    ledger.expect(!late, released, [&] {
      return fmt::format("{} was let go at {}, its attempt over {} landed at {}", name_of(v, a),
                         text(released), v.name_of(a.controller), text(a.last_landed));
    });
  }
}

/// Long enough for the longest time-out, a hold, an expiry and a reconnect, after everything has
/// healed.
Duration patience(const RunView& v) {
  Duration longest{};
  for (std::uint32_t c = 0; c < v.controllers.size(); ++c) {
    const auto& connect = v.connect_of(c);
    const auto& host = v.host_of(c);
    const auto* target = v.subsystem_of(c);
    const Duration kato = connect.keep_alive_tmo.value_or(seconds{5});
    const Duration katt = std::max<Duration>(kato, target == nullptr ? kato : target->kato_min);
    const Duration cqt = std::max<Duration>(host.policy.cqt_when_zero,
                                            target == nullptr ? Duration{} : target->attr_cqt);
    const Duration io = host.io_timeout_of(connect);
    longest = std::max(longest, io + host.admin_timeout_of(connect) + 4 * kato + 2 * katt + cqt +
                                    3 * connect.reconnect_delay + seconds{10});
  }
  return longest;
}

/// Whether somebody wanted it to go: an administrator, or whoever took the device away.
bool was_sent_away(const RunView& v, std::uint32_t controller) {
  constexpr auto remove = static_cast<std::uint64_t>(host::OperatorAction::remove);
  bool found = std::any_of(v.recoveries.begin(), v.recoveries.end(), [&](const Recovery& r) {
    return r.controller == controller && r.cause == host::Cause::device_lost;
  });
  v.each(Kind::operator_request, [&](const Event& e) {
    found = found || (e.get<"controller">() == controller && e.get<"action">() == remove);
  });
  return found;
}

/// Whether the target refused its last set-up with Do Not Retry (nvmf_should_reconnect).
bool refused_for_good(const RunView& v, std::uint32_t association) {
  return v.associations[association].live == never &&
         std::any_of(v.exchanges.begin(), v.exchanges.end(), [&](const Exchange& x) {
           return x.association == association && x.answered != never && x.status.dnr();
         });
}

/// Whether it was away for so long that its host had to give up.
bool outlasted(const RunView& v, const Recovery& r) {
  const Duration patience = v.connect_of(r.controller).ctrl_loss_tmo;
  return patience >= Duration{} && v.end - r.started >= patience;
}

void all_io_completes(const RunView& v, Ledger& ledger) {
  if (v.healed == never || v.end - v.healed < patience(v))
    return;
  const Duration stuck_after = std::min<Duration>(patience(v), v.end - v.healed);
  for (const Operation& op : v.operations) {
    if (v.end - op.submitted < stuck_after)
      continue;
    ledger.expect(op.completed != never, v.end, [&] {
      return fmt::format("operation {}, submitted at {}, is still not done at the end",
                         &op - v.operations.data() + 1, text(op.submitted));
    });
  }
}

void all_controllers_return(const RunView& v, Ledger& ledger) {
  if (v.healed == never || v.end - v.healed < patience(v))
    return;
  for (const Recovery& r : v.recoveries) {
    if (was_sent_away(v, r.controller) || outlasted(v, r) ||
        refused_for_good(v, v.of_controller[r.controller].back()))
      continue;
    const Association& last = v.associations[v.of_controller[r.controller].back()];
    const bool back = last.live != never && last.cancelled == never;
    ledger.expect(back, v.end, [&] {
      return fmt::format("{}, given up at {}, is not LIVE at the end; all was well since {}",
                         v.name_of(r.controller), text(r.started), text(v.healed));
    });
  }
}

/// After everything has healed no I/O waits for longer than a time-out, a hold and a reconnect.
void fence_ends(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    const Association& a = v.associations[r.association];
    if (a.identify == nothing)
      continue;
    const auto& policy = v.host_of(r.controller).policy;
    const Duration hold = std::max(3 * v.kato_at(a, r.started), katt_part(v, r)) +
                          std::max(RunView::cqt(a), Duration{policy.cqt_when_zero});
    // A Cross-Controller Reset may be waited for past the hold, in every generation before v4.
    const Duration wait =
        policy.ccr ? std::max(v.kato_at(a, r.started), RunView::cqt(a)) : Duration{};
    // On FC the request for a reset may end with the exchanges of its source controller only.
    const Duration abort = v.is_fc() ? transport::fc::Parameters{}.abort_timeout : Duration{};
    const TimePoint latest =
        v.timer_latest(r.controller, r.started,
                       hold + wait + abort + v.host_of(r.controller).longest_admin_timeout());
    if (latest + seconds{1} > v.end)
      continue;
    ledger.expect(r.cancelled <= latest, latest, [&] {
      return fmt::format("{} was given up at {}, and its requests still wait at {}",
                         v.name_of(r.controller), text(r.started), text(latest));
    });
  }
}

/// A check that fails whenever a controller has fetched a command.
void canary(const RunView& v, Ledger& ledger) {
  v.each(Kind::command_fetched, [&](const Event& e) {
    ledger.expect(false, e.at, [] { return std::string("a command was fetched; all is well"); });
  });
}

constexpr Check all[] = {
    {"INT-1", no_stale_write},     {"INT-2", no_stale_read},
    {"INT-3", no_lost_write},      {"INT-4", no_duplicate_effect},
    {"INT-5", no_misplaced_write}, {"INT-6", no_exposure},
    {"LIVE-1", all_io_completes},  {"LIVE-2", all_controllers_return},
    {"LIVE-3", fence_ends},        {"CANARY", canary},
};

}  // namespace

std::span<const Check> outcome_checks() { return all; }

}  // namespace holdfast::conform
