// SPDX-License-Identifier: Apache-2.0
// Queue pairs: what the host and the target engine see of a transport. Commands go one way,
// completions and data the other; how they travel is the transport's business. Each transport is a
// row of functions (functions.hpp) that queue.cpp calls; a world has one kind of them.
#pragma once

#include <vector>

#include "models/transport/state.hpp"

namespace holdfast::transport {

/// ICResp must arrive within this time (nvme_tcp_init_connection).
inline constexpr Duration icresp_timeout = std::chrono::seconds{10};
inline constexpr int protocol_error = 71;  ///< EPROTO
inline constexpr int digest_error = 5;     ///< EIO
inline constexpr int no_icresp = 11;       ///< EAGAIN, what a timed-out receive returns
inline constexpr int no_handshake = 110;   ///< ETIMEDOUT (nvme_tcp_start_tls)
inline constexpr int handshake_lost = 13;  ///< EACCES, what tlshd makes of most errors

/// Connects `transport` to its two engines and to the network below.
void install(World& w, TransportKind kind, const HostHandlers& host, const TargetHandlers& target);

/// A place to connect to.
PortId add_port(World& w);
/// TCP: addresses may move to where these lead.
void add_other_ways(World& w, const std::vector<OtherWay>& ways);
/// TCP: from now on what hosts send to `port` goes to the machine where the address of `to` is. It
/// knows nothing of connections of before, and resets those that it hears of.
void move_address(World& w, PortId port, PortId to);

// The host's side.

/// Starts to connect. `ready` tells the outcome; until then, and after stop_queue, nothing can be
/// submitted. `admin`: the admin queue of the same controller; none: this is the admin queue.
HostQueueId open_queue(World& w, net::RouteId forward, net::RouteId back, PortId port,
                       HostOwner owner, HostQueueId admin);
/// NVMe/TCP: the digests that the queue asks for; to be said before it is connected.
void use_digests(World& w, HostQueueId id, wire::Digests digests);
/// NVMe/TCP: the floor of the host's retransmission timeouts (`rto_min` of its route).
void use_rto_min(World& w, HostQueueId id, Duration rto_min);
/// NVMe/TCP: TLS comes before ICReq; to be said before it is connected.
void use_tls(World& w, HostQueueId id, const TlsSetup& tls);
/// Sends a command. Its data travels in the capsule if the SGL says so, else the target asks for
/// it.
void submit(World& w, HostQueueId id, const wire::Command& command, const Payload& data);
[[nodiscard]] ConnectionId connection_of(const World& w, HostQueueId id);
/// No data of a command has left this end later than that, repetitions included. `tcp` knows it to
/// a tick (tcpi_last_data_sent); `fc` repeats nothing and answers the epoch; an adapter of `rdma`
/// does not tell, so there it is now.
[[nodiscard]] TimePoint last_transmission(const World& w, HostQueueId id);
/// shutdown(): no handler is called any more; what the socket holds is still sent.
void stop_queue(World& w, HostQueueId id);
/// close() with linger 0. The id is free for reuse.
void close_queue(World& w, HostQueueId id);
/// TCP: the machine is gone, and its end of the connection with it: nothing is sent. The id is free
/// for reuse.
void forget_queue(World& w, HostQueueId id);

// The target's side.

/// Sends a completion, after the data of a command that read.
void respond(World& w, TargetQueueId id, const wire::Completion& completion, const Payload& data);
/// A command of a queue that was stopped is done, and nobody will be told so.
void leave_unanswered(World& w, TargetQueueId id, std::uint16_t cid);
/// Asks for the data of a command; `tag` (15:0) comes back with it.
void request_data(World& w, TargetQueueId id, std::uint16_t cid, std::uint16_t tag,
                  std::uint32_t bytes);
[[nodiscard]] ConnectionId connection_of(const World& w, TargetQueueId id);
/// NVMe/TCP: the target's part of a TLS handshake is computed.
void answer_hello(World& w, TargetQueueId id);
/// NVMe/TCP: the queue is under TLS.
[[nodiscard]] bool has_tls(const World& w, TargetQueueId id);
void stop_queue(World& w, TargetQueueId id);
void close_queue(World& w, TargetQueueId id);

}  // namespace holdfast::transport
