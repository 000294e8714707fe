// SPDX-License-Identifier: Apache-2.0
// Which keep-alive timeout a controller takes and tells, and how it answers a Keep Alive.
#include <set>
#include <tuple>

#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/keep_alive.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using wire::AdminOpcode;
using wire::FeatureId;
using wire::StatusCode;

bool gets_kato(const Exchange& x) {
  return x.is_feature(AdminOpcode::get_features, FeatureId::keep_alive_timer);
}
bool sets_kato(const Exchange& x) {
  return x.is_feature(AdminOpcode::set_features, FeatureId::keep_alive_timer);
}

/// What the administrator reads and writes of feature 0Fh, association by association.
struct KatoAccess {
  const Exchange* x = nullptr;
  const Association* a = nullptr;
  const scenario::Subsystem* subsystem = nullptr;
  std::uint32_t asked_ms = 0;  ///< the last value that was accepted, before this access
};

template <class Act>
void each_access(const RunView& v, Act act) {
  std::vector<std::uint32_t> accepted(v.associations.size(), 0);
  for (std::uint32_t i = 0; i < accepted.size(); ++i) {
    if (v.associations[i].connect != nothing)
      accepted[i] = v.exchanges[v.associations[i].connect].command.cdw12;
  }
  for (const Exchange& x : v.exchanges) {
    if (x.answered == never || x.association == nothing || (!gets_kato(x) && !sets_kato(x)))
      continue;
    const Association& a = v.associations[x.association];
    const scenario::Subsystem* s = v.subsystem_of(x.controller);
    if (s != nullptr && a.identify != nothing)
      act(KatoAccess{&x, &a, s, accepted[x.association]});
    if (sets_kato(x) && x.ok())
      accepted[x.association] = x.command.cdw11;
  }
}

Duration in_ms(std::uint64_t value) { return milliseconds{static_cast<std::int64_t>(value)}; }
Duration kas_of(const Association& a) { return milliseconds{100} * a.identity.kas; }

void rounded_up(const RunView& v, Ledger& ledger) {
  each_access(v, [&](const KatoAccess& f) {
    if (!gets_kato(*f.x) || !f.x->ok() || f.asked_ms == 0)
      return;
    const Duration told = in_ms(f.x->result), kas = kas_of(*f.a);
    const Duration asked = std::max<Duration>(in_ms(f.asked_ms), f.subsystem->kato_min);
    const bool multiple = kas != Duration{} && told % kas == Duration{};
    ledger.expect(multiple && told >= asked && told < asked + kas, f.x->answered, [&] {
      return fmt::format("{} asked for {} ms; its controller, whose KAS is {}, made it {}",
                         v.name_of(f.x->controller), f.asked_ms, text(kas), text(told));
    });
  });
}

void raised_to_minimum(const RunView& v, Ledger& ledger) {
  each_access(v, [&](const KatoAccess& f) {
    const Duration least = f.subsystem->kato_min;
    if (!gets_kato(*f.x) || !f.x->ok() || f.asked_ms == 0 || in_ms(f.asked_ms) >= least)
      return;
    ledger.expect(in_ms(f.x->result) >= least, f.x->answered, [&] {
      return fmt::format(
          "{} asked for {} ms; its controller made it {}, which is less than its "
          "minimum of {}",
          v.name_of(f.x->controller), f.asked_ms, text(in_ms(f.x->result)), text(least));
    });
  });
}

void get_features_tells_value(const RunView& v, Ledger& ledger) {
  each_access(v, [&](const KatoAccess& f) {
    if (!gets_kato(*f.x))
      return;
    const Duration wanted = granted(v, *f.a, f.asked_ms);
    ledger.expect(f.x->ok() && in_ms(f.x->result) == wanted, f.x->answered, [&] {
      return fmt::format("Get Features of {} gave {} with status 0x{:03x}; in force is {}",
                         v.name_of(f.x->controller), f.x->result, f.x->status.value, text(wanted));
    });
  });
}

void set_features_result(const RunView& v, Ledger& ledger, Duration unit) {
  each_access(v, [&](const KatoAccess& f) {
    if (!sets_kato(*f.x) || !f.x->ok() || f.x->command.cdw11 == 0)
      return;
    const Duration wanted = granted(v, *f.a, f.x->command.cdw11);
    ledger.expect(unit * static_cast<std::int64_t>(f.x->result) == wanted, f.x->answered, [&] {
      return fmt::format("Set Features of {} came back with {}; the timeout is now {}",
                         v.name_of(f.x->controller), f.x->result, text(wanted));
    });
  });
}

void set_features_in_ms(const RunView& v, Ledger& ledger) {
  set_features_result(v, ledger, milliseconds{1});
}
void nvmet_answers_in_seconds(const RunView& v, Ledger& ledger) {
  set_features_result(v, ledger, seconds{1});
}

/// A mandatory timer cannot be switched off.
void zero_is_refused(const RunView& v, Ledger& ledger) {
  if (v.is_fc())
    return;
  each_access(v, [&](const KatoAccess& f) {
    if (!sets_kato(*f.x) || f.x->command.cdw11 != 0)
      return;
    ledger.expect(f.x->status.code() == StatusCode::keep_alive_timeout_invalid, f.x->answered, [&] {
      return fmt::format("Set Features of {} with KATO 0 was answered with 0x{:03x}",
                         v.name_of(f.x->controller), f.x->status.value);
    });
  });
}

