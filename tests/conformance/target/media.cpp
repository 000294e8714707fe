// SPDX-License-Identifier: Apache-2.0
// How many commands a medium executes at a time.
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

TEST_CASE("a medium that takes k commands at a time finishes them k by k", "[conformance]") {
  const int parallel = GENERATE(0, 1, 2);
  json s = scenario_with(1);
  auto& media = s["subsystems"][0]["namespaces"][0]["media"];
  media = {{"write", "1ms"}, {"read", "80us"}, {"parallel", parallel}};
  s["workloads"] = json::array({eight_writers()});
  Run run(s, true);
  run.until(2s);
  // Eight jobs with one write each out: without a limit each takes 1 ms and the way; with k places
  // 8 / k of them wait for one another, and the medium is never idle for long.
  const auto landed = run.log.count(Kind::media_write);
  const double at_most = parallel == 0 ? 8 * 100 : parallel * 100;
  CHECK(static_cast<double>(landed) <= at_most + 8);
  CHECK(static_cast<double>(landed) > 0.9 * at_most);
}
