// SPDX-License-Identifier: Apache-2.0
// The block layer's request timers (block/blk-mq.c, blk-timeout.c; protocol.md 15.2): one for each
// request queue, that is for the admin commands, the set-up commands, the I/O Connects and each
// namespace of a controller. Completions leave it alone; when it fires for nothing it is set again.
#include <algorithm>

#include "models/host/internal.hpp"
#include "models/world.hpp"

namespace holdfast::host {

namespace {

constexpr std::uint32_t admin_commands = 0;
constexpr std::uint32_t setup_commands = 1;
constexpr std::uint32_t io_connects = 2;
constexpr std::uint32_t first_namespace = 3;

/// Which request queue a request belongs to.
std::uint32_t request_queue(World& w, std::uint16_t qid, const Request& r) {
  if (r.purpose == Purpose::io)
    return first_namespace + head_of(w, w.host.ios[r.io].head).number;
  if (qid != 0)
    return io_connects;
  return r.command.is_fabrics() ? setup_commands : admin_commands;
}

RequestTimer& timer_of(World& w, ControllerId id, std::uint32_t which) {
  HOLDFAST_PACKET_CHECK(which < first_namespace + host_of(w, controller(w, id)).heads.size(),
                        "there is no such request queue");
  auto& timers = controller(w, id).timers;
  if (timers.size() <= which)
    timers.resize(which + 1);
  return timers[which];
}

std::int64_t deadline_tick(const sim::TimerWheel& wheel, const Request& r) {
  HOLDFAST_PACKET_CHECK(r.timeout > Duration{}, "the request has no timeout");
  return wheel.ticks_at(r.submitted) + wheel.ticks_of(r.timeout);
}

void fired(World& w, ControllerId id, std::uint32_t which);

void set(World& w, ControllerId id, std::uint32_t which, TimePoint at) {
  RequestTimer& timer = timer_of(w, id, which);
  w.calendar.cancel(timer.event);
  timer.at = at;
  timer.event = w.at(at, [id, which](World& world) { fired(world, id, which); });
}

/// mod_timer: sets the timer for a tick, at which it fires by the wheel.
void set_for(World& w, ControllerId id, std::uint32_t which, std::int64_t expires) {
  const sim::TimerWheel& wheel = host_of(w, controller(w, id)).wheel;
  timer_of(w, id, which).block.set_for = expires;
  set(w, id, which, wheel.time_of(sim::wheel_tick(wheel.ticks_at(w.now()), expires)));
}

/// Calls `act(queue, tag, request)` for each request in flight on one request queue.
template <class Act>
void for_requests(World& w, ControllerId id, std::uint32_t which, Act act) {
  const Controller& c = controller(w, id);
  const std::uint32_t first = which < io_connects ? 0 : 1;
  const std::uint32_t last = which < io_connects ? 0 : c.io_queues_wanted;
  for (std::uint32_t i = first; i <= last; ++i) {
    const QueueId q{sim::index(c.admin) + i};
    for (std::uint32_t tag = 0; tag < queue(w, q).tags.used(); ++tag) {
      const Request* const r = request_at(w, q, tag);
      const bool timed = r != nullptr && r->timeout > Duration{};
      if (timed && request_queue(w, queue(w, q).qid, *r) == which)
        act(q, static_cast<std::uint16_t>(tag), *r);
    }
  }
}

/// blk_mq_timeout_work: what is overdue goes to the transport, the timer waits for the earliest of
/// the rest.
void expire(World& w, ControllerId id, std::uint32_t which) {
  const sim::TimerWheel wheel = host_of(w, controller(w, id)).wheel;
  TimePoint earliest = sim::never;
  std::int64_t earliest_tick = sim::BlockTimer::off;
  for_requests(w, id, which, [&](QueueId q, std::uint16_t tag, const Request& r) {
    const bool overdue = wheel.is_exact() ? r.deadline <= w.now()
                                          : deadline_tick(wheel, r) <= wheel.ticks_at(w.now());
    if (overdue) {
      const TimePoint old = r.deadline;
      request_timed_out(w, q, tag);
      // BLK_EH_RESET_TIMER: it starts afresh.
      const Request* const after = request_at(w, q, tag);
      if (after != nullptr && after->deadline != old)
        arm_timeout(w, q, *after);
      return;
    }
    if (earliest == sim::never || r.deadline < earliest) {
      earliest = r.deadline;
      if (!wheel.is_exact())
        earliest_tick = deadline_tick(wheel, r);
    }
  });
  if (earliest == sim::never)
    return;
  if (!wheel.is_exact()) {
    set_for(w, id, which, earliest_tick);
  } else if (timer_of(w, id, which).at == sim::never || timer_of(w, id, which).at > earliest) {
    set(w, id, which, earliest);
  }
}

/// A submission that is under way may not miss its timeout, so the work lets them all end before it
/// acts (blk_mq_wait_quiesce_done): a grace period of RCU where tag sets do not block, as those of
/// nvme-rdma and nvme-fc do not. That of nvme-tcp does, and its SRCU has nobody to wait for.
void fired(World& w, ControllerId id, std::uint32_t which) {
  RequestTimer& timer = timer_of(w, id, which);
  // Later, if the host has stood still.
  HOLDFAST_CHECK(timer.at != sim::never && timer.at <= w.now(),
                 "a timer fires that was set for another time");
  timer.at = sim::never;
  timer.block.set_for = sim::BlockTimer::off;
  const sim::TimerWheel& wheel = host_of(w, controller(w, id)).wheel;
  bool any = false;
  if (!wheel.is_exact() && w.transport.kind != transport::TransportKind::tcp) {
    for_requests(w, id, which, [&](QueueId, std::uint16_t, const Request& r) {
      any = any || deadline_tick(wheel, r) <= wheel.ticks_at(w.now());
    });
  }
  if (!any) {
    expire(w, id, which);
    return;
  }
  timer.grace = w.at(sim::grace_period_over(wheel, w.now()),
                     [id, which](World& world) { expire(world, id, which); });
}

}  // namespace

void arm_timeout(World& w, QueueId id, const Request& r) {
  HOLDFAST_PACKET_CHECK(r.deadline > w.now(), "the request has timed out already");
  const Queue& q = queue(w, id);
  const std::uint32_t which = request_queue(w, q.qid, r);
  const sim::TimerWheel& wheel = host_of(w, controller(w, q.controller)).wheel;
  const RequestTimer& timer = timer_of(w, q.controller, which);
  if (wheel.is_exact()) {
    if (timer.at == sim::never || timer.at > r.deadline)
      set(w, q.controller, which, r.deadline);
    return;
  }
  const std::int64_t now = wheel.ticks_at(w.now());
  const std::int64_t wanted = sim::BlockTimer::wanted(wheel, now, deadline_tick(wheel, r));
  if (timer.block.takes(wheel, wanted))
    set_for(w, q.controller, which, wanted);
}

void stop_timeouts(World& w, ControllerId id, bool io_only) {
  auto& timers = controller(w, id).timers;
  for (std::size_t i = io_only ? io_connects : 0; i < timers.size(); ++i) {
    w.calendar.cancel(timers[i].event);
    w.calendar.cancel(timers[i].grace);
    timers[i] = RequestTimer{};
  }
}

}  // namespace holdfast::host
