// SPDX-License-Identifier: Apache-2.0
// What goes wrong in a scenario, and what administrators do; part of spec.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "sim/time.hpp"

namespace holdfast::scenario {

using sim::Duration;
using namespace std::chrono_literals;

/// A time span that may be drawn: a constant, uniform between two bounds, exponential with a mean,
/// or usually a constant and rarely more. The default is the constant 0.
struct Latency {
  enum class Kind : std::uint8_t { constant, uniform, exponential, tail };
  Kind kind = Kind::constant;
  Duration low = 0ns;   ///< the constant, the lower bound, or the minimum added to the exponential
  Duration high = 0ns;  ///< the upper bound, or the mean of the exponential part
  double chance = 0.0;  ///< of the exponential part of a tail
};

/// ANA states, with the values of the log page.
enum class AnaState : std::uint8_t {
  optimized = 1,
  non_optimized = 2,
  inaccessible = 3,
  persistent_loss = 4,
  change = 15,
};

enum class Direction : std::uint8_t { both, forward, backward };

/// Packets vanish at the receiving end of a link; neither side is told.
struct Blackhole {
  Latency at;  ///< when it strikes; may be drawn, e.g. uniform over a phase
  std::optional<Duration> until_after;  ///< "for"; absent: for ever
  std::string link;
  Direction direction = Direction::both;
};

/// Carrier loss: what is queued or on the wire is lost as well.
struct LinkDown {
  Latency at;  ///< when it strikes; may be drawn, e.g. uniform over a phase
  std::optional<Duration> until_after;
  std::string link;
};

/// Bernoulli loss that starts (and ends) at a given time.
struct Loss {
  Latency at;  ///< when it strikes; may be drawn, e.g. uniform over a phase
  std::optional<Duration> until_after;
  std::string link;
  Direction direction = Direction::both;
  double probability = 0.0;
};

/// fopcode (protocol.md 9.5): a command with that opcode makes the controller fatal and is executed
/// only `delay` later. With fatal = false it is the plain `delay` variant.
struct CommandFault {
  Latency at;  ///< when it strikes; may be drawn, e.g. uniform over a phase
  std::string subsystem;
  std::uint16_t controller = 1;  ///< CNTLID
  std::uint8_t opcode = 1;       ///< "write", "read", "flush" or a number
  Duration delay = 2s;
  std::uint32_t count = 1;  ///< how many commands are hit; 0: every one
  bool fatal = true;
};

/// Commands with that opcode are answered with a status instead of being executed.
struct CommandStatus {
  Latency at;
  std::string subsystem;
  std::uint16_t controller = 1;  ///< CNTLID
  std::uint8_t opcode = 1;
  bool admin = false;            ///< the opcode is one of the admin queue
  std::uint16_t status = 0x006;  ///< type and code
  std::uint8_t crd = 0;          ///< which Command Retry Delay
  bool dnr = false;
  std::uint32_t count = 1;  ///< how many commands are hit; 0: every one
};

/// An ANA group changes its state at one port.
struct AnaChange {
  Latency at;
  std::string subsystem;
  std::string port;
  std::uint32_t group = 1;
  AnaState state = AnaState::inaccessible;
};

/// What an administrator does to a controller of a host, by its device name.
struct OperatorAction {
  enum class Kind : std::uint8_t { reset, remove, disconnect, ccr };
  Kind kind = Kind::reset;
  Latency at;
  std::string host;
  std::string controller;  ///< "nvme0"; its subsystem for disconnect
  std::string source;      ///< ccr: the controller that is asked
};

/// The RDMA adapter of a host at one of its links is removed, with its driver still working: the
/// controllers behind it are deleted (protocol.md 4.8).
struct HcaRemoved {
  Latency at;
  std::string host;
  std::string link;
};

/// FC: a port of a subsystem disappears from the fabric as a host sees it (RSCN).
struct RemotePortLost {
  Latency at;
  std::optional<Duration> until_after;
  std::string host;
  std::string port;
};

/// A node of an array fails.
struct NodeFault {
  Latency at;
  std::optional<Duration> until_after;
  std::string subsystem;
  std::string node;
  enum class State : std::uint8_t { crash, hang, partition };
  State state = State::crash;
};

/// Admin commands of one controller wait behind slow admin work.
struct AdminStall {
  Latency at;
  std::optional<Duration> until_after;
  std::string subsystem;
  std::uint16_t controller = 1;  ///< CNTLID
};

using Fault = std::variant<Blackhole, LinkDown, Loss, CommandFault, OperatorAction, HcaRemoved,
                           RemotePortLost, NodeFault, AdminStall, CommandStatus, AnaChange>;

}  // namespace holdfast::scenario
