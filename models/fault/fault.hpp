// SPDX-License-Identifier: Apache-2.0
// What goes wrong, and when. Faults compose in a list, as workloads do; each is a plain record that
// switches something in another room on and, maybe, off again.
#pragma once

#include <array>
#include <cstdint>

#include "models/host/host.hpp"
#include "models/net/state.hpp"
#include "models/target/state.hpp"
#include "sim/copy_block.hpp"
#include "sim/time.hpp"

namespace holdfast::fault {

using sim::Duration;
using sim::TimePoint;

enum class Type : std::uint8_t {
  blackhole,
  link_down,
  loss,
  impair,
  command,
  command_status,
  ana_change,
  // What an administrator does.
  reset_controller,
  delete_controller,
  disconnect,
  passthrough_ccr,
  passthrough,
  hca_removed,
  remote_port_lost,
  // What happens to an array.
  node,
  admin_stall,
  port_removed,
  // What strikes single connections or capsules, or comes from others.
  kill_sockets,
  drop_capsule,
  cross_traffic,
};

/// Faults of a link harm the controllers whose way leads over it.
constexpr bool strikes_link(Type type) {
  return type == Type::blackhole || type == Type::link_down || type == Type::loss ||
         type == Type::impair;
}

struct Fault {
  Type type = Type::blackhole;
  TimePoint at{};
  TimePoint until = sim::never;  ///< never: for ever
  Duration every{};              ///< from one begin to the next; 0: it strikes once
  std::uint32_t times = 0;       ///< how often it strikes if it repeats; 0: without end
  std::uint32_t struck = 0;      ///< how often it has
  net::LinkId link{};
  bool forward = true;  ///< direction of the link, for blackhole and loss
  bool backward = true;
  double probability = 0.0;               ///< loss
  std::uint64_t saved_threshold[2] = {};  ///< loss that was there before
  target::SubsystemId subsystem{};
  target::CommandFault command;
  target::StatusFault status;
  target::AnaGroupState ana;
  host::ControllerId controller{};  ///< of the administrator's action; for disconnect any of them
  host::ControllerId source{};      ///< passthrough_ccr: who is asked
  host::CcrNames ccr_names{};       ///< passthrough_ccr: which instance it names
  wire::Command passthrough{};
  host::HostId host{};                   ///< hca_removed: whose end of the link
  std::array<net::RouteId, 2> routes{};  ///< remote_port_lost: to the port, and back
  target::NodeId node{};
  target::NodeState node_state = target::NodeState::crashed;
  sim::Vector<net::LinkId> node_links;  ///< at the ports of the node: a crash cuts them
  std::uint16_t cntlid = 0;             ///< admin_stall
  /// Of blackhole, loss, impair: strikes this host controller only (with `controller`).
  bool one_controller = false;
  /// Netems of impair, sieves of a blackhole or loss for some flows; per direction, ~0: none.
  std::array<std::uint32_t, 2> parts = {~0u, ~0u};
  std::uint32_t part = 0;  ///< source of cross_traffic, place in Transport::capsule_drops
  std::uint32_t port = 0;  ///< port_removed: of the transport
  transport::Side side{};  ///< kill_sockets
};

struct Faults {
  sim::Vector<Fault> faults;
};

void add_fault(World& w, const Fault& fault);

}  // namespace holdfast::fault
