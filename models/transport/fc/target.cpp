// SPDX-License-Identifier: Apache-2.0
// The target's end of NVMe/FC, after nvmet-fc: associations, commands, data on request. Aborting an
// exchange never stops a command that executes (protocol.md 1.8).
#include <algorithm>

#include "models/transport/fc/internal.hpp"
#include "models/transport/functions.hpp"
#include "models/transport/queue.hpp"
#include "models/world.hpp"

namespace holdfast::transport::fc {

namespace {

TargetQueueId queue_of(const Connection& c) { return c.target_queue; }

bool target_listens(const World& w, const Connection& c) {
  return c.target_queue != sim::none<TargetQueueId> &&
         !w.transport.target_queues[queue_of(c)].stopped;
}

/// The target ends an exchange that it cannot or will not answer.
void refuse(World& w, ExchangeId id) {
  end(w, id, Side::target);
  send(w, id, Side::target, Iu::abts, 0);
  settle(w, id);
}

void hand_up(World& w, ExchangeId id, const Payload& data) {
  Exchange& x = exchange(w, id);
  HOLDFAST_PACKET_CHECK(!x.delivered, "the target engine gets a command twice");
  HOLDFAST_PACKET_CHECK(x.service == Service::command, "a link service is no command");
  x.delivered = true;
  const wire::Command command = x.command;
  const TargetOwner owner = w.transport.target_queues[queue_of(connection(w, x.connection))].owner;
  w.transport.target.command(w, owner, command, data);
}

void take_command(World& w, ExchangeId id) {
  Exchange& x = exchange(w, id);
  HOLDFAST_PACKET_CHECK(!x.opened, "a command frame comes twice, and nothing is sent twice");
  x.opened = true;
  if (!target_listens(w, connection(w, x.connection))) {
    refuse(w, id);
    return;
  }
  remember(w, id, Side::target);
  // The adapter fetches the data before a command is executed (nvmet_fc_handle_fcp_rqst), so the
  // engine never has to ask.
  if (x.data[at(Side::host)].bytes != 0) {
    x.waits_for_data = true;
    send(w, id, Side::target, Iu::transfer_ready, transfer_ready_bytes);
  } else {
    hand_up(w, id, {0, sim::none<BlobId>, x.data[at(Side::host)].version});
  }
}

void take_data(World& w, ExchangeId id) {
  Exchange& x = exchange(w, id);
  if (x.done[at(Side::target)])
    return;
  x.waits_for_data = false;
  if (!target_listens(w, connection(w, x.connection)))
    return;
  hand_up(w, id, x.data[at(Side::host)]);
}

/// The host's adapter aborts one exchange. What executes goes on.
void take_abts(World& w, ExchangeId id) {
  Exchange& x = exchange(w, id);
  x.waits_for_data = false;
  if (x.opened)
    end(w, id, Side::target);
  send(w, id, Side::target, Iu::abts_accept, abts_accept_bytes);
}

/// The host has disconnected, or the target's controller has ended: all queues go.
void end_association(World& w, ConnectionId association) {
  const auto& all = w.transport.fc.connections;
  for (const ConnectionId id :
       sim::members<&Connection::of_association>(all, all[association].queues)) {
    if (!all.contains(id))
      continue;
    const Connection& c = all[id];
    if (target_listens(w, c))
      w.transport.target.lost(w, w.transport.target_queues[queue_of(c)].owner, 0);
  }
}

void accept(World& w, ExchangeId id) {
  const ConnectionId of = exchange(w, id).connection;
  const ConnectionId association = connection(w, of).association;
  const TargetQueueId queue = w.transport.target_queues.add();
  HOLDFAST_CHECK(connection(w, of).target_queue == sim::none<TargetQueueId>,
                 "a connection is accepted twice");
  w.transport.target_queues[queue].connection = of;
  connection(w, of).target_queue = queue;
  ++connection(w, association).target_queues;
  const TargetOwner owner = w.transport.target.accepted(w, queue, connection(w, of).port);
  w.transport.target_queues[queue].owner = owner;
  const bool admin = of == association;
  send(w, id, Side::target, Iu::ls_accept,
       admin ? create_association_accept_bytes : create_connection_accept_bytes);
}

/// What a queue leaves unanswered.
void refuse_open(World& w, ConnectionId of) {
  for (const ExchangeId id : exchanges_of(w, of)) {
    if (!w.transport.fc.exchanges.contains(id))
      continue;
    const Exchange& x = exchange(w, id);
    if (x.service == Service::command && x.opened && !x.done[at(Side::target)])
      refuse(w, id);
  }
}

void answer_disconnect(World& w, ExchangeId id) {
  send(w, id, Side::target, Iu::ls_accept, disconnect_accept_bytes);
  end(w, id, Side::target);
  settle(w, id);
}

/// The association is gone. Disconnect Association goes out when the last command has run to its
/// end, not before (nvmet_fc_target_assoc_free); so does the answer to the host's.
void disconnect(World& w, ConnectionId association) {
  HOLDFAST_CHECK(connection(w, association).target_queues == 0, "the association still has queues");
  const ExchangeId asked = connection(w, association).unanswered_by_target;
  connection(w, association).unanswered_by_target = sim::none<ExchangeId>;
  if (asked != sim::none<ExchangeId>) {
    answer_disconnect(w, asked);
    return;
  }
  // Nobody waits for the answer.
  const ExchangeId x = open_exchange(w, association, Service::disconnect, Side::target);
  send(w, x, Side::target, Iu::ls_request, disconnect_bytes);
  end(w, x, Side::target);
  settle(w, x);
}

void take_service(World& w, ExchangeId id) {
  Exchange& x = exchange(w, id);
  HOLDFAST_CHECK(x.service != Service::command, "a command is no link service");
  const ConnectionId of = x.connection;
  x.opened = true;
  if (x.service == Service::disconnect) {
    if (connection(w, of).target_queues == 0) {
      answer_disconnect(w, id);
      return;
    }
    // Answered when the association is gone, that is when its commands have run to their end.
    connection(w, of).unanswered_by_target = id;
    connection(w, of).terminating = true;
    end_association(w, of);
    return;
  }
  const Connection& association = connection(w, connection(w, of).association);
  const bool alive = x.service == Service::create_association
                         ? w.transport.ports[sim::index(association.port)].listening
                         : !association.terminating && association.target_queues != 0;
  if (alive) {
    accept(w, id);
  } else {
    send(w, id, Side::target, Iu::ls_reject, ls_reject_bytes);
  }
  end(w, id, Side::target);
}

}  // namespace

namespace {

void respond(World& w, TargetQueueId queue, const wire::Completion& completion,
             const Payload& data) {
  const ConnectionId of = w.transport.target_queues[queue].connection;
  const ExchangeId id = find(w, of, Side::target, completion.cid);
  if (id == sim::none<ExchangeId>) {
    // The exchange was aborted: the answer goes nowhere.
    if (data.blob != sim::none<BlobId>)
      w.transport.blobs.remove(data.blob);
    return;
  }
  Exchange& x = exchange(w, id);
  x.completion = completion;
  x.data[at(Side::target)] = data;
  // nvmet_fc_prep_fcp_rsp: the short form says success and nothing else.
  const bool extended =
      !completion.status.ok() || completion.result64() != 0 || x.command.is_fabrics();
  if (data.bytes != 0)
    send(w, id, Side::target, Iu::data, data.bytes);
  send(w, id, Side::target, extended ? Iu::extended_response : Iu::response,
       extended ? extended_response_bytes : response_bytes);
  end(w, id, Side::target);
  settle(w, id);
}

/// nvmet_fc_abort_op: of a queue that goes away a command ends its exchange when it is done, the
/// host need not wait for the others.
void leave_unanswered(World& w, TargetQueueId queue, std::uint16_t cid) {
  const ConnectionId of = w.transport.target_queues[queue].connection;
  const ExchangeId id = find(w, of, Side::target, cid);
  if (id != sim::none<ExchangeId>)
    refuse(w, id);
}

void request_data(World&, TargetQueueId, std::uint16_t, std::uint16_t, std::uint32_t) {
  // Not needed: see take_command.
  HOLDFAST_CHECK(false, "the adapter fetches data before the engine has the command");
}

ConnectionId connection_of(const World& w, TargetQueueId id) {
  return w.transport.target_queues[id].connection;
}

void stop_queue(World& w, TargetQueueId id) {
  const ConnectionId of = w.transport.target_queues[id].connection;
  HOLDFAST_CHECK(connection(w, of).target_queue == id, "the connection is another queue's");
  const ConnectionId association = connection(w, of).association;
  w.transport.target_queues[id].stopped = true;
  // Only exchanges that wait for write data are aborted (nvmet_fc_delete_target_queue).
  for (const ExchangeId one : exchanges_of(w, of)) {
    if (!w.transport.fc.exchanges.contains(one))
      continue;
    const Exchange& x = exchange(w, one);
    if (x.waits_for_data && !x.done[at(Side::target)])
      refuse(w, one);
  }
  if (association != of || connection(w, of).terminating)
    return;
  connection(w, of).terminating = true;
  // Queues of the association that have no controller yet go with it.
  w.after(Duration{}, [of](World& world) {
    if (world.transport.fc.connections.contains(of) && connection(world, of).terminating)
      end_association(world, of);
  });
}

void close_queue(World& w, TargetQueueId id) {
  const ConnectionId of = w.transport.target_queues[id].connection;
  const ConnectionId association = connection(w, of).association;
  HOLDFAST_CHECK(connection(w, of).target_queue == id, "the connection is another queue's");
  HOLDFAST_CHECK(connection(w, association).target_queues > 0,
                 "a queue goes that its association does not count");
  ++connection(w, association).exchanges;  // it stays until we are through
  w.transport.target_queues.remove(id);
  connection(w, of).target_queue = sim::none<TargetQueueId>;
  const bool last = --connection(w, association).target_queues == 0;
  // The admin queue is the last to go, whenever the engine was through with it: its AERs stay until
  // the commands of the I/O queues have run to their end.
  if (of != association)
    refuse_open(w, of);
  if (last) {
    refuse_open(w, association);
    disconnect(w, association);
  }
  --connection(w, association).exchanges;
  if (of != association)
    settle_connection(w, of);
  settle_connection(w, association);
}

}  // namespace

const TargetFunctions target_functions = {respond,    request_data, connection_of,
                                          stop_queue, close_queue,  leave_unanswered};

void target_unit(World& w, ExchangeId id, Iu iu) {
  switch (iu) {
    case Iu::command:
      take_command(w, id);
      return;
    case Iu::data:
      take_data(w, id);
      return;
    case Iu::abts:
      take_abts(w, id);
      return;
    case Iu::ls_request:
      take_service(w, id);
      return;
    default:
      return;
  }
}

}  // namespace holdfast::transport::fc
