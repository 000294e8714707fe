// SPDX-License-Identifier: Apache-2.0
// Faults of the network and of single connections, as hosts and targets see them: copies and
// overtaking packets, one connection cut off, chosen capsules lost, sockets killed, a port removed.
#include "models/transport/tcp/tcp.hpp"
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

constexpr auto scripted = static_cast<std::uint64_t>(net::Drop::scripted);

json impair(const json& words) {
  json out = {{"type", "impair"}, {"at", "1s"}, {"link", "h1-s1"}};
  out.update(words);
  return out;
}

json of_nvme0(json fault, const json& queue = nullptr) {
  fault["host"] = "h1";
  fault["controller"] = "nvme0";
  if (!queue.is_null())
    fault["queue"] = queue;
  return fault;
}

/// Two paths, one I/O queue each, and writes of 4 KiB one after the other on both in turn.
json writes_on(int paths, const char* rate = "20") {
  json s = scenario_with(paths);
  s["subsystems"][0]["attr_cqt"] = "1ms";
  s["workloads"].push_back(fio({{"rw", "randwrite"}, {"rate_iops", std::stoi(rate)}}));
  return s;
}

bool all_done(const RecordLog& log) {
  // At most the last one is under way.
  return log.count(Kind::app_submit) <= log.count(Kind::app_complete) + 1;
}

std::size_t errors(const RecordLog& log) {
  return log.count(Kind::app_complete) - log.count(Kind::app_complete, with("status", 0));
}

}  // namespace

