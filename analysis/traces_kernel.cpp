// SPDX-License-Identifier: Apache-2.0
// What Linux would have logged: the messages of the NVMe/TCP host driver and of nvmet, in their own
// words. A hold without CCR before it borrows "holding inflight requests" from the time-based
// series.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "analysis/traces_file.hpp"
#include "analysis/traces_kernel_words.hpp"
#include "models/host/host.hpp"
#include "models/target/target.hpp"
#include "models/transport/tcp.hpp"
#include "models/world.hpp"

namespace holdfast::analysis {

namespace {

using namespace kernel;
using host::Setup;
using host::State;
using std::chrono::seconds;

constexpr std::uint64_t cause_keep_alive_tag = 2;  // host: Cause::keep_alive_tag
constexpr std::uint64_t resource_unavailable = 11;

/// What is remembered per host controller.
struct Watch {
  Setup setup = Setup::idle;         ///< the step that sent last
  std::uint32_t qid = 0;             ///< of the connection opened last
  std::uint64_t cause = 0;           ///< of the last recovery
  bool held = false;                 ///< the hold that is on has a length
  bool mapped = false;               ///< this association has told its queues
  std::int64_t failfast_at_ns = -1;  ///< when fail-fast expires; -1: not pending
};

class KernelLog final : public TraceFile {
 public:
  KernelLog(const World& world, const std::filesystem::path& path)
      : w_(world),
        file_(path),
        watches_(world.host.controllers.size()),
        limits_(world.host.hosts.size()),
        names_machines_(world.host.hosts.size() > 1 || world.target.subsystems.size() > 1) {}

  void on_record(const sim::Record& r) override {
    now_ns_ = r.time_ns;
    if (failfast_pending_ != 0)
      tell_failfast();
    if (!on_host(r))
      on_target(r);
    last_ = r;
  }
  void close() override { file_.close(); }

