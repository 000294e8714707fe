// SPDX-License-Identifier: Apache-2.0
// Whether a command that executes is drawn anew as its distribution says, given that it has not
// come to its end: what is left of an exponential time is exponential, and of a uniform one
// uniform.
#include <catch2/catch.hpp>
#include <cmath>

#include "models/draw.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/scenario/scenario.hpp"
#include "models/target/target.hpp"

namespace {

using namespace holdfast;
using namespace std::chrono_literals;

/// The mean of 10,000 answers that are drawn again.
double mean_again_s(const Span& span, sim::Duration elapsed) {
  sim::Choices choices(1);
  const sim::ChoiceId id = choices.add("test", "span");
  draw(choices, id, span);
  double sum = 0.0;
  for (std::uint64_t seed = 2; seed < 10'002; ++seed) {
    choices.go_on_with(seed);
    const sim::Duration again = draw_again(choices, id, 0, span, elapsed);
    REQUIRE(again >= elapsed);
    sum += sim::seconds(again);
  }
  return sum / 10'000.0;
}

}  // namespace

TEST_CASE("what is left of a span is drawn as its distribution has it", "[target]") {
  using Kind = Span::Kind;
  // Means of 10,000: three standard errors are 3 % of an exponential mean, 1 % of a uniform half.
  const Span exponential{Kind::exponential, 1s, 2s, 0};
  CHECK(mean_again_s(exponential, 0s) == Approx(3.0).margin(0.06));
  CHECK(mean_again_s(exponential, 5s) == Approx(7.0).margin(0.06));
  const Span uniform{Kind::uniform, 1s, 3s, 0};
  CHECK(mean_again_s(uniform, 0s) == Approx(2.0).margin(0.02));
  CHECK(mean_again_s(uniform, 2s) == Approx(2.5).margin(0.01));
  const Span tail{Kind::tail, 1s, 2s, sim::bernoulli_threshold(0.25)};
  CHECK(mean_again_s(tail, 1s) == Approx(1.5).margin(0.04));
  CHECK(mean_again_s(tail, 4s) == Approx(6.0).margin(0.06));
  CHECK(mean_again_s({Kind::constant, 1s, 0s, 0}, 0s) == 1.0);
}

TEST_CASE("a write that executes lands when it was drawn again", "[target]") {
  const scenario::Scenario s = scenario::load("scenarios/rare_1e4.json");
  World w = scenario::build(s);
  // 2 % of the writes take longer; at 50 a second there is one after a second or so.
  const auto slow = [&]() -> const target::Request* {
    for (const target::Request& r : w.target.requests) {
      if (r.executing && w.now() - r.began > 1ms)
        return &r;
    }
    return nullptr;
  };
  while (slow() == nullptr)
    w.calendar.run_until(w, w.now() + 1ms);
  const auto version = slow()->version;
  World other = w;
  other.choices.go_on_with(99);
  target::draw_again(other);
  other.calendar.check_invariants();
  CHECK(other.calendar.pending() == w.calendar.pending());
  const auto landed = [&](World& one) {
    const auto& history = one.target.namespaces[0].history;
    while (history.size() == 0 || history[history.size() - 1].version != version)
      REQUIRE(one.calendar.step(one, sim::epoch + s.duration));
    return one.now();
  };
  CHECK(landed(other) != landed(w));
}
