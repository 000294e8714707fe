// SPDX-License-Identifier: Apache-2.0
// What follows when a controller is LIVE. Events are asked for, and its namespaces are scanned
// (nvme_scan_work); to update what is known of one freezes that path's request queue, and then the
// multipath head, so that I/O over healthy paths waits too (nvme_update_ns_info). Persistent
// discovery controllers (protocol.md 1.9) have no I/O queues and no namespaces, and by default
// KATO 0, which the target takes for a time of its own.
#include <algorithm>
#include <utility>

#include "models/host/internal.hpp"
#include "models/host/latency/latency.hpp"
#include "models/world.hpp"

namespace holdfast::host {

namespace {

constexpr Duration default_kato = std::chrono::seconds{5};  ///< NVME_DEFAULT_KATO

/// blk_mq_freeze_queue switches a reference count over, which takes a grace period of RCU.
TimePoint switched_over(const World& w, const Controller& c) {
  return sim::grace_period_over(host_of(w, c).wheel, w.now());
}

/// I/O of a head that has entered the request queue of a path.
bool is_entered(World& w, const Controller& c, HeadId head) {
  for (std::uint32_t i = 0; i < c.io_queues_wanted; ++i) {
    const QueueId id = io_queue(c, i);
    const Queue& q = queue(w, id);
    for (std::size_t n = 0; n < q.waiting.size(); ++n) {
      if (w.host.ios[q.waiting[n]].head == head)
        return true;
    }
    for (std::uint32_t tag = 0; tag < q.tags.used(); ++tag) {
      const Request* const r = request_at(w, id, tag);
      if (r != nullptr && r->purpose == Purpose::io && w.host.ios[r->io].head == head)
        return true;
    }
  }
  return false;
}

/// I/O is in a head only while it looks for a path, so there is nothing more to wait for than the
/// grace period.
void freeze_head(World& w, HeadId id) {
  HOLDFAST_CHECK(is_ready(w, id), "nobody uses the device yet");
  ++head_of(w, id).frozen;
}

void thaw_head(World& w, HeadId id) {
  HOLDFAST_CHECK(head_of(w, id).frozen > 0, "the head is not frozen");
  if (--head_of(w, id).frozen != 0)
    return;
  for (std::size_t left = head_of(w, id).held_back.size(); left > 0; --left) {
    const IoId io = head_of(w, id).held_back.front();
    head_of(w, id).held_back.pop_front();
    dispatch(w, io);
  }
}

/// Takes a head's I/O off the list of those that wait for a frozen path.
void let_in(World& w, ControllerId id, bool to_this_path) {
  controller(w, id).frozen = sim::none<HeadId>;
  for (std::size_t left = controller(w, id).held_back.size(); left > 0; --left) {
    Controller& c = controller(w, id);
    const IoId io = c.held_back.front();
    c.held_back.pop_front();
    if (to_this_path) {
      queue_io(w, io_queue(c, w.host.ios[io].cpu % std::max(c.io_queues, 1u)), io);
    } else {
      dispatch(w, io);
    }
  }
}

std::uint64_t paths_over(const World& w, ControllerId id) {
  const auto& heads = host_of(w, w.host.controllers[sim::index(id)]).heads;
  return static_cast<std::uint64_t>(std::count_if(heads.begin(), heads.end(), [&](HeadId head) {
    return has_path(w.host.heads[sim::index(head)], id);
  }));
}

void scan_on(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(c.scanning, "no scan is on");
  const auto& heads = host_of(w, c).heads;
  while (c.scan_at < heads.size() && !has_path(head_of(w, heads[c.scan_at]), id))
    ++c.scan_at;
  if (c.scan_at == heads.size()) {
    c.scanning = false;
    // "Re-read the ANA log page to not miss updates": between set-up and the moment at which events
    // were enabled.
    read_ana_log(w, id);
    if (std::exchange(c.scan_again, false))
      scan_anew(w, id);
    return;
  }
  const HeadId head = heads[c.scan_at++];
  c.frozen = head;
  c.grace_over = false;
  w.at(switched_over(w, c), [id, head, boots = c.boots](World& world) {
    if (controller(world, id).boots != boots || controller(world, id).frozen != head)
      return;  // the path is gone
    controller(world, id).grace_over = true;
    path_drained(world, id);
  });
}

void add_path(World& w, ControllerId id, HeadId head_id, std::uint32_t group) {
  Head& head = head_of(w, head_id);
  if (!has_path(head, id)) {
    Path path;
    path.controller = id;
    path.ready = true;
    head.paths.push_back(path);
    head.removed = false;
    latency::add_path(w, head);
    find_ana_state(w, head_id, static_cast<std::uint32_t>(head.paths.size() - 1), group);
  }
  schedule_requeue(w, head_id);
}

}  // namespace

TimePoint io_queues_thawed(const World& w, ControllerId id) {
  const Controller& c = w.host.controllers[sim::index(id)];
  if (!c.started_once || c.io_queues == 0 || is_fc(c))
    return w.now();
  const bool quiesces = w.transport.kind == transport::TransportKind::rdma && c.io_queues == 1;
  std::uint64_t periods = 1 + (quiesces ? 2 * paths_over(w, id) : 0);
  TimePoint at = w.now();
  for (; periods > 0; --periods)
    at = sim::grace_period_over(host_of(w, c).wheel, at);
  return at;
}

void namespace_found(World& w, ControllerId id, std::uint32_t nsid,
                     const wire::IdentifyNamespace& page) {
  HOLDFAST_CHECK(page.lba_shift >= 9 && page.lba_shift < 32, "Linux refuses such blocks");
  const Controller& c = controller(w, id);
  const auto& heads = host_of(w, c).heads;
  const auto found = std::find_if(heads.begin(), heads.end(), [&](HeadId head) {
    return head_of(w, head).nsid == nsid && head_of(w, head).subnqn == c.subnqn;
  });
  if (found == heads.end()) {
    scan_next(w, id);
    return;
  }
  const HeadId head_id = *found;
  Head& head = head_of(w, head_id);
  // Its own queue is not in use yet, nor is the head of a first path.
  const bool freezes = !head.paths.empty() && !host_of(w, c).wheel.is_exact();
  head.block_bytes = 1u << page.lba_shift;
  head.blocks = page.size_blocks;
  if (!freezes) {
    add_path(w, id, head_id, page.ana_group);
    scan_next(w, id);
    return;
  }
  freeze_head(w, head_id);
  w.at(switched_over(w, c), [id, head_id, group = page.ana_group, boots = c.boots](World& world) {
    if (controller(world, id).boots != boots)
      return;
    const State state = controller(world, id).state;
    if (exists(controller(world, id)) && state != State::deleting)
      add_path(world, id, head_id, group);
    thaw_head(world, head_id);
    if (state == State::live)
      scan_next(world, id);
  });
}

void scan_next(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  HOLDFAST_CHECK(!c.discovery, "a discovery controller has no namespaces");
  if (c.scan.empty()) {
    c.started_once = true;
    // nvme_scan_work: "re-read the ANA log page to not miss updates".
    read_ana_log(w, id);
    return;
  }
  Request r;
  r.purpose = Purpose::scan;
  r.argument = c.scan.back();
  c.scan.pop_back();
  wire::Identify identify;
  identify.cns = wire::Cns::identify_namespace;
  identify.nsid = r.argument;
  r.command = wire::make_identify(0, identify);
  send_request(w, c.admin, r, c.admin_timeout);
}

void scan_anew(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  // Its Identify commands are left out: they find what the first scan found. Without ticks a freeze
  // takes no time.
  if (host_of(w, c).wheel.is_exact()) {
    read_ana_log(w, id);
    return;
  }
  c.scan_again = c.scanning;
  if (c.scanning)
    return;
  c.scanning = true;
  c.scan_at = 0;
  scan_on(w, id);
}

void path_drained(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  const HeadId head = c.frozen;
  HOLDFAST_CHECK(head != sim::none<HeadId>, "no path is frozen");
  if (!c.grace_over || is_entered(w, c, head))
    return;
  freeze_head(w, head);
  let_in(w, id, true);
  w.at(switched_over(w, c), [id, head, boots = c.boots](World& world) {
    if (controller(world, id).boots != boots)
      return;
    thaw_head(world, head);
    if (controller(world, id).scanning && controller(world, id).frozen == sim::none<HeadId>)
      scan_on(world, id);
  });
}

void end_scan(World& w, ControllerId id) {
  controller(w, id).scanning = false;
  controller(w, id).scan_again = false;
  let_in(w, id, false);
}

bool is_discovery_nqn(const wire::NqnText& nqn) { return nqn.view() == wire::discovery_nqn; }

bool discovery_skips(Setup step) {
  // nvmet's LPA offers no effects log, nvme_hwmon_init leaves discovery controllers alone, and
  // queue_count is 1.
  return step == Setup::effects_log || step == Setup::ana_log || step == Setup::smart_log ||
         step == Setup::number_of_queues || step == Setup::io_transport ||
         step == Setup::io_connect;
}

void start_discovery(World& w, ControllerId id, bool again) {
  Controller& c = controller(w, id);
  // Commit 2e482655019a: whoever reconnects is persistent, and a persistent connection has a KATO.
  // This Connect still carried 0, so the controller keeps the time it took for that.
  if (!again || c.kato != Duration{} || !host_of(w, c).policy.discovery_reconnect_kato)
    return;
  stop_keep_alive(w, id);
  c.kato = default_kato;
  start_keep_alive(w, id);
}

void ask_for_events(World& w, ControllerId id, Purpose purpose) {
  const Controller& c = controller(w, id);
  HOLDFAST_CHECK(c.state == State::live, "events are enabled when the controller is LIVE");
  Request r;
  r.purpose = purpose;
  std::uint32_t events = wire::aec_namespace_attributes | wire::aec_ana_change;
  // nvme_enable_aen: what is offered and supported; the series adds the CCR notice.
  if (host_of(w, c).policy.ccr && (c.oaes & wire::aec_cross_controller_reset) != 0)
    events |= wire::aec_cross_controller_reset;
  if (host_of(w, c).suspicion.lost_host_notice)
    events |= c.oaes & wire::aec_lost_host_communication;
  if (c.discovery)
    events = wire::aec_discovery_change;
  r.command = wire::make_set_async_event_config(0, events);
  send_request(w, c.admin, r, c.admin_timeout);
}

void after_live(World& w, ControllerId id) { ask_for_events(w, id, Purpose::after_live); }

void after_live_completed(World& w, ControllerId id, const Request& r,
                          const wire::Completion& completion) {
  Controller& c = controller(w, id);
  if (c.state != State::live || !completion.status.ok())
    return;
  if (r.purpose == Purpose::after_live) {
    post_async_event_request(w, id);
    if (c.discovery)
      return;
    if (c.started_once) {
      scan_anew(w, id);
      return;
    }
    Request list;
    list.purpose = Purpose::scan;
    wire::Identify identify;
    identify.cns = wire::Cns::active_namespace_list;
    list.command = wire::make_identify(0, identify);
    send_request(w, c.admin, list, c.admin_timeout);
    return;
  }
  const auto page = w.transport.blobs[r.answer.blob].first(wire::identify_bytes);
  if (r.argument != 0) {
    if (const auto ns = wire::decode_identify_namespace(page)) {
      namespace_found(w, id, r.argument, *ns);
      return;
    }
  } else {
    std::array<std::uint32_t, wire::identify_bytes / 4> nsids{};
    const std::size_t count = wire::decode_namespace_list(page, nsids);
    c.scan.assign(nsids.begin(), nsids.begin() + static_cast<std::ptrdiff_t>(count));
    std::reverse(c.scan.begin(), c.scan.end());
  }
  scan_next(w, id);
}

}  // namespace holdfast::host
