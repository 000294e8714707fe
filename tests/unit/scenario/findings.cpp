// SPDX-License-Identifier: Apache-2.0
// What `verify` says of a scenario that is allowed and seldom meant.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/scenario/scenario.hpp"

using namespace holdfast::scenario;
using nlohmann::json;

namespace {

std::vector<std::string> places_of_warnings(const json& fault, const json& crdt) {
  json document = json::parse(R"({
    "name": "base", "duration": "60s",
    "fabric": {"links": [{"name": "l0", "ends": ["h1", "a0"]}]},
    "subsystems": [{"name": "sub", "ports": ["a0"], "attr_cqt": "1ms",
                    "namespaces": [{"nsid": 1, "size": "1MiB"}]}],
    "hosts": [{"name": "h1", "connect": [{"subsystem": "sub", "port": "a0"}]}],
    "workloads": [{"type": "rw_test", "host": "h1"}]
  })");
  document["subsystems"][0]["crdt"] = crdt;
  document["faults"] = json::array({fault});
  std::vector<std::string> out;
  for (const Warning& one : warnings(from_json(document, "base")))
    out.push_back(one.pointer);
  return out;
}

}  // namespace

TEST_CASE("A retry delay that the host was never told is warned of", "[scenario]") {
  using Places = std::vector<std::string>;
  json fault = {{"type", "command_status"}, {"at", "1s"}, {"subsystem", "sub"}};
  CHECK(places_of_warnings(fault, json::array()).empty());
  fault["crd"] = 2;
  CHECK(places_of_warnings(fault, json::array()) == Places{"/faults/0/crd"});
  CHECK(places_of_warnings(fault, {"1s"}) == Places{"/faults/0/crd"});
  CHECK(places_of_warnings(fault, {"1s", "2s"}).empty());
}
