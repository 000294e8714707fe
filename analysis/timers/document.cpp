// SPDX-License-Identifier: Apache-2.0
// The timelines of a scenario, one for each kind of connection, and the document of them.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>
#include <variant>

#include "analysis/run/result.hpp"
#include "analysis/timers/internal.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::analysis::timers {

using nlohmann::json;

namespace {

constexpr const char* tcp_name = "tcp";

/// A frame of the largest size through every link of a path; under load behind full queues.
Duration one_way(const World& w, net::RouteId id, bool loaded) {
  Duration total{};
  const net::Route& route = w.net.routes[sim::index(id)];
  for (std::uint32_t i = 0; i < route.count; ++i) {
    const net::Channel& c = w.net.channels[sim::index(w.net.hops[route.first + i])];
    total += c.delay + serialisation_time(route.mtu_bytes, c.rate_bps);
    // Lossless fabrics have queues without end, of which nobody fills more than this.
    if (loaded)
      total += std::min(c.backlog_max, Duration{std::chrono::milliseconds{1}});
  }
  return total;
}

const scenario::Subsystem* subsystem_of(const scenario::Scenario& s, const std::string& name) {
  const auto at = std::find_if(s.subsystems.begin(), s.subsystems.end(),
                               [&](const scenario::Subsystem& sub) { return sub.name == name; });
  return at == s.subsystems.end() ? nullptr : &*at;
}

bool has_load(const scenario::Scenario& s, const std::string& host) {
  return std::any_of(s.workloads.begin(), s.workloads.end(), [&](const auto& workload) {
    return std::visit([&](const auto& one) { return one.host == host; }, workload);
  });
}

/// Whether two lines say the same of the same instants.
bool is_same(const Line& a, const Line& b) {
  const auto words = [](const Line& l) {
    return std::tuple(l.name, l.after, l.formula, l.span.exact.earliest, l.span.exact.latest,
                      l.span.ticks.earliest, l.span.ticks.latest);
  };
  return words(a) == words(b);
}

bool is_same(const Timeline& a, const Timeline& b) {
  return a.host == b.host && a.subsystem == b.subsystem &&
         std::equal(a.lines.begin(), a.lines.end(), b.lines.begin(), b.lines.end(),
                    [](const Line& x, const Line& y) { return is_same(x, y); });
}

void take(std::vector<Timeline>& all, Timeline one) {
  const auto like =
      std::find_if(all.begin(), all.end(), [&](const Timeline& t) { return is_same(t, one); });
  if (like == all.end()) {
    all.push_back(std::move(one));
    return;
  }
  like->controllers.push_back(one.controllers.front());
  if (std::find(like->ports.begin(), like->ports.end(), one.ports.front()) == like->ports.end())
    like->ports.push_back(one.ports.front());
}

Timeline timeline_of(const scenario::Scenario& s, const scenario::Host& h,
                     const scenario::Connect& c, const scenario::Subsystem& sub,
                     const host::Controller& controller, const World& w, std::uint32_t hz) {
  Writer t{s, h, c, sub};
  t.mode = sub.traffic_based_keep_alive ? KeepAlive::traffic_based : KeepAlive::command_based;
  t.has_load = has_load(s, h.name);
  t.sources = static_cast<int>(std::count_if(
                  h.connect.begin(), h.connect.end(),
                  [&](const scenario::Connect& other) { return other.subsystem == sub.name; })) -
              1;
  t.host_clock = scenario::clock_rate(h.clock_fast_ppm, h.clock_slow_ppm);
  t.target_clock = scenario::clock_rate(sub.clock_fast_ppm, sub.clock_slow_ppm);
  const Duration round_trip =
      one_way(w, controller.forward, t.has_load) + one_way(w, controller.back, t.has_load);
  t.round_trip = t.host_clock.shown(round_trip) + Duration{t.host_clock.is_right() ? 0 : 1};
  t.out.host = h.name;
  t.out.controllers = {controller.name};
  t.out.subsystem = sub.name;
  t.out.ports = {c.port};
  t.out.transport = s.fabric.transport;
  t.out.host_hz = h.hz != 0 ? h.hz : hz;
  t.out.target_hz = sub.hz != 0 ? sub.hz : hz;
  write_lines(t);
  return t.out;
}

const char* name_of(scenario::Transport transport) {
  switch (transport) {
    case scenario::Transport::rdma:
      return "rdma";
    case scenario::Transport::fc:
      return "fc";
    case scenario::Transport::tcp:
      break;
  }
  return tcp_name;
}

json json_of(const Interval& i) {
  return {{"earliest_s", sim::seconds(i.earliest)}, {"latest_s", sim::seconds(i.latest)}};
}

json json_of(const Span& span) {
  return {{"exact", json_of(span.exact)}, {"ticks", json_of(span.ticks)}};
}

json json_of(const Line& line) {
  return {{"name", line.name},
          {"says", line.says},
          {"after", line.after},
          {"span", json_of(line.span)},
          {"formula", line.formula},
          {"source", line.source},
          {"since_fault", line.at ? json_of(*line.at) : json()}};
}

}  // namespace

