// SPDX-License-Identifier: Apache-2.0
// TR-2, TR-3: when TCP sends again into a path that has gone silent, and when it gives up, with
// exact timers (protocol.md 7.1, 8). A lone segment is probed once before the series begins.
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

constexpr std::uint64_t rate_bps = 25'000'000'000;
constexpr std::uint64_t syn = 1;
constexpr std::uint64_t fin = 4;
constexpr std::uint64_t rst = 8;

/// The first word of a packet is connection | from << 32 | flags << 40 | data bytes << 48.
std::uint64_t connection_of(const Entry& packet) { return packet["head"] & 0xffffffff; }
std::uint64_t flags_of(const Entry& packet) { return packet["head"] >> 40 & 0xff; }
std::uint64_t length_of(const Entry& packet) { return packet["head"] >> 48; }

/// When a packet that reached the end of an idle first link was sent.
TimePoint sent_at(const Entry& hop) {
  const auto bytes = static_cast<std::uint32_t>(hop["bytes"]);
  return hop.at - 2us - analysis::serialisation_time(bytes, rate_bps);
}

/// Channel 0 is the forward direction of link 0: host to switch.
std::vector<Entry> sent_by_host(const RecordLog& log, TimePoint from) {
  return log.all(Kind::packet_hop, with("channel", 0) && since(from));
}

}  // namespace

TEST_CASE("the closed forms give the series of the reference", "[conformance][TR-2]") {
  const Duration series[] = {200ms,   600ms,   1400ms,  3000ms,   6200ms,
                             12600ms, 25400ms, 51000ms, 102200ms, 204600ms};
  for (unsigned n = 1; n <= 10; ++n)
    CHECK(analysis::retransmission_expiry(n, 200ms, 120s) == series[n - 1]);
  CHECK(analysis::retransmission_expiry(11, 200ms, 120s) == 324600ms);
  CHECK(analysis::retransmission_expiry(16, 200ms, 120s) == 924600ms);
  CHECK(analysis::unanswered_connect() == 3s);
  // 72 bytes of capsule in a segment and a frame: 162 bytes at 25 Gbit/s take 51.84 ns.
  CHECK(analysis::serialisation_time(analysis::segment_bytes(72), rate_bps) == 52ns);
}

TEST_CASE("a stuck Keep Alive is sent again after the RTO series, and given up after the sixteenth",
          "[conformance][TR-2]") {
  // A hold of 100 x 15 s keeps the socket open beyond the end of the series.
  json s = scenario_with(1);
  set_keep_alive(s, analysis::KeepAlive::traffic_based, 15s);
  s["subsystems"][0]["attr_cqt"] = "1ms";
  s["hosts"][0]["policy"] = {{"preset", "cqt-only"}, {"hold_multiplier", 100}};
  Run run(s, true);
  run.until(40s);
  add_blackhole(run.world, 0, run.world.now());
  run.advance(1000s);
  const TimePoint sent = run.log.first(Kind::keep_alive_sent, since(sim::epoch + 40s)).at;
  const auto timeouts = run.log.all(Kind::tcp_timeout, since(sent));
  REQUIRE(timeouts.size() == 16);
  // RTO = SRTT + 200 ms: the floor is on the variance term (__tcp_set_rto), whose four-fold is far
  // below 200 ms here. SRTT itself is what the handshake and the commands before took.
  const auto id = static_cast<transport::ConnectionId>(timeouts[0]["connection"]);
  const Duration srtt = run.world.transport.connections[id].end[0].round_trips.smoothed;
  CHECK(srtt > 8us);
  CHECK(srtt < 12us);
  const Duration rto = 200ms + srtt;
  for (unsigned n = 1; n <= 16; ++n) {
    CHECK(timeouts[n - 1].at - sent == rto + analysis::retransmission_expiry(n, rto, 120s));
    CHECK(timeouts[n - 1]["side"] == 0);
  }
  // Each but the last expiry sends the 72 bytes again, on the wire.
  std::vector<TimePoint> again;
  for (const Entry& e : sent_by_host(run.log, sent)) {
    CHECK(connection_of(e) == timeouts[0]["connection"]);
    CHECK(length_of(e) == 72);
    again.push_back(sent_at(e));
  }
  REQUIRE(again.size() == 17);
  CHECK(again[0] == sent);
  CHECK(again[1] - sent == rto);
  for (unsigned n = 1; n <= 15; ++n)
    CHECK(again[n + 1] - sent == rto + analysis::retransmission_expiry(n, rto, 120s));
  // The loss of the connection is no news while FENCING.
  CHECK(run.log.count(Kind::recovery_started) == 1);
  CHECK(run.log.count(Kind::hold_ended) == 0);
}

