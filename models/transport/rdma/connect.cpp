// SPDX-License-Identifier: Apache-2.0
// Connection management: address resolution, REQ, REP, RTU, and DREQ at the end. Route resolution
// is answered by the host itself on RoCE (cma_resolve_iboe_route), so it takes no time.
#include "models/transport/rdma/internal.hpp"
#include "models/world.hpp"

namespace holdfast::rdma {

namespace nvme = transport::nvme_rdma;

namespace {

End& end_of(World& w, QueuePairId id, Side side) {
  return w.transport.rdma.pairs[id].end[at(side)];
}

/// Sends a management message and waits for the answer to it.
void ask(World& w, QueuePairId id, Side side, Op op) {
  HOLDFAST_CHECK(op == Op::resolve || op == Op::request || op == Op::reply, "nothing answers that");
  send_op(w, id, side, op);
  const Parameters& p = w.transport.rdma.parameters;
  arm(w, id, side, op == Op::resolve ? p.address_retry : p.cm_timeout);
}

/// The connection does not come about.
void fail(World& w, QueuePairId id, Side side, int error) {
  HOLDFAST_CHECK(error != 0, "an error has a number");
  HOLDFAST_CHECK(end_of(w, id, side).state != State::ready, "the connection has come about");
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
      resolving ? e.retries * p.address_retry >= p.address_timeout : e.retries > p.cm_retries;
  if (over) {
    fail(w, id, side, timed_out);
    settle(w, id);
    return;
  }
  const Op asked = e.state == State::requesting ? Op::request : Op::reply;
  ask(w, id, side, resolving ? Op::resolve : asked);
}

}  // namespace holdfast::rdma
