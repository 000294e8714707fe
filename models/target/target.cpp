// SPDX-License-Identifier: Apache-2.0
// The target engine: building it, and where commands enter.
#include "models/target/target.hpp"

#include <algorithm>
#include <utility>

#include "models/target/internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

using transport::Payload;
using wire::StatusCode;

namespace {

transport::TargetOwner accepted(World& w, transport::TargetQueueId transport,
                                transport::PortId port) {
  const QueueId id = w.target.queues.add();
  Queue& q = w.target.queues[id];
  q.transport = transport;
  q.port = port;
  q.node = node_of_port(w, port);
  sim::append<&Queue::on_port>(w.target.queues, queues_at(w, port), id);
  return transport::TargetOwner{static_cast<std::uint64_t>(id)};
}

Token token_of(const wire::Command& command, const Payload& data) {
  return Token{command.is_fabrics() ? 0 : data.version};
}

/// nvmet_req_init: is the command accepted at all? A status other than success says no.
wire::Status admission(const World& w, const Queue& q, const wire::Command& command) {
  HOLDFAST_PACKET_CHECK(q.controller != sim::none<ControllerId>,
                        "only Connect comes before the controller");
  const Controller& c = w.target.controllers[q.controller];
  const Profile& profile = *w.target.subsystems[sim::index(c.subsystem)].profile;
  if (command.is_fused() && (!profile.fused_commands || q.qid == 0))
    return wire::Status(StatusCode::invalid_field).with_dnr();
  if (command.is_fabrics())
    return {};
  // nvmet_check_ctrl_status: EN and RDY only; CFS does not gate commands.
  if (!c.enabled || !c.ready)
    return wire::Status(StatusCode::command_sequence_error).with_dnr();
  return q.qid == 0 ? wire::Status{} : ana_refusal(w, q, command);
}

void hold_command(World& w, QueueId id, NodeId node, const wire::Command& command, Payload data) {
  const Queue& q = w.target.queues[id];
  const bool known = q.controller != sim::none<ControllerId>;
  const std::uint16_t cntlid = known ? w.target.controllers[q.controller].cntlid : 0;
  record<Kind::command_held>(w, w.target.nodes[sim::index(node)].subsystem, cntlid, q.qid,
                             command.cid, command.opcode, token_of(command, data));
  if (data.blob != sim::none<transport::BlobId>) {
    // The message that brought it will be gone.
    const transport::BlobId copy = w.transport.blobs.add(data.bytes);
    const auto from = w.transport.blobs[data.blob];
    std::copy(from.begin(), from.end(), w.transport.blobs[copy].begin());
    data.blob = copy;
  }
  hold(w, node, {.kind = Held::Kind::command, .queue = id, .payload = data, .command = command});
}

void command(World& w, transport::TargetOwner owner, const wire::Command& command,
             const Payload& data) {
  const QueueId id{static_cast<std::uint64_t>(owner)};
  const NodeId node = w.target.queues[id].node;
  if (hangs(w, node) && !w.target.queues[id].stopped) {
    hold_command(w, id, node, command, data);
  } else {
    take_command(w, id, command, data);
  }
}

void data(World& w, transport::TargetOwner owner, std::uint16_t tag, const Payload& payload) {
  const QueueId id{static_cast<std::uint64_t>(owner)};
  const NodeId node = w.target.queues[id].node;
  if (hangs(w, node)) {
    hold(w, node, {.kind = Held::Kind::data, .queue = id, .tag = tag, .payload = payload});
  } else {
    take_data(w, id, tag, payload);
  }
}

void lost(World& w, transport::TargetOwner owner, int) {
  const QueueId id{static_cast<std::uint64_t>(owner)};
  const NodeId node = w.target.queues[id].node;
  if (hangs(w, node)) {
    hold(w, node, {.kind = Held::Kind::lost, .queue = id});
  } else {
    take_loss(w, id);
  }
}

void failed(World& w, transport::TargetOwner owner, int error) {
  const QueueId id{static_cast<std::uint64_t>(owner)};
  const NodeId node = w.target.queues[id].node;
  if (hangs(w, node)) {
    hold(w, node, {.kind = Held::Kind::lost, .queue = id});
  } else if (w.target.queues[id].controller == sim::none<ControllerId>) {
    stop_queue(w, id, true);
  } else {
    fatal_error(w, w.target.queues[id].controller, error);
  }
}

void hello(World& w, transport::TargetOwner owner) {
  const QueueId id{static_cast<std::uint64_t>(owner)};
  const NodeId node = w.target.queues[id].node;
  if (hangs(w, node)) {
    hold(w, node, {.kind = Held::Kind::hello, .queue = id});
  } else {
    take_hello(w, id);
  }
}

/// What goes to the wire. A refused Connect has no controller: subsystem ~0, CNTLID 0.
void record_response(World& w, const Queue& q, std::uint16_t cid, wire::Status status,
                     std::uint64_t result, const Payload& data) {
  const bool known = q.controller != sim::none<ControllerId>;
  const auto subsystem =
      known ? w.target.controllers[q.controller].subsystem : sim::none<SubsystemId>;
  const std::uint16_t cntlid = known ? w.target.controllers[q.controller].cntlid : 0;
  if (data.blob != sim::none<transport::BlobId> && q.qid == 0) {
    const auto bytes = std::as_const(w.transport.blobs)[data.blob].first(data.bytes);
    wire::for_words(bytes, [&](std::uint64_t offset, std::uint64_t value) {
      record<Kind::target_data>(w, subsystem, cntlid, q.qid, cid, offset, value);
    });
  }
  record<Kind::response_sent>(w, subsystem, cntlid, q.qid, cid, status, result);
}

}  // namespace

