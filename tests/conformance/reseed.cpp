// SPDX-License-Identifier: Apache-2.0
// Other dice from an instant on: the past stays, to the record, and the future is drawn anew.
#include "tests/conformance/earliest.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

/// Everything that is drawn is drawn all the time: losses, latencies of the medium, I/O.
json drawing() {
  json s = scenario_with(2);
  s["fabric"]["links"][0]["loss"] = "1%";
  s["subsystems"][0]["namespaces"][0]["media"] = {{"read", {{"uniform", {"50us", "500us"}}}},
                                                  {"write", {{"uniform", {"20us", "200us"}}}}};
  s["workloads"] = json::array({fio({{"rate_iops", 500}})});
  return s;
}

json reseeded(json s, const char* at, std::uint64_t seed) {
  s["reseed"] = {{"at", at}, {"seed", seed}};
  return s;
}

std::vector<Entry> records(const json& s, Duration until) {
  Run run(s, true);
  run.until(until);
  return run.log.entries;
}

/// How many records are the same from the beginning on.
std::size_t common(const std::vector<Entry>& a, const std::vector<Entry>& b) {
  const auto same = [](const Entry& x, const Entry& y) {
    return x.kind == y.kind && x.at == y.at && x.word == y.word;
  };
  return static_cast<std::size_t>(
      std::mismatch(a.begin(), a.end(), b.begin(), b.end(), same).first - a.begin());
}

}  // namespace

TEST_CASE("up to the second seed a run is what it is without it", "[conformance][reseed]") {
  const auto plain = records(drawing(), 4s);
  const auto other = records(reseeded(drawing(), "2s", 7), 4s);
  const std::size_t same = common(plain, other);
  REQUIRE(same < plain.size());
  REQUIRE(same < other.size());
  // Something is drawn each 2 ms.
  CHECK(plain[same].at >= sim::epoch + 2s);
  CHECK(plain[same].at < sim::epoch + 2010ms);
  CHECK(other[same].at >= sim::epoch + 2s);
}

TEST_CASE("the second seed decides what comes behind it, and nothing else",
          "[conformance][reseed]") {
  const auto seven = records(reseeded(drawing(), "2s", 7), 4s);
  CHECK(common(seven, records(reseeded(drawing(), "2s", 7), 4s)) == seven.size());
  CHECK(common(seven, records(reseeded(drawing(), "2s", 8), 4s)) < seven.size());
  // With the seed that it has anyway a run stays what it is, to its end.
  const auto plain = records(drawing(), 4s);
  CHECK(common(plain, records(reseeded(drawing(), "2s", 1), 4s)) == plain.size());
}

TEST_CASE("what was thrown before the second seed stays", "[conformance][reseed]") {
  // When a fault strikes is drawn as the world is built.
  json s = scenario_with(1);
  s["faults"] = json::array({blackhole("h1-s1", 0s)});
  s["faults"][0]["at"] = {{"uniform", {"5s", "50s"}}};
  const auto strikes = [](const json& of) {
    Run run(of);
    run.until(60s);
    return run.log.first(Kind::fault).at;
  };
  CHECK(strikes(s) == strikes(reseeded(s, "1s", 7)));
}

TEST_CASE("a host that nobody draws for does not feel the second seed of another's dice",
          "[conformance][reseed]") {
  // Draws are a function of seed, name and number: one more host takes none away from the others.
  json more = reseeded(drawing(), "2s", 7);
  more["fabric"]["links"].push_back({{"name", "h2-a2"}, {"ends", {"h2", "a2"}}, {"loss", "1%"}});
  more["subsystems"][0]["ports"].push_back("a2");
  more["hosts"].push_back({{"name", "h2"}, {"connect", {{{"subsystem", "sub"}, {"port", "a2"}}}}});
  const auto lost = [](const json& s) {
    Run run(s, true);
    run.until(4s);
    std::vector<TimePoint> out;
    for (const Entry& e : run.log.all(Kind::packet_dropped)) {
      if (e["channel"] <= 1)  // h1-s1
        out.push_back(e.at);
    }
    return out;
  };
  json alone = reseeded(drawing(), "2s", 7);
  const auto before = lost(alone);
  REQUIRE(before.size() > 5);
  CHECK(lost(more) == before);
}
