// SPDX-License-Identifier: Apache-2.0
// The target's half of NVMe/TCP: ICResp, capsules up, R2T, data and responses down; and the wiring
// of both halves to TCP.
#include "models/transport/functions.hpp"
#include "models/transport/queue.hpp"
#include "models/transport/tcp/nvme_tcp.hpp"
#include "models/transport/tcp/tcp.hpp"
#include "models/world.hpp"

namespace holdfast::transport {

namespace {

TargetQueueId target_queue_of(const World& w, ConnectionId id) {
  return w.transport.connections[id].target_queue;
}

void send_to_host(World& w, ConnectionId id, const Message& message) {
  HOLDFAST_PACKET_CHECK(w.transport.target_queues[target_queue_of(w, id)].connection == id,
                        "the connection is another queue's");
  nvme_tcp::send_pdu(w, id, Side::target, message);
}

/// A zero-copy message refers to the application's pages until it is acknowledged
/// (MSG_SPLICE_PAGES; protocol.md 4.8, 7.4), so that a retransmission sends what they hold by then.
/// Here they are read at once, when the last byte of the message arrives.
Payload as_sent(const World& w, const Payload& data) {
  Payload out = data;
  if (data.buffer == no_buffer || data.bytes == 0)
    return out;
  const Version held = w.transport.host.buffer(w, data.buffer);
  HOLDFAST_PACKET_CHECK(held != 0,
                        "data is sent from a buffer from which nothing was ever written");
  if (serial_of(held) != serial_of(data.version))
    out.content = held;
  return out;
}

void on_established(World& w, ConnectionId id, Side side) {
  if (side == Side::host) {
    nvme_tcp::host_established(w, id);
  } else {
    nvme_tcp::target_established(w, id);
  }
}

void on_message(World& w, ConnectionId id, Side side, const Message& message) {
  if (side == Side::host) {
    nvme_tcp::host_message(w, id, message);
  } else {
    nvme_tcp::target_message(w, id, message);
  }
}

void on_lost(World& w, ConnectionId id, Side side, int error) {
  if (side == Side::host) {
    nvme_tcp::host_lost(w, id, error);
  } else {
    nvme_tcp::target_lost(w, id, error);
  }
}

}  // namespace

namespace nvme_tcp {

void install(World& w) {
  w.transport.handlers = {on_established, on_message, on_lost};
  w.net.deliver = tcp::on_packet;
  w.net.dropped = tcp::on_dropped;
  w.net.duplicated = tcp::on_duplicated;
  w.net.flow_of = flow_of;
}

namespace {

void respond(World& w, TargetQueueId id, const wire::Completion& completion, const Payload& data) {
  const TargetQueue& q = w.transport.target_queues[id];
  const ConnectionId connection = q.connection;
  if (data.bytes != 0) {
    // One C2HData for the whole transfer, and a response behind it: Linux sets SUCCESS only for
    // hosts that disabled SQ flow control (nvmet_setup_c2h_data_pdu).
    wire::DataPdu pdu;
    pdu.cid = completion.cid;
    pdu.length = data.bytes;
    pdu.success = q.success_flag && completion.status.ok() && completion.dw0 == 0;
    Message message =
        nvme_tcp::make_message(wire::encode_c2h_data_header(pdu, q.digests), data, q.digests);
    message.more = !pdu.success;
    send_to_host(w, connection, message);
    if (pdu.success)
      return;
  }
  send_to_host(
      w, connection,
      nvme_tcp::make_message(wire::encode_capsule_resp(completion, q.digests), {}, q.digests));
}

void request_data(World& w, TargetQueueId id, std::uint16_t cid, std::uint16_t tag,
                  std::uint32_t bytes) {
  HOLDFAST_PACKET_CHECK(bytes != 0, "an R2T asks for data");
  const wire::R2t r2t{cid, tag, 0, bytes};
  const TargetQueue& q = w.transport.target_queues[id];
  send_to_host(w, q.connection,
               nvme_tcp::make_message(wire::encode_r2t(r2t, q.digests), {}, q.digests));
}

ConnectionId connection_of(const World& w, TargetQueueId id) {
  return w.transport.target_queues[id].connection;
}

void stop_queue(World& w, TargetQueueId id) {
  w.transport.target_queues[id].stopped = true;
  tcp::shut_down(w, w.transport.target_queues[id].connection, Side::target);
}

void close_queue(World& w, TargetQueueId id) {
  const ConnectionId connection = w.transport.target_queues[id].connection;
  w.transport.target_queues.remove(id);
  tcp::release(w, connection, Side::target);
}

}  // namespace

const TargetFunctions target_functions = {
    respond,    request_data, connection_of,
    stop_queue, close_queue,  [](World&, TargetQueueId, std::uint16_t) {}};

void target_established(World& w, ConnectionId id) {
  HOLDFAST_CHECK(w.transport.connections[id].target_queue == sim::none<TargetQueueId>,
                 "a connection is accepted twice");
  const TargetQueueId queue = w.transport.target_queues.add();
  w.transport.connections[id].target_queue = queue;
  w.transport.target_queues[queue].connection = id;
  const PortId port = w.transport.connections[id].port;
  const TargetOwner owner = w.transport.target.accepted(w, queue, port);
  w.transport.target_queues[queue].owner = owner;
}

void target_message(World& w, ConnectionId id, const Message& message) {
  const TargetQueueId queue = target_queue_of(w, id);
  TargetQueue& q = w.transport.target_queues[queue];
  if (q.stopped)
    return;
  const TargetHandlers& up = w.transport.target;
  if (is_handshake(message)) [[unlikely]] {
    take_handshake(w, id, message);
    return;
  }
  const auto bytes = header_of(message);
  if (is_refused_for_its_digest(w, id, Side::target, q.digests, message)) [[unlikely]] {
    up.failed(w, q.owner, digest_error);
  } else if (const auto capsule = wire::decode_capsule_cmd(bytes)) {
    if (const auto connect = wire::as_connect(capsule->command))
      q.success_flag = (connect->attributes & wire::connect_attr_disable_sqflow) != 0;
    up.command(w, q.owner, capsule->command, as_sent(w, message.payload));
  } else if (const auto data = wire::decode_h2c_data(bytes)) {
    up.data(w, q.owner, data->ttag, as_sent(w, message.payload));
  } else if (const auto request = wire::decode_ic_req(bytes)) {
    if (w.transport.ports[sim::index(w.transport.connections[id].port)].mutes != 0)
      return;
    q.digests = request->digests;
    send_to_host(w, id, make_message(wire::encode_ic_resp({.digests = q.digests})));
  } else {
    up.failed(w, q.owner, protocol_error);
  }
}

void target_lost(World& w, ConnectionId id, int error) {
  const TargetQueue& q = w.transport.target_queues[target_queue_of(w, id)];
  if (!q.stopped)
    w.transport.target.lost(w, q.owner, error);
}

}  // namespace nvme_tcp

}  // namespace holdfast::transport
