// SPDX-License-Identifier: Apache-2.0
// I/O commands of the target: data, media latency, faults that hold a command back, and what lands
// on the medium. A command that executes runs to its end even when its connection is gone.
#include "models/target/internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

using transport::Payload;
using wire::IoOpcode;
using wire::StatusCode;

namespace {

Namespace& namespace_of(World& w, const Request& r) {
  return w.target.namespaces[sim::index(r.ns)];
}

NamespaceId find_namespace(const World& w, SubsystemId subsystem, std::uint32_t nsid) {
  for (const NamespaceId id : w.target.subsystems[sim::index(subsystem)].namespaces) {
    if (w.target.namespaces[sim::index(id)].nsid == nsid)
      return id;
  }
  return sim::none<NamespaceId>;
}

void write_media(World& w, const Request& r, const wire::BlockRange& range) {
  Namespace& n = namespace_of(w, r);
  for (std::uint32_t i = 0; i < range.blocks; ++i) {
    std::uint64_t& latest = n.latest.writable(range.slba + i);
    n.history.push_back({r.version, latest, w.now()});
    latest = n.history.size();
  }
  record<Kind::media_write>(w, n.disk, range.slba, range.blocks, r.version, r.subsystem, r.cntlid);
}

Version read_media(World& w, const Request& r, const wire::BlockRange& range) {
  const Namespace& n = namespace_of(w, r);
  Version first = 0;
  // One record per block: the oracle judges each block on its own.
  for (std::uint32_t i = 0; i < range.blocks; ++i) {
    const std::uint64_t latest = n.latest[range.slba + i];
    const Version version = latest == 0 ? 0 : n.history[latest - 1].version;
    if (i == 0)
      first = version;
    record<Kind::media_read>(w, n.disk, range.slba + i, i, r.version, version, r.cntlid);
  }
  return first;
}

}  // namespace

void finish(World& w, RequestId id) {
  const Request r = w.target.requests[id];
  if (hangs(w, r.node)) {
    hold(w, r.node, {.kind = Held::Kind::finished, .request = id});
    return;
  }
  w.target.requests.remove(id);
  if (r.aborted)
    return;
  Payload data;
  if (const auto range = wire::as_block_range(r.command)) {
    if (r.command.opcode == wire::raw(IoOpcode::read)) {
      data.version = read_media(w, r, *range);
      data.bytes = range->blocks * namespace_of(w, r).block_bytes;
    } else {
      write_media(w, r, *range);
    }
  }
  if (r.detached)
    return;
  --w.target.queues[r.queue].executing;
  respond(w, r.queue, r.command, {}, 0, data);
  release_if_drained(w, r.queue);
}

namespace {

void execute(World& w, RequestId id) {
  Request& r = w.target.requests[id];
  r.executing = true;
  ++w.target.queues[r.queue].executing;
  const Namespace& n = namespace_of(w, r);
  Duration latency = r.delay;
  if (r.command.opcode == wire::raw(IoOpcode::read)) {
    latency += draw(w.choices, n.read_choice, n.read);
  } else if (r.command.opcode == wire::raw(IoOpcode::write)) {
    latency += draw(w.choices, n.write_choice, n.write);
  }
  w.after(latency, [id](World& world) { finish(world, id); });
}

/// Fields that decide whether a read, write or flush can be executed.
wire::Status check(const Namespace& n, const wire::Command& command) {
  const auto range = wire::as_block_range(command);
  if (!range)
    return {};
  if (range->slba >= n.blocks || range->blocks > n.blocks - range->slba) {
    return wire::Status(StatusCode::lba_out_of_range).with_dnr();
  }
  if (command.sgl.length != std::uint64_t{range->blocks} * n.block_bytes) {
    return wire::Status(StatusCode::sgl_invalid_data_length).with_dnr();
  }
  return {};
}

/// The fault that strikes this command, if any; it is used up by the call.
const CommandFault* struck_by(Subsystem& s, std::uint16_t cntlid, std::uint8_t opcode) {
  for (CommandFault& f : s.faults) {
    if (f.cntlid != cntlid || f.opcode != opcode)
      continue;
    if (!f.endless) {
      if (f.remaining == 0)
        continue;
      --f.remaining;
    }
    return &f;
  }
  return nullptr;
}

bool is_supported(const wire::Command& command) {
  const auto opcode = static_cast<IoOpcode>(command.opcode);
  return opcode == IoOpcode::read || opcode == IoOpcode::write || opcode == IoOpcode::flush;
}

}  // namespace

void execute_io(World& w, QueueId queue, const wire::Command& command, const Payload& data) {
  const Controller& c = w.target.controllers[w.target.queues[queue].controller];
  const ControllerId controller = w.target.queues[queue].controller;
  const NamespaceId ns = find_namespace(w, c.subsystem, command.nsid);
  wire::Status status;
  if (!is_supported(command)) {
    status = wire::Status(StatusCode::invalid_opcode).with_dnr();
  } else if (ns == sim::none<NamespaceId>) {
    status = wire::Status(StatusCode::invalid_namespace).with_dnr();
  } else {
    status = check(w.target.namespaces[sim::index(ns)], command);
  }
  if (!status.ok()) {
    respond(w, queue, command, status);
    return;
  }
  const RequestId id = w.target.requests.add();
  Request& r = w.target.requests[id];
  r.queue = queue;
  r.subsystem = c.subsystem;
  r.cntlid = c.cntlid;
  r.ns = ns;
  r.node = c.node;
  r.command = command;
  // What a write writes; for a read the token of the attempt, so that what it finds has an owner.
  r.version = data.version;
  r.received = data.bytes;
  bool fatal = false;
  Subsystem& s = w.target.subsystems[sim::index(c.subsystem)];
  if (const CommandFault* fault = struck_by(s, c.cntlid, command.opcode)) {
    r.delay = fault->delay;
    fatal = fault->fatal;
    record<Kind::command_delayed>(w, c.subsystem, c.cntlid, r.version, r.delay.count());
  }
  const bool complete =
      command.opcode != wire::raw(IoOpcode::write) || r.received == command.sgl.length;
  if (complete) {
    execute(w, id);
  } else {
    Queue& q = w.target.queues[queue];
    r.next_waiting = q.first_waiting;
    q.first_waiting = id;
    transport::request_data(w, q.transport, command.cid, static_cast<std::uint16_t>(command.cid),
                            command.sgl.length);
  }
  if (fatal)
    fatal_error(w, controller, cause_fault);
}

void take_data(World& w, QueueId queue, std::uint16_t tag, const Payload& data) {
  Queue& q = w.target.queues[queue];
  RequestId* link = &q.first_waiting;
  while (*link != sim::none<RequestId> && w.target.requests[*link].command.cid != tag) {
    link = &w.target.requests[*link].next_waiting;
  }
  if (*link == sim::none<RequestId>) {
    // Data for a command that nobody asked data for: nvmet_tcp_fatal_error.
    fatal_error(w, q.controller, transport::protocol_error);
    return;
  }
  const RequestId id = *link;
  Request& r = w.target.requests[id];
  r.received += data.bytes;
  r.version = data.version;
  if (r.received < r.command.sgl.length)
    return;
  *link = r.next_waiting;
  execute(w, id);
}

}  // namespace holdfast::target
