// SPDX-License-Identifier: Apache-2.0
// KA-8: persistent discovery controllers, KATO 0 and what commit 2e482655019a changed (protocol.md
// 1.9). Measured on Linux 6.12.95 (protocol.md 15): the target takes KATO 0 for 120 s in the first
// Connect and in the one of the first reconnect; then the host has KATO 5.
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

constexpr Duration disc_kato = 30s;  // instead of 120 s
constexpr Duration reconnect_delay = 10s;
constexpr Duration set_up = 5ms;  // of an association without I/O queues, over microseconds

/// One host with a discovery controller (nvme0) and an I/O controller (nvme1) at the same port.
json discovering(bool fix) {
  json s = scenario_with(1);
  s["subsystems"][0]["discovery_kato"] = text(disc_kato);
  s["hosts"][0]["policy"] = {{"discovery_reconnect_kato", fix}};
  const json discovery = {{"subsystem", "discovery"}, {"port", "a0"}};
  json& connects = s["hosts"][0]["connect"];
  connects.insert(connects.begin(), discovery);
  return s;
}

/// The keep-alive timeouts that the target gave to discovery controllers, one per Connect.
std::vector<Duration> timeouts(const Run& run) {
  std::vector<Duration> found;
  for (const Entry& e : run.log.all(Kind::controller_created)) {
    if (run.world.target.subsystems[e["subsystem"]].discovery)
      found.emplace_back(static_cast<std::int64_t>(e["kato_ns"]));
  }
  return found;
}

}  // namespace

TEST_CASE("KA-8 without the fix the target expires a discovery controller again and again",
          "[conformance][KA-8]") {
  Run run(discovering(false));
  run.until(400s);
  // Nothing is sent after set-up, so expiry comes two windows after CC.EN: the commands of set-up
  // spare the first check. Then 10 s to the next Connect: a period of 70 s.
  const auto expired = run.log.all(Kind::keep_alive_expired);
  REQUIRE(expired.size() == 5);
  const auto ready =
      run.log.all(Kind::controller_ready, with("subsystem", expired[0]["subsystem"]));
  for (std::size_t i = 0; i < expired.size(); ++i) {
    CHECK(expired[i].at == ready[i].at + 2 * disc_kato);
    if (i != 0) {
      const Duration period = expired[i].at - expired[i - 1].at;
      CHECK(period >= 2 * disc_kato + reconnect_delay);
      CHECK(period < 2 * disc_kato + reconnect_delay + set_up);
    }
  }
  CHECK(run.log.count(Kind::keep_alive_sent, with("controller", 0)) == 0);
  CHECK(timeouts(run) == std::vector<Duration>(6, disc_kato));
  CHECK(run.log.count(Kind::recovery_started, with("controller", 0)) == 5);
  CHECK(run.log.count(Kind::recovery_started, with("controller", 1)) == 0);
}

TEST_CASE("KA-8 with the fix a discovery controller that reconnected has KATO 5 s and stays",
          "[conformance][KA-8]") {
  json s = discovering(true);
  // Another reconnect, to see the KATO of a Connect after the fix has struck.
  s["faults"] = {{{"type", "link_down"}, {"at", "600s"}, {"for", "30s"}, {"link", "h1-s1"}}};
  Run run(s);
  run.until(590s);
  const auto expired = run.log.all(Kind::keep_alive_expired);
  REQUIRE(expired.size() == 1);
  const TimePoint live = run.log.last(Kind::connected, with("controller", 0)).at;
  CHECK(live - expired[0].at < reconnect_delay + set_up);
  // nvme_start_ctrl comes after LIVE: that Connect still carried 0.
  CHECK(timeouts(run) == std::vector<Duration>{disc_kato, disc_kato});
  CHECK(run.world.host.controllers[0].kato == 5s);
  // The last look is long ago, so the first Keep Alive goes out at once; then every K/2, because a
  // discovery controller does not report TBKAS.
  const auto sent = run.log.all(Kind::keep_alive_sent, with("controller", 0));
  REQUIRE(sent.size() > 100);
  CHECK(sent[0].at == live);
  for (std::size_t i = 1; i < sent.size(); ++i)
    CHECK(sent[i].at - sent[i - 1].at == 2500ms);
  run.until(1200s);
  CHECK(timeouts(run) == std::vector<Duration>{disc_kato, disc_kato, 5s});
  CHECK(run.world.host.controllers[0].state == host::State::live);
}

TEST_CASE("KA-8 an explicit KATO makes a discovery controller persistent from the start",
          "[conformance][KA-8]") {
  json s = discovering(true);
  s["hosts"][0]["connect"][0]["keep_alive_tmo"] = "15s";
  Run run(s);
  run.until(600s);
  CHECK(timeouts(run) == std::vector<Duration>{15s});
  CHECK(run.log.count(Kind::keep_alive_expired) == 0);
  CHECK(run.log.count(Kind::keep_alive_sent, with("controller", 0)) >= 78);
}

TEST_CASE("nvme/003 no Keep Alive goes to a discovery controller with KATO 0",
          "[conformance][KA-8]") {
  Run run(discovering(true));
  run.until(20s);
  CHECK(run.log.count(Kind::connected, with("controller", 0)) == 1);
  CHECK(run.log.count(Kind::keep_alive_sent, with("controller", 0)) == 0);
  for (const Entry& e : run.log.all(Kind::keep_alive_done))
    CHECK(e["status"] == 0);
}

TEST_CASE("a discovery controller has no I/O queues, no namespaces and no CCR fields",
          "[conformance][KA-8]") {
  json s = discovering(true);
  s["subsystems"][0]["profile"] = "nvmet-tp8028";
  s["hosts"][0]["policy"] = "tp8028-v3";
  s["workloads"] = json::array({fio({{"start", "1s"}, {"rate_iops", 100}, {"subsystem", "sub"}})});
  Run run(s);
  run.until(5s);
  CHECK(run.log.first(Kind::connected, with("controller", 0))["io_queues"] == 0);
  const host::Controller& c = run.world.host.controllers[0];
  CHECK(c.ciu == 0);
  CHECK(c.cirn == 0);
  CHECK(c.ccr_limit == 0);
  CHECK_FALSE(c.reports_ana);
  CHECK(run.world.host.controllers[1].ciu != 0);
  REQUIRE(run.world.host.heads.size() == 1);
  REQUIRE(run.world.host.heads[0].paths.size() == 1);
  CHECK(run.world.host.heads[0].paths[0].controller == host::ControllerId{1});
  CHECK(run.log.count(Kind::attempt_sent, with("controller", 0)) == 0);
  CHECK(run.log.count(Kind::attempt_sent, with("controller", 1)) > 100);
}
