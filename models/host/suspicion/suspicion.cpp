// SPDX-License-Identifier: Apache-2.0
// Signs of a lost path that come from the connection, the Keep Alive and the controllers beside it.
#include "models/host/suspicion/suspicion.hpp"

#include <algorithm>

#include "models/host/internal.hpp"
#include "models/host/suspicion/internal.hpp"
#include "models/world.hpp"

namespace holdfast::host::suspicion {

namespace {

/// Could a Cross-Controller Reset be asked for right now (nvme_find_ctrl_ccr)?
bool has_source(const World& w, ControllerId id) {
  const Controller& c = w.host.controllers[sim::index(id)];
  const Host& host = host_of(w, c);
  if (!host.policy.ccr || c.ciu == 0)
    return false;
  return std::any_of(host.controllers.begin(), host.controllers.end(), [&](ControllerId other) {
    const Controller& s = w.host.controllers[sim::index(other)];
    return other != id && s.subnqn == c.subnqn && s.state == State::live &&
           s.ccr_pending < s.ccr_limit;
  });
}

/// The controller that an entry of log page 1Fh names, as this host knows it: present instance.
ControllerId named(const World& w, const Controller& teller, const wire::LostHostEntry& entry) {
  for (const ControllerId id : host_of(w, teller).controllers) {
    const Controller& c = w.host.controllers[sim::index(id)];
    if (c.subnqn == teller.subnqn && c.cntlid == entry.cntlid && c.ciu == entry.ciu)
      return id;
  }
  return sim::none<ControllerId>;
}

void told_of(World& w, ControllerId id, wire::LostHostCause cause) {
  const Suspicion& knobs = knobs_of(w, id);
  // One connection that ended says nothing of the commands of the others (Base 2.1 3.3.2.4).
  const bool expired = cause == wire::LostHostCause::keep_alive_timeout;
  watch_of(w, id).expired = expired && knobs.lost_host_ends_wait;
  if (!is_fencing(controller(w, id).state)) {
    suspect(w, id, Sign::lost_host);
    return;
  }
  if (!watch_of(w, id).expired)
    return;
  const Duration left = hold_time(w, id);
  if (w.now() + left < controller(w, id).hold_end)
    shorten_hold(w, id, left);
}

void keep_alive_is_late(World& w, ControllerId id) {
  HOLDFAST_CHECK(keep_alive_since(w, controller(w, id)) != sim::never,
                 "the Keep Alive has been answered");
  suspect(w, id, Sign::keep_alive_late);
}

/// Waits for the oldest Keep Alive in flight, if there is one: a probe and one that was due may
/// both be.
void wait_for_keep_alive(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  const TimePoint oldest = keep_alive_since(w, c);
  if (oldest == sim::never)
    return;
  Watch& at = watch_of(w, id);
  w.calendar.cancel(at.late_timer);
  const TimePoint due = oldest + knobs_of(w, id).keep_alive_late;
  at.late_timer = w.at(timer_at(w, c, std::max(due - w.now(), Duration{})),
                       [id](World& world) { keep_alive_is_late(world, id); });
}

}  // namespace

Watch& watch_of(World& w, ControllerId id) {
  HOLDFAST_CHECK(is_watched(w.host, id), "nobody suspects that controller");
  return w.host.watches[sim::index(id)];
}

const Suspicion& knobs_of(const World& w, ControllerId id) {
  return host_of(w, w.host.controllers[sim::index(id)]).suspicion;
}

/// TCP_USER_TIMEOUT of a controller's sockets: its own, or else that of its host.
Duration user_timeout(const World& w, ControllerId id) {
  const auto* const tcp = std::get_if<TcpController>(&w.host.controllers[sim::index(id)].driver);
  return tcp != nullptr && tcp->user_timeout != Duration{} ? tcp->user_timeout
                                                           : knobs_of(w, id).tcp_user_timeout;
}

void forget(World& w, ControllerId id) {
  if (!is_watched(w.host, id))
    return;
  Watch& at = watch_of(w, id);
  w.calendar.cancel(at.late_timer);
  w.calendar.cancel(at.slow_timer);
  w.calendar.cancel(at.probe_timer);
  const auto counts = at.counts;
  at = Watch{};
  at.counts = counts;
}

void suspect(World& w, ControllerId id, Sign sign) {
  const Suspicion& knobs = knobs_of(w, id);
  if (controller(w, id).state != State::live || (knobs.only_with_ccr && !has_source(w, id)))
    return;
  ++watch_of(w, id).counts[static_cast<std::size_t>(sign)];
  record<Kind::suspected>(w, id, static_cast<std::uint8_t>(sign));
  // A connection that is gone begins its own recovery.
  if (sign != Sign::user_timeout)
    error_recovery(w, id, Cause::suspicion);
}

void add_watch(World& w, ControllerId id) {
  HOLDFAST_CHECK(!is_watched(w.host, id), "a controller is watched twice");
  w.host.watches.resize(sim::index(id) + std::size_t{1});
}

void went_live(World& w, ControllerId id) {
  if (!is_watched(w.host, id))
    return;
  Watch& at = watch_of(w, id);
  at.heard = at.io_heard = w.now();
  at.expired = false;
  begin_probing(w, id);
}

void keep_alive_sent(World& w, ControllerId id) {
  if (is_watched(w.host, id) && knobs_of(w, id).keep_alive_late != Duration{})
    wait_for_keep_alive(w, id);
}

void keep_alive_answered(World& w, ControllerId id) {
  if (is_watched(w.host, id) && w.calendar.cancel(watch_of(w, id).late_timer))
    wait_for_keep_alive(w, id);
}

void connection_failed(World& w, ControllerId id, int error) {
  if (is_watched(w.host, id) && error == error_timed_out && user_timeout(w, id) != Duration{})
    suspect(w, id, Sign::user_timeout);
}

void read_lost_hosts(World& w, ControllerId teller) {
  const Controller& c = controller(w, teller);
  HOLDFAST_CHECK(c.state == State::live, "events are heard while the controller is LIVE");
  // A target may tell hosts that never asked for it.
  const bool listens = is_watched(w.host, teller) && knobs_of(w, teller).lost_host_notice;
  if (!listens || !has_free_tag(w, c.admin))
    return;
  Request r;
  r.purpose = Purpose::lost_host_log;
  wire::GetLogPage log;
  log.lid = wire::LogId::lost_host_communication;
  log.dwords = wire::GetLogPage::dwords_for(
      static_cast<std::uint32_t>(wire::lost_host_log_bytes(wire::lost_host_log_max_entries)));
  r.command = wire::make_get_log_page(0, log);
  send_request(w, c.admin, r, c.admin_timeout);
}

void lost_hosts_read(World& w, ControllerId teller, const Request& request, wire::Status status) {
  if (!status.ok() || request.answer.blob == sim::none<transport::BlobId>)
    return;
  // Who is told of begins a recovery, so the page is read out first.
  const auto page = w.transport.blobs[request.answer.blob].first(request.answer.bytes);
  std::vector<std::pair<ControllerId, wire::LostHostCause>> told;
  for (std::uint16_t i = 0; i < wire::lost_host_log_max_entries; ++i) {
    const auto entry = wire::lost_host_entry(page, i);
    if (!entry)
      break;
    const ControllerId id = named(w, controller(w, teller), *entry);
    if (id != sim::none<ControllerId> && id != teller)
      told.emplace_back(id, entry->cause);
  }
  for (const auto& [id, cause] : told)
    told_of(w, id, cause);
}

bool ends_wait(const World& w, ControllerId id) {
  return is_watched(w.host, id) && w.host.watches[sim::index(id)].expired;
}

Duration user_timeout_of(const World& w, transport::HostOwner owner) {
  return user_timeout(w, w.host.queues[sim::index(owner)].controller);
}

void timed_out_again(World& w, transport::HostOwner owner, std::uint32_t in_a_row) {
  const ControllerId id = w.host.queues[sim::index(owner)].controller;
  if (!is_watched(w.host, id) || in_a_row != knobs_of(w, id).tcp_timeouts)
    return;
  // An event of its own: TCP is in the middle of its timer, and the fence may close the socket.
  act_next(w, id,
           [](World& world, ControllerId silent) { suspect(world, silent, Sign::tcp_timeouts); });
}

}  // namespace holdfast::host::suspicion
