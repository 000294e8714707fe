// SPDX-License-Identifier: Apache-2.0
// What TLS and authentication add to the set-up of an association, counted in round trips
// (protocol.md 5.3), and in the time that both ends compute.
#include "models/transport/tcp/tcp.hpp"
#include "tests/conformance/earliest.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

// Two links of 5 ms each: what is sent takes next to nothing beside that.
constexpr Duration round_trip = 20ms;

// A reconnect to nvmet: SYN, IC, Connect, six properties, Identify, ANA log, Number of Queues; then
// SYN and IC, and Connect, of each I/O queue (protocol.md 5.3).
constexpr int admin_trips = 12;
constexpr int io_trips = 3;
constexpr int messages = 4;  // negotiate, challenge, reply, success1

json far_away(int queues, int paths = 1, const char* transport = "tcp") {
  json s = scenario_with(paths);
  for (json& link : s["fabric"]["links"])
    link["delay"] = "5ms";
  s["fabric"]["transport"] = transport;
  s["hosts"][0]["cpus"] = queues;
  s["faults"] = {
      {{"type", "reset_controller"}, {"at", "10s"}, {"host", "h1"}, {"controller", "nvme0"}}};
  return s;
}

json with_dhchap(json s, const json& of_host = json::object(), const char* of_target = "0s") {
  s["subsystems"][0]["dhchap_time"] = of_target;
  set_connect(s, "dhchap", of_host);
  return s;
}

/// From the first packet of the reconnect to LIVE.
Duration reconnect_time(const json& s) {
  Run run(s);
  run.until(40s);
  REQUIRE(run.log.count(Kind::connected, of_first()) == 2);
  return run.log.last(Kind::connected, of_first()).at -
         run.log.last(Kind::connect_attempt, of_first()).at;
}

/// Not before, and not a millisecond later: bytes on the wire are less than that.
void check_at(TimePoint is, TimePoint due) {
  INFO((is - due).count() << " ns behind " << due.time_since_epoch().count() << " ns");
  CHECK(is >= due);
  CHECK(is - due < few_round_trips);
}

/// That many round trips, and what was computed; bytes on the wire are less than a millisecond.
void check_takes(const json& s, int trips, Duration computed = {}) {
  const Duration least = trips * round_trip + computed;
  const Duration took = reconnect_time(s);
  INFO("took " << took.count() << " ns, expected " << least.count() << " ns");
  CHECK(took >= least);
  CHECK(took - least < few_round_trips);
}

}  // namespace

TEST_CASE("a TLS handshake is one round trip of each queue before ICReq", "[conformance][secure]") {
  for (const int queues : {1, 4}) {
    const int plain = admin_trips + io_trips * queues;
    json s = far_away(queues);
    check_takes(s, plain);
    set_connect(s, "tls", json::object());
    check_takes(s, plain + 1 + queues);
    // tlshd of the host takes 7 ms of each, that of the target 3 ms.
    set_connect(s, "tls", {{"time", "7ms"}});
    s["subsystems"][0]["tls_time"] = "3ms";
    check_takes(s, plain + 1 + queues, (1 + queues) * 10ms);
  }
}

TEST_CASE("DH-HMAC-CHAP is four commands of each queue, or five", "[conformance][secure]") {
  for (const int queues : {1, 4}) {
    const int plain = admin_trips + io_trips * queues;
    check_takes(with_dhchap(far_away(queues)), plain + messages * (1 + queues));
    check_takes(with_dhchap(far_away(queues), {{"both_ways", true}}),
                plain + (messages + 1) * (1 + queues));
    check_takes(with_dhchap(far_away(queues), {{"time", "6ms"}, {"group", "ffdhe8192"}}, "4ms"),
                plain + messages * (1 + queues), (1 + queues) * 10ms);
  }
}

