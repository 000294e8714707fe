// SPDX-License-Identifier: Apache-2.0
// TCP's timers: retransmission timeout, tail loss probe and RACK's reordering timer share one, the
// delayed acknowledgement has its own (net/ipv4/tcp_timer.c). Both go through the timer wheel of
// their machine (protocol.md 8, 15.1).
#include <algorithm>
#include <optional>
#include <utility>

#include "models/ahead.hpp"
#include "models/transport/tcp/internal.hpp"
#include "models/world.hpp"
#include "sim/fetch.hpp"

namespace holdfast::tcp {

using transport::CongestionState;
using transport::Pending;
using transport::TcpState;

namespace {

using namespace std::chrono_literals;

// tcp_synack_retries.
constexpr std::uint32_t synack_retries = 5;
// tcp_retries2.
constexpr std::uint32_t retries = 15;
// TCP_TIMEOUT_MIN_US: so that a probe is not sent before its own acknowledgement can be back.
constexpr Duration least_wait = 2ms;

/// How long a silence ends a connection (tcp_model_timeout): what `retries` doublings would take.
Duration longest_silence(const transport::TcpParameters& p) {
  Duration total{};
  Duration step = p.rto_min;
  for (std::uint32_t i = 0; i <= retries; ++i) {
    total += std::min(step, p.rto_max);
    step = std::min(2 * step, 2 * p.rto_max);
  }
  return total;
}

void give_up(World& w, ConnectionId id, Side side) {
  HOLDFAST_CHECK(end_of(w, id, side).timeouts > 0,
                 "a connection is given up that never waited in vain");
  set_state(w, id, side, TcpState::closed);
  if (end_of(w, id, side).held)
    w.transport.handlers.lost(w, id, side, timed_out);
  settle(w, id);
}

void timer_fired(World& w, ConnectionId id, Side side);
void ack_timer_fired(World& w, ConnectionId id, Side side);

/// Most of them fire for nothing, or too early: no more is looked at.
bool fetch_timer(const World& w, ConnectionId id, Side side, unsigned step) {
  if (step == 0)
    sim::fetch_object(w.transport.connections[id].end[at(side)].timer);
  return false;
}

bool fetch_ack_timer(const World& w, ConnectionId id, Side side, unsigned step) {
  const transport::AckState& acks = w.transport.connections[id].end[at(side)].acks;
  if (step != 0)
    return acks.scheduled && ahead::segment(w, id, side, step - 1);
  sim::fetch_object(acks);
  return true;
}

/// A timer of one end of a connection.
template <auto fired, auto fetched>
struct TimerEvent {
  ConnectionId id;
  sim::Filled<Side> side;

