// SPDX-License-Identifier: Apache-2.0
// What a controller id names: when a target gives it back, and whom it turns away
// (protocol.md 1.8, 5.4, 5.5).
#include <map>

#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

namespace {

using wire::StatusCode;

/// Which controller of the target fetched each attempt.
std::map<std::uint64_t, const TargetController*> fetchers(const RunView& v) {
  std::map<std::uint64_t, const TargetController*> out;
  for (const TargetController& t : v.targets) {
    for (const std::uint32_t i : t.fetches)
      out[v.event(i).get<"token">()] = &t;
  }
  return out;
}

/// A controller that is gone has nothing left that could still change the medium.
void freed_means_drained(const RunView& v, Ledger& ledger) {
  const auto by = fetchers(v);
  for (const Attempt& a : v.attempts) {
    const auto fetcher = by.find(a.token);
    if (fetcher == by.end() || a.last_landed == never)
      continue;
    const TargetController& t = *fetcher->second;
    ledger.expect(a.last_landed <= t.freed, a.last_landed, [&] {
      return fmt::format("{} landed {} after controller {}, which had fetched it, was gone",
                         name_of(v, a), text(a.last_landed - t.freed), t.cntlid);
    });
  }
}

/// All connections end with a controller, so that nothing comes in or goes out any more.
void nothing_from_the_lost(const RunView& v, Ledger& ledger) {
  for (const TargetController& t : v.targets) {
    const TimePoint lost = std::min(t.fatal, t.freed);
    if (lost == never)
      continue;
    const auto late = [&](const std::vector<std::uint32_t>& events) {
      return std::find_if(events.begin(), events.end(),
                          [&](std::uint32_t i) { return v.event(i).at > lost; });
    };
    const auto fetched = late(t.fetches);
    const auto answered = late(t.answers);
    ledger.expect(fetched == t.fetches.end() && answered == t.answers.end(), lost, [&] {
      return fmt::format("controller {}, lost at {}, {} a command afterwards", t.cntlid, text(lost),
                         fetched == t.fetches.end() ? "answered" : "fetched");
    });
  }
}

/// The controller of the target that an association is with.
const TargetController* target_of(const RunView& v, const Exchange& x) {
  if (x.association == nothing || v.associations[x.association].target == nothing)
    return nullptr;
  return &v.targets[v.associations[x.association].target];
}

/// An I/O Connect to a controller that is not there any more.
void connect_to_lost_controller(const RunView& v, Ledger& ledger) {
  for (const Exchange& x : v.exchanges) {
    const TargetController* t = target_of(v, x);
    if (x.qid == 0 || t == nullptr || x.answered == never)
      continue;
    const TimePoint gone = std::min(t->fatal, t->freed);
    const bool id_used_again =
        std::any_of(v.targets.begin(), v.targets.end(), [&](const TargetController& o) {
          return o.subsystem == t->subsystem && o.cntlid == t->cntlid && o.created > t->created &&
                 o.created <= x.answered;
        });
    if (gone > x.sent || id_used_again) {
      ledger.expect(true, x.answered, [] { return std::string(); });
      continue;
    }
    ledger.expect(x.status.code() == StatusCode::connect_invalid_parameters && x.status.dnr(),
                  x.answered, [&] {
                    return fmt::format(
                        "Connect of queue {} to controller {}, lost at {}, was "
                        "answered 0x{:x}",
                        x.qid, t->cntlid, text(gone), x.status.value);
                  });
  }
}

/// How many controllers of a subsystem existed from one instant to another, all the time.
std::size_t alive(const RunView& v, std::uint32_t subsystem, TimePoint from, TimePoint to) {
  return static_cast<std::size_t>(
      std::count_if(v.targets.begin(), v.targets.end(), [&](const TargetController& t) {
        return t.subsystem == subsystem && t.created < from && t.freed > to;
      }));
}

void used_up_range_is_busy(const RunView& v, Ledger& ledger) {
  for (const Exchange& x : v.exchanges) {
    const auto* subsystem = v.subsystem_of(x.controller);
    if (x.qid != 0 || !x.command.is(wire::FabricsType::connect) || x.answered == never ||
        subsystem == nullptr)
      continue;
    const std::size_t ids = subsystem->attr_cntlid_max - subsystem->attr_cntlid_min + 1U;
    if (alive(v, v.controllers[x.controller].subsystem, x.sent, x.answered) < ids)
      continue;
    ledger.expect(x.status.code() == StatusCode::connect_controller_busy && x.status.dnr(),
                  x.answered, [&] {
                    return fmt::format(
                        "all {} controller ids of {} were in use; a Connect of {} "
                        "was answered 0x{:x}",
                        ids, subsystem->name, v.name_of(x.controller), x.status.value);
                  });
  }
}

constexpr Check all[] = {
    {"AS-9", freed_means_drained},
    {"AS-10", nothing_from_the_lost},
    {"AS-11", connect_to_lost_controller},
    {"AS-12", used_up_range_is_busy},
};

}  // namespace

std::span<const Check> controller_id_checks() { return all; }

}  // namespace holdfast::conform
