// SPDX-License-Identifier: Apache-2.0
// A run as those see it who can look at the wires and at the media: associations, commands and
// their answers, attempts of I/O and where they landed, recoveries. All of it is worked out from
// the trace's records (EventLog) and from the scenario, never from the models' variables.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "analysis/conform/view/events.hpp"
#include "models/host/state.hpp"
#include "models/scenario/declaration/spec.hpp"
#include "models/wire/wire.hpp"
#include "sim/calendar/machine.hpp"

namespace holdfast::conform {

/// Later than everything, so that instants can be compared (sim::never is earlier).
inline constexpr TimePoint never = TimePoint::max();
inline constexpr std::uint32_t nothing = ~0u;

/// A command of an admin queue, or a Connect of any queue, as the host put it on the wire.
struct Exchange {
  std::uint32_t controller = 0;  ///< of the host: place in the list of all connections
  std::uint32_t association = nothing;
  std::uint16_t qid = 0;
  std::uint32_t index = 0;   ///< of its event
  wire::Command command{};   ///< what command_sent has of it
  bool by_operator = false;  ///< sent by passthrough
  TimePoint sent{};
  std::uint32_t answer_index = nothing;
  TimePoint answered = never;  ///< when the host had the answer
  wire::Status status{};
  std::uint64_t result = 0;
  std::vector<std::byte>
      data;  ///< control data of the answer, up to its last byte that is not zero

  [[nodiscard]] bool ok() const { return answered != never && status.ok(); }
  [[nodiscard]] bool is(wire::AdminOpcode opcode) const {
    return qid == 0 && command.opcode == wire::raw(opcode);
  }
  [[nodiscard]] bool is_log(wire::LogId lid) const {
    return is(wire::AdminOpcode::get_log_page) && (command.cdw10 & 0xff) == wire::raw(lid);
  }
  [[nodiscard]] bool is_feature(wire::AdminOpcode opcode, wire::FeatureId fid) const {
    return is(opcode) && (command.cdw10 & 0xff) == wire::raw(fid);
  }
};

/// An association of a host controller, from the Connect to its end.
struct Association {
  std::uint32_t controller = 0;
  std::uint32_t number = 0;  ///< which one of that controller, from 0
  TimePoint begun{};
  std::uint32_t begun_index = 0;
  std::uint32_t connect = nothing;  ///< exchange: Connect of the admin queue
  TimePoint connected = never;
  std::uint16_t cntlid = 0;
  std::uint32_t identify = nothing;     ///< exchange: Identify Controller
  wire::IdentifyController identity{};  ///< what it brought; valid if identify is something
  TimePoint live = never;
  TimePoint failed = never;          ///< set-up failed
  TimePoint cancelled = never;       ///< its requests were cancelled: the failover instant
  TimePoint over = never;            ///< the next association began, or it was removed
  std::uint32_t recovery = nothing;  ///< its first recovery
  std::uint32_t target = nothing;    ///< TargetController
  std::vector<std::pair<std::uint16_t, std::uint32_t>> queues;  ///< qid, connection

  [[nodiscard]] Duration kato(const std::vector<Exchange>& all) const;
};

/// A controller of a target, from Admin Connect to its end.
struct TargetController {
  std::uint32_t subsystem = 0;
  std::uint16_t cntlid = 0;
  std::uint64_t host = 0;  ///< hash of the host NQN
  TimePoint created{};
  TimePoint ready = never;
  TimePoint expired = never;
  TimePoint fatal = never;
  TimePoint freed = never;
  std::uint64_t cause = 0;
  Duration katt{};                     ///< as it was at Connect
  std::vector<std::uint32_t> fetches;  ///< events: command_fetched
  std::vector<std::uint32_t> answers;  ///< events: response_sent
  std::vector<std::uint32_t> media;    ///< events: media_write, mutated_write of its commands
};

/// One attempt of an operation over one path.
struct Attempt {
  std::uint64_t token = 0;
  std::uint32_t controller = 0;
  std::uint32_t association = nothing;
  std::uint32_t connection = 0;
  std::uint16_t qid = 0;
  std::uint16_t cid = 0;
  std::uint32_t index = 0;  ///< of its event
  TimePoint sent{};
  TimePoint fetched = never;
  std::uint32_t fetches = 0;
  TimePoint first_landed = never;
  TimePoint last_landed = never;
  std::uint32_t landings = 0;
  std::uint32_t end_index = nothing;
  TimePoint ended = never;  ///< answered, or given up
  bool abandoned = false;
  wire::Status status{};
  std::uint32_t next = nothing;  ///< attempt: the retry

