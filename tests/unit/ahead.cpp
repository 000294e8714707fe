// SPDX-License-Identifier: Apache-2.0
// Looking ahead changes nothing, and can be done at any time: while hosts connect, while a node is
// lost, and when all is over. (Under the sanitizers it would be seen if it looked at what is gone.)
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "models/ahead.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/scenario/scenario.hpp"
#include "models/world.hpp"

namespace {

using namespace holdfast;
using namespace std::chrono_literals;

template <class Walk>
unsigned steps_of(Walk walk) {
  unsigned step = 0;
  while (walk(step++))
    REQUIRE(step < 20);
  return step;
}

/// How many steps it takes to look at all that there is.
unsigned look_everywhere(const World& w) {
  unsigned steps = 0;
  for (std::size_t i = 0; i < w.workload.jobs.size(); ++i) {
    steps += steps_of([&](unsigned step) {
      return ahead::io(w, workload::JobId{static_cast<std::uint32_t>(i)}, step);
    });
  }
  for (std::size_t i = 0; i < w.host.controllers.size(); ++i) {
    steps += steps_of([&](unsigned step) {
      return ahead::keep_alive(w, host::ControllerId{static_cast<std::uint32_t>(i)}, step);
    });
  }
  for (std::size_t i = 0; i < w.host.queues.size(); ++i) {
    steps += steps_of([&](unsigned step) {
      return ahead::command(w, host::QueueId{static_cast<std::uint32_t>(i)}, step);
    });
  }
  return steps;
}

nlohmann::json fleet(const char* transport) {
  nlohmann::json document = scenario::read_document("scenarios/array_many_hosts.json");
  constexpr std::size_t hosts = 12;
  document["fabric"]["transport"] = transport;
  document["hosts"][0]["count"] = hosts;
  document["workloads"][0]["count"] = hosts;
  document["workloads"][0]["offset"] = "0B";
  document["fabric"]["links"][0]["count"] = hosts;
  return document;
}

}  // namespace

TEST_CASE("looking ahead changes nothing and may be done at any time", "[ahead]") {
  const char* const transport = GENERATE("tcp", "rdma", "fc");
  const scenario::Scenario s = scenario::from_json(fleet(transport), "fleet");
  World plain = scenario::build(s);
  plain.calendar.run_until(plain, sim::epoch + 20s);
  REQUIRE(plain.oracle.operations.size() > 1000);

  World looking = scenario::build(s);
  if (looking.transport.kind == transport::TransportKind::tcp)
    looking.net.expect = ahead::packet;
  CHECK(look_everywhere(looking) >= looking.workload.jobs.size());
  unsigned most = 0;
  for (sim::TimePoint t = sim::epoch; t <= sim::epoch + 20s; t += 37ms) {
    looking.calendar.run_until(looking, t);
    most = std::max(most, look_everywhere(looking));
  }
  looking.calendar.run_until(looking, sim::epoch + 20s);
  CHECK(looking.trace.hashes() == plain.trace.hashes());
  CHECK(looking.trace.records() == plain.trace.records());
  // An I/O leads as far as the lane of the first link.
  if (looking.transport.kind == transport::TransportKind::tcp)
    CHECK(most >= looking.workload.jobs.size() * 11);
}

TEST_CASE("a world looks ahead from 512 connections on", "[ahead]") {
  nlohmann::json document = fleet("tcp");
  const std::size_t connections = GENERATE(std::size_t{256}, std::size_t{768});
  // Two paths a host, each with an admin queue and one for I/O.
  document["hosts"][0]["count"] = connections / 4;
  document["workloads"][0]["count"] = connections / 4;
  document["fabric"]["links"][0]["count"] = connections / 4;
  World w = scenario::build(scenario::from_json(document, "fleet"));
  w.calendar.run_until(w, sim::epoch + 100ms);
  REQUIRE(w.transport.connections.size() == connections);
  CHECK((w.net.expect != nullptr) == (connections >= ahead::many));
}
