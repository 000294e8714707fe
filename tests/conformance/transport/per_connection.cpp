// SPDX-License-Identifier: Apache-2.0
// What an administrator sets for one connection, and the others of its host do not have.
#include "tests/conformance/earliest.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

/// Two paths that are lost at 2.9 s; each has an I/O out at 3 s, and then nothing.
json two_holes(const json& of_first_path, const char* io = "write") {
  json s = scenario_with(2);
  s["hosts"][0]["connect"][0].update(of_first_path);
  const json one = {{"type", "script"}, {"host", "h1"}, {"start", "3s"}, {"steps", {{{"do", io}}}}};
  s["workloads"] = {one, one};
  s["faults"] = {blackhole("h1-s1", 2900ms), blackhole("h1-s2", 2900ms)};
  return s;
}

TimePoint sent_at(const Run& run, std::uint64_t controller) {
  return run.log.first(Kind::attempt_sent, with("controller", controller)).at;
}

/// How long after an I/O its host does that on its connection.
Duration first_after(const Run& run, std::uint64_t controller, Kind kind) {
  const Entry sent = run.log.first(Kind::attempt_sent, with("controller", controller));
  const Filter of_io = with("side", 0) && with("connection", sent["connection"]);
  return run.log.first(kind, of_io && since(sent.at)).at - sent.at;
}

}  // namespace

TEST_CASE("rto_min of a route is that of its connections", "[conformance][per-connection]") {
  // A round trip takes some 10 us. The three segments of a write are probed after 2 ms and time out
  // a floor later; the one of a read is probed after the floor. All in whole milliseconds.
  for (const Duration floor : {50ms, 20ms, 400ms}) {
    Run writes(two_holes({{"rto_min", text(floor)}}));
    writes.until(4s);
    CHECK(first_after(writes, 0, Kind::tcp_timeout) >= floor + 2ms);
    CHECK(first_after(writes, 0, Kind::tcp_timeout) <= floor + 4ms);
    CHECK(first_after(writes, 1, Kind::tcp_timeout) >= 202ms);
    CHECK(first_after(writes, 1, Kind::tcp_timeout) <= 204ms);
    Run reads(two_holes({{"rto_min", text(floor)}}, "read"));
    reads.until(4s);
    CHECK(first_after(reads, 0, Kind::tcp_probe) >= floor);
    CHECK(first_after(reads, 0, Kind::tcp_probe) <= floor + 2ms);
    CHECK(first_after(reads, 1, Kind::tcp_probe) >= 200ms);
    CHECK(first_after(reads, 1, Kind::tcp_probe) <= 202ms);
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
