// SPDX-License-Identifier: Apache-2.0
// The target as values: subsystems, namespaces with the history of each block, controllers, queues
// and the commands they execute.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "models/disk.hpp"
#include "models/draw.hpp"
#include "models/target/options.hpp"
#include "models/transport/state.hpp"
#include "models/wire/wire.hpp"
#include "sim/arena.hpp"
#include "sim/calendar.hpp"
#include "sim/copy_block.hpp"
#include "sim/cow_vector.hpp"
#include "sim/list.hpp"
#include "sim/shared_vector.hpp"
#include "sim/time.hpp"
#include "sim/timer_wheel.hpp"

namespace holdfast::target {

using sim::Duration;
using sim::TimePoint;
using transport::Version;

enum class SubsystemId : std::uint32_t {};
enum class NamespaceId : std::uint32_t {};
enum class ControllerId : std::uint64_t {};
enum class QueueId : std::uint64_t {};
enum class RequestId : std::uint64_t {};
enum class LateId : std::uint64_t {};
enum class NodeId : std::uint32_t {};

/// One write that reached the medium; the older content of the block hangs behind it.
struct BlockVersion {
  Version version = 0;
  std::uint64_t previous = 0;  ///< 1 + place of the older one in the history; 0: never written
  TimePoint applied{};
  bool zeroes = false;  ///< Write Zeroes, a deallocation or a zone reset
};

/// The newest write of a block.
struct Latest {
  std::uint64_t place = 0;  ///< 1 + place in the history; 0: none
  Version version = 0;      ///< what is there, so that a read need not look
};

/// A host that has registered a key for the reservations of a namespace.
struct Registrant {
  std::uint64_t host = 0;
  std::uint64_t key = 0;
};

/// A reservation command that was carried out, as it is told to other nodes.
struct ReservationCommand {
  wire::Command command{};
  wire::ReservationKeys keys{};
  std::uint64_t host = 0;
  NodeId node = sim::none<NodeId>;  ///< that carried it out
};

/// The reservation of a namespace. Hosts are told apart by a hash of their NQN.
struct Reservation {
  sim::Vector<Registrant> registrants;
  std::uint64_t holder = 0;  ///< 0: nobody holds one
  wire::ReservationType type = wire::ReservationType::none;
};

/// What one node of an array knows of it.
struct ReservationCopy {
  NodeId node{};
  Reservation known;
  std::uint32_t told = 0;  ///< of Namespace::reservation_commands: those that it has heard of ...
  std::uint32_t due = 0;   ///< ... and those that it would have, if it had been there
  std::uint32_t own_from = 0;  ///< of its own ones it remembers those from there on
};

struct Namespace {
  SubsystemId subsystem{};
  std::uint32_t nsid = 1;
  std::uint32_t ana_group = 1;
  DiskId disk{};  ///< the world's name for what is stored here
  std::uint32_t block_bytes = 4096;
  std::uint64_t blocks = 0;
  Span read;
  Span write;
  sim::ChoiceId read_choice{};
  sim::ChoiceId write_choice{};
  sim::Vector<TimePoint> busy_until;  ///< of each command that the medium can execute at a time;
                                      ///< empty: it has no limit
  sim::CowVector<Latest> latest;      ///< per block
  sim::CowLog<BlockVersion> history;  ///< every write, in the order in which they landed
  std::uint64_t zone_blocks = 0;      ///< 0: not zoned
  sim::CowVector<std::uint64_t> written;  ///< per zone: blocks before the write pointer
  Reservation reservation;  ///< as the specification has it: one for the whole subsystem
  sim::Vector<ReservationCopy> copies;  ///< what nodes go by instead; empty: they share the one
  sim::Vector<ReservationCommand> reservation_commands;  ///< then: all that were carried out
  sim::ChoiceId reservation_choice{};
};

/// A fault that strikes commands of one controller (protocol.md 9.5).
struct CommandFault {
  std::uint16_t cntlid = 0;
  std::uint8_t opcode = 0;
  bool fatal = false;
  bool endless = false;
  std::uint32_t remaining = 0;
  Duration delay{};
  bool admin = false;      ///< the opcode is one of the admin queue
  std::int16_t page = -1;  ///< CDW10 bits 7:0 of those that are meant; -1: any
};

/// A fault that answers I/O commands of one controller with a status instead of executing them.
struct StatusFault {
  std::uint16_t cntlid = 0;
  bool admin = false;  ///< the opcode is one of the admin queue
  std::uint8_t opcode = 0;
  wire::Status status;
  bool endless = false;
  std::uint32_t remaining = 0;
  std::int16_t page = -1;  ///< as above
};

/// A fault that lets responses of one controller go astray.
struct ResponseFault {
  std::uint16_t cntlid = 0;
  bool admin = false;
  std::uint8_t opcode = 0;
  Astray what = Astray::late;
  Duration delay{};
  bool endless = false;
  std::uint32_t remaining = 0;
  std::int16_t page = -1;
};

/// The ANA state of a group as one port sees it.
struct AnaGroupState {
  transport::PortId port{};
  std::uint32_t group = 1;
  wire::AnaState state = wire::AnaState::optimized;
};

/// How Cross-Controller Reset goes.
enum class CcrBehaviour : std::uint8_t {
  normal,
  fails,            ///< the command is answered with an error
  reports_failure,  ///< it is accepted, nothing is reset, and its entry ends as failed (02h)
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
  Span ccr_delay;                  ///< from the CCR command to the reset it asks for
  bool ccr_event_lost = false;     ///< the completed notice is never sent
  bool ana_event_lost = false;     ///< nor is that of an ANA change
  Duration connect_time{};         ///< of each Connect, one after the other; 0: none
  Duration tls_time{};             ///< of each TLS handshake, in the same line; 0: none
  bool dhchap = false;             ///< every Connect is asked for DH-HMAC-CHAP ...
  Duration dhchap_time{};          ///< ... which takes so long, in the same line
  bool dhchap_under_tls = true;    ///< also one of a queue that is under TLS
  Duration teardown_time{};        ///< of the end of each queue, in the same line; 0: none
  bool ccr_compares_host = false;  ///< only controllers of the same host are found (3.6)
  bool notices_on = true;          ///< Feature 0Bh begins with what OAES offers (3.9)
  Duration kato_max{};             ///< a longer KATO is refused; 0: no maximum
  KatoZero kato_zero = KatoZero::off;
  bool kato_result_in_seconds = true;  ///< DW0 of Set Features Keep Alive Timer
  KeepAliveFrom keep_alive_from = KeepAliveFrom::connect;
  bool keep_alive_starts_interval = false;  ///< else it counts as traffic of the next (1.4, 1.8)
  Watchdog watchdog = Watchdog::timer;
  Span quiesce_time;           ///< InFlight::quiesce: from the end of a controller or a queue
  bool lost_host_log = false;  ///< log page 1Fh and its notice
  /// I/O opcodes whose entry in log page 05h has LBCC, besides those of nvmet.
  std::vector<std::uint8_t> effects_lbcc;
  HangResumes hang_resumes = HangResumes::executes_first;
  UnreachableCcr unreachable_ccr = UnreachableCcr::fences;
  Span fence_time;                 ///< UnreachableCcr::fences: how long that takes
  bool fused_commands = false;     ///< Compare and Write as one; else fused commands are refused
  bool reservations_told = false;  ///< nodes that keep reservations for themselves tell the others
  Span reservation_delay;          ///< so long afterwards
  std::uint8_t anatt_s = 10;       ///< Identify ANATT
  std::array<std::uint16_t, 3> crdt{};  ///< Identify CRDT1 to CRDT3, in 100 ms
  /// What a discovery controller takes for KATO 0 (NVMET_DISC_KATO_MS).
  Duration discovery_kato = std::chrono::seconds{120};
  sim::TimerWheel wheel;  ///< ticks of its machine
  sim::ClockRate clock;   ///< how fast its clock runs; of keep alive only
};

/// What the rest of an array does about a node that fails, for its subsystem.
struct Takeover {
  bool on = false;
  Span detect;
  Span fence;
  Span change;
  bool by_address = false;  ///< the others take the node's addresses, and change no ANA state
  Span learn;               ///< by_address: until packets find their way there
};

struct Subsystem {
  std::shared_ptr<const Profile> profile;  ///< shared by copies of a world
  sim::Vector<transport::PortId> ports;    ///< transport ports where it listens
  sim::Vector<transport::PortId>
      unlinked;  ///< of these, those that it was unlinked from, one a fault
  sim::Vector<NamespaceId> namespaces;
  sim::Vector<ControllerId> controllers;  ///< alive or draining, as they connected
  sim::Vector<ControllerId> by_cntlid;    ///< the same, by CNTLID; none: it is free
  std::uint32_t lowest_free = 0;          ///< no CNTLID of its range below it is free
  sim::Vector<CommandFault> faults;
  sim::Vector<StatusFault> status_faults;
  sim::Vector<ResponseFault> response_faults;
  TimePoint connects_until{};  ///< Profile::connect_time and teardown_time: when all that came
                               ///< are done
  Takeover takeover;
  sim::ChoiceId detect_choice{};  ///< of the takeover
  sim::ChoiceId takeover_fence_choice{};
  sim::ChoiceId change_choice{};
  sim::ChoiceId learn_choice{};
  sim::Vector<AnaGroupState> ana;   ///< what differs from nvmet's default; see ana_state
  std::uint64_t ana_changes = 0;    ///< change count of the ANA log
  bool discovery = false;           ///< serves discovery controllers: no namespaces, no I/O queues
  sim::ChoiceId instance_choice{};  ///< CIU and CIRN of new instances
  sim::ChoiceId ccr_choice{};       ///< ccr_delay
  sim::ChoiceId quiesce_choice{};   ///< quiesce_time
  sim::ChoiceId fence_choice{};     ///< fence_time
  sim::ChoiceId notice_choice{};    ///< whether an asynchronous event never comes
  sim::Vector<std::uint16_t> admin_stalls;  ///< CNTLIDs whose admin commands wait, one a fault
};

/// Something that came in, or came to its end, and has to wait for its node or for admin work.
struct Held {
  enum class Kind : std::uint8_t {
    command,   ///< a capsule that the node has not looked at
    admitted,  ///< an admin command that was fetched and waits to be executed
    data,      ///< data that was asked for
    lost,      ///< the end of a connection
    finished,  ///< the medium has done its work
    quiesced,  ///< what executes on a queue is to be stopped
    released,  ///< a queue that was stopped may go
    hello,     ///< a TLS handshake begins
    computed,  ///< what a handshake or an authentication takes is computed
  };
  Kind kind = Kind::command;
  QueueId queue{};
  RequestId request{};
  std::uint16_t tag = 0;
  transport::Payload payload{};  ///< its blob, if any, is a copy of our own
  wire::Command command{};
};

/// A node of an array: whatever was connected through its ports lives on it.
struct Node {
  SubsystemId subsystem{};
  sim::Vector<transport::PortId> ports;
  sim::Vector<transport::PortId> moved;  ///< ports that were its own, and whose address others have
  NodeState state = NodeState::up;       ///< the worst of `failures`
  sim::Vector<NodeState> failures;       ///< in force just now, one a fault
  sim::Vector<Held> held;                ///< while it hangs, in the order in which it happened
  bool clock_stops = false;              ///< of the hang: its clock does not go on
  TimePoint hung_since{};
  std::uint32_t outages = 0;  ///< how often it has failed
  bool fenced = false;        ///< the others have taken its access to the media away
  /// Resets that wait for the node: the controller and its CIRN.
  sim::Vector<std::pair<ControllerId, std::uint64_t>> resets;
};

/// An entry of the Cross-Controller Reset log page of a source controller (TP8028; 3.7).
struct CcrEntry {
  std::uint16_t icid = 0;
  std::uint8_t ciu = 0;
  ControllerId impacted = sim::none<ControllerId>;  ///< none: the operation is completed
  bool failed = false;                              ///< completed without a reset
};

/// Target side of an association. It exists from Admin Connect until its last queue has drained.
struct Controller {
  bool enabled = false;       ///< CC.EN
  bool ready = false;         ///< CSTS.RDY
  bool releasing = false;     ///< FC: its queues go one after the other
  bool fatal = false;         ///< CSTS.CFS
  bool traffic_seen = false;  ///< a command was accepted since the last check
  bool shut_down = false;     ///< CC.SHN was set
  std::uint16_t cntlid = 0;
  SubsystemId subsystem{};
  transport::PortId port{};         ///< where its admin queue connected; decides its ANA states
  std::uint64_t hostid = 0;         ///< a hash of its Host Identifier
  NodeId node = sim::none<NodeId>;  ///< where it lives; none: on no node that could fail
  wire::NqnText hostnqn{};
  Duration katt{};  ///< effective keep-alive timeout; 0: no timer
  sim::EventId watchdog{};
  TimePoint watchdog_at{};                        ///< when it looks next
  std::uint32_t events_enabled = 0;               ///< Feature 0Bh
  std::array<std::uint16_t, 4> event_requests{};  ///< AERs that wait for an event
  std::uint32_t event_request_count = 0;
  std::uint32_t events_masked = 0;          ///< notices that wait for their log page to be read
  sim::Vector<std::uint32_t> events;        ///< DW0 of events that found no AER
  std::uint8_t ciu = 0;                     ///< Controller Instance Uniquifier, never 0
  std::uint64_t cirn = 0;                   ///< Controller Instance Random Number
  sim::Vector<CcrEntry> ccr_entries;        ///< of this controller as a source controller
  sim::Vector<ControllerId> ccr_sources;    ///< in whose ccr_entries it is, or was, or was twice
  sim::Vector<QueueId> queues;              ///< in the order in which they connected
  TimePoint last_keep_alive{};              ///< for a poller
  TimePoint missed_check = sim::never;      ///< the node hung when the watchdog should have looked
  TimePoint quiesced_at = sim::never;       ///< once fatal: when what executes is stopped
  sim::Vector<Held> stalled;                ///< admin commands behind slow admin work
  bool leaving = false;                     ///< it was enabled, and is not, or is shut down
  bool loss_reported = false;               ///< other controllers were told that it lost its host
  sim::Vector<wire::LostHostEntry> losses;  ///< what log page 1Fh of this controller tells
};

/// Target side of a queue pair.
struct Queue {
  bool stopped = false;  ///< receives and answers nothing any more
  transport::TargetQueueId transport{};
  transport::PortId port{};
  ControllerId controller = sim::none<ControllerId>;
  std::uint16_t qid = 0;
  std::uint16_t sqsize = 0;
  std::uint8_t messages = 0;      ///< of DH-HMAC-CHAP that are over
  std::uint32_t executing = 0;    ///< commands that will still touch the medium or answer
  sim::List<RequestId> executes;  ///< the same, in the order in which they began
  sim::Links<QueueId> on_port;
  sim::EventId quiesce_timer{};     ///< stops what still executes
  sim::EventId release_timer{};     ///< at `release_at`
  TimePoint release_at{};           ///< once stopped: not released before, see grace_period_over
  NodeId node = sim::none<NodeId>;  ///< that owns the port
  RequestId first_waiting = sim::none<RequestId>;  ///< commands that lack data or their other half
  RequestId fused_first = sim::none<RequestId>;    ///< the next command must be its other half
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
  Duration delay{};                        ///< a fault holds it back this long
  Version version = 0;                     ///< what it writes
  Version content = 0;                     ///< see transport::Payload
  std::uint32_t received = 0;              ///< bytes of its data that have arrived
  NodeId node = sim::none<NodeId>;         ///< where it executes
  sim::Vector<wire::DatasetRange> ranges;  ///< what is deallocated, or where a copy comes from
  wire::ReservationKeys keys{};
  std::uint64_t host = 0;   ///< who sent a reservation command
  TimePoint began{};        ///< to execute ...
  std::uint64_t drawn = 0;  ///< ... with the choice of the medium that has this ordinal
  sim::EventId done{};      ///< and when it has done it
  RequestId next_waiting = sim::none<RequestId>;
  RequestId partner = sim::none<RequestId>;  ///< the other half of a fused pair
  sim::Links<RequestId> of_queue;            ///< while it executes and is not detached
};

/// A command that is executed later, or a response that is sent later.
struct Late {
  QueueId queue{};
  wire::Command command{};
  transport::Payload payload{};   ///< its blob, if any, is our own
  wire::Completion completion{};  ///< of a response
};

struct Targets {
  sim::Vector<Subsystem> subsystems;
  sim::SharedVector<std::string> nqns;  ///< of the subsystems
  sim::Vector<Namespace> namespaces;
  sim::Arena<ControllerId, Controller> controllers;
  sim::Arena<QueueId, Queue> queues;
  /// By port: queues that were accepted there and are not released, in the order of accepting.
  sim::Vector<sim::List<QueueId>> queues_at;
  sim::Arena<RequestId, Request> requests;
  sim::Arena<LateId, Late> late;
  bool any_astray = false;  ///< some subsystem has response_faults
  sim::Vector<Node> nodes;
  sim::SharedVector<std::string> node_names;  ///< of the nodes
};

}  // namespace holdfast::target
