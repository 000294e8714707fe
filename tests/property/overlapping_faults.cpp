// SPDX-License-Identifier: Apache-2.0
// Faults are in force from their begin to their end, whatever else is. So what a world that two of
// them strike looks like is known from the worlds that each strikes alone: counts add up, of states
// the worse one rules, and what loses packets at random does so independently. At every instant,
// whichever begins and ends first, for each pair of kinds.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "models/scenario/builder/builder.hpp"
#include "models/target/internal.hpp"
#include "models/transport/fc/fc.hpp"
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

constexpr double own_loss = 0.05;  ///< of link h1-s1, forward, on TCP and RDMA

/// From `from` to `to`; what happens once happens at `from`.
struct When {
  Duration from;
  Duration to;
};

/// The first of two, and the second one: overlapping, within, at once, right after, and beginning
/// or ending together. Pairs come in both orders.
constexpr When first = {1s, 3s};
constexpr std::array<When, 6> seconds = {
    {{2s, 4s}, {1500ms, 2500ms}, {1s, 3s}, {3s, 4s}, {1s, 2s}, {2s, 3s}}};
/// Between all of these instants.
constexpr std::array<Duration, 8> looks = {750ms,  1250ms, 1750ms, 2250ms,
                                           2750ms, 3250ms, 3750ms, 4250ms};

/// Two paths to an array of two nodes, with a little load.
json base(const std::string& transport) {
  json s = scenario_with(2);
  s["fabric"]["transport"] = transport;
  if (transport != "fc")  // where nobody repeats the frames of a first connect
    s["fabric"]["links"][0]["loss"] = {{"forward", own_loss}, {"backward", 0.0}};
  json& sub = s["subsystems"][0];
  sub["profile"] = "array";
  for (const char* n : {"1", "2"}) {
    const std::string port = n == std::string("1") ? "a0" : "a1";
    sub["nodes"].push_back({{"name", std::string("n") + n}, {"ports", {port}}});
  }
  s["workloads"] = json::array({fio({{"rate_iops", 5}, {"runtime", "8s"}})});
  return s;
}

/// One of each kind that a transport knows, without its times; all on the first path.
json kinds(const std::string& transport) {
  json out = json::array({{{"type", "blackhole"}, {"link", "h1-s1"}},
                          {{"type", "blackhole"}, {"link", "h1-s1"}, {"direction", "forward"}},
                          {{"type", "link_down"}, {"link", "h1-s1"}},
                          {{"type", "loss"}, {"link", "h1-s1"}, {"probability", "50%"}},
                          {{"type", "loss"}, {"link", "h1-s1"}, {"probability", "90%"}},
                          {{"type", "admin_stall"}, {"subsystem", "sub"}, {"controller", 1}}});
  for (const char* state : {"crash", "hang", "partition"})
    out.push_back({{"type", "node"}, {"subsystem", "sub"}, {"node", "n1"}, {"state", state}});
  for (const char* type : {"reset_controller", "delete_controller", "disconnect"})
    out.push_back({{"type", type}, {"host", "h1"}, {"controller", "nvme0"}});
  out.push_back(
      {{"type", "passthrough_ccr"}, {"host", "h1"}, {"controller", "nvme0"}, {"source", "nvme1"}});
  out.push_back({{"type", "fopcode"}, {"subsystem", "sub"}, {"count", 0}});
  out.push_back({{"type", "delay_command"}, {"subsystem", "sub"}, {"count", 0}});
  out.push_back({{"type", "command_status"}, {"subsystem", "sub"}, {"count", 0}});
  out.push_back(
      {{"type", "ana_change"}, {"subsystem", "sub"}, {"port", "a0"}, {"state", "inaccessible"}});
  out.push_back({{"type", "set_attr_cqt"}, {"subsystem", "sub"}, {"value", "30s"}});
  if (transport == "fc") {
    out.push_back({{"type", "remote_port_lost"}, {"host", "h1"}, {"port", "a0"}});
    // Not target_port_lost: a Keep Alive that an adapter refuses ends with an error and is not
    // armed again, so an idle host whose port says nothing, on a link that is down, never notices.
    out.push_back({{"type", "port_removed"}, {"subsystem", "sub"}, {"port", "a0"}});
    out.push_back({{"type", "drop_capsule"}, {"host", "h1"}, {"controller", "nvme0"}});
    return out;
  }
  out.push_back({{"type", "impair"}, {"link", "h1-s1"}, {"delay", "1ms"}, {"loss", "10%"}});
  out.push_back({{"type", "port_removed"}, {"subsystem", "sub"}, {"port", "a0"}});
  out.push_back({{"type", "cross_traffic"}, {"from", "h1"}, {"to", "a0"}, {"rate", "1Mbps"}});
  if (transport == "rdma") {
    out.push_back({{"type", "hca_removed"}, {"host", "h1"}, {"link", "h1-s1"}});
    return out;
  }
  for (const char* type : {"kill_sockets", "drop_capsule"})
    out.push_back({{"type", type}, {"host", "h1"}, {"controller", "nvme0"}});
  for (json one : {json{{"type", "blackhole"}}, json{{"type", "loss"}, {"probability", "50%"}},
                   json{{"type", "impair"}, {"duplicate", "10%"}}}) {
    one.update({{"link", "h1-s1"}, {"host", "h1"}, {"controller", "nvme0"}, {"queue", 1}});
    out.push_back(one);
  }
  return out;
}

