// SPDX-License-Identifier: Apache-2.0
// Declarations of faults of the network and of connections. One row per key.
#include "models/scenario/declaration/repeat.hpp"

namespace holdfast::scenario {
namespace {

Object<Impair> impair_delays(Object<Impair>&& object) {
  using Distribution = net::JitterShape;
  return std::move(object)
      .field("delay", &Impair::delay, duration(0s, longest_run), "of each packet")
      .field("jitter", &Impair::jitter, duration(0s, 2s),
             "more or less than that; longer than the gap between packets it reorders them")
      .field("delay_correlation", &Impair::delay_correlation, probability(),
             "of the random number with the one before")
      .field("distribution", &Impair::distribution,
             choice<Distribution>(
                 {{"uniform", Distribution::uniform}, {"normal", Distribution::normal}}),
             "of the jitter: uniform up to it, or normal with it as standard deviation")
      .field("reorder", &Impair::reorder, probability(), "that a packet is not delayed")
      .field("reorder_correlation", &Impair::reorder_correlation, probability(),
             "of the random number with the one before")
      .field("gap", &Impair::gap, integer<std::uint32_t>(1, 1'000'000),
             "`reorder` applies to every gap-th packet only");
}

}  // namespace

const Object<GilbertElliott>& loss_model_object() {
  static const auto declared =
      Object<GilbertElliott>("loss_model", "netem's `loss gemodel`: a good and a bad state.")
          .field("p", &GilbertElliott::p, probability(), "from good to bad, per packet", required)
          .field("r", &GilbertElliott::r, probability(), "from bad to good, per packet", required)
          .field("loss_bad", &GilbertElliott::loss_bad, probability(), "in the bad state (tc: 1-h)")
          .field("loss_good", &GilbertElliott::loss_good, probability(),
                 "in the good state (tc: 1-k)");
  return declared;
}

const Object<Impair>& impair_object() {
  static const auto declared =
      impair_delays(
          Object<Impair>("impair",
                         "tc-netem at the sender of a link, in front of its queue. Packets "
                         "inside when it ends leave when they are due.")
              .with(lasting())
              .field("link", &Impair::link, name(longest_name), "which link", required)
              .field("direction", &Impair::direction, direction(), "of the packets")
              .with(selective())
              .with(repeating()))
          .field("duplicate", &Impair::duplicate, probability(), "that a packet is sent twice")
          .field("loss", &Impair::loss, probability(), "per packet, before it is delayed")
          .maybe("loss_model", &Impair::loss_model, object(loss_model_object()),
                 "loss in bursts instead of `loss`")
          .maybe("rate", &Impair::rate_bps, rate(1'000, 1'000'000'000'000),
                 "packets leave one after the other at this rate")
          .field("limit", &Impair::limit, integer<std::uint32_t>(1, 1'000'000'000),
                 "packets inside; more are dropped")
          .field("asks", &Impair::asks, boolean(),
                 "each packet asks a choice point how much longer it is held, whose own answer is "
                 "0: for `choices`, as a search writes them");
  return declared;
}

const Object<KillSockets>& kill_sockets_object() {
  using transport::Side;
  static const auto declared =
      Object<KillSockets>("kill_sockets",
                          "tcp: all sockets of a controller are destroyed at one end, as ss -K "
                          "does. What is in the network still arrives.")
          .field("at", &KillSockets::at, latency(longest_run), "when", required)
          .with(device("of which host"))
          .field("side", &KillSockets::side,
                 choice<Side>({{"host", Side::host}, {"target", Side::target}}), "at which end");
  return declared;
}

const Object<DropCapsule>& drop_capsule_object() {
  using Packets = transport::CapsulePackets;
  static const auto declared =
      Object<DropCapsule>(
          "drop_capsule",
          "tcp, fc: certain commands of a controller are dropped on their way, data "
          "in the capsule included.")
          .field("at", &DropCapsule::at, latency(longest_run), "from when on capsules count",
                 required)
          .with(device("of which host"))
          .field("opcode", &DropCapsule::opcode, opcode(), "which commands")
          .field("admin", &DropCapsule::admin, boolean(),
                 "the opcode is meant as one of the admin queue, e.g. 24 for Keep Alive")
          .field("nth", &DropCapsule::nth, integer<std::uint32_t>(1, 1'000'000'000),
                 "the first one that is dropped")
          .field("count", &DropCapsule::count, integer<std::uint32_t>(1, 1'000'000'000),
                 "how many from there on")
          .field("transmissions", &DropCapsule::transmissions,
                 integer<std::uint32_t>(0, 1'000'000'000),
                 "tcp: how often each packet is dropped; 1: a retransmission gets through; 0: none "
                 "does")
          .field("packets", &DropCapsule::packets,
                 choice<Packets>(
                     {{"all", Packets::all}, {"first", Packets::first}, {"last", Packets::last}}),
                 "tcp: which of the capsule's packets");
  return declared;
}

const Object<PortRemoved>& port_removed_object() {
  static const auto declared =
      Object<PortRemoved>("port_removed",
                          "A subsystem is unlinked from a port, as in nvmet's configfs: its "
                          "controllers there lose their connections, and new ones are refused.")
          .with(lasting())
          .field("subsystem", &PortRemoved::subsystem, name(longest_nqn), "which subsystem",
                 required)
          .field("port", &PortRemoved::port, name(longest_name), "which of its ports", required);
  return declared;
}

const Object<PortRemoved>& target_port_lost_object() {
  static const auto declared =
      Object<PortRemoved>("target_port_lost",
                          "fc: a port of a subsystem is gone, and no host is told: its "
                          "associations end there, and adapters refuse to send anything to it.")
          .with(lasting())
          .field("subsystem", &PortRemoved::subsystem, name(longest_nqn), "which subsystem",
                 required)
          .field("port", &PortRemoved::port, name(longest_name), "which of its ports", required);
  return declared;
}

const Object<DamagePdu>& damage_pdu_object() {
  using transport::Damage;
  using transport::Side;
  static const auto declared =
      Object<DamagePdu>("damage_pdu",
                        "tcp: PDUs of a controller's I/O queues are damaged on their way, behind "
                        "the checksum of TCP; a digest that covers the damage finds it.")
          .field("at", &DamagePdu::at, latency(longest_run), "from when on PDUs count", required)
          .with(device("of which host"))
          .field("sender", &DamagePdu::sender,
                 choice<Side>({{"host", Side::host}, {"target", Side::target}}), "who sends them")
          .field("part", &DamagePdu::part,
                 choice<Damage>({{"header", Damage::header}, {"data", Damage::data}}),
                 "which part of them; `data`: only PDUs with data count")
          .field("nth", &DamagePdu::nth, integer<std::uint32_t>(1, 1'000'000'000),
                 "the first one that is damaged")
          .field("count", &DamagePdu::count, integer<std::uint32_t>(1, 1'000'000'000),
                 "how many from there on");
  return declared;
}

const Object<CrossTraffic>& cross_traffic_object() {
  using Shape = net::TrafficPattern;
  static const auto declared =
      Object<CrossTraffic>("cross_traffic",
                           "Packets of other applications: they take room in queues and on links, "
                           "and vanish on arrival.")
          .field("at", &CrossTraffic::at, latency(longest_run), "when they begin", required)
          .maybe("for", &CrossTraffic::until_after, duration(1ns, longest_run),
                 "how long it lasts; absent: until the end of the run")
          .field("from", &CrossTraffic::from, name(longest_name), "which node sends", required)
          .field("to", &CrossTraffic::to, name(longest_name), "which node receives", required)
          .field("rate", &CrossTraffic::rate_bps, rate(1'000, 1'000'000'000'000),
                 "of these packets, link headers not counted; the mean for `poisson`, in a burst "
                 "for `on_off`")
          .field("packet", &CrossTraffic::packet_bytes, size<std::uint32_t>(64, 65'535),
                 "of each, from the IP header on")
          .field("pattern", &CrossTraffic::pattern,
                 choice<Shape>({{"constant", Shape::constant},
                                {"poisson", Shape::poisson},
                                {"on_off", Shape::on_off}}),
                 "one after the other, at random, or in bursts")
          .maybe("burst", &CrossTraffic::burst, duration(1us, longest_run),
                 "`on_off`: mean length of a burst, exponential")
          .maybe("pause", &CrossTraffic::pause, duration(1us, longest_run),
                 "`on_off`: mean length of a pause, exponential");
  return declared;
}

}  // namespace holdfast::scenario
