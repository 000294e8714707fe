// SPDX-License-Identifier: Apache-2.0
// Slow admin work: the admin commands of a controller are fetched, but wait for their turn, and a
// Keep Alive waits with them. It satisfies a command-based timer when it is executed, not when it
// arrives (protocol.md 1.4), so a host that behaves can be expired.
#include <algorithm>
#include <utility>

#include "models/target/internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

namespace {

sim::Vector<std::uint16_t>& stalls_of(World& w, SubsystemId subsystem) {
  return w.target.subsystems[sim::index(subsystem)].admin_stalls;
}

}  // namespace

bool is_stalled(const World& w, const Controller& c) {
  const auto& stalls = w.target.subsystems[sim::index(c.subsystem)].admin_stalls;
  return std::find(stalls.begin(), stalls.end(), c.cntlid) != stalls.end();
}

void start_admin_stall(World& w, SubsystemId subsystem, std::uint16_t cntlid) {
  HOLDFAST_CHECK(sim::index(subsystem) < w.target.subsystems.size(), "there is no such subsystem");
  stalls_of(w, subsystem).push_back(cntlid);
}

void end_admin_stall(World& w, SubsystemId subsystem, std::uint16_t cntlid) {
  auto& stalls = stalls_of(w, subsystem);
  const auto place = std::find(stalls.begin(), stalls.end(), cntlid);
  HOLDFAST_CHECK(place != stalls.end(), "a stall ends that has not begun");
  stalls.erase(place);
  const ControllerId id = find_controller(w, subsystem, cntlid);
  if (id == sim::none<ControllerId> || is_stalled(w, w.target.controllers[id]))
    return;
  const NodeId node = w.target.controllers[id].node;
  // A command may end its controller, which forgets the rest.
  const sim::Vector<Held> waiting = std::exchange(w.target.controllers[id].stalled, {});
  for (const Held& h : waiting) {
    if (hangs(w, node)) {
      hold(w, node, h);
    } else if (w.target.queues[h.queue].controller == id && !w.target.queues[h.queue].stopped) {
      execute_command(w, h.queue, h.command, {});
    }
  }
}

}  // namespace holdfast::target
