// SPDX-License-Identifier: Apache-2.0
// Hands what the engines ask of a queue pair to the transport of the world.
#include "models/transport/queue.hpp"

#include <algorithm>
#include <array>

#include "models/transport/functions.hpp"
#include "models/world.hpp"

namespace holdfast::transport {

namespace {

struct Row {
  void (*install)(World&);
  const HostFunctions* host;
  const TargetFunctions* target;
};

// In the order of TransportKind.
constexpr std::array<Row, 3> rows = {
    {{nvme_tcp::install, &nvme_tcp::host_functions, &nvme_tcp::target_functions},
     {nvme_rdma::install, &nvme_rdma::host_functions, &nvme_rdma::target_functions},
     {fc::install, &fc::host_functions, &fc::target_functions}}};

const Row& row(const World& w) { return rows[static_cast<std::size_t>(w.transport.kind)]; }
const HostFunctions& host_of(const World& w) { return *row(w).host; }
const TargetFunctions& target_of(const World& w) { return *row(w).target; }

}  // namespace

bool takes(CapsuleDrop& d, HostOwner owner, std::uint8_t opcode) {
  const net::FlowId flow{sim::index(owner)};
  if (!d.armed || d.left == 0 || d.opcode != opcode || flow < d.queues.first ||
      d.queues.last < flow)
    return false;
  if (d.skip != 0) {
    --d.skip;
    return false;
  }
  --d.left;
  return true;
}

void install(World& w, TransportKind kind, const HostHandlers& host, const TargetHandlers& target) {
  HOLDFAST_CHECK(w.transport.host_queues.live() == 0 && w.transport.target_queues.live() == 0,
                 "queues of one transport would be driven by another");
  HOLDFAST_CHECK(static_cast<std::size_t>(kind) < rows.size(),
                 "that transport has no row of functions");
  w.transport.kind = kind;
  w.transport.host = host;
  w.transport.target = target;
  row(w).install(w);
}

PortId add_port(World& w) {
  const PortId id{static_cast<std::uint32_t>(w.transport.ports.size())};
  w.transport.ports.emplace_back();
  w.transport.ports.back().machine = id;
  return id;
}

void add_other_ways(World& w, const std::vector<OtherWay>& ways) {
  HOLDFAST_CHECK(w.transport.kind == TransportKind::tcp, "addresses move with TCP only");
  auto& all = w.transport.other_ways;
  all.insert(all.end(), ways.begin(), ways.end());
  std::stable_sort(all.begin(), all.end(), [](const OtherWay& a, const OtherWay& b) {
    return sim::index(a.forward) < sim::index(b.forward);
  });
}

void move_address(World& w, PortId port, PortId to) {
  const PortId machine = w.transport.ports[sim::index(to)].machine;
  HOLDFAST_CHECK(w.transport.kind == TransportKind::tcp, "addresses move with TCP only");
  HOLDFAST_CHECK(w.transport.ports[sim::index(port)].machine != machine,
                 "an address moves to where it is");
  w.transport.ports[sim::index(port)].machine = machine;
}

HostQueueId open_queue(World& w, net::RouteId forward, net::RouteId back, PortId port,
                       HostOwner owner, HostQueueId admin) {
  HOLDFAST_CHECK(sim::index(port) < w.transport.ports.size(), "there is no such port");
  return host_of(w).open_queue(w, forward, back, port, owner, admin);
}

void use_digests(World& w, HostQueueId id, wire::Digests digests) {
  HOLDFAST_CHECK(w.transport.kind == TransportKind::tcp, "digests are NVMe/TCP's");
  w.transport.host_queues[id].digests = digests;
}

void use_rto_min(World& w, HostQueueId id, Duration rto_min) {
  HOLDFAST_CHECK(w.transport.kind == TransportKind::tcp, "that is TCP's");
  HOLDFAST_CHECK(rto_min > Duration{}, "a timeout has a floor");
  w.transport.connections[w.transport.host_queues[id].connection].end[0].rto_min = rto_min;
}

void use_tls(World& w, HostQueueId id, const TlsSetup& tls) {
  HOLDFAST_CHECK(w.transport.kind == TransportKind::tcp || !tls.on, "TLS is NVMe/TCP's");
  w.transport.host_queues[id].tls = tls;
}

void answer_hello(World& w, TargetQueueId id) {
  HOLDFAST_CHECK(w.transport.kind == TransportKind::tcp, "TLS is NVMe/TCP's");
  nvme_tcp::answer_hello(w, id);
}

bool has_tls(const World& w, TargetQueueId id) {
  return w.transport.kind == TransportKind::tcp &&
         w.transport.connections[w.transport.target_queues[id].connection].tls;
}

void submit(World& w, HostQueueId id, const wire::Command& command, const Payload& data) {
  host_of(w).submit(w, id, command, data);
}

ConnectionId connection_of(const World& w, HostQueueId id) {
  return host_of(w).connection_of(w, id);
}

TimePoint last_transmission(const World& w, HostQueueId id) {
  return host_of(w).last_transmission(w, id);
}

void stop_queue(World& w, HostQueueId id) { host_of(w).stop_queue(w, id); }
void close_queue(World& w, HostQueueId id) { host_of(w).close_queue(w, id); }

void forget_queue(World& w, HostQueueId id) {
  HOLDFAST_CHECK(host_of(w).forget_queue != nullptr, "that transport forgets nothing");
  host_of(w).forget_queue(w, id);
}

void respond(World& w, TargetQueueId id, const wire::Completion& completion, const Payload& data) {
  target_of(w).respond(w, id, completion, data);
}

void leave_unanswered(World& w, TargetQueueId id, std::uint16_t cid) {
  target_of(w).leave_unanswered(w, id, cid);
}

void request_data(World& w, TargetQueueId id, std::uint16_t cid, std::uint16_t tag,
                  std::uint32_t bytes) {
  target_of(w).request_data(w, id, cid, tag, bytes);
}

ConnectionId connection_of(const World& w, TargetQueueId id) {
  return target_of(w).connection_of(w, id);
}

void stop_queue(World& w, TargetQueueId id) { target_of(w).stop_queue(w, id); }
void close_queue(World& w, TargetQueueId id) { target_of(w).close_queue(w, id); }

}  // namespace holdfast::transport
