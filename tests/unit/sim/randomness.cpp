// SPDX-License-Identifier: Apache-2.0
// Philox against its published vectors, the distributions against closed forms, and choice points.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <vector>

#include "sim/choice.hpp"
#include "sim/distributions.hpp"
#include "sim/random.hpp"

namespace {

using namespace holdfast::sim;
using std::chrono::nanoseconds;
using Words = std::array<std::uint32_t, 4>;

constexpr std::uint64_t draws = 100'000;

}  // namespace

TEST_CASE("Philox gives the numbers of Random123's known-answer file", "[sim]") {
  CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("the words of a draw are seed, stream and ordinal", "[sim]") {
  // Key: seed, low word first. Counter: ordinal, then stream, low words first.
  const auto out =
      philox4x32({0x55667788, 0x11223344, 0xddeeff00, 0x99aabbcc}, {0x0badcafe, 0xfeedf00d});
  CHECK(random_bits(0xfeedf00d0badcafe, 0x99aabbccddeeff00, 0x1122334455667788) ==
        (std::uint64_t{out[1]} << 32 | out[0]));
}

TEST_CASE("the logarithm is within a few ulp of the library's", "[sim]") {
  double worst = 0.0;
  for (std::uint64_t i = 0; i < draws; ++i) {
    const std::uint64_t bits = random_bits(1, 1, i);
    // Half of them in (0, 1) as exponential() asks, half over all magnitudes.
    double x = (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
    if (i % 2 == 0)
      x = std::ldexp(1.0 + x, static_cast<int>(bits % 2000) - 1000);
    const double expected = std::log(x);
    const double ulp = std::nextafter(std::abs(expected), INFINITY) - std::abs(expected);
    // Near 1 the exponent term vanishes and the series alone counts.
    worst = std::max(worst, std::abs(natural_log(x) - expected) / ulp);
  }
  CHECK(worst <= 4.0);
  CHECK(natural_log(1.0) == 0.0);
}

TEST_CASE("an exponential draw has its mean and its distribution", "[sim]") {
  constexpr double mean = 1e6;
  std::vector<double> values;
  double sum = 0.0;
  for (std::uint64_t i = 0; i < draws; ++i) {
    values.push_back(static_cast<double>(
        exponential(random_bits(7, 2, i), nanoseconds{static_cast<std::int64_t>(mean)}).count()));
    sum += values.back();
  }
  // The mean of n draws has the standard deviation mean / sqrt(n); five of them.
  const double n = static_cast<double>(draws);
  CHECK(std::abs(sum / n - mean) < 5 * mean / std::sqrt(n));
  std::sort(values.begin(), values.end());
  CHECK(values.front() >= 0.0);
  double distance = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double expected = 1.0 - std::exp(-values[i] / mean);
    distance = std::max(distance, std::abs(static_cast<double>(i + 1) / n - expected));
  }
  // Kolmogorov-Smirnov: P(D sqrt(n) > 2) = 2 exp(-8) < 0.001. Truncation to whole nanoseconds adds
  // at most 1e-6.
  CHECK(distance * std::sqrt(n) < 2.0);
}

TEST_CASE("a uniform draw reaches both bounds and stays within", "[sim]") {
  CHECK(uniform_below(0, 10) == 0);
  CHECK(uniform_below(~std::uint64_t{0}, 10) == 9);
  CHECK(uniform_between(0, nanoseconds{5}, nanoseconds{9}) == nanoseconds{5});
  CHECK(uniform_between(~std::uint64_t{0}, nanoseconds{5}, nanoseconds{9}) == nanoseconds{9});
  CHECK(uniform_between(random_bits(1, 1, 1), nanoseconds{5}, nanoseconds{5}) == nanoseconds{5});
  std::vector<std::uint64_t> counts(10);
  for (std::uint64_t i = 0; i < draws; ++i)
    ++counts[uniform_below(random_bits(3, 3, i), 10)];
  double chi_square = 0.0;
  for (const std::uint64_t c : counts)
    chi_square += std::pow(static_cast<double>(c) - 1e4, 2) / 1e4;
  // Nine degrees of freedom: above 33.7 once in 10,000 times.
  CHECK(chi_square < 33.7);
}

TEST_CASE("a Bernoulli threshold is the probability in units of 2^-64", "[sim]") {
  CHECK(bernoulli_threshold(0.0) == 0);
  CHECK(bernoulli_threshold(-1.0) == 0);
  CHECK(bernoulli_threshold(std::nan("")) == 0);
  CHECK(bernoulli_threshold(0.5) == std::uint64_t{1} << 63);
  CHECK(bernoulli_threshold(0x1p-64) == 1);
  CHECK(bernoulli_threshold(1.0) == ~std::uint64_t{0});
  CHECK(bernoulli_threshold(2.0) == ~std::uint64_t{0});
  std::uint64_t yes = 0;
  for (std::uint64_t i = 0; i < draws; ++i)
    yes += random_bits(5, 5, i) < bernoulli_threshold(0.01) ? 1 : 0;
  // Binomial: 1,000 with a standard deviation of 31.5; five of them.
  CHECK(std::abs(static_cast<double>(yes) - 1000.0) < 157.0);
}

namespace {

constexpr nanoseconds low{100};
constexpr nanoseconds high{1'000'000};

/// A few hundred choices of every sort, as numbers.
std::vector<std::int64_t> choose(Choices& choices, ChoiceId loss, ChoiceId time) {
  std::vector<std::int64_t> out;
  for (int i = 0; i < 100; ++i) {
    out.push_back(choices.yes(loss, bernoulli_threshold(0.2)) ? 1 : 0);
    out.push_back(choices.uniform(time, low, high).count());
    out.push_back(choices.exponential(time, low, high).count());
    out.push_back(choices.constant(time, low).count());
    out.push_back(choices.tailed(time, low, high, bernoulli_threshold(0.5)).count());
    out.push_back(static_cast<std::int64_t>(choices.pick(time, 1000)));
  }
  return out;
}

}  // namespace

TEST_CASE("a tailed draw is usual but for its share, which is exponential on top", "[sim]") {
  Choices choices(3);
  const ChoiceId id = choices.add("array", "quiesce time");
  std::uint64_t rare = 0;
  double excess = 0.0;
  for (std::uint64_t i = 0; i < draws; ++i) {
    const nanoseconds drawn = choices.tailed(id, low, high, bernoulli_threshold(0.05));
    REQUIRE(drawn >= low);
    rare += drawn > low ? 1 : 0;
    excess += static_cast<double>((drawn - low).count());
  }
  // Binomial: 5,000 with a standard deviation of 69; five of them. The mean of 5,000 exponentials
  // has a standard deviation of a 71st of the mean.
  CHECK(std::abs(static_cast<double>(rare) - 5000.0) < 345.0);
  CHECK(std::abs(excess / static_cast<double>(rare) / 1e6 - 1.0) < 5.0 / 70.0);
  CHECK(choices.tailed(id, low, high, 0) == low);
}

TEST_CASE("recorded choices are made again by a replay with other dice", "[sim]") {
  Choices first(1);
  first.start_recording();
  const ChoiceId loss = first.add("link a", "loss");
  const ChoiceId time = first.add("disk b", "time");
  const auto expected = choose(first, loss, time);

  Choices other(2);
  const ChoiceId other_loss = other.add("link a", "loss");
  const ChoiceId other_time = other.add("disk b", "time");
  Choices replay = other;
  CHECK(choose(other, other_loss, other_time) != expected);
  replay.replay(first.record());
  CHECK(choose(replay, other_loss, other_time) == expected);
}

TEST_CASE("another choice point shifts nobody's draws", "[sim]") {
  Choices few(1);
  const ChoiceId few_loss = few.add("link a", "loss");
  const ChoiceId few_time = few.add("disk b", "time");
  Choices many(1);
  const ChoiceId extra = many.add("link z", "loss");
  const ChoiceId many_time = many.add("disk b", "time");
  const ChoiceId many_loss = many.add("link a", "loss");
  for (int i = 0; i < 10; ++i)
    many.yes(extra, bernoulli_threshold(0.5));
  CHECK(choose(few, few_loss, few_time) == choose(many, many_loss, many_time));
  CHECK_THROWS_AS(many.add("link a", "loss"), InvariantError);
}

TEST_CASE("a script dictates the loss of exactly the n-th packet", "[sim]") {
  Choices choices(1);
  const ChoiceId loss = choices.add("link a", "loss");
  const ChoiceId time = choices.add("disk b", "time");
  choices.replay({{hash_name("link a/loss"), 7, 1}, {hash_name("disk b/time"), 1, 42}});
  for (std::uint64_t i = 0; i < 20; ++i)
    CHECK(choices.yes(loss, bernoulli_threshold(1.0)) == (i == 7));
  // A time that the script does not mention is left to the dice.
  Choices dice(1);
  const ChoiceId same = dice.add("disk b", "time");
  CHECK(choices.uniform(time, low, high) == dice.uniform(same, low, high));
  CHECK(choices.uniform(time, low, high) == nanoseconds{42});
}

TEST_CASE("of two entries for one choice the last one counts", "[sim]") {
  Choices choices(1);
  const ChoiceId time = choices.add("disk b", "time");
  const std::uint64_t stream = hash_name("disk b/time");
  choices.replay({{stream, 0, 5}, {stream, 1, 6}, {stream, 0, 7}});
  CHECK(choices.constant(time, low) == nanoseconds{7});
  CHECK(choices.constant(time, low) == nanoseconds{6});
}

TEST_CASE("dice are changed before there are choice points, not after", "[sim]") {
  Choices choices(1);
  choices.reseed(2);
  const ChoiceId time = choices.add("disk b", "time");
  Choices two(2);
  const ChoiceId same = two.add("disk b", "time");
  CHECK(choices.pick(time, 1'000'000) == two.pick(same, 1'000'000));
  CHECK_THROWS_AS(choices.reseed(3), InvariantError);
}