TEST_CASE("what a socket holds is delivered when the path heals, one expiry later",
          "[conformance][TR-2]") {
  // Looks are at multiples of 1.25 s. Healed 2 s after one: the probe is at 0.2 s, the timeouts at
  // 0.4, 0.8, 1.6 and 3.2 s.
  Run run(scenario_with(1), true);
  run.until(40500ms);
  const TimePoint next = run.log.last(Kind::keep_alive_sent).at + 1250ms;
  fault::Fault f;
  f.at = run.world.now();
  f.until = next + 2s;
  fault::add_fault(run.world, f);
  run.advance(10s);
  const Entry arrived = run.log.first(Kind::command_fetched, since(next));
  CHECK(arrived.at - next > 3200ms);
  CHECK(arrived.at - next < 3200ms + 16 * 12us + 10us);
  CHECK(run.log.count(Kind::recovery_started) == 0);
}

TEST_CASE("an unanswered connect sends three SYNs a second apart and fails after three",
          "[conformance][TR-3]") {
  json s = scenario_with(1);
  s["faults"] = json::array({blackhole("h1-s1", 12s)});
  Run run(s, true);
  run.until(60s);
  const Entry attempt = run.log.first(Kind::connect_attempt, since(sim::epoch + 12s));
  const Entry failed = run.log.first(Kind::connect_failed);
  std::vector<TimePoint> syns;
  for (const Entry& e : sent_by_host(run.log, attempt.at)) {
    if (e.at > failed.at)
      break;
    CHECK(flags_of(e) == syn);
    CHECK(length_of(e) == 0);
    syns.push_back(sent_at(e));
  }
  CHECK(syns == std::vector<TimePoint>{attempt.at, attempt.at + 1s, attempt.at + 2s});
  CHECK(failed.at == attempt.at + 3s);
  CHECK(failed["error"] == 110);
}

TEST_CASE("a host that gives up shuts down first and resets two ticks later",
          "[conformance][TR-4]") {
  // fput from a kernel thread closes the files 8 ms after the shutdown (HZ = 250). A FIN that finds
  // the window full of lost data stays behind; an idle connection sends both.
  json s = scenario_with(1);
  s["faults"] = json::array({blackhole("h1-s1", 12s)});
  s["faults"][0]["direction"] = "backward";
  Run run(s, true);
  run.until(24s);
  const TimePoint cancelled = run.log.first(Kind::requests_cancelled).at;
  std::vector<TimePoint> fins, resets;
  for (const Entry& e : sent_by_host(run.log, cancelled)) {
    if (flags_of(e) & fin)
      fins.push_back(e.at);
    if (flags_of(e) & rst)
      resets.push_back(e.at);
  }
  // The I/O connection is idle; the admin connection has a lost Keep Alive in front of its FIN.
  REQUIRE(resets.size() == 2);
  REQUIRE_FALSE(fins.empty());
  CHECK(fins[0] < cancelled + 10us);
  CHECK(resets[0] >= cancelled + 8ms);
  CHECK(resets[1] < cancelled + 8ms + 10us);
}
