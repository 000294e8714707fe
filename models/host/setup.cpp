// SPDX-License-Identifier: Apache-2.0
// Building an association, step by step as Linux does it (protocol.md 5.3): admin queue, Identify
// and logs, keep-alive, I/O queues, LIVE, events; on the first connect the namespace scan.
#include <algorithm>
#include <utility>

#include "models/host/internal.hpp"
#include "models/host/secure/secure.hpp"
#include "models/world.hpp"

namespace holdfast::host {

using transport::Payload;
using wire::LogId;

namespace {

/// What a driver asks of a queue before it is connected.
struct AskFor {
  World& w;
  transport::HostQueueId queue;

  void operator()(const TcpController& c) const {
    transport::use_digests(w, queue, c.digests);
    if (c.rto_min != Duration{})
      transport::use_rto_min(w, queue, c.rto_min);
  }
  void operator()(const RdmaController&) const {}
  void operator()(const FcController&) const {}
};

void open_transport(World& w, QueueId id) {
  Queue& q = queue(w, id);
  HOLDFAST_CHECK(!q.allocated && !q.live, "the queue of the association before is still there");
  const Controller& c = controller(w, q.controller);
  q.allocated = true;
  q.ended_by_controller = false;
  const auto admin = q.qid == 0 ? sim::none<transport::HostQueueId> : queue(w, c.admin).transport;
  q.transport = transport::open_queue(w, c.forward, c.back, c.port,
                                      transport::HostOwner{sim::index(id)}, admin);
  std::visit(AskFor{w, q.transport}, c.driver);
  if (c.credentials.tls.on)
    transport::use_tls(w, q.transport, c.credentials.tls_now());
  record<Kind::queue_opened>(w, q.controller, q.qid, transport::connection_of(w, q.transport));
}

void send_setup(World& w, QueueId id, const wire::Command& command, const Payload& data = {}) {
  Request r;
  r.purpose = Purpose::setup;
  r.command = command;
  r.data = data;
  const Queue& q = queue(w, id);
  if (!q.live && !command.is(wire::FabricsType::connect)) {
    // A command before it has timed out, which stopped the queue, and its status did not matter.
    // This one ends at once (nvme_fail_nonready_command).
    wire::Completion refused;
    refused.status = wire::StatusCode::host_path_error;
    setup_completed(w, q.controller, r, refused);
    return;
  }
  send_request(w, id, r, controller(w, q.controller).admin_timeout);
}

void send_connect(World& w, QueueId id) {
  const Queue& q = queue(w, id);
  HOLDFAST_CHECK(q.tags.in_flight() == 0, "Connect is the first command of a queue");
  const Controller& c = controller(w, q.controller);
  wire::Connect connect;
  connect.qid = q.qid;
  connect.sqsize = static_cast<std::uint16_t>(q.qid == 0 ? 31 : c.queue_size - 1);
  if (c.disable_sqflow)
    connect.attributes = wire::connect_attr_disable_sqflow;
  if (q.qid == 0)
    connect.kato_ms = static_cast<std::uint32_t>(c.kato / std::chrono::milliseconds{1});
  wire::ConnectData data;
  data.cntlid = q.qid == 0 ? wire::cntlid_dynamic : c.cntlid;
  data.subnqn = nqn_of(w, c.subnqn);
  data.hostnqn = host_of(w, c).hostnqn;
  data.host_id = host_of(w, c).hostid;
  const auto bytes = wire::encode_connect_data(data);
  const transport::BlobId blob = w.transport.blobs.add(wire::connect_data_bytes);
  std::copy(bytes.begin(), bytes.end(), w.transport.blobs[blob].begin());
  send_setup(w, id, wire::make_connect(0, connect), {wire::connect_data_bytes, blob, 0});
}

/// nvme_rdma_setup_io_queues of 7.3.
bool is_parallel(const World& w, const Controller& c) {
  return std::holds_alternative<RdmaController>(c.driver) && host_of(w, c).rdma_parallel_queues;
}

/// One I/O queue after the other, or all at once.
void for_next_io_queues(World& w, ControllerId id, void (*act)(World&, QueueId)) {
  const Controller& c = controller(w, id);
  if (!is_parallel(w, c))
    return act(w, io_queue(c, c.setup_queue));
  const Setup step = c.setup;
  for (std::uint32_t i = 0; i < c.io_queues && c.setup == step; ++i)
    act(w, io_queue(c, i));
}

void send_log_page(World& w, QueueId admin, LogId lid, std::uint32_t bytes) {
  wire::GetLogPage log;
  log.lid = lid;
  log.nsid = lid == LogId::ana ? 0 : wire::all_namespaces;
  log.dwords = wire::GetLogPage::dwords_for(bytes);
  send_setup(w, admin, wire::make_get_log_page(0, log));
}

void finish_setup(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  c.setup = Setup::done;
  if (!change_state(w, id, State::live))
    return;
  record<Kind::connected>(w, id, c.attempts, c.cntlid, c.io_queues);
  c.attempts = 0;
  const bool again = c.connected_once;
  c.connected_once = true;
  after_live(w, id);
  if (c.discovery) {
    start_discovery(w, id, again);
  } else {
    update_ana_paths(w, id);
  }
}

void issue_property_step(World& w, const Controller& c) {
  wire::Configuration cc;
  switch (c.setup) {
    case Setup::read_cap:
    case Setup::read_cap_again:
      send_setup(w, c.admin, wire::make_property_get(0, wire::Property::cap));
      return;
    case Setup::disable:
    case Setup::enable:
      cc.enable = c.setup == Setup::enable;
      send_setup(w, c.admin, wire::make_property_set(0, wire::Property::cc, cc.encode()));
      return;
    case Setup::wait_ready:
      send_setup(w, c.admin, wire::make_property_get(0, wire::Property::csts));
      return;
    default:
      send_setup(w, c.admin, wire::make_property_get(0, wire::Property::vs));
  }
}

constexpr std::uint32_t smart_log_bytes = 512;

void issue_step(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  switch (c.setup) {
    case Setup::admin_transport:
      open_transport(w, c.admin);
      return;
    case Setup::admin_connect:
      send_connect(w, c.admin);
      return;
    case Setup::identify:
      send_parked_keep_alive(w, id);
      send_setup(w, c.admin, wire::make_identify(0, wire::Identify{}));
      return;
    case Setup::read_katt:
      send_setup(w, c.admin, wire::make_get_features(0, wire::FeatureId::keep_alive_timer));
      return;
    case Setup::effects_log:
      send_log_page(w, c.admin, LogId::commands_effects,
                    static_cast<std::uint32_t>(wire::effects_log_bytes));
      return;
    case Setup::ana_log:
      send_log_page(w, c.admin, LogId::ana, ana_log_bytes);
      return;
    case Setup::smart_log:
      send_log_page(w, c.admin, LogId::smart, smart_log_bytes);
      return;
    case Setup::number_of_queues: {
      const wire::QueueCounts counts{c.io_queues_wanted, c.io_queues_wanted};
      send_setup(w, c.admin, wire::make_set_number_of_queues(0, counts));
      return;
    }
    case Setup::io_transport:
      for_next_io_queues(w, id, open_transport);
      return;
    case Setup::io_connect:
      for_next_io_queues(w, id, send_connect);
      return;
    case Setup::done:
      finish_setup(w, id);
      return;
    default:
      issue_property_step(w, c);
  }
}

/// Steps of a first connect that a reconnect leaves out, and what the controller does not have.
bool is_skipped(const World& w, const Controller& c, Setup step) {
  if (c.discovery && discovery_skips(step))
    return true;
  if (step == Setup::ana_log && !c.reports_ana)
    return true;
  if (step == Setup::read_katt)
    return !host_of(w, c).policy.holds_katt || c.kato == Duration{};
  if (c.credentials.key && (step == Setup::effects_log || step == Setup::smart_log))
    return true;
  return c.started_once && (step == Setup::effects_log || step == Setup::smart_log);
}

void next_step(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(c.setup > Setup::idle && c.setup < Setup::done, "no step follows that one");
  const bool loops = c.setup == Setup::io_transport || c.setup == Setup::io_connect;
  if (loops && ++c.setup_queue < c.io_queues) {
    if (!is_parallel(w, c))
      issue_step(w, id);
    return;
  }
  const bool initialized = c.setup >= Setup::number_of_queues;
  do {
    c.setup = static_cast<Setup>(static_cast<std::uint8_t>(c.setup) + 1);
  } while (is_skipped(w, c, c.setup));
  c.setup_queue = 0;
  if (!initialized && c.setup >= Setup::number_of_queues && c.credentials.starts_over()) {
    // nvme_tcp_setup_ctrl: "restart admin queue for secure concatenation"
    c.credentials.key = true;
    close_admin_queue(w, id);
    c.setup = Setup::admin_transport;
    issue_step(w, id);
    return;
  }
  // nvme_init_ctrl_finish ends here: keep-alive runs before the I/O queues exist.
  if (!initialized && c.setup >= Setup::number_of_queues)
    start_keep_alive(w, id);
  const TimePoint thawed = c.setup == Setup::done ? io_queues_thawed(w, id) : w.now();
  if (thawed <= w.now()) {
    issue_step(w, id);
  } else {
    c.ready_poll = w.at(thawed, [id](World& world) { issue_step(world, id); });
  }
}

/// What becomes of a set-up whose command is answered with an error status. Negative numbers, which
/// are those of the kernel itself, never remove a controller; a status with DNR does
/// (nvmf_should_reconnect).
void setup_refused(World& w, ControllerId id, wire::Status status) {
  record<Kind::setup_refused>(w, id, status);
  switch (controller(w, id).setup) {
    case Setup::identify:  // nvme_init_identify has an error of its own for it
      setup_failed(w, id, error_io, false);
      return;
    case Setup::effects_log:  // nvme_init_effects, nvme_hwmon_init: it goes on without
    case Setup::smart_log:
    case Setup::read_katt:
      next_step(w, id);
      return;
    case Setup::number_of_queues:
      // nvme_set_queue_count takes any status for "no queues", and a controller that is not for
      // discovery has to have some (nvme_tcp_alloc_io_queues).
      setup_failed(w, id, error_no_memory, false);
      return;
    default:
      setup_failed(w, id, status.value, status.dnr());
  }
}

void take_identify(Controller& c, World& w, const Request& r) {
  HOLDFAST_CHECK(r.answer.blob != sim::none<transport::BlobId>,
                 "Identify succeeded without a page");
  const auto page = w.transport.blobs[r.answer.blob].first(wire::identify_bytes);
  const auto identify = wire::decode_identify_controller(page);
  HOLDFAST_CHECK(identify.has_value(), "the page that was asked for is not there");
  // nvme_init_subsystem: at the end of subsys->ctrls, at its first Identify and never again.
  if (c.listed == 0)
    c.listed = ++w.host.last_listed;
  c.traffic_based = identify->traffic_based_keep_alive();
  c.keep_alive_supported = identify->kas != 0;
  c.cqt_ms = identify->cqt;
  c.previous = {c.identified_cntlid, c.ciu, c.cirn};
  c.identified_cntlid = c.cntlid;
  c.ciu = identify->ciu;
  c.cirn = identify->cirn;
  c.ccr_limit = identify->ccrl;
  c.oaes = identify->oaes;
  c.reports_ana = (identify->cmic & wire::cmic_ana_reporting) != 0;
  c.anatt_s = identify->anatt;
  c.crdt = identify->crdt;
  c.active = 0;  // nvme_mpath_init_identify: covers controller resets
  c.in_capsule_bytes = static_cast<std::uint32_t>(identify->in_capsule_data_bytes());
}

void poll_ready(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(c.setup == Setup::wait_ready, "nobody waits for the controller to become ready");
  if (w.now() >= c.ready_deadline) {
    setup_failed(w, id, error_invalid, false);
    return;
  }
  // nvme_wait_ready: sleeps of one to two milliseconds between reads.
  c.ready_poll =
      w.after(std::chrono::milliseconds{1}, [id](World& world) { issue_step(world, id); });
}

}  // namespace

void start_setup(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(c.setup == Setup::idle || c.setup == Setup::done, "a set-up is on already");
  HOLDFAST_CHECK(!queue(w, c.admin).allocated, "the association before still has its admin queue");
  record<Kind::connect_attempt>(w, id, c.attempts);
  c.setup = Setup::admin_transport;
  c.setup_queue = 0;
  c.io_queues = 0;
  c.credentials.key = false;  // nvme_auth_revoke_tls_key
  const Duration busy = std::exchange(c.setup_time, Duration{});
  if (busy == Duration{}) {
    issue_step(w, id);
  } else {
    c.ready_poll = w.after(busy, [id](World& world) { issue_step(world, id); });
  }
}

void on_queue_ready(World& w, transport::HostOwner owner, int error) {
  const ControllerId id = queue(w, QueueId{sim::index(owner)}).controller;
  if (error != 0) {
    HOLDFAST_CHECK(error > 0, "the kernel's error numbers are written without their sign");
    setup_failed(w, id, error, false);
    return;
  }
  Controller& c = controller(w, id);
  const bool is_io = c.setup == Setup::io_transport;
  const Duration busy = is_io ? c.io_queue_time : c.admin_queue_time;
  const bool others_follow = is_io && is_parallel(w, c) && c.setup_queue + 1 < c.io_queues;
  if (busy == Duration{} || others_follow) {
    next_step(w, id);
  } else {
    c.ready_poll = w.after(busy, [id](World& world) { next_step(world, id); });
  }
}

void setup_completed(World& w, ControllerId id, const Request& r,
                     const wire::Completion& completion) {
  Controller& c = controller(w, id);
  if (c.setup == Setup::idle)
    return;  // cancelled by the teardown of a failed set-up
  if (!completion.status.ok()) {
    setup_refused(w, id, completion.status);
    return;
  }
  switch (c.setup) {
    case Setup::admin_connect:
      if (wire::as_connect(r.command)) {
        c.cntlid = static_cast<std::uint16_t>(completion.dw0 & 0xffff);
        queue(w, c.admin).live = true;
      }
      break;
    case Setup::enable:
      c.ready_deadline =
          w.now() + std::chrono::seconds{wire::Capabilities{}.linux_ready_timeout_s()};
      break;
    case Setup::wait_ready:
      if (!wire::ControllerStatus::decode(completion.dw0).ready) {
        poll_ready(w, id);
        return;
      }
      break;
    case Setup::identify:
      take_identify(c, w, r);
      break;
    case Setup::read_katt:
      c.katt = std::chrono::milliseconds{completion.dw0};
      break;
    case Setup::effects_log:
      if (r.answer.blob != sim::none<transport::BlobId>)
        c.effects =
            wire::io_effects(w.transport.blobs[r.answer.blob].first(wire::effects_log_bytes));
      break;
    case Setup::ana_log:
      take_ana_log(w, id, r);
      break;
    case Setup::number_of_queues:
      c.io_queues =
          std::min(wire::QueueCounts::decode(completion.dw0).submission, c.io_queues_wanted);
      HOLDFAST_CHECK(c.io_queues > 0, "a controller without I/O queues is of no use");
      break;
    case Setup::io_connect:
      if (const auto connect = wire::as_connect(r.command))
        queue(w, QueueId{sim::index(c.admin) + connect->qid}).live = true;
      break;
    default:
      break;
  }
  if (!secure::authenticates(w, id, r, completion))
    next_step(w, id);
}

}  // namespace holdfast::host
