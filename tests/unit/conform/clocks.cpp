// SPDX-License-Identifier: Apache-2.0
// What a host or a controller does counts by the clock that it has: one that is off breaks no
// requirement, and a span that is wrong by that clock does.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "analysis/conform/campaign/judge.hpp"
#include "models/scenario/scenario.hpp"

using namespace holdfast;
using namespace holdfast::conform;
using nlohmann::json;

namespace {

/// A path is cut at 10 s. KATO 1 s, traffic based, CQT 500 ms.
json cut(const json& host, const json& subsystem) {
  json s = json::parse(R"({
    "name": "clocks", "duration": "40s",
    "fabric": {"links": [{"name": "l0", "ends": ["h1", "a0"]},
                         {"name": "l1", "ends": ["h1", "a1"]}]},
    "subsystems": [{"name": "sub", "ports": ["a0", "a1"], "attr_cqt": "500ms",
                    "namespaces": [{"nsid": 1, "size": "64MiB"}]}],
    "hosts": [{"name": "h1", "policy": "cqt-only", "iopolicy": "round-robin", "cpus": 1,
               "connect": [
      {"subsystem": "sub", "port": "a0", "keep_alive_tmo": "1s", "reconnect_delay": "1s"},
      {"subsystem": "sub", "port": "a1", "keep_alive_tmo": "1s", "reconnect_delay": "1s"}]}],
    "workloads": [{"type": "fio", "host": "h1", "rw": "randwrite", "rate_iops": 10}],
    "faults": [{"type": "blackhole", "at": "10s", "link": "l0"}]})");
  s["hosts"][0].update(host);
  s["subsystems"][0].update(subsystem);
  return s;
}

/// On how many occasions a requirement was broken; it applied to some.
std::uint64_t broken(const json& s, const char* id) {
  const Requirement* const found = find_requirement(id);
  REQUIRE(found != nullptr);
  const Judgement judged = judge(scenario::from_json(s, "test"), {found});
  CHECK(judged.ledgers.at(0).occasions() > 0);
  return judged.ledgers.at(0).broken();
}

const json slow = {{"clock_slow_ppm", 100'000}};
const json fast = {{"clock_fast_ppm", 100'000}};

/// With a hold of m x KATO + CQT that counts from the last submission.
json fast_from_submission(double m) {
  json host = fast;
  host["policy"] = {
      {"preset", "cqt-only"}, {"hold_from", "last_submission"}, {"hold_multiplier", m}};
  return host;
}

}  // namespace

TEST_CASE("what a host does counts by its own clock", "[conform]") {
  // 3 x 1 s + 0.5 s: 3.889 s of a clock that is slow by a tenth, 3.182 s of one that is fast.
  CHECK(broken(cut(slow, json::object()), "HOLD-8") == 0);
  CHECK(broken(cut(fast_from_submission(3.0), json::object()), "HOLD-1") == 0);
  // A Keep Alive of 1 s that is lost after 0.909 s, and a reconnect_delay of 1 s likewise.
  for (const char* id : {"KAH-11", "SM-4", "SM-5"}) {
    INFO(id);
    CHECK(broken(cut(fast, json::object()), id) == 0);
  }
  SECTION("and what is too long or too short by that is") {
    // 4 x 1 s + 0.5 s, which is 5 s; and 2.5 s instead of 3.5 s.
    json host = slow;
    host["policy"] = {{"preset", "cqt-only"}, {"hold_multiplier", 4.0}};
    CHECK(broken(cut(host, json::object()), "HOLD-8") == 1);
    CHECK(broken(cut(fast_from_submission(2.0), json::object()), "HOLD-1") > 0);
  }
}

TEST_CASE("what a controller does counts by its own clock", "[conform]") {
  // It expires 1.111 s or 0.909 s after the last Keep Alive instead of 1 s.
  for (auto [clock, id] : {std::pair{slow, "KAT-2"}, std::pair{fast, "KAT-1"}}) {
    INFO(id);
    clock["traffic_based_keep_alive"] = false;
    CHECK(broken(cut(json::object(), clock), id) == 0);
  }
}
