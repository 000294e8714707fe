// SPDX-License-Identifier: Apache-2.0
// The iopolicy `latency`: averages, weights and shares in closed form, and what it does not help
// against.
#include <cmath>

#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

/// Writes of 1 ms and a few us on each path, one every 5 ms; windows of 1 s.
json weighed(int paths) {
  json s = scenario_with(paths);
  s["hosts"][0]["iopolicy"] = "latency";
  s["hosts"][0]["path_latency"] = {{"window", "1s"}};
  s["subsystems"][0]["namespaces"][0]["media"] = {{"read", "100us"}, {"write", "1ms"}};
  s["workloads"] = json::array(
      {fio({{"rw", "randwrite"}, {"rate_iops", 200}, {"iodepth", 8}, {"start", "1s"}})});
  return s;
}

json slowed(const std::string& link, Duration at, const char* delay) {
  return {{"type", "impair"}, {"at", text(at)}, {"link", link}, {"delay", delay}};
}

std::size_t sent(const Run& run, std::uint64_t path, TimePoint from, TimePoint to) {
  return run.log.count(Kind::attempt_sent, with("controller", path) && since(from) && before(to));
}

Filter writes_of(std::uint64_t path) { return with("controller", path) && with("direction", 1); }

constexpr TimePoint at(Duration d) { return sim::epoch + d; }

}  // namespace

TEST_CASE("a path that got slow is averaged in by one eighth a window", "[conformance][latency]") {
  json s = weighed(2);
  s["faults"] = json::array({slowed("h1-s1", 3s, "4500us")});
  Run run(s);
  run.until(14s);
  const double before_ns = static_cast<double>(
      run.log.last(Kind::path_weighed, writes_of(0) && before(at(3s)))["latency_ns"]);
  CHECK(before_ns == Approx(1.01e6).epsilon(0.01));
  // A window ends with the first answer behind it, and both paths' ends are told of both.
  std::vector<double> smoothed;
  for (const Entry& e : run.log.all(Kind::path_weighed, writes_of(0) && since(at(3s)))) {
    const auto now = static_cast<double>(e["latency_ns"]);
    if (smoothed.empty() || now != smoothed.back())
      smoothed.push_back(now);
  }
  REQUIRE(smoothed.size() > 6);
  // e' = (7 e + a) / 8, and a = L + 9 ms but in the first of them, which has answers of before:
  // what is left of the way to L + 9 ms shrinks to 7/8 each time.
  const double after_ns = before_ns + 9e6;
  const auto first =
      std::find_if(smoothed.begin(), smoothed.end(), [&](double e) { return e > before_ns + 1e5; });
  for (auto e = first + 1; e != smoothed.end(); ++e)
    CHECK(after_ns - *e == Approx((after_ns - *(e - 1)) * 7 / 8).epsilon(0.002));
}

TEST_CASE("paths of 1 and 3 ms share as 3 to 1, writes apart from reads",
          "[conformance][latency]") {
  json s = weighed(2);
  s["faults"] = json::array({slowed("h1-s1", 0s, "1010us")});
  Run run(s);
  run.until(10s);
  // 1.01 and 3.03 ms: scores 990 and 330; 64 x 990 / 1320 = 48, 64 x 330 / 1320 = 16. The wires'
  // microseconds move each by less than one.
  const std::uint64_t slow = run.log.last(Kind::path_weighed, writes_of(0))["weight"];
  const std::uint64_t fast = run.log.last(Kind::path_weighed, writes_of(1))["weight"];
  CHECK((slow == 15 || slow == 16));
  CHECK((fast == 47 || fast == 48));
  // 1,600 I/Os of 2 s to 10 s in rounds of about 63: 25 rounds, and one at each end.
  const double share = static_cast<double>(sent(run, 0, at(2s), at(10s))) / 1600;
  CHECK(share == Approx(16.0 / 64).margin(0.02));
  CHECK(run.log.count(Kind::path_weighed, with("direction", 0)) == 0);
}

TEST_CASE("a path is tried once in a while, however slow it is", "[conformance][latency]") {
  json s = weighed(2);
  s["faults"] = json::array({slowed("h1-s1", 2s, "200ms")});
  Run run(s);
  run.until(10s);
  // One eighth of 401 ms, and more later, to 1.01 ms: a fiftieth, which is 1 of 64 and then less.
  CHECK(run.log.last(Kind::path_weighed, writes_of(0))["weight"] == 1);
  CHECK(sent(run, 0, at(5s), at(10s)) >= 14);  // 1,000 I/Os, 1 of 64
  CHECK(sent(run, 0, at(5s), at(10s)) <= 17);
}

