// SPDX-License-Identifier: Apache-2.0
// The SimGrid kernel against a plain sorted reference, and its safeguards against SimGrid itself.
#include "sim/simgrid/carrier.hpp"
#include "sim/simgrid/engine.hpp"
#include "sim/simgrid/platform.hpp"

#include <catch2/catch.hpp>
#include <simgrid/kernel/Timer.hpp>
#include <simgrid/s4u/Engine.hpp>

#include <algorithm>
#include <csignal>
#include <functional>
#include <limits>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace {

using holdfast::simgrid::CarrierError;
using holdfast::simgrid::SimGridCarrier;

struct Fired {
  std::int64_t time_ns;
  std::uint64_t sequence;
  std::uint32_t slot;
  friend bool operator==(const Fired&, const Fired&) = default;
};

std::ostream& operator<<(std::ostream& out, const Fired& f) {
  return out << f.time_ns << '/' << f.sequence << '/' << f.slot;
}

// A carrier with a log of what it fired and an optional action per event.
struct Bench {
  std::vector<Fired> log;
  std::function<void(const Fired&)> action;
  std::uint64_t sequence = 0;
  SimGridCarrier carrier{&Bench::fire, this};

  static void fire(void* self, std::int64_t time_ns, std::uint64_t sequence, std::uint32_t slot) {
    auto& bench = *static_cast<Bench*>(self);
    bench.log.push_back({time_ns, sequence, slot});
    if (bench.action) {
      bench.action(bench.log.back());
    }
  }
  Fired add(std::int64_t time_ns, std::uint32_t slot = 0) {
    carrier.schedule(time_ns, ++sequence, slot);
    return {time_ns, sequence, slot};
  }
  std::vector<std::int64_t> times() const {
    std::vector<std::int64_t> result;
    for (const Fired& f : log) {
      result.push_back(f.time_ns);
    }
    return result;
  }
};

// Small and well known (MINSTD): the tests want many different schedules, not good dice.
struct Dice {
  std::uint64_t state;
  std::uint64_t operator()(std::uint64_t below) {
    state = state * 48271 % 2147483647;
    return state % below;
  }
};

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t forever = std::numeric_limits<std::int64_t>::max();
using Times = std::vector<std::int64_t>;

bool before(const Fired& a, const Fired& b) { return a.time_ns < b.time_ns; }

}  // namespace

TEST_CASE("a run without events returns", "[simgrid]") {
  Bench bench;
  REQUIRE(bench.carrier.run_until(forever));
  REQUIRE(bench.carrier.run_until(0));
  REQUIRE(bench.log.empty());
}

TEST_CASE("equal times fire in the order of scheduling", "[simgrid]") {
  Bench bench;
  std::vector<Fired> expected;
  for (std::uint32_t i = 0; i < 100; ++i) {
    expected.push_back(bench.add(7, i));
  }
  REQUIRE(bench.carrier.run_until(7));
  REQUIRE(bench.log == expected);
}

TEST_CASE("random schedules with cancellations fire like a stable sort", "[simgrid]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Dice dice{seed};
    Bench bench;
    std::vector<Fired> expected;
    for (std::uint32_t i = 0; i < 400; ++i) {
      // 40 different times, so that about ten events share each.
      expected.push_back(bench.add(static_cast<std::int64_t>(dice(40)) * 250, i));
    }
    for (int i = 0; i < 100; ++i) {
      const auto victim = expected.begin() + static_cast<std::ptrdiff_t>(dice(expected.size()));
      bench.carrier.cancel(victim->time_ns, victim->sequence);
      expected.erase(victim);
    }
    std::stable_sort(expected.begin(), expected.end(), before);
    REQUIRE(bench.carrier.pending() == 300);
    REQUIRE(bench.carrier.run_until(forever));
    REQUIRE(bench.log == expected);
    REQUIRE(bench.carrier.pending() == 0);
  }
}

TEST_CASE("events schedule and cancel others while the run goes on", "[simgrid]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Dice dice{seed};
    Bench bench;
    std::vector<Fired> alive;     // the reference: kept sorted by time, equals by age
    std::vector<Fired> expected;  // what the reference says fires next, taken as it happens
    const auto add = [&](std::int64_t time_ns) {
      const Fired fired = bench.add(time_ns, static_cast<std::uint32_t>(dice(1000)));
      alive.insert(std::upper_bound(alive.begin(), alive.end(), fired, before), fired);
    };
    bench.action = [&](const Fired& now) {
      expected.push_back(alive.front());
      alive.erase(alive.begin());
      if (bench.log.size() < 2000) {
        for (auto i = dice(3); i > 0; --i) {
          // A third at this very instant, the others up to 9 ns later.
          add(now.time_ns + (dice(3) == 0 ? 0 : static_cast<std::int64_t>(dice(10))));
        }
      }
      if (!alive.empty() && dice(5) == 0) {
        const auto victim = alive.begin() + static_cast<std::ptrdiff_t>(dice(alive.size()));
        bench.carrier.cancel(victim->time_ns, victim->sequence);
        alive.erase(victim);
      }
    };
    for (int i = 0; i < 50; ++i) {
      add(static_cast<std::int64_t>(dice(20)));
    }
    REQUIRE(bench.carrier.run_until(forever));
    REQUIRE(bench.log == expected);
    REQUIRE(alive.empty());
    REQUIRE(std::is_sorted(bench.log.begin(), bench.log.end(), before));
  }
}

