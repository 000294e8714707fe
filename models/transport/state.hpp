// SPDX-License-Identifier: Apache-2.0
// What queue pairs ride on, as values: payloads, TCP connections, and the NVMe/TCP queues on them.
#pragma once

#include <cstdint>

#include "models/net/state.hpp"
#include "models/transport/fc/state.hpp"
#include "models/transport/options.hpp"
#include "models/transport/payload.hpp"
#include "models/transport/rdma/state.hpp"
#include "models/transport/tcp/state.hpp"
#include "models/wire/wire.hpp"
#include "sim/arena.hpp"
#include "sim/copy_block.hpp"
#include "sim/ring.hpp"
#include "sim/time.hpp"
#include "sim/timer_wheel.hpp"

namespace holdfast::transport {

using sim::Duration;
using sim::TimePoint;

enum class ConnectionId : std::uint64_t {};
/// Where targets listen.
enum class PortId : std::uint32_t {};

/// What the layer above a connection is told. `owner` values are its own.
struct TcpHandlers {
  void (*established)(World&, ConnectionId, Side) = nullptr;
  void (*message)(World&, ConnectionId, Side, const Message&) = nullptr;
  /// The other end closed (error 0), reset it (ECONNRESET), refused it or never answered.
  void (*lost)(World&, ConnectionId, Side, int error) = nullptr;
};

/// TCP: a way to where an address of a target may move to.
struct OtherWay {
  net::RouteId forward{};  ///< by which a host knows the address
  PortId machine{};        ///< that of this port
  net::RouteId there{};
  net::RouteId home{};
};

struct Port {
  bool listening = true;
  PortId machine{};            ///< where its address is: at the machine that this port came with
  std::uint32_t refusals = 0;  ///< FC: faults for which adapters refuse to send anything to it
  std::uint32_t mutes = 0;     ///< TCP: faults for which no ICReq is answered
  sim::TimerWheel wheel;       ///< ticks of the machine that it belongs to
};

enum class HostQueueId : std::uint64_t {};
enum class TargetQueueId : std::uint64_t {};

/// The host engine's names for its queues, and the target engine's.
enum class HostOwner : std::uint32_t {};
enum class TargetOwner : std::uint64_t {};

/// The host's end of a queue pair.
struct HostQueue {
  ConnectionId connection{};
  HostOwner owner{};
  bool stopped = false;                ///< nothing goes up any more
  wire::Digests digests{};             ///< NVMe/TCP: wanted, and then agreed
  sim::Vector<std::uint16_t> damaged;  ///< NVMe/TCP: commands whose data came damaged
  sim::EventId setup_timer{};          ///< waits for ICResp, or for the end of the TLS handshake
  TlsSetup tls{};                      ///< NVMe/TCP
  Handshake handshake = Handshake::none;
};

/// The target's end of a queue pair.
struct TargetQueue {
  ConnectionId connection{};
  TargetOwner owner{};
  bool stopped = false;
  wire::Digests digests{};    ///< NVMe/TCP: agreed
  bool success_flag = false;  ///< NVMe/TCP: reads that succeed end with their data
};

/// What a host engine is told about its queues. `owner` is what it gave to open_queue.
struct HostHandlers {
  /// The queue can take commands (error 0), or could not be set up (an errno).
  void (*ready)(World&, HostOwner owner, int error) = nullptr;
  void (*completed)(World&, HostOwner owner, const wire::Completion&) = nullptr;
  /// Data of a command that reads; the completion follows.
  void (*data)(World&, HostOwner owner, std::uint16_t cid, const Payload&) = nullptr;
  /// The data of a command that writes, when the target asks for it; null: no such command.
  const Payload* (*payload)(World&, HostOwner owner, std::uint16_t cid) = nullptr;
  /// TCP: a command could not be sent, its connection is gone.
  void (*unsent)(World&, HostOwner owner, std::uint16_t cid) = nullptr;
  /// The transport broke (an errno), or the other side violated the protocol (EPROTO).
  void (*failed)(World&, HostOwner owner, int error) = nullptr;
  /// FC: the exchange of a command has ended without an answer, aborted or by an adapter error.
  void (*ended)(World&, HostOwner owner, std::uint16_t cid, wire::Status) = nullptr;
  /// Whose data an application's buffer holds (zero copy).
  Version (*buffer)(const World&, std::uint32_t buffer) = nullptr;
  /// Ticks of the machine that a queue belongs to; null: exact timers.
  sim::TimerWheel (*wheel)(const World&, HostOwner owner) = nullptr;
  /// TCP: how the machine that a queue belongs to connects; null: by the parameters of the world.
  SynLimits (*syn)(const World&, HostOwner owner) = nullptr;
  /// TCP: TCP_USER_TIMEOUT of its sockets, 0: off; and a retransmission timeout, the n-th in a row.
  Duration (*user_timeout)(const World&, HostOwner owner) = nullptr;
  void (*timed_out)(World&, HostOwner owner, std::uint32_t in_a_row) = nullptr;
};

/// What a target engine is told about its queues.
struct TargetHandlers {
  /// A host has connected to a port; the answer is the engine's name for the queue.
  TargetOwner (*accepted)(World&, TargetQueueId, PortId port) = nullptr;
  /// A command and whatever data came in its capsule.
  void (*command)(World&, TargetOwner owner, const wire::Command&, const Payload&) = nullptr;
  /// Data that request_data asked for; `bytes` of it.
  void (*data)(World&, TargetOwner owner, std::uint16_t tag, const Payload&) = nullptr;
  /// The transport is gone; commands that were not handed up never will be.
  void (*lost)(World&, TargetOwner owner, int error) = nullptr;
  /// The transport found an error after which the controller does not go on, whichever of its
  /// queues met it (nvmet_ctrl_fatal_error).
  void (*failed)(World&, TargetOwner owner, int error) = nullptr;
  /// TCP: a host begins a TLS handshake; answer_hello answers, whenever it is computed.
  void (*hello)(World&, TargetOwner owner) = nullptr;
};

/// TCP: a host has no route, and connects along it fail at once.
struct NoRoute {
  net::RouteId forward{};
  int error = 0;

