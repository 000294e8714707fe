// SPDX-License-Identifier: Apache-2.0
// Builds worlds: the fabric through SimGrid's routing, then targets, hosts, applications, faults.
#include "models/scenario/builder/builder.hpp"

#include <algorithm>
#include <set>
#include <span>

#include "models/host/host.hpp"
#include "models/net/fabric.hpp"
#include "models/scenario/builder/internal.hpp"
#include "models/scenario/declaration/presets.hpp"
#include "models/scenario/declaration/ways.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/target/target.hpp"
#include "models/transport/fc/fc.hpp"
#include "models/transport/queue.hpp"
#include "models/transport/rdma/rdma.hpp"
#include "models/workload/workload.hpp"
#include "sim/random.hpp"
#include "sim/simgrid/platform.hpp"

namespace holdfast::scenario {

namespace {

constexpr std::uint64_t lossless_queue_bytes = 1ULL << 40;

void build_links(World& w, const Scenario& s, Names& names) {
  for (const LinkGroup& group : s.fabric.groups)
    names.groups[group.name] = group.links;
  const auto node = [&](const std::string& name) {
    const auto [place, fresh] = names.nodes.try_emplace(name);
    if (fresh)
      place->second = net::add_node(w, name);
    return place->second;
  };
  for (const Link& link : s.fabric.links) {
    net::LinkParameters p;
    p.name = link.name;
    p.ends = {node(link.ends[0]), node(link.ends[1])};
    p.rate_bps = link.rate_bps;
    p.delay = link.delay;
    p.mtu_bytes = link.mtu_bytes;
    p.queue_bytes = link.queue_bytes;
    p.loss = link.loss;
    if (s.fabric.transport == Transport::fc) {
      // A frame waits for credit instead of being dropped.
      p.mtu_bytes = transport::fc::mtu_bytes;
      p.queue_bytes = lossless_queue_bytes;
    }
    names.links[link.name] = net::add_link(w, p);
  }
}

simgrid::Platform platform_of(const World& w, const Names& names) {
  simgrid::Platform platform;
  for (const std::string& name : w.net.nodes)
    platform.nodes.push_back({name, names.ends.count(name) != 0});
  for (std::size_t i = 0; i < w.net.links.size(); ++i) {
    const net::Link& link = w.net.links[i];
    const net::Channel& channel = w.net.channels[2 * i];
    platform.links.push_back({link.name,
                              {sim::index(link.ends[0]), sim::index(link.ends[1])},
                              static_cast<double>(channel.rate_bps),
                              sim::seconds(channel.delay)});
  }
  return platform;
}

std::vector<net::ChannelId> channels_of(const std::vector<simgrid::Hop>& way) {
  std::vector<net::ChannelId> hops;
  for (const simgrid::Hop& hop : way)
    hops.push_back(net::channel_of(net::LinkId{hop.link}, hop.direction));
  return hops;
}

/// Asks SimGrid for the way from every host to every port it connects to, and back.
void build_routes(World& w, const Scenario& s, Names& names, const std::function<void()>& look) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Host& host : s.hosts) {
    for (const Connect& c : host.connect) {
      pairs.emplace_back(host.name, c.port);
      pairs.emplace_back(c.port, host.name);
      for (const std::string& other : where_it_may_move(s, c.port)) {
        pairs.emplace_back(host.name, other);
        pairs.emplace_back(other, host.name);
      }
    }
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  std::vector<std::pair<std::uint32_t, std::uint32_t>> questions;
  for (const auto& [from, to] : pairs) {
    questions.emplace_back(sim::index(names.nodes.at(from)), sim::index(names.nodes.at(to)));
  }
  const auto answers = simgrid::compute_routes(platform_of(w, names), questions, look);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    names.routes[pairs[i]] =
        net::add_route(w, names.nodes.at(pairs[i].first), names.nodes.at(pairs[i].second),
                       channels_of(answers[i]));
  }
}

/// The ticks of a machine.
sim::TimerWheel wheel_of(World& w, const std::string& machine, std::uint32_t hz,
                         const Latency& phase) {
  sim::TimerWheel wheel;
  wheel.hz = hz;
  if (hz != 0)
    wheel.phase = draw(w.choices, w.choices.add(machine, "tick phase"), span_of(phase));
  return wheel;
}

