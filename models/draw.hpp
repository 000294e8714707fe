// SPDX-License-Identifier: Apache-2.0
// A time span that a choice point answers: constant, uniform, exponential, or with a tail.
#pragma once

#include <cstdint>

#include "sim/choice.hpp"
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

}  // namespace holdfast