  bool operator==(const NoRoute&) const = default;
};

/// NVMe/TCP: command capsules that a fault drops on their way, while it is armed.
struct CapsuleDrop {
  net::Flows queues;  ///< of the host engine
  std::uint8_t opcode = 1;
  std::uint32_t skip = 0;           ///< that many pass before
  std::uint32_t left = 0;           ///< that many are chosen then
  std::uint32_t transmissions = 1;  ///< how often a packet is dropped; 0: always
  CapsulePackets packets = CapsulePackets::all;
  bool armed = false;
};

/// NVMe/TCP: PDUs of one side that a fault damages on their way behind TCP's back, while it is
/// armed.
struct PduDamage {
  net::Flows queues;  ///< of the host engine
  Side sender = Side::host;
  Damage damage = Damage::data;
  std::uint32_t skip = 0;  ///< that many pass before
  std::uint32_t left = 0;  ///< that many are damaged then
  bool armed = false;
};

/// A part of a chosen capsule, and how often it was dropped.
struct DroppedPart {
  ByteRange bytes;
  std::uint32_t times = 0;
};

/// A capsule that was chosen: bytes of the host's stream.
struct ChosenCapsule {
  ConnectionId connection{};
  ByteRange bytes;
  std::uint32_t transmissions = 1;
  CapsulePackets packets = CapsulePackets::all;
  sim::Vector<DroppedPart> parts;
};

struct Transport {
  TransportKind kind = TransportKind::tcp;
  TcpParameters tcp;
  TcpHandlers handlers;
  HostHandlers host;
  TargetHandlers target;
  BlobPool blobs;
  sim::Vector<Port> ports;
  sim::Arena<ConnectionId, Connection> connections;
  sim::Arena<HostQueueId, HostQueue> host_queues;
  sim::Arena<TargetQueueId, TargetQueue> target_queues;
  sim::Vector<CapsuleDrop> capsule_drops;
  sim::Vector<ChosenCapsule> chosen_capsules;
  sim::Vector<PduDamage> pdu_damages;
  sim::Vector<NoRoute> no_routes;    ///< in force just now, one a fault
  sim::Vector<OtherWay> other_ways;  ///< while addresses may move, by `forward`; else empty
  rdma::Rdma rdma;
  fc::State fc;
};

}  // namespace holdfast::transport
