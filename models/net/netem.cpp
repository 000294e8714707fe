// SPDX-License-Identifier: Apache-2.0
// What netem_enqueue does with a packet, in its order: duplicate, lose, then delay or reorder. Its
// queue is ordered by the time at which packets are to be sent, so that jitter that is longer than
// the gap between two packets reorders them; here each packet that is held is an event.
#include "models/net/netem.hpp"

#include <algorithm>
#include <cmath>

#include "models/net/internal.hpp"
#include "models/world.hpp"
#include "sim/distributions.hpp"

namespace holdfast::net {

namespace {

/// An Ethernet header is counted by the qdisc, frame check and gap are not (qdisc_pkt_len).
constexpr std::uint32_t ethernet_header_bytes = 14;
constexpr std::uint64_t whole = std::uint64_t{1} << 32;

/// A probability as netem keeps it: 32 bits, all of them set for 1.
std::uint32_t to_scale(double p) {
  HOLDFAST_PACKET_CHECK(p >= 0.0 && p <= 1.0, "that is no probability");
  return static_cast<std::uint32_t>(std::llround(p * static_cast<double>(whole - 1)));
}

bool yes(World& w, sim::ChoiceId choice, double p) {
  return w.choices.yes(choice, sim::bernoulli_threshold(p));
}

/// loss_event. Of the two-state chain the state before the transition decides about the packet
/// (loss_gilb_ell).
bool is_lost(World& w, Netem& n) {
  if (!n.p.bursts)
    return n.p.loss > 0.0 && yes(w, n.loss, n.p.loss);
  const bool bad = n.in_bad_state;
  if (yes(w, n.transition, bad ? n.p.to_good : n.p.to_bad))
    n.in_bad_state = !bad;
  return yes(w, n.loss, bad ? n.p.loss_bad : n.p.loss_good);
}

bool skips_delay(World& w, Netem& n) {
  return n.p.gap != 0 && n.counter >= n.p.gap - 1 &&
         correlated(w, n.reorder) <= to_scale(n.p.reorder);
}

/// When the packet leaves; the past means now.
TimePoint time_to_send(World& w, Netem& n, std::uint32_t bytes) {
  HOLDFAST_PACKET_CHECK(n.held == 0 || n.latest >= w.time(),
                        "a packet is inside that should have left");
  Duration delay = n.p.delay;
  if (n.p.jitter != Duration{})
    delay += jitter_of(n.p.jitter, n.p.distribution, correlated(w, n.delay));
  if (n.p.rate_bps == 0)
    return w.time() + delay;
  // The last packet inside is where the line is free again; waiting for it counts as delay.
  TimePoint from = w.time();
  if (n.held != 0) {
    delay = std::max(Duration{}, delay - (n.latest - from));
    from = n.latest;
  }
  return from + delay + serialisation(n.p.rate_bps, bytes + ethernet_header_bytes);
}

void let_go(World& w, std::uint32_t index, PacketId packet) {
  Netem& n = w.net.netems[index];
  HOLDFAST_PACKET_CHECK(n.held > 0, "a packet leaves that the netem does not count");
  --n.held;
  impair(w, n.channel, packet, index + 1);
}

/// Returns when it leaves this netem or one behind it; now, if none of them holds it.
TimePoint take(World& w, std::uint32_t index, PacketId packet, bool may_duplicate) {
  Netem& n = w.net.netems[index];
  HOLDFAST_PACKET_CHECK(n.on, "a netem that is off takes a packet");
  HOLDFAST_PACKET_CHECK(n.held <= n.p.limit, "more packets are inside than fit");
  TimePoint copy_leaves = w.time();
  bool twice = may_duplicate && n.p.duplicate > 0.0 && yes(w, n.duplicate, n.p.duplicate);
  if (is_lost(w, n)) {
    if (!twice) {
      drop(w, n.channel, packet, Drop::impaired);
      return w.time();
    }
    twice = false;  // one of the two is left
  }
  if (twice) {
    const PacketId copy = w.net.packets.add();
    const Packet original = w.net.packets[packet];
    w.net.packets[copy] = original;
    if (!is_foreign(w, original) && w.net.duplicated != nullptr)
      w.net.duplicated(w, original);
    // It begins anew at the top of the qdisc, and is not duplicated once more.
    copy_leaves = take(w, index, copy, false);
  }
  if (n.held >= n.p.limit) {
    drop(w, n.channel, packet, Drop::queue_full);
    return copy_leaves;
  }
  const auto unless_held = [&](TimePoint leaves) {
    return leaves > w.time() ? leaves : copy_leaves;
  };
  if (skips_delay(w, n)) {
    n.counter = 0;
    return unless_held(impair(w, n.channel, packet, index + 1));
  }
  TimePoint due = time_to_send(w, n, w.net.packets[packet].bytes);
  if (n.p.asks)
    due += w.choices.constant(n.hold, Duration{});
  ++n.counter;
  if (due <= w.time())
    return unless_held(impair(w, n.channel, packet, index + 1));
  n.latest = n.held == 0 ? due : std::max(n.latest, due);
  ++n.held;
  w.calendar.at_for(sim::no_machine, due, [index = sim::Filled(index), packet](World& world) {
    let_go(world, index, packet);
  });
  return due;
}

}  // namespace

std::uint32_t correlated(World& w, CorrelatedDraw& draw) {
  const std::uint64_t fresh = w.choices.pick(draw.choice, whole);
  if (draw.rho == 0)
    return static_cast<std::uint32_t>(fresh);
  if (!draw.primed) {
    draw.primed = true;
    draw.last = static_cast<std::uint32_t>(w.choices.pick(draw.choice, whole));
  }
  const std::uint64_t rho = std::uint64_t{draw.rho} + 1;
  draw.last = static_cast<std::uint32_t>((fresh * (whole - rho) + draw.last * rho) >> 32);
  return draw.last;
}

Duration jitter_of(Duration jitter, JitterShape shape, std::uint32_t random) {
  const std::int64_t sigma = jitter.count();
  HOLDFAST_PACKET_CHECK(sigma > 0 && sigma <= 2'000'000'000,
                        "tabledist counts in 32 bits, and not below 0");
  if (shape == JitterShape::uniform)
    return Duration{static_cast<std::int64_t>(random) % (2 * sigma) - sigma};
  // iproute2's table: 4,096 quantiles of the normal distribution in units of 1/8,192.
  constexpr std::uint32_t places = 4096;
  constexpr std::int64_t unit = 8192;
  const double quantile = (random % places + 0.5) / places;
  const double scaled = sim::inverse_normal(quantile) * unit;
  const auto z = static_cast<std::int64_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
  const std::int64_t product = sigma * z;
  return Duration{(product + (product < 0 ? -unit / 2 : unit / 2)) / unit};
}

std::uint32_t add_netem(World& w, ChannelId channel, const Flows& flows,
                        const NetemParameters& parameters, std::string_view entity) {
  HOLDFAST_CHECK(sim::index(channel) < w.net.channels.size(), "there is no such channel");
  HOLDFAST_CHECK(parameters.delay >= Duration{}, "a netem sends before it was given the packet");
  HOLDFAST_CHECK(parameters.limit > 0, "a netem in which nothing fits lets nothing through");
  Netem n;
  n.channel = channel;
  n.flows = flows;
  n.p = parameters;
  n.delay.choice = w.choices.add(entity, "delay");
  n.delay.rho = to_scale(parameters.delay_correlation);
  n.reorder.choice = w.choices.add(entity, "reorder");
  n.reorder.rho = to_scale(parameters.reorder_correlation);
  n.duplicate = w.choices.add(entity, "duplicate");
  n.loss = w.choices.add(entity, "loss");
  n.transition = w.choices.add(entity, "loss state");
  if (parameters.asks)
    n.hold = w.choices.add(entity, "held");
  w.net.netems.push_back(n);
  return static_cast<std::uint32_t>(w.net.netems.size() - 1);
}

void switch_netem(World& w, std::uint32_t netem, bool on) {
  HOLDFAST_CHECK(netem < w.net.netems.size(), "there is no such netem");
  Netem& n = w.net.netems[netem];
  HOLDFAST_CHECK(n.on != on, "a netem is switched to what it is");
  HOLDFAST_CHECK(on || w.net.channels[sim::index(n.channel)].netems > 0,
                 "the channel does not count a netem that is on");
  n.on = on;
  // As a qdisc that is added: nothing is known of what was before.
  n.counter = 0;
  n.in_bad_state = false;
  n.delay.primed = false;
  n.reorder.primed = false;
  w.net.channels[sim::index(n.channel)].netems += on ? 1u : ~0u;
}

TimePoint impair(World& w, ChannelId id, PacketId packet, std::uint32_t from) {
  HOLDFAST_PACKET_CHECK(from <= w.net.netems.size(), "no netem stands behind the last one");
  for (std::uint32_t i = from; i < w.net.netems.size(); ++i) {
    const Netem& n = w.net.netems[i];
    if (n.on && n.channel == id && strikes(w, n.flows, w.net.packets[packet]))
      return take(w, i, packet, true);
  }
  queue_on_link(w, id, packet);
  return w.time();
}

}  // namespace holdfast::net
