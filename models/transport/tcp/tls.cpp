// SPDX-License-Identifier: Apache-2.0
// TLS 1.3 with a pre-shared key, as far as it takes time: ClientHello, the answer that also ends
// the target's part, the host's Finished, and what each record adds (RFC 8446; nvme_tcp_start_tls).
// Nothing is encrypted: the handshake is as long as one, and has the record types of one.
#include <initializer_list>

#include "models/transport/functions.hpp"
#include "models/transport/queue.hpp"
#include "models/transport/tcp/nvme_tcp.hpp"
#include "models/transport/tcp/tcp.hpp"
#include "models/world.hpp"

namespace holdfast::transport::nvme_tcp {

namespace {

// About what GnuTLS sends with one pre-shared key and two key shares; unverified. Each fits into a
// segment, which is all that counts.
constexpr std::uint32_t client_hello_bytes = 512;
constexpr std::uint32_t server_flight_bytes = 256;
constexpr std::uint32_t finished_bytes = 64;

constexpr std::byte change_cipher_spec{0x14};  // what a client puts before its Finished

/// How it begins: what comes first on a wire, as far as it says of what kind it is and how long.
/// The third byte is the 3 of TLS in any case.
void send_handshake(World& w, ConnectionId id, Side side, std::initializer_list<unsigned> begin,
                    std::uint32_t bytes) {
  Message m;
  m.bytes = bytes;
  for (const unsigned byte : begin)
    m.header[m.header_bytes++] = static_cast<std::byte>(byte);
  tcp::send(w, id, side, m);
}

void send_hello(World& w, ConnectionId id, Side side, std::uint32_t bytes) {
  // A record of type handshake, with a ClientHello or a ServerHello that fills it.
  const std::uint32_t record = bytes - wire::tls_header_bytes;
  const unsigned type = side == Side::host ? 1 : 2;
  send_handshake(
      w, id, side,
      {0x16, 3, 3, record >> 8, record & 0xff, type, 0, (record - 4) >> 8, (record - 4) & 0xff},
      bytes);
}

void send_finished(World& w, ConnectionId id) {
  // ChangeCipherSpec, then a record whose content nobody can read.
  constexpr std::uint32_t before = wire::tls_header_bytes + 1;
  send_handshake(
      w, id, Side::host,
      {0x14, 3, 3, 0, 1, 1, 0x17, 3, 3, 0, finished_bytes - before - wire::tls_header_bytes},
      finished_bytes);
}

void say_hello(World& w, HostQueueId id) {
  if (!w.transport.host_queues.contains(id))
    return;
  const HostQueue& q = w.transport.host_queues[id];
  // It was given up, or its connection ended, while tlshd was busy.
  if (q.stopped || q.handshake != Handshake::begun || tcp::is_gone(w, q.connection, Side::host))
    return;
  send_hello(w, q.connection, Side::host, client_hello_bytes);
}

void handshake_missing(World& w, HostQueueId id) {
  const HostQueue& q = w.transport.host_queues[id];
  HOLDFAST_CHECK(q.handshake == Handshake::begun, "no handshake is waited for");
  note_tls(w, q.connection, no_handshake);
  w.transport.host.ready(w, q.owner, no_handshake);
}

}  // namespace

std::uint32_t record_bytes(const Connection& c, std::uint32_t bytes) {
  return c.tls ? wire::tls_record_bytes * wire::tls_records_of(bytes) : 0;
}

void note_tls(World& w, ConnectionId id, int error) { record<Kind::tls_handshake>(w, id, error); }

void start_tls(World& w, ConnectionId id) {
  const HostQueueId queue = w.transport.connections[id].host_queue;
  HostQueue& q = w.transport.host_queues[queue];
  HOLDFAST_CHECK(q.handshake == Handshake::none, "a connection has one handshake");
  q.handshake = Handshake::begun;
  // wait_for_completion_interruptible_timeout
  q.setup_timer = w.at(sim::fires_at(w.transport.connections[id].wheel[0], w.now(), q.tls.timeout),
                       [queue](World& world) { handshake_missing(world, queue); });
  if (q.tls.time == Duration{}) {
    say_hello(w, queue);
  } else {
    w.after(q.tls.time, [queue](World& world) { say_hello(world, queue); });
  }
}

void take_server_hello(World& w, ConnectionId id) {
  HostQueue& q = w.transport.host_queues[w.transport.connections[id].host_queue];
  HOLDFAST_CHECK(q.handshake == Handshake::begun, "nobody has asked for TLS");
  q.handshake = Handshake::over;
  w.calendar.cancel(q.setup_timer);
  send_finished(w, id);
  w.transport.connections[id].tls = true;
  note_tls(w, id, 0);
  initialize(w, id);
}

void take_handshake(World& w, ConnectionId id, const Message& message) {
  const Connection& c = w.transport.connections[id];
  if (message.header[0] == change_cipher_spec || w.transport.ports[sim::index(c.port)].mutes != 0)
    return;
  w.transport.target.hello(w, w.transport.target_queues[c.target_queue].owner);
}

void answer_hello(World& w, TargetQueueId id) {
  const TargetQueue& q = w.transport.target_queues[id];
  if (!q.stopped)
    send_hello(w, q.connection, Side::target, server_flight_bytes);
}

}  // namespace holdfast::transport::nvme_tcp
