// SPDX-License-Identifier: Apache-2.0
// Nodes of an array that keep reservations for themselves: what goes through until they are told.
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

/// h1 is connected to the first node, h2 to the second.
json apart(const char* delay) {
  json s = scenario_with(2);
  for (const char* sw : {"s1", "s2"})
    s["fabric"]["links"].push_back({{"name", std::string("h2-") + sw}, {"ends", {"h2", sw}}});
  json other = s["hosts"][0];
  other["name"] = "h2";
  s["hosts"][0]["connect"].erase(1);
  other["connect"].erase(0);
  s["hosts"].push_back(other);
  json& sub = s["subsystems"][0];
  sub["nodes"] = {{{"name", "n0"}, {"ports", {"a0"}}}, {{"name", "n1"}, {"ports", {"a1"}}}};
  sub["reservations"] = "per_node";
  if (delay != nullptr)
    sub["reservation_delay"] = delay;
  return s;
}

void does(json& s, const char* host, Duration start, const json& steps) {
  s["workloads"].push_back(
      {{"type", "script"}, {"host", host}, {"start", text(start)}, {"steps", steps}});
}

/// h1 has the reservation from 1 s on, and h2 preempts it at 3 s.
json preempted(const char* delay) {
  json s = apart(delay);
  does(s, "h1", 1s, {{{"do", "register"}, {"key", 1}}, {{"do", "acquire"}, {"key", 1}}});
  does(s, "h2", 2s, {{{"do", "register"}, {"key", 2}}});
  does(s, "h2", 3s, {{{"do", "preempt"}, {"key", 2}, {"victim", 1}}});
  return s;
}

std::uint64_t breaches(const Run& run) {
  CHECK(run.log.count(Kind::reservation_breach) == run.world.oracle.counts.reservation_breaches);
  return run.world.oracle.counts.reservation_breaches;
}

}  // namespace

TEST_CASE("a host that was preempted writes on until its node is told",
          "[conformance][reservations]") {
  json s = preempted("500ms");
  does(s, "h1", 2900ms, {{{"do", "write"}}});  // its own still
  does(s, "h1", 3100ms, {{{"do", "write"}}});
  does(s, "h1", 3400ms, {{{"do", "write"}}});
  does(s, "h1", 3600ms, {{{"do", "write"}}});  // told at 3.5 s
  Run run(s);
  run.until(3s);
  CHECK(breaches(run) == 0);
  run.until(3550ms);
  CHECK(breaches(run) == 2);
  CHECK(run.log.count(Kind::media_write) == 3);
  run.until(5s);
  CHECK(breaches(run) == 2);
  CHECK(run.log.count(Kind::media_write) == 3);
  CHECK(run.log.last(Kind::app_complete)["status"] == 0x4083);  // Reservation Conflict, DNR
}

TEST_CASE("with shared reservations the same writes are refused at once",
          "[conformance][reservations]") {
  json s = preempted(nullptr);
  s["subsystems"][0].erase("reservations");
  does(s, "h1", 3100ms, {{{"do", "write"}}});
  Run run(s);
  run.until(5s);
  CHECK(breaches(run) == 0);
  CHECK(run.log.count(Kind::media_write) == 0);
}

TEST_CASE("nodes that are never told let everything through", "[conformance][reservations]") {
  json s = apart(nullptr);
  does(s, "h1", 1s, {{{"do", "register"}, {"key", 1}}, {{"do", "acquire"}, {"key", 1}}});
  does(s, "h2", 100s, {{{"do", "write"}}});
  does(s, "h1", 101s, {{{"do", "write"}}});
  Run run(s);
  run.until(102s);
  CHECK(breaches(run) == 1);
  CHECK(run.log.count(Kind::media_write) == 2);
}

TEST_CASE("a node that is cut off is told when it is back", "[conformance][reservations]") {
  json s = preempted("500ms");
  s["faults"] = {{{"type", "node"},
                  {"at", "2500ms"},
                  {"for", "4s"},
                  {"subsystem", "sub"},
                  {"node", "n0"},
                  {"state", "partition"}}};
  does(s, "h1", 6s, {{{"do", "write"}}});
  does(s, "h1", 7s, {{{"do", "write"}}});
  Run run(s);
  run.until(6400ms);
  CHECK(breaches(run) == 1);
  run.until(8s);
  CHECK(breaches(run) == 1);
  CHECK(run.log.count(Kind::media_write) == 1);
}

TEST_CASE("a node that crashed knows of reservations what others tell it",
          "[conformance][reservations]") {
  // h1 holds it, and its node is without power from 4 s to 7 s; then h2 comes there.
  for (const bool told : {true, false}) {
    json s = apart(told ? "500ms" : nullptr);
    s["hosts"][1]["connect"][0]["port"] = "a0";
    s["hosts"][1]["connect"][0]["at"] = "20s";
    does(s, "h1", 1s, {{{"do", "register"}, {"key", 1}}, {{"do", "acquire"}, {"key", 1}}});
    s["faults"] = {{{"type", "node"},
                    {"at", "4s"},
                    {"for", "3s"},
                    {"subsystem", "sub"},
                    {"node", "n0"},
                    {"state", "crash"}}};
    does(s, "h2", 30s, {{{"do", "write"}}});
    Run run(s);
    run.until(40s);
    CHECK(breaches(run) == (told ? 0 : 1));
    CHECK(run.log.count(Kind::media_write) == (told ? 0 : 1));
  }
}
