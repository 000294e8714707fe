// SPDX-License-Identifier: Apache-2.0
// Host controllers: building them, and the state machine of nvme_change_ctrl_state.
#include <algorithm>
#include <array>

#include "models/host/internal.hpp"
#include "models/host/suspicion/suspicion.hpp"
#include "models/world.hpp"

namespace holdfast::host {

namespace {

// NVME_AQ_DEPTH 32: tags 0 to 29, of which two are reserved for Connect and Keep Alive, and command
// id 31 beyond them for the AER (protocol.md 7.1).
constexpr std::uint16_t admin_tags = 30;
constexpr std::uint16_t admin_reserved = 2;
constexpr std::uint16_t io_reserved = 1;  // for Connect
constexpr std::uint32_t longest_io_queue = 1024;

void add_queue(World& w, ControllerId id, std::uint16_t qid) {
  Queue q;
  q.controller = id;
  q.qid = qid;
  q.tags = tags_of(w.host.controllers[sim::index(id)], qid);
  w.host.queues.push_back(q);
}

/// The options of `nvme connect` that one driver has, as it keeps them.
Driver driver_of(transport::TransportKind kind, const ConnectParameters& p) {
  switch (kind) {
    case transport::TransportKind::tcp:
      return TcpController{p.digests, p.tcp_user_timeout, p.rto_min};
    case transport::TransportKind::rdma:
      return RdmaController{};
    case transport::TransportKind::fc:
      break;
  }
  FcController fc;
  fc.dev_loss_tmo = p.dev_loss_tmo;
  return fc;
}

NqnId name_subsystem(World& w, std::string_view nqn) {
  const wire::NqnText text(nqn);
  auto& nqns = w.host.nqns;
  const auto known = std::find(nqns.begin(), nqns.end(), text);
  const NqnId id{static_cast<std::uint32_t>(known - nqns.begin())};
  if (known == nqns.end())
    nqns.push_back(text);
  return id;
}

void failfast_fired(World& w, ControllerId id) {
  HOLDFAST_CHECK(!controller(w, id).failfast_expired, "the fail-fast clock runs out once");
  controller(w, id).failfast_expired = true;
  kick_requeue_lists(w, id);
}

/// What nvme_change_ctrl_state does besides setting the state.
void after_change(World& w, ControllerId id, State from, State to) {
  HOLDFAST_CHECK(from != to, "nothing has changed");
  Controller& c = controller(w, id);
  if (to == State::resetting) {
    ++c.counters.reset_count;
    c.marginal = false;  // nvme_fc_ctrl_connectivity_loss: the hardware may have been replaced
  }
  if (to == State::live) {
    if (from == State::connecting) {
      w.calendar.cancel(c.failfast_timer);
      c.failfast_expired = false;
    }
    suspicion::went_live(w, id);
    kick_requeue_lists(w, id);
  }
  // The fail-fast clock starts only here, so time spent FENCING does not count against it.
  if (to == State::connecting && from == State::resetting && c.fast_io_fail >= Duration{}) {
    w.calendar.cancel(c.failfast_timer);
    c.failfast_timer =
        w.at(timer_at(w, c, c.fast_io_fail), [id](World& world) { failfast_fired(world, id); });
  }
}

}  // namespace

Tags tags_of(const Controller& c, std::uint16_t qid) {
  if (qid == 0)
    return {admin_reserved, admin_tags, async_event_tag + 1};
  // SQSIZE is queue_size - 1; one of those tags is reserved for Connect.
  const auto io_tags = static_cast<std::uint16_t>(c.queue_size - 1);
  return {io_reserved, io_tags, io_tags};
}

const wire::NqnText& nqn_of(const World& w, NqnId id) { return w.host.nqns[sim::index(id)]; }
RecoveryHooks* hooks_of(const World& w, const Controller& c) {
  const std::size_t host = sim::index(c.host);
  return host < w.host.hooks.size() ? w.host.hooks[host].get() : nullptr;
}
void attach_hooks(World& w, HostId host, RecoveryHooks* hooks) {
  if (w.host.hooks.size() <= sim::index(host))
    w.host.hooks.resize(sim::index(host) + 1);
  w.host.hooks[sim::index(host)].attach(hooks);
}
TimePoint timer_at(const World& w, const Controller& c, Duration delay) {
  HOLDFAST_CHECK(delay >= Duration{}, "a timer is set for the past");
  return sim::fires_at(host_of(w, c).wheel, w.now(), delay);
}
QueueId io_queue(const Controller& c, std::uint32_t i) {
  HOLDFAST_PACKET_CHECK(i < std::max(c.io_queues_wanted, 1u), "the queue is the next controller's");
  return QueueId{c.first_io_queue + i};
}

std::string_view state_name(State state) {
  static constexpr std::array<std::string_view, 10> names = {
      "NEW",       "LIVE",       "FENCING",  "FENCED",        "RECOVERING",
      "RESETTING", "CONNECTING", "DELETING", "DELETING_NOIO", "DEAD"};
  return names[static_cast<std::size_t>(state)];
}

bool is_permitted(State from, State to) {
  switch (to) {
    case State::live:
      return from == State::connecting;
    case State::fencing:
      return from == State::live;
    case State::fenced:
      return from == State::fencing;
    case State::recovering:
      return from == State::live;
    case State::resetting:
      return from == State::fresh || from == State::live || from == State::fenced;
    case State::connecting:
      return from == State::fresh || from == State::resetting;
    case State::deleting:
      return from == State::live || from == State::resetting || from == State::connecting;
    case State::deleting_noio:
      return from == State::deleting || from == State::dead;
    case State::dead:
      return from == State::deleting;
    case State::fresh:
      break;
  }
  return false;
}

void force_state(World& w, ControllerId id, State to) {
  const State from = controller(w, id).state;
  controller(w, id).state = to;
  record<Kind::controller_state>(w, id, from, to);
  after_change(w, id, from, to);
}

bool change_state(World& w, ControllerId id, State to) {
  if (!is_permitted(controller(w, id).state, to))
    return false;
  force_state(w, id, to);
  return true;
}

HostId add_host(World& w, const Host& host) {
  HOLDFAST_CHECK(!host.name.empty() && host.cpus > 0, "a host has a name and a CPU");
  Host named = host;
  if (host.hostnqn.view().empty())
    named.hostnqn = std::string_view("nqn.2014-08.org.nvmexpress:host:" + host.name);
  w.host.hosts.push_back(named);
  w.host.processor_free.push_back(sim::epoch);
  return HostId{static_cast<std::uint32_t>(w.host.hosts.size() - 1)};
}

HeadId add_head(World& w, HostId host, std::string_view subnqn, std::uint32_t nsid, DiskId disk) {
  HOLDFAST_CHECK(sim::index(host) < w.host.hosts.size(), "there is no such host");
  HOLDFAST_CHECK(nsid != 0, "no namespace has that number");
  Head head;
  head.host = host;
  head.subnqn = name_subsystem(w, subnqn);
  head.nsid = nsid;
  head.disk = disk;
  const HeadId id{static_cast<std::uint32_t>(w.host.heads.size())};
  w.host.heads.push_back(head);
  auto& heads = w.host.hosts.edit(sim::index(host)).heads;
  head_of(w, id).number = static_cast<std::uint32_t>(heads.size());
  heads.insert(std::find_if(heads.begin(), heads.end(),
                            [&](HeadId other) { return head_of(w, other).nsid > nsid; }),
               id);
  return id;
}

namespace {

void connect_first(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  if (c.state != State::fresh)
    return;
  c.created = c.last_check = w.now();  // by the clock of its host
  // A host that boots connects what is due by then.
  if (is_down(w, c.host))
    return;
  change_state(w, id, State::connecting);
  start_setup(w, id);
}

}  // namespace

ControllerId add_controller(World& w, const ConnectParameters& p) {
  HOLDFAST_CHECK(sim::index(p.host) < w.host.hosts.size(), "there is no such host");
  HOLDFAST_CHECK(sim::index(p.port) < w.transport.ports.size(), "there is no such port");
  HOLDFAST_CHECK(p.queue_size > 2, "a queue has a tag for Connect and one for I/O");
  HOLDFAST_CHECK(p.reconnect_delay > Duration{}, "attempts would follow each other at one instant");
  HOLDFAST_CHECK(p.at >= w.now(), "nvme connect is issued in the past");
  HOLDFAST_CHECK(p.setup_time >= Duration{} && p.admin_queue_time >= Duration{} &&
                     p.io_queue_time >= Duration{},
                 "a set-up takes time or none");
  HOLDFAST_CHECK(p.io_timeout > Duration{} && p.admin_timeout > Duration{},
                 "a command without a timeout is waited for for ever");
  const ControllerId id{static_cast<std::uint32_t>(w.host.controllers.size())};
  Controller c;
  c.host = p.host;
  c.name = "nvme" + std::to_string(w.host.hosts[sim::index(p.host)].controllers.size());
  c.subnqn = name_subsystem(w, p.subnqn);
  c.port = p.port;
  c.forward = p.forward;
  c.back = p.back;
  c.numa_node = p.numa_node;
  c.kato = p.keep_alive_tmo;
  c.setup_time = p.setup_time;
  c.admin_queue_time = p.admin_queue_time;
  c.io_queue_time = p.io_queue_time;
  c.io_timeout = p.io_timeout;
  c.admin_timeout = p.admin_timeout;
  c.reconnect_delay = p.reconnect_delay;
  // nvmf_parse_options: the give-up horizon is counted in attempts.
  c.max_reconnects = p.ctrl_loss_tmo < Duration{}
                         ? -1
                         : (p.ctrl_loss_tmo + p.reconnect_delay - Duration{1}) / p.reconnect_delay;
  c.driver = driver_of(w.transport.kind, p);
  fc_set_options(c);
  c.fast_io_fail = p.fast_io_fail_tmo;
  c.disable_sqflow = p.disable_sqflow;
  c.credentials = p.credentials;
  c.created = p.at;
  c.last_check = p.at;  // nvme_init_ctrl
  c.queue_size = std::min(p.queue_size, longest_io_queue);
  const Host& host = w.host.hosts[sim::index(p.host)];
  c.discovery = is_discovery_nqn(nqn_of(w, c.subnqn));
  c.io_queues_wanted = p.nr_io_queues == 0 ? host.cpus : std::min(p.nr_io_queues, host.cpus);
  if (c.discovery)
    c.io_queues_wanted = 0;
  c.admin = QueueId{static_cast<std::uint32_t>(w.host.queues.size())};
  c.first_io_queue = sim::index(c.admin) + 1;
  const std::uint32_t io_queues = c.io_queues_wanted;
  w.host.controllers.push_back(c);
  if (host.suspicion.any())
    suspicion::add_watch(w, id);
  auto& own = w.host.hosts.edit(sim::index(p.host)).controllers;
  const auto place = std::find_if(own.begin(), own.end(), [&](ControllerId other) {
    return controller(w, other).created > p.at;
  });
  own.insert(place, id);
  for (std::uint32_t i = 0; i <= io_queues; ++i)
    add_queue(w, id, static_cast<std::uint16_t>(i));
  w.calendar.at_for(host.machine, p.at, [id](World& world) { connect_first(world, id); });
  return id;
}

sim::TimerWheel wheel_of(const World& w, transport::HostOwner owner) {
  const Queue& q = w.host.queues[sim::index(owner)];
  return host_of(w, w.host.controllers[sim::index(q.controller)]).wheel;
}

transport::SynLimits syn_limits_of(const World& w, transport::HostOwner owner) {
  const Queue& q = w.host.queues[sim::index(owner)];
  return host_of(w, w.host.controllers[sim::index(q.controller)]).syn;
}

transport::HostHandlers handlers() {
  return {on_queue_ready,
          on_completed,
          on_data,
          payload_of,
          on_unsent,
          on_queue_failed,
          fc_exchange_ended,
          buffer_content,
          wheel_of,
          syn_limits_of,
          suspicion::user_timeout_of,
          suspicion::timed_out_again};
}

}  // namespace holdfast::host
