// SPDX-License-Identifier: Apache-2.0
// The target as values: subsystems, namespaces with the history of each block, controllers, queues
// and the commands they execute.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "models/draw.hpp"
#include "models/transport/state.hpp"
#include "models/wire/wire.hpp"
#include "sim/arena.hpp"
#include "sim/calendar.hpp"
#include "sim/cow_vector.hpp"
#include "sim/time.hpp"

namespace holdfast::target {

using sim::Duration;
using sim::TimePoint;
using transport::Version;

enum class SubsystemId : std::uint32_t {};
enum class NamespaceId : std::uint32_t {};
enum class ControllerId : std::uint32_t {};
enum class QueueId : std::uint32_t {};
enum class RequestId : std::uint32_t {};

/// One write that reached the medium; the older content of the block hangs behind it.
struct BlockVersion {
  Version version = 0;
  std::uint64_t previous = 0;  ///< 1 + place of the older one in the history; 0: never written
  TimePoint applied{};
};

struct Namespace {
  SubsystemId subsystem{};
  std::uint32_t nsid = 1;
  std::uint32_t disk = 0;  ///< the world's name for what is stored here
  std::uint32_t block_bytes = 4096;
  std::uint64_t blocks = 0;
  Span read;
  Span write;
  sim::ChoiceId read_choice{};
  sim::ChoiceId write_choice{};
  sim::CowVector<std::uint64_t> latest;  ///< per block: 1 + place in the history; 0: none
  sim::CowVector<BlockVersion> history;  ///< every write, in the order in which they landed
};

/// A fault that strikes commands of one controller (protocol.md 9.5).
struct CommandFault {
  std::uint16_t cntlid = 0;
  std::uint8_t opcode = 0;
  bool fatal = false;
  bool endless = false;
  std::uint32_t remaining = 0;
  Duration delay{};
};

/// What happens to commands that execute when their controller expires, is reset or loses a queue.
enum class InFlight : std::uint8_t {
  drain,   ///< they run to their end first (nvmet)
  abort,   ///< they are stopped and never land
  ignore,  ///< the controller goes at once, they land whenever they are done (SPDK, issue 3593)
};

/// How Cross-Controller Reset goes.
enum class CcrBehaviour : std::uint8_t {
  normal,
  fails,  ///< the command is answered with an error
};

/// What a profile says and a scenario may override.
struct Profile {
  std::uint16_t cqt_ms = 0;
  bool traffic_based = true;  ///< CTRATT.TBKAS
  Duration kas = std::chrono::seconds{1};
  Duration kato_min{};
  std::uint16_t cntlid_min = 1;
  std::uint16_t cntlid_max = 0xffef;
  std::uint16_t qid_max = 128;
  std::uint32_t inline_data_bytes = 16384;
  InFlight in_flight = InFlight::drain;
  std::uint8_t ccrl = 0;  ///< Identify CCRL; 0: no Cross-Controller Reset
  CcrBehaviour ccr = CcrBehaviour::normal;
  Span ccr_delay;               ///< from the CCR command to the reset it asks for
  bool ccr_event_lost = false;  ///< the completed notice is never sent
};

struct Subsystem {
  std::string nqn;
  Profile profile;
  std::vector<std::uint32_t> ports;  ///< transport ports where it listens
  std::vector<NamespaceId> namespaces;
  std::vector<ControllerId> controllers;  ///< alive or draining, ordered by CNTLID
  std::vector<CommandFault> faults;
  sim::ChoiceId instance_choice{};  ///< CIU and CIRN of new instances
  sim::ChoiceId ccr_choice{};       ///< ccr_delay
};

/// An entry of the Cross-Controller Reset log page of a source controller (TP8028; 3.7).
struct CcrEntry {
  std::uint16_t icid = 0;
  std::uint8_t ciu = 0;
  ControllerId impacted = sim::none<ControllerId>;  ///< none: the operation is completed
};

/// Target side of an association. It exists from Admin Connect until its last queue has drained.
struct Controller {
  bool in_use = false;
  bool enabled = false;       ///< CC.EN
  bool ready = false;         ///< CSTS.RDY
  bool fatal = false;         ///< CSTS.CFS
  bool traffic_seen = false;  ///< a command was accepted since the last check
  bool shut_down = false;     ///< CC.SHN was set
  std::uint16_t cntlid = 0;
  SubsystemId subsystem{};
  wire::NqnText hostnqn{};
  Duration katt{};  ///< effective keep-alive timeout; 0: no timer
  sim::EventId watchdog{};
  std::uint32_t events_enabled = 0;               ///< Feature 0Bh
  std::array<std::uint16_t, 4> event_requests{};  ///< AERs that wait for an event
  std::uint32_t event_request_count = 0;
  std::uint32_t events_masked = 0;    ///< notices that wait for their log page to be read
  std::vector<std::uint32_t> events;  ///< DW0 of events that found no AER
  std::uint8_t ciu = 0;               ///< Controller Instance Uniquifier, never 0
  std::uint64_t cirn = 0;             ///< Controller Instance Random Number
  std::vector<CcrEntry> ccr_entries;  ///< of this controller as a source controller
  std::vector<QueueId> queues;        ///< in the order in which they connected
};

/// Target side of a queue pair.
struct Queue {
  bool in_use = false;
  bool stopped = false;  ///< receives and answers nothing any more
  transport::TargetQueueId transport{};
  std::uint32_t port = 0;
  ControllerId controller = sim::none<ControllerId>;
  std::uint16_t qid = 0;
  std::uint16_t sqsize = 0;
  std::uint32_t executing = 0;  ///< commands that will still touch the medium or answer
  RequestId first_waiting = sim::none<RequestId>;  ///< commands whose data was asked for
};

/// An I/O command between capsule and response.
struct Request {
  QueueId queue{};
  SubsystemId subsystem{};
  std::uint16_t cntlid = 0;
  bool executing = false;
  bool detached = false;  ///< its queue is gone; see InFlight
  bool aborted = false;
  NamespaceId ns{};
  wire::Command command{};
  Duration delay{};            ///< a fault holds it back this long
  Version version = 0;         ///< what it writes
  std::uint32_t received = 0;  ///< bytes of its data that have arrived
  RequestId next_waiting = sim::none<RequestId>;
};

struct Targets {
  std::vector<Subsystem> subsystems;
  std::vector<Namespace> namespaces;
  sim::Arena<ControllerId, Controller> controllers;
  sim::Arena<QueueId, Queue> queues;
  sim::Arena<RequestId, Request> requests;
};

}  // namespace holdfast::target
