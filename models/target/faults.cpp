// SPDX-License-Identifier: Apache-2.0
// Faults of single commands: a status instead of execution, a delay before it, a response that goes
// astray; and Connects that wait for each other.
#include <algorithm>
#include <utility>

#include "models/target/internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

using transport::Payload;

namespace {

/// Does a fault mean this command of this controller? If so it is used up by one.
template <class Fault>
bool strikes(Fault& f, std::uint16_t cntlid, bool admin, const wire::Command& command) {
  const bool page = f.page < 0 || f.page == static_cast<std::int16_t>(command.cdw10 & 0xff);
  if (f.cntlid != cntlid || f.admin != admin || f.opcode != command.opcode || !page)
    return false;
  if (!f.endless && f.remaining == 0)
    return false;
  f.remaining -= f.endless ? 0 : 1;
  return true;
}

/// The first of a list that strikes; null: none does.
template <class Faults>
auto* first_of(Faults& faults, std::uint16_t cntlid, bool admin, const wire::Command& command) {
  const auto found = std::find_if(faults.begin(), faults.end(),
                                  [&](auto& f) { return strikes(f, cntlid, admin, command); });
  return found == faults.end() ? nullptr : &*found;
}

/// What comes later is kept with data of its own: the message that brought it will be gone.
LateId keep(World& w, const Late& what, bool copies) {
  const LateId id = w.target.late.add(what);
  if (!copies || what.payload.blob == sim::none<transport::BlobId>)
    return id;
  const transport::BlobId copy = w.transport.blobs.add(what.payload.bytes);
  const auto from = w.transport.blobs[what.payload.blob];
  std::copy(from.begin(), from.end(), w.transport.blobs[copy].begin());
  w.target.late[id].payload.blob = copy;
  return id;
}

Late take(World& w, LateId id) {
  const Late what = w.target.late[id];
  w.target.late.remove(id);
  return what;
}

void drop_data(World& w, const Payload& data) {
  if (data.blob != sim::none<transport::BlobId>)
    w.transport.blobs.remove(data.blob);
}

bool is_served(const World& w, QueueId id) {
  return w.target.queues.contains(id) && !w.target.queues[id].stopped;
}

void late_command(World& w, LateId id) {
  const Late what = take(w, id);
  if (!is_served(w, what.queue))
    return;
  const NodeId node = w.target.queues[what.queue].node;
  if (hangs(w, node)) {
    hold(w, node, {.kind = Held::Kind::admitted, .queue = what.queue, .command = what.command});
  } else {
    execute_admin(w, what.queue, what.command);
  }
}

void late_connect(World& w, LateId id) {
  const Late what = take(w, id);
  if (is_served(w, what.queue))
    connect(w, what.queue, what.command, what.payload, true);
  drop_data(w, what.payload);
}

void late_response(World& w, LateId id) {
  const Late what = take(w, id);
  if (is_served(w, what.queue)) {
    send_response(w, what.queue, what.completion, what.payload);
  } else {
    drop_data(w, what.payload);
  }
}

}  // namespace

void add_status_fault(World& w, SubsystemId subsystem, const StatusFault& fault) {
  HOLDFAST_CHECK(!fault.status.ok(), "a fault that answers with success is none");
  w.target.subsystems[sim::index(subsystem)].status_faults.push_back(fault);
}

void add_response_fault(World& w, SubsystemId subsystem, const ResponseFault& fault) {
  HOLDFAST_CHECK(fault.what == Astray::lost || fault.delay > Duration{},
                 "a response that is late comes later");
  w.target.subsystems[sim::index(subsystem)].response_faults.push_back(fault);
  w.target.any_astray = true;
}

wire::Status forced_status(World& w, const Controller& c, bool admin, const wire::Command& command,
                           std::uint64_t token) {
  auto& faults = w.target.subsystems[sim::index(c.subsystem)].status_faults;
  const StatusFault* const f = first_of(faults, c.cntlid, admin, command);
  if (f == nullptr)
    return {};
  record<Kind::status_forced>(w, c.subsystem, c.cntlid, Token{token}, f->status);
  return f->status;
}

const CommandFault* struck_by(Subsystem& s, std::uint16_t cntlid, bool admin,
                              const wire::Command& command) {
  HOLDFAST_PACKET_CHECK(admin || !s.discovery, "a discovery controller executes no I/O");
  return first_of(s.faults, cntlid, admin, command);
}

bool delay_admin(World& w, QueueId queue, const wire::Command& command) {
  const Controller& c = w.target.controllers[w.target.queues[queue].controller];
  Subsystem& s = w.target.subsystems[sim::index(c.subsystem)];
  const CommandFault* const f = struck_by(s, c.cntlid, true, command);
  if (f == nullptr || f->delay == Duration{})
    return false;
  record<Kind::command_delayed>(w, c.subsystem, c.cntlid, Token{}, f->delay);
  Late what;
  what.queue = queue;
  what.command = command;
  const LateId id = keep(w, what, false);
  w.after(f->delay, [id](World& world) { late_command(world, id); });
  return true;
}

bool delay_connect(World& w, SubsystemId subsystem, QueueId queue, const wire::Command& command,
                   const Payload& data) {
  Subsystem& s = w.target.subsystems[sim::index(subsystem)];
  if (s.profile->connect_time == Duration{})
    return false;
  s.connects_until = std::max(s.connects_until, w.now()) + s.profile->connect_time;
  Late what;
  what.queue = queue;
  what.command = command;
  what.payload = data;
  const LateId id = keep(w, what, true);
  w.at(s.connects_until, [id](World& world) { late_connect(world, id); });
  return true;
}

bool goes_astray(World& w, QueueId queue, const wire::Command& command,
                 const wire::Completion& completion, const Payload& data) {
  const Queue& q = w.target.queues[queue];
  if (q.controller == sim::none<ControllerId> || command.is_fabrics())
    return false;
  const Controller& c = w.target.controllers[q.controller];
  auto& faults = w.target.subsystems[sim::index(c.subsystem)].response_faults;
  const ResponseFault* const f = first_of(faults, c.cntlid, q.qid == 0, command);
  if (f == nullptr)
    return false;
  record<Kind::response_astray>(w, c.subsystem, c.cntlid, completion.cid,
                                static_cast<std::uint8_t>(f->what));
  if (f->what == Astray::lost) {
    drop_data(w, data);
    transport::leave_unanswered(w, q.transport, completion.cid);
    return true;
  }
  Late what;
  what.queue = queue;
  what.completion = completion;
  const Duration delay = f->delay;
  const bool twice = f->what == Astray::twice;
  if (twice) {
    send_response(w, queue, completion, data);
  } else {
    what.payload = data;
  }
  const LateId id = keep(w, what, false);
  w.after(delay, [id](World& world) { late_response(world, id); });
  return true;
}

}  // namespace holdfast::target
