// SPDX-License-Identifier: Apache-2.0
// What Linux would have logged: the messages of the NVMe host driver and of nvmet, in their own
// words. A hold without CCR before it borrows "holding inflight requests" from the time-based
// series.
#include <algorithm>

#include "analysis/traces/kernel_log.hpp"
#include "models/host/internal.hpp"

namespace holdfast::analysis::kernel {

using host::State;

/// A flag that the model sets without a record; the instant is known all the same.
void KernelLog::tell_failfast() {
  for (std::size_t i = 0; i < watches_.size(); ++i) {
    Watch& at = watches_[i];
    if (at.failfast_at_ns < 0 || now_ns_ < at.failfast_at_ns)
      continue;
    const host::Controller& c = w_.host.controllers[i];
    if (c.failfast_expired) {
      put(host_name(c.host), fmt::format("nvme {}: failfast expired", c.name), at.failfast_at_ns);
    } else if (now_ns_ == at.failfast_at_ns) {
      continue;  // its event may come later in this instant
    }
    at.failfast_at_ns = -1;
    --failfast_pending_;
  }
}

void KernelLog::on_state(const Words<Kind::controller_state>& r) {
  const auto id = r.get<"controller">();
  const auto from = r.get<"from">();
  const auto to = r.get<"to">();
  Watch& at = watch(id);
  if (at.asks && from >= State::fencing && from <= State::recovering) {
    // The attempts have used the deadline up. v4 calls that an error like any other.
    at.asks = false;
    if (policy_of(id).hold == host::RecoveryPolicy::Hold::none)
      tell_ccr_error(id, -110);
    else
      say(id, "CCR reached timeout, call it done");
  }
  if (to == State::deleting && (from != State::connecting || at.deleted)) {
    // nvme_do_delete_ctrl says so at its start. One that gives up says more before it.
    tell_deletion(id);
  } else if (is_fc() && to == State::resetting && from == State::live) {
    tell_fc_recovery(id);
  } else if (is_fc() && to == State::fencing) {
    tell_fc_fencing(id);
  } else if (to == State::fencing) {
    say(id, "starting controller fencing");
  } else if (to == State::resetting && from == State::live) {
    // A keep-alive without a tag resets the controller; the transport's recovery is another path.
    if (at.cause == host::Cause::keep_alive_tag)
      say(id, "keep-alive failed: -11");
    else if (at.cause < host::Cause::operator_request || at.cause == host::Cause::suspicion)
      say(id, "starting error recovery");
  }
  if (at.failfast_at_ns >= 0 && to == State::live) {
    at.failfast_at_ns = -1;
    --failfast_pending_;
  }
  const sim::Duration limit = controller(id).fast_io_fail;
  if (to == State::connecting && from == State::resetting && limit >= sim::Duration{}) {
    failfast_pending_ += at.failfast_at_ns < 0 ? 1 : 0;
    at.failfast_at_ns = now_ns_ + limit.count();
  }
}

void KernelLog::on_timeout(const Words<Kind::request_timeout>& r) {
  const auto id = r.get<"controller">();
  const host::Controller& c = controller(id);
  const std::uint16_t qid = r.get<"qid">();
  const std::uint16_t cid = r.get<"cid">();
  const std::uint16_t tag = wire::CommandId::unpack(cid).tag;
  const auto queue = qid == 0 ? sim::index(c.admin) : c.first_io_queue + qid - 1;
  const wire::Command& command = w_.host.requests[w_.host.queues[queue].tags[tag]].command;
  if (is_fc()) {
    on_fc_timeout(r, command);
    return;
  }
  // BLK_EH_RESET_TIMER: the round trip counts from here on (nvme_keep_alive_rtt).
  const bool starts_afresh = c.state == State::live || host::is_fencing(c.state);
  if (command.opcode == wire::raw(wire::AdminOpcode::keep_alive) && qid == 0 && starts_afresh)
    watch(id).keep_alive_ns = now_ns_;
  // %#x prints a zero without its prefix.
  const unsigned code = r.get<"opcode">();
  const std::string opcode = code == 0 ? "0" : fmt::format("{:#x}", code);
  // nvme-rdma has no PDUs whose type it could print.
  const auto pdu = static_cast<unsigned>(r.get<"pdu_type">());
  const std::string type = is_rdma() ? "" : fmt::format(" type {}", pdu);
  say(id, fmt::format("I/O tag {} ({:04x}){} opcode {} ({}) QID {} timeout", tag, cid, type, opcode,
                      wire::command_name(command, qid), qid));
}

void KernelLog::on_io_without_path(std::uint64_t op, const char* text, std::size_t which) {
  const std::uint16_t job = w_.oracle.operations[op - 1].job;
  const host::Head& head = w_.host.heads[sim::index(w_.workload.jobs[job].head)];
  // The head is named after the first controller of the subsystem (nvme_mpath_alloc_disk).
  const auto& all = w_.host.controllers;
  const auto first = std::find_if(all.begin(), all.end(), [&](const host::Controller& c) {
    return c.host == head.host && c.subnqn == head.subnqn;
  });
  const std::string& machine = host_name(head.host);
  std::uint64_t suppressed = 0;
  const bool allowed = limits_[sim::index(head.host)][which].allows(now_ns_, suppressed);
  if (suppressed != 0) {
    put(machine, fmt::format("nvme_ns_head_submit_bio: {} callbacks suppressed", suppressed),
        now_ns_);
  }
  if (allowed)
    put(machine, fmt::format("block {}n{}: {}", first->name, head.nsid, text), now_ns_);
}

void KernelLog::on_fence_started(const Words<Kind::fence_started>& r) {
  const auto id = r.get<"controller">();
  bool& held = watch(id).held;
  held = r.get<"hold_ns">() != sim::Duration{};
  const auto time_ms = r.get<"hold_ns">() / std::chrono::milliseconds{1};
  if (policy_of(id).ccr) {
    watch(id).asks = true;
    watch(id).ccr_status = 0;
    say(id, fmt::format("attempting CCR, timeout {}ms", time_ms));
  } else if (held) {
    say(id, fmt::format("holding inflight requests for {}ms", time_ms));
  }
}

void KernelLog::on_ccr_failed(const Words<Kind::ccr_failed>& r) {
  const auto id = r.get<"controller">();
  watch(id).asks = false;
  bool& held = watch(id).held;
  held = r.get<"left_ns">() != sim::Duration{};
  if (policy_of(id).hold == host::RecoveryPolicy::Hold::none) {
    // v4 (H10). Which numbers it prints is not known: a status, or what fits of the errnos.
    const std::uint16_t status = watch(id).ccr_status;
    const bool timed_out = status == wire::raw(wire::StatusCode::host_aborted_command);
    tell_ccr_error(id, status == 0 ? -6 : timed_out ? -110 : status);
    return;
  }
  say(id, held ? fmt::format("CCR failed, switch to time-based recovery, timeout = {}ms",
                             r.get<"left_ns">() / std::chrono::milliseconds{1})
               : "CCR failed, CQT not supported, skip time-based recovery");
}

void KernelLog::tell_ccr_error(host::ControllerId id, int error) {
  say(id, fmt::format("CCR failed with error {}", error));
}

bool KernelLog::on_fence(const sim::Record& r) {
  switch (Kind{r.kind}) {
    case Kind::fence_started:
      on_fence_started(Words<Kind::fence_started>(r));
      return true;
    case Kind::ccr_attempt_failed: {
      const Words<Kind::ccr_attempt_failed> words(r);
      watch(words.get<"controller">()).ccr_status = words.get<"status">().value;
      return true;
    }
    case Kind::ccr_succeeded: {
      const Words<Kind::ccr_succeeded> words(r);
      watch(words.get<"controller">()).asks = false;
      say(words.get<"controller">(),
          "CCR succeeded using " + controller(words.get<"source">()).name);
      return true;
    }
    case Kind::ccr_failed:
      on_ccr_failed(Words<Kind::ccr_failed>(r));
      return true;
    case Kind::hold_ended: {
      const auto id = Words<Kind::hold_ended>(r).get<"controller">();
      if (watch(id).held)
        say(id, "Time-based recovery finished");
      return true;
    }
    default:
      return false;
  }
}

void KernelLog::on_keep_alive_done(const Words<Kind::keep_alive_done>& r) {
  const auto id = r.get<"controller">();
  const wire::Status status = r.get<"status">();
  // One that was refused at once was never sent.
  const std::int64_t rtt_ns = now_ns_ - watch(id).keep_alive_ns;
  const bool sent = Kind{last_.kind} != Kind::keep_alive_done && watch(id).keep_alive_ns >= 0;
  watch(id).keep_alive_ns = -1;
  if (sent && rtt_ns > host::keep_alive_period(w_, id).count())
    say(id, fmt::format("long keepalive RTT ({} ms)", rtt_ns / 1'000'000));
  if (status.value != 0)
    say(id, fmt::format("failed nvme_keep_alive_end_io error={}", block_status(status.value)));
}

void KernelLog::on_recovery_started(const Words<Kind::recovery_started>& r) {
  Watch& at = watch(r.get<"controller">());
  at.cause = r.get<"cause">();
  at.disconnected = is_disconnect(last_);
}

void KernelLog::on_app_complete(const Words<Kind::app_complete>& r) {
  // A final error of an attempt ends the same way, right after that attempt.
  const bool after_attempt = Kind{last_.kind} == Kind::attempt_done;
  if (r.get<"status">().value == wire::raw(wire::StatusCode::host_path_error) && !after_attempt)
    on_io_without_path(r.get<"op">(), "no available path - failing I/O", 1);
}

bool KernelLog::on_host(const sim::Record& r) {
  switch (Kind{r.kind}) {
    case Kind::request_timeout:
      on_timeout(Words<Kind::request_timeout>(r));
      return true;
    case Kind::anatt_timeout:
      say(Words<Kind::anatt_timeout>(r).get<"controller">(),
          "ANATT timeout, resetting controller.");
      return true;
    case Kind::recovery_started:
      on_recovery_started(Words<Kind::recovery_started>(r));
      return true;
    case Kind::controller_state:
      on_state(Words<Kind::controller_state>(r));
      return true;
    case Kind::keep_alive_sent:
      watch(Words<Kind::keep_alive_sent>(r).get<"controller">()).keep_alive_ns = now_ns_;
      return true;
    case Kind::keep_alive_done:
      on_keep_alive_done(Words<Kind::keep_alive_done>(r));
      return true;
    case Kind::operator_request: {
      const Words<Kind::operator_request> words(r);
      // A reset by an administrator leaves no line.
      if (words.get<"action">() == host::OperatorAction::remove)
        watch(words.get<"controller">()).deleted = true;
      return true;
    }
    case Kind::fault:
      tell_remote_port(Words<Kind::fault>(r));
      return true;
    case Kind::property_failed: {
      const Words<Kind::property_failed> words(r);
      say(words.get<"controller">(),
          fmt::format("Property Set error: {}, offset {:#x}", words.get<"status">().value,
                      wire::raw(words.get<"property">())));
      return true;
    }
    case Kind::reconnect_scheduled:
      on_reconnect_scheduled(Words<Kind::reconnect_scheduled>(r));
      return true;
    case Kind::controller_removed:
      on_removed(Words<Kind::controller_removed>(r));
      return true;
    case Kind::io_requeued:
      on_io_without_path(Words<Kind::io_requeued>(r).get<"op">(), "no usable path - requeuing I/O",
                         0);
      return true;
    case Kind::app_complete:
      on_app_complete(Words<Kind::app_complete>(r));
      return true;
    default:
      return on_setup(r) || on_fence(r);
  }
}

}  // namespace holdfast::analysis::kernel

namespace holdfast::analysis {

std::unique_ptr<TraceFile> make_kernel_log(const World& world, const std::filesystem::path& path,
                                           const TraceWindow& window) {
  return std::make_unique<kernel::KernelLog>(world, path, window);
}

}  // namespace holdfast::analysis
