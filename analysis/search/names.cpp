// SPDX-License-Identifier: Apache-2.0
// Words of objectives and strategies.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "analysis/search/search.hpp"

namespace holdfast::analysis::search {

Objective objective_named(std::string_view word) {
  for (const Objective one : {Objective::corruption, Objective::exposure, Objective::stall}) {
    if (word == name_of(one))
      return one;
  }
  throw std::invalid_argument(
      fmt::format("found \"{}\", expected one of corruption, exposure, stall", word));
}

Strategy strategy_named(std::string_view word) {
  std::string expected;
  for (const Strategy one : strategies) {
    if (word == name_of(one))
      return one;
    expected += expected.empty() ? name_of(one) : std::string(", ") + name_of(one);
  }
  throw std::invalid_argument(fmt::format("found \"{}\", expected one of {}", word, expected));
}

const char* name_of(Strategy strategy) {
  switch (strategy) {
    case Strategy::exhaustive:
      return "exhaustive";
    case Strategy::best_first:
      return "best-first";
    case Strategy::random_walk:
      return "random-walk";
    case Strategy::swarm:
      return "swarm";
    case Strategy::portfolio:
      break;
  }
  return "portfolio";
}

const char* name_of(Objective objective) {
  switch (objective) {
    case Objective::corruption:
      return "corruption";
    case Objective::exposure:
      return "exposure";
    case Objective::stall:
      break;
  }
  return "stall";
}

}  // namespace holdfast::analysis::search
