// SPDX-License-Identifier: Apache-2.0
// What an incident's timeline says of the fault before it: its name, and the path that the write
// had taken, also if other paths were lost at the same instant.
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "analysis/run/run.hpp"
#include "models/scenario/scenario.hpp"

using namespace holdfast;

namespace {

// Node n1 has two ports; the host has a path to each, and a third to n2. Both are given up at once.
constexpr const char* hang = R"({
  "name": "hang", "duration": "30s",
  "fabric": {"links": [{"name": "l0", "ends": ["h", "a0"]}, {"name": "l1", "ends": ["h", "a1"]},
                       {"name": "l2", "ends": ["h", "b0"]}]},
  "subsystems": [{"name": "sub", "profile": "array", "ports": ["a0", "a1", "b0"],
                  "nodes": [{"name": "n1", "ports": ["a0", "a1"]}, {"name": "n2", "ports": ["b0"]}],
                  "namespaces": [{"size": "1MiB", "media": {"write": "5ms"}}]}],
  "hosts": [{"name": "h", "policy": "linux-mainline", "iopolicy": "round-robin",
             "connect": [{"subsystem": "sub", "port": "a0", "keep_alive_tmo": "5s"},
                         {"subsystem": "sub", "port": "a1", "keep_alive_tmo": "5s"},
                         {"subsystem": "sub", "port": "b0", "keep_alive_tmo": "5s"}]}],
  "workloads": [{"type": "fio", "host": "h", "rw": "randwrite", "bs": "4KiB", "iodepth": 8,
                 "rate_iops": 1000, "size": "64KiB"}],
  "faults": [{"type": "node", "at": "2s", "for": "9s", "subsystem": "sub", "node": "n1",
              "state": "hang"}]
})";

/// The text of the first moment of a kind; nothing if there is none.
std::string moment(const nlohmann::json& incident, const std::string& event) {
  for (const auto& one : incident["timeline"]) {
    if (one["event"] == event)
      return one["text"];
  }
  return "";
}

}  // namespace

TEST_CASE("an incident names the fault, and the path that its write was on", "[analysis]") {
  const auto result = analysis::run(scenario::parse(hang, "hang"), analysis::RunOptions{});
  std::set<std::string> told;
  for (const auto& incident : result["integrity"]["incidents"]) {
    const std::string sent = moment(incident, "sent"), fault = moment(incident, "fault");
    const std::string path = sent.substr(sent.find("nvme"), 5);
    CHECK(fault == "fault on " + path + ": hang of node n1");
    told.insert(fault);
  }
  CHECK(told.size() == 2);
}

TEST_CASE("a command that a fault delays is told with that fault", "[analysis]") {
  const auto result =
      analysis::run(scenario::load("scenarios/rw_test_mainline.json"), analysis::RunOptions{});
  REQUIRE(!result["integrity"]["incidents"].empty());
  CHECK(moment(result["integrity"]["incidents"][0], "fault") ==
        "fault on nvme0: fopcode of controller 1: opcode 0x1 2.000 s late");
}
