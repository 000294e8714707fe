// SPDX-License-Identifier: Apache-2.0
// The requester of a queue pair: packets out, acknowledgements and READ responses in, go-back-N,
// and the acknowledgement time-out.
#include <algorithm>

#include "models/transport/rdma/internal.hpp"
#include "models/world.hpp"

namespace holdfast::rdma {

namespace nvme = transport::nvme_rdma;

namespace {

/// Place in `out` of the work request that owns a sequence number.
std::size_t place_of(const End& e, std::uint64_t psn) {
  std::size_t low = 0;
  std::size_t high = e.out.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (e.out[middle].end <= psn) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  HOLDFAST_CHECK(low < e.out.size(), "the number belongs to no message that is out");
  return low;
}

/// The next packet that is due: one of a SEND or WRITE, or a request for what is left of a READ.
Packet next_packet(const End& e, std::uint32_t mtu) {
  const std::size_t place = place_of(e, e.next);
  const Work& work = e.out[place];
  HOLDFAST_PACKET_CHECK(work.first <= e.next && e.next < work.end,
                        "the packet belongs to another message");
  const auto offset = static_cast<std::uint32_t>((e.next - work.first) * mtu);
  Packet p;
  p.psn = e.next;
  p.work = e.out_base + place;
  p.cid = work.cid;
  p.first = e.next == work.first;
  if (work.verb == Verb::read) {
    p.op = Op::read;
    p.value = work.end - e.next;
    p.bytes = work.bytes - offset;
    return p;
  }
  p.op = work.verb == Verb::send ? Op::send : Op::write;
  p.length = static_cast<std::uint16_t>(std::min(mtu, work.bytes - offset));
  p.last = e.next + 1 == work.end;
  // One acknowledgement a message, and on the way often enough that the window never closes.
  p.ack_request = p.last || e.next % read_packets == read_packets - 1;
  return p;
}

void go_back(World& w, QueuePairId id, Side side) {
  End& e = end_of(w, id, side);
  HOLDFAST_PACKET_CHECK(e.unacked <= e.next, "more is acknowledged than was sent");
  e.next = e.unacked;
  e.timer.stop();
  transmit(w, id, side);
}

void on_timeout(World& w, QueuePairId id, Side side) {
  End& e = end_of(w, id, side);
  record<Kind::rdma_timeout>(w, connection_of(id), side, e.retries, e.unacked);
  if (e.state != State::ready) {
    management_timeout(w, id, side);
    return;
  }
  HOLDFAST_PACKET_CHECK(e.unacked < e.next, "nothing is out that could be acknowledged");
  if (e.retries >= w.transport.rdma.parameters.retry_count) {
    break_pair(w, id, side, timed_out);
    return;
  }
  ++e.retries;
  e.gap_seen = false;
  go_back(w, id, side);
}

void timer_fired(World& w, QueuePairId id, Side side);

auto timer_event(QueuePairId id, Side side) {
  return [id, side = sim::Filled(side)](World& world) { timer_fired(world, id, side); };
}

void timer_fired(World& w, QueuePairId id, Side side) {
  if (end_of(w, id, side).timer.is_due(w, timer_event(id, side)))
    on_timeout(w, id, side);
}

/// Everything before `to` has arrived. False: a READ is in the way whose responses have not; they
/// were sent before what told us, so they are lost.
bool advance(World& w, QueuePairId id, Side side, std::uint64_t to) {
  for (;;) {
    End& e = end_of(w, id, side);
    if (e.unacked >= to || e.state != State::ready)
      return true;
    HOLDFAST_PACKET_CHECK(to <= e.posted, "an answer speaks of what was never posted");
    HOLDFAST_PACKET_CHECK(!e.out.empty() && e.out.front().end > e.unacked,
                          "an acknowledged message is kept");
    const Work& work = e.out.front();
    if (work.verb == Verb::read)
      return false;
    e.unacked = std::min(to, work.end);
    e.retries = 0;
    e.gap_seen = false;
    if (e.unacked < work.end)
      return true;
    const Work done = work;
    e.out.pop_front();
    ++e.out_base;
    if (done.payload.blob != sim::none<transport::BlobId>)
      w.transport.blobs.remove(done.payload.blob);
    nvme::acknowledged(w, id, side, done);
  }
}

/// After answers: the clock starts again for what is still out, and the window has moved.
void carry_on(World& w, QueuePairId id, Side side) {
  End& e = end_of(w, id, side);
  e.next = std::max(e.next, e.unacked);
  e.timer.stop();
  if (e.unacked < e.next)
    arm(w, id, side, w.transport.rdma.parameters.ack_timeout);
  transmit(w, id, side);
}

void take_response(World& w, QueuePairId id, Side side, const Packet& p) {
  if (p.psn < end_of(w, id, side).unacked || p.psn >= end_of(w, id, side).posted)
    return;
  const bool clear = advance(w, id, side, p.psn);
  End& e = end_of(w, id, side);
  if (e.state != State::ready)
    return;
  if (!clear) {
    if (e.gap_seen)
      return;
    e.gap_seen = true;
    go_back(w, id, side);
    return;
  }
  e.unacked = p.psn + 1;
  e.retries = 0;
  e.gap_seen = false;
  const Work work = e.out.front();
  HOLDFAST_CHECK(work.verb == Verb::read && work.first <= p.psn && p.psn < work.end,
                 "a response answers a message that is no READ, or another one");
  if (e.unacked == work.end) {
    e.out.pop_front();
    ++e.out_base;
    Work done = work;
    done.payload.version = p.value;
    // What a Compare expects has no room in a packet; it stays as it is while the command is out.
    if (const Payload* source = nvme::read_source(w, id, p.cid))
      done.payload.content = source->content;
    record<Kind::pdu_received>(w, connection_of(id), side, pdu_type(done), done.bytes, done.end,
                               p.value);
    nvme::acknowledged(w, id, side, done);
  }
  if (end_of(w, id, side).state == State::ready)
    carry_on(w, id, side);
}

void take_nak(World& w, QueuePairId id, Side side, bool progress) {
  End& e = end_of(w, id, side);
  HOLDFAST_CHECK(e.state == State::ready, "only a queue pair that works repeats anything");
  if (!progress && e.retries >= w.transport.rdma.parameters.retry_count) {
    break_pair(w, id, side, timed_out);
    return;
  }
  if (!progress)
    ++e.retries;
  go_back(w, id, side);
}

}  // namespace

void arm(World& w, QueuePairId id, Side side, sim::Duration timeout) {
  HOLDFAST_PACKET_CHECK(timeout > sim::Duration{}, "an answer takes time");
  const sim::TimerWheel& wheel = w.transport.rdma.pairs[id].wheel[at(side)];
  arm_until(w, id, side, sim::fires_at(wheel, w.now(), timeout));
}

void arm_until(World& w, QueuePairId id, Side side, sim::TimePoint deadline) {
  end_of(w, id, side).timer.set(w, deadline, timer_event(id, side));
}

void transmit(World& w, QueuePairId id, Side side) {
  const std::uint32_t mtu = w.transport.rdma.pairs[id].mtu;
  End& e = end_of(w, id, side);
  if (e.state != State::ready)
    return;
  const std::uint64_t limit = e.unacked + window_packets;
  HOLDFAST_PACKET_CHECK(e.unacked <= e.next && e.next <= e.posted && e.next <= limit,
                        "the window does not hold what is out");
  while (e.next < e.posted) {
    const Packet p = next_packet(e, mtu);
    const std::uint64_t numbers = p.op == Op::read ? p.value : 1;
    if (e.next + numbers > limit)
      break;
    e.next += numbers;
    send_packet(w, id, side, p);
  }
  if (e.unacked < e.next && !e.timer.is_on())
    arm(w, id, side, w.transport.rdma.parameters.ack_timeout);
}

void take_answer(World& w, QueuePairId id, Side side, const Packet& p) {
  HOLDFAST_PACKET_CHECK(p.op >= Op::response, "that is no answer");
  if (p.op == Op::response) {
    take_response(w, id, side, p);
    return;
  }
  if (p.op == Op::nak_access) {
    break_pair(w, id, side, access_refused);
    return;
  }
  const std::uint64_t before = end_of(w, id, side).unacked;
  const bool clear = advance(w, id, side, p.value);
  End& e = end_of(w, id, side);
  if (e.state != State::ready)
    return;
  const bool progress = e.unacked != before;
  if (p.op == Op::nak_sequence && p.value >= e.unacked) {
    take_nak(w, id, side, progress);
  } else if (!clear && !e.gap_seen) {
    e.gap_seen = true;
    go_back(w, id, side);
  } else if (progress) {
    carry_on(w, id, side);
  }
}

}  // namespace holdfast::rdma
