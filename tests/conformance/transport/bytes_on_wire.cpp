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
  s["workloads"] =
      json::array({fio({{"rw", rw}, {"bs", bs}, {"rate_iops", 1}, {"runtime", "500ms"}})});
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

TEST_CASE("the answer to a read of 4 KiB is three segments, its response in the last",
          "[conformance][TCP-2]") {
  // C2HData 24 + 4,096 bytes with MSG_MORE, CapsuleResp 24: 4,144 bytes at 1,448 a segment.
  json s = scenario_with(1);
  s["workloads"] = {
      {{"type", "script"}, {"host", "h1"}, {"start", "2s"}, {"steps", {{{"do", "read"}}}}}};
  Run run(s, true);
  run.until(3s);
  const TimePoint submitted = run.log.first(Kind::app_submit).at;
  std::vector<std::uint64_t> lengths;
  std::uint64_t channel = ~0u;
  for (const Entry& hop : run.log.all(Kind::packet_hop, since(submitted))) {
    // Length, flags, side and connection of a segment in one word.
    const std::uint64_t length = hop["head"] >> 48;
    if ((hop["head"] >> 32 & 0xff) != 1 || length == 0)
      continue;
    if (channel == ~0u)
      channel = hop["channel"];
    if (hop["channel"] == channel)
      lengths.push_back(length);
  }
  CHECK(lengths == std::vector<std::uint64_t>{1448, 1448, 1248});
}

TEST_CASE("a reset closes the sockets of its I/O queues before the admin queue's answer",
          "[conformance][TD-2]") {
  // The way to the target is gone, so that the admin queue waits for its Property Set.
  json s = scenario_with(2);
  s["hosts"][0]["hz"] = "250";
  s["faults"] = {
      blackhole("h1-s1", 2s),
      {{"type", "reset_controller"}, {"at", "3s"}, {"host", "h1"}, {"controller", "nvme0"}}};
  Run run(s);
  run.until(3100ms);
  const auto closed = run.log.all(Kind::tcp_state, with("side", 0) && since(sim::epoch + 3s));
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].at == sim::epoch + 3008ms);
}
