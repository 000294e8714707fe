// SPDX-License-Identifier: Apache-2.0
// What goes wrong, and when. Faults compose in a list, as workloads do; each is a plain record that
// switches something in another room on and, maybe, off again.
//
// Each fault is in force from its begin to its end, whatever else is: faults overlap, nest and end
// in any order. So none remembers what it found and puts it back; what a room keeps of the faults
// that strike it is a count or a list, to which a begin adds and from which its end takes. What
// several of a kind do to the same thing is said at each kind below. At one instant, faults begin
// and end in the order in which that was planned: of the list, and repetitions after it.
#pragma once

#include <array>
#include <cstdint>
#include <variant>

#include "models/host/host.hpp"
#include "models/net/state.hpp"
#include "models/target/state.hpp"
#include "sim/copy_block.hpp"
#include "sim/time.hpp"

namespace holdfast::fault {

using sim::Duration;
using sim::TimePoint;

/// Strikes a link in one direction or both. It harms the controllers whose way leads over it.
struct OnLink {
  net::LinkId link{};
  bool forward = true;
  bool backward = true;
};

/// As above, and maybe only packets of one controller, or of some of its queues.
struct OnPackets : OnLink {
  host::ControllerId controller = sim::none<host::ControllerId>;  ///< none: all packets
  /// Netems of an impairment, flow filters of the others for some flows; per direction, ~0: none.
  std::array<std::uint32_t, 2> parts = {~0u, ~0u};
};

/// Counted: the last one to end lets packets through.
struct Blackhole : OnPackets {};

/// Counted: the last one to end brings the link up.
struct LinkDown : OnLink {
  Duration forwards_after{};  ///< up to then the link that is up again drops everything
};

/// Independent of each other and of the link's own loss: see net::add_loss. One for some flows
/// draws by itself, in front of the rest.
struct Loss : OnPackets {
  double probability = 0.0;
};

/// One behind the other, in the order of the list: delays add up, the lowest rate rules, and a
/// packet that one loses never comes to the next.
struct Impair : OnPackets {};

/// Nothing is switched off when it ends: it happens at an instant, or is used up.
struct Once {};

/// A command is struck by the first that began of those that fit and are not used up; the others
/// keep their counts. The same goes for statuses; a command that is answered so is not delayed.
struct CommandDelay : Once {
  target::SubsystemId subsystem{};
  target::CommandFault command;
};

struct CommandStatus : Once {
  target::SubsystemId subsystem{};
  target::StatusFault status;
};

/// A response is struck by the first that began of those that fit and are not used up.
struct ResponseAstray : Once {
  target::SubsystemId subsystem{};
  target::ResponseFault response;
};

/// Counted: the last one to end lets the port answer again.
struct PortMute {
  transport::PortId port{};
};

/// The first that began says the error; the last one to end gives the route back.
struct NoRoute {
  net::RouteId forward{};
  int error = 0;
};

/// Counted: the last one to end lets the thread go on.
struct HostBlocked {
  host::HostId host{};
};

/// Counted: the last one to end lets it go on; the first that began says what its clock does.
struct HostPause {
  host::HostId host{};
  bool clock_stops = false;
};

/// Counted for each leg, which has its carrier back when the last one ends.
struct LegDown : OnLink {
  std::uint32_t bond = 0;  ///< place in Fabric::bonds
  std::array<bool, 2> legs = {true, true};
};

/// Counted: the last one to end boots it, or starts the process.
struct HostDown {
  enum class How : std::uint8_t { crash, process, shutdown };
  host::HostId host{};
  How how = How::crash;
  sim::Vector<net::LinkId> links;  ///< at the host: a crash cuts them
};

/// The latest rules.
struct AnaChange : Once {
  target::SubsystemId subsystem{};
  target::AnaGroupState ana;
};

// What an administrator does.
struct SetAttrCqt : Once {
  target::SubsystemId subsystem{};
  Duration cqt{};
};

struct ResetController : Once {
  host::ControllerId controller{};
};

struct DeleteController : Once {
  host::ControllerId controller{};
};

struct Disconnect : Once {
  host::ControllerId controller{};  ///< any of those that are deleted
};

struct PassthroughCcr : Once {
  host::ControllerId controller{};
  host::ControllerId source{};  ///< who is asked
  host::CcrNames names{};       ///< which instance it names
};

struct Passthrough : Once {
  host::ControllerId controller{};
  wire::Command command{};
};

struct HcaRemoved : Once {
  host::HostId host{};  ///< whose end of the link
  net::LinkId link{};
};

/// Counted: the port is back when the last one ends, and dev_loss_tmo runs since the first began.
struct RemotePortLost {
  host::HostId host{};
  std::array<net::RouteId, 2> routes{};  ///< to the port, and back
};

struct LinkIntegrity : Once {
  host::HostId host{};
  net::RouteId forward{};  ///< to the port
};

// What happens to an array.

/// The worst of those in force rules: a crash, then a hang, then a partition. When it ends, the
/// node is left with the next worst.
struct NodeFailure {
  target::NodeId node{};
  target::NodeState state = target::NodeState::crashed;
  bool clock_stops = false;        ///< of a node that hangs, as the first that began says
  sim::Vector<net::LinkId> links;  ///< at the ports of the node: a crash cuts them
};

/// Counted: the last one to end lets the commands go.
struct AdminStall {
  target::SubsystemId subsystem{};
  std::uint16_t cntlid = 0;
};

/// Counted: the last one to end links the port again.
struct PortRemoved {
  target::SubsystemId subsystem{};
  transport::PortId port{};
  bool refuses = false;  ///< FC: nothing can be sent there either
};

// What strikes single connections or capsules, or comes from others.
struct KillSockets : Once {
  host::ControllerId controller{};
  transport::Side side{};
};

/// Each counts all capsules that fit it by itself, those that another one drops included.
struct DropCapsule : Once {
  host::ControllerId controller{};
  std::uint32_t drop = 0;  ///< place in Transport::capsule_drops
};

/// Each counts all PDUs that fit it by itself; one is damaged by the first that wants it.
struct DamagePdu : Once {
  host::ControllerId controller{};
  std::uint32_t damage = 0;  ///< place in Transport::pdu_damages
};

/// Each is a source of its own: their packets add up.
struct CrossTraffic {
  std::uint32_t source = 0;  ///< place in Fabric::traffic
};

using What =
    std::variant<Blackhole, LinkDown, Loss, Impair, CommandDelay, CommandStatus, AnaChange,
                 ResetController, DeleteController, Disconnect, PassthroughCcr, Passthrough,
                 HcaRemoved, RemotePortLost, NodeFailure, AdminStall, PortRemoved, KillSockets,
                 DropCapsule, CrossTraffic, DamagePdu, SetAttrCqt, ResponseAstray, PortMute,
                 NoRoute, HostBlocked, HostDown, HostPause, LegDown, LinkIntegrity>;

struct Fault {
  TimePoint at{};
  TimePoint until = sim::never;  ///< never: for ever
  Duration every{};              ///< from one begin to the next; 0: it strikes once
  std::uint32_t times = 0;       ///< how often it strikes if it repeats; 0: without end
  std::uint32_t struck = 0;      ///< how often it has
  What what;
};

/// The link that a fault strikes; none if it strikes something else.
const OnLink* struck_link(const Fault& fault);

struct Faults {
  sim::Vector<Fault> faults;
};

void add_fault(World& w, const Fault& fault);

}  // namespace holdfast::fault
