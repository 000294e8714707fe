// SPDX-License-Identifier: Apache-2.0
// NVMe/FC as values: exchanges, the connections they belong to, and the frames they are made of.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "models/net/state.hpp"
#include "models/transport/payload.hpp"
#include "models/wire/wire.hpp"
#include "sim/arena.hpp"
#include "sim/calendar.hpp"
#include "sim/copy_block.hpp"
#include "sim/list.hpp"
#include "sim/time.hpp"

namespace holdfast::transport {
enum class ConnectionId : std::uint64_t;
enum class PortId : std::uint32_t;
enum class HostQueueId : std::uint64_t;
enum class TargetQueueId : std::uint64_t;
enum class Side : std::uint8_t;
}  // namespace holdfast::transport

namespace holdfast::transport::fc {

using sim::Duration;

enum class ExchangeId : std::uint64_t {};

/// Information units, and the frames that end an exchange.
enum class Iu : std::uint8_t {
  command,
  transfer_ready,
  data,
  response,
  extended_response,
  abts,
  abts_accept,
  ls_request,
  ls_accept,
  ls_reject,
};

/// What an exchange is for: a command, or a link service.
enum class Service : std::uint8_t { command, create_association, create_connection, disconnect };

/// One exchange. Arrays are by side: the host's first.
struct Exchange {
  Service service = Service::command;
  bool from_target = false;       ///< the target is its originator
  bool opened = false;            ///< the responder has received the first unit
  bool delivered = false;         ///< the target engine has the command
  bool aborting = false;          ///< the host has sent ABTS
  bool waits_for_data = false;    ///< the target has asked for data that is not complete
  std::array<bool, 2> done = {};  ///< this side has ended the exchange
  ConnectionId connection{};
  std::uint32_t frames = 0;                 ///< in flight, both ways
  std::array<std::uint32_t, 2> received{};  ///< bytes of data that arrived in order
  std::array<Payload, 2> data{};            ///< what each side sends
  wire::Command command{};
  wire::Completion completion{};
  sim::EventId timer{};  ///< of the originator: link service, or answer to ABTS
  sim::Links<ExchangeId> of_connection;
};

/// A connection: what a queue pair is bound to. The admin connection stands for its association.
struct Connection {
  ConnectionId association{};  ///< the admin connection, itself for an admin connection
  PortId port{};
  std::array<net::RouteId, 2> route{};              ///< from each side to the other
  HostQueueId host_queue = sim::none<HostQueueId>;  ///< none: closed
  TargetQueueId target_queue = sim::none<TargetQueueId>;
  bool ready = false;                                    ///< the host knows that it exists
  std::uint32_t exchanges = 0;                           ///< that still live
  sim::List<ExchangeId> all;                             ///< the same, in the order of opening
  std::array<sim::Vector<ExchangeId>, 2> exchange_of{};  ///< by tag, what each side has open
  sim::Links<ConnectionId> of_association;
  sim::Links<ConnectionId> on_route;
  // Of an admin connection only.
  sim::List<ConnectionId> queues;                 ///< of the association, itself first
  std::uint32_t members = 0;                      ///< I/O connections of the association
  std::uint32_t target_queues = 0;                ///< of the association, the admin queue counted
  bool terminating = false;                       ///< the target ends the association
  ExchangeId unanswered = sim::none<ExchangeId>;  ///< the target's Disconnect, at the host
  ExchangeId unanswered_by_target = sim::none<ExchangeId>;  ///< the host's, at the target
};

struct Parameters {
  Duration ls_timeout = std::chrono::seconds{20};     ///< 2 x R_A_TOV
  Duration abort_timeout = std::chrono::seconds{20};  ///< until an unanswered ABTS is given up
};

struct State {
  Parameters parameters;
  sim::Arena<ConnectionId, Connection> connections;
  sim::Arena<ExchangeId, Exchange> exchanges;
  /// By the host's route to the port: connections in the order of opening.
  sim::Vector<sim::List<ConnectionId>> on_route;
  sim::Vector<std::uint32_t> cut_routes;  ///< by route: faults that keep its two ports apart
};

}  // namespace holdfast::transport::fc