TEST_CASE("packets that are doubled and overtake each other do no harm", "[conformance]") {
  const auto transport = GENERATE(values<const char*>({"tcp", "rdma"}));
  INFO(transport);
  json s = scenario_with(2);
  s["fabric"]["transport"] = transport;
  s["workloads"].push_back(fio({{"bs", "64KiB"}, {"iodepth", 8}, {"rate_iops", 200}}));
  s["faults"].push_back(impair({{"delay", "200us"},
                                {"jitter", "150us"},
                                {"duplicate", "10%"},
                                {"reorder", "5%"},
                                {"for", "8s"}}));
  s["faults"].push_back(
      {{"type", "delete_controller"}, {"at", "8900ms"}, {"host", "h1"}, {"controller", "nvme0"}});
  s["faults"].push_back(
      {{"type", "delete_controller"}, {"at", "20s"}, {"host", "h1"}, {"controller", "nvme1"}});
  Run run(s);
  std::uint64_t doubled = run.world.net.channels[0].packets;
  run.until(8s);
  CHECK(run.world.net.channels[0].packets > doubled + 10'000);
  CHECK(run.log.count(Kind::recovery_started) == 0);
  // TCP keeps up with the load, 200 a second. RDMA does not: an acknowledgement that overtakes the
  // data of a READ says that the data was lost, and all is sent again.
  CHECK(run.log.count(Kind::app_complete) > (transport == std::string("tcp") ? 1500u : 250u));
  run.until(19s);
  CHECK(errors(run.log) == 0);
  CHECK(run.world.oracle.counts.stale_writes == 0);
  // When all is over, nothing is left of the connections: each copy was counted, there and gone.
  run.until(100s);
  CHECK(run.world.net.packets.live() == 0);
  CHECK(run.world.transport.connections.live() == 0);
  CHECK(run.world.transport.rdma.pairs.live() == 0);
}

TEST_CASE("RDMA goes back for what netem loses", "[conformance]") {
  json s = writes_on(1, "100");
  s["fabric"]["transport"] = "rdma";
  s["fabric"]["ack_timeout"] = "1ms";
  s["faults"].push_back(
      impair({{"loss", "5%"}, {"duplicate", "5%"}, {"delay", "50us"}, {"jitter", "40us"}}));
  Run run(s);
  run.until(60s);
  CHECK(run.log.count(Kind::rdma_timeout) > 100);
  CHECK(run.log.count(Kind::recovery_started) == 0);
  CHECK(run.log.count(Kind::app_complete) > 5000);
  CHECK(all_done(run.log));
  CHECK(errors(run.log) == 0);
}

TEST_CASE("a blackhole for one queue leaves the others of the controller alone", "[conformance]") {
  json s = writes_on(2);
  set_keep_alive(s, analysis::KeepAlive::command_based, 5s);
  // A netem loses at the sender, where a SYN is there before its connection has a name.
  const bool in_netem = GENERATE(false, true);
  const json lost = in_netem ? impair({{"loss", 1}, {"at", "10s"}}) : blackhole("h1-s1", 10s);
  s["faults"].push_back(of_nvme0(lost, 1));
  Run run(s);
  run.until(70s);
  // Keep Alive goes on, so the request that is stuck has to time out, 30 s after it was sent.
  const Entry first = run.log.first(Kind::recovery_started);
  CHECK(first["controller"] == 0);
  CHECK(first.at > sim::epoch + 40s);
  CHECK(first.at < sim::epoch + 41s);
  CHECK(run.log.count(Kind::recovery_started, with("controller", 1)) == 0);
  // The target keeps the I/O queue, whose FIN is swallowed, until its own timer.
  CHECK(run.log.count(Kind::keep_alive_expired, before(first.at)) == 0);
  // The new admin queue connects, the SYNs of the I/O queue are of the same flow.
  const Entry failed = run.log.first(Kind::connect_failed, with("controller", 0));
  CHECK(static_cast<std::int64_t>(failed["error"]) != -tcp::connection_refused);
  CHECK(run.log.count(Kind::controller_created) >= 3);
  // Each attempt reaches the target with its admin queue and no other.
  const auto syn_received =
      with("side", 1) &&
      with("state", static_cast<std::uint64_t>(transport::TcpState::syn_received));
  CHECK(run.log.count(Kind::tcp_state, syn_received && since(first.at)) ==
        run.log.count(Kind::connect_attempt, since(first.at)));
  CHECK(run.log.count(Kind::connected, with("controller", 0)) == 1);
  CHECK(errors(run.log) == 0);
}

TEST_CASE("loss for the admin queue only costs the controller and no write", "[conformance]") {
  json s = writes_on(1);
  set_keep_alive(s, analysis::KeepAlive::command_based, 5s);
  json loss = of_nvme0({{"type", "loss"}, {"at", "10s"}, {"link", "h1-s1"}, {"probability", 1}}, 0);
  s["faults"].push_back(loss);
  Run run(s);
  run.until(10s);
  const std::size_t before = run.log.count(Kind::app_complete);
  run.until(12s);
  CHECK(run.log.count(Kind::app_complete) - before == 40);
  run.until(40s);
  CHECK(run.log.count(Kind::recovery_started) == 1);
}

TEST_CASE("netem for one controller delays its packets and no others", "[conformance]") {
  json s = writes_on(2);
  s["faults"].push_back(of_nvme0(impair({{"delay", "50ms"}, {"direction", "forward"}})));
  Run run(s);
  run.until(20s);
  for (const Entry& sent : run.log.all(Kind::attempt_sent, since(sim::epoch + 2s))) {
    const auto done = run.log.all(Kind::attempt_done, with("token", sent["token"]));
    if (done.empty())
      continue;
    const Duration took = done.front().at - sent.at;
    CHECK((took > 50ms) == (sent["controller"] == 0));
  }
}

TEST_CASE("the third write capsule is lost once, and TCP repairs it", "[conformance]") {
  const auto packets = GENERATE(values<const char*>({"all", "first", "last"}));
  json s = writes_on(1);
  json drop = of_nvme0({{"type", "drop_capsule"}, {"at", "1s"}, {"nth", 3}, {"packets", packets}});
  s["faults"].push_back(drop);
  Run run(s, true);
  run.until(10s);
  const auto lost = run.log.all(Kind::packet_dropped, with("reason", scripted));
  // 72 bytes of capsule and 4,096 of data are three segments of at most 1,448.
  CHECK(lost.size() == (std::string(packets) == "all" ? 3 : 1));
  const auto sent = run.log.all(Kind::attempt_sent, since(sim::epoch + 1s));
  std::vector<Duration> took;
  for (std::size_t i = 0; i < 5; ++i) {
    const Entry done = run.log.first(Kind::attempt_done, with("token", sent[i]["token"]));
    CHECK(done["status"] == 0);
    took.push_back(done.at - sent[i].at);
  }
  // TCP needs a round trip of 8 us to notice, at the least.
  for (const std::size_t i : {0U, 1U, 3U, 4U})
    CHECK(took[i] + 8us < took[2]);
  CHECK(lost.front().at == sent[2].at);
  CHECK(run.log.count(Kind::recovery_started) == 0);
  CHECK(run.world.net.intercept == nullptr);
}

TEST_CASE("capsules that are always dropped wait for another connection", "[conformance]") {
  const unsigned count = GENERATE(1u, 2u);
  json s = writes_on(2);
  s["hosts"][0]["io_timeout"] = "3s";
  json drop = of_nvme0({{"type", "drop_capsule"}, {"at", "1s"}, {"transmissions", 0}});
  drop["count"] = count;
  s["faults"].push_back(drop);
  Run run(s, true);
  run.until(60s);
  // One write at a time: the second one is chosen on the connection after the first one's, and the
  // bytes that were marked on one connection mean nothing on the next.
  CHECK(run.log.count(Kind::recovery_started) == count);
  CHECK(run.log.count(Kind::connected, with("controller", 0)) == count + 1);
  CHECK(run.log.count(Kind::packet_dropped, with("reason", scripted)) > 3 * count);
  CHECK(errors(run.log) == 0);
}

TEST_CASE("dropped admin capsules are those of the admin queue", "[conformance]") {
  json s = writes_on(1);
  set_keep_alive(s, analysis::KeepAlive::command_based, 5s);
  json drop = of_nvme0({{"type", "drop_capsule"}, {"at", "1s"}, {"opcode", 24}, {"admin", true}});
  s["faults"].push_back(drop);
  Run run(s, true);
  run.until(20s);
  const Entry lost = run.log.first(Kind::packet_dropped, with("reason", scripted));
  CHECK(lost.at == run.log.first(Kind::keep_alive_sent, since(sim::epoch + 1s)).at);
  CHECK(run.log.count(Kind::packet_dropped, with("reason", scripted)) == 1);
  CHECK(run.log.count(Kind::recovery_started) == 0);
}

TEST_CASE("a fault that repeats strikes as often as it says", "[conformance]") {
  const bool ends = GENERATE(true, false);
  json s = scenario_with(1);
  json hole = blackhole("h1-s1", 1s);
  hole["for"] = "100ms";
  hole["every"] = "2s";
  if (ends)
    hole["times"] = 3;
  s["faults"].push_back(hole);
  Run run(s);
  run.until(20s);
  const auto faults = run.log.all(Kind::fault);
  REQUIRE(faults.size() == (ends ? 6 : 20));
  for (std::size_t i = 0; i < faults.size(); ++i) {
    CHECK(faults[i]["on"] == 1 - i % 2);
    CHECK(faults[i].at == sim::epoch + 1s + static_cast<int>(i / 2) * 2s +
                              (i % 2 == 0 ? Duration{} : Duration{100ms}));
  }
  CHECK(run.world.net.channels[0].blackholes == 0);
}

TEST_CASE("sockets killed at the host start recovery at once", "[conformance]") {
  json s = writes_on(2);
  s["faults"].push_back(of_nvme0({{"type", "kill_sockets"}, {"at", "5s"}}));
  Run run(s, true);
  run.until(8s);
  const Entry recovery = run.log.first(Kind::recovery_started);
  CHECK(recovery["controller"] == 0);
  CHECK(recovery["cause"] == static_cast<std::uint64_t>(host::Cause::transport));
  CHECK(recovery.at == sim::epoch + 5s);
  CHECK(run.log.count(Kind::recovery_started) == 1);
  // Each socket is dead before recovery could shut it down: a RST for each, and no FIN.
  std::size_t resets = 0;
  for (const Entry& hop : run.log.all(Kind::packet_hop, with("channel", 0) && since(recovery.at))) {
    resets += (hop["head"] >> 40 & 8) != 0 ? 1 : 0;
    CHECK((hop["head"] >> 40 & 4) == 0);
  }
  CHECK(resets == 2);
  // Both queues of the target's controller go when the RST is there, and the controller with them.
  CHECK(run.log.first(Kind::controller_freed).at - recovery.at < 1ms);
  CHECK(errors(run.log) == 0);
}

TEST_CASE("sockets killed at the target reset those of the host", "[conformance]") {
  json s = writes_on(2);
  s["faults"].push_back(of_nvme0({{"type", "kill_sockets"}, {"at", "5s"}, {"side", "target"}}));
  Run run(s);
  run.until(8s);
  const Entry recovery = run.log.first(Kind::recovery_started);
  CHECK(recovery["controller"] == 0);
  // A RST crosses two links of 2 us.
  CHECK(recovery.at > sim::epoch + 5s + 4us);
  CHECK(recovery.at < sim::epoch + 5s + 5us);
  CHECK(run.log.first(Kind::controller_freed).at >= sim::epoch + 5s);
  CHECK(run.log.first(Kind::controller_freed).at < recovery.at);
}

TEST_CASE("ABA-1 a capsule inside a netem lands after its socket was killed", "[conformance]") {
  json s = writes_on(2);
  // The data is what it was when it was written, not what the buffer holds when it arrives.
  s["hosts"][0]["zero_copy"] = false;
  s["faults"].push_back(of_nvme0(impair({{"delay", "2s"}, {"direction", "forward"}}), 1));
  s["faults"].push_back(of_nvme0({{"type", "kill_sockets"}, {"at", "2500ms"}}));
  Run run(s);
  run.until(10s);
  const Entry sent =
      run.log.first(Kind::attempt_sent, with("controller", 0) && since(sim::epoch + 1s));
  const Entry given_up = run.log.first(Kind::attempt_abandoned, with("token", sent["token"]));
  CHECK(given_up.at == sim::epoch + 2500ms);
  const Entry landed = run.log.first(Kind::media_write, with("token", sent["token"]));
  CHECK(landed.at - sent.at > 2s);
  CHECK(landed.at - sent.at < 2001ms);
  // The RST left later and comes later; until then the target takes the capsule for good.
  CHECK(run.log.first(Kind::controller_freed).at > landed.at);
}

TEST_CASE("a port that is removed takes its connections along and refuses new ones",
          "[conformance]") {
  const auto transport = GENERATE(values<const char*>({"tcp", "rdma"}));
  INFO(transport);
  json s = writes_on(2);
  s["fabric"]["transport"] = transport;
  s["faults"].push_back({{"type", "port_removed"},
                         {"at", "5s"},
                         {"for", "25s"},
                         {"subsystem", "sub"},
                         {"port", "a0"}});
  Run run(s);
  run.until(60s);
  const Entry recovery = run.log.first(Kind::recovery_started);
  CHECK(recovery["controller"] == 0);
  CHECK(recovery.at - (sim::epoch + 5s) < 1ms);
  CHECK(run.log.count(Kind::recovery_started) == 1);
  CHECK(run.log.count(Kind::controller_fatal) == 0);
  CHECK(run.log.first(Kind::controller_freed).at - (sim::epoch + 5s) < 1ms);
  // Attempts each 10 s; each is refused within a round trip.
  const auto attempts = run.log.all(Kind::connect_attempt, since(sim::epoch + 6s));
  const auto failed = run.log.all(Kind::connect_failed);
  REQUIRE(failed.size() == 2);
  for (std::size_t i = 0; i < 2; ++i)
    CHECK(failed[i].at - attempts[i].at < 1ms);
  CHECK(run.log.last(Kind::connected, with("controller", 0)).at > sim::epoch + 30s);
  CHECK(run.log.count(Kind::connected, with("controller", 0)) == 2);
  CHECK(errors(run.log) == 0);
}

TEST_CASE("a port that another subsystem is linked to goes on listening", "[conformance]") {
  json s = writes_on(2);
  json other = s["subsystems"][0];
  other["name"] = "other";
  other["ports"] = {"a0"};
  s["subsystems"].push_back(other);
  s["hosts"][0]["connect"].push_back({{"subsystem", "other"}, {"port", "a0"}});
  s["workloads"][0]["subsystem"] = "sub";
  s["faults"].push_back(
      {{"type", "port_removed"}, {"at", "5s"}, {"subsystem", "sub"}, {"port", "a0"}});
  Run run(s);
  run.until(40s);
  // nvmet finds no such subsystem at the port and says so with DNR: the host gives up.
  CHECK(run.log.count(Kind::recovery_started, with("controller", 2)) == 0);
  CHECK(run.log.first(Kind::controller_removed)["controller"] == 0);
  CHECK(run.world.transport.ports[0].listening);
  CHECK(errors(run.log) == 0);
}

TEST_CASE("cross traffic that fills a link costs TCP packets and time", "[conformance]") {
  json s = writes_on(1, "200");
  for (json& link : s["fabric"]["links"]) {
    link["rate"] = "1Gbps";
    link["queue"] = "30KiB";
  }
  s["fabric"]["links"].push_back({{"name", "x1-s1"}, {"ends", {"x1", "s1"}}, {"rate", "10Gbps"}});
  json quiet = s;
  s["faults"].push_back({{"type", "cross_traffic"},
                         {"at", "1s"},
                         {"from", "x1"},
                         {"to", "a0"},
                         {"rate", "1500Mbps"},
                         {"pattern", "on_off"},
                         {"burst", "5ms"},
                         {"pause", "5ms"}});
  const auto mean_latency = [](const json& scenario) {
    Run run(scenario);
    run.until(10s);
    CHECK(run.log.count(Kind::recovery_started) == 0);
    Duration sum{};
    const auto sent = run.log.all(Kind::app_submit, since(sim::epoch + 2s));
    for (const Entry& e : sent) {
      const auto done = run.log.all(Kind::app_complete, with("op", e["op"]));
      sum += (done.empty() ? run.world.now() : done.front().at) - e.at;
    }
    return sum / static_cast<std::int64_t>(sent.size());
  };
  const Duration alone = mean_latency(quiet);
  const Duration crowded = mean_latency(s);
  CHECK(alone < 200us);
  // Half of the time the queue of s1-a0 is full, which is 240 us of waiting and lost packets.
  CHECK(crowded > alone + 100us);
}