TEST_CASE("DH-HMAC-CHAP rides on any transport", "[conformance][secure]") {
  for (const char* transport : {"rdma", "fc"}) {
    const json plain = far_away(2, 1, transport);
    const Duration before = reconnect_time(plain);
    const Duration after = reconnect_time(with_dhchap(plain, {{"time", "6ms"}}, "4ms"));
    // Four round trips and 10 ms of each of three queues. With fc the data of the two commands that
    // send some is asked for first.
    const bool asks = std::string(transport) == "fc";
    const Duration least = 3 * ((asks ? 6 : 4) * round_trip + 10ms);
    INFO(transport << ": " << (after - before).count() << " ns");
    CHECK(after - before >= least);
    CHECK(after - before - least < few_round_trips);
  }
}

TEST_CASE("queues that are connected at once authenticate at once", "[conformance][secure]") {
  json s = far_away(8, 1, "rdma");
  s["hosts"][0]["rdma_parallel_queues"] = true;
  const Duration more = reconnect_time(with_dhchap(s, {{"time", "6ms"}})) - reconnect_time(s);
  // The admin queue, then all others together.
  const Duration least = 2 * (messages * round_trip + 6ms);
  CHECK(more >= least);
  CHECK(more - least < few_round_trips);
}

TEST_CASE("with TLS a target may ask for authentication all the same", "[conformance][secure]") {
  json s = with_dhchap(far_away(1));
  set_connect(s, "tls", json::object());
  const int plain = admin_trips + io_trips;
  check_takes(s, plain + 2 + 2 * messages);
  s["subsystems"][0]["dhchap_under_tls"] = false;
  check_takes(s, plain + 2);
}

TEST_CASE("secure concatenation sets the admin queue up twice", "[conformance][secure]") {
  json s = with_dhchap(far_away(3), {{"time", "6ms"}}, "4ms");
  s["subsystems"][0]["dhchap_under_tls"] = false;
  s["subsystems"][0]["tls_time"] = "3ms";
  set_connect(s, "tls", {{"concat", true}, {"time", "7ms"}});
  // First without Number of Queues and with authentication, then with TLS; so are the I/O queues.
  const int twice = admin_trips - 1 + messages + admin_trips + 1;
  check_takes(s, twice + 3 * (io_trips + 1), 10ms + 4 * 10ms);
  Run run(s);
  run.until(40s);
  // Two associations of each connect, of which the first ends when the second begins.
  CHECK(run.log.count(Kind::controller_created) == 4);
  CHECK(run.log.count(Kind::controller_freed) == 3);
  CHECK(run.log.count(Kind::authenticated) == 2);
  CHECK(run.log.count(Kind::tls_handshake, with("error", 0)) == 8);
  CHECK(run.log.count(Kind::connect_attempt) == 2);
}

TEST_CASE("a TLS handshake that nobody answers ends when its timeout is over",
          "[conformance][secure]") {
  constexpr std::uint64_t established = 3;
  for (const Duration timeout : {10s, 3s}) {
    json s = far_away(1);
    set_connect(s, "tls", {{"timeout", text(timeout)}, {"time", "7ms"}});
    s["faults"].push_back({{"type", "port_mute"}, {"at", "9s"}, {"port", "a0"}});
    Run run(s);
    run.until(10s);
    const Run open = run_to(run, Kind::tcp_state, with("side", 0) && with("state", established));
    const TimePoint fails = open.world.now() + timeout;
    assert_earliest(open, fails, Kind::tls_handshake, with("error", 110));
    assert_earliest(open, fails, Kind::connect_failed, with("error", 110));
    assert_earliest(open, fails + 10s, Kind::connect_attempt, with("attempt", 2));
  }
}

TEST_CASE("a connection that ends in its handshake is an error of tlshd", "[conformance][secure]") {
  json s = far_away(1);
  set_connect(s, "tls", {{"time", "500ms"}});
  // Its socket is gone while tlshd of the host has not said anything yet.
  s["faults"].push_back(
      {{"type", "kill_sockets"}, {"at", "10.3s"}, {"host", "h1"}, {"controller", "nvme0"}});
  Run run(s);
  run.until(15s);
  CHECK(run.log.last(Kind::tls_handshake)["error"] == 13);
  CHECK(run.log.last(Kind::connect_failed)["error"] == 13);
  run.until(40s);
  CHECK(run.log.count(Kind::connected) == 2);
}