TEST_CASE("an answer of more than a second is no sample", "[conformance][latency]") {
  json s = weighed(2);
  s["faults"] = json::array({slowed("h1-s1", 3s, "600ms")});
  Run run(s);
  run.until(8s);
  // What came back late was not seen: the path keeps the weight that it had.
  const Entry last = run.log.last(Kind::path_weighed, writes_of(0));
  CHECK(last["weight"] >= 31);
  CHECK(last["latency_ns"] < 1'050'000);
}

TEST_CASE("a path that is silent gets its share until it is given up", "[conformance][latency]") {
  json s = weighed(2);
  set_keep_alive(s, analysis::KeepAlive::command_based, 5s);
  s["faults"] = json::array({blackhole("h1-s1", 4s)});
  Run run(s);
  run.until(20s);
  const TimePoint given_up = run.log.first(Kind::recovery_started).at;
  CHECK(given_up > at(5s));
  // Rounds of 32 and 32: no later than a round, 64 x 5 ms, all eight I/Os are out on that path.
  CHECK(run.log.count(Kind::attempt_sent, since(at(4330ms)) && before(given_up)) == 0);
  CHECK(run.log.count(Kind::attempt_abandoned, with("controller", 0)) == 8);
  // Then the other one has it all, with nothing in front of it.
  CHECK(sent(run, 1, given_up + 100ms, at(20s)) > 1000);
}

TEST_CASE("a path that was lost is measured anew", "[conformance][latency]") {
  json s = weighed(2);
  s["faults"] = json::array({slowed("h1-s1", 0s, "4500us")});
  s["faults"][0]["for"] = "5s";
  s["faults"].push_back(
      {{"type", "reset_controller"}, {"at", "6s"}, {"host", "h1"}, {"controller", "nvme0"}});
  Run run(s);
  run.until(10s);
  CHECK(run.log.last(Kind::path_weighed, writes_of(0) && before(at(5s)))["weight"] < 8);
  // 1 ms at once, with nothing left of 10 ms.
  CHECK(run.log.first(Kind::path_weighed, writes_of(0) && since(at(6050ms)))["weight"] >= 31);
}

TEST_CASE("a non-optimized path is one as others are, an inaccessible one is none",
          "[conformance][latency]") {
  json s = weighed(3);
  s["subsystems"][0]["ana_states"] = {{{"port", "a1"}, {"group", 1}, {"state", "non-optimized"}},
                                      {{"port", "a2"}, {"group", 1}, {"state", "inaccessible"}}};
  Run run(s);
  run.until(5s);
  CHECK(sent(run, 0, at(1s), at(5s)) > 350);
  CHECK(sent(run, 1, at(1s), at(5s)) > 350);
  CHECK(sent(run, 2, at(1s), at(5s)) == 0);
}

TEST_CASE("each CPU measures for itself, or all of them together", "[conformance][latency]") {
  for (const bool per_cpu : {true, false}) {
    json s = weighed(2);
    s["hosts"][0]["cpus"] = 2;
    s["hosts"][0]["path_latency"]["per_cpu"] = per_cpu;
    s["workloads"][0]["numjobs"] = 2;
    Run run(s);
    run.until(3s);
    CHECK((run.log.count(Kind::path_weighed, with("cpu", 1)) > 0) == per_cpu);
    CHECK(run.log.count(Kind::path_weighed, with("cpu", 0)) > 0);
  }
}

TEST_CASE("shares of the bundled slow path are those of its description",
          "[conformance][latency]") {
  RecordLog log;
  World w = scenario::build(scenario::load("scenarios/operators/slow_path.json"));
  w.trace.attach(&log);
  w.calendar.run_until(w, at(120s));
  // Windows end at about 45, 60, 75, 90 and 105 s, late by less than 1.5 s in all; 200 I/Os a
  // second, and at each end at most one run of the good path.
  const auto sent_to_slow = [&](Duration from, Duration to) {
    return static_cast<double>(
        log.count(Kind::attempt_sent, with("controller", 0) && since(at(from)) && before(at(to))));
  };
  CHECK(sent_to_slow(10s, 30s) == Approx(20 * 200 / 2.0).margin(32));
  CHECK(sent_to_slow(46s, 60s) == Approx(14 * 200 * 20 / 63.0).margin(20));
  CHECK(sent_to_slow(62s, 75s) == Approx(13 * 200 * 15 / 63.0).margin(20));
  CHECK(sent_to_slow(92s, 105s) == Approx(13 * 200 * 11 / 63.0).margin(20));
  CHECK(sent_to_slow(108s, 120s) == Approx(12 * 200 * 10 / 63.0).margin(20));
}
