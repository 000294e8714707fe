// SPDX-License-Identifier: Apache-2.0
// The host's keep-alive (protocol.md 1.7): a look every KATO/2, or every KATO/4 with traffic-based
// keep-alive, where a completion of something submitted since the last look spares the command.
#include <algorithm>
#include <utility>

#include "models/ahead.hpp"
#include "models/host/internal.hpp"
#include "models/host/suspicion/suspicion.hpp"
#include "models/world.hpp"

namespace holdfast::host {

namespace {

void look(World& w, ControllerId id);

/// The next look is due a period after `from`, or at once if that is over. With ticks all of this
/// is in whole ticks, rounded down (nvme_keep_alive_work_period).
TimePoint next_look(const World& w, ControllerId id, TimePoint from) {
  const Controller& c = w.host.controllers[sim::index(id)];
  const sim::TimerWheel& wheel = host_of(w, c).wheel;
  const Duration period = keep_alive_period(w, id);
  if (wheel.is_exact())
    return std::max(from + period, w.now());
  const std::int64_t now = wheel.ticks_at(w.now());
  const std::int64_t due = wheel.ticks_at(from) + period / wheel.tick();
  return due <= now ? w.now() : wheel.time_of(sim::wheel_tick(now, due));
}

struct Look {
  ControllerId id;

  void operator()(World& w) const { look(w, id); }
  bool fetch(const World& w, unsigned step) const { return ahead::keep_alive(w, id, step); }
};

void schedule(World& w, ControllerId id, TimePoint from) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(from <= w.now(), "a period is counted from an instant that is still to come");
  HOLDFAST_CHECK(keep_alive_period(w, id) > Duration{},
                 "looks would follow each other at one instant");
  w.calendar.cancel(c.keep_alive_timer);
  c.keep_alive_timer = w.at(next_look(w, id, from), Look{id});
}

void send(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  Request r;
  r.purpose = Purpose::keep_alive;
  r.command = wire::make_keep_alive(0);
  const std::uint16_t cid = send_request(w, c.admin, r, c.kato);
  record<Kind::keep_alive_sent>(w, id, cid);
  suspicion::keep_alive_sent(w, id);
}

/// nvme_keep_alive_work.
void look(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(c.kato > Duration{}, "a controller without keep-alive is looked at");
  const auto& blocked = w.host.blocked;
  if (std::find(blocked.begin(), blocked.end(), c.host) != blocked.end()) {
    w.host.looks_missed.push_back(id);
    return;
  }
  const bool seen = c.completion_seen;
  c.last_check = w.now();
  if (c.traffic_based && seen) {
    c.completion_seen = false;
    record<Kind::keep_alive_skipped>(w, id);
    schedule(w, id, c.last_check);
    return;
  }
  // While a delete waits for I/O the command still goes out (__nvme_check_ready), but its end does
  // not arm the next look.
  const bool goes = c.state == State::live || c.state == State::connecting || c.draining;
  if (!is_fc(c) && c.state == State::resetting && c.busy_in_resetting) {
    // The admin queue is quiesced, not dead: the command stays in it until the next set-up lets it
    // go (nvme_quiesce_admin_queue). Set-up commands come through another request queue.
    c.keep_alive_parked = true;
    return;
  }
  if (!queue(w, c.admin).live || !goes) {
    // Not ready: the command ends at once with Host Path Error and is not armed again
    // (protocol.md 4.6).
    keep_alive_completed(w, id, Request{}, wire::StatusCode::host_path_error);
    return;
  }
  if (!has_reserved_tag(w, c.admin)) {
    error_recovery(w, id, Cause::keep_alive_tag);
    return;
  }
  send(w, id);
}

}  // namespace

void send_parked_keep_alive(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  if (!c.keep_alive_parked)
    return;
  HOLDFAST_CHECK(queue(w, c.admin).live, "the admin queue still is quiesced");
  c.keep_alive_parked = false;
  send(w, id);
}

Duration keep_alive_period(const World& w, ControllerId id) {
  const Controller& c = w.host.controllers[sim::index(id)];
  // Older Linux looked every KATO/2 in both modes, too rarely when a look may be skipped.
  const Host& host = host_of(w, c);
  const bool halves = !c.traffic_based || host.policy.keep_alive_polls_half;
  const Duration period = halves ? c.kato / 2 : c.kato / 4;
  const Duration most = host.suspicion.look_every;
  // Below a tick looks would follow each other at one instant.
  const Duration least = host.wheel.is_exact() ? Duration{1} : host.wheel.tick();
  return most == Duration{} ? period : std::min(period, std::max(most, least));
}

void start_keep_alive(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  if (c.kato == Duration{})
    return;
  // The Linux whose keep-alive work waits for its command knows no last look here (6.1:
  // nvme_start_keep_alive); the others look at once after a reconnect.
  schedule(w, id, host_of(w, c).keep_alive_waits ? w.now() : c.last_check);
}

void stop_keep_alive(World& w, ControllerId id) {
  w.calendar.cancel(controller(w, id).keep_alive_timer);
  auto& missed = w.host.looks_missed;
  missed.erase(std::remove(missed.begin(), missed.end(), id), missed.end());
}

TimePoint keep_alive_since(World& w, const Controller& c) {
  TimePoint since = sim::never;
  for (std::size_t tag = 0; tag < queue(w, c.admin).tags.used(); ++tag) {
    const Request* const r = request_at(w, c.admin, tag);
    const bool is_one = r != nullptr && r->purpose == Purpose::keep_alive;
    if (is_one && (since == sim::never || r->submitted < since))
      since = r->submitted;
  }
  return since;
}

bool keep_alive_in_flight(World& w, const Controller& c) {
  return keep_alive_since(w, c) != sim::never;
}

void send_keep_alive_now(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  HOLDFAST_CHECK(c.state == State::live, "only a path that is in use is asked");
  const bool may = c.kato > Duration{} && queue(w, c.admin).live && has_reserved_tag(w, c.admin);
  if (may && !keep_alive_in_flight(w, c))
    send(w, id);
}

void block_keep_alives(World& w, HostId host) { w.host.blocked.push_back(host); }

void unblock_keep_alives(World& w, HostId host) {
  auto& blocked = w.host.blocked;
  const auto place = std::find(blocked.begin(), blocked.end(), host);
  HOLDFAST_CHECK(place != blocked.end(), "a thread goes on that was not blocked");
  blocked.erase(place);
  const sim::Vector<ControllerId> missed = std::exchange(w.host.looks_missed, {});
  // Of another host, or of one that is blocked twice, a look waits once more.
  for (const ControllerId id : missed)
    look(w, id);
}

void keep_alive_completed(World& w, ControllerId id, const Request& r, wire::Status status) {
  Controller& c = controller(w, id);
  record<Kind::keep_alive_done>(w, id, status);
  suspicion::keep_alive_answered(w, id);
  if (c.awaited)
    resume_recovery(w, id);
  if (!status.ok())
    return;
  c.last_check = w.now();
  c.completion_seen = false;
  if (c.state == State::live || c.state == State::connecting)
    schedule(w, id, r.submitted);  // nvme_keep_alive_end_io: the round trip counts
}

}  // namespace holdfast::host
