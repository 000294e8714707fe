// SPDX-License-Identifier: Apache-2.0
// A budget of time that no clock has room for is one without an end.
#include "analysis/deadline.hpp"

#include <catch2/catch.hpp>
#include <limits>

using holdfast::analysis::deadline_after;

TEST_CASE("a budget of centuries has no end", "[analysis]") {
  using namespace std::chrono_literals;
  const auto far = std::chrono::steady_clock::now() + std::chrono::hours{24 * 300};
  CHECK(deadline_after(std::chrono::nanoseconds::max()) > far);
  CHECK(deadline_after(1e300) > far);
  CHECK(deadline_after(std::numeric_limits<double>::infinity()) > far);
  const auto soon = deadline_after(0.5) - std::chrono::steady_clock::now();
  CHECK(soon > 0s);
  CHECK(soon <= 500ms);
}
