// SPDX-License-Identifier: Apache-2.0
// What a controller does when its keep-alive timer has expired: its connections end, its commands
// stop, nobody else notices, and its host may come back.
#include <map>
#include <set>

#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/keep_alive.hpp"
#include "analysis/conform/view/words.hpp"
#include "models/target/target.hpp"
#include "models/transport/tcp/state.hpp"

namespace holdfast::conform {

namespace {

using std::chrono::milliseconds;

/// Time for the machine's own work, where no other is given: a grace period, the close of a file.
constexpr Duration machine_slack = milliseconds{100};

/// The expiry of a controller that had not ended before.
struct Expiry {
  const TargetKeepAlive* k = nullptr;
  std::uint32_t index = 0;  ///< of its event
  bool executing = false;   ///< I/O was fetched and not answered
};

template <class Act>
void each_expiry(const RunView& v, Act act) {
  for (const TargetKeepAlive& k : target_keep_alives(v)) {
    if (k.expired == never)
      continue;
    Expiry x{&k, nothing, false};
    v.each_indexed(Kind::keep_alive_expired, [&](const Event& e, std::uint32_t i) {
      if (e.at == k.expired && e.get<"subsystem">() == k.t->subsystem &&
          e.get<"cntlid">() == k.t->cntlid)
        x.index = i;
    });
    for (const Mark& m : k.marks) {
      x.executing = x.executing || (m.what == Mark::What::fetched && m.qid != 0 && !m.answered &&
                                    m.at <= k.expired);
    }
    act(x);
  }
}

Duration cqt_of(const Expiry& x) { return RunView::cqt(*x.k->a); }

/// When its connections have ended: within CQT, or at once if it reports none and nothing executes;
/// what executes may take as long as it likes there.
TimePoint closed_by(const Expiry& x) {
  const TimePoint by = x.k->expired + cqt_of(x) + machine_slack;
  return cqt_of(x) == Duration{} && x.executing ? never : by;
}

/// The queues that were connected, with their connections.
std::map<std::uint64_t, std::uint16_t> connected_queues(const RunView& v, const Association& a) {
  std::set<std::uint16_t> accepted;
  for (const Exchange& x : v.exchanges) {
    if (x.association != nothing && &v.associations[x.association] == &a && x.ok() &&
        x.command.is(wire::FabricsType::connect))
      accepted.insert(x.qid);
  }
  std::map<std::uint64_t, std::uint16_t> out;
  for (const auto& [qid, connection] : a.queues) {
    if (accepted.contains(qid))
      out.emplace(connection, qid);
  }
  return out;
}

/// When the target ended a connection: on TCP its end of it is closed, on others the queue is gone.
std::map<std::uint64_t, TimePoint> endings(const RunView& v, const Association& a) {
  std::map<std::uint64_t, TimePoint> out;
  const bool tcp = v.scenario.fabric.transport == scenario::Transport::tcp;
  const auto note = [&](const Event& e, std::uint32_t i) {
    if (i > a.begun_index)
      out.emplace(e.get<"connection">(), e.at);
  };
  if (!tcp) {
    v.each_indexed(Kind::queue_released, note);
    return out;
  }
  v.each_indexed(Kind::tcp_state, [&](const Event& e, std::uint32_t i) {
    const bool target = e.get<"side">() == static_cast<std::uint64_t>(transport::Side::target);
    if (target && e.get<"state">() == static_cast<std::uint64_t>(transport::TcpState::closed))
      note(e, i);
  });
  return out;
}

void ends_every_connection(const RunView& v, Ledger& ledger) {
  each_expiry(v, [&](const Expiry& x) {
    const TimePoint by = closed_by(x);
    if (by >= v.end || node_failed(v, x.k->t->subsystem, x.k->expired, by))
      return;
    const auto ended = endings(v, *x.k->a);
    for (const auto& [connection, qid] : connected_queues(v, *x.k->a)) {
      const auto found = ended.find(connection);
      const TimePoint at = found == ended.end() ? never : found->second;
      ledger.expect(at <= by, std::min(at, v.end), [&, queue = qid] {
        return fmt::format("controller {} expired at {}; its connection of queue {} ended: {}",
                           x.k->t->cntlid, text(x.k->expired), queue, text(at));
      });
    }
  });
}

/// Other controllers of the subsystem neither end nor lose a queue at the instant of an expiry.
void touches_no_other(const RunView& v, Ledger& ledger) {
  std::set<std::tuple<std::uint64_t, std::uint64_t, TimePoint>> released;
  v.each(Kind::queue_released, [&](const Event& e) {
    released.insert({e.get<"subsystem">(), e.get<"cntlid">(), e.at});
  });
  for (const TargetController& t : v.targets) {
    if (t.expired == never)
      continue;
    for (const TargetController& other : v.targets) {
      const bool alive = &other != &t && other.subsystem == t.subsystem &&
                         other.created < t.expired && other.freed >= t.expired &&
                         other.fatal >= t.expired;
      if (!alive || other.expired == t.expired)
        continue;
      const bool ended =
          other.fatal == t.expired || released.contains({other.subsystem, other.cntlid, t.expired});
      ledger.expect(!ended, t.expired, [&] {
        return fmt::format("controller {} ended a queue or itself when controller {} expired",
                           other.cntlid, t.cntlid);
      });
    }
  }
}

void nothing_later(const RunView& v, Ledger& ledger, bool fetches) {
  each_expiry(v, [&](const Expiry& x) {
    const auto& list = fetches ? x.k->t->fetches : x.k->t->answers;
    const auto late = std::upper_bound(list.begin(), list.end(), x.index);
    const TimePoint at = late == list.end() ? x.k->expired : v.event(*late).at;
    ledger.expect(late == list.end(), at, [&] {
      return fmt::format("controller {} {} a command {} after it had expired", x.k->t->cntlid,
                         fetches ? "fetched" : "answered", text(at - x.k->expired));
    });
  });
}

void fetches_nothing(const RunView& v, Ledger& ledger) { nothing_later(v, ledger, true); }
void answers_nothing(const RunView& v, Ledger& ledger) { nothing_later(v, ledger, false); }

/// What was executing when the timer expired.
void stops_within_cqt(const RunView& v, Ledger& ledger) {
  each_expiry(v, [&](const Expiry& x) {
    const TimePoint by = x.k->expired + cqt_of(x);
    if (!x.executing || cqt_of(x) == Duration{} || by > v.end)
      return;
    const auto& media = x.k->t->media;
    const auto late = std::find_if(media.begin(), media.end(),
                                   [&](std::uint32_t i) { return v.event(i).at > by; });
    const TimePoint at = late == media.end() ? by : v.event(*late).at;
    ledger.expect(late == media.end(), at, [&] {
      return fmt::format(
          "a command of controller {} changed the medium {} after it had expired; "
          "its CQT is {}",
          x.k->t->cntlid, text(at - x.k->expired), text(cqt_of(x)));
    });
  });
}

void host_may_come_back(const RunView& v, Ledger& ledger) {
  each_expiry(v, [&](const Expiry& x) {
    const Association& old = *x.k->a;
    for (const Exchange& c : v.exchanges) {
      const bool again = c.qid == 0 && c.command.is(wire::FabricsType::connect) &&
                         c.controller == old.controller && c.sent > x.k->expired &&
                         c.answered != never;
      if (!again)
        continue;
      ledger.expect(c.status.ok(), c.answered, [&] {
        return fmt::format(
            "{} connects after controller {} has expired, and is refused with "
            "0x{:03x}",
            v.name_of(c.controller), x.k->t->cntlid, c.status.value);
      });
      break;
    }
  });
}

constexpr Check all[] = {
    {"KAT-25", ends_every_connection}, {"KAT-26", touches_no_other}, {"KAT-27", fetches_nothing},
    {"KAT-28", answers_nothing},       {"KAT-29", stops_within_cqt}, {"KAT-30", host_may_come_back},
};

}  // namespace

std::span<const Check> keep_alive_expiry_checks() { return all; }

}  // namespace holdfast::conform
