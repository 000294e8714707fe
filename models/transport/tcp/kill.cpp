// SPDX-License-Identifier: Apache-2.0
// A socket that is destroyed from outside.
#include "models/transport/tcp/internal.hpp"
#include "models/world.hpp"

namespace holdfast::tcp {

using transport::TcpState;

void kill(World& w, ConnectionId id, Side side) {
  HOLDFAST_CHECK(w.transport.connections[id].in_use, "the connection has been freed");
  const auto& e = w.transport.connections[id].end[at(side)];
  if (e.state == TcpState::closed)
    return;
  // tcp_need_reset: a socket that waits for the answer to its SYN goes silently.
  if (e.state != TcpState::syn_sent)
    send_segment(w, id, side, e.next, 0, rst | ack);
  set_state(w, id, side, TcpState::closed);
  if (w.transport.connections[id].end[at(side)].held)
    w.transport.handlers.lost(w, id, side, connection_aborted);
  settle(w, id);
}

}  // namespace holdfast::tcp