void too_long_is_refused(const RunView& v, Ledger& ledger) {
  each_access(v, [&](const KatoAccess& f) {
    const Duration most = f.subsystem->kato_max;
    if (!sets_kato(*f.x) || most == Duration{} || in_ms(f.x->command.cdw11) <= most)
      return;
    ledger.expect(f.x->status.code() == StatusCode::keep_alive_timeout_invalid, f.x->answered, [&] {
      return fmt::format("Set Features of {} with {} was answered with 0x{:03x}; the longest is {}",
                         v.name_of(f.x->controller), text(in_ms(f.x->command.cdw11)),
                         f.x->status.value, text(most));
    });
  });
}

void refusal_changes_nothing(const RunView& v, Ledger& ledger) {
  std::set<std::uint32_t> refused;
  each_access(v, [&](const KatoAccess& f) {
    if (sets_kato(*f.x)) {
      if (f.x->ok()) {
        refused.erase(f.x->association);
      } else {
        refused.insert(f.x->association);
      }
      return;
    }
    if (!refused.contains(f.x->association) || !f.x->ok())
      return;
    const Duration wanted = granted(v, *f.a, f.asked_ms);
    ledger.expect(in_ms(f.x->result) == wanted, f.x->answered, [&] {
      return fmt::format("after a refused Set Features the timeout of {} is {}; it was {}",
                         v.name_of(f.x->controller), text(in_ms(f.x->result)), text(wanted));
    });
  });
}

/// Answers that a fault of the scenario forced upon the target.
std::set<std::tuple<std::uint64_t, std::uint64_t, TimePoint>> forced_answers(const RunView& v) {
  std::set<std::tuple<std::uint64_t, std::uint64_t, TimePoint>> out;
  v.each(Kind::status_forced, [&](const Event& e) {
    out.insert({e.get<"subsystem">(), e.get<"cntlid">(), e.at});
  });
  return out;
}

/// Calls `act(controller, KATT, status, event)` for each Keep Alive that a target answered.
template <class Act>
void each_keep_alive_answer(const RunView& v, Act act) {
  const auto forced = forced_answers(v);
  for (const TargetKeepAlive& k : target_keep_alives(v)) {
    std::set<std::uint16_t> open;
    std::size_t f = 0;
    for (const std::uint32_t i : k.t->answers) {
      for (; f < k.marks.size() && k.marks[f].index < i; ++f) {
        const Mark& m = k.marks[f];
        if (m.what != Mark::What::fetched || m.qid != 0)
          continue;
        const auto cid = static_cast<std::uint16_t>(v.event(m.index).get<"cid">());
        open.erase(cid);
        if (m.opcode == wire::raw(AdminOpcode::keep_alive))
          open.insert(cid);
      }
      const Event& e = v.event(i);
      const auto cid = static_cast<std::uint16_t>(e.get<"cid">());
      if (e.get<"qid">() != 0 || open.erase(cid) == 0 || e.at > k.until ||
          forced.contains({k.t->subsystem, k.t->cntlid, e.at}))
        continue;
      act(k, k.katt_at(e.at), wire::Status(static_cast<std::uint16_t>(e.get<"status">())), i);
    }
  }
}

void keep_alive_succeeds(const RunView& v, Ledger& ledger) {
  each_keep_alive_answer(
      v, [&](const TargetKeepAlive& k, Duration katt, wire::Status status, std::uint32_t index) {
        if (katt == Duration{} || v.is_disabled(k.a->target, index))
          return;
        ledger.expect(status.ok(), v.event(index).at, [&] {
          return fmt::format("controller {} answered a Keep Alive with 0x{:03x}", k.t->cntlid,
                             status.value);
        });
      });
}

void nvmet_keep_alive_without_timer(const RunView& v, Ledger& ledger) {
  each_keep_alive_answer(v, [&](const TargetKeepAlive& k, Duration katt, wire::Status status,
                                std::uint32_t index) {
    if (katt != Duration{})
      return;
    ledger.expect(status.code() == StatusCode::keep_alive_timeout_invalid, v.event(index).at, [&] {
      return fmt::format(
          "controller {}, whose timer is off, answered a Keep Alive with "
          "0x{:03x}",
          k.t->cntlid, status.value);
    });
  });
}

void reports_keep_alive(const RunView& v, Ledger& ledger) {
  for (const Association& a : v.associations) {
    if (a.identify == nothing || v.subsystem_of(a.controller) == nullptr)
      continue;
    const TimePoint at = v.exchanges[a.identify].answered;
    ledger.expect(a.identity.kas != 0, at, [&] {
      return fmt::format("Identify of {} says KAS 0", v.name_of(a.controller));
    });
  }
}

void reports_cqt(const RunView& v, Ledger& ledger) {
  for (const Association& a : v.associations) {
    if (a.identify == nothing || v.subsystem_of(a.controller) == nullptr)
      continue;
    const TimePoint at = v.exchanges[a.identify].answered;
    ledger.expect(a.identity.cqt != 0, at, [&] {
      return fmt::format("Identify of {} says CQT 0", v.name_of(a.controller));
    });
  }
}

}  // namespace

std::span<const Check> keep_alive_feature_checks() {
  static constexpr Check all[] = {
      {"KAT-13", rounded_up},
      {"KAT-14", raised_to_minimum},
      {"KAT-15", get_features_tells_value},
      {"KAT-16", set_features_in_ms},
      {"KAT-17", nvmet_answers_in_seconds},
      {"KAT-18", zero_is_refused},
      {"KAT-19", too_long_is_refused},
      {"KAT-20", refusal_changes_nothing},
      {"KAT-21", keep_alive_succeeds},
      {"KAT-22", nvmet_keep_alive_without_timer},
      {"KAT-23", reports_keep_alive},
      {"KAT-24", reports_cqt},
  };
  return all;
}

}  // namespace holdfast::conform
