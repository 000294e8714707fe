// SPDX-License-Identifier: Apache-2.0
// Each timer of TCP, NVMe/TCP, RDMA and Fibre Channel: not a nanosecond early, and no later
// (docs/timers.md). TCP and RDMA have two ends at one link of 1 Gbps and 1 ms, as in their unit
// tests, so that the instants follow from bytes.
#include "tests/conformance/earliest.hpp"
#include "models/transport/fc/fc.hpp"
#include "tests/unit/transport/rdma_support.hpp"
#include "tests/unit/transport/tcp_support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;
using transport::Side;

namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t ack_wait = 40 * ms;  ///< TCP_ATO_MIN
constexpr std::int64_t trip = 2 * (tcp_test::hop + tcp_test::bare);

TimePoint at(std::int64_t ns) { return TimePoint{Duration{ns}}; }

Filter closed_at(Side side) {
  return with("side", static_cast<std::uint64_t>(side)) &&
         with("state", static_cast<std::uint64_t>(transport::TcpState::closed));
}
Filter of_side(Side side) { return with("side", static_cast<std::uint64_t>(side)); }

/// Every expiry of a series, one after the other.
void assert_series(Run run, const std::vector<std::int64_t>& instants, Kind kind) {
  for (const std::int64_t t : instants) {
    assert_earliest(run, at(t), kind);
    run.until(at(t));
  }
}

}  // namespace

TEST_CASE("TCP sends again after the timeout, which doubles, and gives up after the sixteenth",
          "[conformance][earliest][TR-2]") {
  using namespace tcp_test;
  Pair p = connected();
  p.w.transport.tcp.tail_loss_probe = false;
  p.blackhole(true);
  p.send(Side::host, 48, 1);
  const Run run(p.w);
  assert_series(run, {later + rto, later + 3 * rto, later + 7 * rto}, Kind::tcp_timeout);
  const Duration silence = analysis::retransmission_expiry(16, Duration{rto}, 120s);
  assert_earliest(run, at(later) + silence, Kind::tcp_state, closed_at(Side::host));
}

TEST_CASE("TCP probes an unacknowledged tail after two round trips and 2 ms",
          "[conformance][earliest][TR-2]") {
  using namespace tcp_test;
  Pair p = connected();
  p.blackhole(true);
  p.send(Side::host, 4000, 1);
  assert_earliest(Run(p.w), at(later + 2 * trip + 2 * ms), Kind::tcp_probe);
  // A lone segment may wait for a delayed acknowledgement: then the timeout would be earlier.
  Pair lone = connected();
  lone.blackhole(true);
  lone.send(Side::host, 48, 1);
  assert_earliest(Run(lone.w), at(later + rto), Kind::tcp_probe);
}

TEST_CASE("RACK waits a quarter round trip for what was overtaken",
          "[conformance][earliest][TR-2]") {
  using namespace tcp_test;
  // Of two segments the first is lost. The acknowledgement of the second is longer by 12 bytes of
  // SACK, and 2 ms (TCP_TIMEOUT_MIN_US) are added.
  Pair p = connected({2});
  p.send(Side::host, 2 * mss, 1);
  const std::int64_t sack = later + 2 * full + hop + bare + 96 + hop;
  const conformance::Happened found = [id = p.id](const Run& run) {
    return run.world.transport.connections[id].end[0].congestion_state ==
           transport::CongestionState::recovery;
  };
  const Run run(p.w);
  const std::int64_t repeated = sack + trip / 4 + 2 * ms;
  assert_earliest(run, at(repeated), found);
  // The timeout starts afresh with the repetition, here and where a probe brings the news of the
  // loss. What the RTO is by then, the samples say.
  Pair probed = connected({2, 3, 4});
  probed.send(Side::host, 4000, 1);
  for (const Run& one : {run, Run(probed.w)}) {
    Run lost(one);
    REQUIRE(run_to(lost, at(second), found));
    add_blackhole(lost.world, 0, lost.world.now());
    const Duration timeout = lost.world.transport.connections[p.id].end[0].round_trips.timeout;
    assert_earliest(lost, lost.world.now() + timeout, Kind::tcp_timeout);
  }
}

TEST_CASE("TCP acknowledges a lone segment in a dialogue after 40 ms",
          "[conformance][earliest][TR-2]") {
  using namespace tcp_test;
  Pair p = connected();
  // Each end has answered within 40 ms, so it is in a dialogue and expects to answer again.
  p.send(Side::host, 48, 1);
  p.run_until(later + 10 * ms);
  p.send(Side::target, 48, 1);
  p.run_until(second);
  p.send(Side::host, 48, 1);
  const std::int64_t arrives = second + 1104 + hop;
  const conformance::Happened acknowledged = [before =
                                                  p.w.net.channels[1].packets](const Run& run) {
    return run.world.net.channels[1].packets > before;
  };
  // Seen when the acknowledgement has crossed the link.
  assert_earliest(Run(p.w), at(arrives + ack_wait + bare + hop), acknowledged);
}

