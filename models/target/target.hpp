// SPDX-License-Identifier: Apache-2.0
// The target engine, after Linux nvmet: controllers, keep-alive watchdog, command execution, and a
// teardown that drains what is executing instead of aborting it (protocol.md 1.8).
#pragma once

#include <string_view>

#include "models/target/state.hpp"

namespace holdfast {
struct World;
}

namespace holdfast::target {

/// What the nodes of an array do when one of them fails.
void set_takeover(World& w, SubsystemId subsystem, const Takeover& takeover);

struct NamespaceParameters {
  std::uint32_t nsid = 1;
  std::uint32_t ana_group = 1;
  DiskId disk{};
  std::uint32_t block_bytes = 4096;
  std::uint64_t size_bytes = 0;  ///< a multiple of block_bytes
  Span read;
  Span write;
  std::uint32_t parallel = 0;    ///< commands that the medium executes at a time; 0: all
  std::uint64_t zone_bytes = 0;  ///< 0: not zoned; else a divisor of size_bytes
};

/// `part` names its choice points if the NQN is not its own; empty: the NQN does.
SubsystemId add_subsystem(World& w, std::string_view nqn, const Profile& profile,
                          const std::vector<transport::PortId>& ports, std::string_view part = {});
/// Each node keeps reservations for itself. Its nodes and namespaces are there.
void split_reservations(World& w, SubsystemId subsystem);
/// Discovery controllers at these ports of a subsystem, with the knobs of its profile.
void add_discovery(World& w, SubsystemId beside, const std::vector<transport::PortId>& ports);
NamespaceId add_namespace(World& w, SubsystemId subsystem, const NamespaceParameters& parameters);

/// Draws anew how long each command that executes still will, given how long it has: the future of
/// a copy of the world that has thrown other dice (sim::Choices::go_on_with). Where a namespace
/// executes only so many at a time, others have begun by what was drawn first, so that stays.
void draw_again(World& w);

/// What the transport calls.
transport::TargetHandlers handlers();

/// From now on the next `count` (0: all) commands with that opcode are struck. fatal: fopcode of
/// protocol.md 9.5; otherwise the plain delay.
void add_command_fault(World& w, SubsystemId subsystem, const CommandFault& fault);

/// From now on the next `remaining` such commands are answered with a status.
void add_status_fault(World& w, SubsystemId subsystem, const StatusFault& fault);
void add_response_fault(World& w, SubsystemId subsystem, const ResponseFault& fault);

/// The state in which a port begins, before any host is there to be told.
void init_ana_state(World& w, SubsystemId subsystem, const AnaGroupState& what);
/// nvmet_ana_group_ana_state_store: the log's change count moves and the port's hosts are told.
void set_ana_state(World& w, SubsystemId subsystem, const AnaGroupState& what);
/// `attr_cqt` of nvmet is written, up to 65,535 ms: another value ends all controllers of the
/// subsystem, so that hosts connect again and read it (protocol.md 2.1).
void set_attr_cqt(World& w, SubsystemId subsystem, sim::Duration cqt);

/// nvmet_ctrl_fatal_error: CSTS.CFS, and every connection of the controller is dropped.
void fatal_error(World& w, ControllerId id, int cause);
inline constexpr int cause_keep_alive = 1;
inline constexpr int cause_fault = 2;
inline constexpr int cause_reset = 3;   ///< Cross-Controller Reset
inline constexpr int cause_fenced = 4;  ///< its node lost its access to the media

/// A node of an array that owns these of the subsystem's ports.
NodeId add_node(World& w, SubsystemId subsystem, std::string_view name,
                const std::vector<transport::PortId>& ports);
/// A node fails. Failures last until each has been restored; the worst of them is its state: a
/// crash is worse than a hang, and that than a partition.
/// `clock_stops`: with a hang its clock stands still too, as a paused virtual machine's may.
void fail_node(World& w, NodeId node, NodeState state, bool clock_stops = false);
/// One failure of that kind ends; there must be one.
void restore_node(World& w, NodeId node, NodeState state);

/// nvmet: the subsystem's link in the port's folder of configfs is removed, or made again. Its
/// controllers at that port lose their connections; the last link takes the listener along.
void unlink_port(World& w, SubsystemId subsystem, transport::PortId port);
void link_port(World& w, SubsystemId subsystem, transport::PortId port);

/// Admin commands of the controller with this CNTLID wait until each stall has ended.
void start_admin_stall(World& w, SubsystemId subsystem, std::uint16_t cntlid);
void end_admin_stall(World& w, SubsystemId subsystem, std::uint16_t cntlid);

/// The controller with this CNTLID, alive or draining; none<ControllerId> if there is none.
ControllerId find_controller(const World& w, SubsystemId subsystem, std::uint16_t cntlid);

}  // namespace holdfast::target
