// SPDX-License-Identifier: Apache-2.0
// The kernel log of an association: sockets, queues, connects and how they fail.
#include "analysis/traces/kernel_log.hpp"
#include "models/transport/rdma/rdma.hpp"
#include "models/transport/tcp/tcp.hpp"

namespace holdfast::analysis::kernel {

using host::Setup;

namespace {
constexpr std::uint64_t resource_unavailable = 11;
}

/// The transport's queue at the side of a connection that a record names.
std::uint32_t KernelLog::owner_of(const sim::Record& r) const {
  const auto id = static_cast<std::uint32_t>(r.word[0]);
  if (is_rdma())
    return w_.transport.rdma.pairs[rdma::QueuePairId{id}].owner[r.word[1]];
  return w_.transport.connections[transport::ConnectionId{id}].owner[r.word[1]];
}

/// The first I/O socket of an association shows that its queues have been counted.
void KernelLog::on_socket(const sim::Record& r) {
  const auto opening = is_rdma() ? static_cast<std::uint64_t>(rdma::State::resolving)
                                 : static_cast<std::uint64_t>(transport::TcpState::syn_sent);
  if (r.word[1] != 0 || r.word[2] != opening)
    return;
  joined_.erase(r.word[0]);
  const auto owner = w_.transport.host_queues[transport::HostQueueId{owner_of(r)}].owner;
  const host::Queue& q = w_.host.queues[owner];
  const std::uint64_t id = sim::index(q.controller);
  Watch& watch = watches_[id];
  watch.qid = q.qid;
  watch.setup = controller(id).setup;
  if (watch.setup == Setup::io_transport && q.qid == 1)
    say(id, fmt::format("creating {} I/O queues.", controller(id).io_queues));
}

void KernelLog::tell_mapped(std::uint64_t id) {
  watches_[id].mapped = true;
  say(id, fmt::format("mapped {}/0/0 default/read/poll queues.", controller(id).io_queues));
}

void KernelLog::on_pdu_sent(const sim::Record& r) {
  if (r.word[1] == 0) {
    const auto owner = w_.transport.host_queues[transport::HostQueueId{owner_of(r)}].owner;
    const auto id = sim::index(w_.host.queues[owner].controller);
    watches_[id].setup = controller(id).setup;
    // A new controller maps its queues before it connects them, one that reconnects afterwards
    // (nvme_tcp_configure_io_queues).
    if (watches_[id].setup == Setup::io_connect && !watches_[id].mapped &&
        !controller(id).connected_once) {
      tell_mapped(id);
    }
    return;
  }
  const auto queue = w_.transport.target_queues[transport::TargetQueueId{owner_of(r)}].owner;
  const target::Queue& q = w_.target.queues[target::QueueId{queue}];
  if (q.qid == 0 || q.controller == sim::none<target::ControllerId> ||
      !joined_.insert(r.word[0]).second) {
    return;
  }
  const target::Controller& c = w_.target.controllers[q.controller];
  say_target(sim::index(c.subsystem), fmt::format("adding queue {} to ctrl {}.", q.qid, c.cntlid));
}

void KernelLog::on_connected(const sim::Record& r) {
  const host::Controller& c = controller(r.word[0]);
  if (!is_fc() && !watches_[r.word[0]].mapped && c.io_queues != 0)
    tell_mapped(r.word[0]);
  if (c.connected_once) {
    say(r.word[0],
        fmt::format("Successfully reconnected (attempt {}/{})", r.word[1], c.max_reconnects));
    return;
  }
  const Ipv4 a = address_of(w_.net.routes[sim::index(c.forward)].to);
  say(r.word[0], fmt::format("new ctrl: NQN \"{}\", addr {}.{}.{}.{}:{}, hostnqn: {}",
                             c.subnqn.view(), a[0], a[1], a[2], a[3], nvme_tcp_port,
                             w_.host.hosts[sim::index(c.host)].hostnqn.view()));
}

void KernelLog::on_connect_failed(const sim::Record& r) {
  const Watch& watch = watches_[r.word[0]];
  const host::Controller& c = controller(r.word[0]);
  const std::uint64_t error = r.word[2];
  if (is_rdma() && (error == rdma::timed_out || error == rdma::connection_reset)) {
    say(r.word[0], fmt::format("rdma connection establishment failed (-{})", error));
  } else if (is_fc()) {
    // What nvme-fc says here is not known (protocol.md 11 has no such line).
  } else if (error == tcp::timed_out || error == tcp::connection_refused) {
    say(r.word[0], fmt::format("failed to connect socket: -{}", error));
  } else if (error == resource_unavailable || error == tcp::connection_reset) {
    put(host_name(c.host),
        fmt::format("nvme_tcp: queue {}: failed to receive icresp, error -{}", watch.qid, error),
        now_ns_);
  } else if (watch.setup == Setup::io_connect || watch.setup == Setup::admin_connect) {
    const bool admin = watch.setup == Setup::admin_connect;
    say(r.word[0],
        fmt::format("failed to connect queue: {} ret={}", admin ? 0 : c.setup_queue + 1, error));
  }
  if (c.connected_once)
    say(r.word[0], fmt::format("Failed reconnect attempt {}/{}", r.word[1], c.max_reconnects));
}

void KernelLog::on_removed(const sim::Record& r) {
  const host::Controller& c = controller(r.word[0]);
  if (!c.connected_once)
    return;  // `nvme connect` has failed; there is no controller to remove
  // A deletion by an administrator comes without the first line.
  if (c.state != host::State::deleting_noio)
    say(r.word[0], fmt::format("Removing controller ({})...", signed_error(r.word[1])));
  say(r.word[0], fmt::format("Removing ctrl: NQN \"{}\"", c.subnqn.view()));
}

}  // namespace holdfast::analysis::kernel
