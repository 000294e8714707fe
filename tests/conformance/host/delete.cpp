// SPDX-License-Identifier: Apache-2.0
// SM-2 and ABA-4: what a delete does to requests in flight, as Linux 6.12 was measured to do it and
// as the posted series says, and what a delete or reset has to wait for (protocol.md 4.3, 17).
#include "models/net/fabric.hpp"
#include "tests/conformance/host/operator.hpp"
#include "tests/conformance/transport/fc_support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

TEST_CASE("mainline's delete waits for what is in flight, and nothing is sent twice",
          "[conformance][ABA-4][delete]") {
  for (const char* type : {"delete_controller", "disconnect"}) {
    INFO(type);
    json s = slow_write("linux-mainline");
    s["faults"].push_back(action(type, 200ms));
    Run run(s);
    run.until(100s);
    const Entry landed = run.log.first(Kind::media_write, with("cntlid", 1));
    CHECK(landed.at > sim::epoch + 2100ms);
    CHECK(run.log.count(Kind::attempt_abandoned) == 0);
    CHECK(run.log.count(Kind::stale_write) == 0);
    CHECK(run.log.count(Kind::stale_read) == 0);
    // CC.SHN goes out when the write is done, and the controller is gone a millisecond or two
    // later.
    const TimePoint removed = run.log.first(Kind::controller_removed, of_first()).at;
    CHECK(removed > landed.at);
    CHECK(removed < landed.at + 5ms);
  }
}

TEST_CASE("the gap of a delete stays where the target outlives the I/O timeout",
          "[conformance][ABA-4][delete]") {
  // The write times out after 30 s and is sent over the other path; the controller executes it
  // after 29 s or 40 s. In neither case is there an answer: a Keep Alive that ends in a delete is
  // not armed again, so the target gives the controller up long before.
  for (const auto& [delay, stale] : {std::pair{"29s", 0u}, {"40s", 1u}}) {
    INFO(delay);
    json s = slow_write("linux-mainline");
    s["faults"][0]["delay"] = delay;
    s["faults"].push_back(action("delete_controller", 200ms));
    Run run(s);
    run.until(200s);
    CHECK(run.log.count(Kind::stale_write) == stale);
    const Entry sent = run.log.first(Kind::attempt_sent, of_first());
    const auto gone = run.log.all(Kind::attempt_abandoned);
    REQUIRE(gone.size() == 1);
    CHECK(gone[0].at == sent.at + 30s);
  }
}

TEST_CASE("over a dead path mainline's delete lets I/O go at its own timeout",
          "[conformance][delete]") {
  Run run(deleted_over_dead_path("120s"));
  run.until(200s);
  const auto gone = run.log.all(Kind::attempt_abandoned, of_first());
  REQUIRE(!gone.empty());
  TimePoint last = sim::epoch;
  for (const Entry& e : gone) {
    const Entry sent = run.log.first(Kind::attempt_sent, with("token", e["token"]));
    CHECK(sent.at <= sim::epoch + 11s);
    CHECK(e.at == sent.at + 30s);
    last = std::max(last, e.at);
  }
  // Only then CC.SHN, which waits for the admin timeout of 60 s: the admin queue was not stopped.
  const Entry timeout = run.log.first(Kind::request_timeout, [](const Entry& e) {
    return e["controller"] == 0 && e["qid"] == 0 && e["opcode"] == 0x7f;
  });
  CHECK(timeout.at == last + 60s);
  CHECK(run.log.first(Kind::controller_removed).at == last + 60s);
  CHECK(run.log.count(Kind::connect_attempt, of_first()) == 1);
}

TEST_CASE("a Keep Alive that times out in a delete spares the wait for the controller",
          "[conformance][delete]") {
  Run run(deleted_over_dead_path("5s"));
  run.until(200s);
  // It stops the admin queue, and starts no recovery.
  REQUIRE(run.log.count(Kind::keep_alive_sent, of_first()) >= 1);
  TimePoint last = sim::epoch;
  for (const Entry& e : run.log.all(Kind::attempt_abandoned, of_first()))
    last = std::max(last, e.at);
  CHECK(last > sim::epoch + 40s);
  CHECK(run.log.first(Kind::controller_removed).at == last);
  CHECK(run.log.count(Kind::connect_attempt, of_first()) == 1);
}

TEST_CASE("a Keep Alive that falls due in a reset goes out in the next set-up",
          "[conformance][reset][KA-8]") {
  // Reset at 11 s on a path that is dead from 10 s; Property Set waits until 71 s. Healed at 50 s
  // or only after the first attempt has failed: until 74 s, the next one is due at 84 s.
  for (const char* healed : {"40s", "70s"}) {
    INFO(healed);
    json s = dead_path("linux-mainline");
    set_connect(s, "keep_alive_tmo", "5s");
    s["faults"][0]["for"] = healed;
    s["faults"].push_back(action("reset_controller", 11s));
    s["workloads"] = json::array({fio({{"rate_iops", 100}, {"iodepth", 4}, {"runtime", "9s"}})});
    Run run(s);
    run.until(100s);
    const auto parked = of_first() && since(sim::epoch + 11s);
    CHECK(run.log.count(Kind::keep_alive_done, parked && before(sim::epoch + 71s)) <= 1);
    const TimePoint connect = run.log.last(Kind::connect_attempt, of_first()).at;
    const TimePoint live = run.log.last(Kind::connected, of_first()).at;
    CHECK(run.log.count(Kind::keep_alive_sent, of_first() && since(connect) && before(live)) == 1);
  }
}

