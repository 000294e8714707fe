// SPDX-License-Identifier: Apache-2.0
// What Linux would have logged: the messages of the NVMe host driver and of nvmet, in their own
// words. A hold without CCR before it borrows "holding inflight requests" from the time-based
// series.
#include <algorithm>

#include "analysis/traces/kernel_log.hpp"

namespace holdfast::analysis::kernel {

using host::State;

/// A flag that the model sets without a record; the instant is known all the same.
void KernelLog::tell_failfast() {
  for (std::size_t id = 0; id < watches_.size(); ++id) {
    Watch& watch = watches_[id];
    if (watch.failfast_at_ns < 0 || now_ns_ < watch.failfast_at_ns)
      continue;
    if (controller(id).failfast_expired) {
      const host::Controller& c = controller(id);
      put(host_name(c.host), fmt::format("nvme {}: failfast expired", c.name),
          watch.failfast_at_ns);
    } else if (now_ns_ == watch.failfast_at_ns) {
      continue;  // its event may come later in this instant
    }
    watch.failfast_at_ns = -1;
    --failfast_pending_;
  }
}

void KernelLog::on_state(const sim::Record& r) {
  Watch& watch = watches_[r.word[0]];
  const auto from = static_cast<State>(r.word[1]);
  const auto to = static_cast<State>(r.word[2]);
  if (is_fc() && to == State::resetting && from == State::live) {
    tell_fc_recovery(r.word[0]);
  } else if (to == State::fencing) {
    say(r.word[0], "starting controller fencing");
  } else if (to == State::resetting && from == State::live) {
    // A keep-alive without a tag resets the controller; the transport's recovery is another path.
    if (watch.cause == cause_keep_alive_tag)
      say(r.word[0], "keep-alive failed: -11");
    else if (watch.cause < cause_operator)
      say(r.word[0], "starting error recovery");
  }
  if (watch.failfast_at_ns >= 0 && to == State::live) {
    watch.failfast_at_ns = -1;
    --failfast_pending_;
  }
  const sim::Duration limit = controller(r.word[0]).fast_io_fail;
  if (to == State::connecting && from == State::resetting && limit >= sim::Duration{}) {
    failfast_pending_ += watch.failfast_at_ns < 0 ? 1 : 0;
    watch.failfast_at_ns = now_ns_ + limit.count();
  }
}

void KernelLog::on_timeout(const sim::Record& r) {
  if (static_cast<Kind>(r.kind) == Kind::anatt_timeout) {
    say(r.word[0], "ANATT timeout, resetting controller.");
    return;
  }
  const host::Controller& c = controller(r.word[0]);
  const std::uint64_t qid = r.word[1];
  const auto cid = static_cast<std::uint16_t>(r.word[2]);
  const std::uint16_t tag = wire::CommandId::unpack(cid).tag;
  const auto queue = qid == 0 ? sim::index(c.admin) : c.first_io_queue + qid - 1;
  const wire::Command& command = w_.host.requests[w_.host.queues[queue].tags[tag]].command;
  if (is_fc()) {
    on_fc_timeout(r, command);
    return;
  }
  // %#x prints a zero without its prefix.
  const std::string opcode = r.word[3] == 0 ? "0" : fmt::format("{:#x}", r.word[3]);
  // nvme-rdma has no PDUs whose type it could print.
  const std::string type = is_rdma() ? "" : fmt::format(" type {}", r.word[4]);
  say(r.word[0],
      fmt::format("I/O tag {} ({:04x}){} opcode {} ({}) QID {} timeout", tag, cid, type, opcode,
                  wire::command_name(command, static_cast<std::uint16_t>(qid)), qid));
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

void KernelLog::on_fence(const sim::Record& r) {
  const std::uint64_t id = r.word[0];
  const std::uint64_t time_ms = r.word[1] / 1'000'000;
  bool& held = watches_[id].held;
  switch (static_cast<Kind>(r.kind)) {
    case Kind::fence_started:
      held = r.word[1] != 0;
      if (w_.host.hosts[sim::index(controller(id).host)].policy.ccr) {
        say(id, fmt::format("attempting CCR, timeout {}ms", time_ms));
      } else if (held) {
        say(id, fmt::format("holding inflight requests for {}ms", time_ms));
      }
      return;
    case Kind::ccr_succeeded:
      say(id, "CCR succeeded using " + controller(r.word[1]).name);
      return;
    case Kind::ccr_failed:
      held = r.word[1] != 0;
      // The second wording is the likely one, not a confirmed one (protocol.md 11, H7).
      say(id,
          held ? fmt::format("CCR failed, switch to time-based recovery, timeout = {}ms", time_ms)
               : "CCR failed, CQT not supported, skip time-based recovery");
      return;
    default:
      if (held)
        say(id, "Time-based recovery finished");
  }
}

void KernelLog::on_keep_alive_done(const sim::Record& r) {
  const std::uint64_t id = r.word[0];
  if (r.word[1] != 0) {
    say(id, fmt::format("failed nvme_keep_alive_end_io error={}", block_status(r.word[1])));
    return;
  }
  const std::int64_t rtt_ns = now_ns_ - watches_[id].keep_alive_ns;
  if (rtt_ns >
      host::keep_alive_period(w_, host::ControllerId{static_cast<std::uint32_t>(id)}).count())
    say(id, fmt::format("long keepalive RTT ({} ms)", rtt_ns / 1'000'000));
}

bool KernelLog::on_host(const sim::Record& r) {
  const std::uint64_t id = r.word[0];
  switch (static_cast<Kind>(r.kind)) {
    case Kind::tcp_state:
    case Kind::queue_pair_state:
      on_socket(r);
      return true;
    case Kind::pdu_sent:
      on_pdu_sent(r);
      return true;
    case Kind::request_timeout:
    case Kind::anatt_timeout:
      on_timeout(r);
      return true;
    case Kind::recovery_started:
      watches_[id].cause = r.word[1];
      watches_[id].disconnected = is_disconnect(last_);
      return true;
    case Kind::controller_state:
      on_state(r);
      return true;
    case Kind::fence_started:
    case Kind::ccr_succeeded:
    case Kind::ccr_failed:
    case Kind::hold_ended:
      on_fence(r);
      return true;
    case Kind::keep_alive_sent:
      watches_[id].keep_alive_ns = now_ns_;
      return true;
    case Kind::keep_alive_done:
      on_keep_alive_done(r);
      return true;
    case Kind::operator_request:
      if (static_cast<host::OperatorAction>(r.word[1]) == host::OperatorAction::reset)
        say(id, "resetting controller");
      return true;
    case Kind::reconnect_scheduled:
      say(id, fmt::format("Reconnecting in {} seconds...", r.word[1] / 1'000'000'000));
      return true;
    case Kind::connect_attempt:
      watches_[id].mapped = false;
      return true;
    case Kind::connected:
      on_connected(r);
      return true;
    case Kind::connect_failed:
      on_connect_failed(r);
      return true;
    case Kind::controller_removed:
      on_removed(r);
      return true;
    case Kind::io_requeued:
      on_io_without_path(id, "no usable path - requeuing I/O", 0);
      return true;
    case Kind::app_complete: {
      // A final error of an attempt ends the same way, right after that attempt.
      const bool after_attempt = static_cast<Kind>(last_.kind) == Kind::attempt_done;
      if (r.word[1] == static_cast<std::uint64_t>(wire::StatusCode::host_path_error) &&
          !after_attempt) {
        on_io_without_path(id, "no available path - failing I/O", 1);
      }
      return true;
    }
    default:
      return false;
  }
}

}  // namespace holdfast::analysis::kernel

namespace holdfast::analysis {

std::unique_ptr<TraceFile> make_kernel_log(const World& world, const std::filesystem::path& path) {
  return std::make_unique<kernel::KernelLog>(world, path);
}

}  // namespace holdfast::analysis
