// SPDX-License-Identifier: Apache-2.0
// Both kernels run the same models and must do the same, record by record: SimGrid vouches for our
// calendar. Random scenarios and all bundled ones.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "analysis/conform/campaign/expected.hpp"
#include "analysis/run/lockstep.hpp"
#include "analysis/run/run.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/scenario/scenario.hpp"
#include "tests/differential/generate.hpp"
#include "tests/property/closing.hpp"

namespace {

using namespace holdfast;
using nlohmann::json;

constexpr std::uint64_t batch_size = 25;

json run_on(const scenario::Scenario& s, analysis::Kernel kernel) {
  analysis::RunOptions options;
  options.kernel = kernel;
  options.judge = conform::expected_requirements;
  return analysis::run(s, options);
}

/// The same run step by step: the invariants of worlds, and that all is live again in the end.
void check_run(const scenario::Scenario& s) {
  World w = scenario::build(s);
  invariants::Watcher watcher;
  w.trace.attach(&watcher);
  invariants::run_until(w, sim::epoch + s.duration);
  invariants::close(w, watcher);
}

/// Runs scenarios of one batch on both kernels; what differs is thrown as KernelMismatch.
void run_batch(std::uint64_t batch) {
  std::size_t recoveries = 0;
  std::uint64_t done = 0;
  for (std::uint64_t i = 1; i <= batch_size; ++i) {
    const std::string text = generate::scenario_text(batch * batch_size + i);
    INFO(text);
    const scenario::Scenario s = scenario::parse(text, "generated");
    json document;
    REQUIRE_NOTHROW(document = run_on(s, analysis::Kernel::both));
    check_run(s);
    recoveries += document["recovery"].size();
    done += document["io"]["read"]["count"].get<std::uint64_t>() +
            document["io"]["write"]["count"].get<std::uint64_t>();
  }
  // The batch is not one of worlds in which nothing happens.
  CHECK(recoveries >= 5);
  CHECK(done >= 1000);
}

std::vector<std::filesystem::path> bundled() {
  std::vector<std::filesystem::path> out;
  for (const char* folder : {"scenarios", "scenarios/reference"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      // A sweep or a schema may lie beside the scenarios; only scenarios have hosts.
      if (entry.path().extension() == ".json" &&
          scenario::read_document(entry.path()).contains("hosts"))
        out.push_back(entry.path());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// Every second bundled scenario, so that ctest can run the halves side by side.
void run_bundled(std::size_t first) {
  const auto paths = bundled();
  REQUIRE(paths.size() > 4);
  for (std::size_t i = first; i < paths.size(); i += 2) {
    INFO(paths[i].string());
    REQUIRE_NOTHROW(run_on(scenario::load(paths[i]), analysis::Kernel::both));
  }
}

}  // namespace

// Each batch is a case of its own, and so a process: SimGrid has one engine in each.
TEMPLATE_TEST_CASE_SIG("a batch of 25 generated scenarios does the same on both kernels",
                       "[differential]", ((std::uint64_t batch), batch), 0, 1, 2, 3, 4, 5, 6, 7) {
  run_batch(batch);
}

TEST_CASE("the generated scenarios differ and contain every kind of thing", "[differential]") {
  std::set<std::string> texts;
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const std::string text = generate::scenario_text(seed);
    REQUIRE(text == generate::scenario_text(seed));
    texts.insert(text);
    const json document = json::parse(text);
    for (const json& fault : document["faults"])
      seen.insert(fault.contains("state") ? fault["state"] : fault["type"]);
    for (const json& workload : document["workloads"])
      seen.insert(workload["type"]);
    for (const json& host : document["hosts"])
      seen.insert(host["policy"]["preset"]);
    for (const json& one : document["subsystems"])
      seen.insert(one["profile"]);
    seen.insert("hosts " + std::to_string(document["hosts"].size()));
    seen.insert("subsystems " + std::to_string(document["subsystems"].size()));
    seen.insert("faults " + std::to_string(document["faults"].size()));
  }
  CHECK(texts.size() == 200);
  for (const char* what :
       {"blackhole",    "link_down",    "loss",         "fopcode",        "delay_command",
        "crash",        "hang",         "partition",    "admin_stall",    "spdk-like",
        "array",        "rw_test",      "fio",          "linux-mainline", "cqt-only",
        "hosts 1",      "hosts 2",      "hosts 3",      "subsystems 1",   "subsystems 2",
        "subsystems 3", "faults 0",     "faults 4",     "impair",         "kill_sockets",
        "drop_capsule", "port_removed", "cross_traffic"}) {
    INFO(what);
    CHECK(seen.count(what) == 1);
  }
}

TEST_CASE("bundled scenarios, even ones, do the same on both kernels", "[differential]") {
  run_bundled(0);
}
TEST_CASE("bundled scenarios, odd ones, do the same on both kernels", "[differential]") {
  run_bundled(1);
}

TEST_CASE("the document of a run does not depend on the kernel", "[differential]") {
  const auto s = scenario::parse(generate::scenario_text(3), "generated");
  json native = run_on(s, analysis::Kernel::native);
  json foreign = run_on(s, analysis::Kernel::simgrid);
  json both = run_on(s, analysis::Kernel::both);
  CHECK(native["kernel"] == "native");
  CHECK(foreign["kernel"] == "simgrid");
  CHECK(both["kernel"] == "both");
  for (json* document : {&native, &foreign, &both})
    document->erase("kernel");
  // A run on both says besides which hash each of them gave.
  CHECK(both["kernels"]["native"] == both["kernels"]["simgrid"]);
  both.erase("kernels");
  CHECK(native == foreign);
  CHECK(native == both);
}

namespace {

/// What a lockstep of two runs tells of their first difference.
std::string difference_between(const scenario::Scenario& first, const scenario::Scenario& second) {
  World leader = scenario::build(first);
  World follower = scenario::build(second);
  analysis::Lockstep lockstep(follower, sim::epoch + second.duration);
  leader.trace.attach(&lockstep);
  invariants::run_until(leader, sim::epoch + first.duration);
  lockstep.finish();
  REQUIRE(lockstep.equal() == lockstep.difference().empty());
  return lockstep.difference();
}

std::vector<std::string> lines_of(const std::string& text, const std::string& start) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    if (line.compare(0, start.size(), start) == 0)
      out.push_back(line.substr(start.size()));
    at = end + 1;
  }
  return out;
}

}  // namespace

TEST_CASE("a difference between two runs is shown with both records", "[differential]") {
  auto first = scenario::load("scenarios/lossy_path.json");
  first.duration = std::chrono::seconds{2};
  auto second = first;
  CHECK(difference_between(first, second).empty());

  second.seed = first.seed + 1;
  const std::string told = difference_between(first, second);
  INFO(told);
  REQUIRE(lines_of(told, "the runs differ at record ").size() == 1);
  const auto one = lines_of(told, "  first   ");
  const auto other = lines_of(told, "  second  ");
  REQUIRE(one.size() == 1);
  REQUIRE(other.size() == 1);
  CHECK(one[0] != other[0]);
  CHECK(lines_of(told, "  both    ").size() == 8);
}

TEST_CASE("a run that ends before the other is a difference", "[differential]") {
  auto first = scenario::load("scenarios/lossy_path.json");
  first.duration = std::chrono::seconds{1};
  auto second = first;
  second.duration = std::chrono::milliseconds{700};
  CHECK(lines_of(difference_between(first, second), "  second  ") ==
        std::vector<std::string>{"has ended"});
  CHECK(lines_of(difference_between(second, first), "  first   ") ==
        std::vector<std::string>{"has ended"});
}