TEST_CASE("times one nanosecond apart keep their order however far out", "[simgrid]") {
  // At 9e9 s a double steps by 2e-6 s, so thousands of integer times share one date there.
  for (const std::int64_t start :
       {Times::value_type{1000}, Times::value_type{900'000}, Times::value_type{9'000'000'000}}) {
    Bench bench;
    std::vector<Fired> expected;
    for (std::int64_t i = 0; i < 500; ++i) {
      expected.push_back(bench.add(start * second + (i * 7919) % 500));
    }
    std::stable_sort(expected.begin(), expected.end(), before);
    REQUIRE(bench.carrier.run_until(start * second + 500));
    REQUIRE(bench.log == expected);
  }
}

TEST_CASE("a run stops exactly at its end and the next one goes on", "[simgrid]") {
  Bench bench;
  for (const std::int64_t t : {10, 20, 21, 30}) {
    bench.add(t);
  }
  bench.action = [&](const Fired& now) {
    if (now.time_ns == 20) {
      bench.add(25);  // beyond the end of this run
    }
  };
  REQUIRE(bench.carrier.run_until(20));
  REQUIRE(bench.times() == Times{10, 20});
  bench.add(22);
  REQUIRE(bench.carrier.run_until(20));
  REQUIRE(bench.carrier.run_until(21));
  REQUIRE(bench.times() == Times{10, 20, 21});
  REQUIRE(bench.carrier.run_until(forever));
  REQUIRE(bench.times() == Times{10, 20, 21, 22, 25, 30});
}

TEST_CASE("carriers take turns on the one engine of the process", "[simgrid]") {
  Bench one;
  Bench two;
  for (std::int64_t t = 1; t <= 4; ++t) {
    one.add(t * second);
    two.add(t * 1000 * second);
  }
  REQUIRE(one.carrier.run_until(2 * second));
  REQUIRE(two.carrier.run_until(3000 * second));
  REQUIRE(one.carrier.run_until(forever));  // by SimGrid's clock its events are long past
  REQUIRE(two.carrier.run_until(forever));
  REQUIRE(one.times() == Times{second, 2 * second, 3 * second, 4 * second});
  REQUIRE(two.times() == Times{1000 * second, 2000 * second, 3000 * second, 4000 * second});
}

TEST_CASE("routes can be asked for before, between, during and after runs", "[simgrid]") {
  using namespace holdfast::simgrid;
  Platform platform{{{"h1", true}, {"s1", false}, {"a0", true}},
                    {{"l0", {0, 1}, 1e9, 0.0}, {"l1", {1, 2}, 1e9, 0.0}}};
  const std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs{{0, 2}};
  const std::vector<Hop> expected{{0, 0}, {1, 0}};
  const auto right_route = [&] {
    // One lone host more each time, so that SimGrid is asked and not our memory of its answers.
    platform.nodes.push_back({"lone" + std::to_string(platform.nodes.size()), true});
    return compute_routes(platform, pairs).at(0) == expected;
  };
  REQUIRE(right_route());
  for (int i = 0; i < 5; ++i) {
    Bench bench;
    int right = 0;
    bench.action = [&](const Fired&) { right += right_route() ? 1 : 0; };
    bench.add(1);
    bench.add(second);
    REQUIRE(bench.carrier.run_until(forever));
    REQUIRE(right == 2);
    REQUIRE(right_route());
  }
}

TEST_CASE("what an event throws arrives at the caller, and the rest can still run", "[simgrid]") {
  Bench bench;
  for (const std::int64_t t : {1, 2, 2, 3}) {
    bench.add(t);
  }
  bench.action = [&](const Fired& now) {
    if (now.sequence == 2) {
      throw std::domain_error("from the model");
    }
  };
  REQUIRE_THROWS_WITH(bench.carrier.run_until(forever), "from the model");
  REQUIRE(bench.times() == Times{1, 2});
  REQUIRE(bench.carrier.pending() == 2);
  REQUIRE(::simgrid::kernel::timer::kernel_timers().empty());
  REQUIRE(bench.carrier.run_until(forever));
  REQUIRE(bench.times() == Times{1, 2, 2, 3});
}

