// SPDX-License-Identifier: Apache-2.0
// The monkey of SimGrid: everything that can fail does, once, at each instant at which something
// happens in a golden run, and between any two of them. A world is a value, so each of these runs
// begins as a copy at the instant of the fault.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "models/oracle/linearizability.hpp"
#include "models/scenario/builder/builder.hpp"
#include "tests/wild/recover.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using scenario::Scenario;
using sim::Duration;
using sim::TimePoint;

namespace {

/// All transports, two paths each, a recovery of each kind, few events.
constexpr std::array goldens = {
    "array_node_hang_hold",     "sockets_killed",  "rdma_rw_test_ccr",
    "rdma_hca_removed",         "fc_rw_test_ccr",  "operator_delete_spec",
    "fc_remote_port_lost_spec", "array_partition", "late_copy",
    "reservation_twice"};
/// A recovery takes longer, and the second one begins within the first, or after it.
constexpr std::array<Duration, 3> lengths = {50ms, 3s, 12s};
constexpr std::uint64_t most_healing = 1'000'000;

/// Something that fails, as faults that strike together.
struct Resource {
  std::string name;
  std::vector<scenario::Fault> faults;
};

void add_network(const Scenario& s, std::vector<Resource>& out) {
  for (const scenario::Link& link : s.fabric.links) {
    scenario::LinkDown down;
    down.link = link.name;
    out.push_back({"link " + link.name, {down}});
  }
  for (const scenario::Host& host : s.hosts) {
    Resource cut_off{"host " + host.name, {}};
    for (const scenario::Link& link : s.fabric.links) {
      scenario::Blackhole hole;
      hole.link = link.name;
      if (link.ends[0] == host.name || link.ends[1] == host.name)
        cut_off.faults.emplace_back(hole);
    }
    out.push_back(cut_off);
  }
}

void add_targets(const Scenario& s, std::vector<Resource>& out) {
  for (const scenario::Subsystem& subsystem : s.subsystems) {
    Resource all{"subsystem " + subsystem.name, {}};
    for (const std::string& port : subsystem.ports) {
      if (s.fabric.transport == scenario::Transport::fc)
        continue;
      scenario::PortRemoved removed;
      removed.subsystem = subsystem.name;
      removed.port = port;
      out.push_back({"port " + port, {removed}});
      all.faults.emplace_back(removed);
    }
    for (const scenario::ArrayNode& node : subsystem.nodes) {
      for (const auto state : {target::NodeState::crashed, target::NodeState::hung}) {
        scenario::NodeFault fails;
        fails.subsystem = subsystem.name;
        fails.node = node.name;
        fails.state = state;
        out.push_back({"node " + node.name, {fails}});
      }
    }
    if (!all.faults.empty())
      out.push_back(all);
  }
}

void add_connections(const Scenario& s, std::vector<Resource>& out) {
  for (const scenario::Host& host : s.hosts) {
    for (std::size_t i = 0; i < host.connect.size(); ++i) {
      const std::string device = "nvme" + std::to_string(i);
      scenario::OperatorAction reset;
      reset.host = host.name;
      reset.controller = device;
      out.push_back({"controller " + device, {reset}});
      if (s.fabric.transport == scenario::Transport::tcp) {
        scenario::KillSockets kill;
        kill.host = host.name;
        kill.controller = device;
        out.push_back({"sockets of " + device, {kill}});
      }
      if (s.fabric.transport == scenario::Transport::fc) {
        scenario::RemotePortLost lost;
        lost.host = host.name;
        lost.port = host.connect[i].port;
        out.push_back({"remote port " + lost.port, {lost}});
      }
    }
  }
}

std::vector<Resource> resources_of(const Scenario& s) {
  std::vector<Resource> out;
  add_network(s, out);
  add_targets(s, out);
  add_connections(s, out);
  return out;
}

/// A golden run and what is known of it.
struct Golden {
  explicit Golden(const std::string& name)
      : scenario(scenario::load("scenarios/" + name + ".json")) {
    names = scenario::build_named(world, scenario);
    world.trace.attach(&watcher);
    World ahead = scenario::build(scenario);
    while (ahead.calendar.step(ahead, sim::epoch + scenario.duration)) {
      if (instants.empty() || instants.back() != ahead.now())
        instants.push_back(ahead.now());
    }
    for (const scenario::Fault& fault : scenario.faults)
      std::visit([this](const auto& one) { over = std::max(over, end_of(one)); }, fault);
  }

