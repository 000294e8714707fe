// SPDX-License-Identifier: Apache-2.0
// The log of recoveries, told record by record. Times are in milliseconds of the telling.
#include "tests/unit/oracle/story.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::oracle_test;

struct Log : Story {
  Log& time(std::int64_t ms) {
    at(ms);
    return *this;
  }
  Log& starts(unsigned controller) {
    record<Kind::recovery_started>(w, host::ControllerId{controller}, host::Cause::transport);
    return *this;
  }
  Log& gives_up(unsigned controller, std::uint64_t op, std::uint64_t attempt) {
    record<Kind::attempt_abandoned>(w, token(op, attempt), host::ControllerId{controller},
                                    wire::Status{path_error});
    return *this;
  }
  [[nodiscard]] sim::TimePoint first_retry_done(std::size_t recovery) const {
    return w.recovery.recoveries.at(recovery).first_retry_done;
  }
};

}  // namespace

TEST_CASE("an operation that two recoveries abandon is the first retry of both", "[oracle]") {
  // Write 1 is given up by controller 0 at 10 and by controller 1 at 20, and done at 30. Write 2 is
  // given up by controller 1 alone and done at 40: the second recovery had its first retry by then.
  Log log;
  log.submit_write(1).send(1, 1, 0).submit_write(2).send(2, 1, 1);
  log.time(10).starts(0).gives_up(0, 1, 1).send(1, 2, 1);
  log.time(20).starts(1).gives_up(1, 2, 1).gives_up(1, 1, 2).send(1, 3, 2).send(2, 2, 2);
  REQUIRE(log.w.recovery.moved.size() == 3);
  log.at(30).complete(1, path_error);
  CHECK(log.first_retry_done(0) == sim::epoch + ms(30));
  CHECK(log.first_retry_done(1) == sim::epoch + ms(30));
  CHECK(log.w.recovery.moved.size() == 1);
  log.at(40).complete(2, path_error);
  CHECK(log.first_retry_done(1) == sim::epoch + ms(30));
  CHECK(log.w.recovery.moved.empty());
}
