// SPDX-License-Identifier: Apache-2.0
// One transport as a row of functions (as nvmet_fabrics_ops): what queue.hpp offers, for TCP, RDMA
// or FC. Not for others.
#pragma once

#include "models/transport/state.hpp"

namespace holdfast::transport {

/// See queue.hpp for what each function does.
struct TransportOps {
  void (*install)(World&);
  HostQueueId (*open_queue)(World&, net::RouteId forward, net::RouteId back, PortId port,
                            HostOwner owner, HostQueueId admin);
  void (*submit)(World&, HostQueueId, const wire::Command&, const Payload&);
  ConnectionId (*connection_of_host)(const World&, HostQueueId);
  void (*stop_host_queue)(World&, HostQueueId);
  void (*close_host_queue)(World&, HostQueueId);
  void (*respond)(World&, TargetQueueId, const wire::Completion&, const Payload&);
  void (*request_data)(World&, TargetQueueId, std::uint16_t cid, std::uint16_t tag,
                       std::uint32_t bytes);
  ConnectionId (*connection_of_target)(const World&, TargetQueueId);
  void (*stop_target_queue)(World&, TargetQueueId);
  void (*close_target_queue)(World&, TargetQueueId);
};

}  // namespace holdfast::transport
