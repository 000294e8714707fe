// SPDX-License-Identifier: Apache-2.0
// What a scenario says, as plain values with their defaults. The loader fills these from JSON, the
// builder turns them into a world. Names are the words people already type: `nvme connect` options
// for connections, fio's words for workloads, configfs names for targets.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "models/host/options.hpp"
#include "models/host/suspicion/options.hpp"
#include "models/scenario/declaration/spec_faults.hpp"
#include "models/scenario/declaration/spec_search.hpp"
#include "models/scenario/declaration/spec_workloads.hpp"
#include "models/scenario/reading/bounds.hpp"
#include "models/target/options.hpp"
#include "models/transport/options.hpp"
#include "models/workload/options.hpp"
#include "sim/time.hpp"

namespace holdfast::scenario {

using sim::Duration;
using namespace std::chrono_literals;

/// Two legs behind one link, of which one carries (bonding mode active-backup).
struct Bond {
  Duration miimon = 100ms;
  Latency phase;                ///< when it looks first, below miimon
  Duration updelay = 0s;        ///< how long a leg is there again before it is used
  Duration move_time = 0s;      ///< until the switches know where the host is now
  bool primary_returns = true;  ///< primary_reselect: always, or failure
};

/// A full-duplex link between two nodes; ends[0] -> ends[1] is "forward".
struct Link {
  std::string name;
  std::array<std::string, 2> ends;
  std::uint64_t rate_bps = 25'000'000'000;
  Duration delay = 2us;
  std::uint32_t mtu_bytes = 1500;
  std::uint64_t queue_bytes = 1u << 20;     ///< drop-tail, per direction
  std::array<double, 2> loss = {0.0, 0.0};  ///< Bernoulli, per direction (forward, backward)
  std::optional<Bond> bond;
};

using host::IoPolicy;
using host::PathLatency;
using host::Suspicion;
using transport::CongestionControl;
using Transport = transport::TransportKind;

/// Links that fail together: wherever a fault names a link, it may name them.
struct LinkGroup {
  std::string name;
  std::vector<std::string> links;
};

struct Fabric {
  Transport transport = Transport::tcp;
  std::vector<Link> links;
  std::vector<LinkGroup> groups;
  Duration rto_min = 200ms;  ///< floor of the variance term (protocol.md 8)
  std::uint32_t initial_window_segments = 10;
  std::uint64_t receive_window_bytes = 3u << 20;
  std::uint64_t send_buffer_bytes = 4u << 20;
  CongestionControl congestion_control = CongestionControl::cubic;
  bool tail_loss_probe = true;
  bool delayed_acks = true;
  std::optional<std::uint32_t> syn_attempts;         ///< absent: by the kernel of the host (7.1)
  std::optional<std::uint32_t> syn_linear_timeouts;  ///< tcp_syn_linear_timeouts
  // RDMA (protocol.md 7.2); docs/assumptions.md says where the defaults come from.
  Duration ack_timeout = 536'870'912ns;  ///< 4.096 us x 2^17
  std::uint32_t retry_count = 7;
  bool retries_for_ever = false;
  Duration cm_timeout = 4608ms;
  std::uint32_t cm_retries = 15;
  transport::Neighbours neighbours = transport::Neighbours::learned;
};

struct Media {
  Latency read{Latency::Kind::constant, 80us, 80us};
  Latency write{Latency::Kind::constant, 20us, 20us};
  std::uint32_t parallel = 0;  ///< commands at a time; 0: without limit
};

struct Zoned {
  std::uint64_t zone_bytes = 0;
};

/// In which state a group begins at a port.
struct AnaGroupState {
  std::string port;
  std::uint32_t group = 1;
  AnaState state = AnaState::optimized;
};

/// What a connection names instead of a subsystem to get a discovery controller.
inline constexpr const char* discovery_name = "discovery";

struct Namespace {
  std::uint32_t nsid = 1;
  std::uint32_t ana_group = 1;
  std::uint64_t size_bytes = 1ull << 30;
  std::uint32_t block_bytes = 4096;  ///< logical block size
  Media media;
  std::optional<Zoned> zoned;
};

/// A node of an array: controllers live where the port is that they were connected through.
struct ArrayNode {
  std::string name;
  std::vector<std::string> ports;  ///< of the subsystem; each belongs to one node
};

/// What the rest of an array does about a node that fails.
struct Takeover {
  enum class By : std::uint8_t { ana, address };
  By by = By::ana;
  Latency detect{Latency::Kind::constant, 2s, 2s};  ///< until the others have noticed
  Latency fence;                 ///< from there: until the node has lost its access to the media
  Latency change;                ///< from there: until their ports serve what it served
  std::optional<Latency> learn;  ///< by address: until the network knows
};

struct Subsystem {
  std::string name;
  std::string profile = "nvmet-mainline";
  std::vector<std::string> ports;  ///< names of fabric nodes
  std::vector<Namespace> namespaces;
  // Knobs of the profile that a scenario may override.
  Duration attr_cqt = 0ms;               ///< Identify CQT, whole milliseconds, at most 65535
  bool traffic_based_keep_alive = true;  ///< CTRATT.TBKAS
  Duration kas = 1s;                     ///< KAS: KATO is rounded up to a multiple of it
  Duration kato_min = 0s;                ///< a smaller KATO is raised to this first
  std::uint16_t attr_cntlid_min = 1;
  std::uint16_t attr_cntlid_max = 0xffef;
  std::uint16_t attr_qid_max = 128;  ///< most I/O queues of a controller
  target::InFlight in_flight = target::InFlight::drain;
  std::uint8_t ccrl = 0;                   ///< Identify CCRL; 0: no Cross-Controller Reset
  bool ccr_fails = false;                  ///< every CCR command is answered with an error
  Latency ccr_delay;                       ///< from an accepted CCR to the reset
  bool ccr_event_lost = false;             ///< the completed notice is never sent
  bool ana_event_lost = false;             ///< nor is that of an ANA change
  Duration connect_time = 0s;              ///< processor time of each Connect, one after the other
  Duration teardown_time = 0s;             ///< and of the end of each queue, in the same line
  Duration tls_time = 0s;                  ///< and of each TLS handshake
  std::optional<Duration> dhchap_time;     ///< and of each DH-HMAC-CHAP; absent: not asked for
  bool dhchap_under_tls = true;            ///< asked for on a queue with TLS, too
  bool ccr_reports_failure = false;        ///< an accepted CCR resets nothing and ends as failed
  bool ccr_compares_host = false;          ///< CCR finds controllers of the same host only
  bool notices_on = true;                  ///< notices are enabled before any Set Features
  bool fused_commands = false;             ///< Compare and Write; else 002h + DNR, as nvmet
  std::vector<std::uint8_t> effects_lbcc;  ///< opcodes with LBCC in log page 05h, besides nvmet's
  /// In-capsule data limit (IOCCSZ); absent: 16 KiB, with rdma one page of 4 KiB.
  std::optional<std::uint32_t> inline_data_bytes;
  // Keep alive beyond nvmet.
  Duration kato_max = 0s;                              ///< a longer KATO is refused; 0: none
  target::KatoZero kato_zero = target::KatoZero::off;  ///< what KATO 0 does
  bool keep_alive_starts_interval = false;  ///< of traffic-based keep alive (1.4); nvmet: no (1.8)
  bool kato_result_in_seconds = true;       ///< DW0 of Set Features, as nvmet
  target::KeepAliveFrom keep_alive_from =
      target::KeepAliveFrom::connect;  ///< since when the timer runs
  target::Watchdog watchdog = target::Watchdog::timer;
  // Arrays.
  Latency quiesce_time;        ///< in_flight quiesce: until what executes is stopped
  bool lost_host_log = false;  ///< log page 1Fh and its notice
  std::vector<ArrayNode> nodes;
  std::optional<Takeover> takeover;          ///< absent: nobody takes over
  bool reservations_per_node = false;        ///< else the subsystem has them
  std::optional<Latency> reservation_delay;  ///< until other nodes know; absent: they never do
  target::HangResumes hang_resumes = target::HangResumes::executes_first;
  target::UnreachableCcr unreachable_ccr = target::UnreachableCcr::fences;
  Latency fence_time;  ///< until a node that cannot be reached has lost its access to the media
  std::vector<AnaGroupState> ana_states;  ///< else group 1 is optimized, others inaccessible
  Duration anatt = 10s;                   ///< ANA transition time, whole seconds
  std::vector<Duration> crdt;             ///< CRDT1 to CRDT3, in steps of 100 ms; or none
  Duration discovery_kato = 120s;         ///< what a discovery controller takes for KATO 0
  std::uint32_t hz = 0;                   ///< tick rate of its kernel (CONFIG_HZ); 0: exact timers
  Latency tick_phase;                     ///< how far its tick counter was along at the start
  std::uint32_t clock_fast_ppm = 0;       ///< of its keep alive: its clock runs fast by that
  std::uint32_t clock_slow_ppm = 0;       ///< or slow
};

/// TLS of a connection (NVMe/TCP).
struct Tls {
  Duration time = 0s;      ///< of the host's tlshd before its ClientHello
  Duration timeout = 10s;  ///< tls_handshake_timeout
  bool concat = false;     ///< the key comes of DH-HMAC-CHAP: secure concatenation
};

/// DH-HMAC-CHAP of a connection.
struct Dhchap {
  Duration time = 0s;         ///< that the host computes
  std::uint16_t group = 256;  ///< bytes of a value; 0: NULL
  bool both_ways = false;
};

struct Connect {
  std::string subsystem;
  std::string port;
  Duration at = 0s;
  std::optional<Duration> io_timeout;     ///< of this controller's I/O; absent: that of the host
  std::optional<Duration> admin_timeout;  ///< and of its admin commands
  Duration setup_time = 0s;  ///< processor time of the first attempt ahead of its first packet
  Duration admin_queue_time =
      0s;                       ///< of each attempt, ahead of the first command of its admin queue
  Duration io_queue_time = 0s;  ///< ahead of the first command of each I/O queue
  std::optional<Duration> keep_alive_tmo;    ///< KATO, whole seconds; absent: 5 s, discovery 0 s
  std::optional<Duration> tcp_user_timeout;  ///< of its sockets; absent: as `suspicion` says
  std::optional<Duration> rto_min;           ///< of its route; absent: that of the fabric
  Duration reconnect_delay = 10s;
  Duration ctrl_loss_tmo = 600s;    ///< negative: never give up ("off")
  Duration dev_loss_tmo = 60s;      ///< FC: how long a lost remote port is waited for; 0: not
  Duration fast_io_fail_tmo = -1s;  ///< negative: off
  std::uint32_t queue_size = 128;
  std::uint32_t nr_io_queues = 0;  ///< 0: one per CPU
  std::uint32_t numa_node = 0;
  bool duplicate_connect = false;
  bool hdr_digest = false;      ///< NVMe/TCP: 4 bytes behind each PDU header
  bool data_digest = false;     ///< NVMe/TCP: 4 bytes behind the data of each PDU
  bool disable_sqflow = false;  ///< lets nvmet-tcp end a read with its data (SUCCESS)
  std::optional<Tls> tls;
  std::optional<Dhchap> dhchap;
};

/// Knobs of the host's recovery engine, and the preset whose row they started from (protocol.md
/// 4.7).
struct RecoveryPolicy : host::RecoveryPolicy {
  std::string preset = "linux-mainline";
};

struct Host {
  std::string name;                    ///< name of a fabric node
  std::string kernel = "6.12";         ///< row of defaults; see presets.hpp
  std::optional<std::string> hostnqn;  ///< absent: one of its own, made from its name
  std::optional<std::string> hostid;   ///< a UUID; absent: one that follows from the NQN
  RecoveryPolicy policy;
  Suspicion suspicion;
  IoPolicy iopolicy = IoPolicy::numa;
  std::optional<PathLatency> path_latency;  ///< of iopolicy `latency`; absent: its defaults
  std::uint32_t cpus = 4;
  Duration io_timeout = 30s;
  Duration admin_timeout = 60s;
  std::uint32_t max_retries = 5;
  /// Shutdown -> close (4.6); absent: 8 ms, and with `hz` work that is put off by one tick.
  std::optional<Duration> socket_close_delay;
  bool rdma_drains_queue_pair = true;  ///< before requests are cancelled (protocol.md 7.2)
  std::uint32_t hz = 0;                ///< tick rate of its kernel (CONFIG_HZ); 0: exact timers
  Latency tick_phase;                  ///< how far the tick counter was along at the start
  std::uint32_t clock_fast_ppm = 0;    ///< its clock runs fast by that
  std::uint32_t clock_slow_ppm = 0;    ///< or slow
  bool keep_alive_waits = false;       ///< recovery waits for a Keep Alive in flight (1.7, L6.1)
  bool sockets_close_at_once = false;  ///< with the cancel (4.6, from 7.2)
  bool dnr_ends_reconnects = true;     ///< tcp, rdma: a status with DNR removes a controller (5.2)
  bool rdma_parallel_queues = false;   ///< I/O queues are set up all at once (16, from 7.3)
  Duration delayed_removal = 0s;       ///< a device outlives its last path (16, from 6.16)
  Duration io_cpu_time = 0s;           ///< processor time of each I/O, one after the other
  bool zero_copy = true;               ///< sockets refer to the application's buffers (4.8)
  std::vector<Connect> connect;

