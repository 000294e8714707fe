// SPDX-License-Identifier: Apache-2.0
// Copies and runs of whole worlds.
#include "tests/bench/worlds.hpp"

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/scenario/builder/builder.hpp"
#include "models/scenario/scenario.hpp"
#include "models/world.hpp"
#include "sim/memory.hpp"
#include "tests/bench/allocations.hpp"
#include "tests/bench/packets.hpp"

namespace holdfast::bench {

using namespace std::chrono_literals;

namespace {

constexpr int copies = 301;

scenario::Scenario load(const std::filesystem::path& path, const std::vector<std::string>& sets) {
  nlohmann::json document = scenario::read_document(path);
  for (const std::string& set : sets)
    scenario::apply_set(document, set);
  return scenario::from_json(document, path.string());
}

/// Times `World twin = world;` and nothing else: the copy before is gone by then.
CopySample time_copies(const World& world, Memory memory) {
  if (memory == Memory::kept)
    sim::keep_freed_memory();
  std::vector<double> us;
  std::uint64_t taken = 0;
  for (int i = 0; i < copies; ++i) {
    const std::uint64_t before = allocations();
    const Stopwatch stopwatch;
    const World twin = world;
    const double time_s = stopwatch.cpu_s();
    taken = allocations() - before;
    us.push_back(time_s * 1e6);
    if (!(twin.trace.hashes() == world.trace.hashes()))
      throw std::runtime_error("a copy differs");
  }
  return {median(us), world.net.packets.live(), world.calendar.pending(), taken};
}

/// Runs up to `end`, or until that many packets are in flight; keeps the world at its busiest.
std::unique_ptr<World> busiest(World& w, sim::TimePoint end, std::size_t enough) {
  auto best = std::make_unique<World>(w);
  while (best->net.packets.live() < enough && w.calendar.step(w, end)) {
    if (w.net.packets.live() > best->net.packets.live())
      *best = w;
  }
  return best;
}

ModelSample time_run(const scenario::Scenario& s) {
  World w = scenario::build(s);
  const Stopwatch stopwatch;
  w.calendar.run_until(w, sim::epoch + s.duration);
  return {stopwatch.cpu_s(), sim::seconds(s.duration), w.calendar.fired()};
}

}  // namespace

CopySample copy_packets(std::uint32_t in_flight, Memory memory) {
  World w;
  build_packets(w, in_flight);
  w.calendar.run_until(w, sim::epoch + 5ms);
  return time_copies(w, memory);
}

CopySample copy_scenario(const std::filesystem::path& scenario, Memory memory) {
  World w = scenario::build(load(scenario, {}));
  return time_copies(*busiest(w, sim::epoch + 3s, ~std::size_t{0}), memory);
}

CopySample copy_loaded_scenario(const std::filesystem::path& scenario, std::uint32_t in_flight,
                                Memory memory) {
  World w = scenario::build(load(
      scenario, {"workloads.0.rate_iops=1000000", "workloads.0.iodepth=128", "workloads.0.bs=64KiB",
                 "workloads.0.numjobs=4", "workloads.0.size=1GiB", "workloads.0.rw=randread"}));
  const auto busy = busiest(w, sim::epoch + 3s, in_flight);
  if (busy->net.packets.live() < in_flight) {
    throw std::runtime_error("no more than " + std::to_string(busy->net.packets.live()) +
                             " packets were ever in flight");
  }
  return time_copies(*busy, memory);
}

ModelSample run_scenario(const std::filesystem::path& scenario) {
  return time_run(load(scenario, {}));
}

ModelSample run_thinned(const std::filesystem::path& scenario) {
  return time_run(load(scenario, {"duration=20s", "workloads.0.rate_iops=100", "faults.0.at=5s"}));
}

}  // namespace holdfast::bench
