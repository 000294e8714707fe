// SPDX-License-Identifier: Apache-2.0
// Which controllers a fault strikes: the log of recoveries names it beside them.
#include "models/oracle/strikes.hpp"

#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

TEST_CASE("a fault of a link strikes the controllers whose paths cross it that way", "[oracle]") {
  // Links 0 and 1 are the path of the first controller, 2 and 3 that of the second.
  const World w = scenario::build(scenario::parse(scenario_with(2).dump(), "test"));
  for (std::uint32_t link = 0; link < 4; ++link) {
    for (std::uint32_t controller = 0; controller < 2; ++controller) {
      INFO(link << ' ' << controller);
      for (const bool forward : {false, true}) {
        for (const bool backward : {false, true}) {
          const fault::Fault f = blackhole_of(link, sim::epoch, forward, backward);
          const bool struck = link / 2 == controller && (forward || backward);
          CHECK(oracle::strikes(w, f, host::ControllerId{controller}) == struck);
        }
      }
    }
  }
}
