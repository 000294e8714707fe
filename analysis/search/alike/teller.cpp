// SPDX-License-Identifier: Apache-2.0
// How the rooms are told; see teller.hpp.
#include "analysis/search/alike/teller.hpp"

#include <algorithm>
#include <cstddef>

#include "sim/check.hpp"

namespace holdfast::analysis::search::alike {

Teller::Teller(const World& w, const World& base, sim::TimePoint end, Scratch& scratch)
    : w_(w),
      base_(base),
      scratch_(scratch),
      out_(scratch.bytes),
      now_(w.time()),
      pending_(scratch.pending),
      rank_of_slot_(scratch.rank_of_slot) {
  pending_.clear();
  rank_of_slot_.clear();
  w.calendar.for_each_pending([&](const sim::PendingEvent& event) {
    if (event.payload != nullptr && rank_of_slot_.size() <= event.slot)
      rank_of_slot_.resize(std::size_t{event.slot} + 1, no_event);
    if (event.time_ns <= sim::ns(end) || event.payload == nullptr)
      pending_.push_back(event);
  });
  std::sort(pending_.begin(), pending_.end(), [](const auto& a, const auto& b) {
    return a.time_ns != b.time_ns ? a.time_ns < b.time_ns : a.sequence < b.sequence;
  });
  for (std::uint32_t rank = 0; rank < pending_.size(); ++rank) {
    if (pending_[rank].payload != nullptr)
      rank_of_slot_[pending_[rank].slot] = rank;
  }
}

std::span<const std::byte> Teller::finish() {
  put(absolute_);
  if (absolute_)
    put(sim::ns(now_));
  return std::span(out_).first(unnamed_ ? 0 : size_);
}

/// Left out: slots and sequence numbers, which only name and order what is pending, the order of
/// free slots, how many events have fired, and those that come after the end of the run.
void Teller::tell_calendar() {
  put(static_cast<std::uint32_t>(pending_.size()));
  for (const sim::PendingEvent& event : pending_) {
    put(event.time_ns - sim::ns(now_));
    if (event.payload == nullptr) {
      put(no_event);
      put(event.owner);
      tell_packet(w_.net.packets[w_.net.packets.id_at(event.item)]);
      continue;
    }
    const sim::EventTraits& kind = sim::event_kinds().at(event.call);
    unnamed_ = unnamed_ || !kind.is_plain;
    put(kind.number);
    put(event.machine);
    put_bytes(event.payload, kind.bytes);
  }
}

/// Left out: how many choices a point has made, unless that decides which dice it throws. A script
/// says "no" to what it does not mention, so points that answer yes or no throw none.
void Teller::tell_choices(const std::vector<sim::ChoiceId>& thrown) {
  const sim::Choices& c = w_.choices;
  put(c.seed());
  put(c.is_scripted());
  if (!c.is_scripted()) {
    for (std::uint32_t i = 0; i < c.count(); ++i)
      put(c.made(sim::ChoiceId{i}));
    return;
  }
  for (const sim::ChoiceId id : thrown)
    put(c.made(id));
  c.for_each_open_answer([this](sim::ChoiceId id, std::uint64_t ahead, std::int64_t value) {
    put(id);
    put(ahead);
    put(value);
  });
}

void Teller::tell_packet(const net::Packet& packet) {
  put(packet.route);
  put(packet.hop);
  put(packet.bytes);
  net::PacketBody body = packet.body;
  if (w_.transport.kind == transport::TransportKind::fc) {
    // Frame::stamp_ns, which only records tell.
    constexpr std::size_t stamp = 24;
    std::memset(body.bytes.data() + stamp, 0, sizeof(std::int64_t));
  }
  put_bytes(body.bytes.data(), body.bytes.size());
}

/// Left out of packets: their places, which only their lane knows. What is held elsewhere is told
/// with its place. Left out of channels: counts, a memo, and when one became free.
void Teller::tell_fabric() {
  const auto& [nodes, links, hops, routes, channels, packets, deliver, dropped, expect, duplicated,
               flow_of, intercept, losses, netems, flow_filters, traffic, waiting, bonds] = w_.net;
  tell_table(nodes, base_.net.nodes);
  tell_table(links, base_.net.links);
  tell_table(hops, base_.net.hops);
  tell_table(routes, base_.net.routes);
  for (const net::Channel& one : channels) {
    const auto& [rate, delay, backlog, busy, loss, choice, lane, holes, outages, emulators, filters,
                 memo, count, lost] = one;
    put(rate);
    tell(delay);
    tell(backlog);
    tell(std::max(busy, now_));
    put(loss);
    put(holes);
    put(outages);
    put(emulators);
    put(filters);
  }
  std::vector<char>& in_lane = scratch_.in_lane;
  in_lane.assign(packets.size(), 0);
  for (const sim::PendingEvent& event : pending_) {
    if (event.payload == nullptr)
      in_lane[event.item] = 1;
  }
  for (auto at = packets.begin(); at != packets.end(); ++at) {
    if (in_lane[sim::index(at.id())] != 0)
      continue;
    put(sim::index(at.id()));
    tell_packet(*at);
  }
  tell(losses);
  tell(netems);
  tell(flow_filters);
  tell(traffic);
  put(waiting.size());
  for (const net::Waiting& one : waiting) {
    put(one.machine);
    tell_packet(one.packet);
  }
  tell(bonds);
}

void Teller::tell_hosts() {
  const auto& [hosts, processor_free, nqns, hooks, controllers, watches, blocked, down, missed,
               queues, heads, requests, ios, next_serial, last_listed, removed, buffers, done] =
      w_.host;
  tell_table(hosts, base_.host.hosts);
  tell_table(nqns, base_.host.nqns);
  for (const host::Host& host : hosts)
    tell(host.wheel);
  for (const sim::TimePoint& at : processor_free)
    tell(std::max(at, now_));
  tell(controllers);
  tell(watches);
  tell(blocked);
  tell(down);
  tell(missed);
  tell(queues);
  tell(heads);
  tell(requests);
  tell(ios);
  put(next_serial);
  put(last_listed);
  tell(buffers);
}

/// Ticks are counted from the beginning.
void Teller::tell_as(const sim::TimerWheel& wheel) {
  put(wheel.hz);
  tell(wheel.phase);
  absolute_ = absolute_ || !wheel.is_exact();
}

/// What a clock shows is counted from the beginning, too.
void Teller::tell_as(const sim::ClockRate& rate) {
  put(rate.takes(sim::Duration{sim::ClockRate::million}).count());
  absolute_ = absolute_ || !rate.is_right();
}

/// It looks at multiples of its interval.
void Teller::tell_as(const net::Bond& bond) {
  tell_fields(bond);
  absolute_ = true;
}

/// Left out: the place of bytes. A name that is over, of bytes that were given back, says nothing.
void Teller::tell_as(const transport::Payload& payload) {
  put(payload.bytes);
  put(payload.version);
  put(payload.content);
  put(payload.buffer);
  const bool none = payload.blob == sim::none<transport::BlobId>;
  const bool there = !none && w_.transport.blobs.contains(payload.blob);
  put(static_cast<std::uint8_t>(none ? 0 : there ? 2 : 1));
  if (there) {
    const auto bytes = w_.transport.blobs[payload.blob];
    put_bytes(bytes.data(), bytes.size());
  }
}

void Teller::tell_as(const std::shared_ptr<const target::Profile>& one) {
  const auto& subsystems = base_.target.subsystems;
  std::size_t place = 0;
  while (place < subsystems.size() && subsystems[place].profile != one)
    ++place;
  put(place);
  if (place == subsystems.size())
    tell(*one);
}

/// TCP's time stamps are milliseconds since the beginning.
void Teller::tell_as(const transport::Connection& connection) {
  tell_fields(connection);
  absolute_ = true;
}

void Teller::tell_as(const transport::Endpoint& end) {
  tell(static_cast<const transport::EndpointNumbers&>(end));
  tell(end.out);
  tell(end.sent);
  tell(end.waiting);
  tell(end.ahead);
}

void Teller::write_connection(std::byte* at, transport::ConnectionId id) {
  switch (w_.transport.kind) {
    case transport::TransportKind::rdma:
      write_name(at, w_.transport.rdma.pairs, rdma::QueuePairId{static_cast<std::uint64_t>(id)});
      return;
    case transport::TransportKind::fc:
      write_name(at, w_.transport.fc.connections, id);
      return;
    case transport::TransportKind::tcp:
      break;
  }
  write_name(at, w_.transport.connections, id);
}

/// Left out: content that was overwritten, and when it was; nobody reads it again.
void Teller::tell_as(const target::Namespace& ns) {
  const auto& [subsystem, nsid, ana_group, disk, block_bytes, blocks, read, write, read_choice,
               write_choice, busy_until, latest, history, zone_blocks, written, reservation, copies,
               commands, reservation_choice] = ns;
  put(subsystem);
  put(ana_group);
  tell(read);
  tell(write);
  for (const sim::TimePoint& at : busy_until)
    tell(std::max(at, now_));
  latest.for_each_written([&](std::size_t lba, const target::Latest& one) {
    if (one.place == 0)
      return;
    put(lba);
    put(one.version);
    put(ns.history[one.place - 1].zeroes);
  });
  put(~std::uint64_t{0});
  tell(written);
  tell(reservation);
  tell(copies);
  tell(commands);
}

/// Left out: what it does, which stays as the scenario says it; and, unless it strikes again, when
/// it does, for which events are pending.
void Teller::tell_as(const fault::Fault& fault) {
  const auto& [at, until, every, times, struck, what] = fault;
  if (every != Duration{}) {
    tell(at);
    tell(until);
  }
  put(times);
  put(struck);
}

namespace {

/// Instants of the oracle by their order: it only asks which of two was earlier. Whatever is still
/// to come is not earlier than now, which is among them.
class Order {
 public:
  Order(sim::TimePoint now, std::vector<sim::TimePoint>& scratch) : at_(scratch) {
    at_.assign(1, now);
  }
  void add(sim::TimePoint at) { at_.push_back(at); }
  void sort() {
    std::sort(at_.begin(), at_.end());
    at_.erase(std::unique(at_.begin(), at_.end()), at_.end());
  }
  [[nodiscard]] std::uint32_t rank(sim::TimePoint at) const {
    if (at == sim::never)
      return ~std::uint32_t{0};
    return static_cast<std::uint32_t>(std::lower_bound(at_.begin(), at_.end(), at) - at_.begin());
  }