Duration Writer::kato() const { return connect.keep_alive_tmo.value_or(std::chrono::seconds{5}); }
Duration Writer::katt() const { return effective_kato(kato(), sub.kato_min, sub.kas); }
Duration Writer::look() const {
  // What older Linux did in both modes.
  return host.policy.keep_alive_polls_half ? kato() / 2 : look_period(mode, kato());
}
Duration Writer::io_timeout() const { return host.io_timeout_of(connect); }

std::vector<Timeline> timelines(const scenario::Scenario& scenario, std::uint32_t hz) {
  HOLDFAST_CHECK(hz > 0 && 1'000'000'000 % hz == 0, "a tick is a whole number of nanoseconds");
  World w;
  const scenario::Names names = scenario::build_named(w, scenario);
  std::vector<Timeline> all;
  for (const scenario::Host& h : scenario.hosts) {
    const auto& controllers = w.host.hosts[sim::index(names.hosts.at(h.name))].controllers;
    auto next = controllers.begin();
    for (const scenario::Connect& c : h.connect) {
      const host::Controller& controller = w.host.controllers[sim::index(*next++)];
      const scenario::Subsystem* const sub = subsystem_of(scenario, c.subsystem);
      if (sub != nullptr && c.keep_alive_tmo != sim::Duration{})
        take(all, timeline_of(scenario, h, c, *sub, controller, w, hz));
    }
  }
  return all;
}

std::vector<WithoutKeepAlive> without_keep_alive(const scenario::Scenario& scenario) {
  std::vector<WithoutKeepAlive> all;
  for (const scenario::Host& h : scenario.hosts) {
    for (const scenario::Connect& c : h.connect) {
      if (subsystem_of(scenario, c.subsystem) != nullptr && c.keep_alive_tmo == sim::Duration{})
        all.push_back({h.name, c.subsystem, c.port, h.io_timeout_of(c)});
    }
  }
  return all;
}

json document(const scenario::Scenario& scenario, std::uint32_t hz) {
  json out = {{"schema_version", result_schema_version},
              {"name", scenario.name},
              {"scenario_hash", scenario::hash(scenario)},
              {"timelines", json::array()},
              {"without_keep_alive", json::array()}};
  for (const WithoutKeepAlive& one : without_keep_alive(scenario)) {
    out["without_keep_alive"].push_back({{"host", one.host},
                                         {"subsystem", one.subsystem},
                                         {"port", one.port},
                                         {"io_timeout_s", sim::seconds(one.io_timeout)}});
  }
  for (const Timeline& t : timelines(scenario, hz)) {
    json lines = json::array();
    for (const Line& line : t.lines)
      lines.push_back(json_of(line));
    out["timelines"].push_back({{"host", t.host},
                                {"controllers", t.controllers},
                                {"subsystem", t.subsystem},
                                {"ports", t.ports},
                                {"transport", name_of(t.transport)},
                                {"host_tick_rate_hz", t.host_hz},
                                {"target_tick_rate_hz", t.target_hz},
                                {"lines", lines},
                                {"margin", json_of(t.margin)}});
  }
  return out;
}

}  // namespace holdfast::analysis::timers
