// SPDX-License-Identifier: Apache-2.0
// What the tests of RDMA share: a host and a target at the two ends of one link, with engines that
// write down what they are told. The link has 1 Gbps and 1 ms and carries 1,500 bytes, so a full
// RDMA packet has 1,024. On the wire a packet costs 38 bytes (Ethernet) and 44 (IP, UDP, BTH, ICRC)
// besides its data; times are 8 ns a byte.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "models/net/fabric.hpp"
#include "models/transport/queue.hpp"
#include "models/transport/rdma/rdma.hpp"
#include "models/world.hpp"
#include "sim/random.hpp"

namespace holdfast::rdma_test {

using transport::HostQueueId;
using transport::Payload;
using transport::TargetQueueId;

inline constexpr std::int64_t hop = 1'000'000;  // propagation
inline constexpr std::int64_t arp = std::int64_t{8} * (28 + 38);
inline constexpr std::int64_t management = std::int64_t{8} * (44 + 8 + 256 + 38);
inline constexpr std::int64_t ack = std::int64_t{8} * (44 + 4 + 38);
inline constexpr std::int64_t capsule = std::int64_t{8} * (44 + 64 + 38);
inline constexpr std::int64_t answer = std::int64_t{8} * (44 + 16 + 38);
inline constexpr std::int64_t read_request = std::int64_t{8} * (44 + 16 + 38);
inline constexpr std::int64_t full = std::int64_t{8} * (44 + 1024 + 38);
inline constexpr std::int64_t second = 1'000'000'000;
inline constexpr std::int64_t later = 100'000'000;  // well after the set-up
inline constexpr std::int64_t ack_timeout = 4096ll << 17;
inline constexpr std::int64_t cm_timeout = 4'608'000'000;  // 4,096 ms and twice 256 ms

struct Happened {
  std::string what;
  std::int64_t at_ns = 0;
  std::uint64_t value = 0;
  friend bool operator==(const Happened&, const Happened&) = default;
};
inline std::ostream& operator<<(std::ostream& out, const Happened& h) {
  return out << h.what << ' ' << h.at_ns << ' ' << h.value;
}

/// Handlers are plain functions, so what they were told is kept here; new_pair() empties it.
struct Engines {
  std::vector<Happened> log;
  std::set<std::uint16_t> live;  ///< commands whose memory is registered at the host
  bool keeps = false;            ///< also after the completion
  bool closes = false;           ///< the target closes a queue when it is told of its loss
  Payload data{0, sim::none<transport::BlobId>, 77};
  TargetQueueId accepted{};
};
inline Engines engines;

inline void note(World& w, const char* what, std::uint64_t value) {
  engines.log.push_back({what, sim::ns(w.now()), value});
}

inline std::vector<Happened> told(const std::string& what) {
  std::vector<Happened> out;
  std::copy_if(engines.log.begin(), engines.log.end(), std::back_inserter(out),
               [&](const Happened& h) { return h.what == what; });
  return out;
}

inline transport::HostHandlers host_handlers() {
  return {
      [](World& w, transport::HostOwner, int error) { note(w, "ready", std::uint64_t(error)); },
      [](World& w, transport::HostOwner, const wire::Completion& c) {
        if (!engines.keeps)
          engines.live.erase(c.cid);
        note(w, "completed", c.cid);
      },
      [](World& w, transport::HostOwner, std::uint16_t, const Payload& p) {
        note(w, "data", p.bytes);
      },
      [](World&, transport::HostOwner, std::uint16_t cid) -> const Payload* {
        return engines.live.count(cid) != 0 ? &engines.data : nullptr;
      },
      nullptr,  // RDMA takes each command
      [](World& w, transport::HostOwner, int error) { note(w, "failed", std::uint64_t(error)); }};
}

inline transport::TargetHandlers target_handlers() {
  return {[](World& w, TargetQueueId id, transport::PortId) {
            engines.accepted = id;
            note(w, "accepted", 0);
            return transport::TargetOwner{};
          },
          [](World& w, transport::TargetOwner, const wire::Command& c, const Payload&) {
            note(w, "command", c.cid);
          },
          [](World& w, transport::TargetOwner, std::uint16_t, const Payload& p) {
            note(w, "fetched", p.bytes);
          },
          [](World& w, transport::TargetOwner, int error) {
            note(w, "lost", std::uint64_t(error));
            if (engines.closes)
              transport::close_queue(w, engines.accepted);
          },
          [](World& w, transport::TargetOwner, int error) {
            note(w, "broken", std::uint64_t(error));
            if (engines.closes)
              transport::close_queue(w, engines.accepted);
          }};
}

struct Pair {
  World w;
  net::RouteId forward{};
  net::RouteId back{};
  HostQueueId queue{};

