// SPDX-License-Identifier: Apache-2.0
// The oracle's judgement of short histories, told to it record by record. Times are in milliseconds
// of the telling, so that every interval can be read off the story.
#include "tests/unit/oracle/story.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::oracle_test;

/// Write 1 is fetched at 1, given up at 10 and sent again at `retry`; the retry lands and is
/// acknowledged 2 later.
Story retried_write(std::int64_t retry) {
  Story s;
  s.at(0).submit_write(1).send(1, 1, 0).at(1).fetch(1, 1).at(10).abandon(1, 1);
  s.at(retry).send(1, 2, 1).at(retry + 1).land(1, 2).at(retry + 2).answer(1, 2).complete(1);
  return s;
}

}  // namespace

TEST_CASE("writes and reads without trouble are in order", "[oracle]") {
  Story s;
  s.whole_read(1, 0, 0).whole_write(2, 10).whole_read(3, 20, 2).whole_write(4, 30);
  s.whole_read(5, 40, 4);
  CHECK(s.counts().writes == 2);
  CHECK(s.counts().reads == 3);
  CHECK(s.counts().stale_writes + s.counts().stale_reads + s.counts().lost_writes == 0);
  CHECK(s.linearizable());
  CHECK(s.exposure().intervals + s.exposure().margins == 0);
  CHECK(s.w.oracle.attempts.live() == 0);
}

TEST_CASE("an attempt that lands over a newer write is a stale write", "[oracle]") {
  Story s = retried_write(20);
  s.whole_write(2, 30).at(50).land(1, 1);
  CHECK(s.counts().stale_writes == 1);
  REQUIRE(s.w.oracle.incidents.size() == 1);
  const oracle::Incident& incident = s.w.oracle.incidents[0];
  CHECK(incident.serial == 1);
  CHECK(incident.other_serial == 2);
  CHECK(incident.lba == lba);
  CHECK(incident.at == sim::epoch + ms(50));
  CHECK(incident.attempt.abandoned == sim::epoch + ms(10));
  CHECK(incident.retry_sent == sim::epoch + ms(20));
  CHECK(incident.retry_controller == host::ControllerId{1});
  // And who reads it then is told old data; both judges say so.
  s.whole_read(3, 60, 1);
  CHECK(s.counts().stale_reads == 1);
  CHECK_FALSE(s.linearizable());
}

TEST_CASE("an attempt that lands before the newer write, or with nothing newer, is not",
          "[oracle]") {
  Story before = retried_write(20);
  before.at(25).land(1, 1).whole_write(2, 30).whole_read(3, 40, 2);
  CHECK(before.counts().stale_writes == 0);
  CHECK(before.linearizable());
  Story alone = retried_write(20);
  alone.at(50).land(1, 1).whole_read(2, 60, 1);
  CHECK(alone.counts().stale_writes + alone.counts().stale_reads == 0);
  CHECK(alone.linearizable());
}

TEST_CASE("of two concurrent writes either may come last", "[oracle]") {
  for (const std::uint64_t last : {1u, 2u}) {
    const std::uint64_t first = 3 - last;
    Story s;
    s.at(0).submit_write(1).send(1, 1).at(2).submit_write(2).send(2, 1);
    s.at(5).land(first, 1).at(6).answer(first, 1).complete(first);
    s.at(7).land(last, 1).at(8).answer(last, 1).complete(last);
    s.whole_read(3, 10, last);
    CHECK(s.counts().stale_writes + s.counts().stale_reads == 0);
    CHECK(s.linearizable());
  }
}

TEST_CASE("a read must see what was acknowledged before it was submitted", "[oracle]") {
  Story s;
  s.whole_write(1, 0).whole_write(2, 10).whole_read(3, 20, 1);
  CHECK(s.counts().stale_reads == 1);
  CHECK(s.w.oracle.incidents.at(0).serial == 3);
  CHECK(s.w.oracle.incidents.at(0).other_serial == 1);
  CHECK_FALSE(s.linearizable());
  Story initial;
  initial.whole_write(1, 0).whole_read(2, 10, 0);
  CHECK(initial.counts().stale_reads == 1);
  CHECK_FALSE(initial.linearizable());
}

