// SPDX-License-Identifier: Apache-2.0
// The kernel log of an association: sockets, queues, connects and how they fail.
#include "analysis/traces/kernel_log.hpp"
#include "models/transport/queue.hpp"
#include "models/transport/rdma/rdma.hpp"
#include "models/transport/tcp/tcp.hpp"

namespace holdfast::analysis::kernel {

using host::Setup;

namespace {
constexpr int resource_unavailable = 11;
}

transport::HostQueueId KernelLog::host_queue_of(transport::ConnectionId id) const {
  const auto& pairs = w_.transport.rdma.pairs;
  const auto& connections = w_.transport.connections;
  return is_rdma() ? pairs[pairs.id_at(sim::index(id))].host_queue
                   : connections[connections.id_at(sim::index(id))].host_queue;
}

transport::TargetQueueId KernelLog::target_queue_of(transport::ConnectionId id) const {
  const auto& pairs = w_.transport.rdma.pairs;
  const auto& connections = w_.transport.connections;
  return is_rdma() ? pairs[pairs.id_at(sim::index(id))].target_queue
                   : connections[connections.id_at(sim::index(id))].target_queue;
}

/// The first I/O socket of an association shows that its queues have been counted.
void KernelLog::on_opening(transport::ConnectionId connection) {
  joined_.erase(connection);
  const auto owner = w_.transport.host_queues[host_queue_of(connection)].owner;
  const host::Queue& q = w_.host.queues[sim::index(owner)];
  const host::ControllerId id = q.controller;
  Watch& at = watch(id);
  at.qid = q.qid;
  at.setup = controller(id).setup;
  if (at.setup == Setup::io_transport && q.qid == 1)
    say(id, fmt::format("creating {} I/O queues.", controller(id).io_queues));
}

bool KernelLog::on_setup(const sim::Record& r) {
  switch (Kind{r.kind}) {
    case Kind::tcp_state: {
      const Words<Kind::tcp_state> words(r);
      const bool opens = words.get<"side">() == transport::Side::host &&
                         words.get<"state">() == transport::TcpState::syn_sent;
      if (opens)
        on_opening(words.get<"connection">());
      return true;
    }
    case Kind::queue_pair_state: {
      const Words<Kind::queue_pair_state> words(r);
      // A neighbour that is known is not resolved first.
      const auto& pairs = w_.transport.rdma.pairs;
      const auto& pair = pairs[pairs.id_at(sim::index(words.get<"connection">()))];
      const auto state = words.get<"state">();
      const bool opens = words.get<"side">() == transport::Side::host &&
                         (state == rdma::State::resolving || (state == rdma::State::requesting &&
                                                              pair.address_deadline == sim::epoch));
      if (opens)
        on_opening(words.get<"connection">());
      return true;
    }
    case Kind::pdu_sent:
      on_pdu_sent(Words<Kind::pdu_sent>(r));
      return true;
    case Kind::connect_attempt: {
      const Words<Kind::connect_attempt> words(r);
      const auto id = words.get<"controller">();
      watch(id).mapped = false;
      watch(id).no_tls = false;
      watch(id).after_reset = words.get<"attempt">() == 0 && controller(id).connected_once;
      if (is_fc())
        tell_fc_attempt(id);
      return true;
    }
    case Kind::tls_handshake:
      on_tls_handshake(Words<Kind::tls_handshake>(r));
      return true;
    case Kind::authenticated:
      on_authenticated(Words<Kind::authenticated>(r));
      return true;
    case Kind::connected:
      on_connected(Words<Kind::connected>(r));
      return true;
    case Kind::setup_refused:
      on_setup_refused(Words<Kind::setup_refused>(r));
      return true;
    case Kind::connect_failed:
      on_connect_failed(Words<Kind::connect_failed>(r));
      return true;
    default:
      return false;
  }
}

/// nvme_tcp_start_tls: what went well is a debug message.
void KernelLog::on_tls_handshake(const Words<Kind::tls_handshake>& r) {
  const int error = r.get<"error">();
  if (error == 0)
    return;
  const auto owner = w_.transport.host_queues[host_queue_of(r.get<"connection">())].owner;
  const host::Queue& q = w_.host.queues[sim::index(owner)];
  watch(q.controller).no_tls = true;
  say(q.controller, fmt::format("queue {}: TLS handshake {}, error -{}", q.qid,
                                error == transport::no_handshake ? "failed" : "complete", error));
}

/// nvme_auth_process_dhchap_success1: of the admin queue alone.
void KernelLog::on_authenticated(const Words<Kind::authenticated>& r) {
  const auto id = r.get<"controller">();
  const std::uint16_t bytes = controller(id).credentials.dh_bytes;
  const std::string group = bytes == 0 ? "null" : fmt::format("ffdhe{}", 8 * bytes);
  if (r.get<"qid">() == 0)
    say(id, fmt::format("qid 0: authenticated with hash hmac(sha256) dhgroup {}", group));
}

void KernelLog::tell_mapped(host::ControllerId id) {
  watch(id).mapped = true;
  say(id, fmt::format("mapped {}/0/0 default/read/poll queues.", controller(id).io_queues));
}

void KernelLog::on_pdu_sent(const Words<Kind::pdu_sent>& r) {
  const transport::ConnectionId connection = r.get<"connection">();
  if (r.get<"side">() == transport::Side::host) {
    const auto owner = w_.transport.host_queues[host_queue_of(connection)].owner;
    const host::ControllerId id = w_.host.queues[sim::index(owner)].controller;
    Watch& at = watch(id);
    at.setup = controller(id).setup;
    // A new controller maps its queues before it connects them, one that reconnects afterwards
    // (nvme_tcp_configure_io_queues).
    if (at.setup == Setup::io_connect && !at.mapped && !controller(id).connected_once)
      tell_mapped(id);
    return;
  }
  const auto queue = w_.transport.target_queues[target_queue_of(connection)].owner;
  const target::Queue& q = w_.target.queues[target::QueueId{static_cast<std::uint64_t>(queue)}];
  if (q.qid == 0 || q.controller == sim::none<target::ControllerId> ||
      !joined_.insert(connection).second) {
    return;
  }
  const target::Controller& c = w_.target.controllers[q.controller];
  say_target(c.subsystem, fmt::format("adding queue {} to ctrl {}.", q.qid, c.cntlid));
}

void KernelLog::on_connected(const Words<Kind::connected>& r) {
  const auto id = r.get<"controller">();
  const host::Controller& c = controller(id);
  if (!is_fc() && !watch(id).mapped && c.io_queues != 0)
    tell_mapped(id);
  if (is_fc()) {
    say(id, fmt::format("NVME-FC{{{}}}: controller connect complete", c.name.substr(4)));
  } else if (watch(id).after_reset) {
    // The work of a reset says nothing when its attempt succeeds.
  } else if (c.connected_once && is_rdma()) {
    say(id, fmt::format("Successfully reconnected ({} attempts)", r.get<"attempt">()));
  } else if (c.connected_once) {
    say(id, fmt::format("Successfully reconnected (attempt {}/{})", r.get<"attempt">(),
                        c.max_reconnects));
  }
  if (c.connected_once)
    return;
  if (is_fc()) {
    say(id, fmt::format("NVME-FC{{{}}}: new ctrl: NQN \"{}\", hostnqn: {}", c.name.substr(4),
                        host::nqn_of(w_, c.subnqn).view(),
                        w_.host.hosts[sim::index(c.host)].hostnqn.view()));
    return;
  }
  const Ipv4 a = address_of(w_.net.routes[sim::index(c.forward)].to);
  say(id, fmt::format("new ctrl: NQN \"{}\", addr {}.{}.{}.{}:{}, hostnqn: {}",
                      host::nqn_of(w_, c.subnqn).view(), a[0], a[1], a[2], a[3], nvme_tcp_port,
                      w_.host.hosts[sim::index(c.host)].hostnqn.view()));
}

/// What nvme_init_ctrl_finish and nvme_tcp_alloc_io_queues say of a status.
void KernelLog::on_setup_refused(const Words<Kind::setup_refused>& r) {
  const auto id = r.get<"controller">();
  const int status = r.get<"status">().value;
  switch (controller(id).setup) {
    case Setup::read_cap:
    case Setup::read_cap_again:
      say(id, fmt::format("Reading CAP failed ({})", status));
      return;
    case Setup::read_version:
      say(id, fmt::format("Reading VS failed ({})", status));
      return;
    case Setup::identify:
      say(id, fmt::format("Identify Controller failed ({})", status));
      return;
    case Setup::ana_log:
      say(id, fmt::format("Failed to get ANA log: {}", status));
      return;
    case Setup::number_of_queues:
      say(id, fmt::format("Could not set queue count ({})", status));
      say(id, "unable to set any I/O queues");
      return;
    default:
      return;
  }
}

void KernelLog::on_connect_failed(const Words<Kind::connect_failed>& r) {
  const auto id = r.get<"controller">();
  const Watch& at = watch(id);
  const host::Controller& c = controller(id);
  const int error = r.get<"error">();
  if (is_rdma() && (error == rdma::timed_out || error == rdma::connection_reset)) {
    say(id, fmt::format("rdma connection establishment failed (-{})", error));
  } else if (is_fc()) {
    tell_fc_failure(r);
    return;
  } else if (at.no_tls) {
    // Its line was told.
  } else if (error == tcp::timed_out || error == tcp::connection_refused) {
    say(id, fmt::format("failed to connect socket: -{}", error));
  } else if (error == resource_unavailable || error == tcp::connection_reset) {
    put(host_name(c.host),
        fmt::format("nvme_tcp: queue {}: failed to receive icresp, error -{}", at.qid, error),
        now_ns_);
  } else if (at.setup == Setup::io_connect || at.setup == Setup::admin_connect) {
    const bool admin = at.setup == Setup::admin_connect;
    say(id,
        fmt::format("failed to connect queue: {} ret={}", admin ? 0 : c.setup_queue + 1, error));
  }
  // Of the attempt that belongs to a reset nothing is said but what follows.
  if (c.connected_once && !at.after_reset) {
    say(id, fmt::format("Failed reconnect attempt {}/{}", r.get<"attempt">(), c.max_reconnects));
  }
}

void KernelLog::on_removed(const Words<Kind::controller_removed>& r) {
  const auto id = r.get<"controller">();
  const host::Controller& c = controller(id);
  if (!c.connected_once)
    return;  // `nvme connect` has failed; there is no controller to remove
  // A deletion by an administrator has told its line at its start.
  if (c.state == host::State::deleting_noio)
    return;
  if (port_is_away(id)) {
    const auto loss = std::get<host::FcController>(c.driver).dev_loss_tmo;
    const auto horizon = c.max_reconnects * c.reconnect_delay;
    const auto shorter = c.max_reconnects < 0 ? loss : std::min<sim::Duration>(loss, horizon);
    say(id, fmt::format("NVME-FC{{{}}}: dev_loss_tmo ({}) expired while waiting for remoteport "
                        "connectivity.",
                        c.name.substr(4), shorter / std::chrono::seconds{1}));
  } else if (is_fc()) {
    say(id, fmt::format("NVME-FC{{{}}}: Max reconnect attempts ({}) reached.", c.name.substr(4),
                        c.attempts));
  } else {
    say(id, fmt::format("Removing controller ({})...", signed_error(r.get<"error">())));
  }
  tell_deletion(id);
}

void KernelLog::tell_deletion(host::ControllerId id) {
  if (controller(id).connected_once)
    say(id,
        fmt::format("Removing ctrl: NQN \"{}\"", host::nqn_of(w_, controller(id).subnqn).view()));
}

void KernelLog::on_reconnect_scheduled(const Words<Kind::reconnect_scheduled>& r) {
  const auto id = r.get<"controller">();
  const auto delay = r.get<"delay_ns">() / std::chrono::seconds{1};
  if (!is_fc()) {
    say(id, fmt::format("Reconnecting in {} seconds...", delay));
  } else if (!port_is_away(id)) {
    say(id, fmt::format("NVME-FC{{{}}}: Reconnect attempt in {} seconds",
                        controller(id).name.substr(4), delay));
  }
}

}  // namespace holdfast::analysis::kernel
