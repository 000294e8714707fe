// SPDX-License-Identifier: Apache-2.0
// Cross-Controller Reset at the host, second half: what an answer, a notice and the log page mean,
// and when the next controller is asked.
#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/ccr_host.hpp"

namespace holdfast::conform {

namespace {

using wire::StatusCode;

/// Calls `act(recovery, ccr, exchange)` for each command that a host sent of its own accord.
template <class Act>
void each_asked(const RunView& v, Act act) {
  for (const Recovery& r : v.recoveries) {
    if (!is_known(v, r))
      continue;
    for (const Ccr* c : asked_for(v, r))
      act(r, *c, v.exchanges[c->exchange]);
  }
}

/// Expects that no attempt which may do harm was let go before waiting may be over.
void expect_held(const RunView& v, Ledger& ledger, const Recovery& r, const Ccr& c,
                 const char* what) {
  const TimePoint from = may_go_on_from(v, r, c);
  for (const std::uint32_t i : r.in_flight) {
    const Attempt& a = v.attempts[i];
    const TimePoint gone = let_go(v, a);
    if (!changes(v, a) || gone < v.exchanges[c.exchange].answered)
      continue;
    ledger.expect(gone >= from, gone, [&] {
      return fmt::format("{} of {} was let go at {}; {} had only said that the reset {}",
                         name_of(v, a), v.name_of(r.controller), text(gone), v.name_of(c.source),
                         what);
    });
  }
}

void accepted_is_not_success(const RunView& v, Ledger& ledger) {
  each_asked(v, [&](const Recovery& r, const Ccr& c, const Exchange&) {
    if (is_accepted(v, c))
      expect_held(v, ledger, r, c, "had begun");
  });
}

/// Whether a page 1Eh says of the impacted controller that its reset goes on.
bool says_in_progress(const Exchange& log, const Ccr& c) {
  const auto page = wire::CcrLogView::decode(log.data);
  if (!page)
    return false;
  const auto entry = page->find(c.names.icid, c.names.ciu);
  return entry && entry->status == wire::CcrStatus::in_progress;
}

void in_progress_is_not_success(const RunView& v, Ledger& ledger) {
  each_asked(v, [&](const Recovery& r, const Ccr& c, const Exchange& x) {
    const bool read = std::any_of(v.exchanges.begin(), v.exchanges.end(), [&](const Exchange& log) {
      return log.controller == c.source && log.ok() &&
             log.is_log(wire::LogId::cross_controller_reset) && log.answered > x.answered &&
             log.answered <= r.cancelled && says_in_progress(log, c);
    });
    if (is_accepted(v, c) && read)
      expect_held(v, ledger, r, c, "went on");
  });
}

void expect_let_go(const RunView& v, Ledger& ledger, const Recovery& r, const Ccr& c) {
  const TimePoint heard = heard_at(v, c);
  if (heard == never || heard + ccr_promptly > v.end || std::min(r.cancelled, r.fenced) < heard)
    return;
  ledger.expect(r.cancelled <= std::max(heard, r.started) + ccr_promptly, heard, [&] {
    return fmt::format("{} has said at {} that {} was reset; its requests were let go at {}",
                       v.name_of(c.source), text(heard), v.name_of(r.controller),
                       text(r.cancelled));
  });
}

void immediate_success_counts(const RunView& v, Ledger& ledger) {
  each_asked(v, [&](const Recovery& r, const Ccr& c, const Exchange&) {
    if (c.immediate)
      expect_let_go(v, ledger, r, c);
  });
}

void success_in_log_counts(const RunView& v, Ledger& ledger) {
  each_asked(v, [&](const Recovery& r, const Ccr& c, const Exchange& x) {
    if (is_accepted(v, c) && heard_at(v, c) < x.answered + least_wait(v, r))
      expect_let_go(v, ledger, r, c);
  });
}

/// A live sibling with a larger id than the last one that was asked, from one instant to another.
bool has_next_source(const RunView& v, const Recovery& r, const Ccr& last, TimePoint from,
                     TimePoint to) {
  const std::uint32_t index = first_event_at(v, from);
  if (index >= v.log.all().size())
    return false;
  for (std::uint32_t s = 0; s < v.controllers.size(); ++s) {
    if (may_be_asked(v, s, r, index) && is_live_throughout(v, s, from, to) &&
        v.associations[v.association_at(s, index)].cntlid > source_id(v, last))
      return true;
  }
  return false;
}

/// Expects that the next controller is asked from `from` on and no later than `latest`.
void expect_next(const RunView& v, Ledger& ledger, const Recovery& r, const Ccr& c, TimePoint from,
                 TimePoint latest, const char* why) {
  const Duration whole = wait_part(v, r);
  if (latest > v.end || latest >= r.started + whole || r.cancelled <= from || r.fenced <= from ||
      v.host_of(r.controller).policy.ccr_attempts != 0 || !has_next_source(v, r, c, from, latest))
    return;
  const auto asked = asked_for(v, r);
  const bool kept = std::any_of(asked.begin(), asked.end(), [&](const Ccr* next) {
    const Exchange& x = v.exchanges[next->exchange];
    return x.index > v.exchanges[c.exchange].index && x.sent <= latest;
  });
  if (!kept && std::min(r.fenced, r.cancelled) <= latest)
    return;  // it ended by itself
  ledger.expect(kept, latest, [&] {
    return fmt::format("{}, asked to reset {} at {}, {}; no other controller was asked until {}",
                       v.name_of(c.source), v.name_of(r.controller),
                       text(v.exchanges[c.exchange].sent), why, text(latest));
  });
}

void lost_notice_costs_one_wait(const RunView& v, Ledger& ledger) {
  each_asked(v, [&](const Recovery& r, const Ccr& c, const Exchange& x) {
    if (!is_accepted(v, c))
      return;
    const TimePoint latest =
        v.timer_latest(r.controller, x.answered, longest_wait(v, r)) + ccr_promptly;
    expect_next(v, ledger, r, c, x.answered + least_wait(v, r), latest,
                "accepted it and told of no end");
  });
}

void refusal_moves_on(const RunView& v, Ledger& ledger) {
  each_asked(v, [&](const Recovery& r, const Ccr& c, const Exchange& x) {
    // Some hosts wait for a reset that somebody else has asked for.
    if (x.answered == never || x.status.ok() || x.status.code() == StatusCode::ccr_in_progress)
      return;
    expect_next(v, ledger, r, c, x.answered, x.answered + ccr_promptly, "refused");
  });
}

void lost_source_moves_on(const RunView& v, Ledger& ledger) {
  each_asked(v, [&](const Recovery& r, const Ccr& c, const Exchange& x) {
    const Association& source = v.associations[x.association];
    const TimePoint lost =
        source.recovery == nothing ? never : v.recoveries[source.recovery].started;
    const bool refused = x.answered <= lost && !x.ok();
    const bool waited = x.answered <= lost && lost >= x.answered + least_wait(v, r);
    if (lost < x.sent || lost == never || refused || waited || heard_at(v, c) <= lost)
      return;
    expect_next(v, ledger, r, c, lost, lost + ccr_promptly, "was lost itself");
  });
}

/// When an attempt was over by anything that a host can know.
TimePoint over_from(const RunView& v, const Recovery& r, const Ccr& c) {
  const Exchange& x = v.exchanges[c.exchange];
  const Association& source = v.associations[x.association];
  const TimePoint lost = source.recovery == nothing ? never : v.recoveries[source.recovery].started;
  if (x.answered == never)
    return lost;
  return std::min(lost, x.answered + (x.ok() ? least_wait(v, r) : Duration{}));
}

void one_at_a_time(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    const auto asked = asked_for(v, r);
    for (std::size_t i = 1; i < asked.size(); ++i) {
      const TimePoint from = over_from(v, r, *asked[i - 1]);
      const TimePoint sent = v.exchanges[asked[i]->exchange].sent;
      ledger.expect(sent >= from, sent, [&] {
        return fmt::format("{} was asked to reset {} at {}, while {} could be waited for until {}",
                           v.name_of(asked[i]->source), v.name_of(r.controller), text(sent),
                           v.name_of(asked[i - 1]->source), text(from));
      });
    }
  }
}

void none_after_success(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    const auto asked = asked_for(v, r);
    // What somebody else has asked for, or was refused, need not be heeded.
    TimePoint known = never;
    for (const Ccr* c : asked)
      known = std::min(known, heard_at(v, *c));
    if (known == never)
      continue;
    const Ccr& last = *asked.back();
    const TimePoint sent = v.exchanges[last.exchange].sent;
    ledger.expect(sent <= known && sent <= r.cancelled, sent, [&] {
      return fmt::format("{} was asked to reset {} at {}; that it was reset was known at {}",
                         v.name_of(last.source), v.name_of(r.controller), text(sent), text(known));
    });
  }
}

