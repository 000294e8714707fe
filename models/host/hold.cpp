// SPDX-License-Identifier: Apache-2.0
// How long in-flight commands are held, from when that counts, and what need not wait: the retry
// rules of Base 2.1 9.6.2 and 9.6.3, and what Linux makes of them (protocol.md 1.6, 2.2, 2.6, 9.3).
#include <algorithm>
#include <cmath>

#include "models/host/hooks.hpp"
#include "models/host/internal.hpp"
#include "models/host/suspicion/suspicion.hpp"
#include "models/world.hpp"

namespace holdfast::host {

using wire::StatusCode;
using CqtZero = RecoveryPolicy::CqtZero;
using HoldFrom = RecoveryPolicy::HoldFrom;

namespace {

Duration cqt_of(const Controller& c) { return std::chrono::milliseconds{c.cqt_ms}; }

/// m x KATO, or m x KATT.
Duration timeouts_of(const RecoveryPolicy& policy, const Controller& c) {
  const Duration one = policy.holds_katt && c.katt != Duration{} ? c.katt : c.kato;
  if (policy.hold_multiplier == 0.0)
    return (c.traffic_based ? 3 : 2) * one;
  return Duration{std::llround(policy.hold_multiplier * static_cast<double>(one.count()))};
}

bool is_ended(const World& w, QueueId id) {
  return w.host.queues[sim::index(id)].ended_by_controller;
}

/// The controller itself has ended the connection of everything that is in flight. One connection
/// alone says nothing of the commands of the others (Base 2.1 3.3.2.4; protocol.md 1.5).
bool all_ended_by_controller(const World& w, const Controller& c) {
  const auto ended_or_idle = [&](QueueId id) {
    return is_ended(w, id) || w.host.queues[sim::index(id)].tags.in_flight() == 0;
  };
  bool any = is_ended(w, c.admin);
  for (std::uint32_t i = 0; i < c.io_queues; ++i) {
    any = any || is_ended(w, io_queue(c, i));
    if (!ended_or_idle(io_queue(c, i)))
      return false;
  }
  return any;
}

TimePoint counts_from(const World& w, const Controller& c) {
  const HoldFrom from = host_of(w, c).policy.hold_from;
  if (from == HoldFrom::recovery_start)
    return w.now();
  TimePoint last = c.last_submission;
  if (from == HoldFrom::last_submission)
    return last;
  for (std::uint32_t i = 0; i <= c.io_queues; ++i) {
    const Queue& q = w.host.queues[sim::index(i == 0 ? c.admin : io_queue(c, i - 1))];
    if (q.allocated)
      last = std::max(last, transport::last_transmission(w, q.transport));
  }
  return last;
}

/// What is left of m x KATO from where the policy counts; CQT comes on top.
Duration wait_left(const World& w, ControllerId id) {
  const Controller& c = w.host.controllers[sim::index(id)];
  const RecoveryPolicy& policy = host_of(w, c).policy;
  if (policy.notice_ends_wait && all_ended_by_controller(w, c))
    return Duration{};
  if (suspicion::ends_wait(w, id))
    return Duration{};
  return std::max(counts_from(w, c) + timeouts_of(policy, c) - w.now(), Duration{});
}

/// Base 2.1 9.6.3.2, Unrestricted Retry: nothing changes but ancillary state, and the effects log
/// names no other effect of that opcode. Opcodes are listed, not taken from the log: nvmet's leaves
/// Dataset Management and the reservation commands out (protocol.md 9.3).
bool is_unrestricted(const Controller& c, const wire::Command& command) {
  return wire::is_repeat_safe(command) && !c.effects.has_effects(command.opcode);
}

/// Delayed Retry: a write, which may be sent again at once if its end is not reported before the
/// original cannot be processed any more. A fused pair and what is not idempotent may not.
bool may_be_sent_early(const Io& io) {
  return changes_something(io.kind) && is_idempotent(io.kind);
}

bool waits(const World& w, ControllerId id, const Request& r) {
  const Controller& c = w.host.controllers[sim::index(id)];
  const RecoveryPolicy& policy = host_of(w, c).policy;
  const bool by_policy = !policy.release_idempotent || !is_unrestricted(c, r.command);
  RecoveryHooks* const hooks = hooks_of(w, c);
  return hooks != nullptr ? hooks->waits(w, id, w.host.ios[r.io]).value_or(by_policy) : by_policy;
}

}  // namespace

Duration hold_time(const World& w, ControllerId id) {
  const Controller& c = w.host.controllers[sim::index(id)];
  const RecoveryPolicy& policy = host_of(w, c).policy;
  if (RecoveryHooks* const hooks = hooks_of(w, c); hooks != nullptr) {
    if (const auto decided = hooks->hold(w, id))
      return *decided;
  }
  if (policy.hold == RecoveryPolicy::Hold::none)
    return Duration{};
  if (c.cqt_ms != 0)
    return wait_left(w, id) + cqt_of(c);
  return policy.cqt_zero == CqtZero::hold ? wait_left(w, id) + policy.cqt_when_zero : Duration{};
}

Duration ccr_time(const World& w, ControllerId id) {
  const Controller& c = w.host.controllers[sim::index(id)];
  const bool has_cqt = host_of(w, c).policy.ccr_deadline_has_cqt;
  return wait_left(w, id) + (has_cqt ? cqt_of(c) : Duration{});
}

void notice_may_end_wait(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  if (!host_of(w, c).policy.notice_ends_wait || !all_ended_by_controller(w, c))
    return;
  if (const Duration left = hold_time(w, id); w.now() + left < c.hold_end)
    shorten_hold(w, id, left);
}

void release_what_need_not_wait(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  HOLDFAST_CHECK(is_fencing(c.state), "there is no fence that something could wait for");
  const RecoveryPolicy& policy = host_of(w, c).policy;
  if (!policy.release_idempotent && !policy.early_resubmission && hooks_of(w, c) == nullptr)
    return;
  for (std::uint32_t i = 0; i < c.io_queues; ++i) {
    const QueueId q = io_queue(c, i);
    for (std::uint32_t tag = 0; tag < queue(w, q).tags.used(); ++tag) {
      const Request* const r = request_at(w, q, tag);
      if (r == nullptr || r->purpose != Purpose::io)
        continue;
      if (!waits(w, id, *r)) {
        wire::Completion aborted;
        aborted.status = StatusCode::host_aborted_command;
        complete_request(w, q, static_cast<std::uint16_t>(tag), aborted);
      } else if (policy.early_resubmission && may_be_sent_early(w.host.ios[r->io])) {
        send_early(w, r->io, id);
      }
    }
  }
}

}  // namespace holdfast::host
