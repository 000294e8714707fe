// SPDX-License-Identifier: Apache-2.0
// TR-1: what one operation costs on the wire, in PDUs and bytes (protocol.md 7.1).
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

using Bytes = std::vector<std::uint64_t>;

/// Sizes of the PDUs of the one I/O that was done, by the side that sent them.
Bytes sent(const Run& run, transport::Side side) {
  Bytes sizes;
  for (const Entry& e : run.log.all(Kind::pdu_sent, since(sim::epoch + 100ms))) {
    if (e["side"] == static_cast<std::uint64_t>(side))
      sizes.push_back(e["bytes"]);
  }
  return sizes;
}

/// One I/O at 100 ms, long after the set-up and long before the first Keep Alive.
Run one(const char* rw, const char* bs, const json& options = json::object()) {
  json s = scenario_with(1);
  s["hosts"][0]["connect"][0].update(options);
  s["workloads"] = {fio({{"rw", rw}, {"bs", bs}, {"rate_iops", 1}, {"runtime", "500ms"}})};
  Run run(s, true);
  run.until(600ms);
  return run;
}

}  // namespace

TEST_CASE("each operation costs the PDUs and bytes of the table on the wire",
          "[conformance][TR-1]") {
  using transport::Side;
  {
    // In the capsule: 72 + 4,096; the answer is a response capsule.
    const Run run = one("write", "4KiB");
    CHECK(sent(run, Side::host) == Bytes{4168});
    CHECK(sent(run, Side::target) == Bytes{24});
  }
  {
    // Beyond 16 KiB: capsule, R2T, H2CData with a header of 24.
    const Run run = one("write", "32KiB");
    CHECK(sent(run, Side::host) == Bytes{72, 32768 + 24});
    CHECK(sent(run, Side::target) == Bytes{24, 24});
  }
  {
    // The Linux default has no SUCCESS flag: data and a response of its own.
    const Run run = one("read", "4KiB");
    CHECK(sent(run, Side::host) == Bytes{72});
    CHECK(sent(run, Side::target) == Bytes{4120, 24});
  }
}

TEST_CASE("digests cost four bytes for each header and for each piece of data",
          "[conformance][TR-1]") {
  using transport::Side;
  const json both = {{"hdr_digest", true}, {"data_digest", true}};
  const Run write = one("write", "4KiB", both);
  CHECK(sent(write, Side::host) == Bytes{4168 + 8});
  CHECK(sent(write, Side::target) == Bytes{24 + 4});
  const Run large = one("write", "32KiB", both);
  CHECK(sent(large, Side::host) == Bytes{72 + 4, 32768 + 24 + 8});
  CHECK(sent(large, Side::target) == Bytes{24 + 4, 24 + 4});
  const Run read = one("read", "4KiB", {{"data_digest", true}});
  CHECK(sent(read, Side::host) == Bytes{72});
  CHECK(sent(read, Side::target) == Bytes{4120 + 4, 24});
  for (const Run* run : {&write, &large, &read})
    CHECK(run->log.last(Kind::app_complete)["status"] == 0);
}

TEST_CASE("without submission queue flow control a read ends with its data",
          "[conformance][TR-1]") {
  using transport::Side;
  const Run read = one("read", "4KiB", {{"disable_sqflow", true}});
  CHECK(sent(read, Side::host) == Bytes{72});
  CHECK(sent(read, Side::target) == Bytes{4120});
  CHECK(read.log.last(Kind::app_complete)["status"] == 0);
  const Run write = one("write", "4KiB", {{"disable_sqflow", true}});
  CHECK(sent(write, Side::target) == Bytes{24});
}

TEST_CASE("a Keep Alive costs 72 bytes there and 24 back", "[conformance][TR-1]") {
  json s = scenario_with(1);
  Run run(s, true);
  run.until(3s);
  const Entry due = run.log.first(Kind::keep_alive_sent);
  const auto after = run.log.all(Kind::pdu_sent, since(due.at) && before(due.at + 100ms));
  REQUIRE(after.size() == 2);
  CHECK(after[0]["bytes"] == 72);
  CHECK(after[1]["bytes"] == 24);
}
