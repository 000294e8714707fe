// SPDX-License-Identifier: Apache-2.0
// Processor time of I/O: all of a host wait for one another.
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

TEST_CASE("one processor tells one I/O after the other", "[conformance]") {
  json s = scenario_with(1);
  auto& media = s["subsystems"][0]["namespaces"][0]["media"];
  media = {{"write", "20us"}, {"read", "80us"}};
  s["hosts"][0]["io_cpu_time"] = "1ms";
  s["workloads"] = json::array({eight_writers()});
  Run run(s, true);
  run.until(2s);
  // Eight writes at a time are done within microseconds, and told 1 ms apart: 100 in 100 ms, and
  // the eight that were out at its end.
  const auto told = run.log.all(Kind::app_complete);
  CHECK(told.size() >= 99 + 8);
  CHECK(told.size() <= 101 + 8);
  for (std::size_t i = 1; i < told.size(); ++i)
    CHECK(told[i].at - told[i - 1].at >= 1ms);
}