  [[nodiscard]] std::uint64_t op() const { return serial_of(token); }
  /// By the controller; a host that gives a path up ends its requests with statuses of its own.
  [[nodiscard]] bool was_answered() const {
    return ended != never && status.code() != wire::StatusCode::host_aborted_command &&
           status.code() != wire::StatusCode::host_path_error;
  }
};

/// An I/O of an application.
struct Operation {
  host::IoKind kind{};
  std::uint32_t job = 0;
  std::uint32_t disk = 0;
  std::uint64_t lba = 0;
  std::uint64_t blocks = 0;
  TimePoint submitted{};
  std::uint32_t index = 0;
  TimePoint completed = never;
  std::uint32_t complete_index = nothing;
  wire::Status status{};
  std::vector<std::uint32_t> attempts;
  bool requeued = false;  ///< it found no usable path
};

/// The host gave a LIVE controller up.
struct Recovery {
  std::uint32_t controller = 0;
  std::uint32_t association = nothing;
  TimePoint started{};
  std::uint32_t index = 0;
  host::Cause cause{};
  TimePoint cancelled = never;  ///< the failover instant
  TimePoint fenced = never;     ///< the host has seen, on the wire, that a reset of it succeeded
  std::vector<std::uint32_t> in_flight;  ///< attempts, sent and not ended when it started
};

/// A Cross-Controller Reset, as sent.
struct Ccr {
  std::uint32_t exchange = 0;
  std::uint32_t source = 0;  ///< host controller
  wire::CrossControllerReset names{};
  std::uint32_t impacted = nothing;  ///< association of the same host that it names
  bool by_operator = false;
  TimePoint seen = never;  ///< the host has seen that it succeeded: immediate, or by log page 1Eh
  bool immediate = false;
};

struct FaultWindow {
  std::uint32_t fault = 0;
  TimePoint on{};
  TimePoint off = never;
};

/// What passes at least while a clock of that rate goes `t` >= 0.
[[nodiscard]] inline Duration least_by(const sim::ClockRate& rate, Duration t) {
  return rate.is_right() ? t : std::max(rate.takes(t) - Duration{2}, Duration{});
}

struct Derived;

struct RunView {
  RunView(const scenario::Scenario& s, const EventLog& l, TimePoint e);
  /// What is derived points into the view that it is derived from.
  RunView(const RunView&) = delete;
  RunView& operator=(const RunView&) = delete;
  RunView(RunView&&) = default;
  RunView& operator=(RunView&&) = delete;
  ~RunView() = default;

  const scenario::Scenario& scenario;
  const EventLog& log;
  TimePoint end{};

  struct Place {
    std::uint32_t host = 0;
    std::uint32_t connect = 0;
    std::uint32_t subsystem = nothing;  ///< nothing: discovery
  };
  std::vector<Place> controllers;  ///< of all hosts, in the order of the scenario
  std::vector<Association> associations;
  std::vector<std::vector<std::uint32_t>> of_controller;  ///< associations of a host controller
  std::vector<TargetController> targets;
  std::vector<Exchange> exchanges;
  std::vector<Operation> operations;  ///< by serial number - 1
  std::vector<Attempt> attempts;
  std::vector<Recovery> recoveries;
  std::vector<Ccr> ccrs;
  std::vector<FaultWindow> faults;
  TimePoint healed = never;  ///< since when nothing is broken any more; never: something is
  /// What several checks ask for; made when the first one does (derived.hpp).
  std::shared_ptr<Derived> derived;

  [[nodiscard]] const Event& event(std::uint32_t index) const { return log.all()[index]; }
  /// Calls `act(event)` for each record of that kind, in order.
  template <class Act>
  void each(Kind kind, Act act) const {
    for (const std::uint32_t i : log.places(kind))
      act(log.all()[i]);
  }
  template <class Act>
  void each_indexed(Kind kind, Act act) const {
    for (const std::uint32_t i : log.places(kind))
      act(log.all()[i], i);
  }
  [[nodiscard]] bool is_fc() const { return scenario.fabric.transport == scenario::Transport::fc; }
  [[nodiscard]] const scenario::Host& host_of(std::uint32_t controller) const {
    return scenario.hosts[controllers[controller].host];
  }
  [[nodiscard]] const scenario::Connect& connect_of(std::uint32_t controller) const {
    const Place& p = controllers[controller];
    return scenario.hosts[p.host].connect[p.connect];
  }
  /// None for a discovery controller.
  [[nodiscard]] const scenario::Subsystem* subsystem_of(std::uint32_t controller) const {
    const std::uint32_t s = controllers[controller].subsystem;
    return s == nothing ? nullptr : &scenario.subsystems[s];
  }
  /// "h1/nvme0".
  [[nodiscard]] std::string name_of(std::uint32_t controller) const;
  /// The association of a controller at that event; nothing if there is none.
  [[nodiscard]] std::uint32_t association_at(std::uint32_t controller, std::uint32_t index) const;
  /// KATO that the host uses for an association at an instant.
  [[nodiscard]] Duration kato_at(const Association& a, TimePoint t) const;
  /// m of m x KATO + CQT: 3 with TBKAS, 2 without (TP4129).
  [[nodiscard]] static int multiplier(const Association& a) {
    return a.identity.traffic_based_keep_alive() ? 3 : 2;
  }
  [[nodiscard]] static Duration cqt(const Association& a) {
    return std::chrono::milliseconds{a.identity.cqt};
  }
  /// Whether CC.EN of a controller is 0 at an event: its host has cleared it there, or tried to,
  /// and it has not become ready since.
  [[nodiscard]] bool is_disabled(std::uint32_t target, std::uint32_t index) const;
  /// The rate of the clock by which the host of a controller does what it does.
  [[nodiscard]] sim::ClockRate clock_of(std::uint32_t controller) const;
  /// What passes while that clock goes `t` >= 0: at least (a timer begins and ends between two of
  /// its nanoseconds), and at most.
  [[nodiscard]] Duration least_of(std::uint32_t controller, Duration t) const;
  [[nodiscard]] Duration most_of(std::uint32_t controller, Duration t) const {
    return clock_of(controller).takes(t);
  }
  /// When a timer of that length by the host's clock that is set at `from` has gone off at the
  /// latest: through the timer wheel if the host has ticks.
  [[nodiscard]] TimePoint timer_latest(std::uint32_t controller, TimePoint from, Duration t) const;
  /// Whether the fabric, the target and everything between were fine from `from` to `to`.
  [[nodiscard]] bool quiet(TimePoint from, TimePoint to) const;
};

/// Works everything out; `log` and `scenario` must outlive the view.
RunView view_of(const scenario::Scenario& scenario, const EventLog& log, TimePoint end);

}  // namespace holdfast::conform