  /// When it has ended, if it does, or else begun.
  template <class F>
  static Duration end_of(const F& fault) {
    if constexpr (std::is_base_of_v<scenario::Lasting, F>)
      return fault.at.low + fault.until_after.value_or(0s);
    return fault.at.low;
  }

  Scenario scenario;
  scenario::Names names;
  World world;
  invariants::Watcher watcher;
  std::vector<TimePoint> instants;  ///< at which something happens
  Duration over{};                  ///< when the last of its own faults has ended or begun
};

/// Lets a resource of a copy of the run fail from `at` on and heal again. What is wrong, or
/// nothing.
std::string strike(const Golden& golden, Resource resource, TimePoint at, Duration lasts) {
  World w = golden.world;
  invariants::Watcher watcher = golden.watcher;
  w.trace.attach(&watcher);
  for (scenario::Fault& fault : resource.faults) {
    std::visit(
        [&](auto& one) {
          one.at.low = one.at.high = at - sim::epoch;
          if constexpr (std::is_base_of_v<scenario::Lasting, std::decay_t<decltype(one)>>)
            one.until_after = lasts;
        },
        fault);
    scenario::add_fault(w, fault, golden.names);
  }
  const TimePoint over = std::max(at + lasts, sim::epoch + golden.over);
  wild::run_until(w, over + 1ns, UINT64_MAX, false);
  if (std::string broken = invariants::broken(w); !broken.empty())
    return broken;
  const auto stuck = wild::recover(w, watcher, most_healing, false);
  if (!stuck)
    return "it goes on and on";
  if (!stuck->empty())
    return *stuck;
  if (std::string broken = invariants::broken(w); !broken.empty())
    return broken;
  if (!w.oracle.counts.corrupt() && !oracle::check_linearizable(w.oracle).ok)
    return "no fault was seen, and it is not linearizable";
  return watcher.broken();
}

/// Strikes at every `stride`-th instant; how many runs that were.
std::uint64_t place_everywhere(const std::string& name, std::size_t stride) {
  Golden golden(name);
  const std::vector<Resource> resources = resources_of(golden.scenario);
  std::uint64_t runs = 0;
  for (std::size_t i = stride / 2; i + 1 < golden.instants.size(); i += stride) {
    const TimePoint on = golden.instants[i];
    const TimePoint between = on + (golden.instants[i + 1] - on) / 2;
    // The world as it is when all before this instant has happened.
    wild::run_until(golden.world, on - 1ns, UINT64_MAX, false);
    for (const Resource& resource : resources) {
      for (const TimePoint at : {on, between}) {
        const Duration lasts = lengths[runs++ % lengths.size()];
        std::string wrong;
        try {
          wrong = strike(golden, resource, at, lasts);
        } catch (const std::exception& error) {
          wrong = error.what();
        }
        if (!wrong.empty())
          FAIL_CHECK(name << ": " << resource.name << " fails at " << (at - sim::epoch).count()
                          << " ns for " << lasts.count() << " ns: " << wrong);
      }
    }
  }
  return runs;
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("what fails at any instant of a golden run comes back", "[wild]",
                       ((std::size_t which), which), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9) {
  CHECK(place_everywhere(goldens[which], 211) > 0);
}

// All instants of one golden: HOLDFAST_PLACEMENT="NAME STRIDE", e.g. "rw_test_ccr 1".
TEST_CASE("what fails at each instant that the environment asks for comes back", "[.placement]") {
  const char* asked = std::getenv("HOLDFAST_PLACEMENT");
  REQUIRE(asked != nullptr);
  std::string name(asked);
  const std::size_t space = name.find(' ');
  REQUIRE(space != name.npos);
  const std::size_t stride = std::stoul(name.substr(space));
  name.resize(space);
  std::printf("placement: %s, %llu runs\n", name.c_str(),
              static_cast<unsigned long long>(place_everywhere(name, stride)));
}
