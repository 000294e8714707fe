// SPDX-License-Identifier: Apache-2.0
// Templates: what stands in braces, and that a scenario with templates is the one written out.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "models/scenario/builder/builder.hpp"
#include "models/scenario/declaration/declaration.hpp"
#include "models/scenario/reading/templates.hpp"
#include "models/scenario/scenario.hpp"

using namespace holdfast;
using nlohmann::json;
using scenario::Numbers;

namespace {

std::string filled(const std::string& text, const Numbers& numbers) {
  const json value = text;
  return scenario::filled_in(text, numbers, scenario::Cursor(value, "test", "/here"));
}

/// Three hosts with two paths each.
json with_templates() {
  return json::parse(R"({
    "name": "rack", "duration": "3s",
    "fabric": {"links": [
      {"count": 6, "name": "h{i / 2}-s{i % 2}", "ends": ["h{i / 2}", "s{i % 2}"]},
      {"count": 2, "name": "s{i}-a{i}", "ends": ["s{i}", "a{i}"]}]},
    "subsystems": [{"name": "sub", "ports": ["a0", "a1"], "namespaces": [{"size": "1MiB"}]}],
    "hosts": [{"count": 3, "name": "h{i}", "connect": [
      {"count": 2, "subsystem": "sub", "port": "a{j}", "at": "{10 * i + j}us"}]}],
    "workloads": [{"count": 3, "type": "fio", "host": "h{i}", "rw": "randwrite",
                   "thinktime": "1ms", "offset": "{i * 64}KiB", "size": "64KiB",
                   "start": "{200 + 3 * i}ms"}],
    "faults": [{"copies": 2, "type": "link_down", "at": "{1 + i}s", "for": "100ms",
                "link": "h{i}-s0"}]})");
}

json by_hand() {
  const auto connect = [](const char* port, const char* at) {
    return json{{"subsystem", "sub"}, {"port", port}, {"at", at}};
  };
  const auto load = [](const char* host, const char* offset, const char* start) {
    return json{{"type", "fio"},    {"host", host},    {"rw", "randwrite"}, {"thinktime", "1ms"},
                {"offset", offset}, {"size", "64KiB"}, {"start", start}};
  };
  const auto down = [](const char* at, const char* link) {
    return json{{"type", "link_down"}, {"at", at}, {"for", "100ms"}, {"link", link}};
  };
  json links = json::array();
  for (const auto& [host, to] :
       {std::pair("h0", "s0"), std::pair("h0", "s1"), std::pair("h1", "s0"), std::pair("h1", "s1"),
        std::pair("h2", "s0"), std::pair("h2", "s1"), std::pair("s0", "a0"), std::pair("s1", "a1")})
    links.push_back({{"name", std::string(host) + "-" + to}, {"ends", {host, to}}});
  return {
      {"name", "rack"},
      {"duration", "3s"},
      {"fabric", {{"links", links}}},
      {"subsystems",
       {{{"name", "sub"}, {"ports", {"a0", "a1"}}, {"namespaces", {{{"size", "1MiB"}}}}}}},
      {"hosts",
       {{{"name", "h0"}, {"connect", {connect("a0", "0us"), connect("a1", "1us")}}},
        {{"name", "h1"}, {"connect", {connect("a0", "10us"), connect("a1", "11us")}}},
        {{"name", "h2"}, {"connect", {connect("a0", "20us"), connect("a1", "21us")}}}}},
      {"workloads",
       {load("h0", "0KiB", "200ms"), load("h1", "64KiB", "203ms"), load("h2", "128KiB", "206ms")}},
      {"faults", {down("1s", "h0-s0"), down("2s", "h1-s0")}}};
}

sim::TraceHashes hashes_of(const json& document) {
  const scenario::Scenario s = scenario::from_json(document, "test");
  World w;
  scenario::build(w, s);
  w.calendar.run_until(w, sim::epoch + s.duration);
  return w.trace.hashes();
}

}  // namespace

TEST_CASE("Braces hold an expression of whole numbers", "[scenario]") {
  CHECK(filled("h{i}-s{i % 2}", {{'i', 7}}) == "h7-s1");
  CHECK(filled("{2 + 3 * i}us", {{'i', 4}}) == "14us");
  CHECK(filled("{(2+3)*i}", {{'i', 4}}) == "20");
  CHECK(filled("{i / 4}{j}", {{'i', 7}, {'j', 2}}) == "12");
  CHECK(filled("{10 - 3 - 2}", {{'i', 0}}) == "5");
  CHECK(filled("{100 / 7 / 2}", {{'i', 0}}) == "7");
  CHECK(filled("plain", {{'i', 0}}) == "plain");
}

TEST_CASE("Braces without a value are told with their reason", "[scenario]") {
  const auto refused = [](const std::string& text, const std::string& reason) {
    CHECK_THROWS_WITH(filled(text, {{'i', 3}}), Catch::Contains(reason) &&
                                                    Catch::Contains("/here") &&
                                                    Catch::Contains("i, whole numbers"));
  };
  refused("{", "without its other one");
  refused("}", "without its other one");
  refused("{i{i}}", "without its other one");
  refused("{}", "a number is missing");
  refused("{i +}", "a number is missing");
  refused("{(i}", "left open");
  refused("{i i}", "nothing is understood");
  refused("{i % (i - 3)}", "divides by 0");
  refused("{i - 4}", "it is -1");
  refused("{9223372036854775807 + i}", "63 bits");
  refused("{99999999999999999999}", "does not begin with a number");
  refused("{" + std::string(100, '(') + "1}", "too deeply");
}

