// SPDX-License-Identifier: Apache-2.0
// A host that is not there, and what becomes of it when it is back. Its controllers keep their
// places, and everything else about them begins anew: what was planned for them before asks whether
// the host has begun anew meanwhile (Controller::boots).
#include <algorithm>
#include <vector>

#include "models/host/host.hpp"
#include "models/host/internal.hpp"
#include "models/host/suspicion/suspicion.hpp"
#include "models/world.hpp"

namespace holdfast::host {

namespace {

using wire::StatusCode;

/// What `nvme connect` was told, and what is counted for good; see add_controller.
Controller begun_anew(const World& w, const Controller& c) {
  Controller anew;
  anew.host = c.host;
  anew.name = c.name;
  anew.created = c.created;
  anew.boots = c.boots + 1;
  anew.subnqn = c.subnqn;
  anew.port = c.port;
  anew.forward = c.forward;
  anew.back = c.back;
  anew.numa_node = c.numa_node;
  anew.kato = c.kato;
  anew.admin_queue_time = c.admin_queue_time;
  anew.io_queue_time = c.io_queue_time;
  anew.reconnect_delay = c.reconnect_delay;
  anew.max_reconnects = c.max_reconnects;
  anew.fast_io_fail = c.fast_io_fail;
  anew.io_timeout = c.io_timeout;
  anew.admin_timeout = c.admin_timeout;
  anew.queue_size = c.queue_size;
  anew.disable_sqflow = c.disable_sqflow;
  anew.io_queues_wanted = c.io_queues_wanted;
  anew.discovery = c.discovery;
  anew.admin = c.admin;
  anew.first_io_queue = c.first_io_queue;
  anew.counters = c.counters;
  anew.driver = c.driver;
  anew.last_check = w.now();
  return anew;
}

void stop_timers(World& w, ControllerId id) {
  stop_keep_alive(w, id);
  stop_timeouts(w, id, false);
  suspicion::forget(w, id);
  const Controller& c = controller(w, id);
  for (const sim::EventId timer : {c.anatt_timer, c.reconnect_timer, c.failfast_timer, c.ready_poll,
                                   c.hold_timer, c.ccr_timer})
    w.calendar.cancel(timer);
}

/// The attempts that are out on a queue are nobody's any more. A pair is one attempt.
void forget_requests(World& w, QueueId id) {
  std::vector<Version> told;
  for (std::size_t tag = 0; tag < queue(w, id).tags.used(); ++tag) {
    const RequestId request = queue(w, id).tags[tag];
    if (request == sim::none<RequestId>)
      continue;
    const Request r = w.host.requests[request];
    w.host.requests.remove(request);
    if (r.answer.blob != sim::none<transport::BlobId>)
      w.transport.blobs.remove(r.answer.blob);
    const bool is_told = std::find(told.begin(), told.end(), r.data.version) != told.end();
    if (r.purpose != Purpose::io || is_told)
      continue;
    told.push_back(r.data.version);
    record<Kind::attempt_abandoned>(w, Token{r.data.version}, queue(w, id).controller,
                                    wire::Status(StatusCode::host_aborted_command));
  }
}

void forget_queue(World& w, QueueId id, bool resets) {
  forget_requests(w, id);
  Queue& q = queue(w, id);
  if (q.allocated && resets)
    transport::close_queue(w, q.transport);
  else if (q.allocated)
    transport::forget_queue(w, q.transport);
  Queue anew;
  anew.controller = q.controller;
  anew.qid = q.qid;
  anew.tags = tags_of(w.host.controllers[sim::index(q.controller)], q.qid);
  queue(w, id) = anew;
}

void forget_controller(World& w, ControllerId id, bool resets) {
  if (controller(w, id).state == State::fresh)
    return;
  stop_timers(w, id);
  const Controller& c = controller(w, id);
  for (std::uint32_t i = 0; i <= c.io_queues_wanted; ++i)
    forget_queue(w, QueueId{sim::index(c.admin) + i}, resets);
  const State before = controller(w, id).state;
  const Controller anew = begun_anew(w, controller(w, id));
  controller(w, id) = anew;
  record<Kind::controller_state>(w, id, before, State::fresh);
}

/// The devices of a host are gone, and whoever waited for one.
void forget_heads(World& w, HostId host) {
  for (const HeadId id : w.host.hosts[sim::index(host)].heads) {
    Head& head = head_of(w, id);
    w.calendar.cancel(head.removal);
    head.paths.clear();
    head.weights = {};
    head.current = ~0u;
    head.frozen = 0;
    head.held_back.clear();
    head.requeue.clear();
    head.removed = false;
    head.block_bytes = 0;
    head.blocks = 0;
  }
}

/// An I/O that was out was never answered. Whoever reads the block later may find it or not, but it
/// may not come after that: it ends here, as one that failed does.
void forget_ios(World& w, HostId host) {
  // In the order of their jobs and numbers: places are given to whoever comes, of any host.
  std::vector<std::pair<std::uint64_t, IoId>> gone;
  for (auto place = w.host.ios.begin(); place != w.host.ios.end(); ++place) {
    if (head_of(w, (*place).head).host == host)
      gone.emplace_back((*place).serial, place.id());
  }
  std::sort(gone.begin(), gone.end());
  for (const auto& [serial, id] : gone) {
    w.host.ios.remove(id);
    record<Kind::app_complete>(w, serial, wire::Status(StatusCode::host_aborted_command),
                               Version{0});
  }
}

void forget_all(World& w, HostId host, bool resets) {
  for (const ControllerId id : w.host.hosts[sim::index(host)].controllers)
    forget_controller(w, id, resets);
  forget_heads(w, host);
  forget_ios(w, host);
}

}  // namespace

bool is_down(const World& w, HostId host) {
  const auto& down = w.host.down;
  return std::find(down.begin(), down.end(), host) != down.end();
}

sim::EventId act_at(World& w, TimePoint at, ControllerId id, void (*act)(World&, ControllerId)) {
  HOLDFAST_CHECK(at >= w.now(), "something is planned for the past");
  return w.at(at, [id, boots = controller(w, id).boots, act = sim::Code(act)](World& world) {
    if (controller(world, id).boots == boots)
      act.call(world, id);
  });
}

void act_next(World& w, ControllerId id, void (*act)(World&, ControllerId)) {
  act_at(w, w.now(), id, act);
}

void go_down(World& w, HostId host, bool resets) {
  HOLDFAST_CHECK(w.transport.kind == transport::TransportKind::tcp,
                 "only the sockets of TCP can be forgotten");
  w.host.down.push_back(host);
  forget_all(w, host, resets);
}

void shut_down(World& w, HostId host) {
  w.host.down.push_back(host);
  for (const ControllerId id : w.host.hosts[sim::index(host)].controllers) {
    if (exists(controller(w, id)))
      delete_controller(w, id);
  }
}

void come_up(World& w, HostId host) {
  auto& down = w.host.down;
  const auto place = std::find(down.begin(), down.end(), host);
  HOLDFAST_CHECK(place != down.end(), "a host comes up that is up");
  down.erase(place);
  if (is_down(w, host))
    return;
  // After a shutdown something may be left that did not end in time.
  forget_all(w, host, false);
  for (const ControllerId id : w.host.hosts[sim::index(host)].controllers) {
    if (controller(w, id).created > w.now())
      continue;
    change_state(w, id, State::connecting);
    start_setup(w, id);
  }
}

}  // namespace holdfast::host