void build_subsystem(World& w, const Subsystem& s, Names& names) {
  target::Profile profile;
  profile.cqt_ms = static_cast<std::uint16_t>(s.attr_cqt / 1ms);
  profile.traffic_based = s.traffic_based_keep_alive;
  profile.kas = s.kas;
  profile.kato_min = s.kato_min;
  profile.cntlid_min = s.attr_cntlid_min;
  profile.cntlid_max = s.attr_cntlid_max;
  profile.qid_max = s.attr_qid_max;
  // A command unit of FC has no room for data: IOCCSZ is 64 bytes.
  const bool rdma = w.transport.kind == transport::TransportKind::rdma;
  const std::uint32_t inline_data = s.inline_data_bytes.value_or(
      rdma ? rdma::default_inline_bytes : target::Profile{}.inline_data_bytes);
  profile.inline_data_bytes = names.in_capsule ? inline_data : 0;
  profile.in_flight = s.in_flight;
  profile.ccrl = s.ccrl;
  profile.ccr = s.ccr_fails             ? target::CcrBehaviour::fails
                : s.ccr_reports_failure ? target::CcrBehaviour::reports_failure
                                        : target::CcrBehaviour::normal;
  profile.ccr_compares_host = s.ccr_compares_host;
  profile.notices_on = s.notices_on;
  profile.ccr_delay = span_of(s.ccr_delay);
  profile.ccr_event_lost = s.ccr_event_lost;
  profile.ana_event_lost = s.ana_event_lost;
  profile.connect_time = s.connect_time;
  profile.teardown_time = s.teardown_time;
  set_keys(profile, s);
  set_array_knobs(profile, s);
  profile.fused_commands = s.fused_commands;
  profile.anatt_s = static_cast<std::uint8_t>(s.anatt / 1s);
  for (std::size_t i = 0; i < s.crdt.size(); ++i)
    profile.crdt[i] = static_cast<std::uint16_t>(s.crdt[i] / 100ms);
  profile.discovery_kato = s.discovery_kato;
  profile.wheel = wheel_of(w, "subsystem " + s.name, s.hz, s.tick_phase);
  profile.clock = clock_rate(s.clock_fast_ppm, s.clock_slow_ppm);
  std::vector<transport::PortId> ports;
  for (const std::string& name : s.ports) {
    const auto [place, fresh] = names.ports.try_emplace(name);
    if (fresh)
      place->second = transport::add_port(w);
    if (s.hz != 0)
      w.transport.ports[sim::index(place->second)].wheel = profile.wheel;
    ports.push_back(place->second);
  }
  const target::SubsystemId id = target::add_subsystem(w, s.name, profile, ports);
  names.subsystems[s.name] = id;
  build_nodes(w, s, id, names);
  for (const Namespace& n : s.namespaces) {
    const DiskId disk = oracle::add_disk(w.oracle, n.size_bytes / n.block_bytes);
    names.disks[{s.name, n.nsid}] = disk;
    target::NamespaceParameters p;
    p.nsid = n.nsid;
    p.ana_group = n.ana_group;
    p.disk = disk;
    p.block_bytes = n.block_bytes;
    p.size_bytes = n.size_bytes;
    p.read = span_of(n.media.read);
    p.write = span_of(n.media.write);
    p.parallel = n.media.parallel;
    p.zone_bytes = n.zoned ? n.zoned->zone_bytes : 0;
    target::add_namespace(w, id, p);
  }
  if (s.reservations_per_node)
    target::split_reservations(w, id);
  for (const AnaGroupState& a : s.ana_states) {
    target::init_ana_state(w, id, {names.ports.at(a.port), a.group, a.state});
  }
}

/// Discovery controllers where a host asks for them. A port has the knobs of the first subsystem
/// that listens there.
void build_discovery(World& w, const Scenario& s, const Names& names) {
  std::set<std::string> asked;
  for (const Host& host : s.hosts) {
    for (const Connect& c : host.connect) {
      if (c.subsystem == discovery_name)
        asked.insert(c.port);
    }
  }
  for (const Subsystem& sub : s.subsystems) {
    std::vector<transport::PortId> ports;
    for (const std::string& port : sub.ports) {
      if (asked.erase(port) != 0)
        ports.push_back(names.ports.at(port));
    }
    const target::SubsystemId id = names.subsystems.at(sub.name);
    if (!ports.empty())
      target::add_discovery(w, id, ports);
  }
}

