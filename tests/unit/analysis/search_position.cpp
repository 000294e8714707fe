// SPDX-License-Identifier: Apache-2.0
// A search that is stopped anywhere and goes on says what one says that was never stopped.
#include "analysis/search/position.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "models/scenario/scenario.hpp"
#include "tests/unit/analysis/worst_world.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::analysis;
using nlohmann::json;
using search::Objective;
using search::Strategy;

scenario::Scenario small(const json& policy, const json& bounds) {
  json all = {{"deviations", 2}, {"faults", json::array()}, {"until", "901ms"}};
  all.update(bounds);
  return test::with(policy, all);
}

struct TemporaryFile {
  std::filesystem::path path = std::filesystem::temp_directory_path() /
                               ("holdfast-position-" + std::to_string(getpid()) + ".json");
  ~TemporaryFile() { std::filesystem::remove(path); }
};

/// Stops after each of its chunks, and goes on from what the file says then.
void check_every_stop(const scenario::Scenario& s, search::Options options, Objective objective) {
  const json whole = search::document(s, search::search(s, options, objective));
  std::vector<search::Position> positions;
  std::vector<search::alike::Remembered> met;
  options.keep = [&](const search::Position& p) { positions.push_back(p); };
  options.keep_met = [&](std::uint64_t before, std::span<const search::alike::Remembered> worlds) {
    CHECK(before == met.size());
    met.insert(met.end(), worlds.begin(), worlds.end());
  };
  search::search(s, options, objective);
  options.keep = nullptr;
  options.keep_met = nullptr;
  REQUIRE(positions.size() >= 3);
  const TemporaryFile file;
  const json identity = search::identity(s, options, objective);
  for (const search::Position& position : positions) {
    search::keep_position(file.path, identity, position);
    options.from = search::kept_position(file.path, identity);
    REQUIRE(options.from.has_value());
    REQUIRE(options.from->merging == position.merging);
    options.from->met.assign(met.begin(),
                             met.begin() + static_cast<std::ptrdiff_t>(position.merging.distinct));
    std::uint64_t chunks = 0;
    options.keep = [&](const search::Position&) { ++chunks; };
    CHECK(search::document(s, search::search(s, options, objective)) == whole);
    CHECK(chunks < positions.size());  // what was done is not done again
  }
}

}  // namespace

TEST_CASE("a search goes on from wherever it was stopped", "[search]") {
  search::Options options;
  options.strategy = Strategy::exhaustive;
  check_every_stop(small("spec", {{"losses", 0}}), options, Objective::corruption);
  check_every_stop(small("linux-mainline", {{"losses", 0}}), options, Objective::stall);
  options.strategy = Strategy::portfolio;
  check_every_stop(small("spec", {{"losses", 0}, {"delay", "3s"}}), options, Objective::corruption);
  options.strategy = Strategy::swarm;
  options.worlds = 500;
  check_every_stop(small("spec", {{"losses", 0}}), options, Objective::exposure);
}

TEST_CASE("worlds that were met are kept in a file that only grows", "[search]") {
  const TemporaryFile file;
  const std::vector<search::alike::Remembered> some = {{{1, 2}, 3}, {{4, 5}, 6}, {{7, 8}, 9}};
  const std::span<const search::alike::Remembered> all(some);
  search::alike::MetFile kept(file.path);
  kept.add(0, all.first(2));
  const std::uint64_t sum = kept.sum();
  kept.write();
  // What comes later does not harm a position that does not know of it.
  kept.add(2, all.last(1));
  kept.write();
  search::alike::MetFile again(file.path);
  const auto first = again.read(2, sum);
  REQUIRE(first.has_value());
  CHECK(*first == std::vector(some.begin(), some.begin() + 2));
  again.add(2, all.last(1));
  again.write();
  CHECK(search::alike::MetFile(file.path).read(3, again.sum()).has_value());
  CHECK_FALSE(search::alike::MetFile(file.path).read(3, sum).has_value());
  CHECK_FALSE(search::alike::MetFile(file.path).read(4, sum).has_value());
  // A search that begins anew begins the file anew.
  again.add(0, all.first(1));
  again.write();
  CHECK(std::filesystem::file_size(file.path) == sizeof(search::alike::Remembered));
}

TEST_CASE("a search that is told worlds of another program begins anew", "[search]") {
  const scenario::Scenario s = small("spec", {{"losses", 0}});
  search::Options options;
  const json whole = search::document(s, search::search(s, options, Objective::corruption));
  search::Position last;
  std::uint64_t chunks = 0;
  options.keep = [&](const search::Position& p) {
    last = p;
    ++chunks;
  };
  search::search(s, options, Objective::corruption);
  const std::uint64_t all = chunks;
  last.begins.low ^= 1;
  options.from = last;
  chunks = 0;
  CHECK(search::document(s, search::search(s, options, Objective::corruption)) == whole);
  CHECK(chunks == all);
}

TEST_CASE("a search does not go on from another one", "[search]") {
  const scenario::Scenario s = small("spec", json::object());
  const search::Options options;
  const json identity = search::identity(s, options, Objective::corruption);
  const TemporaryFile file;
  CHECK_FALSE(search::kept_position(file.path, identity).has_value());
  search::keep_position(file.path, identity, {});
  CHECK(search::kept_position(file.path, identity).has_value());
  CHECK_THROWS_WITH(
      search::kept_position(file.path, search::identity(s, options, Objective::stall)),
      Catch::Contains("is of a search with for \"corruption\", expected \"stall\""));
  // Both are told as "cqt-only + 1 knob".
  const auto against = [&](double multiplier) {
    search::Options other;
    other.against = small({{"preset", "cqt-only"}, {"hold_multiplier", multiplier}}, json::object())
                        .hosts[0]
                        .policy;
    return search::identity(s, other, Objective::corruption);
  };
  search::keep_position(file.path, against(2), {});
  CHECK(search::kept_position(file.path, against(2)).has_value());
  CHECK_THROWS_AS(search::kept_position(file.path, against(2.5)), search::PositionError);
  // A position that says more than was done would be told as exhausted.
  search::keep_position(file.path, identity, {});
  std::ifstream in(file.path);
  json edited = json::parse(in);
  edited["chunks"] = 1'000'000;
  std::ofstream(file.path) << edited.dump();
  CHECK_THROWS_WITH(search::kept_position(file.path, identity), Catch::Contains("is damaged"));
  CHECK_THROWS_AS(search::kept_position("/dev/zero", identity), search::PositionError);
  CHECK_THROWS_AS(search::kept_position("/tmp", identity), search::PositionError);
  std::ofstream(file.path) << "{\"of\": 3";
  CHECK_THROWS_AS(search::kept_position(file.path, identity), search::PositionError);
}
