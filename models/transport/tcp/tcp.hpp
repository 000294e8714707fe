// SPDX-License-Identifier: Apache-2.0
// TCP as far as path failure needs it: handshake, window, acknowledgements, retransmission with
// back-off, orderly and abortive close (protocol.md 8). A byte that sits in a socket or in a switch
// queue when a path heals is delivered; that is one of the ways in which data gets corrupted.
#pragma once

#include <utility>

#include "models/transport/state.hpp"

namespace holdfast::tcp {

using transport::ConnectionId;
using transport::Message;
using transport::Side;

/// Errors told to the layer above; the numbers are Linux's.
inline constexpr int closed_by_peer = 0;
inline constexpr int connection_aborted = 103;
inline constexpr int connection_reset = 104;
inline constexpr int timed_out = 110;
inline constexpr int connection_refused = 111;

/// Header bytes of a segment: IP 20, TCP 20, timestamps option 12 (so MSS = MTU - 52).
inline constexpr std::uint32_t header_bytes = 52;

/// Starts to connect from the host's end. `queue` is told `established` or `lost`; `wheel` has the
/// ticks of the host.
ConnectionId open(World& w, net::RouteId forward, net::RouteId back, transport::PortId port,
                  transport::HostQueueId queue, const sim::TimerWheel& wheel = {});

/// Appends a message to the stream of one end; it waits outside the socket while the socket's
/// buffer is full. Ignored (and its blob freed) once that end is shut down or closed, as a write to
/// a dead socket is.
void send(World& w, ConnectionId id, Side side, const Message& message);

/// Whether that end is closed: a write to it fails.
bool is_gone(const World& w, ConnectionId id, Side side);

/// shutdown(RDWR): a FIN follows what was written, data that arrives from now on is answered with a
/// reset. What is in the socket is still sent and retransmitted; what waits outside is forgotten.
void shut_down(World& w, ConnectionId id, Side side);

/// close() with linger 0: unsent and unacknowledged data is forgotten, a RST is sent, and the layer
/// above no longer knows the connection.
void release(World& w, ConnectionId id, Side side);

/// The same without the RST: the machine has forgotten everything.
void forget(World& w, ConnectionId id, Side side);

/// Destroys the socket of one end as `ss -K` does (tcp_abort): what is unsent or unacknowledged is
/// forgotten, a RST is sent, and the layer above is told ECONNABORTED. Nothing happens to an end
/// that is closed.
void kill(World& w, ConnectionId id, Side side);

/// Handlers of the network below.
void on_packet(World& w, const net::Packet& packet);
void on_duplicated(World& w, const net::Packet& packet);
void on_dropped(World& w, const net::Packet& packet, net::ChannelId channel, net::Drop reason);

/// The place of the connection of a packet (not its id), and the side that sent it.
std::pair<ConnectionId, Side> sender_of(const net::Packet& packet);

}  // namespace holdfast::tcp