void build_connections(World& w, const Host& h, Names& names) {
  for (const Connect& c : h.connect) {
    host::ConnectParameters p;
    p.host = names.hosts.at(h.name);
    const bool discovery = c.subsystem == discovery_name;
    p.subnqn = discovery ? std::string(wire::discovery_nqn) : c.subsystem;
    p.port = names.ports.at(c.port);
    p.forward = names.routes.at({h.name, c.port});
    p.back = names.routes.at({c.port, h.name});
    p.at = sim::epoch + c.at;
    p.setup_time = c.setup_time;
    p.admin_queue_time = c.admin_queue_time;
    p.io_queue_time = c.io_queue_time;
    p.io_timeout = h.io_timeout_of(c);
    p.admin_timeout = h.admin_timeout_of(c);
    p.keep_alive_tmo = c.keep_alive_tmo.value_or(discovery ? 0s : 5s);
    p.reconnect_delay = c.reconnect_delay;
    p.ctrl_loss_tmo = c.ctrl_loss_tmo;
    p.dev_loss_tmo = c.dev_loss_tmo;
    p.fast_io_fail_tmo = c.fast_io_fail_tmo;
    p.queue_size = c.queue_size;
    p.nr_io_queues = c.nr_io_queues;
    p.numa_node = c.numa_node;
    p.digests = {.header = c.hdr_digest, .data = c.data_digest};
    p.disable_sqflow = c.disable_sqflow;
    p.tcp_user_timeout = c.tcp_user_timeout.value_or(0s);
    p.rto_min = c.rto_min.value_or(0s);
    p.credentials = credentials_of(c);
    const host::ControllerId id = host::add_controller(w, p);
    names.controllers[{h.name, w.host.controllers[sim::index(id)].name}] = id;
  }
}

void build_host(World& w, const Scenario& s, const Host& h, Names& names) {
  host::Host host;
  host.name = h.name;
  set_machine(host, h, names);
  host.cpus = h.cpus;
  host.iopolicy = h.iopolicy;
  host.path_latency = h.path_latency.value_or(PathLatency{});
  // The host has no use for the preset's name.
  host.policy = static_cast<const host::RecoveryPolicy&>(h.policy);
  host.suspicion = h.suspicion;
  host.max_retries = h.max_retries;
  const bool at_once = h.sockets_close_at_once && s.fabric.transport == Transport::tcp;
  host.close_delay = h.socket_close_delay.value_or(at_once ? 0ms : 8ms);
  host.close_deferred = h.hz != 0 && !h.socket_close_delay && !at_once;
  host.wheel.hz = h.hz;
  host.wheel.phase =
      draw(w.choices, w.choices.add("host " + h.name, "tick phase"), span_of(h.tick_phase));
  host.keep_alive_waits = h.keep_alive_waits;
  host.dnr_ends_reconnects = h.dnr_ends_reconnects;
  host.rdma_parallel_queues = h.rdma_parallel_queues;
  host.delayed_removal = h.delayed_removal;
  host.syn = syn_limits(s.fabric, h);
  host.zero_copy = h.zero_copy;
  host.io_cpu_time = h.io_cpu_time;
  const host::HostId id = host::add_host(w, host);
  names.hosts[h.name] = id;
  if (!h.rdma_drains_queue_pair)
    w.transport.rdma.undrained.push_back(names.nodes.at(h.name));
  for (const Subsystem& sub : s.subsystems) {
    const bool connects = std::any_of(h.connect.begin(), h.connect.end(),
                                      [&](const Connect& c) { return c.subsystem == sub.name; });
    if (!connects)
      continue;
    for (const Namespace& n : sub.namespaces) {
      names.heads[{h.name, sub.name, n.nsid}] =
          host::add_head(w, id, sub.name, n.nsid, names.disks.at({sub.name, n.nsid}));
    }
  }
  build_connections(w, h, names);
}

