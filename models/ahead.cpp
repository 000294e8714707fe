// SPDX-License-Identifier: Apache-2.0
#include "models/ahead.hpp"

#include <algorithm>

#include "models/host/host.hpp"
#include "models/target/state.hpp"
#include "models/transport/tcp/tcp.hpp"
#include "models/world.hpp"
#include "sim/fetch.hpp"

namespace holdfast::ahead {

namespace {

using sim::fetch_lines;
using sim::fetch_object;
using transport::Side;

template <class T>
void fetch_place(const T* object) {
  if (object != nullptr)
    fetch_object(*object);
}

/// What an end without losses looks at when it sends or receives.
void fetch_end(const transport::Endpoint& e) { fetch_lines(&e.cwnd, &e + 1); }

void fetch_controller(const host::Controller& c) { fetch_lines(&c, &c.name); }

/// The path that the next I/O takes, unless something is wrong with it.
const host::Path* path_of(const World& w, const host::Head& head) {
  const std::size_t count = head.paths.size();
  const bool turns = w.host.hosts[sim::index(head.host)].iopolicy == host::IoPolicy::round_robin;
  const std::size_t first = head.current < count ? head.current + (turns ? 1 : 0) : 0;
  for (std::size_t i = 0; i < count; ++i) {
    const host::Path& path = head.paths[(first + i) % count];
    if (w.host.controllers[sim::index(path.controller)].state == host::State::live)
      return &path;
  }
  return nullptr;
}

void fetch_channel(const World& w, net::ChannelId id) {
  fetch_object(w.net.channels[sim::index(id)]);
  // Links have their lanes in the order in which they were made.
  w.calendar.fetch(sim::LaneId{sim::index(id)});
}

void fetch_controller_of(const World& w, const target::Queue& q) {
  if (const auto* const it = w.target.controllers.place_of(q.controller))
    fetch_lines(it, &it->hostnqn);
}

/// How far a packet is.
enum class Stage : std::uint8_t { sent, last_link, there };

/// What a message to the target goes through, a stage at a time.
void fetch_target(const World& w, const transport::Connection& c, Stage stage) {
  if (c.target_queue == sim::none<transport::TargetQueueId>)
    return;
  const transport::TargetQueue* const q = w.transport.target_queues.place_of(c.target_queue);
  if (stage == Stage::sent) {
    fetch_place(q);
    return;
  }
  const target::Queue* const queue =
      w.target.queues.place_of(target::QueueId{static_cast<std::uint64_t>(q->owner)});
  if (stage == Stage::last_link || queue == nullptr)
    fetch_place(queue);
  else
    fetch_controller_of(w, *queue);
}

/// The same for a message to a host.
void fetch_host(const World& w, const transport::Connection& c, Stage stage) {
  if (c.host_queue == sim::none<transport::HostQueueId> || c.flow == sim::none<net::FlowId>)
    return;
  const host::Queue& q = w.host.queues[sim::index(c.flow)];
  if (stage == Stage::sent) {
    fetch_place(w.transport.host_queues.place_of(c.host_queue));
    fetch_object(q);
  } else if (stage == Stage::last_link) {
    q.tags.fetch();
    fetch_controller(w.host.controllers[sim::index(q.controller)]);
  }
}

}  // namespace

bool segment(const World& w, transport::ConnectionId id, Side side, unsigned step) {
  const transport::Connection* const place = w.transport.connections.place_of(id);
  if (place == nullptr)
    return false;
  const transport::Connection& c = *place;
  const transport::Endpoint& e = c.end[at(side)];
  switch (step) {
    case 0:
      fetch_lines(&c, &c.end);
      fetch_end(e);
      return true;
    case 1:
      e.out.fetch_back(1);
      e.sent.fetch_back(3);
      fetch_object(w.net.routes[sim::index(c.route[at(side)])]);
      return true;
    case 2:
      fetch_object(w.net.hops[w.net.routes[sim::index(c.route[at(side)])].first]);
      return true;
    default:
      fetch_channel(w, w.net.hops[w.net.routes[sim::index(c.route[at(side)])].first]);
      return false;
  }
}

bool command(const World& w, host::QueueId id, unsigned step) {
  const host::Queue& q = w.host.queues[sim::index(id)];
  // Looked at only in a step that comes after the one that fetched `q`.
  const auto* const queue = step == 0 ? nullptr : w.transport.host_queues.place_of(q.transport);
  switch (step) {
    case 0:
      fetch_object(q);
      return true;
    case 1:
      if (!q.allocated)
        return false;
      q.tags.fetch();
      fetch_controller(w.host.controllers[sim::index(q.controller)]);
      fetch_place(queue);
      return queue != nullptr && w.transport.kind == transport::TransportKind::tcp;
    case 2: {
      const auto& timers = w.host.controllers[sim::index(q.controller)].timers;
      fetch_lines(timers.data(), timers.data() + timers.size());
      if (sim::index(queue->connection) < w.oracle.sent_on.size())
        fetch_object(w.oracle.sent_on[sim::index(queue->connection)]);
      [[fallthrough]];
    }
    default:
      return segment(w, queue->connection, Side::host, step - 2);
  }
}

bool keep_alive(const World& w, host::ControllerId id, unsigned step) {
  const host::Controller& c = w.host.controllers[sim::index(id)];
  if (step == 0) {
    fetch_controller(c);
    return true;
  }
  return c.state == host::State::live && command(w, c.admin, step - 1);
}

bool io(const World& w, workload::JobId id, unsigned step) {
  const workload::Job& job = w.workload.jobs[sim::index(id)];
  if (step == 0) {
    fetch_object(job);
    return true;
  }
  const host::Head& head = w.host.heads[sim::index(job.head)];
  if (step == 1) {
    fetch_object(head);
    fetch_object(*std::get<workload::Fio>(job.program).free_buffers.data());
    return true;
  }
  const host::Host& host = w.host.hosts[sim::index(head.host)];
  if (step == 2) {
    w.choices.fetch(std::get<workload::Fio>(job.program).place_choice);
    fetch_lines(&host.iopolicy, &host.path_latency);
    fetch_object(host.wheel);
    fetch_lines(head.paths.data(), head.paths.data() + head.paths.size());
    return true;
  }
  if (step == 3) {
    for (const host::Path& path : head.paths)
      fetch_object(w.host.controllers[sim::index(path.controller)].state);
    return true;
  }
  const host::Path* const path = path_of(w, head);
  if (path == nullptr)
    return false;
  const host::Controller& c = w.host.controllers[sim::index(path->controller)];
  if (step == 4) {
    fetch_controller(c);
    return true;
  }
  return c.io_queues != 0 &&
         command(w, host::QueueId{c.first_io_queue + job.cpu % c.io_queues}, step - 5);
}

bool response(const World& w, target::RequestId id, unsigned step) {
  const target::Request* const r = w.target.requests.place_of(id);
  if (step == 0) {
    fetch_place(r);
    return true;
  }
  const target::Queue* const q = w.target.queues.place_of(r->queue);
  if (q == nullptr)
    return false;
  if (step == 1) {
    fetch_place(q);
    return true;
  }
  const transport::TargetQueue* const queue = w.transport.target_queues.place_of(q->transport);
  if (step == 2) {
    fetch_controller_of(w, *q);
    fetch_place(queue);
    return queue != nullptr && w.transport.kind == transport::TransportKind::tcp;
  }
  return segment(w, queue->connection, Side::target, step - 3);
}

void packet(const World& w, const net::Packet& packet) {
  const auto [place, from] = tcp::sender_of(packet);
  const transport::Connection& c = *w.transport.connections.place_of(place);
  const transport::Endpoint& receiver = c.end[at(transport::peer_of(from))];
  const net::Route& route = w.net.routes[sim::index(packet.route)];
  const Stage stage = packet.hop == 0             ? Stage::sent
                      : packet.hop == route.count ? Stage::there
                                                  : Stage::last_link;
  if (stage == Stage::sent) {
    // The sender has just used the connection.
    fetch_lines(&c, &c.end);
    fetch_end(receiver);
    if (route.count > 1)
      fetch_channel(w, w.net.hops[route.first + 1]);
  }
  if (stage != Stage::there)
    w.choices.fetch(w.net.channels[sim::index(w.net.hops[route.first + packet.hop])].loss_choice);
  if (stage == Stage::last_link) {
    receiver.out.fetch_front();
    receiver.out.fetch_back(1);
    receiver.sent.fetch_front();
    receiver.sent.fetch_back(3);
    fetch_object(w.net.routes[sim::index(c.route[at(transport::peer_of(from))])]);
  }
  if (from == Side::host)
    fetch_target(w, c, stage);
  else
    fetch_host(w, c, stage);
}

}  // namespace holdfast::ahead