  void open() { queue = transport::open_queue(w, forward, back, {}, {}, {}); }
  void run_until(std::int64_t t) {
    w.calendar.run_until(w, sim::TimePoint{std::chrono::nanoseconds{t}});
  }
  /// A command whose data of `bytes` is in the capsule, or is left to be moved.
  void submit(std::uint16_t cid, std::uint32_t bytes = 0, bool in_capsule = true) {
    wire::Command c = wire::make_write(
        0, {1, 0, 8}, in_capsule ? wire::in_capsule_sgl(bytes) : wire::transport_sgl(bytes));
    c.cid = cid;
    engines.live.insert(cid);
    transport::submit(w, queue, c, {bytes, sim::none<transport::BlobId>, cid});
  }
  void respond(std::uint16_t cid, std::uint32_t read_bytes = 0) {
    wire::Completion c;
    c.cid = cid;
    transport::respond(w, engines.accepted, c, {read_bytes, sim::none<transport::BlobId>, 5});
  }
  rdma::QueuePair& pair() { return w.transport.rdma.pairs[rdma::QueuePairId{0}]; }
  void blackhole(bool on) {
    for (const unsigned direction : {0u, 1u}) {
      const auto channel = net::channel_of(net::LinkId{0}, direction);
      on ? net::add_blackhole(w, channel) : net::remove_blackhole(w, channel);
    }
  }
};

inline Pair new_pair(std::uint64_t seed = 1, double loss = 0.0, std::uint32_t mtu = 1500) {
  Pair p;
  engines = Engines{};
  p.w.choices.reseed(seed);
  net::LinkParameters link;
  link.name = "l";
  link.ends = {net::add_node(p.w, "h"), net::add_node(p.w, "t")};
  link.rate_bps = 1'000'000'000;
  link.delay = std::chrono::nanoseconds{hop};
  link.mtu_bytes = mtu;
  link.queue_bytes = 1u << 20;
  link.loss = {loss, loss};
  const net::LinkId id = net::add_link(p.w, link);
  p.forward = net::add_route(p.w, link.ends[0], link.ends[1], {net::channel_of(id, 0)});
  p.back = net::add_route(p.w, link.ends[1], link.ends[0], {net::channel_of(id, 1)});
  transport::install(p.w, transport::TransportKind::rdma, host_handlers(), target_handlers());
  transport::add_port(p.w);
  return p;
}

/// Packets that are lost, by number: forward 0 is the address request, 1 REQ, 2 RTU, 3 the first
/// of the data; backward 0 is the address, 1 REP, 2 the first after the set-up.
struct Losses {
  std::vector<std::uint64_t> forward;
  std::vector<std::uint64_t> back;
};

inline Pair opened(const Losses& losses, std::uint32_t mtu = 1500) {
  Pair p = new_pair(1, 0.0, mtu);
  sim::ChoiceScript script;
  for (const std::uint64_t n : losses.forward)
    script.push_back({sim::hash_name("link l fwd/loss"), n, 1});
  for (const std::uint64_t n : losses.back)
    script.push_back({sim::hash_name("link l back/loss"), n, 1});
  p.w.choices.replay(script);
  p.open();
  return p;
}

/// A pair that is connected, with nothing in flight, at time `later`.
inline Pair connected(const Losses& losses = {}, std::uint32_t mtu = 1500) {
  Pair p = opened(losses, mtu);
  p.run_until(later);
  REQUIRE(told("ready") == std::vector<Happened>{{"ready", 4 * hop + 2 * arp + 2 * management, 0}});
  return p;
}

}  // namespace holdfast::rdma_test
