// SPDX-License-Identifier: Apache-2.0
// What an administrator sets for one connection, and the others of its host do not have.
#include "tests/conformance/earliest.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

/// Two paths that are lost at 2.9 s; each has a write out at 3 s, and then nothing.
json two_holes(const json& of_first_path) {
  json s = scenario_with(2);
  s["hosts"][0]["connect"][0].update(of_first_path);
  const json write = {
      {"type", "script"}, {"host", "h1"}, {"start", "3s"}, {"steps", {{{"do", "write"}}}}};
  s["workloads"] = {write, write};
  s["faults"] = {blackhole("h1-s1", 2900ms), blackhole("h1-s2", 2900ms)};
  return s;
}

TimePoint sent_at(const Run& run, std::uint64_t controller) {
  return run.log.first(Kind::attempt_sent, with("controller", controller)).at;
}

/// How long after it left its host sends a write once more.
Duration probed_after(const Run& run, std::uint64_t controller) {
  const Entry sent = run.log.first(Kind::attempt_sent, with("controller", controller));
  const Filter of_write = with("side", 0) && with("connection", sent["connection"]);
  return run.log.first(Kind::tcp_probe, of_write).at - sent.at;
}

}  // namespace

TEST_CASE("rto_min of a route is that of its connections", "[conformance][per-connection]") {
  // A round trip takes some 10 us, so a lone segment is probed after the floor of the timeout, in
  // whole milliseconds and one or two more.
  for (const Duration floor : {50ms, 20ms}) {
    Run run(two_holes({{"rto_min", text(floor)}}));
    run.until(4s);
    CHECK(probed_after(run, 0) >= floor);
    CHECK(probed_after(run, 0) <= floor + 3ms);
    CHECK(probed_after(run, 1) >= 200ms);
    CHECK(probed_after(run, 1) <= 203ms);
  }
}

TEST_CASE("TCP_USER_TIMEOUT of a connection is its own", "[conformance][per-connection]") {
  // It counts from the first repetition, 202 ms after the write, in whole milliseconds.
  Run run(two_holes({{"tcp_user_timeout", "1s"}}));
  run.until(4900ms);
  const Entry recovery = run.log.first(Kind::recovery_started);
  CHECK(recovery["controller"] == 0);
  CHECK(recovery["cause"] == static_cast<std::uint64_t>(host::Cause::transport));
  const Duration took = recovery.at - (sent_at(run, 0) + 202ms + 1s);
  CHECK(took < 1ms);
  CHECK(took > -1ms);
  // The other path has nothing but its Keep Alive, and no suspicion is anybody's.
  CHECK(run.log.count(Kind::recovery_started) == 1);
  CHECK(run.log.count(Kind::suspected) == 0);
  SECTION("and goes before that of the host") {
    json s = two_holes({{"tcp_user_timeout", "1s"}});
    s["hosts"][0]["suspicion"] = {{"tcp_user_timeout", "300ms"}};
    Run both(s);
    both.until(4900ms);
    const auto signs = both.log.all(Kind::suspected);
    REQUIRE(signs.size() == 2);
    CHECK(signs[0]["controller"] == 1);
    CHECK(signs[1]["controller"] == 0);
    CHECK(signs[1].at == recovery.at);
  }
}
