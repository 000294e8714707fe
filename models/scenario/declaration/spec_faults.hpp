// SPDX-License-Identifier: Apache-2.0
// What goes wrong in a scenario, and what administrators do; part of spec.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "models/host/options.hpp"
#include "models/net/options.hpp"
#include "models/scenario/reading/latency.hpp"
#include "models/target/options.hpp"
#include "models/transport/options.hpp"
#include "models/wire/log_pages.hpp"
#include "sim/time.hpp"

namespace holdfast::scenario {

using sim::Duration;
using namespace std::chrono_literals;

using wire::AnaState;

enum class Direction : std::uint8_t { both, forward, backward };

// What faults have in common; a declaration says it once.

/// A fault that begins and, maybe, ends.
struct Lasting {
  Latency at;  ///< when it strikes; may be drawn, e.g. uniform over a phase
  std::optional<Duration> until_after;  ///< "for"; absent: for ever
};

/// A fault that may strike again and again.
struct Repeating {
  std::optional<Duration> every;       ///< longer than "for"
  std::optional<std::uint32_t> times;  ///< absent: until the end of the run
};

/// A fault that may strike the packets of one controller only.
struct Selective {
  std::optional<std::string> host;  ///< with `controller`: only packets of its connections
  std::optional<std::string> controller;
  std::optional<std::uint16_t> queue;  ///< only of that queue; 0: admin
};

/// A controller as a host knows it.
struct Device {
  std::string host;
  std::string controller;  ///< "nvme0"
};

/// A controller as its subsystem knows it.
struct TargetController {
  std::string subsystem;
  std::uint16_t controller = 1;  ///< CNTLID
};

/// Which of the commands with an opcode: CDW10 bits 7:0 of Get and Set Features, and of Get Log
/// Page.
struct Page {
  std::optional<std::uint8_t> feature;
  std::optional<std::uint8_t> log_page;
};

/// Packets vanish at the receiving end of a link; neither side is told.
struct Blackhole : Lasting, Repeating, Selective {
  std::string link;
  Direction direction = Direction::both;
  std::optional<std::uint32_t> larger_than;  ///< only packets of more bytes; absent: all
};

/// Carrier loss: what is queued or on the wire is lost as well.
struct LinkDown : Lasting, Repeating {
  std::string link;
  Duration forwards_after = 0s;  ///< the carrier is back and nothing is forwarded for so long
  enum class Leg : std::uint8_t { primary, backup };
  std::optional<Leg> leg;  ///< of a bond; absent: the whole link
};

/// Bernoulli loss that starts (and ends) at a given time.
struct Loss : Lasting, Repeating, Selective {
  std::string link;
  Direction direction = Direction::both;
  double probability = 0.0;
};

/// netem's `loss gemodel`: two states, each with its own loss.
struct GilbertElliott {
  double p = 0.0;          ///< good to bad, per packet
  double r = 0.0;          ///< bad to good
  double loss_bad = 1.0;   ///< tc's 1-h
  double loss_good = 0.0;  ///< tc's 1-k
};

/// tc-netem at the sender of a link.
struct Impair : Lasting, Repeating, Selective {
  std::string link;
  Direction direction = Direction::both;
  Duration delay = 0s;
  Duration jitter = 0s;
  double delay_correlation = 0.0;
  net::JitterShape distribution = net::JitterShape::uniform;
  double reorder = 0.0;
  double reorder_correlation = 0.0;
  std::uint32_t gap = 1;
  double duplicate = 0.0;
  double loss = 0.0;
  std::optional<GilbertElliott> loss_model;
  std::optional<std::uint64_t> rate_bps;
  std::uint32_t limit = 1000;
  bool asks = false;
};

/// fopcode (protocol.md 9.5): a command with that opcode makes the controller fatal and is executed
/// only `delay` later. With fatal = false it is the plain `delay` variant.
struct CommandFault : TargetController, Page {
  Latency at;               ///< when it strikes; may be drawn, e.g. uniform over a phase
  std::uint8_t opcode = 1;  ///< "write", "read", "flush" or a number
  bool admin = false;       ///< the opcode is one of the admin queue
  Duration delay = 2s;
  std::uint32_t count = 1;  ///< how many commands are hit; 0: every one
  bool fatal = true;
};

/// Commands with that opcode are answered with a status instead of being executed.
struct CommandStatus : TargetController, Page {
  Latency at;
  std::uint8_t opcode = 1;
  bool admin = false;            ///< the opcode is one of the admin queue
  std::uint16_t status = 0x006;  ///< type and code
  std::uint8_t crd = 0;          ///< which Command Retry Delay
  bool dnr = false;
  std::uint32_t count = 1;  ///< how many commands are hit; 0: every one
};

/// The response of a command that was executed goes astray.
struct ResponseFault : TargetController, Page {
  Latency at;
  std::uint8_t opcode = 1;
  bool admin = false;  ///< the opcode is one of the admin queue
  target::Astray what = target::Astray::late;
  Duration delay = 2s;      ///< late, twice: by how much the (second) one is late
  std::uint32_t count = 1;  ///< how many responses; 0: every one
};

/// TCP connections are accepted at a port, and nobody answers on them.
struct PortMute : Lasting {
  std::string port;
};

/// A host has no way to a port, and knows it: a connect fails at once.
struct NoRoute : Lasting {
  enum class Error : std::uint8_t { network, host };
  std::string host;
  std::string port;
  Error error = Error::network;
};

/// The thread of a user-space initiator that sends Keep Alives is busy with something else.
struct HostBlocked : Lasting {
  std::string host;
};

/// A machine stands still, as a virtual machine does that is moved or stopped.
struct HostPause : Lasting {
  enum class Clock : std::uint8_t { runs, stops };
  std::string host;
  Clock clock = Clock::runs;
};

/// A host, or the process of a user-space initiator, goes and comes back with the same identity.
struct HostDown : Lasting {
  enum class How : std::uint8_t { crash, process, shutdown };
  How how = How::crash;
  std::string host;
};

/// A row of a record of failures.
struct Failure {
  Duration at = 0s;
  std::string what;   ///< a link, a group of links, or a node of an array
  std::string state;  ///< up, down; of a node also crash, hang, partition
};

/// Links and nodes that fail when a record says so.
struct FailureTrace {
  Latency at;                       ///< what is added to each time
  std::optional<std::string> file;  ///< read and turned into `failures` when the scenario is loaded
  std::vector<Failure> failures;
};

/// An ANA group changes its state at one port.
struct AnaChange {
  Latency at;
  std::string subsystem;
  std::string port;
  std::uint32_t group = 1;
  AnaState state = AnaState::inaccessible;
};

/// An administrator of nvmet writes `attr_cqt` (protocol.md 2.1).
struct SetAttrCqt {
  Latency at;
  std::string subsystem;
  Duration value = 0s;
};

/// What an administrator does to a controller of a host, by its device name.
struct OperatorAction : Device {
  enum class Kind : std::uint8_t { reset, remove, disconnect, ccr };
  Kind kind = Kind::reset;
  Latency at;
  std::string source;                              ///< ccr: the controller that is asked
  host::CcrNames names = host::CcrNames::present;  ///< ccr: which instance the command names
};

/// An admin command that an administrator sends by passthrough.
struct Passthrough : Device {
  Latency at;
  std::uint8_t opcode = 0;
  std::uint32_t nsid = 0;
  std::uint32_t cdw10 = 0;
  std::uint32_t cdw11 = 0;
  std::uint32_t cdw12 = 0;
  std::uint32_t cdw13 = 0;
  std::uint32_t data_bytes = 0;  ///< of the answer
};

/// The RDMA adapter of a host at one of its links is removed, with its driver still working: the
/// controllers behind it are deleted (protocol.md 4.8).
struct HcaRemoved {
  Latency at;
  std::string host;
  std::string link;
};

/// FC: a port of a subsystem disappears from the fabric as a host sees it (RSCN).
struct RemotePortLost : Lasting {
  std::string host;
  std::string port;
};

/// FC: the fabric tells a host that the links to a port are bad (FPIN, link integrity).
struct LinkIntegrity {
  Latency at;
  std::string host;
  std::string port;
};

/// A node of an array fails.
struct NodeFault : Lasting {
  std::string subsystem;
  std::string node;
  target::NodeState state = target::NodeState::crashed;
  HostPause::Clock clock = HostPause::Clock::runs;  ///< of a node that hangs
};

/// Admin commands of one controller wait behind slow admin work.
struct AdminStall : Lasting, TargetController {};

/// The sockets of a controller are destroyed at one end (ss -K).
struct KillSockets : Device {
  Latency at;
  transport::Side side = transport::Side::host;
};

/// Command capsules of a controller are dropped on their way.
struct DropCapsule : Device {
  Latency at;
  std::uint8_t opcode = 1;
  bool admin = false;               ///< the opcode is one of the admin queue
  std::uint32_t nth = 1;            ///< the first one that is dropped, counted from `at`
  std::uint32_t count = 1;          ///< how many from there on
  std::uint32_t transmissions = 1;  ///< how often each packet is; 0: always
  transport::CapsulePackets packets = transport::CapsulePackets::all;
};

/// PDUs of a controller's I/O queues are damaged on their way, behind the checksum of TCP.
struct DamagePdu : Device {
  Latency at;
  transport::Side sender = transport::Side::host;
  transport::Damage part = transport::Damage::data;
  std::uint32_t nth = 1;    ///< the first one that is damaged, counted from `at`
  std::uint32_t count = 1;  ///< how many from there on
};

/// nvmet: the subsystem is unlinked from a port. FC: or the port itself is gone, without a word to
/// the hosts.
struct PortRemoved : Lasting {
  std::string subsystem;
  std::string port;
  bool refuses = false;  ///< adapters of hosts refuse to send anything there
};

/// Packets of other applications.
struct CrossTraffic : Lasting {
  std::string from;
  std::string to;
  std::uint64_t rate_bps = 1'000'000'000;
  std::uint32_t packet_bytes = 1500;
  net::TrafficPattern pattern = net::TrafficPattern::constant;
  std::optional<Duration> burst;  ///< on_off: mean length
  std::optional<Duration> pause;  ///< on_off: mean length
};

using Fault = std::variant<Blackhole, LinkDown, Loss, CommandFault, OperatorAction, HcaRemoved,
                           RemotePortLost, NodeFault, AdminStall, CommandStatus, AnaChange, Impair,
                           KillSockets, DropCapsule, PortRemoved, CrossTraffic, Passthrough,
                           DamagePdu, SetAttrCqt, ResponseFault, PortMute, NoRoute, HostBlocked,
                           HostDown, FailureTrace, HostPause, LinkIntegrity>;

}  // namespace holdfast::scenario
