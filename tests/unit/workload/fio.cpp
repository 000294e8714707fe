// SPDX-License-Identifier: Apache-2.0
// Which blocks a fio job goes over.
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

/// First blocks of the I/Os of a job that writes one after the other.
std::vector<std::uint64_t> places(const json& words) {
  json s = scenario_with(1);
  s["workloads"].push_back(fio({{"rw", "write"}, {"start", "1s"}, {"rate_iops", 10}}));
  s["workloads"].back().update(words);
  Run run(s);
  run.until(2s);
  std::vector<std::uint64_t> out;
  for (const Entry& e : run.log.all(Kind::app_submit))
    out.push_back(e["lba"]);
  CHECK(run.log.count(Kind::app_complete, with("status", 0)) >= out.size() - 1);
  return out;
}

}  // namespace

TEST_CASE("without a size a job goes from its offset to the end of the device, and begins again",
          "[workload]") {
  // 16 MiB of blocks of 4 KiB: three places of 1 MiB from 13 MiB on.
  const auto lbas = places({{"offset", "13MiB"}, {"size", "0B"}, {"bs", "1MiB"}});
  REQUIRE(lbas.size() >= 7);
  for (std::size_t i = 0; i < lbas.size(); ++i)
    CHECK(lbas[i] == (13 + i % 3) * 256);
}

TEST_CASE("with a size a job stays within it, and leaves out what no whole I/O fits into",
          "[workload]") {
  const auto lbas = places({{"offset", "4KiB"}, {"size", "20KiB"}, {"bs", "8KiB"}});
  REQUIRE(lbas.size() >= 5);
  for (std::size_t i = 0; i < lbas.size(); ++i)
    CHECK(lbas[i] == 1 + 2 * (i % 2));
}

TEST_CASE("more I/O than a queue has tags for waits, and all of it is done", "[workload]") {
  json s = scenario_with(1);
  set_connect(s, "queue_size", 16);
  s["workloads"].push_back(
      fio({{"rw", "randwrite"}, {"start", "1s"}, {"iodepth", 64}, {"runtime", "10ms"}}));
  Run run(s);
  run.until(2s);
  CHECK(run.world.workload.jobs[0].finished);
  CHECK(run.log.count(Kind::app_submit) > 100);
  CHECK(run.log.count(Kind::app_complete, with("status", 0)) == run.log.count(Kind::app_submit));
}