/// What faults have done to a world, as far as it lasts.
struct Marks {
  std::vector<int> counts;      ///< add up
  std::vector<int> levels;      ///< the highest rules
  std::vector<double> reaches;  ///< shares of packets that are not lost at random: multiply
};

int level_of(target::NodeState state) {
  switch (state) {
    case target::NodeState::up:
      return 0;
    case target::NodeState::partitioned:
      return 1;
    case target::NodeState::hung:
      return 2;
    case target::NodeState::crashed:
      break;
  }
  return 3;
}

template <class List>
int count_on(const List& list) {
  return static_cast<int>(
      std::count_if(list.begin(), list.end(), [](const auto& one) { return one.on; }));
}

Marks marks_of(const World& w) {
  Marks out;
  for (const net::Channel& c : w.net.channels) {
    for (const std::uint32_t count : {c.blackholes, c.outages, c.netems, c.flow_filters})
      out.counts.push_back(static_cast<int>(count));
    out.reaches.push_back(1.0 - std::ldexp(static_cast<double>(c.loss_threshold), -64));
  }
  out.counts.push_back(count_on(w.net.netems));
  out.counts.push_back(count_on(w.net.flow_filters));
  out.counts.push_back(static_cast<int>(w.net.losses.size()));
  World copy = w;  // whether something is pending is only told by cancelling it
  out.counts.push_back(static_cast<int>(
      std::count_if(w.net.traffic.begin(), w.net.traffic.end(),
                    [&](const net::Traffic& t) { return copy.calendar.cancel(t.next); })));
  const auto& drops = w.transport.capsule_drops;
  out.counts.push_back(static_cast<int>(
      std::count_if(drops.begin(), drops.end(), [](const auto& d) { return d.armed; })));
  const auto& cut = w.transport.fc.cut_routes;
  for (std::size_t route = 0; route < w.net.routes.size(); ++route) {
    if (!w.net.routes[route].foreign)
      out.counts.push_back(route < cut.size() ? static_cast<int>(cut[route]) : 0);
  }
  for (const target::Subsystem& s : w.target.subsystems) {
    for (const std::size_t size :
         {s.admin_stalls.size(), s.unlinked.size(), s.faults.size(), s.status_faults.size()})
      out.counts.push_back(static_cast<int>(size));
    for (const transport::PortId port : s.ports)
      out.levels.push_back(target::ana_state(s, port, 1) == wire::AnaState::optimized ? 0 : 1);
  }
  for (const transport::Port& port : w.transport.ports)
    out.levels.push_back(port.listening ? 0 : 1);
  for (const target::Node& n : w.target.nodes)
    out.levels.push_back(level_of(n.state));
  return out;
}

/// One fault kind with a base world in which it may strike.
struct Stage {
  explicit Stage(const std::string& transport) {
    json s = base(transport);
    s["faults"] = kinds(transport);
    for (json& fault : s["faults"])
      fault["at"] = "1s";
    names = s["faults"];
    scenario::Scenario all = scenario::parse(s.dump(), "test");
    faults = std::exchange(all.faults, {});
    known = scenario::build_named(world, all);
    world.calendar.run_until(world, sim::epoch + 500ms);
    for (const host::Controller& c : world.host.controllers)
      REQUIRE(c.state == host::State::live);
  }

  void strike(World& w, std::size_t kind, const When& when) const {
    scenario::Fault fault = faults[kind];
    std::visit(
        [&](auto& f) {
          f.at.low = when.from;
          if constexpr (requires { f.until_after; })
            f.until_after = when.to - when.from;
        },
        fault);
    scenario::add_fault(w, fault, known);
  }

  [[nodiscard]] bool lasts(std::size_t kind) const {
    return std::visit(
        [](const auto& f) {
          return requires { f.until_after; };
        },
        faults[kind]);
  }

  json names;
  std::vector<scenario::Fault> faults;
  scenario::Names known;
  World world;  ///< connected, and nothing wrong
};

using Story = std::array<Marks, looks.size()>;

Story story_of(World w) {
  Story out;
  for (std::size_t i = 0; i < looks.size(); ++i) {
    w.calendar.run_until(w, sim::epoch + looks[i]);
    out[i] = marks_of(w);
  }
  return out;
}

