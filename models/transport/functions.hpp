// SPDX-License-Identifier: Apache-2.0
// One transport as rows of functions: what queue.hpp offers, for TCP, RDMA or FC. Not for others.
#pragma once

#include "models/transport/state.hpp"

namespace holdfast::transport {

/// See queue.hpp for what each function does.
struct HostFunctions {
  HostQueueId (*open_queue)(World&, net::RouteId forward, net::RouteId back, PortId port,
                            HostOwner owner, HostQueueId admin);
  void (*submit)(World&, HostQueueId, const wire::Command&, const Payload&);
  ConnectionId (*connection_of)(const World&, HostQueueId);
  TimePoint (*last_transmission)(const World&, HostQueueId);
  void (*stop_queue)(World&, HostQueueId);
  void (*close_queue)(World&, HostQueueId);
  void (*forget_queue)(World&, HostQueueId) = nullptr;  ///< TCP
};

struct TargetFunctions {
  void (*respond)(World&, TargetQueueId, const wire::Completion&, const Payload&);
  void (*request_data)(World&, TargetQueueId, std::uint16_t cid, std::uint16_t tag,
                       std::uint32_t bytes);
  ConnectionId (*connection_of)(const World&, TargetQueueId);
  void (*stop_queue)(World&, TargetQueueId);
  void (*close_queue)(World&, TargetQueueId);
  void (*leave_unanswered)(World&, TargetQueueId, std::uint16_t cid);
};

/// A command that goes out is counted by a fault that drops some; true: it is one of those.
bool takes(CapsuleDrop& drop, HostOwner owner, std::uint8_t opcode);

/// What each transport defines: it connects itself to the network below, and has these two rows.
namespace nvme_tcp {
void install(World& w);
void answer_hello(World& w, TargetQueueId id);
extern const HostFunctions host_functions;
extern const TargetFunctions target_functions;
}  // namespace nvme_tcp

namespace nvme_rdma {
void install(World& w);
extern const HostFunctions host_functions;
extern const TargetFunctions target_functions;
}  // namespace nvme_rdma

namespace fc {
void install(World& w);
extern const HostFunctions host_functions;
extern const TargetFunctions target_functions;
}  // namespace fc

}  // namespace holdfast::transport
