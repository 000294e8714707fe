// SPDX-License-Identifier: Apache-2.0
// The host as values: controllers, queues with their requests, multipath heads, I/O.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "models/disk.hpp"
#include "models/host/counters.hpp"
#include "models/host/driver.hpp"
#include "models/host/latency/state.hpp"
#include "models/host/options.hpp"
#include "models/host/secure/state.hpp"
#include "models/host/suspicion/state.hpp"
#include "models/host/tags.hpp"
#include "models/transport/state.hpp"
#include "models/wire/wire.hpp"
#include "sim/arena.hpp"
#include "sim/attached.hpp"
#include "sim/calendar.hpp"
#include "sim/copy_block.hpp"
#include "sim/ring.hpp"
#include "sim/shared_vector.hpp"
#include "sim/time.hpp"
#include "sim/timer_wheel.hpp"

namespace holdfast::workload {
enum class JobId : std::uint32_t;
}

namespace holdfast::host {

using sim::Duration;
using sim::TimePoint;
using transport::Version;

enum class HostId : std::uint32_t {};
enum class ControllerId : std::uint32_t {};
enum class QueueId : std::uint32_t {};
enum class HeadId : std::uint32_t {};
enum class IoId : std::uint64_t {};
/// Names a subsystem as hosts know it, in Hosts::nqns; equal names are one.
enum class NqnId : std::uint32_t {};
/// The workload's name for one of the I/Os of a job; comes back when it is done.
enum class Cookie : std::uint32_t {};

/// States of `enum nvme_ctrl_state`, with FENCING and FENCED of the path-failure series (v2 on).
enum class State : std::uint8_t {
  fresh,  ///< NVME_CTRL_NEW
  live,
  fencing,
  fenced,
  recovering,  ///< RFC TP8028: FENCING and FENCED in one
  resetting,
  connecting,
  deleting,
  deleting_noio,
  dead,
};

/// In the words of the block layer and of ioctls; see io_command.cpp for the commands.
enum class IoKind : std::uint8_t {
  read,
  write,
  flush,
  write_zeroes,
  deallocate,
  compare,
  compare_and_write,
  copy,
  zone_append,
  zone_reset,
  reservation_register,
  reservation_acquire,
  reservation_preempt,
  reservation_release,
};

/// An I/O that overwrites blocks.
constexpr bool writes_blocks(IoKind kind) {
  return kind == IoKind::write || kind == IoKind::write_zeroes || kind == IoKind::deallocate ||
         kind == IoKind::compare_and_write || kind == IoKind::copy || kind == IoKind::zone_append ||
         kind == IoKind::zone_reset;
}
/// An I/O that does something else, or fails, when it is carried out a second time (protocol.md
/// 9.3). A Copy is none of them as long as its source stays as it is until it is done.
constexpr bool is_idempotent(IoKind kind) {
  return kind != IoKind::compare_and_write && kind != IoKind::zone_append &&
         kind < IoKind::reservation_register;
}
/// An I/O that leaves a mark; the others can be repeated at any time.
constexpr bool changes_something(IoKind kind) {
  return kind != IoKind::read && kind != IoKind::flush && kind != IoKind::compare;
}

class RecoveryHooks;

struct Host {
  std::string name;
  wire::NqnText hostnqn{};
  std::array<std::byte, 16> hostid{};
  std::uint32_t cpus = 1;
  IoPolicy iopolicy = IoPolicy::numa;
  PathLatency path_latency;  ///< of IoPolicy::latency
  RecoveryPolicy policy;
  Suspicion suspicion;
  std::uint32_t max_retries = 5;
  Duration close_delay{};       ///< shutdown of a socket -> its close
  bool close_deferred = false;  ///< its ticks decide that instead (sim::file_closed_at)
  sim::TimerWheel wheel;        ///< ticks of this machine
  sim::MachineId machine = sim::no_machine;
  bool keep_alive_waits = false;      ///< the keep-alive work waits for its command (L6.1)
  bool dnr_ends_reconnects = true;    ///< tcp, rdma: a status with DNR removes the controller
  bool rdma_parallel_queues = false;  ///< I/O queues are set up all at once (7.3)
  transport::SynLimits syn;           ///< of its connects
  Duration delayed_removal{};         ///< how long a device outlives its last path (6.16)
  Duration io_cpu_time{};             ///< of each I/O, one after the other
  bool zero_copy = true;  ///< sockets refer to the application's buffers (MSG_SPLICE_PAGES)
  std::vector<ControllerId> controllers;  ///< its own, in the order of their `nvme connect`
  std::vector<HeadId> heads;  ///< its block devices, by NSID as nvme_ns_add_to_ctrl_list has them
};

/// Where an association is in its set-up (protocol.md 5.3).
enum class Setup : std::uint8_t {
  idle,
  admin_transport,
  admin_connect,
  read_cap,
  disable,
  read_cap_again,
  enable,
  wait_ready,
  read_version,
  identify,
  read_katt,  ///< Get Features 0Fh, which Linux does not send; see RecoveryPolicy::holds_katt
  effects_log,
  ana_log,
  smart_log,
  number_of_queues,
  io_transport,
  io_connect,
  done,
};

/// What follows once nothing of a controller is in flight any more.
enum class Then : std::uint8_t { reconnect, reset, remove };

/// The timer of one request queue of the block layer.
struct RequestTimer {
  sim::EventId event{};
  TimePoint at = sim::never;  ///< when it fires; never: off
  sim::EventId grace{};       ///< it has fired and waits for a grace period before it acts
  sim::BlockTimer block;      ///< what it was set for, with a timer wheel
};

/// What the ANA log last said: of a group (nsid 0), or of a namespace in it.
struct AnaEntry {
  std::uint32_t nsid = 0;
  std::uint32_t group = 0;
  wire::AnaState state = wire::AnaState::optimized;
};

struct Controller {
  HostId host{};
  State state = State::fresh;
  // what each I/O and Keep Alive looks at: models/ahead.cpp fetches what lies before the name
  std::uint32_t io_queues = 0;       ///< of the present association
  std::uint32_t first_io_queue = 0;  ///< QueueIds are consecutive
  QueueId admin{};
  HeadId frozen = sim::none<HeadId>;  ///< whose request queue on this path is frozen
  std::uint32_t active = 0;      ///< nr_active: I/O in flight, all namespaces; only for queue-depth
  bool completion_seen = false;  ///< comp_seen
  bool busy_in_resetting = false;  ///< a reset, or the hold of the RFC of TP4129: a delete waits
  bool tearing_down = false;       ///< its I/O queues are gone, its admin queue goes next
  bool draining = false;           ///< it `drains`, and waits for what is in flight
  bool marginal = false;           ///< NVME_CTRL_MARGINAL: the fabric has said that its link is bad
  bool traffic_based = false;
  bool keep_alive_supported = false;
  TimePoint last_submission{};  ///< of a command that counts for the hold; see HoldFrom
  TimePoint last_check{};       ///< ka_last_check_time
  Duration kato{};
  Duration io_timeout{};             ///< of its I/O commands (sysfs `io_timeout` of 7.2)
  sim::Vector<RequestTimer> timers;  ///< see timeouts.cpp
  sim::EventId keep_alive_timer{};
  std::string name;          ///< "nvme0"
  TimePoint created{};       ///< `nvme connect` is issued
  std::uint32_t boots = 0;   ///< how often its host has begun anew; see host/power
  std::uint32_t listed = 0;  ///< place in subsys->ctrls, from 1; 0: has not been identified yet
  NqnId subnqn{};
  transport::PortId port{};  ///< transport port
  net::RouteId forward{};
  net::RouteId back{};
  std::uint32_t numa_node = 0;
  // nvme connect options
  Duration katt{};        ///< what the controller says its timer is; 0: not asked
  Duration setup_time{};  ///< processor time that the next attempt takes before its first packet
  Duration admin_queue_time{};  ///< and that each takes once its admin queue is connected
  Duration io_queue_time{};     ///< and each of its I/O queues
  Duration reconnect_delay{};
  std::int64_t max_reconnects = -1;  ///< -1: without limit
  Duration fast_io_fail{-1};         ///< negative: off
  Duration admin_timeout{};          ///< of its admin commands besides Keep Alive
  std::uint32_t queue_size = 128;
  bool disable_sqflow = false;
  std::uint32_t io_queues_wanted = 1;
  // what the controller said
  std::uint16_t cntlid = 0;
  std::uint16_t cqt_ms = 0;
  std::uint8_t ciu = 0;
  std::uint64_t cirn = 0;
  std::uint16_t identified_cntlid = 0;    ///< whose Identify data this is
  wire::CrossControllerReset previous{};  ///< what named it in the association before
  std::uint32_t oaes = 0;                 ///< the notices that it can send
  std::uint32_t ccr_limit = 0;            ///< CCRL: operations that it takes at a time as a source
  std::uint32_t ccr_pending = 0;          ///< operations that others wait for
  std::uint32_t in_capsule_bytes = 0;
  wire::IoEffects effects;              ///< what its log page 05h says
  std::array<std::uint16_t, 3> crdt{};  ///< command retry delays in 100 ms
  // multipath
  bool discovery = false;     ///< no I/O queues, no namespaces
  bool reports_ana = false;   ///< CMIC
  std::uint8_t anatt_s = 0;   ///< ANA transition time
  bool ana_wanted = false;    ///< the ANA log is to be read
  bool ana_reading = false;   ///< and is being read
  sim::Vector<AnaEntry> ana;  ///< as last read
  sim::EventId anatt_timer{};
  // set-up and reconnect
  Setup setup = Setup::idle;
  std::uint32_t setup_queue = 0;
  std::uint32_t attempts = 0;   ///< nr_reconnects
  bool connected_once = false;  ///< NVME_CTRL_STARTED_ONCE: it has been LIVE
  bool started_once = false;    ///< its namespaces have been scanned
  bool io_built = false;        ///< the I/O queues of the association exist
  ControllerCounters counters;
  bool failfast_expired = false;
  sim::EventId reconnect_timer{};
  sim::EventId failfast_timer{};
  sim::EventId ready_poll{};
  TimePoint ready_deadline{};
  // keep-alive
  bool awaited = false;            ///< recovery waits for the command; see Host::keep_alive_waits
  bool keep_alive_parked = false;  ///< fell due in a reset: it goes out in the next set-up
  // recovery
  Then then = Then::reconnect;
  bool drains = false;  ///< a delete that nothing fenced: see delete_drains
  void (*after_teardown)(World&, ControllerId) = nullptr;  ///< what the teardown is for
  int setup_error = 0;                                     ///< of the attempt that is torn down
  bool setup_dnr = false;
  sim::EventId hold_timer{};
  TimePoint deadline = sim::never;  ///< of CCR attempts and hold
  TimePoint hold_end{};             ///< of the time-based hold, if CCR does not succeed
  std::uint32_t ccr_attempts = 0;   ///< in this recovery
  std::uint32_t min_cntlid = 0;     ///< source controllers below it are not tried (any more)
  ControllerId ccr_source{~0u};     ///< whose log page will tell; none: no operation is waited for
  bool ccr_accepted = false;        ///< its command has been accepted
  std::uint32_t ccr_serial = 0;     ///< which of all its attempts this is: a late answer is not it
  sim::EventId ccr_timer{};
  Driver driver;  ///< of the world's transport
  secure::Credentials credentials;
  // scan.cpp: of the first connect, and of those after it
  sim::Vector<std::uint32_t> scan;  ///< NSIDs still to be identified
  bool scanning = false;            ///< it is looking at its namespaces again
  bool scan_again = false;          ///< and has to do so once more
  std::uint32_t scan_at = 0;        ///< which block device of its host is next
  bool grace_over = false;          ///< the grace period of that freeze
  sim::Ring<IoId> held_back;        ///< I/O that waits for its end
};

/// What a request on a queue is for; decides who hears of its completion.
enum class Purpose : std::uint8_t {
  none,
  io,
  setup,
  keep_alive,
  async_event,
  after_live,
  scan,
  ccr,  ///< argument: the impacted controller
  ccr_log,
  ana_log,
  disable,      ///< CC.EN = 0 or CC.SHN, and the reads of CSTS behind it
  passthrough,  ///< an administrator's command
  events,       ///< other events asked for than at set-up; nothing follows
  lost_host_log,
};

struct Request {
  bool held = false;  ///< FC: its exchange has ended, it is completed when the fence is over
  wire::Status held_status{};
  Purpose purpose = Purpose::none;
  std::uint32_t argument = 0;
  std::uint32_t serial = 0;  ///< ccr: which attempt of the impacted controller
  IoId io = sim::none<IoId>;
  wire::Command command{};
  transport::Payload data{};
  Version read_version = 0;     ///< what a read brought back
  transport::Payload answer{};  ///< control data that came with the answer; valid in the callback
  TimePoint submitted{};
  TimePoint deadline{};
  Duration timeout{};
};

/// A queue pair and its tags.
struct Queue {
  ControllerId controller{};
  std::uint16_t qid = 0;
  bool allocated = false;            ///< a transport queue exists
  bool live = false;                 ///< NVME_TCP_Q_LIVE
  bool ended_by_controller = false;  ///< its connection, in this association
  transport::HostQueueId transport{};
  Tags tags;
  sim::Ring<IoId> waiting;  ///< I/O that found no free tag
};

/// One path of a multipath head: a namespace on a controller.
struct Path {
  ControllerId controller{};
  bool ready = false;  ///< identified; may be used when its controller is LIVE
  wire::AnaState ana = wire::AnaState::optimized;
  bool ana_pending = false;  ///< NVME_NS_ANA_PENDING: not usable until the log has been read again
  std::uint32_t ana_group = 0;
  PathCounters counters;
};

/// A multipath block device (struct nvme_ns_head).
struct Head {
  HostId host{};
  std::uint32_t number = 0;  ///< among those of its host, as they were added
  NqnId subnqn{};
  std::uint32_t nsid = 0;
  DiskId disk{};                  ///< the world's name for what is stored behind it
  std::uint32_t block_bytes = 0;  ///< 0: not found yet
  std::uint64_t blocks = 0;
  sim::Vector<Path> paths;
  latency::Weights weights;     ///< of IoPolicy::latency; empty with any other
  std::uint32_t current = ~0u;  ///< current_path of the node; ~0: none
  std::uint32_t frozen = 0;     ///< how often (mq_freeze_depth)
  sim::Ring<IoId> held_back;    ///< I/O that waits for that to end
  sim::Ring<IoId> requeue;
  bool requeue_scheduled = false;
  bool removed = false;  ///< its last path is gone, and delayed_removal is over
  sim::EventId removal{};
  HeadCounters counters;
};

/// One I/O of an application (a bio).
struct Io {
  std::uint64_t serial = 0;
  IoKind kind = IoKind::read;
  HeadId head{};
  std::uint32_t cpu = 0;
  std::uint64_t lba = 0;
  std::uint32_t blocks = 1;
  workload::JobId job{};
  Cookie cookie{};
  std::uint32_t attempts = 0;  ///< how often it was sent
  std::uint32_t open = 0;      ///< attempts that it waits for at a time; 0: for the one that it has
  bool answered = false;       ///< one of them brought `answer`, which is not reported yet
  wire::Status answer{};
  std::uint32_t retries = 0;                       ///< on the same path (nvme_max_retries)
  ControllerId counted = sim::none<ControllerId>;  ///< whose active count it is in
  Version version = 0;  ///< what a read found; a Zone Append: the first block it wrote
  /// Copy: first block of the source. Compare: serial of the write it expects, 0: zeroes.
  /// Reservations: the key of this host.
  std::uint64_t argument = 0;
  std::uint64_t other_key = 0;  ///< Preempt: the key to throw out
  std::uint32_t ranges = 1;     ///< Deallocate: descriptors that the blocks are spread over
  std::uint32_t buffer = transport::no_buffer;  ///< the application's, see add_buffer
  std::uint8_t halves_done = 0;                 ///< of Compare and Write
  wire::Status half_status{};                   ///< of the half that was done first
};

using IoDone = void (*)(World&, workload::JobId, Cookie, wire::Status, Version);

struct Hosts {
  sim::SharedVector<Host> hosts;
  sim::Vector<TimePoint> processor_free;  ///< by host: when all I/O that is done has been told
  sim::SharedVector<wire::NqnText> nqns;  ///< each once
  /// By host, as far as one is attached: who decides instead of its policy (hooks.hpp).
  sim::Vector<sim::Attached<RecoveryHooks>> hooks;
  sim::Vector<Controller> controllers;
  sim::Vector<suspicion::Watch> watches;   ///< by controller, while a host suspects
  sim::Vector<HostId> blocked;             ///< whose Keep Alives wait, one a fault
  sim::Vector<HostId> down;                ///< that are not there, one a fault
  sim::Vector<ControllerId> looks_missed;  ///< meanwhile, in the order in which they were due
  sim::Vector<Queue> queues;
  sim::Vector<Head> heads;
  sim::Arena<RequestId, Request> requests;  ///< in flight
  sim::Arena<IoId, Io> ios;
  std::uint64_t next_serial = 1;
  std::uint32_t last_listed = 0;  ///< Controller::listed that was given last
  PathCounters of_removed_paths;  ///< what still came back over paths that are gone
  sim::Vector<Version> buffers;   ///< of applications: serial << 8 of the last write issued from it
  IoDone io_done = nullptr;
};

}  // namespace holdfast::host
