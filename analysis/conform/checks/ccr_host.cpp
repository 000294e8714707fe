// SPDX-License-Identifier: Apache-2.0
// Cross-Controller Reset at the host, first half: the command, and which controller is asked.
#include "analysis/conform/view/ccr_host.hpp"
#include "analysis/conform/checks/check.hpp"

namespace holdfast::conform {

namespace {

constexpr Duration at_once = std::chrono::milliseconds{1};

/// Calls `act(ccr, exchange)` for each command that a host sent of its own accord.
template <class Act>
void each_own(const RunView& v, Act act) {
  for (const Ccr& c : v.ccrs) {
    if (!c.by_operator)
      act(c, v.exchanges[c.exchange]);
  }
}

std::string named(const wire::CrossControllerReset& n) {
  return fmt::format("controller {}, CIU {}, CIRN {:016x}", n.icid, n.ciu, n.cirn);
}

void reserved_fields_are_zero(const RunView& v, Ledger& ledger) {
  each_own(v, [&](const Ccr& c, const Exchange& x) {
    const wire::Command& s = x.command;
    const bool zero =
        (s.cdw10 >> 24) == 0 && s.cdw11 == 0 && s.cdw14 == 0 && s.cdw15 == 0 && s.nsid == 0;
    ledger.expect(zero, x.sent, [&] {
      return fmt::format(
          "{} sent NSID {:x}, CDW10 {:08x}, CDW11 {:08x}, CDW14 {:08x}, CDW15 {:08x}",
          v.name_of(c.source), s.nsid, s.cdw10, s.cdw11, s.cdw14, s.cdw15);
    });
  });
}

/// Recoveries of the host of a command that were going on when it was sent, and whose controller
/// said who it is.
std::vector<const Recovery*> going_on(const RunView& v, const Ccr& c, const Exchange& x) {
  std::vector<const Recovery*> out;
  for (const Recovery& r : v.recoveries) {
    if (v.controllers[r.controller].host == v.controllers[c.source].host && is_known(v, r) &&
        is_going_on(r, x))
      out.push_back(&r);
  }
  return out;
}

void names_what_was_given_up(const RunView& v, Ledger& ledger) {
  each_own(v, [&](const Ccr& c, const Exchange& x) {
    const auto lost = going_on(v, c, x);
    const bool kept = std::any_of(lost.begin(), lost.end(), [&](const Recovery* r) {
      const Association& a = v.associations[r->association];
      return a.cntlid == c.names.icid && a.identity.ciu == c.names.ciu;
    });
    ledger.expect(kept, x.sent, [&] {
      return fmt::format(
          "CDW10 {:08x} names {}; none of the {} controllers that the host has given "
          "up is called so",
          x.command.cdw10, named(c.names), lost.size());
    });
  });
}

void random_number_in_its_place(const RunView& v, Ledger& ledger) {
  each_own(v, [&](const Ccr& c, const Exchange& x) {
    bool called_so = false, kept = false;
    for (const Recovery* r : going_on(v, c, x)) {
      const Association& a = v.associations[r->association];
      called_so = called_so || a.cntlid == c.names.icid;
      kept = kept || (a.cntlid == c.names.icid && a.identity.cirn == c.names.cirn);
    }
    if (!called_so)
      return;
    ledger.expect(kept, x.sent, [&] {
      return fmt::format(
          "CDW12 {:08x} and CDW13 {:08x} are not the two halves of the CIRN of "
          "controller {}",
          x.command.cdw12, x.command.cdw13, c.names.icid);
    });
  });
}

/// A controller that has reconnected has a new instance; the old one is of no interest any more.
void names_present_instance(const RunView& v, Ledger& ledger) {
  each_own(v, [&](const Ccr& c, const Exchange& x) {
    for (const Recovery* r : going_on(v, c, x)) {
      const Association& a = v.associations[r->association];
      const auto& all = v.of_controller[r->controller];
      const auto older = [&](auto matches) {
        return std::any_of(all.begin(), all.end(), [&](std::uint32_t i) {
          const Association& o = v.associations[i];
          return o.number < a.number && o.identify != nothing && o.cntlid == a.cntlid && matches(o);
        });
      };
      if (a.cntlid != c.names.icid || !older([](const Association&) { return true; }))
        continue;
      const bool stale = older([&](const Association& o) {
        return o.identity.ciu == c.names.ciu && o.identity.cirn == c.names.cirn;
      });
      ledger.expect(!stale, x.sent, [&] {
        return fmt::format("{} was asked to reset {}, which {} was before it reconnected",
                           v.name_of(c.source), named(c.names), v.name_of(r->controller));
      });
    }
  });
}

void asks_a_sibling(const RunView& v, Ledger& ledger) {
  each_own(v, [&](const Ccr& c, const Exchange& x) {
    for (const Recovery* r : going_on(v, c, x)) {
      const Association& a = v.associations[r->association];
      if (a.identity.cirn != c.names.cirn)
        continue;
      const bool kept = r->controller != c.source &&
                        v.controllers[r->controller].subsystem == v.controllers[c.source].subsystem;
      ledger.expect(kept, x.sent, [&] {
        return fmt::format("{} was asked to reset {}, which is {}", v.name_of(c.source),
                           v.name_of(r->controller),
                           r->controller == c.source ? "itself" : "of another subsystem");
      });
    }
  });
}

void asks_a_live_one(const RunView& v, Ledger& ledger) {
  each_own(v, [&](const Ccr& c, const Exchange& x) {
    const Association& a = v.associations[x.association];
    const bool given_up = a.recovery != nothing && v.recoveries[a.recovery].index < x.index;
    ledger.expect(a.live <= x.sent && !given_up && a.failed > x.sent, x.sent, [&] {
      return fmt::format("{} was asked at {}; it is live since {} and was given up at {}",
                         v.name_of(c.source), text(x.sent), text(a.live),
                         text(a.recovery == nothing ? never : v.recoveries[a.recovery].started));
    });
  });
}

void not_asked_for_what_is_not_offered(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    if (!is_known(v, r) || !is_path_loss(r) || v.associations[r.association].identity.ciu != 0)
      continue;
    const auto found = std::find_if(v.ccrs.begin(), v.ccrs.end(), [&](const Ccr& c) {
      return !c.by_operator && is_going_on(r, v.exchanges[c.exchange]) &&
             v.controllers[c.source].host == v.controllers[r.controller].host &&
             c.names.icid == v.associations[r.association].cntlid;
    });
    ledger.expect(found == v.ccrs.end(), r.started, [&] {
      return fmt::format("{} was asked at {} to reset {}, which reports no instance",
                         v.name_of(found->source), text(v.exchanges[found->exchange].sent),
                         v.name_of(r.controller));
    });
  }
}

void keeps_to_limit(const RunView& v, Ledger& ledger) {
  each_own(v, [&](const Ccr& c, const Exchange& x) {
    const std::uint32_t limit = v.associations[x.association].identity.ccrl;
    const std::uint32_t before = waiting_on(v, c.source, x.index);
    ledger.expect(before < limit, x.sent, [&] {
      return fmt::format("{} was asked for another reset while {} were waited for; its CCRL is {}",
                         v.name_of(c.source), before, limit);
    });
  });
}

/// Controllers that are LIVE and could be asked when a recovery begins.
std::vector<std::uint32_t> sources_at_start(const RunView& v, const Recovery& r) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t s = 0; s < v.controllers.size(); ++s) {
    if (may_be_asked(v, s, r, r.index) && is_live_at(v, s, r.index))
      out.push_back(s);
  }
  return out;
}