TEST_CASE("A scenario with templates is the one written out", "[scenario]") {
  const scenario::Scenario a = scenario::from_json(with_templates(), "test");
  const scenario::Scenario b = scenario::from_json(by_hand(), "test");
  CHECK(scenario::to_json(a) == scenario::to_json(b));
  CHECK(scenario::hash(a) == scenario::hash(b));
  CHECK(hashes_of(with_templates()) == hashes_of(by_hand()));
  CHECK(scenario::without_templates(with_templates(), "test") == by_hand());
}

TEST_CASE("A mistake in a template names the template and the copy", "[scenario]") {
  json document = with_templates();
  document["hosts"][0]["connect"][0]["port"] = "a{j * i}";  // the second host has both at a0 and a1
  // h0 connects twice to a0.
  try {
    scenario::from_json(document, "test");
    FAIL("two connections to one port were let through");
  } catch (const scenario::ScenarioError& error) {
    CHECK(error.parts().pointer == "/hosts/0/connect/0");
    CHECK_THAT(error.parts().found, Catch::EndsWith("(in the copy i = 0, j = 1)"));
  }
  document = with_templates();
  document["fabric"]["links"][1]["count"] = 3;  // s2 and a2 exist, and nobody minds
  CHECK_NOTHROW(scenario::from_json(document, "test"));
  document["workloads"][0]["count"] = 5;
  CHECK_THROWS_WITH(scenario::from_json(document, "test"),
                    Catch::Contains("/workloads/0/host") && Catch::Contains("i = 3"));
}

TEST_CASE("Templates make a bounded number of copies", "[scenario]") {
  json document = with_templates();
  document["hosts"][0]["count"] = 1'048'576;
  CHECK_THROWS_WITH(scenario::from_json(document, "test"),
                    Catch::Contains("at most 1048576 of all templates together"));
}

TEST_CASE("What templates copy is bounded, and refused before it is copied", "[scenario]") {
  const auto refused_at = [](const json& document, const std::string& pointer,
                             const std::string& reason) {
    try {
      scenario::without_templates(document, "test");
      FAIL("copied");
    } catch (const scenario::ScenarioError& error) {
      CHECK(error.parts().pointer == pointer);
      CHECK_THAT(error.what(), Catch::Contains(reason));
    }
  };
  // One host more than a list of hosts has, and one connection.
  json document = with_templates();
  document["hosts"][0]["count"] = 65'537;
  refused_at(document, "/hosts/0/count",
             "found a list of 65537 up to here, expected a list of 1 to 65536");
  document["hosts"][0]["count"] = 1;
  document["hosts"][0]["connect"][0]["count"] = 4097;
  refused_at(document, "/hosts/0/connect/0/count", "expected a list of 1 to 4096");
  // A script with 1000 steps has the object, three members besides the list, the list and 3 values
  // in each step: 3005. The links before it make 6 x 5 + 2 x 5 = 40 values, a fault has 5, and its
  // copies 10; a host with its two connections, each counted with the `count` it comes from,
  // 1 + 1 + 1 + 2 x 5 = 13, three of them 39.
  document = with_templates();
  document["workloads"] =
      json::array({{{"count", 2791}, {"type", "script"}, {"host", "h0"}, {"name", "s"}}});
  document["workloads"][0]["steps"] = json::array();
  for (int i = 0; i < 1000; ++i)
    document["workloads"][0]["steps"].push_back({{"do", "write"}, {"lba", i}});
  CHECK_NOTHROW(scenario::without_templates(document, "test"));
  document["workloads"][0]["count"] = 2792;  // 2792 x 3005 + 89 = 8,390,049 > 2^23
  refused_at(document, "/workloads/0/count", "found 8390049 values in copies up to here");
  // A text of 6,400 characters is a hundred values more.
  document["workloads"][0]["count"] = 2791;
  document["workloads"][0]["name"] = std::string(6400, 'x');
  refused_at(document, "/workloads/0/count", "found 8666144 values");
}

TEST_CASE("An object in the place of a list of templates is told", "[scenario]") {
  // Found by fuzzing: below it keys were compared with one that a path did not have.
  for (const char* key : {"", "faults", "links"}) {
    const json inner = {{key, json::array({json{{"copies", 2}}})}};
    json document = with_templates();
    document["faults"] = inner;
    CHECK_THROWS_WITH(scenario::from_json(document, "test"), Catch::Contains("at /faults: found"));
    document = with_templates();
    document["fabric"]["links"] = inner;
    CHECK_THROWS_WITH(scenario::from_json(document, "test"),
                      Catch::Contains("at /fabric/links: found"));
  }
}

TEST_CASE("What follows from a wrong number of copies is no further mistake", "[scenario]") {
  const auto pointers = [](const json& document) {
    std::string out;
    for (const auto& error : scenario::all_errors(document, "test"))
      out += error.pointer + " ";
    return out;
  };
  json document = with_templates();
  document["workloads"][0]["count"] = 0;
  document["faults"][0]["copies"] = "2";
  document["expect"]["integrity"] = "fine";
  CHECK(pointers(document) == "/faults/0/copies /workloads/0/count /expect/integrity ");
  document = with_templates();
  document["fabric"]["links"][0]["count"] = 65.5;  // the names of its copies are not known
  CHECK(pointers(document) == "/fabric/links/0/count ");
  document = with_templates();
  document["hosts"][0]["connect"][0]["count"] = -1;
  CHECK(pointers(document) == "/hosts/0/connect/0/count ");
}