TEST_CASE("TCP repeats SYN every second and SYN/ACK ever more slowly",
          "[conformance][earliest][TR-3]") {
  using namespace tcp_test;
  Pair silent = new_pair();
  silent.blackhole(true);
  silent.open();
  assert_series(Run(silent.w), {second, 2 * second, 3 * second}, Kind::tcp_timeout);
  assert_earliest(Run(silent.w), at(3 * second), Kind::tcp_state, closed_at(Side::host));
  // Before tcp_syn_linear_timeouts, and beyond them.
  Pair older = new_pair();
  older.w.transport.tcp.syn = {2, 0};
  older.blackhole(true);
  older.open();
  assert_series(Run(older.w), {second, 3 * second}, Kind::tcp_timeout);
  assert_earliest(Run(older.w), at(3 * second), Kind::tcp_state, closed_at(Side::host));
  Pair patient = new_pair();
  patient.w.transport.tcp.syn.attempts = 7;
  patient.blackhole(true);
  patient.open();
  assert_series(Run(patient.w),
                {second, 2 * second, 3 * second, 4 * second, 5 * second, 7 * second, 11 * second},
                Kind::tcp_timeout);
  // The target has the SYN, and nothing else arrives any more.
  Pair half = new_pair();
  half.open();
  const std::int64_t syn = hop + bare;
  half.run_until(syn);
  half.blackhole(true);
  Run run(half.w);
  for (const int n : {1, 3, 7, 15, 31, 63}) {
    const TimePoint t = at(syn + n * second);
    assert_earliest(run, t, Kind::tcp_timeout, of_side(Side::target));
    if (n == 63)
      assert_earliest(run, t, Kind::tcp_state, closed_at(Side::target));
    run.until(t);
  }
}

TEST_CASE("a SYN that is repeated puts the SYN/ACK's own repetition off",
          "[conformance][earliest][TR-3]") {
  using namespace tcp_test;
  // tcp_check_req. The target's answers are lost. Its second of 250 ticks of 4 ms goes to the next
  // eighth tick: of the first SYN at 1.024 s, but the second SYN comes at 1.00100072 s; of the
  // third, which comes in tick 500, 750 -> 752.
  Pair p = new_pair();
  p.w.transport.ports[0].wheel.hz = 250;
  p.open();
  const auto back = net::channel_of(net::LinkId{0}, 1);
  net::add_blackhole(p.w, back);
  assert_earliest(Run(p.w), at(std::int64_t{752} * 4 * ms), Kind::tcp_timeout,
                  of_side(Side::target));
  // Healed in time for the answer to the third SYN. The round trip is that of this answer.
  p.run_until(1500 * ms);
  net::remove_blackhole(p.w, back);
  p.run_until(2 * second + later);
  REQUIRE(p.end(Side::target).state == TcpState::established);
  CHECK(p.end(Side::target).round_trips.smoothed <= 3ms);
}

TEST_CASE("TCP's timers on the timer wheel, HZ 250", "[conformance][earliest][TM-1]") {
  using namespace tcp_test;
  // Ticks of 4 ms. A lone segment that is sent at tick 2: 202.00144 ms are 51 ticks, 53 -> 54.
  Pair p = new_pair();
  p.w.transport.ports[0].wheel.hz = 250;
  p.id = tcp::open(p.w, p.forward, p.back, {}, no_queue, {.hz = 250, .phase = {}});
  p.run_until(later);
  p.blackhole(true);
  p.send(Side::host, 48, 1);
  const Run run(p.w);
  assert_earliest(run, at(std::int64_t{54} * 4 * ms), Kind::tcp_probe);
  // 51 ticks from there, 105 -> 106; then 102 ticks, whose granule is 8 ticks: 208 -> 216.
  assert_series(run, {std::int64_t{106} * 4 * ms, std::int64_t{216} * 4 * ms}, Kind::tcp_timeout);
}

TEST_CASE("an ICResp is waited for 10 s", "[conformance][earliest][TR-3]") {
  const Filter established =
      of_side(Side::host) && with("state", static_cast<int>(transport::TcpState::established));
  Run run = run_to(Run(scenario_with(1)), Kind::tcp_state, established);
  add_blackhole(run.world, 0, run.world.now(), false, true);
  assert_earliest(run, run.world.now() + 10s, Kind::connect_failed);
}

