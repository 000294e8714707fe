// SPDX-License-Identifier: Apache-2.0
// NVMe/RDMA on queue pairs (protocol.md 7.2): a command is a SEND, maybe with data; the target
// fetches other data by READ, places what was read by WRITE, and answers with a SEND.
#include <algorithm>

#include "models/transport/functions.hpp"
#include "models/transport/rdma/internal.hpp"
#include "models/wire/keyed_sgl.hpp"
#include "models/world.hpp"

namespace holdfast::transport::nvme_rdma {

using rdma::QueuePair;
using rdma::QueuePairId;
using rdma::Verb;
using rdma::Work;

namespace {

QueuePairId pair_of(const World& w, HostQueueId id) {
  return QueuePairId{static_cast<std::uint64_t>(w.transport.host_queues[id].connection)};
}
QueuePairId pair_of(const World& w, TargetQueueId id) {
  return QueuePairId{static_cast<std::uint64_t>(w.transport.target_queues[id].connection)};
}

HostQueue& host_queue(World& w, QueuePairId id) {
  HOLDFAST_PACKET_CHECK(w.transport.rdma.pairs[id].end[0].held,
                        "the host has let go of the queue pair");
  return w.transport.host_queues[w.transport.rdma.pairs[id].host_queue];
}
TargetQueue& target_queue(World& w, QueuePairId id) {
  HOLDFAST_PACKET_CHECK(w.transport.rdma.pairs[id].end[1].held,
                        "the target has let go of the queue pair");
  return w.transport.target_queues[w.transport.rdma.pairs[id].target_queue];
}

/// A request is complete when its SEND is acknowledged and its response is there; whichever comes
/// last completes it (nvme_rdma_end_request).
void take_completion(World& w, QueuePairId id, const Work& work) {
  const auto header = std::span(work.header).first<wire::cqe_bytes>();
  const wire::Completion completion = wire::decode_completion(header);
  rdma::End& e = w.transport.rdma.pairs[id].end[0];
  for (std::size_t i = 0; i < e.out.size(); ++i) {
    if (e.out[i].cid != completion.cid)
      continue;
    e.out[i].answered = true;
    e.out[i].answer = completion;
    return;
  }
  w.transport.host.completed(w, host_queue(w, id).owner, completion);
}

}  // namespace

void install(World& w) {
  w.net.deliver = rdma::on_packet;
  w.net.dropped = rdma::on_dropped;
  w.net.duplicated = rdma::on_duplicated;
}

namespace {

HostQueueId open_queue(World& w, net::RouteId forward, net::RouteId back, PortId port,
                       HostOwner owner, HostQueueId) {
  const HostQueueId id = w.transport.host_queues.add();
  w.transport.host_queues[id].owner = owner;
  const auto wheel = w.transport.host.wheel;
  const QueuePairId pair = rdma::open(w, forward, back, port, id,
                                      wheel == nullptr ? sim::TimerWheel{} : wheel(w, owner));
  w.transport.host_queues[id].connection = connection_of(pair);
  return id;
}

void submit(World& w, HostQueueId id, const wire::Command& command, const Payload& data) {
  Work work;
  work.cid = command.cid;
  // Without in-capsule data only the token goes along, which takes no bytes on the wire.
  work.payload = command.has_in_capsule_data() ? data : Payload{0, sim::none<BlobId>, data.version};
  work.bytes = static_cast<std::uint32_t>(wire::sqe_bytes) + work.payload.bytes;
  work.header = wire::encode_keyed_command(command, command.cid);
  rdma::post(w, pair_of(w, id), Side::host, work);
}

ConnectionId connection_of(const World& w, HostQueueId id) {
  return w.transport.host_queues[id].connection;
}

TimePoint last_transmission(const World& w, HostQueueId) { return w.now(); }

void stop_queue(World& w, HostQueueId id) {
  HOLDFAST_CHECK(w.transport.rdma.pairs[pair_of(w, id)].host_queue == id,
                 "the queue pair is another's");
  w.transport.host_queues[id].stopped = true;
  if (w.transport.rdma.pairs[pair_of(w, id)].drains)
    rdma::stop(w, pair_of(w, id), Side::host);
}

void close_queue(World& w, HostQueueId id) {
  const QueuePairId pair = pair_of(w, id);
  rdma::stop(w, pair, Side::host);
  w.transport.host_queues.remove(id);
  rdma::release(w, pair, Side::host);
}

void respond(World& w, TargetQueueId id, const wire::Completion& completion, const Payload& data) {
  Work work;
  work.cid = completion.cid;
  if (data.bytes != 0) {
    work.verb = Verb::write;
    work.bytes = data.bytes;
    work.payload = data;
    rdma::post(w, pair_of(w, id), Side::target, work);
  }
  work.verb = Verb::send;
  work.bytes = wire::cqe_bytes;
  work.payload = {};
  const auto bytes = wire::encode_completion(completion);
  std::copy(bytes.begin(), bytes.end(), work.header.begin());
  rdma::post(w, pair_of(w, id), Side::target, work);
}

void request_data(World& w, TargetQueueId id, std::uint16_t cid, std::uint16_t tag,
                  std::uint32_t bytes) {
  HOLDFAST_PACKET_CHECK(bytes != 0, "a READ fetches data");
  const QueuePairId pair = pair_of(w, id);
  // rdma_rw_ctx_init cuts a transfer into several READs as well.
  const auto most =
      static_cast<std::uint32_t>(rdma::read_packets) * w.transport.rdma.pairs[pair].mtu;
  Work work;
  work.verb = Verb::read;
  work.cid = cid;
  work.tag = tag;
  for (std::uint32_t left = bytes; left != 0; left -= work.bytes) {
    work.bytes = std::min(left, most);
    rdma::post(w, pair, Side::target, work);
  }
}

ConnectionId connection_of(const World& w, TargetQueueId id) {
  return w.transport.target_queues[id].connection;
}

void stop_queue(World& w, TargetQueueId id) {
  HOLDFAST_CHECK(w.transport.rdma.pairs[pair_of(w, id)].target_queue == id,
                 "the queue pair is another's");
  w.transport.target_queues[id].stopped = true;
  rdma::stop(w, pair_of(w, id), Side::target);
}

void close_queue(World& w, TargetQueueId id) {
  const QueuePairId pair = pair_of(w, id);
  rdma::stop(w, pair, Side::target);
  w.transport.target_queues.remove(id);
  rdma::release(w, pair, Side::target);
}

}  // namespace

const HostFunctions host_functions = {open_queue,        submit,     connection_of,
                                      last_transmission, stop_queue, close_queue};
const TargetFunctions target_functions = {
    respond,    request_data, connection_of,
    stop_queue, close_queue,  [](World&, TargetQueueId, std::uint16_t) {}};

void connect_done(World& w, QueuePairId id, int error) {
  const HostQueue& q = host_queue(w, id);
  if (!q.stopped)
    w.transport.host.ready(w, q.owner, error);
}

void accepted(World& w, QueuePairId id) {
  HOLDFAST_CHECK(w.transport.rdma.pairs[id].target_queue == sim::none<TargetQueueId>,
                 "a queue pair is accepted twice");
  const TargetQueueId queue = w.transport.target_queues.add();
  QueuePair& q = w.transport.rdma.pairs[id];
  q.target_queue = queue;
  w.transport.target_queues[queue].connection = connection_of(id);
  const TargetOwner owner = w.transport.target.accepted(w, queue, q.port);
  w.transport.target_queues[queue].owner = owner;
}

void lost(World& w, QueuePairId id, Side side, int error) {
  if (side == Side::host) {
    const HostQueue& q = host_queue(w, id);
    if (!q.stopped)
      w.transport.host.failed(w, q.owner, error);
    return;
  }
  const TargetQueue& q = target_queue(w, id);
  if (q.stopped)
    return;
  // A work request that failed ends the controller (nvmet_rdma_error_comp), a DREQ its own queue.
  if (error == rdma::connection_reset) {
    w.transport.target.lost(w, q.owner, error);
  } else {
    w.transport.target.failed(w, q.owner, error);
  }
}

void received(World& w, QueuePairId id, Side side, const Work& work) {
  if (side == Side::target) {
    const TargetQueue& q = target_queue(w, id);
    std::uint32_t key = 0;
    const wire::Command command = wire::decode_keyed_command(work.header, key);
    if (!q.stopped)
      w.transport.target.command(w, q.owner, command, work.payload);
    return;
  }
  const HostQueue& q = host_queue(w, id);
  if (q.stopped)
    return;
  if (work.verb == Verb::send) {
    take_completion(w, id, work);
  } else if (w.transport.host.payload(w, q.owner, work.cid) != nullptr) {
    w.transport.host.data(w, q.owner, work.cid, work.payload);
  }
}

void landed(World& w, QueuePairId id, std::uint64_t work, std::uint16_t cid) {
  rdma::End& e = w.transport.rdma.pairs[id].end[0];
  if (e.late_work == work || w.transport.host.payload(w, host_queue(w, id).owner, cid) != nullptr)
    return;
  // The adapter does not know that the request is over: it writes into memory that may by now
  // belong to somebody else (protocol.md 9.2).
  e.late_work = work;
  record<Kind::late_data>(w, connection_of(id), cid);
}

const Payload* read_source(World& w, QueuePairId id, std::uint16_t cid) {
  // What a READ fetched may arrive when the host has closed the queue: nobody has the buffer then.
  if (!w.transport.rdma.pairs[id].end[0].held)
    return nullptr;
  return w.transport.host.payload(w, host_queue(w, id).owner, cid);
}

void acknowledged(World& w, QueuePairId id, Side side, const Work& work) {
  if (side == Side::target) {
    const TargetQueue& q = target_queue(w, id);
    if (work.verb == Verb::read && !q.stopped)
      w.transport.target.data(
          w, q.owner, work.tag,
          {work.bytes, sim::none<BlobId>, work.payload.version, work.payload.content});
    return;
  }
  const HostQueue& q = host_queue(w, id);
  if (work.answered && !q.stopped)
    w.transport.host.completed(w, q.owner, work.answer);
}

}  // namespace holdfast::transport::nvme_rdma
