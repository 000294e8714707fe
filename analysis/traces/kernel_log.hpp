// SPDX-License-Identifier: Apache-2.0
// The writer of the kernel log as a class; its files are one for each side of the story.
#pragma once

#include <fmt/format.h>

#include <array>
#include <set>
#include <string>
#include <vector>

#include "analysis/traces/file.hpp"
#include "analysis/traces/kernel_words.hpp"
#include "models/host/host.hpp"
#include "models/world.hpp"

namespace holdfast::analysis::kernel {

/// What is remembered per host controller.
struct Watch {
  host::Setup setup = host::Setup::idle;  ///< the step that sent last
  std::uint32_t qid = 0;                  ///< of the connection opened last
  host::Cause cause{};                    ///< of the last recovery
  std::int64_t keep_alive_ns = -1;        ///< when the Keep Alive was sent that is out; -1: none
  bool asks = false;                      ///< Cross-Controller Reset goes on
  std::uint16_t ccr_status = 0;           ///< of its last attempt that failed; 0: none has
  bool held = false;                      ///< the hold that is on has a length
  bool disconnected = false;              ///< FC: the target has disconnected, that is the cause
  bool mapped = false;                    ///< this association has told its queues
  bool no_tls = false;                    ///< its TLS handshake has failed, and that was told
  bool after_reset = false;               ///< the attempt that is on is the first after a reset
  bool deleted = false;                   ///< an administrator has asked for its deletion
  std::int64_t failfast_at_ns = -1;       ///< when fail-fast expires; -1: not pending
};

/// FC: a Disconnect Association of the target arrives at the host.
bool is_disconnect(const sim::Record& r);

class KernelLog final : public TraceFile {
 public:
  KernelLog(const World& world, const std::filesystem::path& path, const TraceWindow& window)
      : w_(world),
        file_(path),
        window_(window),
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
    if (!window_.has(time_ns))
      return;
    const std::string stamp =
        fmt::format("[{:5}.{:06}] ", time_ns / 1'000'000'000, time_ns / 1000 % 1'000'000);
    file_.write((names_machines_ ? machine + " " : std::string()) + stamp + text + "\n");
  }
  const host::Controller& controller(host::ControllerId id) const {
    return w_.host.controllers[sim::index(id)];
  }
  Watch& watch(host::ControllerId id) { return watches_[sim::index(id)]; }
  const std::string& host_name(host::HostId id) const { return w_.host.hosts[sim::index(id)].name; }
  void say(host::ControllerId id, const std::string& text) {
    const host::Controller& c = controller(id);
    put(host_name(c.host), fmt::format("nvme {}: {}", c.name, text), now_ns_);
  }
  void say_target(target::SubsystemId subsystem, const std::string& text) {
    put(w_.target.nqns[sim::index(subsystem)], "nvmet: " + text, now_ns_);
  }

  bool on_host(const sim::Record& r);
  void on_target(const sim::Record& r);
  bool on_setup(const sim::Record& r);
  void on_state(const Words<Kind::controller_state>& r);
  void on_recovery_started(const Words<Kind::recovery_started>& r);
  bool on_fence(const sim::Record& r);
  void on_fence_started(const Words<Kind::fence_started>& r);
  void on_ccr_failed(const Words<Kind::ccr_failed>& r);
  void on_keep_alive_done(const Words<Kind::keep_alive_done>& r);
  void on_timeout(const Words<Kind::request_timeout>& r);
  void on_opening(transport::ConnectionId connection);
  void on_tls_handshake(const Words<Kind::tls_handshake>& r);
  void on_authenticated(const Words<Kind::authenticated>& r);
  void on_connected(const Words<Kind::connected>& r);
  void on_setup_refused(const Words<Kind::setup_refused>& r);
  void on_connect_failed(const Words<Kind::connect_failed>& r);
  void on_reconnect_scheduled(const Words<Kind::reconnect_scheduled>& r);
  void on_removed(const Words<Kind::controller_removed>& r);
  void on_pdu_sent(const Words<Kind::pdu_sent>& r);
  void on_app_complete(const Words<Kind::app_complete>& r);
  void on_created(const Words<Kind::controller_created>& r);
  const target::Controller& found(target::SubsystemId subsystem, std::uint16_t cntlid) const;
  transport::HostQueueId host_queue_of(transport::ConnectionId id) const;
  transport::TargetQueueId target_queue_of(transport::ConnectionId id) const;
  bool is_rdma() const { return w_.transport.kind == transport::TransportKind::rdma; }
  void on_io_without_path(std::uint64_t op, const char* text, std::size_t which);
  void on_fc_timeout(const Words<Kind::request_timeout>& r, const wire::Command& command);
  void tell_fc_recovery(host::ControllerId id);
  void tell_fc_attempt(host::ControllerId id);
  void tell_fc_failure(const Words<Kind::connect_failed>& r);
  void tell_remote_port(const Words<Kind::fault>& r);
  void tell_deletion(host::ControllerId id);
  bool port_is_away(host::ControllerId id) const;
  void tell_fc_fencing(host::ControllerId id);
  void tell_ccr_error(host::ControllerId id, int error);
  const host::RecoveryPolicy& policy_of(host::ControllerId id) const {
    return w_.host.hosts[sim::index(controller(id).host)].policy;
  }
  bool is_fc() const { return w_.transport.kind == transport::TransportKind::fc; }
  void tell_failfast();
  void tell_mapped(host::ControllerId id);

  const World& w_;
  OutFile file_;
  TraceWindow window_;
  std::int64_t now_ns_ = 0;
  sim::Record last_;
  std::vector<Watch> watches_;
  std::vector<std::array<RateLimit, 2>> limits_;  ///< per host: requeuing, failing
  std::set<transport::ConnectionId> joined_;      ///< connections whose queue has its controller
  std::size_t failfast_pending_ = 0;
  bool names_machines_;
};

}  // namespace holdfast::analysis::kernel
