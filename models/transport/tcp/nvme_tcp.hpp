// SPDX-License-Identifier: Apache-2.0
// NVMe/TCP on top of a connection: what its two halves share. The functions of queue.hpp are in
// functions.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "models/transport/state.hpp"

namespace holdfast::transport::nvme_tcp {

/// Puts the digest of a message's header behind it.
void add_header_digest(Message& m);

/// A message from a PDU header in true bytes and the payload behind it, each with its digest. That
/// of the data takes its room only: the bytes are not there to be checked.
template <std::size_t N>
Message make_message(const std::array<std::byte, N>& header, const Payload& payload = {},
                     wire::Digests digests = {}) {
  static_assert(N + wire::digest_bytes <= sizeof(Message::header) || N == sizeof(Message::header));
  Message m;
  m.header_bytes = N;
  m.payload = payload;
  std::copy(header.begin(), header.end(), m.header.begin());
  if (digests.header && N + wire::digest_bytes <= sizeof(Message::header))
    add_header_digest(m);
  m.bytes = m.header_bytes + payload.bytes;
  if (digests.data && payload.bytes != 0)
    m.bytes += wire::digest_bytes;
  return m;
}

/// The header without its digest: its third byte says how long it is.
inline wire::ConstBytes header_of(const Message& m) {
  return {m.header.data(), std::to_integer<std::size_t>(m.header[2])};
}

// nvme_tcp_script.cpp: what faults ask of single packets and PDUs.
/// Sends a PDU, in TLS records where the connection has TLS, and damaged if a fault wants that.
void send_pdu(World& w, ConnectionId id, Side side, const Message& message);
/// Notes in the trace that a digest does not fit.
void note_digest_error(World& w, ConnectionId id, Side side, Damage damage);
/// A digest that both ends agreed on does not fit what arrived at that side.
inline bool is_refused_for_its_digest(World& w, ConnectionId id, Side side, wire::Digests agreed,
                                      const Message& message) {
  if (message.damage == Damage::none) [[likely]]
    return false;
  const bool refused = message.damage == Damage::header ? agreed.header : agreed.data;
  if (refused)
    note_digest_error(w, id, side, message.damage);
  return refused;
}
/// The host engine's name for the queue that a packet belongs to, or belonged to.
net::FlowId flow_of(const World& w, const net::Packet& packet);
/// Flows bear the names of the host engine's queues.
constexpr net::FlowId flow_of(HostOwner owner) { return net::FlowId{sim::index(owner)}; }
/// The host is about to write a command capsule of that many bytes: is it one that a fault drops?
void choose_capsule(World& w, HostQueueId id, std::uint8_t opcode, std::uint32_t bytes);
/// The host lets go of the connection, so its id may name another one soon.
void forget_capsules(World& w, ConnectionId id);

// tls.cpp
/// Bytes that TLS adds to a PDU of that many on this connection.
[[nodiscard]] std::uint32_t record_bytes(const Connection& c, std::uint32_t bytes);
/// Part of a handshake, which is no PDU: it begins with the type of a TLS record.
[[nodiscard]] inline bool is_handshake(const Message& message) {
  return message.header[0] == std::byte{0x16} || message.header[0] == std::byte{0x14};
}
/// At the target: ClientHello, or what ends the handshake.
void take_handshake(World& w, ConnectionId id, const Message& message);
void start_tls(World& w, ConnectionId id);
/// ServerHello and what follows it: the host's part is over, and ICReq goes out.
void take_server_hello(World& w, ConnectionId id);
/// The connection ended, or time did, before the handshake was over.
void note_tls(World& w, ConnectionId id, int error);

// The host's half.
/// Sends ICReq and waits for its answer (nvme_tcp_init_connection).
void initialize(World& w, ConnectionId id);
void host_established(World& w, ConnectionId id);
void host_message(World& w, ConnectionId id, const Message& message);
void host_lost(World& w, ConnectionId id, int error);

// The target's half.
void target_established(World& w, ConnectionId id);
void target_message(World& w, ConnectionId id, const Message& message);
void target_lost(World& w, ConnectionId id, int error);

}  // namespace holdfast::transport::nvme_tcp