/// The first exchange of an association after an event for which `is(exchange)` holds.
template <class Is>
const Exchange* next_of(const RunView& v, std::uint32_t association, std::uint32_t index, Is is) {
  for (const Exchange& x : v.exchanges) {
    if (x.association == association && x.index > index && is(x))
      return &x;
  }
  return nullptr;
}

bool is_event_request(const Exchange& x) { return x.is(wire::AdminOpcode::async_event_request); }

/// Calls `act(exchange)` for each event that a live controller of a host was told of.
template <class Act>
void each_event(const RunView& v, Act act) {
  for (const Exchange& x : v.exchanges) {
    if (is_event_request(x) && x.ok() && v.subsystem_of(x.controller) != nullptr &&
        is_live_at(v, x.controller, x.answer_index))
      act(x);
  }
}

bool is_completed_notice(const Exchange& x) {
  return wire::AsyncEvent::decode(static_cast<std::uint32_t>(x.result))
      .is(wire::AsyncNotice::cross_controller_reset_completed);
}

const Exchange* log_read_after(const RunView& v, const Exchange& x) {
  return next_of(v, x.association, x.answer_index, [](const Exchange& log) {
    return log.is_log(wire::LogId::cross_controller_reset) && !log.by_operator;
  });
}

void notice_has_log_read(const RunView& v, Ledger& ledger) {
  each_event(v, [&](const Exchange& x) {
    if (!is_completed_notice(x))
      return;
    const Exchange* log = log_read_after(v, x);
    ledger.expect(log != nullptr && log->sent <= x.answered + ccr_promptly, x.answered, [&] {
      return fmt::format("{} told at {} that a reset is complete; log page 1Eh was read at {}",
                         v.name_of(x.controller), text(x.answered),
                         text(log == nullptr ? never : log->sent));
    });
  });
}

