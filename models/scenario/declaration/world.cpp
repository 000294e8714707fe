// SPDX-License-Identifier: Apache-2.0
// Declarations of what exists in the world: fabric and targets. One row per key.
#include "models/scenario/declaration/lengths.hpp"
#include "models/scenario/declaration/presets.hpp"
#include "models/scenario/declaration/repeat.hpp"
#include "models/wire/opcodes.hpp"

namespace holdfast::scenario {
namespace {

const Object<Link>& link_object() {
  static const auto declared =
      Object<Link>("link", "A full-duplex link. Forward is from the first end to the second.")
          .field("name", &Link::name, name(longest_name), "how faults refer to it", required)
          .field("ends", &Link::ends, pair_of(name(longest_name)),
                 "the two nodes; a node that is no host and no port is a switch", required)
          .field("rate", &Link::rate_bps, rate(1'000, 1'000'000'000'000), "of each direction")
          .field("delay", &Link::delay, duration(1ns, 60s), "propagation, one way")
          .field("mtu", &Link::mtu_bytes, integer<std::uint32_t>(576, 65535),
                 "largest IP packet, in bytes")
          .field("queue", &Link::queue_bytes, size<std::uint64_t>(1024, 16ULL << 30),
                 "drop-tail queue of each direction")
          .field("loss", &Link::loss, loss_by_direction(), "a packet is lost with this probability")
          .maybe("bond", &Link::bond, object(bond_object()),
                 "the link of a host is two, of which one carries; absent: it is one")
          .copies("count");
  return declared;
}

const Object<LinkGroup>& link_group_object() {
  static const auto declared =
      Object<LinkGroup>("link_group", "Links that fail together, as those of one switch do.")
          .field("name", &LinkGroup::name, name(longest_name),
                 "how faults refer to it, where they would name a link", required)
          .field("links", &LinkGroup::links, list(name(longest_name), 1, 4096), "its links",
                 required);
  return declared;
}

const Object<Takeover>& takeover_object() {
  static const auto declared =
      Object<Takeover>("takeover",
                       "What the rest of an array does about a node that crashes, hangs or is cut "
                       "off: it notices, it takes the node's access to the media away, and it "
                       "serves what the node served, at its own ports or at the node's.")
          .field("by", &Takeover::by,
                 choice<Takeover::By>(
                     {{"ana", Takeover::By::ana}, {"address", Takeover::By::address}}),
                 "`ana`: the node's ANA groups become optimized at the ports of the others; "
                 "`address` (tcp): the others take the addresses of the node's ports, reset what "
                 "they know nothing of, and take new connections there")
          .field("detect", &Takeover::detect, latency(24h), "until it has noticed")
          .field("fence", &Takeover::fence, latency(24h),
                 "from there on: until what the node still has in hand can land no more, and its "
                 "ports refuse connections until it is up again")
          .field("change", &Takeover::change, latency(24h),
                 "from there on: until what was optimized at the node's ports is optimized at the "
                 "others, and inaccessible at its own; or until the others have its addresses")
          .maybe("learn", &Takeover::learn, latency(24h),
                 "with `address`, from there on: until hosts and switches have heard of it "
                 "(gratuitous ARP), and packets go there; absent: at once");
  return declared;
}

const Object<Media>& media_object() {
  static const auto declared =
      Object<Media>("media", "How long the medium of a namespace takes.")
          .field("read", &Media::read, latency(24h), "per read command")
          .field("write", &Media::write, latency(24h), "per write command")
          .field("parallel", &Media::parallel, integer<std::uint32_t>(0, 4096),
                 "commands that it executes at a time, others wait; 0: without limit");
  return declared;
}

const Object<Zoned>& zoned_object() {
  static const auto declared =
      Object<Zoned>("zoned", "Zones of equal size; blocks are written at the write pointer only.")
          .field("zone_size", &Zoned::zone_bytes, size<std::uint64_t>(512, 16ULL << 20),
                 "a multiple of `block_size` and a divisor of the namespace's size", required);
  return declared;
}

const Object<Namespace>& namespace_object() {
  static const auto declared =
      Object<Namespace>("namespace", "A namespace of a subsystem.")
          .field("nsid", &Namespace::nsid, integer<std::uint32_t>(1, 1024), "namespace id")
          .field("ana_group", &Namespace::ana_group, integer<std::uint32_t>(1, 128),
                 "its ANA group")
          .field("size", &Namespace::size_bytes, size<std::uint64_t>(512, largest_namespace),
                 "a multiple of `block_size`")
          .field("block_size", &Namespace::block_bytes, size<std::uint32_t>(512, 65536),
                 "logical block, a power of two")
          .field("media", &Namespace::media, object(media_object()), "latency of the medium")
          .maybe("zoned", &Namespace::zoned, object(zoned_object()), "zones; absent: none");
  return declared;
}

const Object<ArrayNode>& node_object() {
  static const auto declared =
      Object<ArrayNode>("array_node",
                        "A node of an array, with the ports of the subsystem that it owns.")
          .field("name", &ArrayNode::name, name(longest_name), "how faults refer to it", required)
          .field("ports", &ArrayNode::ports, list(name(longest_name), 1, 1024),
                 "ports of the subsystem; each belongs to one node", required);
  return declared;
}

Codec<target::KatoZero> kato_zero() {
  using target::KatoZero;
  return choice<KatoZero>({{"off", KatoZero::off},
                           {"set_features_refused", KatoZero::set_features_refused},
                           {"refused", KatoZero::refused}});
}

/// Keep alive, where targets other than nvmet differ.
Object<Subsystem> keep_alive_knobs(Object<Subsystem>&& declared) {
  return std::move(declared)
      .field("clock_fast_ppm", &Subsystem::clock_fast_ppm, clock_error_ppm(),
             "its clock, by which its keep-alive timers go, runs so many millionths fast")
      .field("clock_slow_ppm", &Subsystem::clock_slow_ppm, clock_error_ppm(), "or slow")
      .field("kato_max", &Subsystem::kato_max, duration(0s, 65535s),
             "a longer KATO is answered with Keep Alive Timeout Invalid; 0s: no maximum")
      .field("kato_zero", &Subsystem::kato_zero, kato_zero(),
             "KATO 0: switches the timer off, in Connect only, or is refused")
      .field("kato_result_in_seconds", &Subsystem::kato_result_in_seconds, boolean(),
             "Set Features answers with KATO in seconds, as nvmet does; else milliseconds")
      .field("keep_alive_from", &Subsystem::keep_alive_from,
             choice<target::KeepAliveFrom>({{"connect", target::KeepAliveFrom::connect},
                                            {"enable", target::KeepAliveFrom::enable}}),
             "the keep-alive timer runs from Connect on, or only while the controller is "
             "enabled, ready and not shut down, and two minutes after that it is gone")
      .field("keep_alive_starts_interval", &Subsystem::keep_alive_starts_interval, boolean(),
             "traffic based: a Keep Alive starts an interval without being traffic of it, as Base "
             "2.1 says; else it is traffic of it too, as with nvmet")
      .field("watchdog", &Subsystem::watchdog,
             choice<target::Watchdog>(
                 {{"timer", target::Watchdog::timer}, {"poller", target::Watchdog::poller}}),
             "a timer that each Keep Alive restarts, or a look every KATO");
}

/// Cross-Controller Reset, and the notices that tell of it.
Object<Subsystem> ccr_knobs(Object<Subsystem>&& declared) {
  return std::move(declared)
      .field("ccrl", &Subsystem::ccrl, integer<std::uint8_t>(0, 255),
             "CCRL, Cross-Controller Resets at a time; 0: not supported")
      .field("ccr_fails", &Subsystem::ccr_fails, boolean(),
             "every Cross-Controller Reset is answered with an error")
      .field("ccr_delay", &Subsystem::ccr_delay, latency(24h),
             "from an accepted Cross-Controller Reset to the reset")
      .field("ccr_event_lost", &Subsystem::ccr_event_lost, boolean(),
             "the completed notice is never sent")
      .field("ana_event_lost", &Subsystem::ana_event_lost, boolean(),
             "nor is the notice of an ANA change")
      .field("ccr_reports_failure", &Subsystem::ccr_reports_failure, boolean(),
             "every Cross-Controller Reset is accepted, resets nothing, and its entry in the "
             "log page ends as failed (02h); nvmet never says so")
      .field("ccr_compares_host", &Subsystem::ccr_compares_host, boolean(),
             "a Cross-Controller Reset finds controllers of the same host only; nvmet resets "
             "whichever controller its CNTLID, CIU and CIRN name")
      .field("notices_on", &Subsystem::notices_on, boolean(),
             "notices are enabled before any Set Features, as with nvmet; else none is");
}

/// What an array of several nodes adds.
Object<Subsystem> array_knobs(Object<Subsystem>&& declared) {
  return std::move(declared)
      .field("quiesce_time", &Subsystem::quiesce_time, latency(24h),
             "with `in_flight` quiesce: after the end of a controller what executes may still "
             "land for this long")
      .field("lost_host_log", &Subsystem::lost_host_log, boolean(),
             "log page 1Fh tells other controllers of a host which one lost it")
      .field("nodes", &Subsystem::nodes, list(object(node_object()), 0, 1024),
             "of an array; empty: one node that never fails")
      .field("hang_resumes", &Subsystem::hang_resumes,
             choice<target::HangResumes>({{"executes_first", target::HangResumes::executes_first},
                                          {"expires_first", target::HangResumes::expires_first}}),
             "a node that hung executes what it had before it looks at its timers, or after")
      .field("unreachable_ccr", &Subsystem::unreachable_ccr,
             choice<target::UnreachableCcr>({{"fails", target::UnreachableCcr::fails},
                                             {"waits", target::UnreachableCcr::waits},
                                             {"fences", target::UnreachableCcr::fences}}),
             "Cross-Controller Reset of a controller whose node does not answer: fails, waits "
             "for the node, or the controller loses its access to the media after `fence_time`")
      .field("fence_time", &Subsystem::fence_time, latency(24h), "until that access is revoked")
      .field("reservations", &Subsystem::reservations_per_node,
             choice<bool>({{"shared", false}, {"per_node", true}}),
             "`shared`: of the whole subsystem, as the specification has it; `per_node`: each of "
             "`nodes` goes by what it knows itself")
      .maybe("reservation_delay", &Subsystem::reservation_delay, latency(24h),
             "with `per_node`: until the other nodes carry out what one has; absent: they never "
             "hear of it")
      .maybe("takeover", &Subsystem::takeover, object(takeover_object()),
             "what the other nodes do about one that fails; absent: nothing");
}

/// TLS and authentication.
Object<Subsystem> secure_knobs(Object<Subsystem>&& declared) {
  return std::move(declared)
      .field("tls_time", &Subsystem::tls_time, duration(0s, 60s),
             "processor time of each TLS handshake, of the same processor as `connect_time`: its "
             "tlshd, at ports of which this is the first subsystem")
      .maybe("dhchap_time", &Subsystem::dhchap_time, duration(0s, 60s),
             "each Connect has to be followed by DH-HMAC-CHAP, which takes so much of that "
             "processor; absent: none is asked for")
      .field("dhchap_under_tls", &Subsystem::dhchap_under_tls, boolean(),
             "also on a queue with TLS, as with nvmet of Linux 6.12; with one that knows secure "
             "concatenation TLS is enough");
}

const Object<AnaGroupState>& ana_group_state_object() {
  static const auto declared =
      Object<AnaGroupState>("ana_group_state", "The ANA state in which a group begins at a port.")
          .field("port", &AnaGroupState::port, name(longest_name), "one of the subsystem's ports",
                 required)
          .field("group", &AnaGroupState::group, integer<std::uint32_t>(1, 128), "ANA group")
          .field("state", &AnaGroupState::state, ana_state(), "its state there", required);
  return declared;
}

}  // namespace

const Object<Fabric>& fabric_object() {
  static const auto declared =
      Object<Fabric>("fabric", "The network between hosts and targets, and its transport.")
          .field("transport", &Fabric::transport,
                 choice<Transport>(
                     {{"tcp", Transport::tcp}, {"rdma", Transport::rdma}, {"fc", Transport::fc}}),
                 "what a queue pair rides on")
          .field("links", &Fabric::links, list(object(link_object()), 1, most_links),
                 "they define the nodes", required)
          .field("groups", &Fabric::groups, list(object(link_group_object()), 0, 4096),
                 "links that fail together")
          .field("rto_min", &Fabric::rto_min, duration(1ms, 60s),
                 "TCP: floor of the variance term of the retransmission timeout")
          .field("initial_window", &Fabric::initial_window_segments,
                 integer<std::uint32_t>(1, 1024), "TCP: initial congestion window, in segments")
          .field("receive_window", &Fabric::receive_window_bytes,
                 size<std::uint64_t>(65536, 1ULL << 30), "TCP: receive buffer of a connection")
          .field("send_buffer", &Fabric::send_buffer_bytes, size<std::uint64_t>(65536, 1ULL << 30),
                 "TCP: how far a socket's send buffer may grow; what does not fit stays in the "
                 "driver")
          .field("congestion_control", &Fabric::congestion_control,
                 choice<CongestionControl>(
                     {{"cubic", CongestionControl::cubic}, {"reno", CongestionControl::reno}}),
                 "TCP: how the congestion window grows and shrinks")
          .field("tail_loss_probe", &Fabric::tail_loss_probe, boolean(),
                 "TCP: an unacknowledged tail is probed before the timeout (tcp_early_retrans)")
          .field("delayed_acks", &Fabric::delayed_acks, boolean(),
                 "TCP: a lone segment may be acknowledged up to 40 ms later; else at once")
          .maybe(
              "syn_attempts", &Fabric::syn_attempts, integer<std::uint32_t>(1, 16),
              "TCP: SYNs of an unanswered connect; absent: as the kernel of the host does, 6.1 2 "
              "and later ones 3")
          .maybe("syn_linear_timeouts", &Fabric::syn_linear_timeouts,
                 integer<std::uint32_t>(0, 255),
                 "TCP: how many SYNs wait for one second before the wait doubles "
                 "(tcp_syn_linear_timeouts); absent: 4, with two `syn_attempts` 0, as before 6.5")
          .field("ack_timeout", &Fabric::ack_timeout, duration(1us, 1h),
                 "RDMA: how long a queue pair waits for an acknowledgement before it repeats")
          .field("retry_count", &Fabric::retry_count, integer<std::uint32_t>(0, 7),
                 "RDMA: repetitions in a row after which a queue pair breaks")
          .field("retries_for_ever", &Fabric::retries_for_ever, boolean(),
                 "RDMA: the adapter does not count them, as soft-RoCE with retry_count 7 does not")
          .field("cm_timeout", &Fabric::cm_timeout, duration(1us, 1h),
                 "RDMA: how long a connect request waits for its reply")
          .field("cm_retries", &Fabric::cm_retries, integer<std::uint32_t>(0, 15),
                 "RDMA: repetitions of a connect request")
          .field("neighbours", &Fabric::neighbours,
                 choice<transport::Neighbours>({{"asked", transport::Neighbours::asked},
                                                {"learned", transport::Neighbours::learned},
                                                {"permanent", transport::Neighbours::permanent}}),
                 "RDMA: whether a connect asks for the address first: each time, until it is "
                 "known and answers, or never");
  return declared;
}

const Object<Subsystem>& subsystem_object() {
  static const auto declared = secure_knobs(array_knobs(keep_alive_knobs(ccr_knobs(
      Object<Subsystem>("subsystem", "A target. The knobs start from its profile.")
          .based_on<&profile_row>("profile")
          .field("name", &Subsystem::name, name(longest_nqn), "its NQN, or any short name",
                 required)
          .field("profile", &Subsystem::profile, profile_name(), "row of defaults to start from")
          .field("ports", &Subsystem::ports, list(name(longest_name), 1, 1024),
                 "nodes of the fabric that it listens on", required)
          .field("namespaces", &Subsystem::namespaces, list(object(namespace_object()), 1, 1024),
                 "its namespaces", required)
          .field("attr_cqt", &Subsystem::attr_cqt, duration(0s, 65535ms, 1ms),
                 "CQT as Identify reports it; 0 s: not reported")
          .field("traffic_based_keep_alive", &Subsystem::traffic_based_keep_alive, boolean(),
                 "CTRATT.TBKAS: any command keeps the controller alive")
          .field("kas", &Subsystem::kas, duration(100ms, 6553500ms, 100ms),
                 "KAS: KATO is rounded up to a multiple of it")
          .field("kato_min", &Subsystem::kato_min, duration(0s, 65535s),
                 "a smaller KATO is raised to this first")
          .field("attr_cntlid_min", &Subsystem::attr_cntlid_min, integer<std::uint16_t>(1, 0xffef),
                 "lowest controller id")
          .field("attr_cntlid_max", &Subsystem::attr_cntlid_max, integer<std::uint16_t>(1, 0xffef),
                 "highest controller id")
          .field("attr_qid_max", &Subsystem::attr_qid_max, integer<std::uint16_t>(1, 1024),
                 "most I/O queues of a controller")
          .field("in_flight", &Subsystem::in_flight,
                 choice<target::InFlight>({{"drain", target::InFlight::drain},
                                           {"abort", target::InFlight::abort},
                                           {"ignore", target::InFlight::ignore},
                                           {"quiesce", target::InFlight::quiesce}}),
                 "commands that execute when their controller ends: run to their end first, are "
                 "stopped, land later, or run on for at most `quiesce_time`")
          .field("connect_time", &Subsystem::connect_time, duration(0s, 60s),
                 "processor time of each Connect; the target has one processor for all of them")
          .field("teardown_time", &Subsystem::teardown_time, duration(0s, 60s),
                 "processor time of the end of each queue, which that processor takes in the order "
                 "in which Connects and ends come")
          .field("fused_commands", &Subsystem::fused_commands, boolean(),
                 "Compare and Write is executed as one; else it is refused, as nvmet does")
          .field("effects_lbcc", &Subsystem::effects_lbcc,
                 list(choice<std::uint8_t>({{"flush", wire::raw(wire::IoOpcode::flush)},
                                            {"read", wire::raw(wire::IoOpcode::read)},
                                            {"compare", wire::raw(wire::IoOpcode::compare)}}),
                      0, 3),
                 "commands that log page 05h says change content (LBCC), besides those that write: "
                 "they are not in the class Unrestricted Retry")
          .maybe("inline_data_size", &Subsystem::inline_data_bytes,
                 size<std::uint32_t>(0, 1U << 20),
                 "in-capsule data limit (IOCCSZ); absent: 16KiB, with rdma 4KiB")
          .field("ana_states", &Subsystem::ana_states,
                 list(object(ana_group_state_object()), 0, 4096),
                 "where groups begin; else group 1 is optimized and all others are inaccessible")
          .field("anatt", &Subsystem::anatt, duration(1s, 255s, 1s),
                 "ANATT: a host resets a controller whose group stays in `change` for twice as "
                 "long")
          .field("crdt", &Subsystem::crdt, list(duration(0s, 6553500ms, 100ms), 0, 3),
                 "CRDT1 to CRDT3: the delays before a retry that a status may name")
          .field("discovery_kato", &Subsystem::discovery_kato, duration(1s, 65535s, 1s),
                 "what a discovery controller at its ports takes for KATO 0")
          .field("hz", &Subsystem::hz, tick_rate(),
                 "CONFIG_HZ of a Linux target: the keep-alive timer and TCP at its ports go "
                 "through the timer wheel, a queue ends after a grace period of RCU, its socket "
                 "a tick or two later; `exact`: none of this takes time")
          .field("tick_phase", &Subsystem::tick_phase, latency(longest_run),
                 "how far its tick counter is along when the run begins")))));
  return declared;
}

std::vector<const ObjectInfo*> declared_objects() {
  std::vector<const ObjectInfo*> out = {
      &scenario_object().info(),  &fabric_object().info(),    &link_object().info(),
      &subsystem_object().info(), &namespace_object().info(), &media_object().info(),
      &node_object().info(),      &zoned_object().info(),     &host_object().info(),
      &policy_object().info(),    &suspicion_object().info(), &connect_object().info()};
  out.insert(out.begin() + 4, &ana_group_state_object().info());
  out.insert(out.begin() + 3, &link_group_object().info());
  out.push_back(&takeover_object().info());
  out.push_back(&tls_object().info());
  out.push_back(&dhchap_object().info());
  out.push_back(&reseed_object().info());
  out.push_back(&path_latency_object().info());
  out.push_back(&bond_object().info());
  for (const auto* info : workload_union().infos())
    out.push_back(info);
  out.push_back(&step_info());
  for (const auto* info : fault_union().infos())
    out.push_back(info);
  out.push_back(&failure_object().info());
  out.push_back(&loss_model_object().info());
  out.push_back(&answer_object().info());
  out.push_back(&adversary_object().info());
  out.push_back(&fault_bounds_info());
  out.push_back(&expect_object().info());
  return out;
}

}  // namespace holdfast::scenario