TEST_CASE("a read that is out while a write is may see either", "[oracle]") {
  for (const std::uint64_t found : {1u, 3u}) {
    Story s;
    s.whole_write(1, 0).at(10).submit_read(2).send(2, 1);
    s.at(11).submit_write(3).send(3, 1).fetch(3, 1).at(12).land(3, 1);
    s.at(13).answer(3, 1).complete(3);
    s.at(14).sample(2, found).at(15).answer(2, 1).complete(2, 0, found);
    CHECK(s.counts().stale_reads == 0);
    CHECK(s.linearizable());
  }
}

TEST_CASE("reads that go back from a newer write to an older one are not in order", "[oracle]") {
  // Write 2 is never acknowledged, but read 3 has seen it; then the old attempt of write 1 lands.
  Story s = retried_write(20);
  s.at(30).submit_write(2).send(2, 1).fetch(2, 1).at(31).land(2, 1);
  s.whole_read(3, 40, 2).at(50).land(1, 1).whole_read(4, 60, 1);
  CHECK(s.counts().stale_writes == 1);
  CHECK_FALSE(s.linearizable());
}

TEST_CASE("only the answer that the application got can be stale", "[oracle]") {
  // The first attempt of the read found old data, was given up, and the second found the new.
  Story s;
  s.whole_write(1, 0).whole_write(2, 10);
  s.at(20).submit_read(3).send(3, 1).fetch(3, 1).at(21).sample(3, 1).at(22).abandon(3, 1);
  s.at(23).send(3, 2, 1);
  s.sample_of(Story::token(3, 2), Story::token(2, 1));
  s.at(24).answer(3, 2).complete(3, 0, 2);
  CHECK(s.counts().stale_reads == 0);
  CHECK(s.linearizable());
}

TEST_CASE("a read of several blocks is judged block by block", "[oracle]") {
  Story s;
  s.at(0).submit_write(1, 4).send(1, 1).at(1).land(1, 1, 4).at(2).answer(1, 1).complete(1);
  s.at(10).submit_read(2, 4).send(2, 1).fetch(2, 1).at(11).sample(2, 1, 0).sample(2, 1, 1);
  s.sample(2, 0, 2).sample(2, 1, 3).at(12).answer(2, 1).complete(2, 0, 1);
  CHECK(s.counts().stale_reads == 1);
}

TEST_CASE("a write that is acknowledged and nowhere on the medium is lost", "[oracle]") {
  Story s;
  s.at(0).submit_write(1).send(1, 1).at(5).answer(1, 1).complete(1);
  CHECK(s.counts().lost_writes == 1);
  CHECK(s.w.oracle.incidents.at(0).type == oracle::Incident::Type::lost_write);
  CHECK(s.w.oracle.incidents.at(0).serial == 1);
}

TEST_CASE("exposure lasts from the retry until the old attempt lands", "[oracle]") {
  Story s = retried_write(20);
  s.at(70).land(1, 1);
  CHECK(s.exposure().intervals == 1);
  CHECK(s.exposure().longest == ms(50));
  CHECK(s.exposure().total == ms(50));
  CHECK(s.exposure().margins == 0);
  CHECK(s.counts().stale_writes == 0);  // exposed, but nothing newer was hit
  CHECK(s.w.oracle.attempts.live() == 0);
}

TEST_CASE("an attempt that is given up once its retry is out is exposed from then on", "[oracle]") {
  // What ends the request of one path sends the I/O by the other first.
  Story s;
  s.at(0).submit_write(1).send(1, 1, 0).at(1).fetch(1, 1);
  s.at(10).send(1, 2, 1).abandon(1, 1).at(12).abandon(1, 2).at(40).land(1, 1);
  CHECK(s.exposure().intervals == 1);
  CHECK(s.exposure().longest == ms(30));
  // The third one is released much later, and the second one is out until its queue is gone.
  s.at(100).send(1, 3, 1).at(101).land(1, 3).at(102).answer(1, 3).complete(1);
  CHECK(s.exposure().intervals == 2);
  CHECK(s.exposure().longest == ms(30));
  CHECK(s.exposure().margins == 0);
}

TEST_CASE("an attempt that is still out is exposure up to now, and once it is gone no more",
          "[oracle]") {
  Story s = retried_write(20);
  s.at(60);
  CHECK(s.exposure().longest == ms(40));
  s.at(100);
  CHECK(s.exposure().intervals == 1);
  CHECK(s.exposure().longest == ms(80));
  s.release();
  s.at(500);
  CHECK(s.exposure().longest == ms(80));
  CHECK(s.exposure().total == ms(80));
  CHECK(s.w.oracle.attempts.live() == 0);
}

