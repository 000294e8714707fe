// SPDX-License-Identifier: Apache-2.0
// Faults that overlap on the same thing: what each kind does together with another of its kind, by
// numbers. That all pairs are in force is a property (tests/property/overlapping_faults.cpp).
#include <cmath>

#include "sim/distributions.hpp"
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

json node_fault(const char* state, const char* at, const char* lasts) {
  return {{"type", "node"},     {"at", at},     {"for", lasts},
          {"subsystem", "sub"}, {"node", "n1"}, {"state", state}};
}

/// Two paths to an array, the first to node n1; no load.
json array_of_two() {
  json s = scenario_with(2);
  json& sub = s["subsystems"][0];
  sub["profile"] = "array";
  sub["nodes"] = {{{"name", "n1"}, {"ports", {"a0"}}}, {{"name", "n2"}, {"ports", {"a1"}}}};
  return s;
}

}  // namespace

TEST_CASE("losses that overlap are independent, and none outlasts its end",
          "[conformance][fault]") {
  json s = scenario_with(1);
  for (const auto& [at, probability] : {std::pair{"1s", "50%"}, {"2s", "90%"}}) {
    s["faults"].push_back({{"type", "loss"},
                           {"link", "h1-s1"},
                           {"at", at},
                           {"for", "2s"},
                           {"probability", probability}});
  }
  Run run(s);
  const auto lost = [&](Duration at) {
    run.until(at);
    return std::ldexp(static_cast<double>(run.world.net.channels[0].loss_threshold), -64);
  };
  CHECK(lost(500ms) == 0.0);
  CHECK(lost(1500ms) == 0.5);
  CHECK(lost(2500ms) == Approx(1.0 - 0.5 * 0.1).epsilon(1e-12));
  CHECK(lost(3500ms) == Approx(0.9).epsilon(1e-12));
  CHECK(lost(4500ms) == 0.0);
}

TEST_CASE("a loss of nothing, with which a sweep may begin, changes nothing",
          "[conformance][fault]") {
  // Down to the last bit: 1 - (1 - 0.1) x (1 - 0) is not 0.1.
  json s = scenario_with(1);
  for (const char* probability : {"10%", "0%"}) {
    s["faults"].push_back(
        {{"type", "loss"}, {"link", "h1-s1"}, {"at", "1s"}, {"probability", probability}});
  }
  Run run(s);
  run.until(2s);
  CHECK(run.world.net.channels[0].loss_threshold == sim::bernoulli_threshold(0.1));
}

TEST_CASE("what waits for slow admin work and for its node waits for both",
          "[conformance][fault]") {
  // Keep Alives come every 2.5 s; one waits for the first stall, and then for the node.
  json s = array_of_two();
  set_keep_alive(s, analysis::KeepAlive::command_based, 5s);
  const auto stall = [](const char* at, const char* lasts) {
    return json{{"type", "admin_stall"}, {"at", at}, {"for", lasts}, {"subsystem", "sub"}};
  };
  s["faults"] = {stall("1s", "3s"), node_fault("hang", "3500ms", "1s"), stall("4200ms", "600ms")};
  Run run(s);
  const Filter of_first_node = with("cntlid", 1) && since(sim::epoch + 1s);
  run.until(4700ms);
  REQUIRE(run.log.count(Kind::command_held, of_first_node) == 1);
  CHECK(run.log.count(Kind::response_sent, of_first_node) == 0);
  run.until(4900ms);
  CHECK(run.log.first(Kind::response_sent, of_first_node).at == sim::epoch + 4800ms);
}

