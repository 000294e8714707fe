// SPDX-License-Identifier: Apache-2.0
// holdfast_bench: how fast the kernels are, side by side, from one run. docs/performance.md tells
// what is measured and why. Exit status: 0 all bars hold; 1 one does not; 2 usage; 3 it broke.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/branches.hpp"
#include "tests/bench/counted.hpp"
#include "tests/bench/mailbox.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/worlds.hpp"

namespace holdfast::bench {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

struct Options {
  bool as_json = false;
  bool only_counted = false;
  bool only_branches = false;
  int repetitions = 5;
  std::filesystem::path scenarios = "scenarios";
};

// Long enough that a repetition takes the native kernel about 0.1 s. To start 100,000 actors takes
// SimGrid seconds, so that program is not repeated as often.
constexpr std::array<Load, 3> loads = {
    Load{16, 20ms, 600ms, 100'000, 99},
    Load{1'000, 50ms, 50ms, 100'000, 99},
    Load{100'000, 25ms, 50ms, 50'000, 2},
};
constexpr std::uint32_t bar_in_flight = 1'000;
// The world of two controllers in which search and splitting begin.
constexpr const char* small_world = "rw_test_mainline at its busiest";
constexpr double small_world_us = 2;
constexpr double branches_per_s = 100'000;
constexpr double distinct_per_s = 50'000;

struct Kernel {
  const char* name;
  Sample (*run)(const Load&);
  std::uint32_t hops_per_message;  // 0: not a mailbox program
};
constexpr std::array<Kernel, 4> kernels = {{
    {"native", run_native, 0},
    {"simgrid", run_simgrid, 0},
    {"mailbox, hop by hop", run_mailbox_hops, 1},
    {"mailbox, end to end", run_mailbox_end_to_end, hops_per_route},
}};

void tell(const std::string& what) {
  if (isatty(STDERR_FILENO) != 0)
    fmt::print(stderr, "\r\033[K{}", what);
}

/// Both kernels must have done the same, every time.
void check_hashes(const std::vector<Sample>& native, const std::vector<Sample>& simgrid) {
  for (const auto* samples : {&native, &simgrid}) {
    for (const Sample& s : *samples) {
      if (s.trace_hash != native[0].trace_hash || s.records != native[0].records)
        throw std::runtime_error("the kernels' trace hashes differ");
    }
  }
}

double median_of(const std::vector<Sample>& samples, double (*value)(const Sample&)) {
  std::vector<double> values;
  for (const Sample& s : samples)
    values.push_back(value(s));
  return median(values);
}

double hops_per_s(const Sample& s) { return static_cast<double>(s.hops) / s.cpu_s; }
double allocations_per_hop(const Sample& s) {
  return static_cast<double>(s.allocations) / static_cast<double>(s.hops);
}

/// All kernels take turns, so that a slow spell of the machine strikes them alike.
json measure(const Load& load, int repetitions) {
  std::array<std::vector<Sample>, kernels.size()> samples;
  for (int i = 0; i < repetitions; ++i) {
    for (std::size_t k = 0; k < kernels.size(); ++k) {
      if (kernels.at(k).hops_per_message != 0 && i >= load.mailbox_repetitions)
        continue;
      tell(fmt::format("{} in flight, repetition {}: {}", load.in_flight, i + 1,
                       kernels.at(k).name));
      samples.at(k).push_back(in_child([&] { return kernels.at(k).run(load); }));
    }
  }
  check_hashes(samples[0], samples[1]);
  json out = {{"in_flight", load.in_flight},
              {"hops", samples[0][0].hops},
              {"trace_hash", fmt::format("{:016x}", samples[0][0].trace_hash)}};
  const double native = median_of(samples[0], hops_per_s);
  for (std::size_t k = 0; k < kernels.size(); ++k) {
    const double rate = median_of(samples.at(k), hops_per_s);
    json row = {{"kernel", kernels.at(k).name},
                {"hops_per_s", rate},
                {"native_is_ratio", native / rate},
                {"allocations_per_hop_ratio", median_of(samples.at(k), allocations_per_hop)}};
    if (kernels.at(k).hops_per_message != 0)
      row["messages_per_s"] = rate / kernels.at(k).hops_per_message;
    out["kernels"].push_back(row);
  }
  return out;
}

json copies(const std::filesystem::path& scenarios) {
  const std::filesystem::path quickstart = scenarios / "quickstart.json";
  json out = json::array();
  const auto row = [&](const char* world, Memory memory, const auto& copy) {
    tell(fmt::format("copying: {}", world));
    const CopySample s = in_child([&] { return copy(memory); });
    out.push_back({{"world", world},
                   {"memory", memory == Memory::kept ? "kept" : "returned"},
                   {"packets", s.packets},
                   {"pending_events", s.pending},
                   {"allocations", s.allocations},
                   {"copy_us", s.copy_us}});
  };
  for (const Memory memory : {Memory::kept, Memory::returned}) {
    row("network only", memory, [](Memory m) { return copy_packets(bar_in_flight, m); });
    row(small_world, memory,
        [&](Memory m) { return copy_scenario(scenarios / "rw_test_mainline.json", m); });
    row("quickstart at its busiest", memory,
        [&](Memory m) { return copy_scenario(quickstart, m); });
    row("quickstart, 4 x 128 reads of 64 KiB", memory,
        [&](Memory m) { return copy_loaded_scenario(quickstart, bar_in_flight, m); });
  }
  return out;
}

/// The median of the rates, each of a process of its own.
json branches(const std::filesystem::path& scenarios, int repetitions) {
  std::vector<double> worlds;
  std::vector<double> runs;
  std::vector<double> distinct;
  std::vector<double> again;
  for (int i = 0; i < repetitions; ++i) {
    tell(fmt::format("branching, repetition {}", i + 1));
    const BranchSample s = in_child([&] { return branch(scenarios / "worst_case.json"); });
    worlds.push_back(static_cast<double>(s.worlds) / s.cpu_s);
    runs.push_back(static_cast<double>(s.runs) / s.runs_cpu_s);
    distinct.push_back(static_cast<double>(s.distinct) / s.remember_cpu_s);
    again.push_back(static_cast<double>(s.again) / s.remember_cpu_s);
  }
  return {{"world", "two paths, two commands"},
          {"worlds_per_s", median(worlds)},
          {"runs_per_s", median(runs)},
          {"distinct_per_s", median(distinct)},
          {"again_per_s", median(again)}};
}

json models(const std::filesystem::path& quickstart, int repetitions) {
  const auto row = [&](const char* name, ModelSample (*run)(const std::filesystem::path&)) {
    tell(fmt::format("running: {}", name));
    std::vector<double> cpu_s;
    ModelSample s;
    for (int i = 0; i < repetitions; ++i) {
      s = in_child([&] { return run(quickstart); });
      cpu_s.push_back(s.cpu_s);
    }
    const double time_s = median(cpu_s);
    return json{{"run", name},
                {"simulated_s", s.simulated_s},
                {"events", s.events},
                {"run_ms", time_s * 1e3},
                {"events_per_s", static_cast<double>(s.events) / time_s},
                {"speed_up_ratio", s.simulated_s / time_s}};
  };
  return {row("quickstart, 120 simulated s", run_scenario),
          row("failover, 20 simulated s at 100 IOPS", run_thinned)};
}

/// A bound on a number of the document. One that is not judged says "met" or "short" and leaves the
/// exit status alone: the same bound on a stricter reading, told so that nobody has to guess.
json bar(const std::string& name, double value, const char* side, double bound,
         bool is_judged = true) {
  const bool holds = side == std::string_view("min") ? value >= bound : value < bound;
  const char* const status = is_judged ? (holds ? "pass" : "fail") : (holds ? "met" : "short");
  return {{"name", name}, {"value", value}, {side, bound}, {"status", status}};
}

json bars(const json& document) {
  json out = json::array();
  for (const json& load : document.at("packet_hops")) {
    const auto& rows = load.at("kernels");
    const auto in_flight = load.at("in_flight").get<std::uint32_t>();
    out.push_back(bar(fmt::format("heap allocations per hop, native, {} in flight", in_flight),
                      rows.at(0).at("allocations_per_hop_ratio"), "max", 1e-5));
    if (in_flight != bar_in_flight)
      continue;
    const auto over = [&](std::size_t row, double bound, bool is_judged) {
      out.push_back(
          bar(fmt::format("native over {}, {} in flight", kernels.at(row).name, in_flight),
              rows.at(row).at("native_is_ratio"), "min", bound, is_judged));
    };
    over(1, 5, true);
    over(2, 30, true);
    over(3, 30, false);
  }
  for (const json& copy : document.at("copies")) {
    const auto memory = copy.at("memory").get<std::string>();
    out.push_back(
        bar(fmt::format("copy in us: {}, memory {}", copy.at("world").get<std::string>(), memory),
            copy.at("copy_us"), "max", 100, memory == "kept"));
    if (copy.at("world") == small_world && memory == "kept") {
      out.push_back(
          bar("the same, as search wants it", copy.at("copy_us"), "max", small_world_us, false));
    }
  }
  out.push_back(bar("worlds/s branched off and stepped to the next choice",
                    document.at("branches").at("worlds_per_s"), "min", branches_per_s, false));
  out.push_back(bar("the same, of which none is like one before",
                    document.at("branches").at("distinct_per_s"), "min", distinct_per_s, false));
  return out;
}

int run(const Options& options) {
  if (options.only_branches) {
    const json rates = branches(options.scenarios, options.repetitions);
    tell("");
    fmt::print("{}\n", rates.dump(2));
    return 0;
  }
  if (options.only_counted) {
    fmt::print("{}\n", count_all(options.scenarios).dump(2));
    return 0;
  }
  const std::filesystem::path quickstart = options.scenarios / "quickstart.json";
  json document = {{"schema_version", 1},
                   {"repetitions", options.repetitions},
                   {"build", build_facts()},
                   {"simgrid", simgrid_version()}};
  for (const Load& load : loads)
    document["packet_hops"].push_back(measure(load, options.repetitions));
  document["copies"] = copies(options.scenarios);
  document["branches"] = branches(options.scenarios, options.repetitions);
  document["models"] = models(quickstart, options.repetitions);
  document["bars"] = bars(document);
  tell("");
  fmt::print("{}", options.as_json ? document.dump(2) + "\n" : render(document));
  for (const json& one : document["bars"]) {
    if (one["status"] == "fail")
      return 1;
  }
  return 0;
}

/// False: the command line is wrong.
bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::string_view value = i + 1 < argc ? argv[i + 1] : "";
    if (word == "--json") {
      options.as_json = true;
    } else if (word == "--counted") {
      options.only_counted = true;
    } else if (word == "--branches") {
      options.only_branches = true;
    } else if (word == "--repetitions") {
      const auto end = value.data() + value.size();
      const auto [stop, error] = std::from_chars(value.data(), end, options.repetitions);
      if (error != std::errc{} || stop != end || options.repetitions < 1)
        return false;
      ++i;
    } else if (word == "--scenarios" && !value.empty()) {
      options.scenarios = value;
      ++i;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace
}  // namespace holdfast::bench

extern "C" void holdfast_counted_work(const std::function<void()>& work) { work(); }

int main(int argc, char** argv) {
  holdfast::bench::Options options;
  if (!holdfast::bench::parse(argc, argv, options)) {
    fmt::print(stderr,
               "usage: holdfast_bench [--json] [--repetitions N] [--scenarios DIR]\n"
               "  --repetitions N   of each measurement, default 5\n"
               "  --scenarios DIR   where quickstart.json and rw_test_mainline.json are, default "
               "./scenarios\n"
               "  --branches        only how fast a search branches off worlds\n"
               "       holdfast_bench --counted [--scenarios DIR]\n"
               "  does the work that tools/instructions.py counts, and measures nothing\n");
    return 2;
  }
  try {
    return holdfast::bench::run(options);
  } catch (const std::exception& e) {
    fmt::print(stderr, "holdfast_bench: {}\n", e.what());
    return 3;
  }
}