sim::List<QueueId>& queues_at(World& w, transport::PortId port) {
  auto& ports = w.target.queues_at;
  if (ports.size() <= sim::index(port))
    ports.resize(sim::index(port) + std::size_t{1});
  return ports[sim::index(port)];
}

transport::TargetHandlers handlers() { return {accepted, command, data, lost, failed, hello}; }

void take_loss(World& w, QueueId id) {
  const ControllerId controller = w.target.queues[id].controller;
  if (controller != sim::none<ControllerId>)
    report_lost_host(w, controller, wire::LostHostCause::connection_lost);
  stop_queue(w, id, true);
}

void take_command(World& w, QueueId id, const wire::Command& command, const Payload& data) {
  const Queue& q = w.target.queues[id];
  if (q.stopped)
    return;
  if (q.controller == sim::none<ControllerId>) {
    connect(w, id, command, data);
    return;
  }
  Controller& c = w.target.controllers[q.controller];
  record<Kind::command_fetched>(w, c.subsystem, c.cntlid, q.qid, command.cid, command.opcode,
                                token_of(command, data));
  const wire::Status refused = admission(w, q, command);
  if (!refused.ok()) {
    refuse_command(w, id, command, refused);
    return;
  }
  c.traffic_seen = true;
  if (q.qid == 0 && is_stalled(w, c)) {
    record<Kind::command_held>(w, c.subsystem, c.cntlid, q.qid, command.cid, command.opcode,
                               Token{});
    c.stalled.push_back({.kind = Held::Kind::admitted, .queue = id, .command = command});
    return;
  }
  execute_command(w, id, command, data);
}

void execute_command(World& w, QueueId id, const wire::Command& command, const Payload& data) {
  HOLDFAST_PACKET_CHECK(!w.target.queues[id].stopped, "a queue that is stopped takes no commands");
  const Queue& q = w.target.queues[id];
  const bool admin = q.qid == 0;
  const auto forced =
      forced_status(w, w.target.controllers[q.controller], admin, command, data.version);
  if (!forced.ok()) {
    refuse_command(w, id, command, forced);
  } else if (command.is_fabrics()) {
    execute_fabrics(w, id, command, data);
  } else if (admin) {
    if (!delay_admin(w, id, command))
      execute_admin(w, id, command);
  } else {
    execute_io(w, id, command, data);
  }
}

