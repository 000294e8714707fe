// SPDX-License-Identifier: Apache-2.0
// Hands what the engines ask of a queue pair to the transport of the world.
#include "models/transport/queue.hpp"

#include <array>

#include "models/transport/fc/fc.hpp"
#include "models/transport/ops.hpp"
#include "models/transport/rdma/rdma.hpp"
#include "models/transport/tcp/nvme_tcp.hpp"
#include "models/world.hpp"

namespace holdfast::transport {

namespace {

// In the order of TransportKind.
constexpr auto all_ops = std::to_array<TransportOps>({
    {nvme_tcp::install, nvme_tcp::open_queue, nvme_tcp::submit, nvme_tcp::connection_of,
     nvme_tcp::stop_queue, nvme_tcp::close_queue, nvme_tcp::respond, nvme_tcp::request_data,
     nvme_tcp::connection_of, nvme_tcp::stop_queue, nvme_tcp::close_queue},
    {nvme_rdma::install, nvme_rdma::open_queue, nvme_rdma::submit, nvme_rdma::connection_of,
     nvme_rdma::stop_queue, nvme_rdma::close_queue, nvme_rdma::respond, nvme_rdma::request_data,
     nvme_rdma::connection_of, nvme_rdma::stop_queue, nvme_rdma::close_queue},
    {fc::install, fc::open_queue, fc::submit, fc::connection_of, fc::stop_queue, fc::close_queue,
     fc::respond, fc::request_data, fc::connection_of, fc::stop_queue, fc::close_queue},
});

const TransportOps& ops(const World& w) {
  return all_ops[static_cast<std::size_t>(w.transport.kind)];
}

}  // namespace

void install(World& w, TransportKind kind, const HostHandlers& host, const TargetHandlers& target) {
  w.transport.kind = kind;
  w.transport.host = host;
  w.transport.target = target;
  ops(w).install(w);
}

PortId add_port(World& w) {
  w.transport.ports.emplace_back();
  return PortId{static_cast<std::uint32_t>(w.transport.ports.size() - 1)};
}

HostQueueId open_queue(World& w, net::RouteId forward, net::RouteId back, PortId port,
                       HostOwner owner, HostQueueId admin) {
  return ops(w).open_queue(w, forward, back, port, owner, admin);
}

void use_digests(World& w, HostQueueId id, wire::Digests digests) {
  if (w.transport.kind == TransportKind::tcp)
    w.transport.host_queues[id].digests = digests;
}

void submit(World& w, HostQueueId id, const wire::Command& command, const Payload& data) {
  ops(w).submit(w, id, command, data);
}

ConnectionId connection_of(const World& w, HostQueueId id) {
  return ops(w).connection_of_host(w, id);
}

void stop_queue(World& w, HostQueueId id) { ops(w).stop_host_queue(w, id); }
void close_queue(World& w, HostQueueId id) { ops(w).close_host_queue(w, id); }

void respond(World& w, TargetQueueId id, const wire::Completion& completion, const Payload& data) {
  ops(w).respond(w, id, completion, data);
}

void request_data(World& w, TargetQueueId id, std::uint16_t cid, std::uint16_t tag,
                  std::uint32_t bytes) {
  ops(w).request_data(w, id, cid, tag, bytes);
}

ConnectionId connection_of(const World& w, TargetQueueId id) {
  return ops(w).connection_of_target(w, id);
}

void stop_queue(World& w, TargetQueueId id) { ops(w).stop_target_queue(w, id); }
void close_queue(World& w, TargetQueueId id) { ops(w).close_target_queue(w, id); }

}  // namespace holdfast::transport
