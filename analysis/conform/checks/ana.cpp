// SPDX-License-Identifier: Apache-2.0
// Asymmetric Namespace Access at the host: which path an I/O takes, and what follows what the log
// page says (protocol.md 6.1 to 6.3).
#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/paths.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

namespace {

using wire::AnaState;

/// Calls `act(attempt, nsid)` for each attempt for which the host chose a path; a retry after a
/// status that is not a matter of the path stays where it was.
template <class Act>
void each_choice(const RunView& v, const Paths& paths, Act act) {
  for (const Operation& op : v.operations) {
    bool chosen = true;
    for (const std::uint32_t i : op.attempts) {
      if (chosen)
        act(v.attempts[i], paths.nsid_of(v.attempts[i]));
      chosen = v.attempts[i].abandoned;
    }
  }
}

/// A sibling path that is in such a state at an event; nothing if there is none.
template <class Holds>
std::uint32_t sibling_with(const RunView& v, std::uint32_t controller, Holds holds) {
  for (std::uint32_t c = 0; c < v.controllers.size(); ++c) {
    if (are_siblings(v, controller, c) && holds(c))
      return c;
  }
  return nothing;
}

void optimized_first(const RunView& v, Ledger& ledger) {
  const Paths paths(v);
  each_choice(v, paths, [&](const Attempt& a, std::uint32_t nsid) {
    const auto usable_as = [&](AnaState state) {
      return sibling_with(v, a.controller, [&](std::uint32_t c) {
        return paths.is_usable(c, nsid, a.index) && paths.ana_before(c, nsid, a.index) == state;
      });
    };
    const auto own = paths.ana_before(a.controller, nsid, a.index);
    const std::uint32_t better = usable_as(AnaState::optimized);
    const bool had_worse =
        own == AnaState::optimized && usable_as(AnaState::non_optimized) != nothing;
    const bool broken = own == AnaState::non_optimized && better != nothing;
    if (!had_worse && !broken)
      return;  // there was nothing to prefer
    ledger.expect(!broken, a.sent, [&] {
      return fmt::format(
          "{} was sent over {}, which is non-optimized, while {} was optimized and "
          "usable",
          name_of(v, a), v.name_of(a.controller), v.name_of(better));
    });
  });
}

bool is_closed(std::optional<AnaState> state) {
  return state == AnaState::inaccessible || state == AnaState::persistent_loss ||
         state == AnaState::change;
}

void nothing_to_inaccessible(const RunView& v, Ledger& ledger) {
  const Paths paths(v);
  each_choice(v, paths, [&](const Attempt& a, std::uint32_t nsid) {
    const auto state = paths.ana_before(a.controller, nsid, a.index);
    const std::uint32_t closed = sibling_with(v, a.controller, [&](std::uint32_t c) {
      return is_closed(paths.ana_before(c, nsid, a.index));
    });
    if (!is_closed(state) && closed == nothing)
      return;
    ledger.expect(!is_closed(state), a.sent, [&] {
      return fmt::format("{} was sent over {}, whose ANA log says 0x{:x}", name_of(v, a),
                         v.name_of(a.controller), static_cast<unsigned>(*state));
    });
  });
}

/// The Get Log Page for the ANA log that follows an ANA error, or null.
const Exchange* log_read_after(const RunView& v, const Attempt& a) {
  const auto found = std::find_if(v.exchanges.begin(), v.exchanges.end(), [&](const Exchange& x) {
    return x.controller == a.controller && x.is_log(wire::LogId::ana) && !x.by_operator &&
           (x.index > a.end_index || x.answer_index == nothing || x.answer_index > a.end_index) &&
           x.association == a.association;
  });
  return found == v.exchanges.end() ? nullptr : &*found;
}

void log_is_read_after_error(const RunView& v, Ledger& ledger) {
  const Paths paths(v);
  for (const Attempt& a : v.attempts) {
    if (a.ended == never || !a.status.is_ana_error() || a.status.dnr() ||
        a.ended + promptly > v.end ||
        paths.state_before(a.controller, a.end_index) != host::State::live)
      continue;
    const Exchange* read = log_read_after(v, a);
    ledger.expect(read != nullptr && read->sent <= a.ended + promptly, a.ended, [&] {
      return fmt::format("{} was answered 0x{:x} by {}; the ANA log was read at {}", name_of(v, a),
                         a.status.value, v.name_of(a.controller),
                         text(read == nullptr ? never : read->sent));
    });
  }
}

void unused_until_log_is_read(const RunView& v, Ledger& ledger) {
  const Paths paths(v);
  each_choice(v, paths, [&](const Attempt& a, std::uint32_t) {
    const bool pending = paths.is_pending(a.controller, a.index);
    const std::uint32_t other = sibling_with(
        v, a.controller, [&](std::uint32_t c) { return paths.is_pending(c, a.index); });
    if (!pending && other == nothing)
      return;
    ledger.expect(!pending, a.sent, [&] {
      return fmt::format(
          "{} was sent over {}, which had answered with an ANA error and whose ANA "
          "log had not been read since",
          name_of(v, a), v.name_of(a.controller));
    });
  });
}

Duration twice_anatt(const Association& a) { return 2 * std::chrono::seconds{a.identity.anatt}; }

/// When an association was given up; never: it was not.
TimePoint given_up_at(const RunView& v, const Association& a) {
  return a.recovery == nothing ? never : v.recoveries[a.recovery].started;
}

void change_does_not_last(const RunView& v, Ledger& ledger) {
  const Paths paths(v);
  for (std::uint32_t c = 0; c < v.controllers.size(); ++c) {
    const auto& logs = paths.logs(c);
    for (std::size_t i = 0; i < logs.size(); ++i) {
      if (!logs[i].in_change || logs[i].association == nothing)
        continue;
      const Association& a = v.associations[logs[i].association];
      const TimePoint due = logs[i].at + v.least_of(c, twice_anatt(a));
      const TimePoint latest = v.timer_latest(c, logs[i].at, twice_anatt(a)) + promptly;
      const bool read_again = i + 1 < logs.size() && logs[i + 1].at <= latest;
      if (a.live == never || a.live > due || latest > v.end || read_again || a.over <= due ||
          given_up_at(v, a) < due)
        continue;
      ledger.expect(given_up_at(v, a) <= latest, due, [&] {
        return fmt::format(
            "an ANA group of {} was in change from {} on; 2 x ANATT is {}, and it "
            "was not reset",
            v.name_of(c), text(logs[i].at), text(twice_anatt(a)));
      });
    }
  }
  for (const Recovery& r : v.recoveries) {
    if (r.cause != host::Cause::ana_transition || r.association == nothing)
      continue;
    const auto& logs = paths.logs(r.controller);
    const auto last = std::partition_point(logs.begin(), logs.end(),
                                           [&](const Paths::Log& l) { return l.index < r.index; });
    const TimePoint from = last == logs.begin() ? never : std::prev(last)->at;
    const Duration wanted = twice_anatt(v.associations[r.association]);
    ledger.expect(from != never && std::prev(last)->in_change && r.started >= from + wanted,
                  r.started, [&] {
                    return fmt::format(
                        "{} was reset at {} for an ANA group in change; the log was "
                        "last read at {}, and 2 x ANATT is {}",
                        v.name_of(r.controller), text(r.started), text(from), text(wanted));
                  });
  }
}

constexpr Check all[] = {
    {"MP-8", optimized_first},          {"MP-9", nothing_to_inaccessible},
    {"MP-10", log_is_read_after_error}, {"MP-11", unused_until_log_is_read},
    {"MP-12", change_does_not_last},
};

}  // namespace

std::span<const Check> ana_checks() { return all; }

}  // namespace holdfast::conform
