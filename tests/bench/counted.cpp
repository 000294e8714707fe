// SPDX-License-Identifier: Apache-2.0
// Fixed work whose instructions are counted. It is short, for callgrind takes about forty times as
// long as the machine; and it is run in this process, not in children, so that one start of the
// program under callgrind serves all of it.
#include "tests/bench/counted.hpp"

#include <gnu/libc-version.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "analysis/run/run.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/scenario/scenario.hpp"
#include "models/world.hpp"
#include "sim/memory.hpp"

namespace holdfast::bench {
namespace {

struct CountedRun {
  const char* name;
  const char* file;
  std::vector<std::string> sets;
};

/// One of each transport, one with many losses, and one with the longest recovery: the path is lost
/// at 2 s, so that its detection, failover and reconnection are within.
std::vector<CountedRun> counted_runs() {
  const std::vector<std::string> early = {"expect={}", "duration=15s", "faults.0.at=2s",
                                          "faults.0.for=6s"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), early.begin(), early.end());
    return more;
  };
  return {
      {"quickstart", "quickstart.json", early},
      {"node crash, Cross-Controller Reset", "array_node_crash.json",
       with({"hosts.0.policy=tp8028-v3"})},
      {"1 % loss", "lossy_path.json", {"expect={}", "duration=12s"}},
      {"RDMA", "quickstart.json", with({"fabric.transport=rdma", "duration=12s"})},
      {"Fibre Channel", "quickstart.json", with({"fabric.transport=fc"})},
  };
}

scenario::Scenario load(const std::filesystem::path& scenarios, const CountedRun& run) {
  nlohmann::json document = scenario::read_document(scenarios / run.file);
  for (const std::string& set : run.sets)
    scenario::apply_set(document, set);
  return scenario::from_json(document, run.file);
}

/// A run as one point of a sweep has it: build the world, simulate, make the result document.
nlohmann::json count_run(const std::filesystem::path& scenarios, const CountedRun& run) {
  const scenario::Scenario scenario = load(scenarios, run);
  nlohmann::json result;
  holdfast_counted_work([&] { result = analysis::run(scenario, {}); });
  return {{"name", run.name},
          {"events", result.at("sim").at("events")},
          {"trace_hash", result.at("trace_hash")}};
}

/// Copies of the world of quickstart in the middle of its load, each gone before the next.
nlohmann::json count_copies(const std::filesystem::path& scenarios) {
  constexpr int copies = 500;
  const scenario::Scenario scenario = load(scenarios, counted_runs().front());
  World w = scenario::build(scenario);
  w.calendar.run_until(w, sim::epoch + std::chrono::seconds(1));
  std::uint64_t pending = 0;
  holdfast_counted_work([&] {
    for (int i = 0; i < copies; ++i) {
      const World twin = w;
      pending += twin.calendar.pending();
    }
  });
  return {{"name", "500 copies of a world"},
          {"events", w.calendar.fired()},
          {"pending_events", pending / copies}};
}

}  // namespace

nlohmann::json build_facts() {
  return {{"compiler", __VERSION__},
          {"flags", HOLDFAST_BENCH_FLAGS},
          {"machine", HOLDFAST_BENCH_MACHINE},
          {"c_library", gnu_get_libc_version()}};
}

nlohmann::json count_all(const std::filesystem::path& scenarios) {
  sim::keep_freed_memory();
  nlohmann::json out = {{"build", build_facts()}};
  for (const CountedRun& run : counted_runs())
    out["counted"].push_back(count_run(scenarios, run));
  out["counted"].push_back(count_copies(scenarios));
  return out;
}

}  // namespace holdfast::bench
