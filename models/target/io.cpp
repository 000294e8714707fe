// SPDX-License-Identifier: Apache-2.0
// I/O commands of the target between capsule and response: data, faults that hold a command back,
// the two halves of a fused pair, media latency. A command that executes runs to its end even when
// its connection is gone. What is refused is in io_check.cpp, what executes in io_media.cpp.
#include <algorithm>
#include <utility>

#include "models/ahead.hpp"
#include "models/target/io_internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

using transport::Payload;
using wire::IoOpcode;
using wire::StatusCode;

void finish(World& w, RequestId id) {
  const NodeId node = w.target.requests[id].node;
  if (hangs(w, node)) {
    HOLDFAST_PACKET_CHECK(w.target.requests[id].executing,
                          "the medium has done what it never began");
    hold(w, node, {.kind = Held::Kind::finished, .request = id});
    return;
  }
  const Request r = std::move(w.target.requests[id]);
  if (!r.detached)
    sim::unlink<&Request::of_queue>(w.target.requests, w.target.queues[r.queue].executes, id);
  w.target.requests.remove(id);
  wire::Command first;
  wire::Status compared;
  if (r.partner != sim::none<RequestId>) [[unlikely]] {
    // Compare and Write: both in one instant, the second only if the first succeeds.
    const Request other = w.target.requests[r.partner];
    w.target.requests.remove(r.partner);
    first = other.command;
    if (!r.aborted && r.command.is_fused())
      compared = compare(w, other);
  }
  if (r.aborted)
    return;
  const Outcome out = compared.ok() ? apply(w, r) : Outcome{StatusCode::fused_fail, 0, {}};
  if (r.detached)
    return;
  HOLDFAST_PACKET_CHECK(w.target.queues[r.queue].executing > 0,
                        "a command ends that its queue does not count");
  --w.target.queues[r.queue].executing;
  if (r.command.is_fused())
    respond(w, r.queue, first, compared);
  respond(w, r.queue, r.command, out.status, out.result, out.data);
  release_if_drained(w, r.queue);
}

namespace {

/// What the latency of a command is drawn from.
struct Medium {
  const Span* span = nullptr;  ///< null: it takes no time
  sim::ChoiceId choice{};
};

Medium medium_of(const Namespace& n, const wire::Command& command) {
  switch (static_cast<IoOpcode>(command.opcode)) {
    case IoOpcode::read:
    case IoOpcode::compare:
      return {&n.read, n.read_choice};
    case IoOpcode::write:
    case IoOpcode::write_zeroes:
    case IoOpcode::dataset_management:
    case IoOpcode::copy:
    case IoOpcode::zone_append:
      return {&n.write, n.write_choice};
    default:
      return {};
  }
}

/// When the medium has done what it begins now, or as soon as it has a place for it.
Duration media_time(World& w, Namespace& n, const Medium& medium) {
  const Duration latency =
      medium.span == nullptr ? Duration{} : draw(w.choices, medium.choice, *medium.span);
  if (n.busy_until.empty() || latency == Duration{})
    return latency;
  const auto first = std::min_element(n.busy_until.begin(), n.busy_until.end());
  *first = std::max(*first, w.now()) + latency;
  HOLDFAST_PACKET_CHECK(*first > w.now(), "the medium is done before it begins");
  return *first - w.now();
}

/// The medium has done what was asked of it.
struct Done {
  RequestId id;

