// SPDX-License-Identifier: Apache-2.0
// Connection management: address resolution, REQ, REP, RTU, and DREQ at the end. Route resolution
// is answered by the host itself on RoCE (cma_resolve_iboe_route), so it takes no time.
#include <algorithm>

#include "models/transport/rdma/internal.hpp"
#include "models/world.hpp"

namespace holdfast::rdma {

namespace nvme = transport::nvme_rdma;

namespace {

/// Sends a management message and waits for the answer to it.
void ask(World& w, QueuePairId id, Side side, Op op) {
  HOLDFAST_CHECK(op == Op::request || op == Op::reply, "nothing answers that");
  send_op(w, id, side, op);
  // A request allows for 4,096 ms at the other end and for the way there and back, 512 ms. A reply
  // is repeated after what the request named, which is the first of these, 8 parts of 9
  // (cm_req_handler).
  const sim::Duration timeout = w.transport.rdma.parameters.cm_timeout;
  arm(w, id, side, op == Op::reply ? timeout * 8 / 9 : timeout);
}

/// Asks for the address, and again in a second (neigh_timer_handler) unless the time of the whole
/// resolution is over first (drivers/infiniband/core/addr.c: queue_req).
void ask_for_address(World& w, QueuePairId id, Side side) {
  send_op(w, id, side, Op::resolve);
  const QueuePair& q = w.transport.rdma.pairs[id];
  const Parameters& p = w.transport.rdma.parameters;
  const sim::TimePoint again = sim::fires_at(q.wheel[at(side)], w.now(), p.address_retry);
  const bool last = (q.end[at(side)].retries + 1) * p.address_retry >= p.address_timeout;
  arm_until(w, id, side, last ? q.address_deadline : std::min(again, q.address_deadline));
}

bool is_known(const World& w, net::RouteId route) {
  const Rdma& rdma = w.transport.rdma;
  return rdma.parameters.neighbours == transport::Neighbours::permanent ||
         std::find(rdma.known.begin(), rdma.known.end(), route) != rdma.known.end();
}

/// An entry of the neighbour table is there as long as what is sent there is answered.
void note_neighbour(World& w, net::RouteId route, bool answers) {
  Rdma& rdma = w.transport.rdma;
  if (rdma.parameters.neighbours != transport::Neighbours::learned)
    return;
  const auto place = std::find(rdma.known.begin(), rdma.known.end(), route);
  if (answers && place == rdma.known.end()) {
    rdma.known.push_back(route);
  } else if (!answers && place != rdma.known.end()) {
    rdma.known.erase(place);
  }
}

/// The connection does not come about.
void fail(World& w, QueuePairId id, Side side, int error) {
  HOLDFAST_CHECK(error != 0, "an error has a number");
  HOLDFAST_CHECK(end_of(w, id, side).state != State::ready, "the connection has come about");
  if (side == Side::host && error == timed_out)
    note_neighbour(w, w.transport.rdma.pairs[id].route[at(side)], false);
  end_of(w, id, side).disconnected = true;
  set_state(w, id, side, State::stopped);
  if (side == Side::host)
    nvme::connect_done(w, id, error);
}

void take_request_to_connect(World& w, QueuePairId id, Side side) {
  const QueuePair& q = w.transport.rdma.pairs[id];
  const State state = end_of(w, id, side).state;
  if (state == State::accepting) {
    send_op(w, id, side, Op::reply);
  } else if (state == State::idle && w.transport.ports[sim::index(q.port)].listening) {
    set_state(w, id, side, State::accepting);
    ask(w, id, side, Op::reply);
  } else if (state == State::idle) {
    send_op(w, id, side, Op::reject);
    fail(w, id, side, connection_reset);
  }
}

void take_reply(World& w, QueuePairId id, Side side) {
  const State state = end_of(w, id, side).state;
  if (state == State::requesting) {
    send_op(w, id, side, Op::ready_to_use);
    establish(w, id, side);
  } else if (state == State::ready) {
    send_op(w, id, side, Op::ready_to_use);  // the first one was lost
  } else if (is_over(state)) {
    send_op(w, id, side, Op::reject);
  }
}

void take_disconnect(World& w, QueuePairId id, Side side) {
  End& e = end_of(w, id, side);
  send_op(w, id, side, Op::disconnected);
  const State state = e.state;
  e.disconnected = true;
  if (state == State::idle || state == State::stopped)
    return;
  set_state(w, id, side, State::stopped);
  if (state == State::ready)
    nvme::lost(w, id, side, connection_reset);
}

}  // namespace

void start_to_connect(World& w, QueuePairId id) {
  QueuePair& q = w.transport.rdma.pairs[id];
  HOLDFAST_CHECK(q.end[at(Side::host)].state == State::idle, "it connects already");
  if (is_known(w, q.route[at(Side::host)])) {
    set_state(w, id, Side::host, State::requesting);
    ask(w, id, Side::host, Op::request);
    return;
  }
  q.address_deadline =
      sim::fires_at(q.wheel[at(Side::host)], w.now(), w.transport.rdma.parameters.address_timeout);
  set_state(w, id, Side::host, State::resolving);
  ask_for_address(w, id, Side::host);
}

void establish(World& w, QueuePairId id, Side side) {
  HOLDFAST_CHECK(
      end_of(w, id, side).state == (side == Side::host ? State::requesting : State::accepting),
      "a queue pair becomes ready at the end of its handshake");
  set_state(w, id, side, State::ready);
  if (side == Side::host) {
    nvme::connect_done(w, id, 0);
    return;
  }
  end_of(w, id, side).held = true;
  nvme::accepted(w, id);
}

void take_management(World& w, QueuePairId id, Side side, Op op) {
  HOLDFAST_CHECK(is_management(op), "that is a data packet");
  const State state = end_of(w, id, side).state;
  switch (op) {
    case Op::resolve:
      send_op(w, id, side, Op::resolved);
      return;
    case Op::resolved:
      if (state == State::resolving) {
        note_neighbour(w, w.transport.rdma.pairs[id].route[at(side)], true);
        set_state(w, id, side, State::requesting);
        ask(w, id, side, Op::request);
      }
      return;
    case Op::request:
      take_request_to_connect(w, id, side);
      return;
    case Op::reply:
      take_reply(w, id, side);
      return;
    case Op::ready_to_use:
      if (state == State::accepting)
        establish(w, id, side);
      return;
    case Op::reject:
      if (state == State::requesting || state == State::accepting)
        fail(w, id, side, connection_reset);
      return;
    case Op::disconnect:
      take_disconnect(w, id, side);
      return;
    default:
      return;
  }
}

void management_timeout(World& w, QueuePairId id, Side side) {
  End& e = end_of(w, id, side);
  HOLDFAST_CHECK(
      e.state == State::resolving || e.state == State::requesting || e.state == State::accepting,
      "no management message is out");
  const Parameters& p = w.transport.rdma.parameters;
  ++e.retries;
  const bool resolving = e.state == State::resolving;
  const bool over =
      resolving ? w.now() >= w.transport.rdma.pairs[id].address_deadline : e.retries > p.cm_retries;
  if (over) {
    fail(w, id, side, timed_out);
    settle(w, id);
    return;
  }
  if (resolving) {
    ask_for_address(w, id, side);
  } else {
    ask(w, id, side, e.state == State::requesting ? Op::request : Op::reply);
  }
}

}  // namespace holdfast::rdma