TEST_CASE("a remote port that is gone is not lost once more", "[conformance][fault][fc]") {
  json s = scenario_with(2);
  s["fabric"]["transport"] = "fc";
  set_connect(s, "dev_loss_tmo", "8s");
  for (const auto& [at, lasts] : {std::pair{"1s", "20s"}, {"5s", "20s"}}) {
    s["faults"].push_back(
        {{"type", "remote_port_lost"}, {"at", at}, {"for", lasts}, {"host", "h1"}, {"port", "a0"}});
  }
  Run run(s);
  run.until(4s);
  const auto dev_loss_end = [&] {
    return std::get<host::FcController>(run.world.host.controllers[0].driver).dev_loss_end;
  };
  CHECK(dev_loss_end() == sim::epoch + 9s);
  run.until(8s);
  CHECK(dev_loss_end() == sim::epoch + 9s);
  run.until(20s);
  // nvme_fc_reconnect_or_delete: no attempt is put off beyond that instant.
  CHECK(run.log.first(Kind::controller_removed).at == sim::epoch + 9s);
}

TEST_CASE("a node that fails in several ways at once is in the worst of them",
          "[conformance][fault][array]") {
  json s = array_of_two();
  for (const auto& [state, at, lasts] : {std::tuple{"hang", "1s", "7s"},
                                         {"partition", "2s", "8s"},
                                         {"crash", "3s", "1s"},
                                         {"crash", "3500ms", "1s"}}) {
    s["faults"].push_back(node_fault(state, at, lasts));
  }
  Run run(s);
  using State = target::NodeState;
  for (const auto& [at, state] : {std::pair{1500ms, State::hung},
                                  {2500ms, State::hung},
                                  {3200ms, State::crashed},
                                  {4200ms, State::crashed},
                                  {5000ms, State::hung},
                                  {9000ms, State::partitioned},
                                  {10500ms, State::up}}) {
    INFO(at.count() << " ms");
    run.until(Duration{at});
    CHECK(run.world.target.nodes[0].state == state);
  }
  // It hangs, is without power, hangs, is cut off, is up: each once, however many faults say so.
  CHECK(run.log.count(Kind::node_state) == 5);
}

TEST_CASE("a controller that is deleted while it is reset loses no I/O", "[conformance][fault]") {
  const std::string transport = GENERATE("tcp", "rdma", "fc");
  json s = array_of_two();
  s["fabric"]["transport"] = transport;
  s["workloads"] = json::array({fio({{"rate_iops", 50}, {"runtime", "10s"}})});
  const auto operation = [](const char* type, Duration at) {
    return json{{"type", type}, {"at", text(at)}, {"host", "h1"}, {"controller", "nvme0"}};
  };
  // What is to be connected again gets no answer, and so has no I/O queue when it is deleted.
  json silence = blackhole("h1-s1", 1s + 10us);
  silence["for"] = "1s";
  for (const Duration later : {Duration{1us}, Duration{10us}, Duration{1ms}, Duration{500ms}}) {
    INFO(transport << ", " << later.count() << " ns after the reset");
    s["faults"] = {operation("reset_controller", 1s), operation("delete_controller", 1s + later),
                   silence};
    Run run(s);
    run.until(60s);
    CHECK(run.world.workload.jobs[0].finished);
    CHECK(run.world.workload.jobs[0].errors == 0);
    CHECK(run.world.host.ios.live() == 0);
    CHECK(run.world.host.controllers[0].state == host::State::deleting_noio);
  }
}

TEST_CASE("an emulator that begins once more knows nothing of before", "[conformance][fault]") {
  json s = scenario_with(1);
  s["workloads"] = json::array({fio({{"rate_iops", 50}, {"runtime", "4s"}})});
  s["faults"].push_back({{"type", "impair"},
                         {"at", "1s"},
                         {"for", "1s"},
                         {"link", "h1-s1"},
                         {"delay", "1ms"},
                         {"jitter", "500us"},
                         {"delay_correlation", "90%"}});
  Run run(s);
  const auto remembers = [&](Duration at) {
    run.until(at);
    return run.world.net.netems[0].delay.primed;
  };
  CHECK(remembers(1900ms));
  // netem_change: init_crandom, a state of its own for each qdisc.
  CHECK_FALSE(remembers(2100ms));
}