 private:
  std::vector<sim::TimePoint>& at_;
};

bool is_untouched(const oracle::Block& b) {
  return b.newest_serial == 0 && b.content_serial == 0 && b.newest_applied == sim::never &&
         b.newest_acknowledged == sim::never;
}

}  // namespace

/// Left out: counts and incidents (of a search for corruption, that ends with the first), and
/// exposure of intervals that are over, of which the longest is told if it is looked for.
void Teller::tell_oracle(Objective objective) {
  const auto& [operations, disks, attempts, sent_on, abandoned, known_before, counts, exposure,
               incidents] = w_.oracle;
  Order order(now_, scratch_.instants);
  for (std::size_t i = 0; i < operations.size(); ++i) {
    order.add(operations[i].submitted);
    order.add(operations[i].completed);
    order.add(operations[i].newest_known);
  }
  for (std::size_t i = 0; i < known_before.size(); ++i)
    order.add(known_before[i]);
  auto& touched = scratch_.touched;
  touched.clear();
  for (std::size_t i = 0; i < disks.size(); ++i) {
    disks[i].for_each_written([&](std::size_t lba, const oracle::Block& b) {
      if (is_untouched(b))
        return;
      touched.emplace_back(std::uint64_t{i} << 48 | lba, &b);
      order.add(b.newest_applied);
      order.add(b.newest_acknowledged);
    });
  }
  order.sort();
  put(operations.size());
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const auto& [submitted, completed, lba, version, newest_known, blocks, disk, job, status, kind,
                 stale, effect, first_attempt, stale_attempt] = operations[i];
    put(order.rank(submitted));
    put(order.rank(completed));
    put(order.rank(newest_known));
    put(lba);
    put(version);
    put(blocks);
    put(disk);
    put(job);
    put(status);
    put(kind);
    put(effect);
    tell(first_attempt);
    if (objective != Objective::corruption)
      put(stale_attempt);
    if (objective == Objective::stall) {
      tell(submitted);
      tell(completed);
    }
  }
  for (std::size_t i = 0; i < known_before.size(); ++i)
    put(order.rank(known_before[i]));
  put(touched.size());
  for (const auto& [place, block] : touched) {
    put(place);
    put(order.rank(block->newest_applied));
    put(block->newest_serial);
    put(block->content_serial);
    put(order.rank(block->newest_acknowledged));
  }
  tell_attempts(objective);
}

void Teller::tell_attempts(Objective objective) {
  const oracle::Oracle& o = w_.oracle;
  put(static_cast<std::uint32_t>(o.attempts.live()));
  for (auto at = o.attempts.begin(); at != o.attempts.end(); ++at) {
    const auto& [token, controller, connection, cntlid, fetched, detached, stale_sample, fate, sent,
                 abandoned, released, settled, next, on_connection, in_abandoned] = *at;
    put(sim::index(at.id()));
    put(token);
    put(controller);
    tell(connection);
    put(cntlid);
    put(fetched);
    put(detached);
    put(stale_sample);
    put(fate);
    // How long intervals are matters to exposure only, to the rest whether they have begun.
    for (const sim::TimePoint& instant : {sent, abandoned, released, settled}) {
      if (objective == Objective::exposure)
        tell(instant);
      else
        put(instant == sim::never);
    }
    tell(next);
    tell(on_connection);
    tell(in_abandoned);
  }
  o.attempts.for_each_free([this](std::uint32_t place) { put(place); });
  tell(o.sent_on);
  tell(o.abandoned);
}

}  // namespace holdfast::analysis::search::alike