/// An answer that nobody asks for would be a run that is not the one that was meant.
void check_points(const World& w, const Scenario& s) {
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < w.choices.count(); ++i)
    names.push_back(w.choices.name(sim::ChoiceId{i}));
  for (std::size_t i = 0; i < s.choices->size(); ++i) {
    const std::string& point = (*s.choices)[i].point;
    if (std::find(names.begin(), names.end(), point) != names.end())
      continue;
    throw ScenarioError({s.name, "/choices/" + std::to_string(i) + "/point", in_quotes(point),
                         "a choice point of this scenario", nearest(point, names)});
  }
}

}  // namespace

std::vector<net::LinkId> links_at(const World& w, net::NodeId node) {
  std::vector<net::LinkId> out;
  for (std::uint32_t i = 0; i < w.net.links.size(); ++i) {
    const auto& ends = w.net.links[i].ends;
    if (ends[0] == node || ends[1] == node)
      out.push_back(net::LinkId{i});
  }
  return out;
}

std::vector<net::ChannelId> find_hops(const World& w, const Names& names, const std::string& from,
                                      const std::string& to) {
  // A node with one link, which is all that other applications may use besides hosts and ports,
  // never was on the way of others.
  Names with_both = names;
  with_both.ends.insert({from, to});
  const std::pair<std::uint32_t, std::uint32_t> question{sim::index(names.nodes.at(from)),
                                                         sim::index(names.nodes.at(to))};
  return channels_of(
      simgrid::compute_routes(platform_of(w, with_both), std::span(&question, 1)).front());
}

/// Takes memory for what the scenario has at least, so that nothing is moved while it grows to it.
void reserve(World& w, const Scenario& s) {
  std::size_t controllers = 0, queues = 0;
  for (const Host& h : s.hosts) {
    controllers += h.connect.size();
    for (const Connect& c : h.connect)
      queues += 1 + (c.nr_io_queues == 0 ? h.cpus : c.nr_io_queues);
  }
  w.host.controllers.reserve(controllers);
  w.host.queues.reserve(queues);
  w.target.controllers.reserve(controllers);
  w.target.queues.reserve(queues);
  if (s.fabric.transport == Transport::tcp)
    w.transport.connections.reserve(queues);
}

Names build_named(World& w, const Scenario& s, const std::function<void()>& look) {
  reserve(w, s);
  w.choices.reseed(s.seed);
  if (s.choices)
    w.choices.replay(script_of(*s.choices));
  w.transport.tcp.rto_min = s.fabric.rto_min;
  w.transport.tcp.initial_window_segments = s.fabric.initial_window_segments;
  w.transport.tcp.receive_window_bytes = s.fabric.receive_window_bytes;
  w.transport.tcp.send_buffer_bytes = s.fabric.send_buffer_bytes;
  w.transport.tcp.congestion = s.fabric.congestion_control;
  w.transport.tcp.tail_loss_probe = s.fabric.tail_loss_probe;
  w.transport.tcp.delayed_acks = s.fabric.delayed_acks;
  w.transport.rdma.parameters.ack_timeout = s.fabric.ack_timeout;
  w.transport.rdma.parameters.retry_count = s.fabric.retries_for_ever ? ~0u : s.fabric.retry_count;
  w.transport.rdma.parameters.cm_timeout = s.fabric.cm_timeout;
  w.transport.rdma.parameters.cm_retries = s.fabric.cm_retries;
  w.transport.rdma.parameters.neighbours = s.fabric.neighbours;
  transport::install(w, s.fabric.transport, host::handlers(), target::handlers());
  w.host.io_done = workload::io_done;
  build_reseed(w, s);
  Names names;
  names.in_capsule = s.fabric.transport != Transport::fc;
  build_links(w, s, names);
  names.ends = end_points(s);
  build_routes(w, s, names, look);
  build_machines(w, s, names);
  build_bonds(w, s, names);
  for (const Subsystem& sub : s.subsystems)
    build_subsystem(w, sub, names);
  build_discovery(w, s, names);
  for (const Host& h : s.hosts)
    build_host(w, s, h, names);
  build_workloads(w, s, names);
  build_faults(w, s, names);
  if (s.choices)
    check_points(w, s);
  return names;
}

void build(World& w, const Scenario& s, const std::function<void()>& look) {
  build_named(w, s, look);
}

World build(const Scenario& scenario) {
  World w;
  build(w, scenario);
  return w;
}

void check_choices(const Scenario& scenario) {
  if (scenario.choices && !scenario.choices->empty())
    static_cast<void>(build(scenario));
}

}  // namespace holdfast::scenario
