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

/// host: Cause, as far as the log words it.
inline constexpr std::uint64_t cause_keep_alive_tag = 2;
inline constexpr std::uint64_t cause_operator = 3;

/// What is remembered per host controller.
struct Watch {
  host::Setup setup = host::Setup::idle;  ///< the step that sent last
  std::uint32_t qid = 0;                  ///< of the connection opened last
  std::uint64_t cause = 0;                ///< of the last recovery
  std::int64_t keep_alive_ns = 0;         ///< when the last Keep Alive was sent
  bool held = false;                      ///< the hold that is on has a length
  bool disconnected = false;              ///< FC: the target has disconnected, that is the cause
  bool mapped = false;                    ///< this association has told its queues
  std::int64_t failfast_at_ns = -1;       ///< when fail-fast expires; -1: not pending
};

/// FC: a Disconnect Association of the target arrives at the host.
bool is_disconnect(const sim::Record& r);

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
  void on_keep_alive_done(const sim::Record& r);
  void on_timeout(const sim::Record& r);
  void on_socket(const sim::Record& r);
  void on_connected(const sim::Record& r);
  void on_connect_failed(const sim::Record& r);
  void on_removed(const sim::Record& r);
  void on_pdu_sent(const sim::Record& r);
  std::uint32_t owner_of(const sim::Record& r) const;
  bool is_rdma() const { return w_.transport.kind == transport::TransportKind::rdma; }
  void on_io_without_path(std::uint64_t op, const char* text, std::size_t which);
  void on_fc_timeout(const sim::Record& r, const wire::Command& command);
  void tell_fc_recovery(std::uint64_t id);
  bool is_fc() const { return w_.transport.kind == transport::TransportKind::fc; }
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

}  // namespace holdfast::analysis::kernel
