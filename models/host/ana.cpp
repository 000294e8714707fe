// SPDX-License-Identifier: Apache-2.0
// Asymmetric Namespace Access at the host (protocol.md 6.2): the log page says in which state each
// namespace is on this path. It is read at set-up, on a notice, after 301h to 303h, and after each
// scan; a group that stays in `change` for 2 x ANATT resets the controller.
#include <algorithm>

#include "models/host/internal.hpp"
#include "models/host/suspicion/suspicion.hpp"
#include "models/world.hpp"

namespace holdfast::host {

using wire::AnaState;

namespace {

bool is_live(AnaState state) {
  return state == AnaState::optimized || state == AnaState::non_optimized;
}

/// nvme_anatt_timeout.
void anatt_fired(World& w, ControllerId id) {
  HOLDFAST_CHECK(controller(w, id).reports_ana, "nothing changes where there is no ANA");
  record<Kind::anatt_timeout>(w, id);
  reset_if_live(w, id, Cause::ana_transition);
}

/// The end of nvme_read_ana_log: one timer for all groups of a controller, twice ANATT for slack.
void arm_anatt(World& w, ControllerId id, std::uint32_t in_change) {
  Controller& c = controller(w, id);
  w.calendar.cancel(c.anatt_timer);
  if (in_change == 0)
    return;
  c.anatt_timer = w.at(timer_at(w, c, 2 * std::chrono::seconds{c.anatt_s}),
                       [id](World& world) { anatt_fired(world, id); });
}

/// Keeps what the log says; false if the page is not there or too short.
bool parse(World& w, ControllerId id, const Request& request) {
  if (request.answer.blob == sim::none<transport::BlobId>)
    return false;
  const std::size_t bytes = std::min<std::size_t>(request.answer.bytes, ana_log_bytes);
  wire::AnaLogReader log(w.transport.blobs[request.answer.blob].first(bytes));
  if (!log.valid())
    return false;
  Controller& c = controller(w, id);
  c.ana.clear();
  std::uint32_t in_change = 0;
  while (const auto group = log.next()) {
    in_change += group->state == AnaState::change ? 1 : 0;
    c.ana.push_back({0, group->group_id, group->state});
    for (std::uint32_t i = 0; i < group->namespaces; ++i)
      c.ana.push_back({log.nsid(i), group->group_id, group->state});
  }
  record<Kind::ana_log_read>(w, id, log.change_count(), log.groups(), in_change);
  arm_anatt(w, id, in_change);
  return true;
}

/// nvme_update_ns_ana_state.
void update_path(World& w, HeadId head, std::uint32_t path, const AnaEntry& entry) {
  HOLDFAST_CHECK(path < w.host.heads[sim::index(head)].paths.size(), "the head has no such path");
  Path& p = w.host.heads[sim::index(head)].paths[path];
  if (p.ana != entry.state || p.ana_pending)
    record<Kind::path_ana_state>(w, head, p.controller, entry.state);
  const bool promoted = entry.state == AnaState::optimized && p.ana != entry.state;
  p.ana = entry.state;
  p.ana_group = entry.group;
  p.ana_pending = false;
  if (promoted)
    suspicion::promoted(w, head, path);
  if (is_live(p.ana) && controller(w, p.controller).state == State::live)
    path_became_usable(w, head, path);
}

void mark_pending(World& w, HeadId head, std::uint32_t path) {
  HOLDFAST_CHECK(path < w.host.heads[sim::index(head)].paths.size(), "the head has no such path");
  Path& p = w.host.heads[sim::index(head)].paths[path];
  p.ana_pending = true;
  read_ana_log(w, p.controller);
}

}  // namespace

void read_ana_log(World& w, ControllerId id) {
  controller(w, id).ana_wanted = controller(w, id).reports_ana;
  continue_ana_read(w, id);
}

void continue_ana_read(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  if (!c.ana_wanted || c.ana_reading)
    return;
  // nvme_ana_work runs only while LIVE; set-up will read the log again.
  if (c.state != State::live || !queue(w, c.admin).live) {
    c.ana_wanted = false;
    return;
  }
  if (queue(w, c.admin).tags.free() <= event_admin_tags)
    return;
  c.ana_wanted = false;
  c.ana_reading = true;
  Request r;
  r.purpose = Purpose::ana_log;
  wire::GetLogPage log;
  log.lid = wire::LogId::ana;
  log.nsid = 0;
  log.dwords = wire::GetLogPage::dwords_for(ana_log_bytes);
  r.command = wire::make_get_log_page(0, log);
  send_request(w, c.admin, r, c.admin_timeout);
}

void ana_log_completed(World& w, ControllerId id, const Request& request, wire::Status status) {
  HOLDFAST_CHECK(controller(w, id).ana_reading, "nobody has asked for the log");
  controller(w, id).ana_reading = false;
  if (status.ok() && parse(w, id, request))
    update_ana_paths(w, id);
}

void take_ana_log(World& w, ControllerId id, const Request& request) {
  if (parse(w, id, request))
    update_ana_paths(w, id);
}

void update_ana_paths(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  for (const HeadId id_of_head : host_of(w, c).heads) {
    const Head& head = w.host.heads[sim::index(id_of_head)];
    if (head.subnqn != c.subnqn)
      continue;
    const auto entry = std::find_if(c.ana.begin(), c.ana.end(),
                                    [&](const AnaEntry& e) { return e.nsid == head.nsid; });
    if (entry == c.ana.end())
      continue;
    for (std::uint32_t path = 0; path < head.paths.size(); ++path) {
      if (head.paths[path].controller == id)
        update_path(w, id_of_head, path, *entry);
    }
  }
}

void find_ana_state(World& w, HeadId head, std::uint32_t path, std::uint32_t group) {
  const Controller& c = controller(w, w.host.heads[sim::index(head)].paths[path].controller);
  if (!c.reports_ana) {
    path_became_usable(w, head, path);
    return;
  }
  const auto entry = std::find_if(c.ana.begin(), c.ana.end(), [&](const AnaEntry& e) {
    return e.nsid == 0 && e.group == group;
  });
  if (entry == c.ana.end()) {
    mark_pending(w, head, path);
  } else {
    update_path(w, head, path, *entry);
  }
}

void ana_error(World& w, HeadId head, ControllerId id) {
  const auto& paths = w.host.heads[sim::index(head)].paths;
  for (std::uint32_t path = 0; path < paths.size(); ++path) {
    if (paths[path].controller == id && controller(w, id).reports_ana)
      mark_pending(w, head, path);
  }
}

void stop_ana(World& w, ControllerId id) {
  Controller& c = controller(w, id);
  w.calendar.cancel(c.anatt_timer);
  c.ana_wanted = false;
}

}  // namespace holdfast::host
