// SPDX-License-Identifier: Apache-2.0
// Lost Host Communication: a controller that has lost its host tells it so through the other
// controllers of that host, with log page 1Fh and a notice (protocol.md 3.8). A hint only.
#include <algorithm>
#include <vector>

#include "models/target/internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

namespace {

constexpr std::uint32_t event_bit = wire::aec_lost_host_communication;

void tell(World& w, ControllerId id, const wire::LostHostEntry& entry) {
  Controller& c = w.target.controllers[id];
  HOLDFAST_CHECK(c.in_use && c.cntlid != entry.cntlid,
                 "a controller tells itself that it lost its host");
  if (c.losses.size() >= wire::lost_host_log_max_entries)
    return;
  c.losses.push_back(entry);
  record<Kind::lost_host>(w, c.subsystem, c.cntlid, entry.cntlid, entry.cause);
  if ((c.events_enabled & event_bit) == 0 || (c.events_masked & event_bit) != 0)
    return;
  // Once, then masked until the log page is read, as the other notices.
  c.events_masked |= event_bit;
  send_event(w, id, wire::lost_host_event().encode());
}

}  // namespace

void report_lost_host(World& w, ControllerId id, wire::LostHostCause cause) {
  Controller& c = w.target.controllers[id];
  HOLDFAST_CHECK(c.in_use, "the controller is gone");
  const Subsystem& s = w.target.subsystems[sim::index(c.subsystem)];
  if (!s.profile->lost_host_log || c.loss_reported || c.fatal || c.shut_down)
    return;
  c.loss_reported = true;
  const wire::LostHostEntry entry{c.cntlid, cause, c.ciu};
  const sim::Vector<ControllerId> all = s.controllers;
  for (const ControllerId other : all) {
    const Controller& o = w.target.controllers[other];
    const bool told = other != id && o.hostnqn == c.hostnqn && !o.fatal;
    if (told && (o.node == c.node || (answers(w, o.node) && answers(w, c.node))))
      tell(w, other, entry);
  }
}

void lost_host_log_page(World& w, ControllerId id, wire::Bytes out,
                        const wire::GetLogPage& request) {
  Controller& c = w.target.controllers[id];
  std::vector<std::byte> page(wire::lost_host_log_bytes(c.losses.size()));
  HOLDFAST_CHECK(wire::encode_lost_host_log(page, c.losses),
                 "the page has no room for its entries");
  std::copy_n(page.begin(), std::min(page.size(), out.size()), out.begin());
  if (request.retain_async_event)
    return;
  c.events_masked &= ~event_bit;
  c.losses.clear();
}

}  // namespace holdfast::target