/// What is wrong with a world that both struck, given those that none, or one of them, did.
std::string difference(const Marks& none, const Marks& a, const Marks& b, const Marks& both) {
  for (std::size_t i = 0; i < both.counts.size(); ++i) {
    const int expected = a.counts[i] + b.counts[i] - none.counts[i];
    if (both.counts[i] != expected)
      return fmt::format("count {} is {}, expected {}", i, both.counts[i], expected);
  }
  for (std::size_t i = 0; i < both.levels.size(); ++i) {
    const int expected = std::max(a.levels[i], b.levels[i]);
    if (both.levels[i] != expected)
      return fmt::format("level {} is {}, expected {}", i, both.levels[i], expected);
  }
  for (std::size_t i = 0; i < both.reaches.size(); ++i) {
    const double expected = a.reaches[i] * b.reaches[i] / none.reaches[i];
    if (std::abs(both.reaches[i] - expected) > 1e-12)
      return fmt::format("of channel {} {} pass, expected {}", i, both.reaches[i], expected);
    // Alone, or not at all, it is the same number to the last bit.
    for (const auto& [one, other] : {std::pair{&a, &b}, {&b, &a}}) {
      if (other->reaches[i] == none.reaches[i] && both.reaches[i] != one->reaches[i])
        return fmt::format("channel {} keeps a trace of what is over", i);
    }
  }
  return {};
}

/// What is left of a world long after.
std::string rest_of(const World& w) {
  std::string out;
  for (const host::Controller& c : w.host.controllers)
    out += fmt::format("{} is {}; ", c.name, host::state_name(c.state));
  for (const target::Subsystem& s : w.target.subsystems)
    out += fmt::format("{} controllers; ", s.controllers.size());
  for (const target::ControllerId id : w.target.subsystems[0].controllers) {
    const target::Controller& c = w.target.controllers[id];
    out += fmt::format("fatal {}, stalled {}, {} queues; ", c.fatal, c.stalled.size(),
                       c.queues.size());
  }
  for (std::size_t i = 0; i < w.target.nodes.size(); ++i) {
    const target::Node& n = w.target.nodes[i];
    out += fmt::format("{} holds {} and {} resets; ", w.target.node_names[i], n.held.size(),
                       n.resets.size());
  }
  return out + fmt::format("{} commands, {} I/Os", w.target.requests.live(), w.host.ios.live());
}

}  // namespace

TEST_CASE("two faults of any kinds are both in force, whichever begins and ends first",
          "[property][fault]") {
  const std::string transport = GENERATE("tcp", "rdma", "fc");
  const Stage stage(transport);
  const Story none = story_of(stage.world);
  std::map<std::pair<std::size_t, std::size_t>, Story> alone;  ///< kind, and place in `seconds`
  std::vector<Story> firsts;
  for (std::size_t kind = 0; kind < stage.faults.size(); ++kind) {
    World w = stage.world;
    stage.strike(w, kind, first);
    firsts.push_back(story_of(w));
    for (std::size_t i = 0; i < seconds.size(); ++i) {
      World other = stage.world;
      stage.strike(other, kind, seconds[i]);
      alone[{kind, i}] = story_of(other);
    }
  }
  for (std::size_t a = 0; a < stage.faults.size(); ++a) {
    for (std::size_t b = 0; b < stage.faults.size(); ++b) {
      for (std::size_t i = 0; i < seconds.size(); ++i) {
        World w = stage.world;
        // The order of the list is not that of time.
        const bool swapped = (a + b + i) % 2 == 1;
        stage.strike(w, swapped ? b : a, swapped ? seconds[i] : first);
        stage.strike(w, swapped ? a : b, swapped ? first : seconds[i]);
        const Story both = story_of(w);
        for (std::size_t t = 0; t < looks.size(); ++t) {
          const std::string wrong = difference(none[t], firsts[a][t], alone[{b, i}][t], both[t]);
          INFO(transport << ": " << stage.names[a] << " from 1 s to 3 s, " << stage.names[b]
                         << " from " << seconds[i].from.count() << " to " << seconds[i].to.count()
                         << " ns, at " << looks[t].count() << " ns: " << wrong);
          REQUIRE(wrong.empty());
        }
      }
    }
  }
}

TEST_CASE("when two faults are over, the world is as if neither had been", "[property][fault]") {
  const std::string transport = GENERATE("tcp", "rdma", "fc");
  const Stage stage(transport);
  const auto later = sim::epoch + 200s;
  World untouched = stage.world;
  untouched.calendar.run_until(untouched, later);
  const std::string expected = rest_of(untouched);
  for (std::size_t a = 0; a < stage.faults.size(); ++a) {
    for (std::size_t b = 0; b < stage.faults.size(); ++b) {
      if (!stage.lasts(a) || !stage.lasts(b))
        continue;
      const When& second = seconds[(a + 2 * b) % seconds.size()];
      INFO(transport << ": " << stage.names[a] << " from 1 s to 3 s, " << stage.names[b] << " from "
                     << second.from.count() << " to " << second.to.count() << " ns");
      World w = stage.world;
      stage.strike(w, a, first);
      stage.strike(w, b, second);
      invariants::run_until(w, later);
      REQUIRE(rest_of(w) == expected);
    }
  }
}
