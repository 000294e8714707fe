// SPDX-License-Identifier: Apache-2.0
// Throughput before and during the first fault, counted by hand from stories of completions.
#include "analysis/run/io_statistics.hpp"
#include "analysis/run/result.hpp"
#include "analysis/run/row.hpp"
#include "models/fault/fault.hpp"
#include "models/scenario/scenario.hpp"
#include "tests/unit/oracle/story.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::oracle_test;
using analysis::throughput_before_fault;
using analysis::throughput_during_fault;

sim::TimePoint when(std::int64_t at_ms) { return sim::epoch + ms(at_ms); }

/// A story about a namespace with blocks of 4 KiB.
Story story() {
  Story s;
  s.w.target.namespaces.emplace_back();
  s.w.workload.jobs.emplace_back();
  return s;
}

void add_fault(Story& s, sim::TimePoint at, sim::TimePoint until) {
  fault::Fault f;
  f.at = at;
  f.until = until;
  s.w.fault.faults.push_back(f);
}

}  // namespace

TEST_CASE("throughput counts what completes from the start of the fault on and before its end",
          "[analysis]") {
  Story s = story();
  add_fault(s, when(900), when(1000));  // not the first
  add_fault(s, when(100), when(200));
  s.at(20).submit_write(1).submit_read(2, 2).at(60).complete(1).complete(2);
  s.at(60).submit_write(3).submit_write(4).submit_read(5);
  s.at(99).complete(3);
  s.at(100).complete(4);
  s.submit_read(6, 4).at(199).complete(6).at(200).complete(5);
  s.at(1000);
  const auto before = throughput_before_fault(s.w);
  REQUIRE(before);
  CHECK(before->from == when(20));
  CHECK(before->to == when(100));
  CHECK(before->count == 3);                                // 1, 2 and 3
  CHECK(before->bytes == std::uint64_t{1 + 2 + 1} * 4096);  // blocks
  const auto during = throughput_during_fault(s.w);
  REQUIRE(during);
  CHECK(during->from == when(100));
  CHECK(during->to == when(200));
  CHECK(during->count == 2);  // 4 at its start and 6; 5 completes at its end
  CHECK(during->bytes == std::uint64_t{1 + 4} * 4096);
}

TEST_CASE("errors, other commands and I/O that is still out are no throughput", "[analysis]") {
  Story s = story();
  add_fault(s, when(0), sim::never);
  s.at(10).submit_write(1).submit_write(2).submit(3, host::IoKind::flush).submit_write(4);
  s.at(20).complete(1).complete(2, path_error).complete(3).at(500);
  const auto during = throughput_during_fault(s.w);
  REQUIRE(during);
  CHECK(during->count == 1);
  CHECK(during->to == when(500));             // no end: to the end of the run
  CHECK_FALSE(throughput_before_fault(s.w));  // nothing was submitted before
}

TEST_CASE("without a fault, or before it strikes, there is no throughput of it", "[analysis]") {
  Story s = story();
  s.whole_write(1, 10).at(50);
  CHECK_FALSE(throughput_before_fault(s.w));
  CHECK_FALSE(throughput_during_fault(s.w));
  add_fault(s, when(50), sim::never);
  CHECK_FALSE(throughput_during_fault(s.w));
}

TEST_CASE("the result document and the row have rates per second and MiB of 2^20 bytes",
          "[analysis]") {
  Story s = story();
  add_fault(s, when(250), when(750));
  s.at(0).submit_read(1, 64).at(100).complete(1).submit_read(2, 64);
  s.at(300).complete(2).submit_read(3, 64).at(400).complete(3).at(1000);
  const auto document = analysis::result_document({}, s.w, "native");
  const auto row = analysis::row_of(document);
  CHECK(row.at("before_iops") == 4.0);       // 1 in 0.25 s
  CHECK(row.at("before_mib_per_s") == 1.0);  // 64 x 4 KiB = 0.25 MiB in 0.25 s
  CHECK(row.at("fault_iops") == 4.0);        // 2 in 0.5 s
  CHECK(row.at("fault_mib_per_s") == 1.0);   // 0.5 MiB in 0.5 s
  CHECK(document["io"]["during_fault"]["to_s"] == 0.75);
}

TEST_CASE("the peak of reconnects is the most after the first fault within any one second",
          "[analysis]") {
  Story s = story();
  s.w.target.subsystems.emplace_back();
  add_fault(s, when(300), sim::never);
  for (const std::int64_t at : {0, 10, 20, 30, 299, 400, 999, 1000, 1399, 1400, 2500}) {
    s.at(at);
    record<Kind::controller_created>(s.w, target::SubsystemId{}, std::uint16_t{1}, std::uint64_t{},
                                     sim::Duration{});
  }
  const auto row = analysis::row_of(analysis::result_document({}, s.w, "native"));
  CHECK(row.at("reconnects") == 6);
  // 400, 999, 1000, 1399; at 1400 the first of them was a second ago
  CHECK(row.at("reconnects_peak_per_s") == 4);
}
