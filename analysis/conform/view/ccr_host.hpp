// SPDX-License-Identifier: Apache-2.0
// What checks of Cross-Controller Reset at the host share: which recovery a command is for, which
// controllers could have been asked, and how long an accepted command is waited for.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "analysis/conform/view/fence.hpp"
#include "analysis/conform/view/run_view.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

/// How late a host may be where nothing but its own work is in the way.
inline constexpr Duration ccr_promptly = std::chrono::milliseconds{10};

/// Whether a host controller was LIVE before that event.
inline bool is_live_at(const RunView& v, std::uint32_t controller, std::uint32_t index) {
  bool live = false;
  v.each_indexed(Kind::controller_state, [&](const Event& e, std::uint32_t i) {
    if (i < index && e.get<"controller">() == controller)
      live = e.get<"to">() == static_cast<std::uint64_t>(host::State::live);
  });
  return live;
}

/// Whether a host controller was LIVE from one instant to another.
inline bool is_live_throughout(const RunView& v, std::uint32_t controller, TimePoint from,
                               TimePoint to) {
  bool live = false, left = false;
  v.each(Kind::controller_state, [&](const Event& e) {
    if (e.get<"controller">() != controller || e.at > to)
      return;
    left = left || (live && e.at >= from);
    live = e.get<"to">() == static_cast<std::uint64_t>(host::State::live);
  });
  return live && !left;
}

/// Whether the host was still waiting in that recovery when something was sent.
inline bool is_going_on(const Recovery& r, const Exchange& x) {
  return r.index < x.index && r.cancelled >= x.sent;
}

/// The recovery for which a host sent a command of its own; null: the command names no controller
/// that the host had given up.
inline const Recovery* recovery_of(const RunView& v, const Ccr& c) {
  if (c.by_operator || c.impacted == nothing)
    return nullptr;
  const std::uint32_t place = v.associations[c.impacted].recovery;
  if (place == nothing || v.recoveries[place].index > v.exchanges[c.exchange].index)
    return nullptr;
  return &v.recoveries[place];
}

/// Commands that a host sent of its own accord for a recovery, in order.
inline std::vector<const Ccr*> asked_for(const RunView& v, const Recovery& r) {
  std::vector<const Ccr*> out;
  for (const Ccr& c : v.ccrs) {
    if (recovery_of(v, c) == &r)
      out.push_back(&c);
  }
  return out;
}

inline std::uint16_t source_id(const RunView& v, const Ccr& c) {
  const std::uint32_t a = v.exchanges[c.exchange].association;
  return a == nothing ? 0 : v.associations[a].cntlid;
}

/// The shortest wait for one accepted command that any generation has (protocol.md 2.3).
inline Duration shortest_wait(const RunView& v, const Recovery& r) {
  return v.kato_at(v.associations[r.association], r.started);
}
/// The longest one.
inline Duration longest_wait(const RunView& v, const Recovery& r) {
  return std::max(shortest_wait(v, r), RunView::cqt(v.associations[r.association]));
}

/// What passes at least in the shortest one, which is by the clock of the host.
inline Duration least_wait(const RunView& v, const Recovery& r) {
  return v.least_of(r.controller, shortest_wait(v, r));
}

/// How many accepted or unanswered commands a host is waiting for on a controller before an event.
inline std::uint32_t waiting_on(const RunView& v, std::uint32_t source, std::uint32_t index) {
  std::uint32_t count = 0;
  for (const Ccr& c : v.ccrs) {
    const Exchange& x = v.exchanges[c.exchange];
    const Recovery* r = recovery_of(v, c);
    if (c.source != source || r == nullptr || x.index >= index ||
        x.association != v.association_at(source, index))
      continue;
    const TimePoint now = v.event(index).at;
    const bool answered = x.answered <= now;
    // One that was refused because another one is in progress may be waited for all the same.
    const bool refused = !x.ok() && x.status.code() != wire::StatusCode::ccr_in_progress;
    const bool over = r->cancelled < now || c.seen <= now || (answered && refused) ||
                      (answered && now >= x.answered + least_wait(v, *r));
    count += over ? 0 : 1;
  }
  return count;
}

/// Whether a controller could be asked to reset the impacted one: another one of the same host and
/// subsystem that offers the command and is not busy with as many as it takes.
inline bool may_be_asked(const RunView& v, std::uint32_t source, const Recovery& r,
                         std::uint32_t index) {
  const RunView::Place& impacted = v.controllers[r.controller];
  const RunView::Place& place = v.controllers[source];
  const std::uint32_t a = v.association_at(source, index);
  return source != r.controller && place.host == impacted.host &&
         place.subsystem == impacted.subsystem && a != nothing &&
         waiting_on(v, source, index) < v.associations[a].identity.ccrl;
}

/// Whether a recovery is one in which the host can ask for a reset at all.
inline bool is_resettable(const RunView& v, const Recovery& r) {
  return is_known(v, r) &&
         (r.cause == host::Cause::request_timeout || r.cause == host::Cause::transport) &&
         v.associations[r.association].identity.ciu != 0;
}

/// The first event at or after an instant; the number of events if there is none.
inline std::uint32_t first_event_at(const RunView& v, TimePoint t) {
  const auto all = v.log.all();
  const auto place =
      std::partition_point(all.begin(), all.end(), [&](const Event& e) { return e.at < t; });
  return static_cast<std::uint32_t>(place - all.begin());
}

/// The earliest instant at which waiting for an accepted command may be over: it is known that the
/// controller was reset, the wait ran out, or so much time has passed that nothing is left of it.
inline TimePoint may_go_on_from(const RunView& v, const Recovery& r, const Ccr& c) {
  return std::min(
      {r.fenced, v.exchanges[c.exchange].answered + least_wait(v, r), r.started + wait_part(v, r)});
}

/// When the host itself heard that a command of its own succeeded; what an administrator reads by
/// passthrough the kernel does not look at.
inline TimePoint heard_at(const RunView& v, const Ccr& c) {
  const Exchange& x = v.exchanges[c.exchange];
  if (!x.ok() || c.immediate)
    return x.ok() ? x.answered : never;
  TimePoint first = never;
  for (const Exchange& log : v.exchanges) {
    if (log.by_operator || log.controller != c.source || !log.ok() || log.answered < x.sent ||
        !log.is_log(wire::LogId::cross_controller_reset))
      continue;
    const auto page = wire::CcrLogView::decode(log.data);
    const auto entry = page ? page->find(c.names.icid, c.names.ciu) : std::nullopt;
    if (entry && entry->status == wire::CcrStatus::succeeded)
      first = std::min(first, log.answered);
  }
  return first;
}

inline bool is_accepted(const RunView& v, const Ccr& c) {
  return v.exchanges[c.exchange].ok() && !c.immediate;
}

}  // namespace holdfast::conform
