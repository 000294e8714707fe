// SPDX-License-Identifier: Apache-2.0
// Numbers that are neither whole nor carry a unit.
#include <fmt/format.h>

#include <cmath>

#include "models/scenario/reading/codec.hpp"

namespace holdfast::scenario {

using nlohmann::json;

Codec<double> factor(double high) {
  const std::string words = fmt::format("number above 0, up to {}", high);
  return {[=](const Cursor& c) {
            if (!c.value().is_number())
              c.fail_value("a " + words);
            const double value = c.value().get<double>();
            if (!(value > 0.0) || value > high)
              c.fail_value("a " + words);
            return value;
          },
          [](double value) {
            // Whole ones look like what people type, so 3 and 3.0 are one scenario.
            const double whole = std::floor(value);
            return whole == value ? json(static_cast<std::uint64_t>(whole)) : json(value);
          },
          {{"type", "number"}, {"exclusiveMinimum", 0}, {"maximum", high}},
          words};
}

}  // namespace holdfast::scenario
