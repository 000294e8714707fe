// SPDX-License-Identifier: Apache-2.0
// A world in which only the network is in use, on both kernels.
#include "tests/bench/packets.hpp"

#include <cstring>
#include <string>

#include "models/net/fabric.hpp"
#include "models/world.hpp"
#include "sim/simgrid/carrier.hpp"
#include "tests/bench/allocations.hpp"

namespace holdfast::bench {

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t access_rate_bps = 25'000'000'000;
constexpr std::uint64_t trunk_rate_bps = 100'000'000'000;

net::LinkId link(World& w, const std::string& name, net::NodeId a, net::NodeId b,
                 std::uint64_t rate_bps) {
  net::LinkParameters p;
  p.name = name;
  p.ends = {a, b};
  p.rate_bps = rate_bps;
  p.delay = 2us;
  p.queue_bytes = 1u << 30;  // All packets at once fit: one that is dropped would not come back.
  return net::add_link(w, p);
}

/// Routes 2 i (there) and 2 i + 1 (back) join pair i.
void build_fabric(World& w) {
  const net::NodeId leaf0 = net::add_node(w, "leaf0");
  const net::NodeId spine = net::add_node(w, "spine");
  const net::NodeId leaf1 = net::add_node(w, "leaf1");
  const net::LinkId up = link(w, "leaf0-spine", leaf0, spine, trunk_rate_bps);
  const net::LinkId down = link(w, "spine-leaf1", spine, leaf1, trunk_rate_bps);
  for (std::uint32_t i = 0; i < pairs; ++i) {
    const std::string number = std::to_string(i);
    const net::NodeId host = net::add_node(w, "h" + number);
    const net::NodeId target = net::add_node(w, "t" + number);
    const net::LinkId first = link(w, "h" + number + "-leaf0", host, leaf0, access_rate_bps);
    const net::LinkId last = link(w, "leaf1-t" + number, leaf1, target, access_rate_bps);
    net::add_route(w, host, target,
                   {net::channel_of(first, 0), net::channel_of(up, 0), net::channel_of(down, 0),
                    net::channel_of(last, 0)});
    net::add_route(w, target, host,
                   {net::channel_of(last, 1), net::channel_of(down, 1), net::channel_of(up, 1),
                    net::channel_of(first, 1)});
  }
}

void send_back(World& w, const net::Packet& packet) {
  net::PacketBody body = packet.body;
  std::uint64_t trips = 0;
  std::memcpy(&trips, body.bytes.data() + 8, sizeof trips);
  ++trips;
  std::memcpy(body.bytes.data() + 8, &trips, sizeof trips);
  net::send(w, net::RouteId{sim::index(packet.route) ^ 1u}, packet.bytes, body);
}

void never_dropped(World&, const net::Packet&, net::ChannelId, net::Drop) {
  throw std::runtime_error("a packet was dropped");
}

void fire(void* context, std::int64_t time_ns, std::uint64_t sequence, std::uint32_t slot) {
  World& w = *static_cast<World*>(context);
  w.calendar.fire_carried(w, time_ns, sequence, slot);
}

/// `advance(t)` runs the world up to t.
template <class Advance>
Sample watch(World& w, const Load& load, Advance advance) {
  advance(sim::epoch + load.warm_up);
  const std::uint64_t fired = w.calendar.fired();
  const std::uint64_t allocated = allocations();
  const Stopwatch stopwatch;
  advance(sim::epoch + load.warm_up + load.measured);
  Sample sample;
  sample.cpu_s = stopwatch.cpu_s();
  sample.allocations = allocations() - allocated;
  sample.hops = w.calendar.fired() - fired;
  sample.trace_hash = w.trace.hashes().full;
  sample.records = w.trace.records();
  if (w.net.packets.live() != load.in_flight || w.trace.records() != w.calendar.fired())
    throw std::runtime_error("packets were lost, or not every hop is a record");
  return sample;
}

}  // namespace

void build_packets(World& w, std::uint32_t in_flight) {
  build_fabric(w);
  w.net.deliver = send_back;
  w.net.dropped = never_dropped;
  for (std::uint32_t i = 0; i < in_flight; ++i) {
    net::PacketBody body{};
    std::memcpy(body.bytes.data(), &i, sizeof i);
    net::send(w, net::RouteId{i % (2 * pairs)}, bytes_of_packet(i), body);
  }
}

Sample run_native(const Load& load) {
  World w;
  build_packets(w, load.in_flight);
  return watch(w, load, [&](sim::TimePoint t) { w.calendar.run_until(w, t); });
}

Sample run_simgrid(const Load& load) {
  World w;
  simgrid::SimGridCarrier carrier(fire, &w);
  w.calendar.carry_with(&carrier);
  build_packets(w, load.in_flight);
  return watch(w, load, [&](sim::TimePoint t) {
    carrier.run_until(sim::ns(t));
    w.calendar.advance_to(t);
  });
}

}  // namespace holdfast::bench
