// SPDX-License-Identifier: Apache-2.0
// Paths that the fabric has called bad (FPIN, link integrity): what path selection makes of them.
#include "tests/conformance/transport/fc_support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

/// A write each 50 ms; the fabric tells of the links to `a0` at 2 s.
json told(const char* iopolicy) {
  json s = on_fc("linux-mainline", 30s);
  s["hosts"][0]["iopolicy"] = iopolicy;
  s["workloads"] = json::array({fio({{"rw", "randwrite"}, {"rate_iops", 20}, {"start", "1s"}})});
  s["faults"] =
      json::array({{{"type", "link_integrity"}, {"at", "2010ms"}, {"host", "h1"}, {"port", "a0"}}});
  return s;
}

std::size_t sent(const Run& run, std::uint64_t controller, const Filter& when) {
  return run.log.count(Kind::attempt_sent, with("controller", controller) && when);
}

constexpr TimePoint bad = sim::epoch + 2010ms;

}  // namespace

TEST_CASE("a path over bad links is left alone", "[conformance][fc]") {
  for (const char* iopolicy : {"numa", "round-robin"}) {
    INFO(iopolicy);
    Run run(told(iopolicy));
    run.until(3999ms);
    CHECK(sent(run, 0, before(bad)) > 5);
    CHECK(sent(run, 0, since(bad)) == 0);
    CHECK(sent(run, 1, since(bad)) == 39);  // 2.05 s, 2.1 s, ... 3.95 s
    CHECK(run.log.count(Kind::recovery_started) == 0);
  }
}

TEST_CASE("queue-depth knows of no bad links", "[conformance][fc]") {
  Run run(told("queue-depth"));
  run.until(3999ms);
  CHECK(sent(run, 0, since(bad)) == 39);
}

TEST_CASE("a path over bad links carries where no other is optimized", "[conformance][fc]") {
  json s = told("round-robin");
  s["subsystems"][0]["ana_states"] = {{{"port", "a1"}, {"group", 1}, {"state", "inaccessible"}}};
  Run run(s);
  run.until(3999ms);
  CHECK(sent(run, 0, since(bad)) == 39);
  CHECK(sent(run, 1, since(sim::epoch)) == 0);
}

TEST_CASE("a path over bad links is used again once it was reset", "[conformance][fc]") {
  json s = told("round-robin");
  s["faults"].push_back(
      {{"type", "reset_controller"}, {"at", "3s"}, {"host", "h1"}, {"controller", "nvme0"}});
  Run run(s);
  run.until(3999ms);
  CHECK(sent(run, 0, since(bad) && before(sim::epoch + 3s)) == 0);
  CHECK(sent(run, 0, since(sim::epoch + 3s)) > 5);
}
