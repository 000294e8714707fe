// SPDX-License-Identifier: Apache-2.0
// What an application outside is told, and that what it writes from stays as it is until then.
#include "models/workload/external.hpp"

#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

/// Three writes of a block at once; as soon as one of them is done two others.
struct Writer : workload::External {
  std::vector<std::uint32_t> done;
  std::vector<std::uint32_t> woken_by;
  std::vector<sim::Duration> woken_at;
  std::uint64_t begun = 0;

  void write(World& w, workload::JobId job, std::uint32_t cookie) {
    workload::submit(w, job, host::IoKind::write, cookie, 1, host::Cookie{cookie});
  }
  void started(World& w, workload::JobId job) override {
    ++begun;
    for (std::uint32_t cookie = 0; cookie < 3; ++cookie)
      write(w, job, cookie);
    workload::wake_after(w, job, 1s, host::Cookie{77});
  }
  void io_done(World& w, workload::JobId job, host::Cookie cookie, wire::Status status,
               host::Version version) override {
    CHECK(status.ok());
    CHECK(serial_of(version) == 0);
    done.push_back(static_cast<std::uint32_t>(cookie));
    for (const std::uint32_t next : {3U, 4U}) {
      if (done.size() == 1)
        write(w, job, next);
    }
  }
  void woken(World& w, workload::JobId, host::Cookie cookie) override {
    woken_by.push_back(static_cast<std::uint32_t>(cookie));
    woken_at.push_back(w.time() - sim::epoch);
  }
};

}  // namespace

TEST_CASE("an application outside hears of each I/O once, and of its sleep", "[workload]") {
  Run run(scenario_with(1));
  Writer writer;
  const auto job =
      workload::add_external(run.world, "outside", host::HeadId{0}, 0, sim::epoch + 1s);
  run.world.workload.external.attach(&writer);
  run.until(1500ms);
  CHECK(writer.begun == 1);
  std::sort(writer.done.begin(), writer.done.end());
  CHECK(writer.done == std::vector<std::uint32_t>{0, 1, 2, 3, 4});
  CHECK(writer.woken_by.empty());
  run.until(3s);
  CHECK(writer.woken_by == std::vector<std::uint32_t>{77});
  // Four were out at once: only the buffer of the one that was done was taken again.
  const auto& outside =
      std::get<workload::Outside>(run.world.workload.jobs[sim::index(job)].program);
  REQUIRE(outside.buffers.size() == 4);
  for (const auto& one : outside.buffers)
    CHECK_FALSE(one.in_use);
}

TEST_CASE("what an application asks for between events goes by the clock of its host",
          "[workload]") {
  json document = scenario_with(1);
  document["hosts"][0]["clock_slow_ppm"] = 100'000;
  document["hosts"][0]["io_timeout"] = "9s";
  Run run(document);
  Writer writer;
  const auto job =
      workload::add_external(run.world, "outside", host::HeadId{0}, 0, sim::epoch + 1s);
  run.world.workload.external.attach(&writer);
  run.until(4s);
  // The world stands between two events at whatever time the last one had.
  const sim::TimePoint now = run.world.time();
  writer.woken_by.clear();
  writer.woken_at.clear();
  workload::wake_after(run.world, job, 900ms, host::Cookie{5});
  run.until(6s);
  // 0.9 s of its own take it a second.
  CHECK(writer.woken_by == std::vector<std::uint32_t>{5});
  CHECK(writer.woken_at == std::vector<sim::Duration>{now - sim::epoch + 1s});
}
