// SPDX-License-Identifier: Apache-2.0
// NVMe/FC on the wire: information units, frames and their bytes, counted by hand; and that
// nothing is left of exchanges and connections when all is over.
#include "models/transport/fc/fc.hpp"
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

json on_fc(const json& job) {
  json s = scenario_with(1);
  s["fabric"]["transport"] = "fc";
  set_connect(s, "keep_alive_tmo", "600s");
  s["workloads"] = json::array({fio(job)});
  return s;
}

/// Bytes of the frames that reached the end of a channel since `from`.
std::vector<std::uint64_t> frames(const RecordLog& log, std::uint64_t channel, TimePoint from) {
  std::vector<std::uint64_t> bytes;
  for (const Entry& e : log.all(Kind::packet_hop, with("channel", channel) && since(from)))
    bytes.push_back(e["bytes"]);
  return bytes;
}

std::vector<std::uint64_t> units(const RecordLog& log, TimePoint from) {
  std::vector<std::uint64_t> bytes;
  for (const Entry& e : log.all(Kind::iu_received, since(from)))
    bytes.push_back(e["bytes"]);
  return bytes;
}

using Bytes = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("a write of 4 KiB is a command, XFER_RDY, two frames of data and a short response",
          "[transport][fc]") {
  Run run(on_fc({{"rw", "write"}, {"rate_iops", 1}, {"start", "1s"}}), true);
  run.until(1900ms);
  const TimePoint t = 1s + sim::epoch;
  CHECK(units(run.log, t) == Bytes{96, 12, 4096, 12});
  // Each with a header of 24 bytes; 4,096 = 2,112 + 1,984.
  CHECK(frames(run.log, 0, t) == Bytes{120, 2136, 2008});
  CHECK(frames(run.log, 1, t) == Bytes{36, 36});
}

TEST_CASE("a read of 64 KiB is a command, 32 frames of data and a short response",
          "[transport][fc]") {
  Run run(on_fc({{"rw", "read"}, {"bs", "64KiB"}, {"rate_iops", 1}, {"start", "1s"}}), true);
  run.until(1900ms);
  const TimePoint t = 1s + sim::epoch;
  CHECK(units(run.log, t) == Bytes{96, 65536, 12});
  CHECK(frames(run.log, 0, t) == Bytes{120});
  // 65,536 = 31 x 2,112 + 64.
  Bytes back(31, 2136);
  back.push_back(88);
  back.push_back(36);
  CHECK(frames(run.log, 1, t) == back);
}

TEST_CASE(
    "setting up an association: one LS exchange per queue, Connect with its data after XFER_RDY",
    "[transport][fc]") {
  Run run(on_fc({{"rw", "read"}, {"start", "90s"}}), true);
  run.until(1s);
  const auto sent = run.log.all(Kind::iu_received);
  const auto bytes = [&](std::size_t i) { return sent[i]["bytes"]; };
  // Create Association and its accept, then Connect: command, XFER_RDY, 1,024 bytes, long response.
  REQUIRE(sent.size() > 6);
  CHECK(Bytes{bytes(0), bytes(1), bytes(2), bytes(3), bytes(4), bytes(5)} ==
        Bytes{1024, 56, 96, 12, 1024, 32});
  CHECK(run.log.count(Kind::iu_received, with("bytes", 80)) == 1);  // one I/O queue
  // The AER is all that stays open.
  CHECK(run.world.transport.fc.exchanges.live() == 1);
  CHECK(run.world.transport.fc.connections.live() == 2);
  CHECK(run.world.transport.blobs.live() == 0);
}

TEST_CASE("a read with a lost frame of data is an adapter error, not a short read",
          "[transport][fc]") {
  json s = on_fc({{"rw", "read"}, {"bs", "64KiB"}, {"rate_iops", 1}, {"start", "1s"}});
  s["hosts"][0]["io_timeout"] = "10s";
  // 33 frames of 2,136 + 38 bytes at 25 Gbps take 23 us on each link; these 3 us hit some of them.
  s["faults"] = {{{"type", "blackhole"},
                  {"at", "1000100us"},
                  {"for", "3us"},
                  {"link", "h1-s1"},
                  {"direction", "backward"}}};
  Run run(s);
  run.until(1900ms);
  REQUIRE(run.log.count(Kind::packet_dropped) == 0);  // packets are not kept in this log
  const Entry given_up = run.log.first(Kind::attempt_abandoned);
  CHECK(given_up["status"] == 0x370);
  CHECK(given_up.at < 1001ms + sim::epoch);
}

TEST_CASE("what Fibre Channel does not have is refused", "[scenario][fc]") {
  json s = on_fc({{"rw", "read"}});
  REQUIRE_NOTHROW(scenario::parse(s.dump(), "test"));
  s["hosts"][0]["policy"] = "tp4129-rfc1";
  CHECK_THROWS_WITH(scenario::parse(s.dump(), "test"),
                    Catch::Matchers::Contains("tp4129-rfc1 was posted for tcp"));
  s["fabric"]["transport"] = "tcp";
  CHECK_NOTHROW(scenario::parse(s.dump(), "test"));
  s["faults"] = {{{"type", "remote_port_lost"}, {"at", "1s"}, {"host", "h1"}, {"port", "a0"}}};
  CHECK_THROWS_WITH(scenario::parse(s.dump(), "test"), Catch::Matchers::Contains("fc"));
}

TEST_CASE("nothing is left of an association that the host has torn down", "[transport][fc]") {
  json s = on_fc({{"rw", "write"}, {"rate_iops", 10}, {"start", "1s"}});
  s["faults"] = {
      {{"type", "delete_controller"}, {"at", "2050ms"}, {"host", "h1"}, {"controller", "nvme0"}}};
  Run run(s);
  run.until(10s);
  CHECK(run.log.count(Kind::controller_removed) == 1);
  CHECK(run.log.count(Kind::controller_freed) == 1);
  CHECK(run.world.transport.fc.exchanges.live() == 0);
  CHECK(run.world.transport.fc.connections.live() == 0);
  CHECK(run.world.transport.blobs.live() == 0);
  CHECK(run.world.net.packets.live() == 0);
}

TEST_CASE("a reset by an administrator aborts and reconnects without a delay on FC",
          "[transport][fc]") {
  json s = on_fc({{"rw", "write"}, {"rate_iops", 10}, {"start", "1s"}});
  s["faults"] = {
      {{"type", "reset_controller"}, {"at", "2050ms"}, {"host", "h1"}, {"controller", "nvme0"}}};
  Run run(s);
  run.until(2051ms);
  CHECK(run.log.count(Kind::connected) == 2);
  CHECK(run.world.transport.fc.connections.live() == 2);
}
