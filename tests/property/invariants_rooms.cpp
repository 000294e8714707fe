// SPDX-License-Identifier: Apache-2.0
#include "tests/property/invariants_rooms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <set>
#include <vector>

namespace holdfast::sim {

std::string CalendarCheck::broken(const World& w) {
  try {
    w.calendar.check_invariants();
  } catch (const std::exception& error) {
    return std::string("calendar: ") + error.what();
  }
  return {};
}

std::size_t CalendarCheck::items(const World& w, LaneId lane) {
  return w.calendar.lanes_[static_cast<std::uint32_t>(lane)].items.size();
}

}  // namespace holdfast::sim

namespace holdfast::invariants {

namespace {

using transport::Side;

std::string broken_sender(const transport::Endpoint& e, const transport::Endpoint& peer) {
  std::uint64_t next = e.sent.empty() ? e.next : e.sent.front().seq;
  std::uint32_t sacked = 0, lost = 0, repeated = 0;
  for (std::size_t i = 0; i < e.sent.size(); ++i) {
    const transport::Sent& s = e.sent[i];
    if (s.seq != next)
      return fmt::format("a gap between what is out, at {}", next);
    next = s.end();
    sacked += s.sacked ? 1 : 0;
    lost += s.lost ? 1 : 0;
    repeated += s.repeated ? 1 : 0;
  }
  if (next != e.next || e.unacked > e.next)
    return fmt::format("{} sent, {} kept, {} acknowledged", e.next, next, e.unacked);
  if (sacked != e.sacked || lost != e.lost || repeated != e.repeated)
    return fmt::format("{}, {}, {} segments are sacked, lost, repeated; {}, {}, {} are counted",
                       sacked, lost, repeated, e.sacked, e.lost, e.repeated);
  if (peer.state == transport::TcpState::established &&
      (e.unacked > peer.expected || peer.expected > e.next)) {
    return fmt::format("{} to {} out, the peer has {}", e.unacked, e.next, peer.expected);
  }
  return {};
}

/// Also counts the packets that connections have in the network.
std::string broken_tcp(const World& w, std::size_t& packets) {
  const auto& connections = w.transport.connections;
  for (auto place = connections.begin(); place != connections.end(); ++place) {
    const transport::Connection& c = *place;
    for (const std::size_t side : {0u, 1u}) {
      const transport::Endpoint& e = c.end[side];
      packets += e.packets_in_flight;
      if (e.state != transport::TcpState::established)
        continue;
      if (const std::string wrong = broken_sender(e, c.end[1 - side]); !wrong.empty())
        return fmt::format("tcp: connection {}, side {}: {}", sim::index(place.id()), side, wrong);
    }
  }
  return {};
}

std::string broken_rdma(const World& w, std::size_t& packets) {
  const auto& pairs = w.transport.rdma.pairs;
  for (auto place = pairs.begin(); place != pairs.end(); ++place) {
    const rdma::QueuePair& q = *place;
    for (const std::size_t side : {0u, 1u}) {
      const rdma::End& e = q.end[side];
      packets += e.packets_in_flight;
      if (e.state != rdma::State::ready)
        continue;
      std::uint64_t next = e.out.empty() ? e.posted : e.out.front().first;
      for (std::size_t n = 0; n < e.out.size(); ++n)
        next = e.out[n].first == next ? e.out[n].end : ~std::uint64_t{0};
      const std::uint64_t first = e.out.empty() ? e.posted : e.out.front().first;
      if (next != e.posted || e.unacked < first || e.unacked > e.next || e.next > e.posted)
        return fmt::format("rdma: pair {}, side {}: {} acknowledged, {} sent, {} posted, {} kept",
                           sim::index(place.id()), side, e.unacked, e.next, e.posted, next);
    }
  }
  return {};
}

std::string broken_fc(const World& w, std::size_t& packets) {
  const auto& fc = w.transport.fc;
  std::vector<std::uint32_t> exchanges(fc.connections.size());
  for (const auto& x : fc.exchanges) {
    packets += x.frames;
    if (!fc.connections.contains(x.connection))
      return "fc: an exchange of a connection that is gone";
    ++exchanges[sim::index(x.connection)];
  }
  for (auto c = fc.connections.begin(); c != fc.connections.end(); ++c) {
    const std::uint32_t place = sim::index(c.id());
    if (c->exchanges != exchanges[place])
      return fmt::format("fc: connection {} counts {} exchanges of {}", place, c->exchanges,
                         exchanges[place]);
  }
  return {};
}

}  // namespace

std::string broken_transport(const World& w) {
  std::size_t packets = 0;
  for (const auto room : {broken_tcp, broken_rdma, broken_fc}) {
    if (std::string wrong = room(w, packets); !wrong.empty())
      return wrong;
  }
  // In the network, or in front of a machine that stands still. The packets of other applications
  // have no sender among the transports.
  const std::size_t all = w.net.packets.live() + w.net.waiting.size();
  if (w.net.traffic.empty() ? packets != all : packets > all)
    return fmt::format("net: {} packets, their senders know of {}", all, packets);
  return {};
}

namespace {

using target::RequestId;

std::string broken_target_queue(const World& w, target::QueueId id, std::size_t& waiting) {
  const target::Queue& q = w.target.queues[id];
  std::uint32_t executing = 0;
  for (const target::Request& r : w.target.requests)
    executing += r.executing && !r.detached && r.queue == id ? 1 : 0;
  const auto listed = sim::members<&target::Request::of_queue>(w.target.requests, q.executes);
  const bool all_its_own = std::all_of(listed.begin(), listed.end(), [&](RequestId r) {
    return w.target.requests[r].executing && w.target.requests[r].queue == id;
  });
  if (executing != q.executing || listed.size() != executing || !all_its_own)
    return fmt::format("target: queue {} counts {} commands of {}", sim::index(id), q.executing,
                       executing);
  for (RequestId r = q.first_waiting; r != sim::none<RequestId>;
       r = w.target.requests[r].next_waiting) {
    if (w.target.requests[r].executing || w.target.requests[r].queue != id ||
        ++waiting > w.target.requests.size())
      return fmt::format("target: queue {} waits for what is not its own", sim::index(id));
  }
  if (w.transport.target_queues[q.transport].owner !=
      transport::TargetOwner{static_cast<std::uint64_t>(id)})
    return fmt::format("target: queue {} is carried by another's transport", sim::index(id));
  if (q.controller == sim::none<target::ControllerId>)
    return {};
  const auto& queues = w.target.controllers[q.controller].queues;
  if (std::count(queues.begin(), queues.end(), id) != 1)
    return fmt::format("target: queue {} is not one of its controller's", sim::index(id));
  return {};
}

std::string broken_subsystem(const World& w, std::uint32_t index) {
  const target::Subsystem& s = w.target.subsystems[index];
  std::set<std::uint16_t> known;
  for (const target::ControllerId id : s.controllers) {
    if (!w.target.controllers.contains(id))
      return fmt::format("target: {} lists a controller that is gone", w.target.nqns[index]);
    const target::Controller& c = w.target.controllers[id];
    if (!known.insert(c.cntlid).second || sim::index(c.subsystem) != index)
      return fmt::format("target: {} lists controller {} twice, or another's", w.target.nqns[index],
                         c.cntlid);
    for (const target::QueueId q : c.queues) {
      if (!w.target.queues.contains(q) || w.target.queues[q].controller != id)
        return fmt::format("target: controller {} has a queue that is not its own", c.cntlid);
    }
  }
  return {};
}

}  // namespace

std::string broken_target(const World& w) {
  std::size_t controllers = 0, waiting = 0, executing = 0;
  for (std::uint32_t i = 0; i < w.target.subsystems.size(); ++i) {
    if (std::string wrong = broken_subsystem(w, i); !wrong.empty())
      return wrong;
    controllers += w.target.subsystems[i].controllers.size();
  }
  if (controllers != w.target.controllers.live())
    return fmt::format("target: {} controllers, {} listed", w.target.controllers.live(),
                       controllers);
  for (auto q = w.target.queues.begin(); q != w.target.queues.end(); ++q) {
    if (std::string wrong = broken_target_queue(w, q.id(), waiting); !wrong.empty())
      return wrong;
  }
  // The first half of a fused pair goes with the second, which executes for both.
  for (const target::Request& r : w.target.requests) {
    if (r.executing)
      executing += r.partner != sim::none<RequestId> ? 2 : 1;
  }
  if (executing + waiting != w.target.requests.live())
    return fmt::format("target: {} commands, {} execute and {} wait", w.target.requests.live(),
                       executing, waiting);
  return {};
}

}  // namespace holdfast::invariants
