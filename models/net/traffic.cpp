// SPDX-License-Identifier: Apache-2.0
// Sources of cross traffic: at a constant pace, as a Poisson process, or in bursts of exponential
// length with exponential pauses between them.
#include "models/net/traffic.hpp"

#include <algorithm>

#include "models/net/internal.hpp"
#include "models/world.hpp"

namespace holdfast::net {

namespace {

void emit(World& w, std::uint32_t index);

void schedule(World& w, std::uint32_t index, TimePoint at) {
  w.net.traffic[index].next = w.at(at, [index](World& world) { emit(world, index); });
}

/// When the next packet comes after one at `last`.
TimePoint next_after(World& w, Traffic& t, TimePoint last) {
  HOLDFAST_PACKET_CHECK(t.interval > Duration{}, "endless packets would come at one instant");
  if (t.pattern == TrafficPattern::poisson)
    return last + w.choices.exponential(t.interval_choice, Duration{}, t.interval);
  const TimePoint next = last + t.interval;
  if (t.pattern == TrafficPattern::constant || next <= t.burst_end)
    return next;
  const TimePoint begins =
      std::max(next, t.burst_end + w.choices.exponential(t.pause_choice, Duration{}, t.pause));
  t.burst_end = begins + w.choices.exponential(t.burst_choice, Duration{}, t.burst);
  return begins;
}

void emit(World& w, std::uint32_t index) {
  Traffic& t = w.net.traffic[index];
  const PacketId packet = w.net.packets.add();
  HOLDFAST_PACKET_CHECK(w.net.routes[sim::index(t.route)].foreign,
                        "the transport would be told of the packet");
  Packet& p = w.net.packets[packet];
  p.route = t.route;
  p.hop = 0;
  p.bytes = static_cast<std::uint16_t>(t.bytes);
  p.body = {};
  enqueue(w, w.net.hops[w.net.routes[sim::index(t.route)].first], packet);
  schedule(w, index, next_after(w, w.net.traffic[index], w.time()));
}

}  // namespace

std::uint32_t add_traffic(World& w, const TrafficParameters& parameters, std::string_view entity) {
  HOLDFAST_CHECK(parameters.bytes > 0 && parameters.rate_bps > 0, "such traffic sends nothing");
  HOLDFAST_CHECK(parameters.pattern != TrafficPattern::on_off || parameters.burst > Duration{},
                 "a burst lasts for a while");
  Route& route = w.net.routes.edit(sim::index(parameters.route));
  HOLDFAST_CHECK(parameters.bytes <= route.mtu_bytes,
                 "no link on the way is allowed to cut a packet");
  HOLDFAST_CHECK(!route.foreign, "the route is another source's");
  route.foreign = true;
  Traffic t;
  t.route = parameters.route;
  t.bytes = parameters.bytes;
  t.pattern = parameters.pattern;
  t.interval = std::max(Duration{1}, serialisation(parameters.rate_bps, parameters.bytes));
  t.burst = parameters.burst;
  t.pause = parameters.pause;
  t.interval_choice = w.choices.add(entity, "interval");
  t.burst_choice = w.choices.add(entity, "burst");
  t.pause_choice = w.choices.add(entity, "pause");
  w.net.traffic.push_back(t);
  return static_cast<std::uint32_t>(w.net.traffic.size() - 1);
}

void start_traffic(World& w, std::uint32_t traffic) {
  HOLDFAST_CHECK(traffic < w.net.traffic.size(), "there is no such source");
  Traffic& t = w.net.traffic[traffic];
  t.burst_end = w.time();
  if (t.pattern == TrafficPattern::on_off)
    t.burst_end += w.choices.exponential(t.burst_choice, Duration{}, t.burst);
  const bool at_once = t.pattern != TrafficPattern::poisson;
  schedule(w, traffic, at_once ? w.time() : next_after(w, t, w.time()));
}

void stop_traffic(World& w, std::uint32_t traffic) {
  HOLDFAST_CHECK(traffic < w.net.traffic.size(), "there is no such source");
  w.calendar.cancel(w.net.traffic[traffic].next);
}

}  // namespace holdfast::net
