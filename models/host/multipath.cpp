// SPDX-License-Identifier: Apache-2.0
// Native multipath (protocol.md 6): path selection, failover, the requeue list; and the life of an
// application's I/O from submission to completion.
#include <algorithm>

#include "models/host/hooks.hpp"
#include "models/host/internal.hpp"
#include "models/host/latency/latency.hpp"
#include "models/world.hpp"

namespace holdfast::host {

using wire::AnaState;
using wire::StatusCode;

namespace {

constexpr std::uint32_t no_path = ~0u;

/// A controller is one path of a head, or none.
auto path_over(const Head& head, ControllerId id) {
  return std::find_if(head.paths.begin(), head.paths.end(),
                      [&](const Path& p) { return p.controller == id; });
}

bool is_optimized(const Path& p) { return p.ana == AnaState::optimized; }

/// nvme_path_is_optimized, with the series that knows marginal paths (posted to linux-nvme as v10
/// of "nvme-fc: FPIN link integrity handling", 2025-09-25): they count as non-optimized.
bool is_sound(const World& w, const Path& p) {
  return is_optimized(p) && !w.host.controllers[sim::index(p.controller)].marginal;
}

/// __nvme_find_path: the nearest optimized path, else the nearest non-optimized one.
std::uint32_t find_nearest(const World& w, const Head& head) {
  std::uint32_t best[2] = {no_path, no_path};
  for (std::uint32_t i = 0; i < head.paths.size(); ++i) {
    const Path& p = head.paths[i];
    if (is_disabled(w, p))
      continue;
    if (!is_optimized(p) && p.ana != AnaState::non_optimized)
      continue;
    // node_distance: everything runs on node 0 and all other nodes are equally far.
    const auto far = [&](std::uint32_t at) {
      return w.host.controllers[sim::index(head.paths[at].controller)].numa_node != 0;
    };
    std::uint32_t& slot = best[is_sound(w, p) ? 0 : 1];
    if (slot == no_path || (far(slot) && !far(i)))
      slot = i;
  }
  return best[0] != no_path ? best[0] : best[1];
}

/// nvme_round_robin_path.
std::uint32_t find_round_robin(const World& w, const Head& head) {
  if (head.current == no_path)
    return find_nearest(w, head);
  const auto count = static_cast<std::uint32_t>(head.paths.size());
  if (count == 1)
    return is_disabled(w, head.paths[0]) ? no_path : 0;
  std::uint32_t found = no_path;
  for (std::uint32_t step = 1; step < count; ++step) {
    const std::uint32_t i = (head.current + step) % count;
    if (is_disabled(w, head.paths[i]))
      continue;
    if (is_sound(w, head.paths[i]))
      return i;
    if (is_optimized(head.paths[i]) || head.paths[i].ana == AnaState::non_optimized)
      found = i;
  }
  const Path& old = head.paths[head.current];
  const bool old_usable = !is_disabled(w, old);
  if (old_usable &&
      (is_optimized(old) || (found == no_path && old.ana == AnaState::non_optimized))) {
    return head.current;
  }
  return found;
}

/// nvme_queue_depth_path.
std::uint32_t find_shallowest(const World& w, const Head& head) {
  std::uint32_t best[2] = {no_path, no_path};
  const auto depth = [&](std::uint32_t at) {
    return w.host.controllers[sim::index(head.paths[at].controller)].active;
  };
  for (std::uint32_t i = 0; i < head.paths.size(); ++i) {
    const Path& p = head.paths[i];
    if (is_disabled(w, p) || (!is_optimized(p) && p.ana != AnaState::non_optimized))
      continue;
    std::uint32_t& slot = best[is_optimized(p) ? 0 : 1];
    if (slot == no_path || depth(i) < depth(slot))
      slot = i;
    if (best[0] != no_path && depth(best[0]) == 0)
      break;
  }
  return best[0] != no_path ? best[0] : best[1];
}

IoPolicy policy_of(const World& w, const Head& head) {
  return w.host.hosts[sim::index(head.host)].iopolicy;
}

/// numa and round-robin go on from the path that they used last (current_path).
bool keeps_current(IoPolicy policy) {
  return policy == IoPolicy::numa || policy == IoPolicy::round_robin;
}

std::uint32_t find_path(const World& w, const Head& head) {
  HOLDFAST_PACKET_CHECK(head.current == no_path || head.current < head.paths.size(),
                        "the current path is none of the head's");
  if (policy_of(w, head) == IoPolicy::round_robin)
    return find_round_robin(w, head);
  if (policy_of(w, head) == IoPolicy::queue_depth)
    return find_shallowest(w, head);
  if (policy_of(w, head) == IoPolicy::latency)
    return find_nearest(w, head);  // whether there is one; which is said by latency::take
  // numa: the cached path is looked at again only when it is not LIVE and optimized.
  if (head.current != no_path && !is_disabled(w, head.paths[head.current]) &&
      is_sound(w, head.paths[head.current])) {
    return head.current;
  }
  return find_nearest(w, head);
}

/// nvme_available_path. FENCING is not in the list: when every path is fencing, new I/O fails
/// (protocol.md 4.5; so in every posted generation through v4), unless the device outlives its
/// paths (NVME_NSHEAD_QUEUE_IF_NO_PATH).
bool has_available_path(const World& w, const Head& head) {
  const Host& host = w.host.hosts[sim::index(head.host)];
  if (host.delayed_removal != Duration{})
    return !head.removed;
  const bool queues = host.policy.queue_while_fencing;
  return std::any_of(head.paths.begin(), head.paths.end(), [&](const Path& p) {
    const Controller& c = w.host.controllers[sim::index(p.controller)];
    return !c.failfast_expired && (c.state == State::live || c.state == State::resetting ||
                                   c.state == State::connecting || (queues && is_fencing(c.state)));
  });
}

void run_requeue_list(World& w, HeadId id) {
  Head& head = head_of(w, id);
  HOLDFAST_CHECK(head.requeue_scheduled, "the list is run without having been kicked");
  head.requeue_scheduled = false;
  // Only what is on the list now: what comes back waits for the next kick.
  for (std::size_t left = head.requeue.size(); left > 0; --left) {
    const IoId io = head.requeue.front();
    head.requeue.pop_front();
    dispatch(w, io);
  }
}

/// nvme_mpath_start_request: the count is maintained only while the policy needs it.
void count_active(World& w, Io& io, ControllerId id) {
  if (policy_of(w, head_of(w, io.head)) != IoPolicy::queue_depth || io.counted == id)
    return;
  io.counted = id;
  ++controller(w, id).active;
}

/// nvme_mpath_end_request.
void end_active(World& w, Io& io) {
  if (io.counted == sim::none<ControllerId>)
    return;
  // atomic_dec_if_positive: a new association has counted from zero meanwhile.
  if (std::uint32_t& active = controller(w, io.counted).active; active != 0)
    --active;
  io.counted = sim::none<ControllerId>;
}

/// nvme_mpath_remove_disk: the last path of a device is gone.
void remove_later(World& w, const Controller& c, HeadId id) {
  const Duration delay = host_of(w, c).delayed_removal;
  if (delay == Duration{} || !head_of(w, id).paths.empty())
    return;
  w.calendar.cancel(head_of(w, id).removal);
  head_of(w, id).removal = w.at(timer_at(w, c, delay), [id](World& world) {
    Head& head = head_of(world, id);
    if (!head.paths.empty())
      return;
    head.removed = true;
    schedule_requeue(world, id);
  });
}

}  // namespace

bool is_disabled(const World& w, const Path& p) {
  const State state = w.host.controllers[sim::index(p.controller)].state;
  return (state != State::live && state != State::deleting) || !p.ready || p.ana_pending;
}

PathCounters& path_counters(World& w, HeadId id, ControllerId controller) {
  Head& head = head_of(w, id);
  const auto path = path_over(head, controller);
  if (path == head.paths.end())
    return w.host.of_removed_paths;
  return head.paths[static_cast<std::size_t>(path - head.paths.begin())].counters;
}

Head& head_of(World& w, HeadId id) {
  HOLDFAST_PACKET_CHECK(sim::index(id) < w.host.heads.size(), "there is no such device");
  return w.host.heads[sim::index(id)];
}

bool has_usable_path(const World& w, HeadId id) {
  return find_path(w, w.host.heads[sim::index(id)]) != no_path;
}

bool has_path(const Head& head, ControllerId id) { return path_over(head, id) != head.paths.end(); }

void schedule_requeue(World& w, HeadId id) {
  Head& head = head_of(w, id);
  if (head.requeue_scheduled || head.requeue.empty())
    return;
  head.requeue_scheduled = true;
  w.after(Duration{}, [id](World& world) { run_requeue_list(world, id); });
}

bool is_ready(const World& w, HeadId id) { return w.host.heads[sim::index(id)].block_bytes != 0; }

bool can_be_opened(const World& w, HeadId id) {
  return is_ready(w, id) && !is_down(w, w.host.heads[sim::index(id)].host);
}

std::uint64_t submit_io(World& w, const Io& what) {
  HOLDFAST_PACKET_CHECK(sim::index(what.head) < w.host.heads.size(), "there is no such device");
  HOLDFAST_PACKET_CHECK(is_ready(w, what.head), "the device has not been found yet");
  HOLDFAST_PACKET_CHECK(what.blocks > 0 && what.lba + what.blocks <= head_of(w, what.head).blocks,
                        "the block layer refuses what lies beyond the end of the device");
  HOLDFAST_PACKET_CHECK(what.serial == 0 && what.attempts == 0, "an I/O is submitted twice");
  const IoId id = w.host.ios.add(what);
  Io& io = w.host.ios[id];
  io.serial = w.host.next_serial++;
  const std::uint64_t serial = io.serial;
  if (io.buffer != transport::no_buffer)
    w.host.buffers[io.buffer] = serial << 8;
  record<Kind::app_submit>(w, serial, io.job, io.kind, head_of(w, io.head).disk, io.lba, io.blocks);
  dispatch(w, id);
  return serial;
}

void dispatch(World& w, IoId id) {
  HOLDFAST_PACKET_CHECK(w.host.ios[id].serial != 0, "the I/O is over");
  const HeadId head_id = w.host.ios[id].head;
  Head& head = head_of(w, head_id);
  if (head.frozen != 0) {
    head.held_back.push_back(id);
    return;
  }
  const IoPolicy policy = policy_of(w, head);
  const std::uint32_t path =
      policy == IoPolicy::latency ? latency::take(w, head, w.host.ios[id]) : find_path(w, head);
  if (path != no_path) {
    if (keeps_current(policy))
      head.current = path;
    Controller& c = controller(w, head.paths[path].controller);
    if (c.frozen == head_id) {
      c.held_back.push_back(id);
      return;
    }
    // A controller that is deleted while it is set up anew has no I/O queue yet, and is a path all
    // the same (nvme_path_is_disabled); its tag set still is that of before.
    queue_io(w, io_queue(c, w.host.ios[id].cpu % std::max(c.io_queues, 1u)), id);
    return;
  }
  if (has_available_path(w, head)) {
    ++head.counters.io_requeue_no_usable_path_count;
    record<Kind::io_requeued>(w, w.host.ios[id].serial);
    head.requeue.push_back(id);
    return;
  }
  ++head.counters.io_fail_no_available_path_count;
  // "no available path - failing I/O". As an event of its own, so that an application that
  // answers an error with another I/O cannot recurse.
  w.after(Duration{}, [id](World& world) {
    if (world.host.ios.contains(id))
      attempt_over(world, id, StatusCode::host_path_error);
  });
}

bool is_quiesced(const World& w, const Queue& q) {
  const Controller& c = w.host.controllers[sim::index(q.controller)];
  return !q.live && c.state == State::deleting && c.busy_in_resetting && !c.tearing_down;
}

void queue_io(World& w, QueueId queue_id, IoId id) {
  HOLDFAST_PACKET_CHECK(w.host.ios[id].serial != 0, "the I/O is over");
  Queue& q = queue(w, queue_id);
  const State state = controller(w, q.controller).state;
  if (is_quiesced(w, q)) {
    q.waiting.push_back(id);
    return;
  }
  if (!q.live || (state != State::live && state != State::deleting)) {
    // nvme_fail_nonready_command: Host Path Error at once. What was never sent can be sent
    // elsewhere without a hold (protocol.md 4.4).
    fail_over(w, id, q.controller);
    return;
  }
  if (q.tags.free() < tags_needed(w, id)) {
    q.waiting.push_back(id);
    return;
  }
  const Controller& c = controller(w, q.controller);
  ++w.host.ios[id].attempts;
  const Duration timeout = c.io_timeout;
  if (w.host.ios[id].kind == IoKind::compare_and_write)
    send_request(w, queue_id, fused_compare(w, c, id), timeout);
  const std::uint16_t cid = send_request(w, queue_id, io_request(w, c, id), timeout);
  count_active(w, w.host.ios[id], q.controller);
  record<Kind::attempt_sent>(w, Token{token_of(w.host.ios[id])}, q.controller,
                             transport::connection_of(w, q.transport), q.qid, cid);
}

void finish_io(World& w, IoId id, wire::Status status) {
  HOLDFAST_PACKET_CHECK(w.host.ios[id].serial != 0, "an application is told twice");
  end_active(w, w.host.ios[id]);
  const Io io = w.host.ios[id];
  w.host.ios.remove(id);
  record<Kind::app_complete>(w, io.serial, status, io.version);
  w.host.io_done(w, io.job, io.cookie, status, io.version);
}

void fail_over(World& w, IoId io, ControllerId from) {
  HOLDFAST_CHECK(w.host.ios[io].serial != 0, "the I/O is over");
  HOLDFAST_CHECK(controller(w, from).host == head_of(w, w.host.ios[io].head).host,
                 "an I/O comes back from another host's controller");
  end_active(w, w.host.ios[io]);
  ++path_counters(w, w.host.ios[io].head, from).multipath_failover_count;
  // The bio goes into a request of its own, which has not been retried yet.
  w.host.ios[io].retries = 0;
  // nvme_failover_req: the path that failed is not the current one any more.
  Head& head = head_of(w, w.host.ios[io].head);
  if (head.current != no_path && head.paths[head.current].controller == from) {
    head.current = no_path;
  }
  latency::forget(w, head, from);
  requeue(w, io);
}

void requeue(World& w, IoId io) {
  const HeadId head = w.host.ios[io].head;
  head_of(w, head).requeue.push_back(io);
  schedule_requeue(w, head);
}

void kick_requeue_lists(World& w, ControllerId id) {
  for (const HeadId head : host_of(w, controller(w, id)).heads) {
    if (has_path(head_of(w, head), id))
      schedule_requeue(w, head);
  }
}

void path_became_usable(World& w, HeadId id, std::uint32_t path) {
  Head& head = head_of(w, id);
  HOLDFAST_CHECK(path < head.paths.size(), "the head has no such path");
  if (is_optimized(head.paths[path]) && keeps_current(policy_of(w, head))) {
    const std::uint32_t nearest = find_nearest(w, head);
    if (nearest != no_path)
      head.current = nearest;
  }
  schedule_requeue(w, id);
}

void clear_path(World& w, ControllerId id) {
  for (const HeadId head_id : host_of(w, controller(w, id)).heads) {
    Head& head = head_of(w, head_id);
    if (head.current != no_path && head.paths[head.current].controller == id)
      head.current = no_path;
    latency::forget(w, head, id);
  }
}

void remove_paths(World& w, ControllerId id) {
  clear_path(w, id);
  for (const HeadId head_id : host_of(w, controller(w, id)).heads) {
    Head& head = head_of(w, head_id);
    const auto path = path_over(head, id);
    if (path == head.paths.end())
      continue;
    // current_path is a pointer in Linux: another path that is the current one stays it.
    const auto at = static_cast<std::uint32_t>(path - head.paths.begin());
    HOLDFAST_PACKET_CHECK(head.current != at,
                          "the path that goes should not be the current one any more");
    head.paths.erase(path);
    latency::remove_path(head, at);
    if (head.current != no_path && head.current > at)
      --head.current;
    remove_later(w, controller(w, id), head_id);
    // What waited for this path finds another one, or fails (nvme_mpath_clear_ctrl_paths).
    schedule_requeue(w, head_id);
  }
  end_scan(w, id);
}

}  // namespace holdfast::host
