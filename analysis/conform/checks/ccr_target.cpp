// SPDX-License-Identifier: Apache-2.0
// Cross-Controller Reset at the target, first part: what Identify says, and which commands are
// accepted.
#include "analysis/conform/view/ccr_target.hpp"
#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

namespace {

using wire::StatusCode;

/// Calls `act(association)` for each that has told who its controller is.
template <class Act>
void each_identified(const RunView& v, bool discovery, Act act) {
  for (const Association& a : v.associations) {
    if (a.identify != nothing && (v.subsystem_of(a.controller) == nullptr) == discovery)
      act(a);
  }
}

std::string told(const RunView& v, const Association& a) {
  const wire::IdentifyController& i = a.identity;
  return fmt::format("controller {} told {} CIU {}, CIRN {:016x}, CCRL {}, OAES {:08x}", a.cntlid,
                     v.name_of(a.controller), i.ciu, i.cirn, i.ccrl, i.oaes);
}

TimePoint when_told(const RunView& v, const Association& a) {
  return v.exchanges[a.identify].answered;
}

void tells_instance(const RunView& v, Ledger& ledger) {
  each_identified(v, false, [&](const Association& a) {
    ledger.expect(a.identity.ciu != 0, when_told(v, a), [&] { return told(v, a); });
  });
}

void tells_limit(const RunView& v, Ledger& ledger) {
  each_identified(v, false, [&](const Association& a) {
    ledger.expect(a.identity.ccrl != 0, when_told(v, a), [&] { return told(v, a); });
  });
}

void offers_notice(const RunView& v, Ledger& ledger) {
  each_identified(v, false, [&](const Association& a) {
    ledger.expect((a.identity.oaes & wire::aec_cross_controller_reset) != 0, when_told(v, a),
                  [&] { return told(v, a); });
  });
}

void expect_nothing_told(const RunView& v, Ledger& ledger, bool discovery) {
  each_identified(v, discovery, [&](const Association& a) {
    const wire::IdentifyController& i = a.identity;
    const bool kept = i.ciu == 0 && i.cirn == 0 && i.ccrl == 0 &&
                      (i.oaes & wire::aec_cross_controller_reset) == 0;
    ledger.expect(kept, when_told(v, a), [&] { return told(v, a); });
  });
}

void discovery_tells_nothing(const RunView& v, Ledger& ledger) {
  expect_nothing_told(v, ledger, true);
}

void tells_nothing_without(const RunView& v, Ledger& ledger) {
  expect_nothing_told(v, ledger, false);
}

/// Calls `act(before, after)` for instances of one id that followed each other and are both known.
template <class Act>
void each_succession(const CcrTargetView& t, Act act) {
  for (std::size_t i = 0; i < t.instances.size(); ++i) {
    for (std::size_t k = i; k-- > 0;) {
      const Instance &now = t.instances[i], &before = t.instances[k];
      const TargetController &a = t.target_of(now), &b = t.target_of(before);
      const bool discovery = a.subsystem >= t.v.scenario.subsystems.size();
      if (a.subsystem != b.subsystem || a.cntlid != b.cntlid || discovery)
        continue;
      if (now.identified && before.identified)
        act(before, now);
      break;
    }
  }
}

std::string triples(const CcrTargetView& t, const Instance& before, const Instance& now) {
  return fmt::format("controller {} had CIU {}, CIRN {:016x}, and after {} CIU {}, CIRN {:016x}",
                     t.target_of(now).cntlid, before.ciu, before.cirn, text(t.at(now.ready)),
                     now.ciu, now.cirn);
}

void instances_differ(const RunView& v, Ledger& ledger) {
  const CcrTargetView t(v);
  each_succession(t, [&](const Instance& before, const Instance& now) {
    ledger.expect(now.cirn != before.cirn, t.at(now.ready),
                  [&] { return triples(t, before, now); });
  });
}

void uniquifier_counts(const RunView& v, Ledger& ledger) {
  const CcrTargetView t(v);
  each_succession(t, [&](const Instance& before, const Instance& now) {
    if (now.target != before.target)
      return;  // another object, which begins anywhere
    const int next = before.ciu == 255 ? 1 : before.ciu + 1;
    ledger.expect(now.ciu == next, t.at(now.ready), [&] { return triples(t, before, now); });
  });
}

std::string answer_text(const CcrTargetView& t, const Served& s) {
  const wire::CrossControllerReset& n = s.ccr->names;
  return fmt::format(
      "{} was asked at {} to reset controller {}, CIU {}, CIRN {:016x}, and answered "
      "with status 0x{:03x}, DW0 {:08x}",
      t.name_of(s.source), text(t.at(s.fetched)), n.icid, n.ciu, n.cirn, wire::raw(s.status.code()),
      s.result);
}

/// Calls `act(view, served)` for each command that got an answer from a source controller which was
/// enabled.
template <class Act>
void each_answered(const RunView& v, Act act) {
  if (v.ccrs.empty())
    return;
  const CcrTargetView t(v);
  for (const Served& s : t.served) {
    if (s.answered != nothing && !v.is_disabled(s.source, s.fetched))
      act(t, s);
  }
}

void refuses_itself(const RunView& v, Ledger& ledger) {
  each_answered(v, [&](const CcrTargetView& t, const Served& s) {
    if (s.names == Names::own)
      ledger.expect(s.status.code() == StatusCode::invalid_field, t.at(s.answered),
                    [&] { return answer_text(t, s); });
  });
}

void unknown_is_gone(const RunView& v, Ledger& ledger) {
  each_answered(v, [&](const CcrTargetView& t, const Served& s) {
    if (s.names == Names::nobody && s.meant == nothing)
      ledger.expect(s.immediate(), t.at(s.answered), [&] { return answer_text(t, s); });
  });
}

void gone_is_success(const RunView& v, Ledger& ledger) {
  each_answered(v, [&](const CcrTargetView& t, const Served& s) {
    if (s.names == Names::nobody && s.meant != nothing)
      ledger.expect(s.immediate(), t.at(s.answered), [&] { return answer_text(t, s); });
  });
}

/// Expects that a command which names something else does not reset whoever has that id.
void expect_spared(const RunView& v, Ledger& ledger, Names names, const char* but) {
  each_answered(v, [&](const CcrTargetView& t, const Served& s) {
    if (s.names != names)
      return;
    const std::uint32_t target = t.instances[s.there].target;
    const std::uint32_t reset = t.reset_event(target);
    const bool kept = reset == nothing || reset < s.fetched || t.was_asked(s.there, reset);
    ledger.expect(kept, reset == nothing ? t.at(s.answered) : t.at(reset), [&] {
      return fmt::format("{} was reset at {} although {}: {}", t.name_of(target), text(t.at(reset)),
                         but, answer_text(t, s));
    });
  });
}

void wrong_uniquifier_spares(const RunView& v, Ledger& ledger) {
  expect_spared(v, ledger, Names::wrong_ciu, "its CIU is another one");
}
void wrong_number_spares(const RunView& v, Ledger& ledger) {
  expect_spared(v, ledger, Names::wrong_cirn, "its CIRN is another one");
}
void stale_spares(const RunView& v, Ledger& ledger) {
  expect_spared(v, ledger, Names::stale, "the command names an instance that is over");
}
void foreign_spares(const RunView& v, Ledger& ledger) {
  expect_spared(v, ledger, Names::foreign, "it belongs to another host");
}

void duplicate_is_refused(const RunView& v, Ledger& ledger) {
  each_answered(v, [&](const CcrTargetView& t, const Served& s) {
    const bool again = std::any_of(t.served.begin(), t.served.end(), [&](const Served& o) {
      return o.source == s.source && o.there == s.there && t.is_pending(o, s.fetched);
    });
    if (s.names == Names::proper && again)
      ledger.expect(s.status.code() == StatusCode::ccr_in_progress, t.at(s.answered),
                    [&] { return answer_text(t, s); });
  });
}

std::ptrdiff_t pending_on(const CcrTargetView& t, const Served& s) {
  return std::count_if(t.served.begin(), t.served.end(), [&](const Served& o) {
    return o.source == s.source && t.is_pending(o, s.fetched);
  });
}

std::uint8_t limit_of(const RunView& v, const Served& s) {
  return v.associations[s.exchange->association].identity.ccrl;
}

void limit_is_kept(const RunView& v, Ledger& ledger) {
  each_answered(v, [&](const CcrTargetView& t, const Served& s) {
    const bool pending = std::any_of(t.served.begin(), t.served.end(), [&](const Served& o) {
      return o.source == s.source && o.there == s.there && t.is_pending(o, s.fetched);
    });
    if (s.names != Names::proper || pending || limit_of(v, s) == 0 ||
        pending_on(t, s) < limit_of(v, s))
      return;
    ledger.expect(s.status.code() == StatusCode::ccr_limit_exceeded, t.at(s.answered),
                  [&] { return answer_text(t, s); });
  });
}

void refused_for_a_reason(const RunView& v, Ledger& ledger) {
  each_answered(v, [&](const CcrTargetView& t, const Served& s) {
    if (s.names != Names::proper || limit_of(v, s) == 0)
      return;
    const bool pending = std::any_of(t.served.begin(), t.served.end(), [&](const Served& o) {
      return o.source == s.source && o.there == s.there && t.is_pending(o, s.fetched);
    });
    const StatusCode code = s.status.code();
    const bool wrong =
        (code == StatusCode::ccr_in_progress && !pending) ||
        (code == StatusCode::ccr_limit_exceeded && pending_on(t, s) < limit_of(v, s)) ||
        (code == StatusCode::internal_error &&
         t.is_undisturbed(t.at(s.fetched), t.at(s.answered))) ||
        code == StatusCode::invalid_opcode || code == StatusCode::invalid_field;
    ledger.expect(!wrong, t.at(s.answered), [&] { return answer_text(t, s); });
  });
}

void is_answered(const RunView& v, Ledger& ledger) {
  if (v.ccrs.empty())
    return;
  const CcrTargetView t(v);
  for (const Served& s : t.served) {
    const TimePoint from = t.at(s.fetched), until = from + target_promptly;
    const TargetController& source = v.targets[s.source];
    const bool ended = std::min({source.fatal, source.expired, source.freed}) <= until;
    if (until > v.end || ended || !t.is_undisturbed(from, until))
      continue;
    ledger.expect(t.at(s.answered) <= until, from, [&] {
      return fmt::format("{} fetched a Cross-Controller Reset at {} and answered at {}",
                         t.name_of(s.source), text(from), text(t.at(s.answered)));
    });
  }
}

void reserved_bits_are_zero(const RunView& v, Ledger& ledger) {
  constexpr std::uint32_t defined =
      wire::ccr_immediate_reset_successful | wire::ccr_validated | wire::ccr_level_reset_initiated;
  each_answered(v, [&](const CcrTargetView& t, const Served& s) {
    if (s.status.ok())
      ledger.expect((s.result & ~std::uint64_t{defined}) == 0, t.at(s.answered),
                    [&] { return answer_text(t, s); });
  });
}

void unknown_opcode_without(const RunView& v, Ledger& ledger) {
  each_answered(v, [&](const CcrTargetView& t, const Served& s) {
    if (limit_of(v, s) == 0)
      ledger.expect(s.status.code() == StatusCode::invalid_opcode, t.at(s.answered),
                    [&] { return answer_text(t, s); });
  });
}

constexpr Check all[] = {
    {"CCRT-1", tells_instance},          {"CCRT-2", tells_limit},
    {"CCRT-3", offers_notice},           {"CCRT-4", discovery_tells_nothing},
    {"CCRT-5", tells_nothing_without},   {"CCRT-6", instances_differ},
    {"CCRT-7", uniquifier_counts},       {"CCRT-8", is_answered},
    {"CCRT-9", refuses_itself},          {"CCRT-10", unknown_is_gone},
    {"CCRT-11", gone_is_success},        {"CCRT-12", wrong_uniquifier_spares},
    {"CCRT-13", wrong_number_spares},    {"CCRT-14", stale_spares},
    {"CCRT-15", foreign_spares},         {"CCRT-16", duplicate_is_refused},
    {"CCRT-17", limit_is_kept},          {"CCRT-18", refused_for_a_reason},
    {"CCRT-19", reserved_bits_are_zero}, {"CCRT-20", unknown_opcode_without},
};

}  // namespace

std::span<const Check> ccr_target_checks() { return all; }

}  // namespace holdfast::conform