void log_read_removes(const RunView& v, Ledger& ledger) {
  for (const Exchange& x : v.exchanges) {
    if (!x.is_log(wire::LogId::cross_controller_reset) || x.by_operator)
      continue;
    const auto log = *wire::as_get_log_page(x.command);
    const bool kept = (log.lsp & wire::ccr_lsp_remove_completed) != 0 &&
                      log.length_bytes() >= wire::ccr_log_max_bytes &&
                      log.nsid == wire::all_namespaces && !log.retain_async_event;
    ledger.expect(kept, x.sent, [&] {
      return fmt::format("{} read log page 1Eh with NSID {:x}, LSP {:x}, RAE {}, {} bytes",
                         v.name_of(x.controller), log.nsid, log.lsp, log.retain_async_event,
                         log.length_bytes());
    });
  }
}

void notice_is_enabled(const RunView& v, Ledger& ledger) {
  for (std::uint32_t i = 0; i < v.associations.size(); ++i) {
    const Association& a = v.associations[i];
    if (a.live == never || (a.identity.oaes & wire::aec_cross_controller_reset) == 0)
      continue;
    const Exchange* set = next_of(v, i, a.begun_index, [](const Exchange& x) {
      return x.is_feature(wire::AdminOpcode::set_features,
                          wire::FeatureId::async_event_configuration);
    });
    const bool kept = set != nullptr && set->sent <= a.live + ccr_promptly &&
                      (set->command.cdw11 & wire::aec_cross_controller_reset) != 0;
    ledger.expect(kept, a.live, [&] {
      return fmt::format("{} offers the notice; Set Features of asynchronous events has {:08x}",
                         v.name_of(a.controller), set == nullptr ? 0 : set->command.cdw11);
    });
  }
}

void event_request_is_renewed(const RunView& v, Ledger& ledger) {
  each_event(v, [&](const Exchange& x) {
    const Exchange* next = next_of(v, x.association, x.answer_index, is_event_request);
    ledger.expect(next != nullptr && next->sent <= x.answered + ccr_promptly, x.answered, [&] {
      return fmt::format(
          "{} told of event {:08x} at {}; the next request for events was sent at {}",
          v.name_of(x.controller), x.result, text(x.answered),
          text(next == nullptr ? never : next->sent));
    });
  });
}

constexpr Check all[] = {
    {"CCRH-13", accepted_is_not_success},
    {"CCRH-14", in_progress_is_not_success},
    {"CCRH-15", immediate_success_counts},
    {"CCRH-16", success_in_log_counts},
    {"CCRH-17", lost_notice_costs_one_wait},
    {"CCRH-18", refusal_moves_on},
    {"CCRH-19", one_at_a_time},
    {"CCRH-20", none_after_success},
    {"CCRH-21", notice_is_enabled},
    {"CCRH-22", notice_has_log_read},
    {"CCRH-23", log_read_removes},
    {"CCRH-24", event_request_is_renewed},
    {"CCRH-25", lost_source_moves_on},
};

}  // namespace

std::span<const Check> ccr_host_wait_checks() { return all; }

}  // namespace holdfast::conform
