// SPDX-License-Identifier: Apache-2.0
// Copies are values: each may be on a thread of its own, though they share pages, tables and
// profiles until one of them writes. `make tsan` builds this file alone, under the thread
// sanitizer, which finds a race here whether or not it did harm.
#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "models/scenario/builder/builder.hpp"
#include "models/scenario/scenario.hpp"
#include "sim/cow_vector.hpp"
#include "sim/random.hpp"
#include "sim/shared_vector.hpp"
#include "tests/property/drawn.hpp"
#include "tests/property/invariants.hpp"

namespace {

using namespace holdfast;
using drawn::end_of;
using drawn::instant;
using scenario::Scenario;

// Under the sanitizer a run takes twenty times as long, and a race shows in the first few.
#if defined(__SANITIZE_THREAD__)
constexpr std::uint64_t scenarios = 12;
#else
constexpr std::uint64_t scenarios = 60;
#endif

/// The hashes of all that a run did.
sim::TraceHashes run_to_end(World& w, const Scenario& s) {
  // Without invariants on the way: assertions belong to one thread.
  w.calendar.run_until(w, end_of(s));
  return w.trace.hashes();
}

/// Pages and a table, as a world has them.
struct Blocks {
  sim::CowVector<std::uint64_t> pages{std::size_t{8} * 512};
  sim::SharedVector<std::string> names;
};

/// Writes to a copy, reads what it has not written, and lets go of it: how many elements were not
/// what they should be.
int wrong_in(Blocks mine, std::uint64_t seed) {
  int wrong = 0;
  for (std::uint64_t step = 0; step < 64; ++step) {
    const std::uint64_t bits = sim::random_bits(seed, 1, step);
    const std::size_t at = bits % mine.pages.size();
    if (bits >> 63 != 0) {
      mine.pages.writable(at) = at + 1'000'000;
    } else {
      wrong += mine.pages[at] == at || mine.pages[at] == at + 1'000'000 ? 0 : 1;
    }
    const std::size_t name = bits >> 32 & 7;
    if (step == seed % 64)
      mine.names.edit(name) = "mine";
    wrong += mine.names[name] == "shared, and too long for the string itself" ||
                     mine.names[name] == "mine"
                 ? 0
                 : 1;
  }
  return wrong;
}

}  // namespace

TEST_CASE("pages and tables that copies share belong to no thread", "[property][threads]") {
  constexpr std::uint64_t rounds = 400;
  constexpr std::size_t copies = 4;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    Blocks original;
    for (std::size_t i = 0; i < original.pages.size(); ++i)
      original.pages.writable(i) = i;
    for (int i = 0; i < 8; ++i)
      original.names.push_back("shared, and too long for the string itself");
    // Whoever is last with a page writes to it in place, right behind those that read it.
    std::array<int, copies> wrong{};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < copies; ++i) {
      threads.emplace_back([copy = original, &wrong, i, round]() mutable {
        wrong[i] = wrong_in(std::move(copy), round * copies + i);
      });
    }
    const int own = wrong_in(std::move(original), rounds * copies + round);
    for (std::thread& t : threads)
      t.join();
    REQUIRE(own == 0);
    REQUIRE(wrong == std::array<int, copies>{});
  }
}

TEST_CASE("copies on two threads at once end as they do on one", "[property][threads]") {
  for (std::uint64_t seed = 1; seed <= scenarios; seed += 2) {
    INFO("scenario " << seed);
    const Scenario s = drawn::scenario_of(seed);
    World alone = scenario::build(s);
    const auto expected = run_to_end(alone, s);
    World world = scenario::build(s);
    invariants::run_until(world, instant(s, seed));
    World twin = world;
    sim::TraceHashes first;
    sim::TraceHashes second;
    std::thread one([&] { first = run_to_end(world, s); });
    std::thread two([&] { second = run_to_end(twin, s); });
    one.join();
    two.join();
    invariants::check(world);
    invariants::check(twin);
    REQUIRE((first == expected));
    REQUIRE((second == expected));
  }
}

TEST_CASE("copies of copies are made, run and let go of on threads of their own",
          "[property][threads]") {
  for (std::uint64_t seed = 2; seed <= scenarios / 3; seed += 2) {
    INFO("scenario " << seed);
    const Scenario s = drawn::scenario_of(seed);
    World world = scenario::build(s);
    invariants::run_until(world, instant(s, seed));
    World alone = world;
    const auto expected = run_to_end(alone, s);
    std::array<sim::TraceHashes, 3> answers;
    std::vector<std::thread> threads;
    for (auto& answer : answers) {
      threads.emplace_back([copy = world, &answer, &s]() mutable {
        World another = copy;
        answer = run_to_end(copy, s);
        if (!(run_to_end(another, s) == answer))
          answer = {};
      });
    }
    const auto own = run_to_end(world, s);
    for (std::thread& t : threads)
      t.join();
    REQUIRE((own == expected));
    for (const auto& answer : answers)
      REQUIRE((answer == expected));
  }
}
