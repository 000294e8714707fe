// SPDX-License-Identifier: Apache-2.0
// The assertion on timers itself: it must be able to fail, and say on which side.
#include "tests/conformance/earliest.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

/// Something that happens at 7 ns; nothing else does.
Run seven() {
  World w;
  w.at(sim::epoch + 7ns,
       [](World& world) { record<Kind::hold_ended>(world, host::ControllerId{0}); });
  return Run(w);
}

}  // namespace

TEST_CASE("an instant that is off by a nanosecond is found, and on which side",
          "[conformance][earliest]") {
  const Run run = seven();
  const Happened ended = next(run, Kind::hold_ended);
  CHECK(timing_error(run, sim::epoch + 7ns, ended) == "");
  CHECK(timing_error(run, sim::epoch + 8ns, ended) ==
        "too early by 1 ns: due at 8 ns, happened at 7 ns");
  CHECK(timing_error(run, sim::epoch + 6ns, ended) ==
        "too late by 1 ns: due at 6 ns, happened at 7 ns");
  CHECK(timing_error(run, sim::epoch + 5ns, next(run, Kind::fault)) ==
        "too late: due at 5 ns, not seen up to 3600000000005 ns");
  CHECK(sim::ns(run.world.now()) == 0);
}

TEST_CASE("an instant that cannot be missed is not asserted", "[conformance][earliest]") {
  const std::string nothing =
      "nothing to wait for: the run is beyond that instant, or it has happened";
  Run run = seven();
  const Happened ended = next(run, Kind::hold_ended);
  run.until(7ns);
  CHECK(timing_error(run, sim::epoch + 7ns, ended) == nothing);
  CHECK(timing_error(run, sim::epoch + 9ns, ended) == nothing);
}
