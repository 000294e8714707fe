// SPDX-License-Identifier: Apache-2.0
// When requests that were in flight may be sent elsewhere: after a reset that the host has seen
// succeed, or after m x KATO + CQT (TP4129; protocol.md 1.6, 2.2).
#pragma once

#include "analysis/conform/view/run_view.hpp"

namespace holdfast::conform {

/// m x KATO, by the clock of the host.
inline Duration kato_part(const RunView& v, const Recovery& r) {
  const Association& a = v.associations[r.association];
  return RunView::multiplier(a) * v.kato_at(a, r.started);
}
/// The last submission that the controller's timer counts before the host gave it up: of a Keep
/// Alive, or with traffic-based keep alive of any command (Base 2.1 9.6.2).
inline TimePoint last_submission(const RunView& v, const Recovery& r) {
  const Association& a = v.associations[r.association];
  const bool any = a.identity.traffic_based_keep_alive();
  const auto& sent = v.log.places(Kind::command_sent);
  for (auto i = std::lower_bound(sent.begin(), sent.end(), r.index); i != sent.begin();) {
    const Event& e = v.event(*--i);
    if (e.at < a.begun)
      break;
    const auto opcode = static_cast<std::uint8_t>(e.get<"sqe0">());
    const bool keep_alive =
        e.get<"qid">() == 0 && opcode == wire::raw(wire::AdminOpcode::keep_alive);
    if (e.get<"controller">() == r.controller && (any || keep_alive))
      return e.at;
  }
  return a.begun;
}
/// What is left of m x KATO, from that submission, when the host gives the controller up. What
/// passes while the host's clock goes so far: it holds, and is judged, by no other.
inline Duration wait_part(const RunView& v, const Recovery& r) {
  const Duration all = v.least_of(r.controller, kato_part(v, r));
  return std::max(last_submission(v, r) + all - r.started, Duration{});
}
/// CQT, likewise.
inline Duration cqt_part(const RunView& v, const Recovery& r) {
  return v.least_of(r.controller, RunView::cqt(v.associations[r.association]));
}
/// The same and CQT: no host may hold for less.
inline Duration required_hold(const RunView& v, const Recovery& r) {
  return wait_part(v, r) + cqt_part(v, r);
}
/// m x KATT of the controller, from the same submission, by the clock of the host.
inline Duration katt_part(const RunView& v, const Recovery& r) {
  const Association& a = v.associations[r.association];
  return a.target == nothing ? Duration{} : RunView::multiplier(a) * v.targets[a.target].katt;
}
/// m x KATO, or m x KATT if that is longer, from the start of recovery, and CQT: no host need hold
/// for longer by its clock.
inline Duration longest_hold(const RunView& v, const Recovery& r) {
  return std::max(kato_part(v, r), katt_part(v, r)) + RunView::cqt(v.associations[r.association]);
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
