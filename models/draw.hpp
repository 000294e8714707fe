// SPDX-License-Identifier: Apache-2.0
// A time span that a choice point answers: constant, uniform, exponential, or with a tail.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/choice.hpp"
#include "sim/distributions.hpp"
#include "sim/time.hpp"

namespace holdfast {

struct Span {
  enum class Kind : std::uint8_t { constant, uniform, exponential, tail };
  Kind kind = Kind::constant;
  sim::Duration low{};  ///< the constant, the lower bound, or what is added to the exponential part
  sim::Duration high{};         ///< the upper bound, or the mean of the exponential part
  std::uint64_t threshold = 0;  ///< bernoulli_threshold of the exponential part of a tail
};

inline sim::Duration draw(sim::Choices& choices, sim::ChoiceId id, const Span& span) {
  switch (span.kind) {
    case Span::Kind::uniform:
      return choices.uniform(id, span.low, span.high);
    case Span::Kind::exponential:
      return choices.exponential(id, span.low, span.high);
    case Span::Kind::tail:
      return choices.tailed(id, span.low, span.high, span.threshold);
    case Span::Kind::constant:
      break;
  }
  return choices.constant(id, span.low);
}

/// Draws a span that was drawn before once more, given that it is `elapsed` long at least. What is
/// left of an exponential span does not depend on how long it has lasted.
inline sim::Duration draw_again(sim::Choices& choices, sim::ChoiceId id, std::uint64_t ordinal,
                                const Span& span, sim::Duration elapsed) {
  return sim::Duration{choices.again(id, ordinal, [&](std::uint64_t bits) -> std::int64_t {
    const bool tail = span.kind == Span::Kind::tail;
    switch (span.kind) {
      case Span::Kind::uniform:
        return sim::uniform_between(bits, std::clamp(elapsed, span.low, span.high), span.high)
            .count();
      case Span::Kind::exponential:
      case Span::Kind::tail:
        if (elapsed > span.low)
          return (elapsed + sim::exponential(bits, span.high)).count();
        if (tail && bits >= span.threshold)
          return span.low.count();
        return (span.low +
                sim::exponential(tail ? sim::stretched(bits, span.threshold) : bits, span.high))
            .count();
      case Span::Kind::constant:
        break;
    }
    return span.low.count();
  })};
}

}  // namespace holdfast
