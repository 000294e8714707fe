// SPDX-License-Identifier: Apache-2.0
// Cross checks of faults of the network and of connections; see check.hpp.
#include <algorithm>

#include "models/scenario/checks/internal.hpp"
#include "models/scenario/declaration/ways.hpp"

namespace holdfast::scenario::check {

void require_tcp(const Scenario& s, const Cursor& where, std::string found) {
  if (s.fabric.transport != Transport::tcp)
    where.fail(std::move(found) + " with another transport", "\"transport\": \"tcp\"");
}

void refuse_fc(const Scenario& s, const Cursor& where, const char* what) {
  if (s.fabric.transport == Transport::fc)
    where.fail(in_quotes(what) + " with \"transport\": \"fc\"",
               "\"transport\": \"tcp\" or \"rdma\": a Fibre Channel fabric keeps frames in order");
}

namespace {

/// Where packets of other applications may begin and end: not at a switch that forwards.
std::vector<std::string> traffic_ends(const Scenario& s, const Ways& ways) {
  auto ends = end_points(s);
  for (const auto& node : ways.nodes()) {
    if (ways.links_at(node) == 1)
      ends.insert(node);
  }
  return {ends.begin(), ends.end()};
}

}  // namespace

const Host& host_named(const Scenario& s, const std::string& name, const Cursor& where) {
  const auto found = std::find_if(s.hosts.begin(), s.hosts.end(),
                                  [&](const Host& one) { return one.name == name; });
  if (found == s.hosts.end())
    require_name(where, name, "a host", names_of(s.hosts));
  return *found;
}

std::size_t device_named(const Host& host, const std::string& device, const Cursor& where) {
  std::vector<std::string> devices;
  for (std::size_t i = 0; i < host.connect.size(); ++i)
    devices.push_back(fmt::format("nvme{}", i));
  require_name(where, device, fmt::format("a connection of {}", in_quotes(host.name)).c_str(),
               devices);
  return static_cast<std::size_t>(std::find(devices.begin(), devices.end(), device) -
                                  devices.begin());
}

void repetition(const Repeating& fault, const Lasting& time, const Cursor& at) {
  const auto& [every, times] = fault;
  const auto& lasts = time.until_after;
  if (times && !every)
    at.at("times").fail("\"times\" without \"every\"", "\"every\" as well");
  if (!every)
    return;
  if (!lasts)
    at.at("every").fail("\"every\" without \"for\"", "\"for\" as well, shorter than \"every\"");
  if (*every <= *lasts)
    at.at("every").fail(format_duration(*every), "longer than \"for\" " + format_duration(*lasts));
}

void selection(const Scenario& s, const Selective& fault, const Cursor& at) {
  const auto& [host, controller, queue] = fault;
  if (!host && !controller && !queue)
    return;
  if (!host || !controller) {
    const char* there = host ? "host" : controller ? "controller" : "queue";
    at.at(there).fail(fmt::format("\"{}\" without \"{}\"", there, host ? "controller" : "host"),
                      "\"host\" and \"controller\" together");
  }
  require_tcp(s, at.at("controller"), "packets of one controller");
  const Host& h = host_named(s, *host, at.at("host"));
  const Connect& connect = h.connect[device_named(h, *controller, at.at("controller"))];
  const bool discovery = connect.subsystem == discovery_name;
  const std::uint32_t wanted =
      connect.nr_io_queues == 0 ? h.cpus : std::min(connect.nr_io_queues, h.cpus);
  const std::uint32_t most = discovery ? 0 : wanted;
  if (queue && *queue > most)
    at.at("queue").fail(fmt::format("queue {}", *queue),
                        fmt::format("a queue of {}, 0 to {}", in_quotes(*controller), most));
}

void network_fault(const Scenario& s, const Impair& fault, const Cursor& at) {
  refuse_fc(s, at.at("type"), "impair");
  if (fault.jitter == 0s &&
      (fault.delay_correlation > 0.0 || fault.distribution != net::JitterShape::uniform)) {
    at.at(fault.delay_correlation > 0.0 ? "delay_correlation" : "distribution")
        .fail("no \"jitter\" to shape", "\"jitter\" as well");
  }
  // tc refuses the same: a packet cannot overtake packets that are not delayed.
  if (fault.reorder > 0.0 && fault.delay == 0s)
    at.at("reorder").fail("\"reorder\" without \"delay\"", "\"delay\" as well");
  if (fault.reorder == 0.0 && (fault.reorder_correlation > 0.0 || fault.gap != Impair{}.gap)) {
    at.at(fault.gap != Impair{}.gap ? "gap" : "reorder_correlation")
        .fail("no \"reorder\" to shape", "\"reorder\" as well");
  }
  if (fault.loss > 0.0 && fault.loss_model)
    at.at("loss_model").fail("\"loss\" and \"loss_model\"", "one of the two");
}

void network_fault(const Scenario& s, const KillSockets& fault, const Cursor& at) {
  require_tcp(s, at.at("type"), "\"kill_sockets\"");
  device_named(host_named(s, fault.host, at.at("host")), fault.controller, at.at("controller"));
}

void network_fault(const Scenario& s, const DropCapsule& fault, const Cursor& at) {
  if (s.fabric.transport == Transport::rdma)
    at.at("type").fail("\"drop_capsule\" with \"transport\": \"rdma\"",
                       "\"transport\": \"tcp\" or \"fc\"");
  if (s.fabric.transport == Transport::fc && (fault.transmissions != DropCapsule{}.transmissions ||
                                              fault.packets != DropCapsule{}.packets)) {
    at.at(fault.packets != DropCapsule{}.packets ? "packets" : "transmissions")
        .fail("a key of another transport", "\"transport\": \"tcp\"");
  }
  device_named(host_named(s, fault.host, at.at("host")), fault.controller, at.at("controller"));
}

void network_fault(const Scenario& s, const DamagePdu& fault, const Cursor& at) {
  require_tcp(s, at.at("type"), "\"damage_pdu\"");
  const Host& host = host_named(s, fault.host, at.at("host"));
  const Connect& connect = host.connect[device_named(host, fault.controller, at.at("controller"))];
  const bool header = fault.part == transport::Damage::header;
  // Nothing would notice it, and data is not there as bytes that could be wrong.
  if (!(header ? connect.hdr_digest : connect.data_digest)) {
    const char* key = header ? "hdr_digest" : "data_digest";
    at.at("controller")
        .fail(fmt::format("{} without \"{}\"", in_quotes(fault.controller), key),
              fmt::format("a connection with \"{}\": true", key));
  }
  // The tag of the record would not fit, which ends the connection before a digest is looked at.
  if (connect.tls)
    at.at("controller")
        .fail(fmt::format("{} with \"tls\"", in_quotes(fault.controller)),
              "a connection without: TLS finds what is damaged before a digest does");
}

void network_fault(const Scenario& s, const PortRemoved& fault, const Cursor& at) {
  if (fault.refuses && s.fabric.transport != Transport::fc)
    at.at("type").fail("\"target_port_lost\" with another transport", "\"transport\": \"fc\"");
  const auto& subsystem = subsystem_named(s, fault.subsystem, at.at("subsystem"));
  require_name(at.at("port"), fault.port,
               fmt::format("a port of {}", in_quotes(subsystem.name)).c_str(), subsystem.ports);
}

void network_fault(const Scenario& s, const CrossTraffic& fault, const Cursor& at) {
  refuse_fc(s, at.at("type"), "cross_traffic");
  const Ways ways(s);
  const auto ends = traffic_ends(s, ways);
  const char* what = "a host, a port of a subsystem, or a node with one link";
  require_name(at.at("from"), fault.from, what, ends);
  require_name(at.at("to"), fault.to, what, ends);
  if (fault.from == fault.to)
    at.at("to").fail(in_quotes(fault.to) + " again", "another node than \"from\"");
  if (!ways.lead(fault.from, fault.to))
    at.at("to").fail(
        fmt::format("no path from {} to {}", in_quotes(fault.from), in_quotes(fault.to)),
        "a node that links and switches connect to \"from\"");
  std::uint32_t mtu = ~0u;
  for (const auto& link : s.fabric.links)
    mtu = std::min(mtu, link.mtu_bytes);
  if (fault.packet_bytes > mtu)
    at.at("packet").fail(format_size(fault.packet_bytes),
                         fmt::format("at most {} bytes, the smallest mtu of the links", mtu));
  const bool bursts = fault.pattern == net::TrafficPattern::on_off;
  if (bursts && (!fault.burst || !fault.pause))
    at.at("pattern").fail("\"on_off\" without \"burst\" and \"pause\"", "both of them");
  if (!bursts && (fault.burst || fault.pause))
    at.at(fault.burst ? "burst" : "pause")
        .fail("a key of another pattern", "\"pattern\": \"on_off\"");
}

}  // namespace holdfast::scenario::check