void expect_asked_at_once(const RunView& v, Ledger& ledger, const Recovery& r,
                          const std::vector<std::uint32_t>& sources) {
  const auto asked = asked_for(v, r);
  const TimePoint first = asked.empty() ? never : v.exchanges[asked.front()->exchange].sent;
  ledger.expect(first <= r.started + at_once, r.started, [&] {
    return fmt::format(
        "{} was given up at {}, {} was live; the first Cross-Controller Reset was "
        "sent at {}",
        v.name_of(r.controller), text(r.started), v.name_of(sources.front()), text(first));
  });
}

void tries_at_once(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    if (!is_resettable(v, r))
      continue;
    const auto sources = sources_at_start(v, r);
    if (!sources.empty())
      expect_asked_at_once(v, ledger, r, sources);
  }
}

/// Whether some namespace was not optimized over a controller before an event.
bool is_not_optimized(const RunView& v, std::uint32_t controller, std::uint32_t index) {
  bool other = false;
  v.each_indexed(Kind::path_ana_state, [&](const Event& e, std::uint32_t i) {
    if (i < index && e.get<"controller">() == controller)
      other = e.get<"state">() != static_cast<std::uint64_t>(wire::AnaState::optimized);
  });
  return other;
}

void state_of_access_does_not_count(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    if (!is_resettable(v, r))
      continue;
    const auto sources = sources_at_start(v, r);
    const bool all = std::all_of(sources.begin(), sources.end(),
                                 [&](std::uint32_t s) { return is_not_optimized(v, s, r.index); });
    if (!sources.empty() && all)
      expect_asked_at_once(v, ledger, r, sources);
  }
}

void larger_ids_only(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    const auto asked = asked_for(v, r);
    for (std::size_t i = 1; i < asked.size(); ++i) {
      const std::uint16_t before = source_id(v, *asked[i - 1]);
      const std::uint16_t now = source_id(v, *asked[i]);
      ledger.expect(now > before, v.exchanges[asked[i]->exchange].sent, [&] {
        return fmt::format("after controller {} had failed to reset {}, controller {} was asked",
                           before, v.name_of(r.controller), now);
      });
    }
  }
}

void not_after_deadline(const RunView& v, Ledger& ledger) {
  for (const Recovery& r : v.recoveries) {
    for (const Ccr* c : asked_for(v, r)) {
      const Exchange& x = v.exchanges[c->exchange];
      const Association& a = v.associations[r.association];
      const Duration own = RunView::cqt(a) == Duration{}
                               ? Duration{v.host_of(r.controller).policy.cqt_when_zero}
                               : Duration{};
      const Duration deadline = v.most_of(r.controller, longest_hold(v, r) + own);
      ledger.expect(x.sent <= r.started + deadline, x.sent, [&] {
        return fmt::format(
            "{} was asked to reset {} {} after it had been given up; after {} nothing "
            "of it can be left",
            v.name_of(c->source), v.name_of(r.controller), text(x.sent - r.started),
            text(deadline));
      });
    }
  }
}

constexpr Check all[] = {
    {"CCRH-1", reserved_fields_are_zero},
    {"CCRH-2", names_what_was_given_up},
    {"CCRH-3", random_number_in_its_place},
    {"CCRH-4", names_present_instance},
    {"CCRH-5", asks_a_sibling},
    {"CCRH-6", asks_a_live_one},
    {"CCRH-7", not_asked_for_what_is_not_offered},
    {"CCRH-8", keeps_to_limit},
    {"CCRH-9", tries_at_once},
    {"CCRH-10", state_of_access_does_not_count},
    {"CCRH-11", larger_ids_only},
    {"CCRH-12", not_after_deadline},
};

}  // namespace

std::span<const Check> ccr_host_checks() { return all; }

}  // namespace holdfast::conform
