// SPDX-License-Identifier: Apache-2.0
// The host's half of NVMe/TCP: ICReq, command capsules, data on request (protocol.md 7.1).
#include <algorithm>

#include "models/transport/functions.hpp"
#include "models/transport/queue.hpp"
#include "models/transport/tcp/nvme_tcp.hpp"
#include "models/transport/tcp/tcp.hpp"
#include "models/world.hpp"

namespace holdfast::transport {

namespace {

HostQueueId host_queue_of(const World& w, ConnectionId id) {
  return w.transport.connections[id].host_queue;
}

void send_to_target(World& w, ConnectionId id, const Message& message) {
  HOLDFAST_PACKET_CHECK(w.transport.host_queues[host_queue_of(w, id)].connection == id,
                        "the connection is another queue's");
  nvme_tcp::send_pdu(w, id, Side::host, message);
}

void icresp_missing(World& w, HostQueueId id) {
  HOLDFAST_CHECK(!w.transport.host_queues[id].stopped, "a queue that is stopped waits for nothing");
  w.transport.host.ready(w, w.transport.host_queues[id].owner, no_icresp);
}

/// One R2T for the whole rest of the data; the answer is cut at MAXH2CDATA.
void answer_r2t(World& w, HostQueueId id, const wire::R2t& r2t) {
  const HostQueue& q = w.transport.host_queues[id];
  const Payload* const found = w.transport.host.payload(w, q.owner, r2t.cid);
  if (found == nullptr || r2t.offset + std::uint64_t{r2t.length} > found->bytes) {
    w.transport.host.failed(w, q.owner, protocol_error);
    return;
  }
  const Payload data = *found;
  HOLDFAST_PACKET_CHECK(r2t.length != 0, "the target asks for nothing");
  for (std::uint32_t sent = 0; sent < r2t.length;) {
    const std::uint32_t piece = std::min(r2t.length - sent, wire::nvmet_maxh2cdata);
    wire::DataPdu pdu;
    pdu.cid = r2t.cid;
    pdu.ttag = r2t.ttag;
    pdu.offset = r2t.offset + sent;
    pdu.length = piece;
    pdu.last = sent + piece == r2t.length;
    const Payload part{piece, sim::none<BlobId>, data.version, data.content, data.buffer};
    send_to_target(
        w, q.connection,
        nvme_tcp::make_message(wire::encode_h2c_data_header(pdu, q.digests), part, q.digests));
    sent += piece;
  }
}

/// A read whose data came damaged fails when it is complete (nvme_tcp_recv_ddgst): no recovery, the
/// block layer sends it once more over the same path. The driver keeps the code of Data Transfer
/// Error where a completion has its status field, phase bit below; told from a response it is
/// shifted, and so is another code: Invalid Field.
wire::Completion with_digest_status(HostQueue& q, wire::Completion completion, unsigned shift) {
  if (q.damaged.empty()) [[likely]]
    return completion;
  const auto place = std::find(q.damaged.begin(), q.damaged.end(), completion.cid);
  if (place == q.damaged.end())
    return completion;
  q.damaged.erase(place);
  completion.status = wire::Status(
      static_cast<std::uint16_t>(wire::raw(wire::StatusCode::data_transfer_error) >> shift));
  return completion;
}

/// What a PDU says, if it is one of that type: asked before the call, for most are of another.
template <class Decode>
auto decoded_if(bool of_type, Decode decode, wire::ConstBytes bytes) {
  return of_type ? decode(bytes) : decltype(decode(bytes)){};
}

/// SUCCESS on the last C2HData stands for the response (nvme_tcp_handle_c2h_data).
wire::Completion completion_of(const wire::DataPdu& data) {
  wire::Completion completion;
  completion.cid = data.cid;
  return completion;
}

}  // namespace

namespace nvme_tcp {

namespace {

HostQueueId open_queue(World& w, net::RouteId forward, net::RouteId back, PortId port,
                       HostOwner owner, HostQueueId) {
  const HostQueueId id = w.transport.host_queues.add();
  w.transport.host_queues[id].owner = owner;
  const auto wheel = w.transport.host.wheel;
  const ConnectionId connection =
      tcp::open(w, forward, back, port, id, wheel == nullptr ? sim::TimerWheel{} : wheel(w, owner));
  w.transport.host_queues[id].connection = connection;
  w.transport.connections[connection].flow = flow_of(owner);
  return id;
}

void submit(World& w, HostQueueId id, const wire::Command& command, const Payload& data) {
  // Without in-capsule data only the token goes along, which takes no bytes on the wire.
  const Payload carried =
      command.has_in_capsule_data() ? data : Payload{0, sim::none<BlobId>, data.version};
  const HostQueue& q = w.transport.host_queues[id];
  const auto header = wire::encode_capsule_cmd_header(command, carried.bytes, q.digests);
  const Message message = nvme_tcp::make_message(header, carried, q.digests);
  if (!w.transport.capsule_drops.empty()) [[unlikely]]
    choose_capsule(
        w, id, command.opcode,
        message.bytes + record_bytes(w.transport.connections[q.connection], message.bytes));
  const ConnectionId connection = w.transport.host_queues[id].connection;
  if (tcp::is_gone(w, connection, Side::host)) [[unlikely]] {
    // "failed to send request": io_work meets the error after the command was taken.
    w.after(Duration{}, [owner = q.owner, cid = std::uint32_t{command.cid}](World& world) {
      world.transport.host.unsent(world, owner, static_cast<std::uint16_t>(cid));
    });
  }
  send_to_target(w, connection, message);
}

ConnectionId connection_of(const World& w, HostQueueId id) {
  return w.transport.host_queues[id].connection;
}

TimePoint last_transmission(const World& w, HostQueueId id) {
  const Connection& c = w.transport.connections[w.transport.host_queues[id].connection];
  const sim::TimerWheel& wheel = c.wheel[0];
  const TimePoint at = c.end[0].last_sent;  // with ticks, of the tick that it was in
  return wheel.is_exact() ? at : std::min(at + wheel.tick(), w.now());
}

void stop_queue(World& w, HostQueueId id) {
  HostQueue& q = w.transport.host_queues[id];
  HOLDFAST_CHECK(w.transport.connections[q.connection].host_queue == id,
                 "the connection is another queue's");
  q.stopped = true;
  w.calendar.cancel(q.setup_timer);
  tcp::shut_down(w, q.connection, Side::host);
}

/// The queue goes; its connection is left.
ConnectionId take_connection(World& w, HostQueueId id) {
  w.calendar.cancel(w.transport.host_queues[id].setup_timer);
  const ConnectionId connection = w.transport.host_queues[id].connection;
  w.transport.host_queues.remove(id);
  forget_capsules(w, connection);
  HOLDFAST_CHECK(w.transport.connections[connection].host_queue == id,
                 "the connection is another queue's");
  return connection;
}

void close_queue(World& w, HostQueueId id) { tcp::release(w, take_connection(w, id), Side::host); }

void forget_queue(World& w, HostQueueId id) { tcp::forget(w, take_connection(w, id), Side::host); }

}  // namespace

const HostFunctions host_functions = {open_queue, submit,      connection_of, last_transmission,
                                      stop_queue, close_queue, forget_queue};

void host_established(World& w, ConnectionId id) {
  HOLDFAST_CHECK(w.transport.connections[id].end[0].delivered == 0,
                 "something came before the connection was there");
  const HostQueue& q = w.transport.host_queues[host_queue_of(w, id)];
  if (q.stopped)
    return;
  if (q.tls.on) [[unlikely]] {
    start_tls(w, id);
  } else {
    initialize(w, id);
  }
}

void initialize(World& w, ConnectionId id) {
  const HostQueueId queue = host_queue_of(w, id);
  HostQueue& q = w.transport.host_queues[queue];
  // A receive timeout of the socket is a timer like others (nvme_tcp_init_connection: rcvtimeo).
  const sim::TimerWheel& wheel = w.transport.connections[id].wheel[0];
  q.setup_timer = w.at(sim::fires_at(wheel, w.now(), icresp_timeout),
                       [queue](World& world) { icresp_missing(world, queue); });
  send_to_target(w, id, make_message(wire::encode_ic_req({.digests = q.digests})));
}

void host_message(World& w, ConnectionId id, const Message& message) {
  const HostQueueId queue = host_queue_of(w, id);
  HostQueue& q = w.transport.host_queues[queue];
  if (q.stopped)
    return;
  if (is_handshake(message)) [[unlikely]] {
    take_server_hello(w, id);
    return;
  }
  const auto bytes = header_of(message);
  const auto type = wire::PduType{std::to_integer<std::uint8_t>(message.header[0])};
  const HostHandlers& up = w.transport.host;
  const bool refused = is_refused_for_its_digest(w, id, Side::host, q.digests, message);
  if (refused && message.damage == Damage::header) [[unlikely]] {
    up.failed(w, q.owner, digest_error);
  } else if (const auto completion = decoded_if(type == wire::PduType::capsule_resp,
                                                wire::decode_capsule_resp, bytes)) {
    up.completed(w, q.owner, with_digest_status(q, *completion, 1));
  } else if (const auto data =
                 decoded_if(type == wire::PduType::c2h_data, wire::decode_c2h_data, bytes)) {
    if (refused) [[unlikely]]
      q.damaged.push_back(data->cid);
    up.data(w, q.owner, data->cid, message.payload);
    if (data->success && !w.transport.host_queues[queue].stopped) {
      HostQueue& after = w.transport.host_queues[queue];
      up.completed(w, after.owner, with_digest_status(after, completion_of(*data), 0));
    }
  } else if (const auto r2t = wire::decode_r2t(bytes)) {
    answer_r2t(w, queue, *r2t);
  } else if (const auto response = wire::decode_ic_resp(bytes)) {
    w.calendar.cancel(q.setup_timer);
    q.digests = response->digests;
    up.ready(w, q.owner, 0);
  } else {
    up.failed(w, q.owner, protocol_error);
  }
}

void host_lost(World& w, ConnectionId id, int error) {
  HostQueue& q = w.transport.host_queues[host_queue_of(w, id)];
  if (q.stopped)
    return;
  // Before ICResp the loss is the outcome of opening the queue; afterwards it is an event.
  const std::uint64_t handshakes = q.handshake == Handshake::over ? 1 : 0;
  const bool was_ready = w.transport.connections[id].end[0].delivered > handshakes;
  w.calendar.cancel(q.setup_timer);
  int reported = error == tcp::closed_by_peer ? tcp::connection_reset : error;
  if (q.handshake == Handshake::begun) {
    reported = handshake_lost;
    note_tls(w, id, reported);
  }
  if (was_ready) {
    w.transport.host.failed(w, q.owner, reported);
  } else {
    w.transport.host.ready(w, q.owner, reported);
  }
}

}  // namespace nvme_tcp

}  // namespace holdfast::transport