TEST_CASE("an event can stop the run", "[simgrid]") {
  Bench bench;
  for (const std::int64_t t : {1, 2, 2, 3}) {
    bench.add(t);
  }
  bench.carrier.stop();  // outside of a run it means nothing
  bench.action = [&](const Fired& now) {
    if (now.sequence == 2) {
      bench.carrier.stop();
      bench.add(2);
    }
  };
  REQUIRE_FALSE(bench.carrier.run_until(forever));
  REQUIRE(bench.times() == Times{1, 2});
  REQUIRE(::simgrid::kernel::timer::kernel_timers().empty());
  REQUIRE(bench.carrier.run_until(forever));
  REQUIRE(bench.times() == Times{1, 2, 2, 2, 3});
}

TEST_CASE("a carrier that is destroyed leaves nothing in SimGrid", "[simgrid]") {
  auto bench = std::make_unique<Bench>();
  bench->add(1);
  bench->add(2);
  REQUIRE(bench->carrier.run_until(1));
  bench.reset();
  REQUIRE(::simgrid::kernel::timer::kernel_timers().empty());
  Bench other;
  other.add(5);
  REQUIRE(other.carrier.run_until(forever));
  REQUIRE(other.times() == Times{5});
}

TEST_CASE("misuse of a carrier is refused", "[simgrid]") {
  REQUIRE_THROWS_AS(SimGridCarrier(nullptr, nullptr), std::invalid_argument);
  Bench bench;
  REQUIRE_THROWS_AS(bench.carrier.schedule(-1, 1, 0), std::invalid_argument);
  bench.add(10);
  REQUIRE_THROWS_AS(bench.carrier.schedule(11, 1, 0), std::invalid_argument);
  REQUIRE_THROWS_AS(bench.carrier.cancel(10, 2), std::invalid_argument);
  REQUIRE(bench.carrier.run_until(10));
  REQUIRE_THROWS_AS(bench.carrier.schedule(9, 2, 0), std::invalid_argument);
  REQUIRE_THROWS_AS(bench.carrier.cancel(10, 1), std::invalid_argument);
  Bench other;
  bench.action = [&](const Fired&) { other.carrier.run_until(forever); };
  bench.add(10);
  REQUIRE_THROWS_WITH(bench.carrier.run_until(10), "SimGrid's engine is already running");
  bench.action = [&](const Fired&) { bench.carrier.run_until(forever); };
  bench.add(10);
  REQUIRE_THROWS_WITH(bench.carrier.run_until(10), "run_until called from inside an event");
}

namespace {

// Moves the first timer that SimGrid holds to another date behind the carrier's back.
void move_first_timer(double by_s) {
  auto& timers = ::simgrid::kernel::timer::kernel_timers();
  using Heap = std::remove_reference_t<decltype(timers)>;
  REQUIRE_FALSE(timers.empty());
  const auto value = timers.top();
  for (auto it = timers.begin(); it != timers.end(); ++it) {
    if (it->second == value.second) {
      timers.update(Heap::s_handle_from_iterator(it), {value.first + by_s, value.second});
      return;
    }
  }
}

}  // namespace

TEST_CASE("a SimGrid that swaps dates is caught", "[simgrid]") {
  Bench bench;
  for (const std::int64_t t : {1, 2, 3}) {
    bench.add(t * second);
  }
  bench.action = [](const Fired& now) {
    if (now.time_ns == second) {
      move_first_timer(1.5);  // the event of 2 s is now due after the one of 3 s
    }
  };
  REQUIRE_THROWS_AS(bench.carrier.run_until(forever), CarrierError);
  REQUIRE(bench.times() == Times{second});
  REQUIRE(::simgrid::kernel::timer::kernel_timers().empty());
}

TEST_CASE("a SimGrid whose clock is off is caught", "[simgrid]") {
  Bench bench;
  bench.add(1 * second);
  bench.add(2 * second);
  bench.action = [](const Fired&) { move_first_timer(1e-3); };
  REQUIRE_THROWS_AS(bench.carrier.run_until(forever), CarrierError);
  REQUIRE(bench.times() == Times{second});
}

namespace {

// Created before main, because Catch2 puts handlers of its own in place around each test.
const bool kept_signal_handlers = [] {
  bool kept = true;
  for (const int signal : {SIGINT, SIGSEGV, SIGBUS}) {
    struct sigaction before {};
    struct sigaction after {};
    kept = sigaction(signal, nullptr, &before) == 0 && kept;
    { const holdfast::simgrid::EngineAccess access; }
    kept = sigaction(signal, nullptr, &after) == 0 && kept;
    kept = before.sa_handler == after.sa_handler && kept;
  }
  return kept;
}();

}  // namespace

TEST_CASE("the engine leaves the signal handlers of the program alone", "[simgrid]") {
  REQUIRE(kept_signal_handlers);
}

TEST_CASE("a carrier may run on another thread than the one that made the engine", "[simgrid]") {
  Bench bench;
  bench.add(1);
  bench.add(second);
  bool complete = false;
  std::thread([&] { complete = bench.carrier.run_until(forever); }).join();
  REQUIRE(complete);
  REQUIRE(bench.times() == Times{1, second});
}