  [[nodiscard]] Duration io_timeout_of(const Connect& c) const {
    return c.io_timeout.value_or(io_timeout);
  }
  [[nodiscard]] Duration admin_timeout_of(const Connect& c) const {
    return c.admin_timeout.value_or(admin_timeout);
  }
  /// Of all its connections: a Cross-Controller Reset is a command of the one that is asked.
  [[nodiscard]] Duration longest_admin_timeout() const {
    Duration longest{};
    for (const Connect& c : connect)
      longest = std::max(longest, admin_timeout_of(c));
    return longest;
  }
};

struct Expect {
  std::optional<std::string> integrity;  ///< "ok" | "corrupt"
  std::optional<Bounds> exposure_s;      ///< exposure.max_s
  std::optional<Bounds> stale_writes;
  std::optional<Bounds> stale_reads;
  std::optional<Bounds> lost_writes;
  std::optional<Bounds> torn_writes;
  std::optional<Bounds> duplicate_effects;
  std::optional<Bounds> mutated_writes;
  std::optional<Bounds> reservation_breaches;
  std::optional<Bounds> longest_stall_s;
  std::optional<Bounds> longest_latency_s;
  std::optional<Bounds> detection_s;      ///< detected - fault, every recovery
  std::optional<Bounds> hold_s;           ///< released - fence started, every recovery
  std::optional<Bounds> recoveries;       ///< how many
  std::optional<Bounds> false_alarms;     ///< how many of these gave up what was well
  std::optional<Bounds> target_expiries;  ///< controllers that a target's keep-alive timer ended
  std::optional<Bounds> io_errors;
  std::vector<std::string> requirements;  ///< ids of the catalogue, analysis/conform
};

/// From then on all dice are those of another seed.
struct Reseed {
  Duration at = 0s;
  std::uint64_t seed = 1;
};

struct Scenario {
  // Compiled once, in spec.cpp: copying the two dozen kinds of faults is seconds of compilation.
  Scenario();
  Scenario(const Scenario&);
  Scenario& operator=(const Scenario&);
  Scenario(Scenario&&) noexcept;
  Scenario& operator=(Scenario&&) noexcept;
  ~Scenario();

  std::string name;
  std::string description;
  Duration duration = 60s;  ///< at most 1e6 s
  std::uint64_t seed = 1;
  std::optional<Reseed> reseed;
  Fabric fabric;
  std::vector<Subsystem> subsystems;
  std::vector<Host> hosts;
  std::vector<Workload> workloads;
  std::vector<Fault> faults;
  std::optional<std::vector<Answer>> choices;  ///< absent: the dice answer everything
  std::optional<Adversary> adversary;
  Expect expect;
};

}  // namespace holdfast::scenario