  void operator()(World& w) const { fired(w, id, side); }
  bool fetch(const World& w, unsigned step) const { return fetched(w, id, side, step); }
};

auto timer_event(ConnectionId id, Side side) {
  return TimerEvent<timer_fired, fetch_timer>{id, sim::Filled(side)};
}
auto ack_timer_event(ConnectionId id, Side side) {
  return TimerEvent<ack_timer_fired, fetch_ack_timer>{id, sim::Filled(side)};
}

transport::SynLimits syn_limits(const World& w, ConnectionId id) {
  const transport::HostQueueId queue = w.transport.connections[id].host_queue;
  const auto of_host = w.transport.host.syn;
  if (of_host == nullptr || queue == sim::none<transport::HostQueueId>)
    return w.transport.tcp.syn;
  return of_host(w, w.transport.host_queues[queue].owner);
}

/// The host engine's name for the queue on a connection, as long as it knows it; none at the other
/// side.
std::optional<transport::HostOwner> owner_of(const World& w, ConnectionId id, Side side) {
  const transport::HostQueueId queue = w.transport.connections[id].host_queue;
  if (side != Side::host || queue == sim::none<transport::HostQueueId>)
    return std::nullopt;
  return w.transport.host_queues[queue].owner;
}

/// What is left of TCP_USER_TIMEOUT, which counts from the first repetition (retransmits_timed_out,
/// tcp_clamp_rto_to_user_timeout); never less than 0. Empty: it is off.
std::optional<Duration> user_time_left(const World& w, ConnectionId id, Side side) {
  const auto owner = owner_of(w, id, side);
  if (!owner || w.transport.host.user_timeout == nullptr)
    return std::nullopt;
  const Duration limit = w.transport.host.user_timeout(w, *owner);
  const Endpoint& e = w.transport.connections[id].end[at(side)];
  if (limit == Duration{} || e.first_repeat_ms < 0)
    return std::nullopt;
  const std::chrono::milliseconds since{stamp_of(w.now()) - e.first_repeat_ms};
  return std::max<Duration>(limit - since, Duration{});
}

/// tcp_retransmit_timer, in a handshake. True: there is nothing more to do.
bool handshake_timeout(World& w, ConnectionId id, Side side) {
  Endpoint& e = end_of(w, id, side);
  if (e.state == TcpState::syn_sent) {
    if (++e.timeouts >= syn_limits(w, id).attempts) {
      give_up(w, id, side);
      return true;
    }
    ++e.repeated_ever;
    send_segment(w, id, side, 0, 0, syn);
    arm_handshake(w, id, side);
    return true;
  }
  if (e.state == TcpState::syn_received) {
    if (++e.timeouts > synack_retries) {
      give_up(w, id, side);
      return true;
    }
    ++e.repeated_ever;
    send_segment(w, id, side, 0, 0, syn | ack);
    arm_handshake(w, id, side);
    return true;
  }
  return e.state == TcpState::closed;
}

/// tcp_retransmit_timer.
void on_timeout(World& w, ConnectionId id, Side side) {
  const transport::TcpParameters& p = w.transport.tcp;
  Endpoint& e = end_of(w, id, side);
  record<Kind::tcp_timeout>(w, id, side, e.round_trips.timeout, e.unacked);
  if (handshake_timeout(w, id, side) || e.sent.empty())
    return;
  HOLDFAST_PACKET_CHECK(e.sent.front().seq <= e.unacked && e.sent.front().end() > e.unacked,
                        "the oldest segment is the one that is waited for");
  const auto left = user_time_left(w, id, side);
  const bool silent = left ? *left == Duration{} : w.now() - e.silent_since >= longest_silence(p);
  if (e.timeouts != 0 && silent) {
    give_up(w, id, side);
    return;
  }
  if (e.timeouts == 0)
    e.silent_since = e.sent.front().at;
  enter_loss(w, id, side);
  ++e.timeouts;
  retransmit(w, id, side, e.sent.front());
  e.round_trips.timeout = std::min<Duration>(2 * e.round_trips.timeout, p.rto_max);
  const Duration user = user_time_left(w, id, side).value_or(p.rto_max);
  arm(w, id, side, Pending::timeout,
      std::min<Duration>(e.round_trips.timeout, std::max<Duration>(user, 1ms)));
  if (const auto owner = owner_of(w, id, side); owner && w.transport.host.timed_out != nullptr)
    w.transport.host.timed_out(w, *owner, e.timeouts);
}

/// tcp_send_loss_probe: one per episode, a new segment if there is one, else the last one again.
void on_probe(World& w, ConnectionId id, Side side) {
  Endpoint& e = end_of(w, id, side);
  if (e.state != TcpState::established || e.sent.empty())
    return;
  if (e.probe_end == 0) {
    e.probe_repeats = false;
    if (!transmit_probe(w, id, side)) {
      if (!send_again(w, id, side, e.sent.back())) {
        arm_timeout(w, id, side);
        return;
      }
      e.probe_repeats = true;
    }
    e.probe_end = e.next;
    record<Kind::tcp_probe>(w, id, side, e.sent.back().seq);
    e.pending = Pending::nothing;  // the timeout starts afresh
  }
  arm_timeout(w, id, side);
}

/// tcp_rack_reo_timeout.
void on_reordering(World& w, ConnectionId id, Side side) {
  Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(c, side);
  if (e.state != TcpState::established || e.sent.empty())
    return;
  const std::uint32_t outside = in_network(e);
  const std::uint32_t lost = e.lost;
  rack_detect(w, id, side);
  if (in_network(e) != outside) {
    if (e.congestion_state != CongestionState::recovery) {
      enter_recovery(c, side, w.transport.tcp, w.now());
      continue_reduction(e, 1, e.lost - lost, false);
    }
    retransmit_lost(w, id, side);
  }
  if (e.pending != Pending::timeout)
    arm_timeout(w, id, side);
}

void timer_fired(World& w, ConnectionId id, Side side) {
  Endpoint& e = end_of(w, id, side);
  if (!e.timer.is_due(w, timer_event(id, side)))
    return;
  HOLDFAST_PACKET_CHECK(e.pending != Pending::nothing, "the timer is on and waits for nothing");
  const Pending what = std::exchange(e.pending, Pending::nothing);
  switch (what) {
    case Pending::nothing:
      return;
    case Pending::timeout:
      on_timeout(w, id, side);
      return;
    case Pending::probe:
      e.pending = Pending::probe;  // arm_timeout counts from what was sent
      on_probe(w, id, side);
      return;
    case Pending::reordering:
      e.pending = Pending::reordering;
      on_reordering(w, id, side);
      return;
  }
}

/// tcp_delack_timer_handler.
void ack_timer_fired(World& w, ConnectionId id, Side side) {
  Endpoint& e = end_of(w, id, side);
  if (!e.acks.timer.is_due(w, ack_timer_event(id, side)) || !e.acks.scheduled)
    return;
  if (e.acks.pingpong) {
    e.acks.pingpong = false;
    e.acks.delay = ack_delay_min;
  } else {
    e.acks.delay = std::min(2 * e.acks.delay, e.round_trips.timeout);
  }
  send_ack(w, id, side);
}

}  // namespace

void arm(World& w, ConnectionId id, Side side, Pending what, Duration delay) {
  HOLDFAST_PACKET_CHECK(what != Pending::nothing, "stop_timer is there for that");
  HOLDFAST_PACKET_CHECK(delay > Duration{}, "it should have happened already");
  HOLDFAST_PACKET_CHECK(end_of(w, id, side).state != TcpState::closed,
                        "nothing is waited for when it is over");
  const Connection& c = w.transport.connections[id];
  Endpoint& e = end_of(w, id, side);
  e.pending = what;
  const TimePoint deadline =
      sim::fires_at(c.wheel[at(side)], w.now(), std::min<Duration>(delay, w.transport.tcp.rto_max));
  e.timer.set(w, deadline, timer_event(id, side));
}

void arm_handshake(World& w, ConnectionId id, Side side) {
  const transport::TcpParameters& p = w.transport.tcp;
  const Endpoint& e = end_of(w, id, side);
  HOLDFAST_CHECK(e.state == TcpState::syn_sent || e.state == TcpState::syn_received,
                 "the handshake is over");
  // tcp_retransmit_timer lets the first SYNs go at one pace, reqsk_timeout doubles at once.
  const std::uint32_t linear = e.state == TcpState::syn_sent ? syn_limits(w, id).linear : 0;
  arm(w, id, side, Pending::timeout,
      p.rto_initial * (1 << (e.timeouts > linear ? e.timeouts - linear : 0)));
}

void stop_timer(Endpoint& e) {
  e.pending = Pending::nothing;
  e.timer.stop();
}

void arm_timeout(World& w, ConnectionId id, Side side) {
  Endpoint& e = end_of(w, id, side);
  if (e.sent.empty()) {
    stop_timer(e);
    return;
  }
  Duration delay = e.round_trips.timeout;
  if (e.pending == Pending::probe || e.pending == Pending::reordering)
    delay = std::max<Duration>(e.sent.front().at + delay - w.now(), 1us);
  arm(w, id, side, Pending::timeout, delay);
}

bool arm_probe(World& w, ConnectionId id, Side side, bool advances_timeout) {
  const Connection& c = w.transport.connections[id];
  const Endpoint& e = end_of(w, id, side);
  const bool calm =
      e.congestion_state == CongestionState::open || e.congestion_state == CongestionState::reduced;
  if (!w.transport.tcp.tail_loss_probe || e.sent.empty() || !calm)
    return false;
  Duration delay = w.transport.tcp.rto_initial;
  if (e.round_trips.smoothed != Duration{}) {
    // A lone segment may be waiting for a delayed acknowledgement.
    delay = 2 * e.round_trips.smoothed + (e.sent.size() == 1 ? e.rto_min : least_wait);
  }
  const Duration left = advances_timeout ? e.round_trips.timeout
                                         : e.sent.front().at + e.round_trips.timeout - w.now();
  if (left > Duration{})
    delay = std::min(in_ticks(c, side, delay), in_ticks(c, side, left));
  arm(w, id, side, Pending::probe, delay);
  return true;
}

void arm_delayed_ack(World& w, ConnectionId id, Side side, TimePoint deadline) {
  HOLDFAST_PACKET_CHECK(end_of(w, id, side).acks.scheduled, "there is nothing to acknowledge");
  end_of(w, id, side).acks.timer.set(w, deadline, ack_timer_event(id, side));
}

}  // namespace holdfast::tcp