TEST_CASE("RDMA repeats after the acknowledgement time-out and breaks after the eighth",
          "[conformance][earliest][rdma]") {
  using namespace rdma_test;
  Pair p = connected();
  p.blackhole(true);
  p.submit(1);
  const Run run(p.w);
  assert_series(run, {later + ack_timeout, later + 2 * ack_timeout}, Kind::rdma_timeout);
  assert_earliest(run, at(later + 8 * ack_timeout), Kind::queue_pair_state,
                  with("state", static_cast<int>(rdma::State::broken)));
  // Of two messages the acknowledgement of the second is lost: the time counts from the first.
  Pair two = connected({{}, {3}});
  two.submit(1);
  two.submit(2);
  const std::int64_t first = later + capsule + hop + ack + hop;
  assert_earliest(Run(two.w), at(first + ack_timeout), Kind::rdma_timeout);
}

TEST_CASE("RDMA asks for an address every second, three times", "[conformance][earliest][rdma]") {
  using namespace rdma_test;
  Pair p = new_pair();
  p.blackhole(true);
  p.open();
  const Run run(p.w);
  assert_series(run, {second, 2 * second, 3 * second}, Kind::rdma_timeout);
  assert_earliest(run, at(3 * second), Kind::queue_pair_state,
                  with("state", static_cast<int>(rdma::State::stopped)));
}

TEST_CASE("RDMA's connect request and its reply are repeated after the time-out",
          "[conformance][earliest][rdma]") {
  using namespace rdma_test;
  Pair cut = new_pair();
  cut.open();
  const std::int64_t resolved = 2 * hop + 2 * arp;
  cut.run_until(resolved);
  cut.blackhole(true);
  const Run run(cut.w);
  assert_series(run, {resolved + cm_timeout, resolved + 2 * cm_timeout}, Kind::rdma_timeout);
  assert_earliest(run, at(resolved + 16 * cm_timeout), Kind::queue_pair_state,
                  with("state", static_cast<int>(rdma::State::stopped)));
  // Without the message that the host is ready, the target repeats its reply.
  const Pair quiet = opened({{2}, {}});
  const std::int64_t replied = resolved + management + hop;
  assert_earliest(Run(quiet.w), at(replied + cm_timeout * 8 / 9), Kind::rdma_timeout,
                  with("side", static_cast<int>(Side::target)));
}

TEST_CASE("FC waits 20 s for the answer to ABTS and to a link service, 2 s between attempts",
          "[conformance][earliest][fc]") {
  // A write at 3 s finds the path dead: ABTS at 5 s, given up at 25 s. Then the AER: aborted at
  // 25 s, given up at 45 s. The first attempt is immediate, its Create Association is given up
  // 20 s later.
  json s = scenario_with(2);
  s["fabric"]["transport"] = "fc";
  set_connect(s, "keep_alive_tmo", "30s");
  s["hosts"][0]["iopolicy"] = "numa";
  s["hosts"][0]["io_timeout"] = "2s";
  s["workloads"] = {
      {{"type", "script"}, {"host", "h1"}, {"start", "3s"}, {"steps", {{{"do", "write"}}}}}};
  s["faults"] = json::array({blackhole("h1-s1", 2500ms)});
  const Run run = Run(s).until(2900ms);
  assert_earliest(run, 3s + 2s, Kind::request_timeout);
  // The second timeout finds the abort on its way and resets the controller.
  assert_earliest(run, 5s + 2s, Kind::recovery_started);
  assert_earliest(run, 5s + 20s, Kind::attempt_abandoned);
  assert_earliest(run, 25s + 20s, Kind::connect_attempt);
  assert_earliest(run, 45s + 20s, Kind::connect_failed);
  assert_earliest(run, 65s + 2s, Kind::connect_attempt, with("attempt", 2));
}

TEST_CASE("FC gives a remote port up when dev_loss_tmo is over", "[conformance][earliest][fc]") {
  // Attempts at 4.5 s + 2 s + 2 s; the last one is put forward to the end of the 5 s.
  json s = scenario_with(1);
  s["fabric"]["transport"] = "fc";
  set_connect(s, "keep_alive_tmo", "30s");
  set_connect(s, "dev_loss_tmo", "5s");
  json lost = {{"type", "remote_port_lost"}, {"at", "4500ms"}, {"host", "h1"}, {"port", "a0"}};
  s["faults"] = json::array({lost});
  assert_earliest(Run(s).until(4s), 9500ms, Kind::controller_removed);
  // One that returns before waits for the attempt that is due anyway.
  lost["for"] = "2700ms";
  s["faults"] = json::array({lost});
  assert_earliest(Run(s).until(7s), 8500ms, Kind::connect_attempt);
}
