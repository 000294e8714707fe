// SPDX-License-Identifier: Apache-2.0
// What goes wrong, and when. Faults compose in a list, as workloads do; each is a plain record that
// switches something in another room on and, maybe, off again.
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

struct Blackhole : OnPackets {};

struct LinkDown : OnLink {};

struct Loss : OnPackets {
  double probability = 0.0;
  std::array<std::uint64_t, 2> saved_threshold{};  ///< loss that was there before
};

struct Impair : OnPackets {};

/// Nothing is switched off when it ends: it happens at an instant, or is used up.
struct Once {};

struct CommandDelay : Once {
  target::SubsystemId subsystem{};
  target::CommandFault command;
};

struct CommandStatus : Once {
  target::SubsystemId subsystem{};
  target::StatusFault status;
};

struct AnaChange : Once {
  target::SubsystemId subsystem{};
  target::AnaGroupState ana;
};

// What an administrator does.
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

struct RemotePortLost {
  std::array<net::RouteId, 2> routes{};  ///< to the port, and back
};

// What happens to an array.
struct NodeFailure {
  target::NodeId node{};
  target::NodeState state = target::NodeState::crashed;
  sim::Vector<net::LinkId> links;  ///< at the ports of the node: a crash cuts them
};

struct AdminStall {
  target::SubsystemId subsystem{};
  std::uint16_t cntlid = 0;
};

struct PortRemoved {
  target::SubsystemId subsystem{};
  transport::PortId port{};
};

// What strikes single connections or capsules, or comes from others.
struct KillSockets : Once {
  host::ControllerId controller{};
  transport::Side side{};
};

struct DropCapsule : Once {
  host::ControllerId controller{};
  std::uint32_t drop = 0;  ///< place in Transport::capsule_drops
};

struct CrossTraffic {
  std::uint32_t source = 0;  ///< place in Fabric::traffic
};

using What = std::variant<Blackhole, LinkDown, Loss, Impair, CommandDelay, CommandStatus, AnaChange,
                          ResetController, DeleteController, Disconnect, PassthroughCcr,
                          Passthrough, HcaRemoved, RemotePortLost, NodeFailure, AdminStall,
                          PortRemoved, KillSockets, DropCapsule, CrossTraffic>;

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
