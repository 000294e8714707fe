// SPDX-License-Identifier: Apache-2.0
// The nodes of an array and how they fail: a crash forgets, a hang remembers (which is how a stale
// write comes back after minutes), a partition only keeps other nodes from reaching it.
#include <algorithm>
#include <utility>

#include "models/target/internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

namespace {

Node& node(World& w, NodeId id) {
  HOLDFAST_CHECK(sim::index(id) < w.target.nodes.size(), "there is no such node");
  return w.target.nodes[sim::index(id)];
}

std::vector<ControllerId> controllers_on(const World& w, NodeId id) {
  std::vector<ControllerId> found;
  for (const Subsystem& s : w.target.subsystems) {
    for (const ControllerId c : s.controllers) {
      if (w.target.controllers[c].node == id)
        found.push_back(c);
    }
  }
  return found;
}

void free_blob(World& w, const Held& h) {
  if (h.kind == Held::Kind::command && h.payload.blob != sim::none<transport::BlobId>)
    w.transport.blobs.remove(h.payload.blob);
}

void say_state(World& w, NodeId id) {
  HOLDFAST_CHECK(node(w, id).state == NodeState::up || !node(w, id).failures.empty(),
                 "a node is not well and nothing has failed");
  record<Kind::node_state>(w, node(w, id).subsystem, id, node(w, id).state);
}

/// Power is off: nobody is told, since the fault has cut the links of the ports before.
void crash(World& w, NodeId id) {
  HOLDFAST_CHECK(node(w, id).state == NodeState::crashed, "a node crashes that has power");
  cut_off_node(w, id);
  node_forgets_reservations(w, id);
  node(w, id).resets.clear();
  // Only results of the medium are left; their requests are given back.
  const sim::Vector<Held> rest = std::exchange(node(w, id).held, {});
  for (const Held& h : rest) {
    free_blob(w, h);
    if (h.kind == Held::Kind::finished)
      finish(w, h.request);
  }
}

void take(World& w, const Held& h) {
  if (h.kind == Held::Kind::finished) {
    finish(w, h.request);
    return;
  }
  if (!w.target.queues.contains(h.queue))
    return;
  const Queue& q = w.target.queues[h.queue];
  const bool ends = h.kind == Held::Kind::quiesced || h.kind == Held::Kind::released;
  if (q.stopped && !ends)
    return;
  switch (h.kind) {
    case Held::Kind::command:
      take_command(w, h.queue, h.command, h.payload);
      return;
    case Held::Kind::admitted:
      // Slow admin work may have begun while the node hung.
      if (is_stalled(w, w.target.controllers[q.controller])) {
        w.target.controllers[q.controller].stalled.push_back(h);
      } else {
        execute_command(w, h.queue, h.command, {});
      }
      return;
    case Held::Kind::data:
      take_data(w, h.queue, h.tag, h.payload);
      return;
    case Held::Kind::lost:
      take_loss(w, h.queue);
      return;
    case Held::Kind::quiesced:
      quiesce_over(w, h.queue);
      return;
    case Held::Kind::released:
      release_if_drained(w, h.queue);
      return;
    case Held::Kind::hello:
      take_hello(w, h.queue);
      return;
    case Held::Kind::computed:
      take_computed(w, h.queue, h.command);
      return;
    case Held::Kind::finished:
      return;
  }
}

void catch_up(World& w, NodeId id, bool by_the_clock) {
  for (const ControllerId c : controllers_on(w, id)) {
    if (w.target.controllers.contains(c))
      catch_up_watchdog(w, c, by_the_clock);
  }
}

void run_held(World& w, NodeId id) {
  HOLDFAST_CHECK(!hangs(w, id), "what is held would be held once more");
  // In the order in which it happened; whoever ends a queue takes its things out of the list.
  while (!node(w, id).held.empty()) {
    const Held h = node(w, id).held.front();
    node(w, id).held.erase(node(w, id).held.begin());
    take(w, h);
    free_blob(w, h);
  }
}

void send_events(World& w, ControllerId id) {
  Controller& c = w.target.controllers[id];
  while (!c.events.empty() && c.event_request_count != 0) {
    const std::uint32_t dw0 = c.events.front();
    c.events.erase(c.events.begin());
    send_event(w, id, dw0);
  }
}

void run_resets(World& w, NodeId id) {
  const auto resets = std::exchange(node(w, id).resets, {});
  for (const auto& [impacted, cirn] : resets)
    reset_on_node(w, impacted, cirn, true);
}

/// The node goes on with what it had. Cut off from the others it does not hear of their resets.
void resume(World& w, NodeId id) {
  const bool reached = node(w, id).state == NodeState::up;
  if (node(w, id).clock_stops) {
    for (const ControllerId c : controllers_on(w, id))
      put_off_watchdog(w, c, w.time() - node(w, id).hung_since);
  }
  const SubsystemId subsystem = node(w, id).subsystem;
  const Profile& profile = *w.target.subsystems[sim::index(subsystem)].profile;
  const bool expires_first = profile.hang_resumes == HangResumes::expires_first;
  if (expires_first) {
    catch_up(w, id, true);
    if (reached)
      run_resets(w, id);
  }
  run_held(w, id);
  if (!expires_first) {
    if (reached)
      run_resets(w, id);
    catch_up(w, id, false);
  }
  for (const ControllerId c : controllers_on(w, id))
    send_events(w, c);
}

NodeState worst_of(const sim::Vector<NodeState>& failures) {
  NodeState worst = NodeState::up;
  for (const NodeState one : {NodeState::partitioned, NodeState::hung, NodeState::crashed}) {
    if (std::find(failures.begin(), failures.end(), one) != failures.end())
      worst = one;
  }
  return worst;
}

/// A failure has begun or ended: the node is in the worst state that is left.
void become_worst(World& w, NodeId id) {
  const NodeState before = node(w, id).state;
  const NodeState now = worst_of(node(w, id).failures);
  if (now == before)
    return;
  node(w, id).state = now;
  say_state(w, id);
  if (before == NodeState::up)
    node_failed(w, id);
  if (now == NodeState::up) {
    node_hears_reservations(w, id);
    node_returned(w, id);
  }
  if (now == NodeState::crashed)
    crash(w, id);
  if (before == NodeState::hung && now != NodeState::crashed)
    resume(w, id);
  if (before == NodeState::partitioned && now == NodeState::up)
    run_resets(w, id);
}

bool is_instance(const World& w, ControllerId id, std::uint64_t cirn) {
  // After a delay it may be gone, or have begun anew.
  return w.target.controllers.contains(id) && w.target.controllers[id].cirn == cirn;
}

void fence(World& w, ControllerId id, std::uint64_t cirn) {
  HOLDFAST_CHECK(id != sim::none<ControllerId>, "nobody is fenced");
  if (!is_instance(w, id, cirn))
    return;
  Controller& c = w.target.controllers[id];
  c.fatal = true;
  record<Kind::controller_fatal>(w, c.subsystem, c.cntlid, cause_fenced);
  cut_off(w, id);
}

}  // namespace