TEST_CASE("margin lasts from the end of the old attempt to the retry", "[oracle]") {
  Story s;
  s.at(0).submit_write(1).send(1, 1, 0).at(1).fetch(1, 1).at(10).abandon(1, 1).at(13).land(1, 1);
  s.at(40).send(1, 2, 1).at(41).land(1, 2).at(42).answer(1, 2).complete(1);
  CHECK(s.exposure().intervals == 0);
  CHECK(s.exposure().margins == 1);
  CHECK(s.exposure().margin_min == ms(27));
  CHECK(s.exposure().margin_max == ms(27));
  // A second one, of a write whose attempt had landed before it was given up.
  s.at(100).submit_write(2).send(2, 1, 0).at(101).land(2, 1).at(110).abandon(2, 1);
  s.at(111).send(2, 2, 1).at(112).land(2, 2).at(113).answer(2, 2).complete(2);
  CHECK(s.exposure().margins == 2);
  CHECK(s.exposure().margin_min == ms(10));
  CHECK(s.exposure().margin_max == ms(27));
}

TEST_CASE("a dry stream settles what was not fetched, a released queue also what was", "[oracle]") {
  Story s;
  s.at(0).submit_write(1).send(1, 1, 0).submit_write(2).send(2, 1, 0).fetch(2, 1);
  s.submit_write(3).send(3, 1, 9);
  s.at(10).abandon(1, 1).abandon(2, 1).abandon(3, 1);
  s.at(20).send(1, 2, 1).send(2, 2, 1).send(3, 2, 1);
  s.at(25);
  s.dry(transport::Side::target);  // the target's side sends no commands: says nothing
  CHECK(s.w.oracle.exposure.intervals == 0);
  s.dry(transport::Side::host);
  CHECK(s.w.oracle.exposure.intervals == 1);
  CHECK(s.w.oracle.exposure.total == ms(5));
  s.at(32);
  s.release();
  CHECK(s.w.oracle.exposure.intervals == 2);
  CHECK(s.w.oracle.exposure.total == ms(5 + 12));
  // The one on another connection is nobody's business here.
  CHECK(s.exposure().intervals == 3);
  CHECK(s.exposure().longest == ms(12));
}

TEST_CASE("a write that failed may still land: exposed, and stale over newer data", "[oracle]") {
  Story s;
  s.at(0).submit_write(1).send(1, 1).fetch(1, 1).at(10).abandon(1, 1).at(20).complete(1,
                                                                                      path_error);
  CHECK(s.counts().writes == 0);
  CHECK(s.counts().lost_writes == 0);
  s.whole_write(2, 30).at(50).land(1, 1);
  CHECK(s.exposure().intervals == 1);
  CHECK(s.exposure().longest == ms(30));
  CHECK(s.counts().stale_writes == 1);
}

TEST_CASE("reads count neither for exposure nor for margin", "[oracle]") {
  Story s;
  s.at(0).submit_read(1).send(1, 1).at(10).abandon(1, 1).at(20).send(1, 2, 1);
  s.at(21).sample(1, 0).at(22).answer(1, 2).complete(1).at(100);
  CHECK(s.exposure().intervals + s.exposure().margins == 0);
  s.release();
  CHECK(s.w.oracle.attempts.live() == 0);
  CHECK(s.exposure().intervals + s.exposure().margins == 0);
}

TEST_CASE("an acknowledged write must not undo one that was out together with it", "[oracle]") {
  // Both are acknowledged, 2 came last; then the old attempt of 1 lands. Read 3 had settled their
  // order, so that both judges object.
  Story s;
  s.at(0).submit_write(1).send(1, 1, 0).fetch(1, 1).at(5).abandon(1, 1).send(1, 2, 1);
  s.at(6).submit_write(2).send(2, 1, 1).at(7).land(1, 2).at(8).answer(1, 2).complete(1);
  s.at(9).land(2, 1).at(10).answer(2, 1).complete(2);
  s.whole_read(3, 20, 2);
  CHECK(s.counts().stale_writes == 0);
  CHECK(s.linearizable());
  s.at(30).land(1, 1).whole_read(4, 40, 1);
  CHECK(s.counts().stale_writes == 1);
  CHECK(s.w.oracle.incidents.at(0).other_serial == 2);
  CHECK_FALSE(s.linearizable());

  // Had 1 come last, the old attempt would have brought nothing else than what is there.
  Story harmless;
  harmless.at(0).submit_write(1).send(1, 1, 0).fetch(1, 1).at(5).abandon(1, 1).send(1, 2, 1);
  harmless.at(6).submit_write(2).send(2, 1, 1).at(7).land(2, 1).at(8).answer(2, 1).complete(2);
  harmless.at(9).land(1, 2).at(10).answer(1, 2).complete(1).whole_read(3, 20, 1);
  harmless.at(30).land(1, 1).whole_read(4, 40, 1);
  CHECK(harmless.counts().stale_writes == 0);
  CHECK(harmless.linearizable());
}

