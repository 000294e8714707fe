// SPDX-License-Identifier: Apache-2.0
// Cross-Controller Reset at the target (TP8028; protocol.md 3): a source controller is asked to
// reset the instance of another one, and tells its host when nothing of that one can land any more.
#include <algorithm>
#include <vector>

#include "models/target/internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

using wire::StatusCode;

namespace {

/// nvmet_ctrl_find_get_ccr: same subsystem and exactly that instance. It is given the host NQN and
/// does not look at it (protocol.md 3.6): CIU and CIRN alone protect other hosts.
ControllerId find_instance(const World& w, const Controller& source,
                           const wire::CrossControllerReset& ccr) {
  const ControllerId id = find_controller(w, source.subsystem, ccr.icid);
  if (id == sim::none<ControllerId>)
    return id;
  const Controller& c = w.target.controllers[id];
  const bool may = !profile_of(w, c).ccr_compares_host || c.hostnqn == source.hostnqn;
  return may && c.ciu == ccr.ciu && c.cirn == ccr.cirn ? id : sim::none<ControllerId>;
}

bool is_pending(const CcrEntry& e) { return e.impacted != sim::none<ControllerId>; }

void notify(World& w, ControllerId id) {
  if (!profile_of(w, w.target.controllers[id]).ccr_event_lost)
    send_notice(w, id, wire::aec_cross_controller_reset, wire::ccr_completed_event());
}

/// A target that accepts the command and then cannot do it.
void report_failure(World& w, ControllerId source, ControllerId impacted) {
  if (!w.target.controllers.contains(source))
    return;
  for (CcrEntry& e : w.target.controllers[source].ccr_entries) {
    if (e.impacted != impacted)
      continue;
    e.impacted = sim::none<ControllerId>;
    e.failed = true;
    notify(w, source);
    return;
  }
}

/// The checks of nvmet_execute_cross_ctrl_reset, in its order (protocol.md 3.6).
wire::Status refusal(const Controller& source, ControllerId impacted, std::uint8_t limit) {
  const auto& entries = source.ccr_entries;
  HOLDFAST_CHECK(impacted != sim::none<ControllerId>, "nothing is left that could be reset");
  const auto pending = std::count_if(entries.begin(), entries.end(), is_pending);
  const bool asked = std::any_of(entries.begin(), entries.end(),
                                 [&](const CcrEntry& e) { return e.impacted == impacted; });
  if (asked)
    return wire::Status(StatusCode::ccr_in_progress).with_dnr();
  if (pending >= limit)
    return StatusCode::ccr_limit_exceeded;
  if (entries.size() >= wire::ccr_log_max_entries)
    return StatusCode::ccr_log_page_full;
  return {};
}

}  // namespace

void renew_instance(World& w, ControllerId id) {
  Controller& c = w.target.controllers[id];
  const sim::ChoiceId choice = w.target.subsystems[sim::index(c.subsystem)].instance_choice;
  if (c.ciu == 0) {
    c.ciu = static_cast<std::uint8_t>(1 + w.choices.pick(choice, 255));
  } else {
    c.ciu = static_cast<std::uint8_t>(c.ciu == 255 ? 1 : c.ciu + 1);
  }
  c.cirn = w.choices.pick(choice, ~std::uint64_t{0});
  HOLDFAST_CHECK(c.ciu != 0, "CIU 0 means that there is none");
}

void cross_controller_reset(World& w, QueueId queue, const wire::Command& command) {
  const auto ccr = wire::as_cross_controller_reset(command);
  HOLDFAST_CHECK(ccr.has_value(), "that is no Cross-Controller Reset");
  const ControllerId source_id = w.target.queues[queue].controller;
  const Profile& profile = profile_of(w, w.target.controllers[source_id]);
  const auto answer = [&](wire::Status status, std::uint32_t dw0) {
    const Controller& source = w.target.controllers[source_id];
    record<Kind::ccr_requested>(w, source.subsystem, source.cntlid, ccr->icid, status, dw0);
    respond(w, queue, command, status, dw0);
  };
  if (profile.ccrl == 0) {
    answer(wire::Status(StatusCode::invalid_opcode).with_dnr(), 0);
    return;
  }
  if (profile.ccr == CcrBehaviour::fails) {
    answer(StatusCode::internal_error, 0);
    return;
  }
  Controller& source = w.target.controllers[source_id];
  if (ccr->icid == source.cntlid) {
    answer(wire::Status(StatusCode::invalid_field).with_dnr(), 0);
    return;
  }
  const ControllerId impacted = find_instance(w, source, *ccr);
  if (impacted == sim::none<ControllerId>) {
    // Already gone: there is nothing left that could land.
    answer({}, wire::ccr_immediate_reset_successful);
    return;
  }
  const wire::Status refused = refusal(source, impacted, profile.ccrl);
  if (!refused.ok()) {
    answer(refused, 0);
    return;
  }
  const NodeId node = w.target.controllers[impacted].node;
  const bool same_node = node == source.node;
  // A node that is cut off has nobody who would fence the others for it.
  const bool isolated = !same_node && !answers(w, source.node);
  const bool unreachable = !same_node && !answers(w, node);
  if (isolated || (unreachable && profile.unreachable_ccr == UnreachableCcr::fails)) {
    answer(StatusCode::internal_error, 0);
    return;
  }
  source.ccr_entries.push_back({ccr->icid, ccr->ciu, impacted});
  w.target.controllers[impacted].ccr_sources.push_back(source_id);
  HOLDFAST_CHECK(source.ccr_entries.size() <= wire::ccr_log_max_entries,
                 "the log page is too full");
  const std::uint64_t cirn = ccr->cirn;
  const sim::ChoiceId choice = w.target.subsystems[sim::index(source.subsystem)].ccr_choice;
  const Duration delay = draw(w.choices, choice, profile.ccr_delay);
  answer({}, 0);
  if (profile.ccr == CcrBehaviour::reports_failure) {
    w.after(delay,
            [source_id, impacted](World& world) { report_failure(world, source_id, impacted); });
    return;
  }
  w.after(delay, [impacted, cirn, same_node = sim::Filled(same_node)](World& world) {
    reset_on_node(world, impacted, cirn, same_node);
  });
}

