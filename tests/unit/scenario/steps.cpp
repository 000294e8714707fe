// SPDX-License-Identifier: Apache-2.0
// Steps of a script: what each may say.
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "models/scenario/scenario.hpp"

using namespace holdfast::scenario;
using nlohmann::json;

namespace {

json base() {
  return json::parse(R"({
    "name": "base", "duration": "60s",
    "fabric": {"links": [{"name": "l0", "ends": ["h1", "a0"]}]},
    "subsystems": [{"name": "sub", "ports": ["a0"], "namespaces": [{"nsid": 1, "size": "1MiB"}]}],
    "hosts": [{"name": "h1", "connect": [{"subsystem": "sub", "port": "a0"}]}],
    "workloads": [{"type": "rw_test", "host": "h1"}]
  })");
}

}  // namespace

TEST_CASE("A step of a script takes only what it has a use for", "[scenario]") {
  const auto error = [](const json& step) {
    json document = base();
    document["workloads"] = {{{"type", "script"}, {"host", "h1"}, {"steps", json::array({step})}}};
    try {
      from_json(document, "base");
    } catch (const ScenarioError& mistake) {
      return mistake.parts().pointer;
    }
    return std::string("none");
  };
  const json said = {{"for", "2s"},         {"lba", 3},  {"blocks", 2},
                     {"from", 9},           {"zone", 1}, {"ranges", 2},
                     {"expects", "zeroes"}, {"key", 7},  {"victim", 8}};
  const std::map<std::string, std::set<std::string>> takes = {
      {"wait", {"for"}},
      {"flush", {}},
      {"read", {"lba", "blocks"}},
      {"deallocate", {"lba", "blocks", "ranges"}},
      {"compare", {"lba", "blocks", "expects"}},
      {"copy", {"lba", "blocks", "from"}},
      {"register", {"key"}},
      {"preempt", {"key", "victim"}}};
  for (const auto& [what, taken] : takes) {
    for (const auto& [key, value] : said.items()) {
      CAPTURE(what, key);
      const bool fits = taken.contains(key);
      // Two ranges want two blocks.
      json step = {{"do", what}, {key, value}};
      if (key == "ranges" && fits)
        step["blocks"] = 2;
      CHECK(error(step) == (fits ? "none" : "/workloads/0/steps/0/" + key));
    }
  }
  // A document that names every key says nothing by it.
  CHECK(error({{"do", "flush"}, {"lba", 0}, {"blocks", 1}, {"for", "1s"}, {"key", 1}}) == "none");
}
