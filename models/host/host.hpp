// SPDX-License-Identifier: Apache-2.0
// The host engine, after the Linux NVMe host driver: association set-up, keep-alive, timeouts,
// error recovery, reconnect, native multipath. What it does with requests in flight when a path
// fails is data (RecoveryPolicy), not code of its own.
#pragma once

#include <optional>
#include <string_view>

#include "models/host/state.hpp"

namespace holdfast {
struct World;
}

namespace holdfast::host {

struct ConnectParameters {
  HostId host{};
  std::string subnqn;
  transport::PortId port{};
  net::RouteId forward{};
  net::RouteId back{};
  TimePoint at{};
  Duration setup_time{};        ///< of the first attempt, before its first packet
  Duration admin_queue_time{};  ///< of each, between the admin connection and its first command
  Duration io_queue_time{};     ///< the same of each I/O queue
  Duration io_timeout = std::chrono::seconds{30};     ///< of its I/O commands
  Duration admin_timeout = std::chrono::seconds{60};  ///< of its admin commands
  Duration keep_alive_tmo{};
  Duration reconnect_delay{};
  Duration ctrl_loss_tmo{};       ///< negative: never give up
  Duration dev_loss_tmo{};        ///< FC
  Duration fast_io_fail_tmo{-1};  ///< negative: off
  std::uint32_t queue_size = 128;
  std::uint32_t nr_io_queues = 0;  ///< 0: one per CPU
  std::uint32_t numa_node = 0;
  wire::Digests digests{};  ///< NVMe/TCP
  bool disable_sqflow = false;
  Duration tcp_user_timeout{};  ///< of its sockets; 0: as Suspicion says
  Duration rto_min{};           ///< of its route; 0: as TcpParameters say
  secure::Credentials credentials;
};

HostId add_host(World& w, const Host& host);
/// A multipath head that will find its paths when controllers are scanned.
HeadId add_head(World& w, HostId host, std::string_view subnqn, std::uint32_t nsid, DiskId disk);
/// `nvme connect` at the given time.
ControllerId add_controller(World& w, const ConnectParameters& parameters);

/// Gives a host another recovery policy. Where an association exists, what the policy would have
/// asked for at its set-up is asked for now. Refused, with nothing changed, while a controller of
/// the host is being recovered or deleted, because that goes on as it began: its id is returned.
std::optional<ControllerId> change_policy(World& w, HostId host, const RecoveryPolicy& policy);

/// Actions of an administrator; see operator.cpp. Each is refused (EBUSY, ENODEV) where Linux does.
enum class OperatorAction : std::uint8_t { reset, remove, ccr, passthrough };
void reset_controller(World& w, ControllerId id);
void delete_controller(World& w, ControllerId id);
/// `nvme disconnect`: deletes all controllers of a subsystem.
void disconnect(World& w, HostId host, NqnId subnqn);
/// A Cross-Controller Reset that the kernel does not know of.
void passthrough_ccr(World& w, ControllerId source, ControllerId impacted, CcrNames names);
/// Any other admin command; its cid is set when it is sent.
void passthrough(World& w, ControllerId id, const wire::Command& command);
/// What carried the controller is gone (an adapter, a remote port): it is deleted. Its requests go
/// through the fence first if `fences`.
void lose_device(World& w, ControllerId id, bool fences);
/// The adapter behind the host's end of a link is removed: every controller of the host whose way
/// begins with that link goes (nvme_rdma_remove_one).
void remove_adapter(World& w, HostId host, net::LinkId link);

/// The thread that sends the Keep Alives of a host is busy: what falls due waits for its end.
void block_keep_alives(World& w, HostId host);
void unblock_keep_alives(World& w, HostId host);

/// A host is not there: what it had, its I/O and its connections are forgotten. `resets`: its
/// kernel lives and resets the connections; else nothing is sent. Counted: when the last one ends,
/// what was connected once is connected anew. Its applications are to be stopped before.
void go_down(World& w, HostId host, bool resets);
/// In good order: its controllers are deleted.
void shut_down(World& w, HostId host);
void come_up(World& w, HostId host);

/// FC: a notice of the fabric (FPIN) says that the links to a port are bad.
void hear_of_bad_links(World& w, HostId host, net::RouteId forward);
/// FC: the fabric says to a host that a remote port is gone, or there again. Its controllers are
/// reset, and wait for it until dev_loss_tmo; without such a time they are deleted at once.
void lose_remote_port(World& w, HostId host, net::RouteId forward, net::RouteId back);
void regain_remote_port(World& w, HostId host, net::RouteId forward, net::RouteId back);

/// The name of a subsystem, as it goes into Connect.
const wire::NqnText& nqn_of(const World& w, NqnId id);

/// What the transport calls.
transport::HostHandlers handlers();

/// True once a path of the device has been identified.
bool is_ready(const World& w, HeadId head);
/// And its host is up, so that an application may open it.
bool can_be_opened(const World& w, HeadId head);

/// A buffer of an application that writes from it, one I/O after the other.
std::uint32_t add_buffer(World& w);

/// Submits an I/O to a block device; `io_done` of the world's hosts tells the outcome, maybe before
/// the call returns when the device fails it at once. Returns its serial number.
std::uint64_t submit_io(World& w, const Io& io);

/// How far the looks of a controller's keep-alive are apart.
[[nodiscard]] Duration keep_alive_period(const World& w, ControllerId id);

/// The transition table of nvme_change_ctrl_state (protocol.md 4.2).
bool is_permitted(State from, State to);
std::string_view state_name(State state);
std::string_view io_kind_name(IoKind kind);

}  // namespace holdfast::host