void respond(World& w, QueueId id, const wire::Command& command, wire::Status status,
             std::uint64_t result, const Payload& data) {
  const Queue& q = w.target.queues[id];
  HOLDFAST_PACKET_CHECK(status.ok() || data.bytes == 0, "a command that failed brings no data");
  if (q.stopped) {
    // The socket is gone: the response goes nowhere (EPIPE), and its data with it.
    if (data.blob != sim::none<transport::BlobId>)
      w.transport.blobs.remove(data.blob);
    transport::leave_unanswered(w, q.transport, command.cid);
    return;
  }
  wire::Completion completion;
  completion.set_result64(result);
  completion.sqid = q.qid;
  completion.cid = command.cid;
  completion.status = status;
  if (w.target.any_astray && goes_astray(w, id, command, completion, data)) [[unlikely]]
    return;
  send_response(w, id, completion, data);
}

void send_response(World& w, QueueId id, const wire::Completion& completion, const Payload& data) {
  const Queue& q = w.target.queues[id];
  record_response(w, q, completion.cid, completion.status, completion.result64(), data);
  transport::respond(w, q.transport, completion, data);
}

SubsystemId add_subsystem(World& w, std::string_view nqn, const Profile& profile,
                          const std::vector<transport::PortId>& ports, std::string_view part) {
  HOLDFAST_CHECK(!nqn.empty() && !ports.empty(), "nobody could connect to such a subsystem");
  HOLDFAST_CHECK(profile.cntlid_min <= profile.cntlid_max && profile.kas > Duration{},
                 "the profile has no controller to give, or no granularity of KATO");
  Subsystem s;
  s.profile = std::make_shared<const Profile>(profile);
  s.ports.assign(ports.begin(), ports.end());
  const std::string entity = "subsystem " + std::string(part.empty() ? nqn : part);
  s.instance_choice = w.choices.add(entity, "instance");
  s.ccr_choice = w.choices.add(entity, "reset delay");
  s.quiesce_choice = w.choices.add(entity, "quiesce time");
  s.fence_choice = w.choices.add(entity, "fence time");
  s.notice_choice = w.choices.add(entity, "notice loss");
  w.target.subsystems.push_back(s);
  w.target.nqns.push_back(std::string(nqn));
  return SubsystemId{static_cast<std::uint32_t>(w.target.subsystems.size() - 1)};
}

NamespaceId add_namespace(World& w, SubsystemId subsystem, const NamespaceParameters& parameters) {
  HOLDFAST_CHECK(sim::index(subsystem) < w.target.subsystems.size(), "there is no such subsystem");
  HOLDFAST_CHECK(parameters.block_bytes > 0 && parameters.size_bytes % parameters.block_bytes == 0,
                 "a namespace is made of whole blocks");
  HOLDFAST_CHECK(parameters.zone_bytes == 0 || parameters.size_bytes % parameters.zone_bytes == 0,
                 "a zoned namespace is made of whole zones");
  const NamespaceId id{static_cast<std::uint32_t>(w.target.namespaces.size())};
  Subsystem& s = w.target.subsystems[sim::index(subsystem)];
  Namespace n;
  n.subsystem = subsystem;
  n.nsid = parameters.nsid;
  n.ana_group = parameters.ana_group;
  n.disk = parameters.disk;
  n.block_bytes = parameters.block_bytes;
  n.blocks = parameters.size_bytes / parameters.block_bytes;
  n.read = parameters.read;
  n.write = parameters.write;
  const std::string entity =
      "namespace " + w.target.nqns[sim::index(subsystem)] + " " + std::to_string(n.nsid);
  n.read_choice = w.choices.add(entity, "read latency");
  n.write_choice = w.choices.add(entity, "write latency");
  n.busy_until.assign(parameters.parallel, sim::epoch);
  n.latest.resize(n.blocks);
  n.zone_blocks = parameters.zone_bytes / parameters.block_bytes;
  if (n.zone_blocks != 0)
    n.written.resize(n.blocks / n.zone_blocks);
  w.target.namespaces.push_back(n);
  s.namespaces.push_back(id);
  return id;
}

void add_command_fault(World& w, SubsystemId subsystem, const CommandFault& fault) {
  HOLDFAST_CHECK(fault.delay >= Duration{}, "a command cannot be done before it came");
  w.target.subsystems[sim::index(subsystem)].faults.push_back(fault);
}

ControllerId find_controller(const World& w, SubsystemId subsystem, std::uint16_t cntlid) {
  const auto& known = w.target.subsystems[sim::index(subsystem)].by_cntlid;
  return cntlid < known.size() ? known[cntlid] : sim::none<ControllerId>;
}

}  // namespace holdfast::target
