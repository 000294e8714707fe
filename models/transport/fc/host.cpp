// SPDX-License-Identifier: Apache-2.0
// The host's end of NVMe/FC, as its adapter and the lower half of the driver do it: link services,
// commands, data on request, ABTS.
#include "models/transport/fc/internal.hpp"
#include "models/transport/functions.hpp"
#include "models/transport/queue.hpp"
#include "models/world.hpp"

namespace holdfast::transport::fc {

namespace {

using wire::StatusCode;

bool host_listens(const World& w, const Connection& c) {
  return c.host_queue != sim::none<HostQueueId> && !w.transport.host_queues[c.host_queue].stopped;
}

/// Nothing that is sent there leaves the adapter.
bool is_unreachable(const World& w, const Connection& c) {
  return is_apart(w, c.route[at(Side::host)]) || is_refused(w, c);
}

HostOwner owner_of(const World& w, const Connection& c) {
  return w.transport.host_queues[c.host_queue].owner;
}

void request_service(World& w, ConnectionId id, Service service, std::uint32_t bytes) {
  HOLDFAST_CHECK(service != Service::command, "a command is no link service");
  const ExchangeId x = open_exchange(w, id, service, Side::host);
  const bool at_once = is_unreachable(w, connection(w, id));
  const Duration wait = at_once ? Duration{} : w.transport.fc.parameters.ls_timeout;
  exchange(w, x).timer =
      w.after(wait, [x](World& world) { give_up(world, x, StatusCode::host_aborted_command); });
  send(w, x, Side::host, Iu::ls_request, bytes);
}

/// The frame of a command is lost on its way, and nothing is sent twice. Each fault counts for
/// itself.
bool is_dropped(World& w, HostOwner owner, std::uint8_t opcode) {
  bool dropped = false;
  for (CapsuleDrop& d : w.transport.capsule_drops)
    dropped = takes(d, owner, opcode) || dropped;
  return dropped;
}

void service_over(World& w, ExchangeId id, int error) {
  HOLDFAST_CHECK(exchange(w, id).service != Service::command, "a command is no link service");
  const ConnectionId of = exchange(w, id).connection;
  const Service service = exchange(w, id).service;
  end(w, id, Side::host);
  if (service == Service::disconnect)
    return;
  connection(w, of).ready = error == 0;
  const Connection& c = connection(w, of);
  if (host_listens(w, c))
    w.transport.host.ready(w, owner_of(w, c), error);
}

/// A command ends without an answer of the target.
void command_over(World& w, ExchangeId id, wire::Status status) {
  HOLDFAST_CHECK(exchange(w, id).service == Service::command, "a link service is no command");
  HOLDFAST_CHECK(!status.ok(), "a command succeeds only with an answer");
  const std::uint16_t cid = exchange(w, id).command.cid;
  const ConnectionId of = exchange(w, id).connection;
  end(w, id, Side::host);
  const Connection& c = connection(w, of);
  if (host_listens(w, c))
    w.transport.host.ended(w, owner_of(w, c), cid, status);
}

void take_response(World& w, ExchangeId id) {
  HOLDFAST_PACKET_CHECK(!exchange(w, id).done[at(Side::host)], "the host has ended the exchange");
  const Exchange& x = exchange(w, id);
  const auto& answer = x.data[at(Side::target)];
  if (x.received[at(Side::host)] != answer.bytes) {
    command_over(w, id, StatusCode::host_path_error);  // some of its data was lost
    return;
  }
  const wire::Completion completion = x.completion;
  const ConnectionId of = x.connection;
  end(w, id, Side::host);
  const Connection& c = connection(w, of);
  if (host_listens(w, c))
    w.transport.host.completed(w, owner_of(w, c), completion);
}

void take_disconnect(World& w, ExchangeId id) {
  const ConnectionId of = exchange(w, id).connection;
  exchange(w, id).opened = true;
  if (connection(w, of).host_queue == sim::none<HostQueueId>) {
    send(w, id, Side::host, Iu::ls_accept, disconnect_accept_bytes);
    end(w, id, Side::host);
    return;
  }
  // It is answered when the association has been torn down.
  connection(w, of).unanswered = id;
  const Connection& c = connection(w, of);
  if (host_listens(w, c))
    w.transport.host.failed(w, owner_of(w, c), disconnected);
}

}  // namespace

void give_up(World& w, ExchangeId id, wire::Status status) {
  HOLDFAST_CHECK(!exchange(w, id).done[at(Side::host)],
                 "the timer of an exchange goes when the exchange does");
  const Exchange& x = exchange(w, id);
  if (x.service != Service::command) {
    const Connection& c = connection(w, x.connection);
    const bool apart = is_apart(w, c.route[at(Side::host)]);
    service_over(w, id, apart ? no_port : is_refused(w, c) ? refused : timed_out);
  } else {
    command_over(w, id, status);
  }
  settle(w, id);
}

namespace {

HostQueueId open_queue(World& w, net::RouteId forward, net::RouteId back, PortId port,
                       HostOwner owner, HostQueueId admin) {
  const HostQueueId queue = w.transport.host_queues.add();
  const bool is_admin = admin == sim::none<HostQueueId>;
  HOLDFAST_CHECK(
      is_admin || w.transport.fc.connections.contains(w.transport.host_queues[admin].connection),
      "the association has been freed");
  const ConnectionId id = open_connection(
      w, forward, back, port,
      is_admin ? sim::none<ConnectionId> : w.transport.host_queues[admin].connection);
  w.transport.host_queues[queue].owner = owner;
  w.transport.host_queues[queue].connection = id;
  Connection& c = connection(w, id);
  c.host_queue = queue;
  if (is_admin) {
    request_service(w, id, Service::create_association, create_association_bytes);
  } else {
    ++connection(w, c.association).members;
    request_service(w, id, Service::create_connection, create_connection_bytes);
  }
  return queue;
}

void submit(World& w, HostQueueId queue, const wire::Command& command, const Payload& data) {
  const ConnectionId of = w.transport.host_queues[queue].connection;
  const ExchangeId id = open_exchange(w, of, Service::command, Side::host);
  HOLDFAST_PACKET_CHECK(connection(w, of).host_queue == queue, "the connection is another queue's");
  Exchange& x = exchange(w, id);
  x.command = command;
  x.data[at(Side::host)] = data;
  remember(w, id, Side::host);
  const bool apart = is_apart(w, connection(w, of).route[at(Side::host)]);
  const bool refused = !apart && is_refused(w, connection(w, of));
  if (apart || refused) {
    // nvme_fc_start_fcp_op: BLK_STS_IOERR, unless the port is known to be gone.
    const wire::Status status =
        refused ? wire::Status(StatusCode::internal_error).with_dnr() : StatusCode::host_path_error;
    x.timer = w.after(Duration{}, [id, status = sim::Filled(status)](World& world) {
      give_up(world, id, status);
    });
  }
  if (is_dropped(w, w.transport.host_queues[queue].owner, command.opcode)) [[unlikely]] {
    record<Kind::iu_sent>(w, of, Side::host, Iu::command, command_bytes, id, Token{data.version});
    return;
  }
  send(w, id, Side::host, Iu::command, command_bytes);
}

ConnectionId connection_of(const World& w, HostQueueId id) {
  return w.transport.host_queues[id].connection;
}

TimePoint last_transmission(const World&, HostQueueId) { return sim::epoch; }

void stop_queue(World& w, HostQueueId id) { w.transport.host_queues[id].stopped = true; }

/// Aborts what is left; with the admin queue goes Disconnect Association.
void close_queue(World& w, HostQueueId id) {
  const ConnectionId of = w.transport.host_queues[id].connection;
  HOLDFAST_CHECK(connection(w, of).host_queue == id, "the connection is another queue's");
  w.transport.host_queues.remove(id);
  connection(w, of).host_queue = sim::none<HostQueueId>;
  for (const ExchangeId one : exchanges_of(w, of)) {
    if (!w.transport.fc.exchanges.contains(one))
      continue;
    const Exchange& x = exchange(w, one);
    if (x.from_target || x.done[at(Side::host)])
      continue;
    const bool to_abort = x.service == Service::command && !x.aborting;
    end(w, one, Side::host);
    if (to_abort)
      send(w, one, Side::host, Iu::abts, 0);
    settle(w, one);
  }
  if (!w.transport.fc.connections.contains(of))
    return;  // the last exchange took it along
  if (connection(w, of).association == of && connection(w, of).ready)
    request_service(w, of, Service::disconnect, disconnect_bytes);
  const ExchangeId asked = connection(w, of).unanswered;
  if (asked != sim::none<ExchangeId>) {
    connection(w, of).unanswered = sim::none<ExchangeId>;
    send(w, asked, Side::host, Iu::ls_accept, disconnect_accept_bytes);
    end(w, asked, Side::host);
    settle(w, asked);
  }
  settle_connection(w, of);
}

}  // namespace

const HostFunctions host_functions = {open_queue,        submit,     connection_of,
                                      last_transmission, stop_queue, close_queue};

bool abort(World& w, HostQueueId queue, std::uint16_t cid) {
  const ConnectionId of = w.transport.host_queues[queue].connection;
  const ExchangeId id = find(w, of, Side::host, cid);
  if (id == sim::none<ExchangeId> || exchange(w, id).aborting)
    return false;
  exchange(w, id).aborting = true;
  // An adapter that has no login to the port has nobody to wait for.
  const bool at_once = is_unreachable(w, connection(w, of));
  const Duration wait = at_once ? Duration{} : w.transport.fc.parameters.abort_timeout;
  w.calendar.cancel(exchange(w, id).timer);
  exchange(w, id).timer =
      w.after(wait, [id](World& world) { give_up(world, id, StatusCode::host_aborted_command); });
  send(w, id, Side::host, Iu::abts, 0);
  return true;
}

void host_unit(World& w, ExchangeId id, Iu iu) {
  const bool over = exchange(w, id).done[at(Side::host)];
  const bool live = !over && !exchange(w, id).aborting;
  const ConnectionId of = exchange(w, id).connection;
  switch (iu) {
    case Iu::transfer_ready:
      if (live)
        send(w, id, Side::host, Iu::data, exchange(w, id).data[at(Side::host)].bytes);
      return;
    case Iu::data:
      if (live && host_listens(w, connection(w, of))) {
        const Payload data = exchange(w, id).data[at(Side::target)];
        w.transport.host.data(w, owner_of(w, connection(w, of)), exchange(w, id).command.cid, data);
      }
      return;
    case Iu::response:
    case Iu::extended_response:
      // An answer that crosses an ABTS counts for nothing (nvme_fc_fcpio_done).
      if (live)
        take_response(w, id);
      return;
    case Iu::abts:
      send(w, id, Side::host, Iu::abts_accept, abts_accept_bytes);
      if (!over)
        command_over(w, id, StatusCode::host_path_error);
      return;
    case Iu::abts_accept:
      if (!over)
        command_over(w, id, StatusCode::host_aborted_command);
      return;
    case Iu::ls_request:
      take_disconnect(w, id);
      return;
    case Iu::ls_accept:
    case Iu::ls_reject:
      if (!over)
        service_over(w, id, iu == Iu::ls_accept ? 0 : rejected);
      return;
    case Iu::command:
      return;
  }
}

}  // namespace holdfast::transport::fc