  void operator()(World& w) const { finish(w, id); }
  bool fetch(const World& w, unsigned step) const { return ahead::response(w, id, step); }
};

void execute(World& w, RequestId id) {
  Request& r = w.target.requests[id];
  HOLDFAST_PACKET_CHECK(!r.executing, "a command begins twice");
  HOLDFAST_PACKET_CHECK(!w.target.queues[r.queue].stopped,
                        "a command begins on a queue that is stopped");
  r.executing = true;
  ++w.target.queues[r.queue].executing;
  sim::append<&Request::of_queue>(w.target.requests, w.target.queues[r.queue].executes, id);
  Namespace& n = namespace_of(w, r);
  const Medium medium = medium_of(n, r.command);
  if (medium.span != nullptr)
    r.drawn = w.choices.made(medium.choice);
  r.began = w.now();
  const Duration latency = r.delay + media_time(w, n, medium);
  r.done = w.after(latency, Done{id});
}

/// Commands whose data is user data, which may have to be asked for.
bool carries_blocks(const wire::Command& command) {
  const auto opcode = static_cast<IoOpcode>(command.opcode);
  return opcode == IoOpcode::write || opcode == IoOpcode::compare ||
         opcode == IoOpcode::zone_append;
}

bool is_complete(const Request& r) {
  HOLDFAST_PACKET_CHECK(!carries_blocks(r.command) || r.received <= r.command.sgl.length,
                        "more data came than the command has");
  return !carries_blocks(r.command) || r.received == r.command.sgl.length;
}

void wait(World& w, RequestId id) {
  Request& r = w.target.requests[id];
  Queue& q = w.target.queues[r.queue];
  HOLDFAST_PACKET_CHECK(!r.executing && q.first_waiting != id,
                        "a command waits twice, or after its begin");
  r.next_waiting = q.first_waiting;
  q.first_waiting = id;
}

void stop_waiting(World& w, RequestId id) {
  RequestId* link = &w.target.queues[w.target.requests[id].queue].first_waiting;
  HOLDFAST_PACKET_CHECK(*link != sim::none<RequestId>, "no command waits on the queue");
  while (*link != id)
    link = &w.target.requests[*link].next_waiting;
  *link = w.target.requests[id].next_waiting;
}

/// A waiting request has all its data. Halves of a pair start together.
void start_if_complete(World& w, RequestId id) {
  Request& r = w.target.requests[id];
  if (!is_complete(r))
    return;
  if (!r.command.is_fused()) {
    stop_waiting(w, id);
    execute(w, id);
    return;
  }
  if (r.partner == sim::none<RequestId> || !is_complete(w.target.requests[r.partner]))
    return;
  const RequestId first = is_fused_first(r.command) ? id : r.partner;
  HOLDFAST_PACKET_CHECK(w.target.requests[r.partner].partner == id,
                        "the other half is half of another pair");
  const RequestId second = is_fused_first(r.command) ? r.partner : id;
  stop_waiting(w, first);
  stop_waiting(w, second);
  Duration& delay = w.target.requests[second].delay;
  delay = std::max(delay, w.target.requests[first].delay);
  execute(w, second);
}

/// A first half must be followed by its second one at once. False: the command is answered.
bool pair_up(World& w, QueueId queue, const wire::Command& command) {
  Queue& q = w.target.queues[queue];
  const bool second = command.is_fused() && !is_fused_first(command);
  const RequestId first = q.fused_first;
  if (second) {
    if (first == sim::none<RequestId>)
      respond(w, queue, command, refuse(StatusCode::fused_missing));
    return first != sim::none<RequestId>;
  }
  if (first == sim::none<RequestId>)
    return true;
  q.fused_first = sim::none<RequestId>;
  stop_waiting(w, first);
  const wire::Command lonely = w.target.requests[first].command;
  w.target.requests.remove(first);
  respond(w, queue, lonely, refuse(StatusCode::fused_missing));
  return true;
}

/// The second half could not be accepted: the first one ends with it.
void drop_first_half(World& w, QueueId queue, const wire::Command& command) {
  if (!command.is_fused() || is_fused_first(command))
    return;
  const RequestId first = w.target.queues[queue].fused_first;
  HOLDFAST_CHECK(first != sim::none<RequestId>, "a second half came this far without a first one");
  w.target.queues[queue].fused_first = sim::none<RequestId>;
  stop_waiting(w, first);
  const wire::Command other = w.target.requests[first].command;
  w.target.requests.remove(first);
  respond(w, queue, other, refuse(StatusCode::fused_fail));
}

/// A complete command starts, another one asks for its data, half a pair waits for the other half.
void start(World& w, RequestId id) {
  const Request& r = w.target.requests[id];
  if (is_complete(r) && !r.command.is_fused()) {
    execute(w, id);
    return;
  }
  wait(w, id);
  Queue& q = w.target.queues[r.queue];
  if (is_fused_first(r.command)) {
    q.fused_first = id;
  } else if (r.command.is_fused()) {
    HOLDFAST_PACKET_CHECK(q.fused_first != sim::none<RequestId>,
                          "a second half came this far without a first one");
    w.target.requests[id].partner = q.fused_first;
    w.target.requests[q.fused_first].partner = id;
    q.fused_first = sim::none<RequestId>;
  }
  if (is_complete(r)) {
    start_if_complete(w, id);
  } else {
    transport::request_data(w, q.transport, r.command.cid, r.command.cid, r.command.sgl.length);
  }
}

}  // namespace