void cut_off_node(World& w, NodeId id) {
  // What executes ends without a trace, also for controllers that are gone already (ignore).
  for (Request& r : w.target.requests) {
    if (r.executing && r.node == id)
      r.aborted = true;
  }
  for (const ControllerId c : controllers_on(w, id))
    cut_off(w, c);
  // Then queues that have no controller yet; an address that moved has queues on two nodes.
  for (const auto* ports : {&node(w, id).ports, &node(w, id).moved}) {
    for (const transport::PortId port : sim::Vector<transport::PortId>(*ports)) {
      for (const QueueId q : sim::members<&Queue::on_port>(w.target.queues, queues_at(w, port))) {
        if (w.target.queues[q].node == id)
          cut_off(w, q);
      }
    }
  }
}

NodeId add_node(World& w, SubsystemId subsystem, std::string_view name,
                const std::vector<transport::PortId>& ports) {
  HOLDFAST_CHECK(sim::index(subsystem) < w.target.subsystems.size(), "there is no such subsystem");
  for (const transport::PortId port : ports)
    HOLDFAST_CHECK(node_of_port(w, port) == sim::none<NodeId>, "a port is on two nodes");
  Node added;
  added.subsystem = subsystem;
  added.ports.assign(ports.begin(), ports.end());
  w.target.nodes.push_back(added);
  w.target.node_names.push_back(std::string(name));
  return NodeId{static_cast<std::uint32_t>(w.target.nodes.size() - 1)};
}

NodeId node_of_port(const World& w, transport::PortId port) {
  for (std::size_t i = 0; i < w.target.nodes.size(); ++i) {
    const auto& ports = w.target.nodes[i].ports;
    if (std::find(ports.begin(), ports.end(), port) != ports.end())
      return NodeId{static_cast<std::uint32_t>(i)};
  }
  return sim::none<NodeId>;
}

bool hangs(const World& w, NodeId id) {
  return id != sim::none<NodeId> && w.target.nodes[sim::index(id)].state == NodeState::hung;
}

bool answers(const World& w, NodeId id) {
  return id == sim::none<NodeId> || w.target.nodes[sim::index(id)].state == NodeState::up;
}

void hold(World& w, NodeId id, const Held& what) {
  HOLDFAST_CHECK(hangs(w, id), "a node that does not hang holds nothing back");
  node(w, id).held.push_back(what);
}

void forget_held(World& w, NodeId id, QueueId queue) {
  if (id == sim::none<NodeId>)
    return;
  auto& held = node(w, id).held;
  for (const Held& h : held) {
    if (h.kind != Held::Kind::finished && h.queue == queue)
      free_blob(w, h);
  }
  std::erase_if(held,
                [&](const Held& h) { return h.kind != Held::Kind::finished && h.queue == queue; });
}

void reset_on_node(World& w, ControllerId impacted, std::uint64_t cirn, bool same_node) {
  HOLDFAST_CHECK(impacted != sim::none<ControllerId>, "nobody is reset");
  if (!is_instance(w, impacted, cirn))
    return;
  const Controller& c = w.target.controllers[impacted];
  if (same_node || answers(w, c.node)) {
    fatal_error(w, impacted, cause_reset);
    return;
  }
  const Subsystem& s = w.target.subsystems[sim::index(c.subsystem)];
  if (s.profile->unreachable_ccr == UnreachableCcr::fences) {
    const Duration delay = draw(w.choices, s.fence_choice, s.profile->fence_time);
    w.after(delay, [impacted, cirn](World& world) { fence(world, impacted, cirn); });
  } else {
    // Also when it became unreachable after the command was accepted.
    node(w, c.node).resets.emplace_back(impacted, cirn);
  }
}

void fail_node(World& w, NodeId id, NodeState state, bool clock_stops) {
  HOLDFAST_CHECK(state != NodeState::up, "a node that fails is not up");
  if (state == NodeState::hung && !hangs(w, id)) {
    node(w, id).clock_stops = clock_stops;
    node(w, id).hung_since = w.time();
  }
  node(w, id).failures.push_back(state);
  become_worst(w, id);
}

void restore_node(World& w, NodeId id, NodeState state) {
  auto& failures = node(w, id).failures;
  const auto place = std::find(failures.begin(), failures.end(), state);
  HOLDFAST_CHECK(place != failures.end(), "a failure ends that has not begun");
  failures.erase(place);
  become_worst(w, id);
}

}  // namespace holdfast::target