TEST_CASE("a connection that ends between its handshake and ICResp ends the attempt",
          "[conformance][secure]") {
  json s = far_away(1);
  set_connect(s, "tls", json::object());
  Run run(s);
  run.until(10s);
  Run shaken = run_to(run, Kind::tls_handshake, with("error", 0));
  const auto& ids = shaken.world.transport.connections;
  const auto place = shaken.log.last(Kind::tls_handshake)["connection"];
  tcp::kill(shaken.world, ids.id_at(static_cast<std::uint32_t>(place)), transport::Side::host);
  CHECK(shaken.log.last(Kind::connect_failed)["error"] == tcp::connection_aborted);
  CHECK(shaken.log.last(Kind::connect_failed).at == shaken.world.now());
}

TEST_CASE("handshakes wait for each other, and behind Connects", "[conformance][secure]") {
  json s = far_away(1, 2);
  set_connect(s, "tls", json::object());
  s["subsystems"][0]["tls_time"] = "100ms";
  Run run(s);
  run.until(2s);
  const auto done = run.log.all(Kind::tls_handshake);
  REQUIRE(done.size() == 4);
  // SYN and ClientHello of both paths at once, then one after the other. The first admin queue is
  // set up by then: fourteen round trips behind its handshake it opens its I/O queue, whose hello
  // comes when nobody else's does.
  const TimePoint first = sim::epoch + 2 * round_trip + 100ms;
  check_at(done[0].at, first);
  check_at(done[1].at, first + 100ms);
  json busy = s;
  busy["subsystems"][0]["connect_time"] = "200ms";
  Run other(busy);
  other.until(3s);
  // Both hellos are in line before the first Connect comes.
  const auto made = other.log.all(Kind::controller_created);
  REQUIRE(made.size() == 2);
  check_at(made[0].at, sim::epoch + 3 * round_trip / 2 + 400ms);
}

TEST_CASE("a node that hangs goes on with handshakes that came", "[conformance][secure]") {
  json s = far_away(1, 2);
  set_connect(s, "tls", json::object());
  s["subsystems"][0]["nodes"] = {{{"name", "n0"}, {"ports", {"a0"}}},
                                 {{"name", "n1"}, {"ports", {"a1"}}}};
  s["faults"] = {{{"type", "node"},
                  {"at", "25ms"},
                  {"for", "4s"},
                  {"subsystem", "sub"},
                  {"node", "n0"},
                  {"state", "hang"}}};
  Run run(s);
  run.until(6s);
  const auto done = run.log.all(Kind::tls_handshake);
  REQUIRE(done.size() == 4);
  // The hello came at 30 ms, was answered at 4.025 s, and that took half a round trip.
  check_at(done[2].at, sim::epoch + 4025ms + round_trip / 2);
}

TEST_CASE("TLS adds 22 bytes to each record of 16 KiB at most", "[conformance][secure]") {
  const auto bytes = [](bool tls, int block) {
    json s = scenario_with(1);
    if (tls)
      set_connect(s, "tls", json::object());
    s["workloads"] = {
        {{"type", "script"},
         {"host", "h1"},
         {"start", "1s"},
         {"steps", {{{"do", "write"}, {"blocks", block}}, {{"do", "read"}, {"blocks", block}}}}}};
    Run run(s, true);
    run.until(2s);
    std::vector<std::uint64_t> out;
    for (const Entry& e : run.log.all(Kind::pdu_sent, since(sim::epoch + 1s)))
      out.push_back(e["bytes"]);
    return out;
  };
  // 4 KiB: a capsule with its data, a response, a capsule, the data behind 24 bytes, a response.
  CHECK(bytes(false, 1) == std::vector<std::uint64_t>{72 + 4096, 24, 72, 24 + 4096, 24});
  CHECK(bytes(true, 1) == std::vector<std::uint64_t>{94 + 4096, 46, 94, 46 + 4096, 46});
  // 64 KiB, asked for by R2T: with its header the data needs five records.
  CHECK(bytes(true, 16) ==
        std::vector<std::uint64_t>{94, 46, 24 + 65536 + 5 * 22, 46, 94, 24 + 65536 + 5 * 22, 46});
}
