// SPDX-License-Identifier: Apache-2.0
// What `holdfast timers` says of a host whose recovery waits for its Keep Alive (Linux 6.1), where
// I/O need not wait for that; and what a span in ticks is made of.
#include "analysis/timers/spans.hpp"
#include "analysis/timers/timers.hpp"
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

json on_6_1(Duration io_timeout) {
  json s = scenario_with(2);
  s["hosts"][0]["kernel"] = "6.1";
  s["hosts"][0]["io_timeout"] = text(io_timeout);
  s["workloads"] = json::array({fio({{"rate_iops", 50}, {"iodepth", 4}})});
  return s;
}

/// From the detection to the first instant at which I/O may go elsewhere.
Duration released_earliest(const json& s) {
  const auto lines = analysis::timers::timelines(scenario::parse(s.dump(), "test")).front().lines;
  const auto line =
      std::find_if(lines.begin(), lines.end(), [](const auto& l) { return l.name == "released"; });
  REQUIRE(line != lines.end());
  return line->span.exact.earliest;
}

}  // namespace

TEST_CASE("where recovery waits for a Keep Alive an I/O ends by a shorter timeout of its own",
          "[conformance][timers]") {
  // KATO 5 s: a Keep Alive that began the recovery times out again 5 s later. I/O that was sent at
  // the fault at 8 s and is lost at 14 s begins it before that, and the Keep Alive of 10 s, which
  // times out in RESETTING at 15 s, ends the wait.
  CHECK(released_earliest(on_6_1(60s)) == 5s);
  const json s = on_6_1(6s);
  CHECK(released_earliest(s) == 0s);
  Run run(s);
  add_blackhole(run.world, 0, sim::epoch + 8s);
  run.until(30s);
  const TimePoint noticed = run.log.first(Kind::recovery_started, of_first()).at;
  const TimePoint released = run.log.first(Kind::requests_cancelled, of_first()).at;
  CHECK(noticed < sim::epoch + 14s + 1ms);
  CHECK(released - noticed > 900ms);
  CHECK(released - noticed < 1100ms);
}

TEST_CASE("with exact timers a span in ticks is the closed form", "[conformance][timers]") {
  namespace timers = analysis::timers;
  CHECK(timers::timer(0, 5s).earliest == 5s);
  CHECK(timers::request_timeout(0, 5s).latest == 5s);
  CHECK(timers::unanswered_connect(0, 3, 4).latest == analysis::unanswered_connect(3, 4));
  // protocol.md 15.1, 15.2: 5 s become 5.12 s, 1.25 s 1.28 s; a Keep Alive of 5 s on an idle timer
  // is noticed after up to 6.28 s; three SYN take 3.072 s.
  CHECK(timers::period(250, 5s, false) == 5120ms);
  CHECK(timers::period(250, 1250ms, true) == 1280ms);
  CHECK(timers::request_timeout(250, 5s).latest == 6280ms);
  CHECK(timers::unanswered_connect(250, 3, 4).latest >= 3072ms);
  CHECK(timers::granularity(62) == 1);
  CHECK(timers::granularity(63) == 8);
  CHECK(timers::granularity(504) == 64);
}
