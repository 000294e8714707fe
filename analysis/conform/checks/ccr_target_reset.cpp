// SPDX-License-Identifier: Apache-2.0
// Cross-Controller Reset at the target, second part: what a reset does, log page 1Eh, the notice.
#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/ccr_target.hpp"
#include "analysis/conform/view/fence.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

namespace {

using std::chrono::seconds;
using wire::CcrStatus;

/// By when an accepted reset has come to an end, whatever was executing (there is no bound in the
/// text; drawn scenarios delay a command by less).
constexpr Duration any_reset = seconds{20};

constexpr std::uint64_t notice = 0x001EF402;  ///< type 2, information F4h, log page 1Eh

struct Told {
  std::uint32_t event = nothing;
  const char* how = "";
};

bool is_notice(const Event& e) {
  return wire::AsyncEvent::decode(static_cast<std::uint32_t>(e.get<"dw0">()))
      .is(wire::AsyncNotice::cross_controller_reset_completed);
}

/// Notices of resets that a controller sent: events, in order.
std::vector<std::uint32_t> notices_of(const RunView& v, const TargetController& t) {
  std::vector<std::uint32_t> out;
  v.each_indexed(Kind::event_sent, [&](const Event& e, std::uint32_t i) {
    if (is_notice(e) && e.get<"subsystem">() == t.subsystem && e.get<"cntlid">() == t.cntlid &&
        e.at >= t.created && e.at <= t.freed)
      out.push_back(i);
  });
  return out;
}

/// Whether a command was the only one of its source that could have been meant by a notice.
bool is_alone(const CcrTargetView& t, const Served& s, std::uint32_t event) {
  return std::none_of(t.served.begin(), t.served.end(), [&](const Served& o) {
    return &o != &s && o.source == s.source && o.accepted() && o.fetched < event;
  });
}

/// The first event by which a source told that the instance a command names was reset.
Told first_told(const CcrTargetView& t, const Served& s) {
  if (s.immediate())
    return {s.answered, "Immediate Reset Successful"};
  Told first;
  if (!s.accepted())
    return first;
  for (const LogRead& r : t.reads) {
    if (r.source == s.source && r.fetched > s.answered && r.answered < first.event &&
        r.status_of(s.ccr->names) == CcrStatus::succeeded)
      first = {r.answered, "its log page 1Eh"};
  }
  for (const std::uint32_t i : notices_of(t.v, t.v.targets[s.source])) {
    if (i > s.answered && i < first.event && is_alone(t, s, i))
      first = {i, "its notice"};
  }
  return first;
}

/// Calls `act(view, served, told)` for each command by which a host heard of a success.
template <class Act>
void each_success(const RunView& v, Act act) {
  if (v.ccrs.empty())
    return;
  const CcrTargetView t(v);
  for (const Served& s : t.served) {
    // To another host the command says nothing: it is not its business to wait for that controller.
    const bool mine =
        s.meant != nothing && t.target_of(t.instances[s.meant]).host == v.targets[s.source].host;
    const Told told = mine ? first_told(t, s) : Told{};
    if (told.event != nothing)
      act(t, s, told);
  }
}

/// Whether a controller had a command in hand that changes something when it was to be reset.
bool had_work(const CcrTargetView& t, std::uint32_t target, TimePoint since) {
  return std::any_of(t.v.attempts.begin(), t.v.attempts.end(), [&](const Attempt& a) {
    return a.association != nothing && t.v.associations[a.association].target == target &&
           changes(t.v, a) && a.fetched <= since && (a.ended > since || a.abandoned) &&
           (a.last_landed > since || a.landings == 0);
  });
}

/// Whether an instance had fetched the command that landed, and not the one that the same
/// controller became when it was enabled again.
bool is_of(const CcrTargetView& t, const Instance& i, std::uint32_t landed) {
  const std::uint64_t token = t.v.event(landed).get<"token">();
  return std::any_of(t.v.attempts.begin(), t.v.attempts.end(), [&](const Attempt& a) {
    return a.token == token && a.fetched != never && a.fetched <= t.at(i.end);
  });
}

void nothing_lands_after_success(const RunView& v, Ledger& ledger) {
  each_success(v, [&](const CcrTargetView& t, const Served& s, const Told& told) {
    const std::uint32_t target = t.instances[s.meant].target;
    const auto& media = v.targets[target].media;
    const auto late =
        std::find_if(std::upper_bound(media.begin(), media.end(), told.event), media.end(),
                     [&](std::uint32_t landed) { return is_of(t, t.instances[s.meant], landed); });
    if (late == media.end() && !had_work(t, target, t.at(s.fetched)))
      return;
    ledger.expect(late == media.end(), t.at(told.event), [&] {
      return fmt::format("{} said by {} at {} that {} was reset; a command of it landed at {}",
                         t.name_of(s.source), told.how, text(t.at(told.event)), t.name_of(target),
                         text(t.at(*late)));
    });
  });
}

void success_means_the_end(const RunView& v, Ledger& ledger) {
  each_success(v, [&](const CcrTargetView& t, const Served& s, const Told& told) {
    const Instance& i = t.instances[s.meant];
    const auto& fetches = v.targets[i.target].fetches;
    const auto late = std::upper_bound(fetches.begin(), fetches.end(), told.event);
    // An instance that became ready once more is another one.
    const bool fetched = late != fetches.end() && *late < i.end;
    ledger.expect(!fetched && i.end < told.event, t.at(told.event), [&] {
      return fmt::format(
          "{} said by {} at {} that {} was reset; it was there until {} and fetched "
          "its next command at {}",
          t.name_of(s.source), told.how, text(t.at(told.event)), t.name_of(i.target),
          text(t.at(i.end)), text(fetched ? t.at(*late) : never));
    });
  });
}

/// Calls `act(view, served)` for each command that was accepted for an instance that was there.
template <class Act>
void each_accepted(const RunView& v, Act act) {
  if (v.ccrs.empty())
    return;
  const CcrTargetView t(v);
  for (const Served& s : t.served) {
    if (s.accepted() && s.names == Names::proper)
      act(t, s);
  }
}

void accepted_takes_place(const RunView& v, Ledger& ledger) {
  each_accepted(v, [&](const CcrTargetView& t, const Served& s) {
    const TimePoint latest = t.at(s.answered) + any_reset;
    const Instance& i = t.instances[s.there];
    if (latest > v.end)
      return;
    ledger.expect(t.at(i.end) <= latest, t.at(s.answered), [&] {
      return fmt::format("{} accepted at {} to reset {}, which was there until {}",
                         t.name_of(s.source), text(t.at(s.answered)), t.name_of(i.target),
                         text(t.at(i.end)));
    });
  });
}

/// Nothing between the host and the target that could delay a message.
bool is_reachable(const RunView& v, TimePoint from, TimePoint to) {
  return std::none_of(v.faults.begin(), v.faults.end(), [&](const FaultWindow& f) {
    if (f.fault >= v.scenario.faults.size() || f.on > to || f.off < from)
      return false;
    const auto& what = v.scenario.faults[f.fault];
    const auto* const delayed = std::get_if<scenario::CommandFault>(&what);
    return !std::holds_alternative<scenario::OperatorAction>(what) &&
           !std::holds_alternative<scenario::Passthrough>(what) &&
           (delayed == nullptr || delayed->admin) &&
           !std::holds_alternative<scenario::CommandStatus>(what);
  });
}

void reset_drops_connections(const RunView& v, Ledger& ledger) {
  each_accepted(v, [&](const CcrTargetView& t, const Served& s) {
    const std::uint32_t target = t.instances[s.there].target;
    const TimePoint from = t.at(s.answered), latest = from + seconds{2};
    if (latest > v.end || !is_reachable(v, from - seconds{1}, latest))
      return;
    for (const Association& a : v.associations) {
      const TimePoint lost = a.recovery == nothing ? never : v.recoveries[a.recovery].started;
      if (a.target != target || a.live > from || a.over <= from || lost < from)
        continue;
      ledger.expect(lost <= latest, from, [&] {
        return fmt::format("{} was reset at {}; {}, which could be reached, noticed at {}",
                           t.name_of(target), text(from), v.name_of(a.controller), text(lost));
      });
    }
  });
}

void only_the_impacted(const RunView& v, Ledger& ledger) {
  if (v.ccrs.empty())
    return;
  const CcrTargetView t(v);
  for (std::uint32_t target = 0; target < v.targets.size(); ++target) {
    const std::uint32_t reset = t.reset_event(target);
    if (reset == nothing)
      continue;
    bool asked = false;
    for (std::uint32_t i = 0; i < t.instances.size(); ++i)
      asked = asked || (t.instances[i].target == target && t.was_named(i, reset));
    ledger.expect(asked, t.at(reset), [&] {
      return fmt::format("{} was reset at {}; no command that was accepted had named it",
                         t.name_of(target), text(t.at(reset)));
    });
  }
}

/// Whether the source had been told to send the notice, had a request to answer, and was fine.
bool can_tell(const CcrTargetView& t, std::uint32_t source, std::uint32_t since, TimePoint until) {
  const RunView& v = t.v;
  const TargetController& c = v.targets[source];
  if (std::min({c.fatal, c.expired, c.freed}) <= until || until > v.end ||
      !t.is_undisturbed(t.at(since), until))
    return false;
  bool enabled = false;
  std::uint64_t requests = 0;
  for (const Exchange& x : v.exchanges) {
    if (x.association == nothing || v.associations[x.association].target != source)
      continue;
    if (x.index > since ||
        !x.is_feature(wire::AdminOpcode::set_features, wire::FeatureId::async_event_configuration))
      continue;
    // What has not been answered yet may have masked it already.
    const bool answered = x.answered != never && x.answer_index < since;
    if (!answered || x.ok())
      enabled = answered && (x.command.cdw11 & wire::aec_cross_controller_reset) != 0;
  }
  for (const std::uint32_t i : c.fetches) {
    const Event& e = v.event(i);
    requests += i < since && e.get<"qid">() == 0 &&
                e.get<"opcode">() == wire::raw(wire::AdminOpcode::async_event_request);
  }
  v.each_indexed(Kind::event_sent, [&](const Event& e, std::uint32_t i) {
    if (i < since && e.get<"subsystem">() == c.subsystem && e.get<"cntlid">() == c.cntlid &&
        e.at >= c.created && requests != 0)
      --requests;
  });
  return enabled && requests != 0;
}

/// Expects that a source tells of the end of a reset that it accepted.
void expect_told(const CcrTargetView& t, Ledger& ledger, const Served& s) {
  const std::uint32_t end = t.freed[t.instances[s.there].target];
  if (end == nothing || end < s.answered || !t.is_same_instance(s.source, s.fetched, end))
    return;
  const TimePoint latest = t.at(end) + target_promptly;
  if (!can_tell(t, s.source, end, latest))
    return;
  // One that has not been answered by a read of the page stands for this one, too.
  std::uint32_t since = 0;
  for (const LogRead& r : t.reads) {
    if (r.source == s.source && !r.retains && r.fetched < end)
      since = std::max(since, r.fetched);
  }
  const auto sent = notices_of(t.v, t.v.targets[s.source]);
  const bool kept = std::any_of(sent.begin(), sent.end(),
                                [&](std::uint32_t i) { return i > since && t.at(i) <= latest; });
  ledger.expect(kept, t.at(end), [&] {
    return fmt::format(
        "the reset of controller {} that {} had accepted was over at {}; no notice "
        "was sent until {}",
        s.ccr->names.icid, t.name_of(s.source), text(t.at(end)), text(latest));
  });
}

void source_is_told(const RunView& v, Ledger& ledger) {
  each_accepted(v, [&](const CcrTargetView& t, const Served& s) { expect_told(t, ledger, s); });
}

void every_source_is_told(const RunView& v, Ledger& ledger) {
  each_accepted(v, [&](const CcrTargetView& t, const Served& s) {
    const bool two = std::any_of(t.served.begin(), t.served.end(), [&](const Served& o) {
      return o.accepted() && o.names == Names::proper && o.there == s.there && o.source != s.source;
    });
    if (two)
      expect_told(t, ledger, s);
  });
}

/// Calls `act(view, target, notices)` for each controller that sent any.
template <class Act>
void each_teller(const RunView& v, Act act) {
  const CcrTargetView t(v);
  for (std::uint32_t target = 0; target < v.targets.size(); ++target) {
    const auto sent = notices_of(v, v.targets[target]);
    if (!sent.empty())
      act(t, target, sent);
  }
}

void notice_has_its_form(const RunView& v, Ledger& ledger) {
  v.each(Kind::event_sent, [&](const Event& e) {
    const std::uint64_t dw0 = e.get<"dw0">();
    const bool meant = ((dw0 >> 8) & 0xff) == 0xf4 ||
                       ((dw0 >> 16) & 0xff) == wire::raw(wire::LogId::cross_controller_reset);
    if (meant)
      ledger.expect(dw0 == notice, e.at, [&] {
        return fmt::format("controller {} sent an event with DW0 {:08x} instead of {:08x}",
                           e.get<"cntlid">(), dw0, notice);
      });
  });
}

void notice_to_sources_only(const RunView& v, Ledger& ledger) {
  each_teller(v, [&](const CcrTargetView& t, std::uint32_t target, const auto& sent) {
    for (const std::uint32_t i : sent) {
      const bool asked = std::any_of(t.served.begin(), t.served.end(), [&](const Served& s) {
        return s.source == target && s.accepted() && s.fetched < i;
      });
      ledger.expect(asked, t.at(i), [&] {
        return fmt::format("{} told at {} of a reset that nobody had asked it for",
                           t.name_of(target), text(t.at(i)));
      });
    }
  });
}

void one_notice_until_read(const RunView& v, Ledger& ledger) {
  each_teller(v, [&](const CcrTargetView& t, std::uint32_t target, const auto& sent) {
    for (std::size_t i = 0; i < sent.size(); ++i) {
      const std::uint32_t before = i == 0 ? 0 : sent[i - 1];
      const bool read = std::any_of(t.reads.begin(), t.reads.end(), [&](const LogRead& r) {
        return r.source == target && !r.retains && r.fetched > before && r.fetched < sent[i];
      });
      ledger.expect(i == 0 || read, t.at(sent[i]), [&] {
        return fmt::format(
            "{} sent a notice at {} and one more at {}; log page 1Eh was not read in "
            "between",
            t.name_of(target), text(t.at(before)), text(t.at(sent[i])));
      });
    }
  });
}

constexpr Check all[] = {
    {"CCRT-21", nothing_lands_after_success}, {"CCRT-22", success_means_the_end},
    {"CCRT-23", accepted_takes_place},        {"CCRT-24", reset_drops_connections},
    {"CCRT-25", only_the_impacted},           {"CCRT-26", source_is_told},
    {"CCRT-27", every_source_is_told},        {"CCRT-28", notice_has_its_form},
    {"CCRT-29", notice_to_sources_only},      {"CCRT-30", one_notice_until_read},
};

}  // namespace

std::span<const Check> ccr_target_reset_checks() { return all; }

}  // namespace holdfast::conform