TEST_CASE("a delete in the RESETTING of the TP4129 RFC waits for its hold",
          "[conformance][delete]") {
  json s = dead_path("tp4129-rfc1");
  s["faults"].push_back(action("delete_controller", 20s));
  Run run(s);
  run.until(60s);
  const Entry fence = run.log.first(Kind::fence_started, of_first());
  CHECK(run.log.count(Kind::operator_refused) == 0);
  CHECK(run.log.first(Kind::requests_cancelled, of_first()).at == fence.at + 15001ms);
  CHECK(run.log.first(Kind::controller_removed).at == fence.at + 15001ms);
  CHECK(run.log.count(Kind::connect_attempt, of_first()) == 1);
}

TEST_CASE("a delete waits for a reset that is under way", "[conformance][delete]") {
  // nvme_do_delete_ctrl flushes reset_work, which waits out Property Set until 71 s.
  Run run(reset_then_delete());
  run.until(80s);
  CHECK(run.log.count(Kind::operator_refused) == 0);
  const auto removed = run.log.all(Kind::controller_removed);
  REQUIRE(removed.size() == 1);
  CHECK(removed[0].at == sim::epoch + 71s);
  CHECK(run.log.count(Kind::connect_attempt, of_first()) == 1);
}

TEST_CASE("a delete does not wait for the Connects of a set-up that it ends",
          "[conformance][delete]") {
  // They are on I/O queues, and no namespace has sent them. The one of the first queue is lost: FC
  // repeats nothing, and it would time out after a second.
  for (const char* transport : {"tcp", "rdma", "fc"}) {
    INFO(transport);
    json s = scenario_with(1);
    s["fabric"]["transport"] = transport;
    // TCP has not repeated the Connect by then, nor has RDMA.
    s["fabric"]["rto_min"] = "3s";
    s["fabric"]["tail_loss_probe"] = false;
    s["fabric"]["ack_timeout"] = "3s";
    s["hosts"][0]["admin_timeout"] = "1s";
    s["hosts"][0]["policy"] = {{"preset", "linux-mainline"}, {"delete_drains", true}};
    s["faults"] = json::array({action("delete_controller", 500ms)});
    Run run(s);
    while (run.world.host.controllers[0].setup != host::Setup::io_connect)
      REQUIRE(run.world.calendar.step(run.world, sim::epoch + 400ms));
    for (const std::uint32_t channel : {0U, 1U})
      net::add_blackhole(run.world, net::ChannelId{channel});
    run.until(400ms);
    // An FC association ends when its exchanges have been aborted, which takes a way to the target.
    for (const std::uint32_t channel : {0U, 1U})
      net::remove_blackhole(run.world, net::ChannelId{channel});
    run.until(10s);
    CHECK(run.log.first(Kind::controller_removed).at < sim::epoch + 501ms);
    CHECK(run.log.count(Kind::controller_removed) == 1);
    CHECK(run.world.host.controllers[0].state == host::State::deleting_noio);
  }
}

TEST_CASE("on FC a delete of the series that waits for its I/O goes on when something times out",
          "[conformance][delete][fc]") {
  // nvme_fc_start_ioerr_recovery: in DELETING there is no fence that would end it, and the series
  // aborts no exchange for its timeout. The command of the third write is lost.
  for (const char* preset : {"cqt-only", "tp8028-v3", "tp8028-v4"}) {
    INFO(preset);
    json s = on_fc("linux-mainline", 2s);
    s["hosts"][0]["policy"] = {{"preset", preset}, {"delete_drains", true}};
    s["faults"] = json::array({short_blackhole(), action("delete_controller", 3500ms)});
    Run run(s);
    run.until(4999ms);
    CHECK(run.world.host.controllers[0].state == host::State::deleting);
    run.until(60s);
    CHECK(run.log.first(Kind::request_timeout).at == sim::epoch + 5s);
    const auto removed = run.log.all(Kind::controller_removed);
    REQUIRE(removed.size() == 1);
    CHECK(removed[0].at < sim::epoch + 5s + moment);
    // The write itself moves to the other path.
    CHECK(run.log.count(Kind::attempt_abandoned) == 1);
  }
}

TEST_CASE("on FC a delete of the series that waits for its I/O goes on when the target ends it",
          "[conformance][delete][fc]") {
  // As above, and nothing times out. The Keep Alive of 2.5 s is the last one, for its end in a
  // delete arms no other: the target expires, and the end of the event request is the sign.
  json s = on_fc("linux-mainline", 100s);
  set_connect(s, "keep_alive_tmo", "5s");
  s["hosts"][0]["policy"] = {{"preset", "cqt-only"}, {"delete_drains", true}};
  s["faults"] = json::array({short_blackhole(), action("delete_controller", 3500ms)});
  Run run(s);
  run.until(60s);
  const TimePoint expired = run.log.first(Kind::keep_alive_expired).at;
  CHECK(run.log.count(Kind::request_timeout) == 0);
  const auto removed = run.log.all(Kind::controller_removed);
  REQUIRE(removed.size() == 1);
  CHECK(removed[0].at > expired);
  CHECK(removed[0].at < expired + moment);
}