 private:
  void put(const std::string& machine, const std::string& text, std::int64_t time_ns) {
    const std::string stamp =
        fmt::format("[{:5}.{:06}] ", time_ns / 1'000'000'000, time_ns / 1000 % 1'000'000);
    file_.write((names_machines_ ? machine + " " : std::string()) + stamp + text + "\n");
  }
  const host::Controller& controller(std::uint64_t id) const { return w_.host.controllers[id]; }
  const std::string& host_name(host::HostId id) const { return w_.host.hosts[sim::index(id)].name; }
  void say(std::uint64_t id, const std::string& text) {
    const host::Controller& c = controller(id);
    put(host_name(c.host), fmt::format("nvme {}: {}", c.name, text), now_ns_);
  }
  void say_target(std::uint64_t subsystem, const std::string& text) {
    put(w_.target.subsystems[subsystem].nqn, "nvmet: " + text, now_ns_);
  }

  bool on_host(const sim::Record& r);
  void on_target(const sim::Record& r);
  void on_state(const sim::Record& r);
  void on_fence(const sim::Record& r);
  void on_timeout(const sim::Record& r);
  void on_socket(const sim::Record& r);
  void on_connected(const sim::Record& r);
  void on_connect_failed(const sim::Record& r);
  void on_removed(const sim::Record& r);
  void on_pdu_sent(const sim::Record& r);
  void on_io_without_path(std::uint64_t op, const char* text, std::size_t which);
  void tell_failfast();
  void tell_mapped(std::uint64_t id);

  const World& w_;
  OutFile file_;
  std::int64_t now_ns_ = 0;
  sim::Record last_;
  std::vector<Watch> watches_;
  std::vector<std::array<RateLimit, 2>> limits_;  ///< per host: requeuing, failing
  std::set<std::uint64_t> joined_;                ///< connections whose queue has its controller
  std::size_t failfast_pending_ = 0;
  bool names_machines_;
};

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
  if (to == State::fencing) {
    say(r.word[0], "starting controller fencing");
  } else if (to == State::resetting && from == State::live) {
    // A keep-alive without a tag resets the controller; the transport's recovery is another path.
    say(r.word[0],
        watch.cause == cause_keep_alive_tag ? "keep-alive failed: -11" : "starting error recovery");
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
  const host::Controller& c = controller(r.word[0]);
  const std::uint64_t qid = r.word[1];
  const auto cid = static_cast<std::uint16_t>(r.word[2]);
  const std::uint16_t tag = wire::CommandId::unpack(cid).tag;
  const auto queue = qid == 0 ? sim::index(c.admin) : c.first_io_queue + qid - 1;
  const wire::Command& command = w_.host.queues[queue].requests[tag].command;
  // %#x prints a zero without its prefix.
  const std::string opcode = r.word[3] == 0 ? "0" : fmt::format("{:#x}", r.word[3]);
  say(r.word[0],
      fmt::format("I/O tag {} ({:04x}) type {} opcode {} ({}) QID {} timeout", tag, cid, r.word[4],
                  opcode, wire::command_name(command, static_cast<std::uint16_t>(qid)), qid));
}

/// The first I/O socket of an association shows that its queues have been counted.
void KernelLog::on_socket(const sim::Record& r) {
  if (r.word[1] != 0 ||
      static_cast<transport::TcpState>(r.word[2]) != transport::TcpState::syn_sent) {
    return;
  }
  joined_.erase(r.word[0]);
  const auto& connection =
      w_.transport.connections[transport::ConnectionId{static_cast<std::uint32_t>(r.word[0])}];
  const auto owner = w_.transport.host_queues[transport::HostQueueId{connection.owner[0]}].owner;
  const host::Queue& q = w_.host.queues[owner];
  const std::uint64_t id = sim::index(q.controller);
  Watch& watch = watches_[id];
  watch.qid = q.qid;
  watch.setup = controller(id).setup;
  if (watch.setup == Setup::io_transport && q.qid == 1)
    say(id, fmt::format("creating {} I/O queues.", controller(id).io_queues));
}

void KernelLog::tell_mapped(std::uint64_t id) {
  watches_[id].mapped = true;
  say(id, fmt::format("mapped {}/0/0 default/read/poll queues.", controller(id).io_queues));
}

void KernelLog::on_pdu_sent(const sim::Record& r) {
  const auto& connection =
      w_.transport.connections[transport::ConnectionId{static_cast<std::uint32_t>(r.word[0])}];
  if (r.word[1] == 0) {
    const auto owner = w_.transport.host_queues[transport::HostQueueId{connection.owner[0]}].owner;
    const auto id = sim::index(w_.host.queues[owner].controller);
    watches_[id].setup = controller(id).setup;
    // A new controller maps its queues before it connects them, one that reconnects afterwards
    // (nvme_tcp_configure_io_queues).
    if (watches_[id].setup == Setup::io_connect && !watches_[id].mapped &&
        !controller(id).connected_once) {
      tell_mapped(id);
    }
    return;
  }
  const auto queue =
      w_.transport.target_queues[transport::TargetQueueId{connection.owner[1]}].owner;
  const target::Queue& q = w_.target.queues[target::QueueId{queue}];
  if (q.qid == 0 || q.controller == sim::none<target::ControllerId> ||
      !joined_.insert(r.word[0]).second) {
    return;
  }
  const target::Controller& c = w_.target.controllers[q.controller];
  say_target(sim::index(c.subsystem), fmt::format("adding queue {} to ctrl {}.", q.qid, c.cntlid));
}

void KernelLog::on_connected(const sim::Record& r) {
  const host::Controller& c = controller(r.word[0]);
  if (!watches_[r.word[0]].mapped)
    tell_mapped(r.word[0]);
  if (c.connected_once) {
    say(r.word[0],
        fmt::format("Successfully reconnected (attempt {}/{})", r.word[1], c.max_reconnects));
    return;
  }
  const Ipv4 a = address_of(w_.net.routes[sim::index(c.forward)].to);
  say(r.word[0], fmt::format("new ctrl: NQN \"{}\", addr {}.{}.{}.{}:{}, hostnqn: {}",
                             c.subnqn.view(), a[0], a[1], a[2], a[3], nvme_tcp_port,
                             w_.host.hosts[sim::index(c.host)].hostnqn.view()));
}

void KernelLog::on_connect_failed(const sim::Record& r) {
  const Watch& watch = watches_[r.word[0]];
  const host::Controller& c = controller(r.word[0]);
  const std::uint64_t error = r.word[2];
  if (error == tcp::timed_out || error == tcp::connection_refused) {
    say(r.word[0], fmt::format("failed to connect socket: -{}", error));
  } else if (error == resource_unavailable || error == tcp::connection_reset) {
    put(host_name(c.host),
        fmt::format("nvme_tcp: queue {}: failed to receive icresp, error -{}", watch.qid, error),
        now_ns_);
  } else if (watch.setup == Setup::io_connect || watch.setup == Setup::admin_connect) {
    const bool admin = watch.setup == Setup::admin_connect;
    say(r.word[0],
        fmt::format("failed to connect queue: {} ret={}", admin ? 0 : c.setup_queue + 1, error));
  }
  if (c.connected_once)
    say(r.word[0], fmt::format("Failed reconnect attempt {}/{}", r.word[1], c.max_reconnects));
}

void KernelLog::on_removed(const sim::Record& r) {
  const host::Controller& c = controller(r.word[0]);
  if (!c.connected_once)
    return;  // `nvme connect` has failed; there is no controller to remove
  say(r.word[0], fmt::format("Removing controller ({})...", signed_error(r.word[1])));
  say(r.word[0], fmt::format("Removing ctrl: NQN \"{}\"", c.subnqn.view()));
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

bool KernelLog::on_host(const sim::Record& r) {
  const std::uint64_t id = r.word[0];
  switch (static_cast<Kind>(r.kind)) {
    case Kind::tcp_state:
      on_socket(r);
      return true;
    case Kind::pdu_sent:
      on_pdu_sent(r);
      return true;
    case Kind::request_timeout:
      on_timeout(r);
      return true;
    case Kind::recovery_started:
      watches_[id].cause = r.word[1];
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
    case Kind::keep_alive_done:
      if (r.word[1] != 0)
        say(id, fmt::format("failed nvme_keep_alive_end_io error={}", block_status(r.word[1])));
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

void KernelLog::on_target(const sim::Record& r) {
  const std::uint64_t subsystem = r.word[0];
  const std::uint64_t cntlid = r.word[1];
  const auto found = [&]() -> const target::Controller& {
    const target::SubsystemId sid{static_cast<std::uint32_t>(subsystem)};
    return w_.target
        .controllers[target::find_controller(w_, sid, static_cast<std::uint16_t>(cntlid))];
  };
  switch (static_cast<Kind>(r.kind)) {
    case Kind::controller_created:
      if (r.word[3] != 0) {
        say_target(subsystem, fmt::format("ctrl {} start keep-alive timer for {} secs", cntlid,
                                          r.word[3] / 1'000'000'000));
      }
      say_target(subsystem,
                 fmt::format("Created nvm controller {} for subsystem {} for NQN {}.", cntlid,
                             w_.target.subsystems[subsystem].nqn, found().hostnqn.view()));
      return;
    case Kind::keep_alive_window:
      say_target(subsystem,
                 fmt::format("ctrl {} reschedule traffic based keep-alive timer", cntlid));
      return;
    case Kind::keep_alive_expired:
      say_target(subsystem, fmt::format("ctrl {} keep-alive timer ({} seconds) expired!", cntlid,
                                        found().katt / seconds{1}));
      return;
    case Kind::controller_fatal:
      say_target(subsystem, fmt::format("ctrl {} fatal error occurred!", cntlid));
      return;
    case Kind::controller_freed:
      say_target(subsystem, fmt::format("ctrl {} stop keep-alive", cntlid));
      return;
    default:
      return;
  }
}

}  // namespace

std::unique_ptr<TraceFile> make_kernel_log(const World& world, const std::filesystem::path& path) {
  return std::make_unique<KernelLog>(world, path);
}

}  // namespace holdfast::analysis
