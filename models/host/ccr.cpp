// SPDX-License-Identifier: Apache-2.0
// Cross-Controller Reset at the host (protocol.md 3.11 - 3.13): ask a surviving controller to reset
// the impacted one, wait for its notice, try the next one, or leave it to the time-based hold.
#include <algorithm>

#include "models/host/hooks.hpp"
#include "models/host/internal.hpp"
#include "models/host/suspicion/suspicion.hpp"
#include "models/world.hpp"

namespace holdfast::host {

using wire::StatusCode;

namespace {

constexpr ControllerId nobody = sim::none<ControllerId>;

/// nvme_find_ctrl_ccr: the first of subsys->ctrls that is LIVE and has a free slot. Neither ANA
/// state nor distance count.
ControllerId find_source(const World& w, ControllerId impacted) {
  const Controller& c = w.host.controllers[sim::index(impacted)];
  HOLDFAST_CHECK(c.state != State::live, "a controller that works needs no help");
  const auto listed = [&](ControllerId id) { return w.host.controllers[sim::index(id)].listed; };
  std::vector<ControllerId> candidates;
  for (const ControllerId id : host_of(w, c).controllers) {
    const Controller& s = w.host.controllers[sim::index(id)];
    const bool candidate = s.subnqn == c.subnqn && s.state == State::live &&
                           s.cntlid >= c.min_cntlid && s.ccr_pending < s.ccr_limit;
    if (!candidate || id == impacted)
      continue;
    candidates.push_back(id);
  }
  if (candidates.empty())
    return nobody;
  std::sort(candidates.begin(), candidates.end(),
            [&](ControllerId a, ControllerId b) { return listed(a) < listed(b); });
  RecoveryHooks* const hooks = hooks_of(w, c);
  if (hooks == nullptr)
    return candidates.front();
  return hooks->source(w, impacted, candidates).value_or(candidates.front());
}

void try_next(World& w, ControllerId impacted);

/// Ends the wait for the present source controller.
void leave_source(World& w, ControllerId impacted) {
  Controller& c = controller(w, impacted);
  HOLDFAST_CHECK(c.ccr_source != nobody, "no source controller is waited for");
  HOLDFAST_CHECK(controller(w, c.ccr_source).ccr_pending > 0,
                 "the source controller does not count the operation");
  w.calendar.cancel(c.ccr_timer);
  --controller(w, c.ccr_source).ccr_pending;
  c.ccr_source = nobody;
  c.ccr_accepted = false;
}

void attempt_failed(World& w, ControllerId impacted, wire::Status status) {
  Controller& c = controller(w, impacted);
  const ControllerId source = c.ccr_source;
  record<Kind::ccr_attempt_failed>(w, impacted, source, status);
  // Ascending CNTLIDs: one with a smaller CNTLID later in the list is never tried.
  c.min_cntlid = controller(w, source).cntlid + 1u;
  leave_source(w, impacted);
  try_next(w, impacted);
}

void succeeded(World& w, ControllerId impacted, bool immediate) {
  record<Kind::ccr_succeeded>(w, impacted, controller(w, impacted).ccr_source, immediate);
  leave_source(w, impacted);
  fence_done(w, impacted);
}

/// Neither an answer nor a notice came in time.
void give_up_waiting(World& w, ControllerId impacted) {
  attempt_failed(w, impacted, StatusCode::host_aborted_command);
}

/// nvme_issue_wait_ccr.
void ask(World& w, ControllerId impacted, ControllerId source) {
  Controller& c = controller(w, impacted);
  Controller& s = controller(w, source);
  HOLDFAST_CHECK(c.ccr_source == nobody, "one source controller is asked at a time");
  HOLDFAST_CHECK(source != impacted && s.host == c.host && s.subnqn == c.subnqn,
                 "a controller is reset by another one of its host and subsystem");
  ++s.ccr_pending;
  ++c.ccr_attempts;
  c.ccr_source = source;
  c.ccr_accepted = false;
  record<Kind::ccr_attempt>(w, impacted, source, c.ccr_attempts);
  if (queue(w, s.admin).tags.free() <= event_admin_tags) {
    attempt_failed(w, impacted, StatusCode::host_path_error);
    return;
  }
  Request r;
  r.purpose = Purpose::ccr;
  r.argument = sim::index(impacted);
  r.serial = ++c.ccr_serial;
  if (host_of(w, c).policy.ccr_command_bounded) {
    c.ccr_timer = w.at(timer_at(w, c, std::max(c.deadline - w.now(), Duration{})),
                       [impacted](World& world) { give_up_waiting(world, impacted); });
  }
  r.command = wire::make_cross_controller_reset(0, {c.cntlid, c.ciu, c.cirn});
  // The command runs under the ordinary admin timeout, so it may outlive the deadline.
  send_request(w, s.admin, r, s.admin_timeout);
}

void try_next(World& w, ControllerId impacted) {
  const Controller& c = controller(w, impacted);
  HOLDFAST_CHECK(is_fencing(c.state), "a controller asks for its reset while it is fencing");
  if (w.now() >= c.deadline) {
    // "CCR reached timeout, call it done": the whole m x KATO (+ CQT) has passed.
    fence_done(w, impacted);
    return;
  }
  const std::uint32_t limit = host_of(w, c).policy.ccr_attempts;
  const bool may_try = limit == 0 || c.ccr_attempts < limit;
  const ControllerId source = may_try && c.ciu != 0 ? find_source(w, impacted) : nobody;
  if (source == nobody) {
    ccr_failed(w, impacted);
  } else {
    ask(w, impacted, source);
  }
}

Duration wait_time(const World& w, const Controller& c) {
  HOLDFAST_CHECK(c.deadline != sim::never, "attempts without a deadline never end");
  const RecoveryPolicy& policy = host_of(w, c).policy;
  Duration wait = c.kato;
  if (policy.ccr_wait == RecoveryPolicy::CcrWait::longer_of_cqt_and_kato) {
    wait = std::max<Duration>(wait, std::chrono::milliseconds{c.cqt_ms});
  }
  return policy.ccr_wait_bounded ? std::min(wait, c.deadline - w.now()) : wait;
}

}  // namespace

void start_ccr(World& w, ControllerId impacted) {
  Controller& c = controller(w, impacted);
  HOLDFAST_CHECK(c.ccr_source == nobody, "the recovery before still waits for a source controller");
  c.ccr_attempts = 0;
  c.min_cntlid = 0;
  c.ccr_source = nobody;
  try_next(w, impacted);
}

void ccr_completed(World& w, const Request& request, const wire::Completion& completion) {
  const ControllerId impacted{request.argument};
  HOLDFAST_CHECK(request.purpose == Purpose::ccr, "that was no Cross-Controller Reset");
  Controller& c = controller(w, impacted);
  // The notice may have overtaken the completion, or the attempt may have been given up before.
  if (!is_fencing(c.state) || c.ccr_source == nobody || c.ccr_accepted ||
      request.serial != c.ccr_serial)
    return;
  // Somebody else's operation on the same controller tells its end in the same log page.
  const bool joins = host_of(w, c).policy.ccr_joins_pending &&
                     completion.status.code() == StatusCode::ccr_in_progress;
  if (!completion.status.ok() && !joins) {
    attempt_failed(w, impacted, completion.status);
    return;
  }
  if (!joins && (completion.dw0 & wire::ccr_immediate_reset_successful) != 0) {
    succeeded(w, impacted, true);
    return;
  }
  c.ccr_accepted = true;
  w.calendar.cancel(c.ccr_timer);
  c.ccr_timer = w.at(timer_at(w, c, std::max(wait_time(w, c), Duration{})),
                     [impacted](World& world) { give_up_waiting(world, impacted); });
}

void source_given_up(World& w, ControllerId source) {
  HOLDFAST_CHECK(controller(w, source).state != State::live, "a LIVE controller still can help");
  // Only controllers of its own host ask it (find_source).
  for (const ControllerId id : host_of(w, controller(w, source)).controllers) {
    const Controller& c = controller(w, id);
    if (is_fencing(c.state) && c.ccr_source == source && host_of(w, c).policy.ccr_command_bounded)
      give_up_waiting(w, id);
  }
}

void async_event(World& w, ControllerId id, const wire::Completion& completion) {
  Controller& c = controller(w, id);
  // nvme_async_event_work runs only while the controller is LIVE.
  if (!completion.status.ok() || c.state != State::live)
    return;
  const auto event = wire::AsyncEvent::decode(completion.dw0);
  if (event.is(wire::AsyncNotice::cross_controller_reset_completed) && has_free_tag(w, c.admin)) {
    Request r;
    r.purpose = Purpose::ccr_log;
    wire::GetLogPage log;
    log.lid = wire::LogId::cross_controller_reset;
    log.dwords = wire::GetLogPage::dwords_for(static_cast<std::uint32_t>(wire::ccr_log_max_bytes));
    log.lsp = wire::ccr_lsp_remove_completed;
    r.command = wire::make_get_log_page(0, log);
    send_request(w, c.admin, r, c.admin_timeout);
  }
  if (event.is(wire::AsyncNotice::ana_change))
    read_ana_log(w, id);
  if (event.is(wire::AsyncNotice::lost_host_communication))
    suspicion::read_lost_hosts(w, id);
  post_async_event_request(w, id);
}

void post_async_event_request(World& w, ControllerId id) {
  const Controller& c = controller(w, id);
  Request r;
  r.purpose = Purpose::async_event;
  r.command = wire::make_async_event_request();
  send_request(w, c.admin, r, Duration{});
}

void ccr_log_completed(World& w, ControllerId source, const Request& request, wire::Status status) {
  if (!status.ok() || request.answer.blob == sim::none<transport::BlobId>)
    return;
  // Whoever succeeds goes on to tear down and reconnect, so the page is read out first.
  const auto bytes = w.transport.blobs[request.answer.blob].first(wire::ccr_log_max_bytes);
  const auto page = wire::CcrLogView::decode(bytes);
  if (!page)
    return;
  std::vector<std::pair<ControllerId, wire::CcrStatus>> told;
  for (const ControllerId id : host_of(w, controller(w, source)).controllers) {
    const Controller& c = controller(w, id);
    if (!is_fencing(c.state) || c.ccr_source != source)
      continue;
    const auto entry = page->find(c.cntlid, c.ciu);
    if (!entry || entry->status == wire::CcrStatus::in_progress)
      continue;
    told.emplace_back(id, entry->status);
  }
  const RecoveryPolicy& policy = host_of(w, controller(w, source)).policy;
  for (const auto& [impacted, result] : told) {
    if (result == wire::CcrStatus::succeeded || !policy.ccr_needs_success) {
      succeeded(w, impacted, false);
    } else {
      attempt_failed(w, impacted, StatusCode::internal_error);
    }
  }
}

}  // namespace holdfast::host
