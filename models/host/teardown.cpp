// SPDX-License-Identifier: Apache-2.0
// How an association ends at the host: submissions that are under way, connections, what is in
// flight, and the order of all that (protocol.md 4.6).
#include <utility>

#include "models/host/internal.hpp"
#include "models/world.hpp"

namespace holdfast::host {

namespace {

/// The files are closed by deferred work, two ticks after the shutdown; until then TCP may still
/// retransmit what the socket holds (protocol.md 4.6).
void close_later(World& w, QueueId id) {
  Queue& q = queue(w, id);
  if (!q.allocated)
    return;
  const transport::HostQueueId transport = q.transport;
  HOLDFAST_CHECK(!q.live, "a queue is closed that still sends");
  q.allocated = false;
  const Host& host = host_of(w, controller(w, q.controller));
  const TimePoint at =
      host.close_deferred ? sim::file_closed_at(host.wheel, w.now()) : w.now() + host.close_delay;
  w.at(at, [transport](World& world) { transport::close_queue(world, transport); });
}

void close_io_later(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  for (std::uint32_t i = 0; i < c.io_queues_wanted; ++i)
    close_later(w, io_queue(c, i));
}

void after_failed_setup(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  if (c.state == State::connecting) {
    reconnect_or_remove(w, id, c.setup_error, c.setup_dnr);
  } else {
    continue_delete(w, id);
  }
}

/// nvme_rdma_teardown_admin_queue, from the end of its quiesce on; then whatever the teardown was
/// for.
void tear_down_admin(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  close_admin_queue(w, id);
  c.busy_in_resetting = false;
  c.tearing_down = false;
  HOLDFAST_CHECK(c.after_teardown != nullptr, "a teardown is for something");
  std::exchange(c.after_teardown, nullptr)(w, id);
}

}  // namespace

void stop_sending(World& w, QueueId id) {
  Queue& q = queue(w, id);
  q.live = false;
  if (q.allocated)
    transport::stop_queue(w, q.transport);
}

void close_admin_queue(World& w, ControllerId id) {
  const QueueId admin = controller(w, id).admin;
  stop_sending(w, admin);
  stop_timeouts(w, id, false);
  cancel_all(w, admin);
  close_later(w, admin);
}

void close_connections(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  for (std::uint32_t i = 0; i < c.io_queues_wanted; ++i)
    stop_sending(w, io_queue(c, i));
  stop_sending(w, c.admin);
  close_io_later(w, id);
  close_later(w, c.admin);
}

void when_quiesced(World& w, ControllerId id, void (*then)(World&, ControllerId)) {
  const bool waits = w.transport.kind != transport::TransportKind::tcp;
  const TimePoint at =
      waits ? sim::grace_period_over(host_of(w, controller(w, id)).wheel, w.now()) : w.now();
  if (at == w.now()) {
    then(w, id);
  } else {
    act_at(w, at, id, then);
  }
}

std::uint64_t in_flight(World& w, QueueId id) {
  std::uint64_t count = 0;
  for (std::size_t tag = 0; tag < queue(w, id).tags.used(); ++tag) {
    const Request* const r = request_at(w, id, tag);
    count += r != nullptr && r->purpose != Purpose::async_event ? 1 : 0;
  }
  return count;
}

bool anything_in_flight(World& w, const Controller& c) {
  std::uint64_t count = in_flight(w, c.admin);
  for (std::uint32_t i = 0; i < c.io_queues; ++i)
    count += in_flight(w, io_queue(c, i));
  return count != 0;
}

void quiesce_io(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  HOLDFAST_CHECK(c.state != State::live, "the queues of a LIVE controller are in use");
  stop_timeouts(w, id, true);
  for (std::uint32_t i = 0; i < c.io_queues_wanted; ++i)
    queue(w, io_queue(c, i)).live = false;
  clear_path(w, id);
}

void tear_down_io(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  HOLDFAST_CHECK(c.state != State::live, "a LIVE controller is torn down");
  stop_timeouts(w, id, true);
  std::uint64_t cancelled = 0;  // All I/O sockets first: cancelling is the failover instant.
  for (std::uint32_t i = 0; i < c.io_queues_wanted; ++i) {
    stop_sending(w, io_queue(c, i));
    cancelled += in_flight(w, io_queue(c, i));
  }
  clear_path(w, id);
  record<Kind::requests_cancelled>(w, id, cancelled);
  for (std::uint32_t i = 0; i < c.io_queues_wanted; ++i)
    cancel_all(w, io_queue(c, i));
  // A reset closes them now too, while its admin queue still tries to disable the controller.
  close_io_later(w, id);
}

void tear_down(World& w, ControllerId id, void (*then)(World&, ControllerId)) {
  Controller& c = controller(w, id);
  w.calendar.cancel(c.ready_poll);
  c.setup = Setup::idle;
  c.busy_in_resetting = true;
  c.tearing_down = true;
  c.after_teardown = then;
  tear_down_io(w, id);
  // One that never took a command needs no quiescing (nvme_rdma_configure_admin_queue), nor does
  // one that is closed already.
  const Queue& admin = queue(w, c.admin);
  if (!admin.allocated || (!admin.live && c.io_queues == 0)) {
    tear_down_admin(w, id);
    return;
  }
  queue(w, c.admin).live = false;
  when_quiesced(w, id, tear_down_admin);
}

void setup_failed(World& w, ControllerId id, int error, bool dnr) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(c.setup != Setup::idle && c.setup != Setup::done,
                 "no set-up is on that could fail");
  c.setup = Setup::idle;
  // A reset that fails consumes an attempt as well (nvme_reset_ctrl_work).
  if (c.attempts == 0 && c.connected_once) {
    c.attempts = 1;
    ++c.counters.reconnect_count;
  }
  record<Kind::connect_failed>(w, id, c.attempts, error);
  if (fc_setup_failed(w, id, error, dnr))
    return;
  stop_keep_alive(w, id);
  c.setup_error = error;
  c.setup_dnr = dnr;
  tear_down(w, id, after_failed_setup);
}

}  // namespace holdfast::host