Namespace& namespace_of(World& w, const Request& r) {
  return w.target.namespaces[sim::index(r.ns)];
}

void refuse_command(World& w, QueueId queue, const wire::Command& command, wire::Status status) {
  if (w.target.queues[queue].fused_first != sim::none<RequestId> && pair_up(w, queue, command))
    drop_first_half(w, queue, command);
  respond(w, queue, command, status);
}

void execute_io(World& w, QueueId queue, const wire::Command& command, const Payload& data) {
  HOLDFAST_PACKET_CHECK(w.target.queues[queue].qid != 0, "I/O comes on I/O queues");
  if (!pair_up(w, queue, command))
    return;
  Request made;
  const wire::Status status = make_request(w, queue, command, data, made);
  if (!status.ok()) {
    drop_first_half(w, queue, command);
    respond(w, queue, command, status);
    return;
  }
  // The medium will look at the block when it is done, and mostly finds it outside of the caches.
  if (const auto range = wire::as_block_range(command))
    namespace_of(w, made).latest.prefetch(range->slba);
  Subsystem& s = w.target.subsystems[sim::index(made.subsystem)];
  const std::uint16_t cntlid = made.cntlid;
  const RequestId id = w.target.requests.add(std::move(made));
  const ControllerId controller = w.target.queues[queue].controller;
  bool fatal = false;
  if (const CommandFault* fault = struck_by(s, cntlid, false, command)) {
    Request& r = w.target.requests[id];
    r.delay = fault->delay;
    fatal = fault->fatal;
    record<Kind::command_delayed>(w, r.subsystem, r.cntlid, Token{r.version}, r.delay);
  }
  start(w, id);
  if (fatal)
    fatal_error(w, controller, cause_fault);
}

void draw_again(World& w) {
  for (auto one = w.target.requests.begin(); one != w.target.requests.end(); ++one) {
    Request& r = *one;
    const Namespace& n = namespace_of(w, r);
    const Medium medium = medium_of(n, r.command);
    if (!r.executing || medium.span == nullptr || medium.span->kind == Span::Kind::constant ||
        !n.busy_until.empty() || !w.calendar.cancel(r.done))
      continue;
    const Duration elapsed = std::max(w.now() - r.began - r.delay, Duration{});
    const Duration latency =
        r.delay + holdfast::draw_again(w.choices, medium.choice, r.drawn, *medium.span, elapsed);
    r.done = w.at(std::max(r.began + latency, w.now()), Done{one.id()});
  }
}

void take_data(World& w, QueueId queue, std::uint16_t tag, const Payload& data) {
  const Queue& q = w.target.queues[queue];
  RequestId id = q.first_waiting;
  while (id != sim::none<RequestId> && w.target.requests[id].command.cid != tag)
    id = w.target.requests[id].next_waiting;
  if (id == sim::none<RequestId> || is_complete(w.target.requests[id])) {
    // Data for a command that nobody asked data for: nvmet_tcp_fatal_error.
    fatal_error(w, q.controller, transport::protocol_error);
    return;
  }
  Request& r = w.target.requests[id];
  r.received += data.bytes;
  r.version = data.version;
  r.content = data.content;
  start_if_complete(w, id);
}

}  // namespace holdfast::target