void complete_resets_of(World& w, SubsystemId subsystem, ControllerId impacted,
                        sim::Vector<ControllerId> sources) {
  // Several hear of it in the order of subsys->ctrls.
  if (sources.size() > 1) {
    sim::Vector<ControllerId> in_order;
    for (const ControllerId id : w.target.subsystems[sim::index(subsystem)].controllers) {
      if (std::find(sources.begin(), sources.end(), id) != sources.end())
        in_order.push_back(id);
    }
    sources = in_order;
  }
  for (const ControllerId id : sources) {
    if (!w.target.controllers.contains(id))
      continue;
    Controller& c = w.target.controllers[id];
    bool completed = false;
    for (CcrEntry& e : c.ccr_entries) {
      if (e.impacted != impacted)
        continue;
      e.impacted = sim::none<ControllerId>;
      completed = true;
      record<Kind::ccr_completed>(w, subsystem, c.cntlid, e.icid);
    }
    if (completed)
      notify(w, id);
  }
}

void forget_completed_resets(World& w, ControllerId id) {
  std::erase_if(w.target.controllers[id].ccr_entries,
                [](const CcrEntry& e) { return !is_pending(e); });
}

void send_event(World& w, ControllerId id, std::uint32_t dw0) {
  Controller& c = w.target.controllers[id];
  if (c.event_request_count == 0 || hangs(w, c.node)) {
    c.events.push_back(dw0);
    return;
  }
  wire::Command request = wire::make_async_event_request(c.event_requests[0]);
  HOLDFAST_CHECK(c.event_request_count <= c.event_requests.size(),
                 "more AERs wait than there is room for");
  std::copy(c.event_requests.begin() + 1, c.event_requests.begin() + c.event_request_count,
            c.event_requests.begin());
  --c.event_request_count;
  record<Kind::event_sent>(w, c.subsystem, c.cntlid, dw0);
  const auto admin = std::find_if(c.queues.begin(), c.queues.end(),
                                  [&](QueueId q) { return w.target.queues[q].qid == 0; });
  if (admin == c.queues.end())
    return;
  // Nobody throws dice for that: it is for a script, such as one of a search, to say so.
  if (w.choices.yes(w.target.subsystems[sim::index(c.subsystem)].notice_choice, 0)) {
    record<Kind::response_astray>(w, c.subsystem, c.cntlid, request.cid,
                                  static_cast<std::uint8_t>(Astray::lost));
    transport::leave_unanswered(w, w.target.queues[*admin].transport, request.cid);
    return;
  }
  respond(w, *admin, request, {}, dw0);
}

void ccr_log_page(World& w, ControllerId id, wire::Bytes out, const wire::GetLogPage& request) {
  Controller& c = w.target.controllers[id];
  unmask_notice(w, id, wire::aec_cross_controller_reset, request);
  std::vector<wire::CcrLogEntry> entries;
  for (const CcrEntry& e : c.ccr_entries) {
    wire::CcrLogEntry entry;
    entry.icid = e.icid;
    entry.ciu = e.ciu;
    entry.status = is_pending(e) ? wire::CcrStatus::in_progress
                   : e.failed    ? wire::CcrStatus::failed
                                 : wire::CcrStatus::succeeded;
    entries.push_back(entry);
  }
  // A reader that asks for less gets the front of the page.
  std::vector<std::byte> page(wire::ccr_log_bytes(entries.size()));
  HOLDFAST_CHECK(wire::encode_ccr_log(page, entries), "the page has no room for its entries");
  std::copy_n(page.begin(), std::min(page.size(), out.size()), out.begin());
  if ((request.lsp & wire::ccr_lsp_remove_completed) != 0)
    forget_completed_resets(w, id);
}

}  // namespace holdfast::target
