// SPDX-License-Identifier: Apache-2.0
// Declarations of hosts: connections, recovery policies, the host itself. One row per key.
#include "models/scenario/declaration/declaration.hpp"
#include "models/scenario/declaration/lengths.hpp"
#include "models/scenario/declaration/presets.hpp"
#include "models/scenario/declaration/repeat.hpp"

namespace holdfast::scenario {
namespace {

// A policy is the name of a preset or an object that starts from one.
Codec<RecoveryPolicy> policy() {
  return {
      row_or_object_kind(policy_object().info(),
                         "the name of a policy preset, or an object with \"preset\" and knobs")};
}

}  // namespace

Codec<std::uint32_t> tick_rate() {
  return choice<std::uint32_t>({{"exact", 0U}, {"100", 100U}, {"250", 250U}, {"1000", 1000U}});
}

const Object<Connect>& connect_object() {
  static const auto declared =
      Object<Connect>("connect", "One connection, in the words of `nvme connect`.")
          .field("subsystem", &Connect::subsystem, name(longest_nqn),
                 "which subsystem; `discovery`: a discovery controller", required)
          .field("port", &Connect::port, name(longest_name), "one of its ports", required)
          .field("at", &Connect::at, duration(0s, longest_run), "when the connect is issued")
          .field("setup_time", &Connect::setup_time, duration(0s, 60s),
                 "processor time of the first attempt before its first packet: options, tag set, "
                 "threads; later attempts find all of it there")
          .field("admin_queue_time", &Connect::admin_queue_time, duration(0s, 60s),
                 "processor time that both ends take to build the admin queue, at each attempt, "
                 "before its first command")
          .field("io_queue_time", &Connect::io_queue_time, duration(0s, 60s),
                 "the same of each I/O queue")
          .maybe("io_timeout", &Connect::io_timeout, duration(1ms, longest_run),
                 "of I/O commands of this controller, as sysfs sets it since Linux 7.2; absent: "
                 "that of the host")
          .maybe("admin_timeout", &Connect::admin_timeout, duration(1ms, longest_run),
                 "the same of its admin commands; a Keep Alive times out after KATO all the same")
          .maybe("keep_alive_tmo", &Connect::keep_alive_tmo, duration(0s, 65535s, 1s),
                 "KATO; absent: 5s, for `discovery` 0s. 0s is for `discovery` only")
          .maybe("tcp_user_timeout", &Connect::tcp_user_timeout, duration(1ms, longest_run, 1ms),
                 "tcp: TCP_USER_TIMEOUT of its sockets (transport_ack_timeout of SPDK); absent: "
                 "that of the host's `suspicion`")
          .maybe("rto_min", &Connect::rto_min, duration(1ms, 60s),
                 "tcp: at the host, the floor of the retransmission timeout on its route (ip route "
                 "... rto_min); absent: that of the fabric")
          .field("reconnect_delay", &Connect::reconnect_delay, duration(1ms, longest_run, 1ms),
                 "before each reconnect attempt, the first included")
          .field("ctrl_loss_tmo", &Connect::ctrl_loss_tmo, duration_or_off(0s, longest_run, 1ms),
                 "give-up horizon; `off`: never give up")
          .field("fast_io_fail_tmo", &Connect::fast_io_fail_tmo,
                 duration_or_off(0s, longest_run, 1ms), "when queued I/O starts to fail")
          .field("dev_loss_tmo", &Connect::dev_loss_tmo, duration(0s, longest_run, 1ms),
                 "fc: how long a lost remote port is waited for; 0s: its controller is deleted at "
                 "once")
          .field("queue_size", &Connect::queue_size, integer<std::uint32_t>(16, 1024),
                 "entries of an I/O queue")
          .field("nr_io_queues", &Connect::nr_io_queues, integer<std::uint32_t>(0, 1024),
                 "0: one per CPU")
          .field("numa_node", &Connect::numa_node, integer<std::uint32_t>(0, 1023),
                 "of the adapter, for the numa I/O policy")
          .field("hdr_digest", &Connect::hdr_digest, boolean(),
                 "tcp: a digest behind each PDU header")
          .field("data_digest", &Connect::data_digest, boolean(),
                 "tcp: a digest behind the data of each PDU")
          .field("disable_sqflow", &Connect::disable_sqflow, boolean(),
                 "no submission queue flow control: with tcp a read that succeeds then ends with "
                 "its data")
          .maybe("tls", &Connect::tls, object(tls_object()), "tcp: TLS; absent: none")
          .maybe("dhchap", &Connect::dhchap, object(dhchap_object()),
                 "keys for DH-HMAC-CHAP; absent: none")
          .field("duplicate_connect", &Connect::duplicate_connect, boolean(),
                 "allow another connection to the same port of the same subsystem")
          .copies("count");
  return declared;
}

/// What a policy does besides waiting and asking for resets.
Object<RecoveryPolicy> further_knobs(Object<RecoveryPolicy>&& declared) {
  using Policy = RecoveryPolicy;
  return std::move(declared)
      .field("release_idempotent", &Policy::release_idempotent, boolean(),
             "commands of the class Unrestricted Retry (reads, flushes, compares, unless the "
             "effects log names an effect of theirs) are released without waiting")
      .field("early_resubmission", &Policy::early_resubmission, boolean(),
             "commands of the class Delayed Retry (writes) are sent again at once over another "
             "path, and reported when the fence is over")
      .field("queue_while_fencing", &Policy::queue_while_fencing, boolean(),
             "new I/O waits while every path is fencing; else it fails")
      .field("keep_alive_stops_first", &Policy::keep_alive_stops_first, boolean(),
             "keep-alive stops when the fence starts; else when it is over")
      .field("closes_first", &Policy::closes_first, boolean(),
             "the connections are closed when the fence starts, so that TCP repeats nothing "
             "meanwhile; else when it is over. On fc an exchange is never repeated")
      .field("repeat_non_idempotent", &Policy::repeat_non_idempotent, boolean(),
             "a Zone Append, a Compare and Write or a reservation command whose path is lost is "
             "repeated; else it fails")
      .field("discovery_reconnect_kato", &Policy::discovery_reconnect_kato, boolean(),
             "a discovery controller with KATO 0 gets 5 s once it has reconnected")
      .field("fences_without_tag", &Policy::fences_without_tag, boolean(),
             "a Keep Alive that finds no tag fences too; else it resets at once")
      .field("keep_alive_polls_half", &Policy::keep_alive_polls_half, boolean(),
             "a keep-alive look every KATO/2 also with traffic-based keep alive, as Linux did "
             "once; else every KATO/4")
      .field("operator_fences", &Policy::operator_fences, boolean(),
             "reset and delete of a LIVE controller fence first; else its commands are "
             "cancelled at once, or with delete_drains waited for")
      .field("delete_drains", &Policy::delete_drains, boolean(),
             "a delete without a fence waits for the commands in flight, each of which completes "
             "or times out, as Linux 6.12 does; else it cancels them at once, as the cover letter "
             "of the posted series says")
      .field("removal_fences", &Policy::removal_fences, boolean(),
             "so does the loss of a remote port or an adapter")
      .field("holds_aborted", &Policy::holds_aborted, boolean(),
             "fc: a command whose exchange ends while fencing waits for the fence as well")
      .field("ccr_joins_pending", &Policy::ccr_joins_pending, boolean(),
             "Cross-Controller Reset in Progress (13Fh) is waited for like an accepted one");
}

const Object<RecoveryPolicy>& policy_object() {
  using Policy = RecoveryPolicy;
  static const auto declared = further_knobs(
      Object<Policy>("policy", "How a host recovers. The knobs start from the preset.")
          .based_on<&policy_row>("preset")
          .field("preset", &Policy::preset, policy_name(), "row of knobs to start from")
          .field(
              "waits", &Policy::waits,
              choice<Policy::Waits>({{"nowhere", Policy::Waits::nowhere},
                                     {"fencing", Policy::Waits::fencing},
                                     {"recovering", Policy::Waits::recovering},
                                     {"resetting", Policy::Waits::resetting}}),
              "the state in which in-flight commands wait; `nowhere`: they are cancelled at once")
          .field("ccr", &Policy::ccr, boolean(), "try Cross-Controller Reset first")
          .field("ccr_attempts", &Policy::ccr_attempts,
                 or_word(integer<std::uint32_t>(1, 4096), "all"),
                 "most source controllers that are asked")
          .field("ccr_wait", &Policy::ccr_wait,
                 choice<Policy::CcrWait>(
                     {{"kato", Policy::CcrWait::kato},
                      {"longer_of_cqt_and_kato", Policy::CcrWait::longer_of_cqt_and_kato}}),
                 "how long one accepted CCR is waited for")
          .field("ccr_wait_bounded", &Policy::ccr_wait_bounded, boolean(),
                 "that wait ends at the overall deadline")
          .field("ccr_command_bounded", &Policy::ccr_command_bounded, boolean(),
                 "so does an attempt whose command is not answered, or whose source controller is "
                 "given up itself; else it waits for the admin timeout")
          .field("ccr_needs_success", &Policy::ccr_needs_success, boolean(),
                 "only an entry of the log page that says succeeded (01h) ends the fence; else any "
                 "that is completed does, also one that failed")
          .field("ccr_deadline_has_cqt", &Policy::ccr_deadline_has_cqt, boolean(),
                 "the deadline of CCR attempts is m x KATO + CQT; else m x KATO")
          .field("hold", &Policy::hold,
                 choice<Policy::Hold>({{"none", Policy::Hold::none},
                                       {"kato_plus_cqt", Policy::Hold::kato_plus_cqt}}),
                 "hold in-flight commands for m x KATO + CQT, or cancel them at once")
          .field("hold_multiplier", &Policy::hold_multiplier, or_word(factor(100.0), "auto"),
                 "m, fractions too; `auto`: 3 with traffic-based keep alive, 2 without")
          .field("cqt_zero", &Policy::cqt_zero,
                 choice<Policy::CqtZero>(
                     {{"no_hold", Policy::CqtZero::no_hold}, {"hold", Policy::CqtZero::hold}}),
                 "what to do when the controller reports CQT 0")
          .field("cqt_when_zero", &Policy::cqt_when_zero, duration(0s, longest_run),
                 "the CQT to assume then")
          .field("hold_from", &Policy::hold_from,
                 choice<Policy::HoldFrom>(
                     {{"recovery_start", Policy::HoldFrom::recovery_start},
                      {"last_submission", Policy::HoldFrom::last_submission},
                      {"last_transmission", Policy::HoldFrom::last_transmission}}),
                 "where m x KATO counts from; `last_submission`: of a Keep Alive, or with "
                 "traffic-based keep alive of any command; `last_transmission`: the same, and what "
                 "the transport has repeated of it (rdma: now)")
          .field("holds_katt", &Policy::holds_katt, boolean(),
                 "m counts the controller's KATT, read with Get Features at the set-up; else the "
                 "host's KATO")
          .field("notice_ends_wait", &Policy::notice_ends_wait, boolean(),
                 "once the controller itself has ended the connections of all that is in flight, "
                 "CQT alone is waited for"));
  return declared;
}

const Object<PathLatency>& path_latency_object() {
  static const auto declared =
      Object<PathLatency>("path_latency",
                          "The iopolicy `latency`: shares that go with the inverse of the latency "
                          "of each path, reads and writes apart.")
          .field("window", &PathLatency::window, duration(0s, longest_run),
                 "how long samples are gathered before their average counts; 0s: each by itself")
          .field("ewma_shift", &PathLatency::ewma_shift, integer<std::uint32_t>(0, 16),
                 "the average of a window counts 1/2^shift in the moving average")
          .field("scale", &PathLatency::scale, integer<std::uint32_t>(1, 65'536),
                 "what the weights of all paths add up to, each rounded down, and at least 1")
          .field("ignore_above", &PathLatency::ignore_above, duration(1us, 1s),
                 "an answer that took longer is no sample")
          .field("per_cpu", &PathLatency::per_cpu, boolean(),
                 "each CPU measures and weighs for itself; else all of them together");
  return declared;
}

const Object<Host>& host_object() {
  static const auto declared =
      Object<Host>("host", "A Linux host with native multipath.")
          .based_on<&kernel_row>("kernel")
          .field("name", &Host::name, name(longest_name), "a node of the fabric", required)
          .field("kernel", &Host::kernel, kernel_name(),
                 "release of Linux, a row of defaults to start from")
          .maybe("hostnqn", &Host::hostnqn, name(longest_nqn),
                 "its identity; absent: one of its own. Equal ones are clones")
          .maybe("hostid", &Host::hostid, name(longest_name),
                 "its Host Identifier, a UUID: whose reservations are whose. Absent: none, and "
                 "the NQN stands for it")
          .field("policy", &Host::policy, policy(), "how it recovers from a lost path")
          .field("suspicion", &Host::suspicion, object(suspicion_object()),
                 "what makes it give a path up before a timeout does; by default nothing")
          .field("iopolicy", &Host::iopolicy,
                 choice<IoPolicy>({{"numa", IoPolicy::numa},
                                   {"round-robin", IoPolicy::round_robin},
                                   {"queue-depth", IoPolicy::queue_depth},
                                   {"latency", IoPolicy::latency}}),
                 "which path an I/O takes; in no Linux: `latency`")
          .maybe("path_latency", &Host::path_latency, object(path_latency_object()), "of `latency`")
          .field("cpus", &Host::cpus, integer<std::uint32_t>(1, 1024), "online CPUs")
          .field("io_timeout", &Host::io_timeout, duration(1ms, longest_run), "of I/O commands")
          .field("admin_timeout", &Host::admin_timeout, duration(1ms, longest_run),
                 "of admin commands")
          .field("max_retries", &Host::max_retries, integer<std::uint32_t>(0, 255),
                 "retries of a command on the same path")
          .maybe("socket_close_delay", &Host::socket_close_delay, duration(0s, 60s),
                 "from the shutdown of a socket to its close; absent: 8ms, with `hz` work that is "
                 "put off by one tick, and on tcp nothing with `sockets_close_at_once`")
          .field(
              "rdma_drains_queue_pair", &Host::rdma_drains_queue_pair, boolean(),
              "RDMA: the queue pair is stopped before its requests are cancelled; else only when "
              "it is freed, `socket_close_delay` later")
          .field("hz", &Host::hz, tick_rate(),
                 "CONFIG_HZ: keep-alive, hold, reconnect and request timers go through Linux's "
                 "timer wheel; `exact`: they fire when they are due")
          .field("tick_phase", &Host::tick_phase, latency(longest_run),
                 "how far the tick counter is along when the run begins")
          .field("clock_fast_ppm", &Host::clock_fast_ppm, clock_error_ppm(),
                 "tcp: its clock, by which all of its timers go, runs so many millionths fast")
          .field("clock_slow_ppm", &Host::clock_slow_ppm, clock_error_ppm(), "tcp: or slow")
          .field("keep_alive_waits", &Host::keep_alive_waits, boolean(),
                 "the keep-alive work waits for its command, as in Linux 6.1: recovery from its "
                 "timeout begins when it has timed out for the second time")
          .field(
              "sockets_close_at_once", &Host::sockets_close_at_once, boolean(),
              "tcp: sockets are closed with the cancel, so that TCP repeats nothing after it, as "
              "in Linux 7.2; else by deferred work")
          .field("dnr_ends_reconnects", &Host::dnr_ends_reconnects, boolean(),
                 "tcp, rdma: an attempt to connect that ends with a status that has Do Not Retry "
                 "removes the controller; else it is tried again. On fc it always does")
          .field("rdma_parallel_queues", &Host::rdma_parallel_queues, boolean(),
                 "rdma: I/O queues are connected all at once, as in Linux 7.3; else one by one")
          .field(
              "delayed_removal_secs", &Host::delayed_removal, duration(0s, longest_run, 1s),
              "how long a device outlives its last path; meanwhile, and while no path is usable, "
              "I/O waits instead of failing. 0s: not at all")
          .field("io_cpu_time", &Host::io_cpu_time, duration(0s, 60s),
                 "processor time of each I/O before the application hears of it; the host has one "
                 "processor for all of them")
          .field("zero_copy", &Host::zero_copy, boolean(),
                 "sockets refer to the application's buffers; else they hold a copy")
          .field("connect", &Host::connect, list(object(connect_object()), 1, most_connects),
                 "its connections, in the order in which they are made", required)
          .copies("count");
  return declared;
}

}  // namespace holdfast::scenario
