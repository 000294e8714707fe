// SPDX-License-Identifier: Apache-2.0
// A host's keep-alive: how often it shows a sign of life, and when it takes silence for a loss.
#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/keep_alive.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

namespace {

using std::chrono::milliseconds;
using wire::AdminOpcode;
using wire::FeatureId;

/// Something that a host sent or received.
struct Sign {
  TimePoint at{};
  const Exchange* sent = nullptr;  ///< a Keep Alive went out
  const Heard* heard = nullptr;    ///< or something came in
};

std::vector<Sign> signs_of(const RunView& v, const HostKeepAlive& k) {
  std::vector<Sign> out;
  for (const Heard& h : k.heard)
    out.push_back({h.at, nullptr, &h});
  // An answer may be what lets the next one go, in the same instant.
  for (const std::uint32_t i : k.sent)
    out.push_back({v.exchanges[i].sent, &v.exchanges[i], nullptr});
  std::stable_sort(out.begin(), out.end(),
                   [](const Sign& x, const Sign& y) { return x.at < y.at; });
  return out;
}

bool is_keep_alive(const RunView& v, const Heard& h) {
  return h.exchange != nothing && v.exchanges[h.exchange].is(AdminOpcode::keep_alive) &&
         !v.exchanges[h.exchange].by_operator;
}

/// How often the host looks: KATO/2, with traffic-based keep-alive KATO/4.
Duration period(const HostKeepAlive& k, TimePoint from, TimePoint to) {
  return k.longest_kato(from, to) / (k.traffic_based() ? 4 : 2);
}

/// One Keep Alive and the next one, or how long there was none.
struct Gap {
  const Exchange* first = nullptr;  ///< null: from the end of initialization
  TimePoint from{};
  TimePoint to{};  ///< when the next one went out, or the last instant without one
  bool sent = false;
  bool idle = true;  ///< nothing else was received meanwhile
  Duration round_trip{};
};

template <class Act>
void each_gap(const RunView& v, const HostKeepAlive& k, Act act) {
  Gap gap{nullptr, k.begun, k.until, false, true, {}};
  std::size_t next_heard = 0;
  const auto end_at = [&](TimePoint to, bool sent) {
    gap.to = to;
    gap.sent = sent;
    gap.idle = true;
    for (; next_heard < k.heard.size() && k.heard[next_heard].at <= to; ++next_heard) {
      if (k.heard[next_heard].at > gap.from && !is_keep_alive(v, k.heard[next_heard]))
        gap.idle = false;
    }
    act(gap);
  };
  for (const std::uint32_t i : k.sent) {
    const Exchange& x = v.exchanges[i];
    if (x.sent >= k.until)
      break;
    end_at(x.sent, true);
    // One that fails is not followed by another; who gave up or not is judged elsewhere.
    if (!x.ok())
      return;
    gap = {&x, x.sent, k.until, false, true, x.answered - x.sent};
  }
  end_at(k.until, false);
}

/// The next Keep Alive of an idle host is there a period after the last one.
void follows_in_time(const RunView& v, Ledger& ledger, const HostKeepAlive& k, const Gap& g,
                     Duration allowance) {
  const Duration every = period(k, g.from, g.to);
  const Duration most = std::max(every, g.round_trip) + allowance;
  const TimePoint limit = work_latest(v, k.a->controller, g.from, most);
  if (every == Duration{} || (!g.sent && g.to <= limit))
    return;
  ledger.expect(g.to <= limit, std::min(g.to, limit), [&] {
    return fmt::format("{} was without a Keep Alive for {} from {} on; {} is what it may take",
                       v.name_of(k.a->controller), text(g.to - g.from), text(g.from), text(most));
  });
}

/// Command based: whatever else happens, each KATO/2.
void command_based_cadence(const RunView& v, Ledger& ledger) {
  for (const HostKeepAlive& k : host_keep_alives(v)) {
    if (k.traffic_based())
      continue;
    each_gap(v, k, [&](const Gap& g) { follows_in_time(v, ledger, k, g, g.round_trip); });
  }
}

/// Completions of I/O spare nothing if the controller's timer is command based.
void io_spares_nothing(const RunView& v, Ledger& ledger) {
  for (const HostKeepAlive& k : host_keep_alives(v)) {
    if (k.traffic_based())
      continue;
    each_gap(v, k, [&](const Gap& g) {
      if (!g.idle && g.first != nullptr)
        follows_in_time(v, ledger, k, g, g.round_trip);
    });
  }
}

void traffic_based_cadence(const RunView& v, Ledger& ledger) {
  for (const HostKeepAlive& k : host_keep_alives(v)) {
    if (!k.traffic_based())
      continue;
    each_gap(v, k, [&](const Gap& g) {
      if (g.idle && g.first != nullptr)
        follows_in_time(v, ledger, k, g, g.round_trip);
    });
  }
}

/// After each sign of life the next one, or a Keep Alive, is there within two looks.
/// `counts(heard, look)`: whether what was received is a sign at all.
template <class Counts, class Applies>
void two_looks(const RunView& v, Ledger& ledger, const HostKeepAlive& k, Counts counts,
               Applies applies) {
  TimePoint last = k.begun;
  bool waiting = false;  // for the answer of a Keep Alive
  bool applied = false;
  const auto judge = [&](TimePoint to, bool ended) {
    const Duration every = period(k, last, to);
    const TimePoint limit = work_latest(v, k.a->controller, last, 2 * every);
    if (waiting || every == Duration{} || (ended && to <= limit) || !applied)
      return;
    ledger.expect(to <= limit, std::min(to, limit), [&] {
      return fmt::format(
          "{} heard nothing new from {} on and sent no Keep Alive until {}; two "
          "looks are {}",
          v.name_of(k.a->controller), text(last), text(to), text(2 * every));
    });
  };
  for (const Sign& s : signs_of(v, k)) {
    if (s.at >= k.until)
      break;
    if (s.heard != nullptr && s.at > k.begun)
      applied = applied || applies(*s.heard);
    const bool own = s.heard != nullptr && is_keep_alive(v, *s.heard);
    if (own && !v.exchanges[s.heard->exchange].ok())
      return;
    if (s.at <= k.begun || (s.heard != nullptr && !own && !counts(*s.heard)))
      continue;
    judge(s.at, false);
    waiting = s.sent != nullptr || (waiting && !own);
    last = s.at;
    applied = false;
  }
  judge(k.until, true);
}

void looks_often_enough(const RunView& v, Ledger& ledger) {
  for (const HostKeepAlive& k : host_keep_alives(v)) {
    if (k.traffic_based())
      two_looks(
          v, ledger, k, [](const Heard&) { return true; }, [](const Heard&) { return true; });
  }
}

/// What was submitted more than a look before it was completed says nothing of the present.
void old_completions_do_not_count(const RunView& v, Ledger& ledger) {
  for (const HostKeepAlive& k : host_keep_alives(v)) {
    if (!k.traffic_based())
      continue;
    const auto old = [&](const Heard& h) {
      return h.at > work_latest(v, k.a->controller, h.sent, period(k, h.sent, h.at));
    };
    two_looks(
        v, ledger, k, [&](const Heard& h) { return !old(h); }, old);
  }
}

/// nvme_keep_alive_work: comp_seen spares the command.
void spared_by_completions(const RunView& v, Ledger& ledger) {
  for (const HostKeepAlive& k : host_keep_alives(v)) {
    if (!k.traffic_based())
      continue;
    TimePoint answered = k.begun;
    std::size_t first = 0;
    for (const std::uint32_t i : k.sent) {
      const Exchange& x = v.exchanges[i];
      const Duration look = v.least_of(k.a->controller, period(k, x.sent, x.sent));
      const TimePoint since = std::max(answered, x.sent - look);
      while (first < k.heard.size() && k.heard[first].at < since)
        ++first;
      const auto end = std::find_if(k.heard.begin() + static_cast<std::ptrdiff_t>(first),
                                    k.heard.end(), [&](const Heard& h) { return h.at >= x.sent; });
      const auto seen = std::find_if(k.heard.begin() + static_cast<std::ptrdiff_t>(first), end,
                                     [&](const Heard& h) { return h.sent > since; });
      ledger.expect(seen == end, x.sent, [&] {
        return fmt::format(
            "{} sent a Keep Alive at {} although what it had sent at {} had come "
            "back at {}",
            v.name_of(k.a->controller), text(x.sent), text(seen->sent), text(seen->at));
      });
      if (x.answered == never)
        break;
      answered = x.answered;
    }
  }
}

/// nvme_keep_alive_end_io: period - round trip.
void round_trip_counts(const RunView& v, Ledger& ledger) {
  for (const HostKeepAlive& k : host_keep_alives(v)) {
    each_gap(v, k, [&](const Gap& g) {
      if (g.idle && g.round_trip >= milliseconds{5})
        follows_in_time(v, ledger, k, g, Duration{});
    });
  }
}

/// nvme_init_ctrl_finish ends with it, before the I/O queues exist.
void runs_during_setup(const RunView& v, Ledger& ledger) {
  for (const HostKeepAlive& k : host_keep_alives(v)) {
    const Duration every = period(k, k.begun, k.begun);
    const TimePoint end = std::min({k.until, k.a->live, v.end});
    const TimePoint limit = work_latest(v, k.a->controller, k.begun, 2 * every);
    if (every == Duration{} || end <= limit)
      continue;
    const TimePoint first = k.sent.empty() ? never : v.exchanges[k.sent.front()].sent;
    ledger.expect(first <= limit, std::min(first, end), [&] {
      return fmt::format("{} set its queues up from {} to {}; its first Keep Alive: {}",
                         v.name_of(k.a->controller), text(k.begun), text(end), text(first));
    });
  }
}

/// nvme_update_keep_alive: what an administrator sets is what the host goes by from then on.
void follows_set_features(const RunView& v, Ledger& ledger) {
  for (const HostKeepAlive& k : host_keep_alives(v)) {
    each_gap(v, k, [&](const Gap& g) {
      const bool changed = k.katos.size() > 1 && g.from > k.katos.back().first;
      const Duration every = period(k, g.from, g.to);
      if (!changed || !g.sent || g.first == nullptr || every == Duration{})
        return;
      const TimePoint limit =
          work_latest(v, k.a->controller, g.from, std::max(every, g.round_trip));
      // Ticks are rounded down.
      const TimePoint least =
          g.from + v.least_of(k.a->controller, every) -
          (v.host_of(k.a->controller).hz == 0 ? Duration{} : Duration{milliseconds{20}});
      ledger.expect(g.to >= least && (!g.idle || g.to <= limit), g.to, [&] {
        return fmt::format("{} sent Keep Alives {} apart after KATO had been set to {}",
                           v.name_of(k.a->controller), text(g.to - g.from),
                           text(k.kato_at(g.from)));
      });
    });
  }
}

constexpr Check all[] = {
    {"KAH-1", command_based_cadence},
    {"KAH-2", io_spares_nothing},
    {"KAH-3", traffic_based_cadence},
    {"KAH-4", looks_often_enough},
    {"KAH-5", old_completions_do_not_count},
    {"KAH-6", spared_by_completions},
    {"KAH-7", round_trip_counts},
    {"KAH-8", runs_during_setup},
    {"KAH-9", follows_set_features},
};

}  // namespace

std::span<const Check> keep_alive_host_checks() { return all; }

}  // namespace holdfast::conform
