// SPDX-License-Identifier: Apache-2.0
// When requests that were in flight may be sent elsewhere: after a reset that the host has seen
// succeed, or after m x KATO + CQT (TP4129; protocol.md 1.6, 2.2).
#pragma once

#include "analysis/conform/view/run_view.hpp"

namespace holdfast::conform {

/// m x KATO.
inline Duration kato_part(const RunView& v, const Recovery& r) {
  const Association& a = v.associations[r.association];
  return RunView::multiplier(a) * v.kato_at(a, r.started);
}
/// m x KATO + CQT.
inline Duration required_hold(const RunView& v, const Recovery& r) {
  return kato_part(v, r) + RunView::cqt(v.associations[r.association]);
}

/// The instant at which an attempt that was given up was let go: its retry was sent, or the
/// application was told; never: it is still held.
inline TimePoint let_go(const RunView& v, const Attempt& a) {
  if (!a.abandoned)
    return never;
  return a.next != nothing ? v.attempts[a.next].sent : v.operations[a.op() - 1].completed;
}

/// Whether an attempt may do harm if it lands late.
inline bool changes(const RunView& v, const Attempt& a) {
  return host::changes_something(v.operations[a.op() - 1].kind);
}

/// A path that failed by itself, as opposed to what an administrator or a removal did.
inline bool is_path_loss(const Recovery& r) {
  return r.cause == host::Cause::request_timeout || r.cause == host::Cause::transport ||
         r.cause == host::Cause::keep_alive_tag;
}

/// A delete that lets what is in flight end (`delete_drains`). The host does not give the path up:
/// what waits there is still sent, and Keep Alives keep the controller meanwhile. Without such a
/// policy it does, and so does the driver of an FC port that is gone.
inline bool is_draining_delete(const RunView& v, const Recovery& r) {
  if (!v.host_of(r.controller).policy.delete_drains || is_path_loss(r) ||
      (v.is_fc() && r.cause == host::Cause::device_lost))
    return false;
  for (const std::uint32_t i : v.log.places(Kind::controller_state)) {
    const Event& e = v.event(i);
    if (i > r.index && e.get<"controller">() == r.controller)
      return e.get<"to">() == static_cast<std::uint64_t>(host::State::deleting);
  }
  return false;
}

/// Whether the controller said who it is, so that the hold is known.
inline bool is_known(const RunView& v, const Recovery& r) {
  return r.association != nothing && v.associations[r.association].identify != nothing;
}

/// Calls `act(recovery, attempt, let_go)` for each attempt that may do harm, was in flight when its
/// path was given up, and was let go.
template <class Which, class Act>
void each_let_go(const RunView& v, Which which, Act act) {
  for (const Recovery& r : v.recoveries) {
    if (!is_known(v, r) || !which(r))
      continue;
    for (const std::uint32_t i : r.in_flight) {
      const Attempt& a = v.attempts[i];
      const TimePoint gone = let_go(v, a);
      if (gone != never && changes(v, a))
        act(r, a, gone);
    }
  }
}

}  // namespace holdfast::conform