TEST_CASE("a write that is out may take effect once per attempt", "[oracle]") {
  // Reads see 1, then 2, then 1 again by its second attempt, which the host had to make.
  Story s;
  s.at(0).submit_write(1).send(1, 1, 0).fetch(1, 1).at(1).land(1, 1).whole_read(2, 5, 1);
  s.at(10).submit_write(3).send(3, 1, 1).at(11).land(3, 1).whole_read(4, 15, 3);
  s.at(20).abandon(1, 1).send(1, 2, 1).at(21).land(1, 2);
  s.at(25).submit_read(5).send(5, 1).fetch(5, 1);
  s.sample_of(Story::token(5, 1), Story::token(1, 2));
  s.at(26).answer(5, 1);
  s.complete_with_second(5, 1);
  s.at(30).answer(3, 1).complete(3).answer(1, 2).complete(1);
  CHECK(s.counts().stale_writes + s.counts().stale_reads == 0);
  CHECK(s.linearizable());
}

TEST_CASE("what a host sends to a target end that is gone is gone from the start", "[oracle]") {
  Story s;
  s.at(0);
  s.release();  // connection 0
  s.at(5).submit_write(1).send(1, 1, 0).at(10).abandon(1, 1).at(20).send(1, 2, 1);
  CHECK(s.exposure().intervals == 0);
  CHECK(s.w.oracle.exposure.margin_max == ms(15));
  // The number is given to a new connection.
  s.open(transport::ConnectionId{0});
  s.at(30).submit_write(2).send(2, 1, 0).at(40).abandon(2, 1).at(50).send(2, 2, 1).at(60);
  CHECK(s.exposure().intervals == 1);
  CHECK(s.exposure().longest == ms(10));
}

TEST_CASE("what other controllers do leaves the list of dead connections as it is", "[oracle]") {
  // The target end of connection 0 goes at 0. At 5 a controller of some other host is reset and at
  // 6 it opens connection 8. What is sent on connection 0 at 7 is gone all the same: given up at 10
  // and sent again at 20, it has a margin of 20 - 7 = 13 and no exposure, whatever time it is now.
  Story s;
  s.at(0);
  s.release();
  s.at(5).change_state(9).at(6).open(transport::ConnectionId{8});
  s.at(7).submit_write(1).send(1, 1, 0).at(10).abandon(1, 1).at(20).send(1, 2, 1).at(28);
  CHECK(s.exposure().intervals == 0);
  CHECK(s.exposure().longest == ms(0));
  CHECK(s.exposure().margin_max == ms(13));
}

TEST_CASE("an I/O that is sent for the 257th time is not its first attempt", "[oracle]") {
  const auto word = [](Token token) { return static_cast<std::uint64_t>(token); };
  CHECK(word(token_of(3, 255)) == 0x3ff);  // what nearly all tokens are
  for (const std::uint32_t attempt : {0u, 1u, 255u, 256u, 257u, most_attempts}) {
    CHECK(attempt_of(token_of(most_serials, attempt)) == attempt);
    CHECK(serial_of(token_of(most_serials, attempt)) == most_serials);
  }

  // The first attempt is held up, the 257th is answered; the first lands 24 ms after its retry
  // left.
  Story s;
  s.at(0).submit_write(1).send(1, 1, 0).fetch(1, 1).at(5).abandon(1, 1).at(6).send(1, 257, 1);
  s.at(7).fetch(1, 257).land(1, 257).at(8).answer(1, 257).complete(1).at(30).land(1, 1).at(99);
  CHECK(s.exposure().intervals == 1);
  CHECK(s.exposure().longest == ms(24));
}

TEST_CASE("an attempt of no operation is an error, not a read before the first one", "[oracle]") {
  Story s;
  CHECK_THROWS_AS(s.send(0, 1), sim::InvariantError);
  CHECK_THROWS_AS(s.send(1, 1), sim::InvariantError);  // nobody has submitted it
}
