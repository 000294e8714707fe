// SPDX-License-Identifier: Apache-2.0
// The oracle's judgement of commands that are not plain writes (protocol.md 9.3), and of zero-copy
// writes (4.8).
#include "tests/unit/oracle/story.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::oracle_test;
using host::IoKind;

constexpr std::uint64_t conflict = 0x4083;
constexpr std::uint64_t compare_failed = 0x4285;
constexpr std::uint64_t aborted = 0x371;

}  // namespace

TEST_CASE("zeroes and copies are writes: late ones over newer data are stale", "[oracle]") {
  for (const IoKind kind :
       {IoKind::write_zeroes, IoKind::deallocate, IoKind::zone_reset, IoKind::copy}) {
    Story s;
    s.at(0).submit(1, kind).send(1, 1, 0).fetch(1, 1).at(10).abandon(1, 1).send(1, 2, 1);
    s.at(11).land(1, 2).at(12).answer(1, 2).complete(1).whole_write(2, 20);
    CHECK(s.counts().stale_writes == 0);
    s.at(30).land(1, 1);
    CHECK(s.counts().stale_writes == 1);
    CHECK(s.counts().torn_writes == 0);
    CHECK(s.exposure().longest == ms(20));
    s.whole_read(3, 40, 1);
    CHECK(s.counts().stale_reads == 1);
    CHECK_FALSE(s.linearizable());
  }
}

TEST_CASE("a deallocation that lands in pieces is one stale write, and tears a larger one",
          "[oracle]") {
  Story s;
  s.at(0).submit(1, IoKind::deallocate, lba, 2).send(1, 1, 0).fetch(1, 1).at(10).abandon(1, 1);
  s.send(1, 2, 1).at(11).land_at(1, 2, lba).land_at(1, 2, lba + 1).at(12).answer(1, 2);
  s.complete(1).at(20).submit_write(2, 4).send(2, 1).fetch(2, 1).at(21).land(2, 1, 4);
  s.at(22).answer(2, 1).complete(2);
  s.at(30).land_at(1, 1, lba).land_at(1, 1, lba + 1);
  CHECK(s.counts().stale_writes == 1);
  CHECK(s.counts().torn_writes == 1);

  // A landing that covers the whole newer write leaves nothing of it to be torn.
  Story whole;
  whole.at(0).submit_write(1, 4).send(1, 1, 0).fetch(1, 1).at(10).abandon(1, 1).send(1, 2, 1);
  whole.at(11).land(1, 2, 4).at(12).answer(1, 2).complete(1);
  whole.at(20).submit_write(2, 2).send(2, 1).fetch(2, 1).at(21).land(2, 1, 2).at(22);
  whole.answer(2, 1).complete(2).at(30).land(1, 1, 4);
  CHECK(whole.counts().stale_writes == 1);
  CHECK(whole.counts().torn_writes == 0);
}

TEST_CASE("pieces of two commands that land in turns are one stale write each", "[oracle]") {
  // Deallocations 1 (blocks 5 and 6) and 2 (blocks 20 and 21) are given up at 10, done by a second
  // attempt, and overwritten by writes 3 and 4. From 30 on their first attempts land, in turns.
  Story s;
  s.at(0).submit(1, IoKind::deallocate, lba, 2).send(1, 1, 0).fetch(1, 1);
  s.submit(2, IoKind::deallocate, 20, 2).send(2, 1, 5).fetch(2, 1);
  s.at(10).abandon(1, 1).abandon(2, 1).send(1, 2, 1).send(2, 2, 6);
  s.at(11).land_at(1, 2, lba, 2).land_at(2, 2, 20, 2).at(12).answer(1, 2).answer(2, 2);
  s.complete(1).complete(2).at(20).submit_write(3, 2).send(3, 1).fetch(3, 1);
  s.submit(4, IoKind::write, 20, 2).send(4, 1, 6).fetch(4, 1);
  s.at(21).land_at(3, 1, lba, 2).land_at(4, 1, 20, 2).at(22).answer(3, 1).answer(4, 1);
  s.complete(3).complete(4);
  s.at(30).land_at(1, 1, lba).land_at(2, 1, 20).land_at(1, 1, lba + 1).land_at(2, 1, 21);
  CHECK(s.counts().stale_writes == 2);
  CHECK(s.w.oracle.incidents.size() == 2);
}

TEST_CASE("an append that is carried out twice is a duplicate effect, before or after its answer",
          "[oracle]") {
  for (const bool late : {false, true}) {
    Story s;
    s.at(0).submit(1, IoKind::zone_append, lba).send(1, 1, 0).fetch(1, 1);
    if (!late)
      s.at(5).effect(1, 1, lba).land_at(1, 1, lba);
    s.at(10).abandon(1, 1).send(1, 2, 1).fetch(1, 2);
    s.at(11).effect(1, 2, lba + 1).land_at(1, 2, lba + 1).at(12).answer(1, 2);
    s.complete_at(1, lba + 1);
    CHECK(s.counts().duplicate_effects == (late ? 0 : 1));
    if (late)
      s.at(30).effect(1, 1, lba).land_at(1, 1, lba);
    CHECK(s.counts().duplicate_effects == 1);
    CHECK(s.counts().corrupt());
    CHECK(s.counts().stale_writes == 0);
    CHECK(s.counts().lost_writes == 0);
    REQUIRE(s.w.oracle.incidents.size() == 1);
    CHECK(s.w.oracle.incidents[0].type == oracle::Incident::Type::duplicate_effect);
    CHECK(s.w.oracle.attempts.live() == (late ? 0 : 0));
  }
}

TEST_CASE("an append is known to be where its completion says", "[oracle]") {
  Story s;
  s.at(0).submit(1, IoKind::zone_append, lba).send(1, 1).fetch(1, 1).at(1).effect(1, 1, lba + 3);
  s.land_at(1, 1, lba + 3).at(2).answer(1, 1).complete_at(1, lba + 3);
  CHECK(s.counts().duplicate_effects + s.counts().lost_writes == 0);
  // A read of that block that finds nothing is stale.
  s.submit(2, IoKind::read, lba + 3);
  s.at(10).send(2, 1).fetch(2, 1);
  s.sample_of(Story::token(2, 1), Token{}, 0, lba + 3);
  s.at(11).answer(2, 1).complete(2, 0, 0);
  CHECK(s.counts().stale_reads == 1);
  // One that finds it is in order, for both judges.
  s.submit(3, IoKind::read, lba + 3);
  s.send(3, 1).fetch(3, 1);
  s.sample_of(Story::token(3, 1), Story::token(1, 1), 0, lba + 3);
  s.at(12).answer(3, 1).complete(3, 0, 1);
  CHECK(s.counts().stale_reads == 1);
}

TEST_CASE("the second opinion knows where an append went only from who read it", "[oracle]") {
  Story s;
  s.at(0).submit(1, IoKind::zone_append, 0, 1).send(1, 1).fetch(1, 1).at(1).effect(1, 1, lba);
  s.land(1, 1).at(2).answer(1, 1).complete_at(1, lba).whole_read(2, 10, 1).whole_read(3, 20, 1);
  CHECK(s.linearizable());
  s.whole_read(4, 30, 0);  // nothing there again
  CHECK_FALSE(s.linearizable());
}

TEST_CASE("a command that took effect and is reported as refused is a duplicate effect",
          "[oracle]") {
  struct Case {
    IoKind kind;
    std::uint16_t status;
    std::uint64_t duplicates;
  };
  // An error that leaves the outcome open claims nothing.
  for (const Case& c : {Case{IoKind::compare_and_write, compare_failed, 1},
                        Case{IoKind::reservation_acquire, conflict, 1},
                        Case{IoKind::reservation_release, conflict, 1},
                        Case{IoKind::reservation_acquire, aborted, 0}}) {
    Story s;
    s.at(0).submit(1, c.kind).send(1, 1, 0).fetch(1, 1).at(5).effect(1, 1);
    if (c.kind == IoKind::compare_and_write)
      s.land(1, 1);
    s.at(10).abandon(1, 1).send(1, 2, 1).fetch(1, 2).at(12).answer(1, 2).complete(1, c.status);
    CHECK(s.counts().duplicate_effects == c.duplicates);
    // The same answer to a command that never did anything is the truth.
    Story honest;
    honest.at(0).submit(1, c.kind).send(1, 1, 0).fetch(1, 1).at(12).answer(1, 1);
    honest.complete(1, c.status);
    CHECK(honest.counts().duplicate_effects == 0);
  }
}

TEST_CASE("a command that takes effect after it was refused is a duplicate effect", "[oracle]") {
  Story s;
  s.at(0).submit(1, IoKind::reservation_acquire).send(1, 1, 0).fetch(1, 1).at(10).abandon(1, 1);
  s.send(1, 2, 1).fetch(1, 2).at(12).answer(1, 2).complete(1, conflict);
  CHECK(s.counts().duplicate_effects == 0);
  s.at(30).effect(1, 1);
  CHECK(s.counts().duplicate_effects == 1);
  CHECK(s.w.oracle.attempts.live() == 0);
}

TEST_CASE("a second success that changes nothing is no second effect", "[oracle]") {
  Story s;
  s.at(0).submit(1, IoKind::reservation_register).send(1, 1, 0).fetch(1, 1).at(5).effect(1, 1);
  s.at(10).abandon(1, 1).send(1, 2, 1).fetch(1, 2).effect(1, 2, 0, false);
  s.at(12).answer(1, 2).complete(1);
  CHECK_FALSE(s.counts().corrupt());
  // It counts as carried out nevertheless: nothing was lost.
  Story idle;
  idle.at(0).submit(1, IoKind::reservation_register).send(1, 1).fetch(1, 1);
  idle.at(5).effect(1, 1, 0, false).at(6).answer(1, 1).complete(1);
  CHECK(idle.counts().lost_writes == 0);
}

TEST_CASE("a copy that is carried out twice counts only if its source has changed", "[oracle]") {
  for (const std::uint64_t second : {7u, 8u}) {
    Story s;
    s.at(0).submit(1, IoKind::copy).send(1, 1, 0).fetch(1, 1).at(10).abandon(1, 1).send(1, 2, 1);
    s.at(11).effect(1, 2, 7).land(1, 2).at(12).answer(1, 2).complete(1);
    s.at(30).effect(1, 1, second).land(1, 1);
    CHECK(s.counts().duplicate_effects == (second == 7 ? 0 : 1));
    CHECK(s.counts().stale_writes == 0);
    CHECK(s.w.oracle.attempts.live() == 0);
  }
}

TEST_CASE("an acknowledged command that was never carried out is lost", "[oracle]") {
  for (const IoKind kind : {IoKind::copy, IoKind::zone_append, IoKind::reservation_release,
                            IoKind::compare_and_write, IoKind::write_zeroes}) {
    Story s;
    s.at(0).submit(1, kind).send(1, 1).fetch(1, 1).at(2).answer(1, 1).complete(1);
    CHECK(s.counts().lost_writes == 1);
  }
  Story harmless;
  harmless.at(0).submit(1, IoKind::compare).send(1, 1).fetch(1, 1).at(2).answer(1, 1).complete(1);
  harmless.submit(2, IoKind::flush).send(2, 1).fetch(2, 1).at(4).answer(2, 1).complete(2);
  CHECK(harmless.counts().lost_writes == 0);
}

TEST_CASE("a zero-copy write that lands with other data is mutated, and corrupts elsewhere",
          "[oracle]") {
  // Write 1 of block 5 is repeated and acknowledged; the buffer then holds write 2 of block 6.
  Story s;
  s.at(0).submit_write(1).send(1, 1, 0).at(10).abandon(1, 1).send(1, 2, 1).fetch(1, 2);
  s.at(11).land(1, 2).at(12).answer(1, 2).complete(1);
  s.at(20).submit(2, IoKind::write, lba + 1).send(2, 1, 1).fetch(2, 1);
  s.at(21).land_at(2, 1, lba + 1).at(22).answer(2, 1).complete(2);
  s.at(30).fetch(1, 1).land_mutated(1, 1, 2);
  CHECK(s.counts().mutated_writes == 1);
  CHECK(s.counts().misplaced_writes == 1);
  CHECK(s.counts().stale_writes == 0);
  CHECK(s.counts().corrupt());
  REQUIRE(s.w.oracle.incidents.size() == 1);
  CHECK(s.w.oracle.incidents[0].serial == 1);
  CHECK(s.w.oracle.incidents[0].other_serial == 2);
  s.whole_read(3, 40, 2);  // the block holds what nobody wrote there
  CHECK_FALSE(s.linearizable());
}

TEST_CASE("data that lands where it does not belong changes no block beside that", "[oracle]") {
  Story s;
  s.at(0).submit_write(1).send(1, 1, 0).fetch(1, 1);
  s.at(1).submit(2, IoKind::write, lba + 1).send(2, 1, 1).fetch(2, 1);
  s.at(2).land_at(2, 1, lba + 1).at(3).answer(2, 1).complete(2);
  s.at(10).submit(3, IoKind::write, lba + 1).send(3, 1, 1).fetch(3, 1);
  s.at(11).land_at(3, 1, lba + 1).at(12).answer(3, 1).complete(3);
  s.at(20).land_mutated(1, 1, 2);
  CHECK(s.counts().misplaced_writes == 1);
  auto& blocks = s.w.oracle.disks[0];
  CHECK(blocks.writable(lba).content_serial == 2);
  CHECK(blocks.writable(lba + 1).content_serial == 3);
}

TEST_CASE("a zero-copy write that lands with newer data of its own block does no harm",
          "[oracle]") {
  // As rw_test: all writes go to one block from one buffer.
  Story s;
  s.at(0).submit_write(1).send(1, 1, 0).at(10).abandon(1, 1).send(1, 2, 1).fetch(1, 2);
  s.at(11).land(1, 2).at(12).answer(1, 2).complete(1).whole_write(2, 20);
  s.at(30).fetch(1, 1).land_mutated(1, 1, 2).whole_read(3, 40, 2);
  CHECK(s.counts().mutated_writes == 1);
  CHECK_FALSE(s.counts().corrupt());
  CHECK(s.linearizable());
  // With its own data it would have been a stale write.
  s.at(50).land(1, 1);
  CHECK(s.counts().stale_writes == 1);
}

TEST_CASE("reads after the answer tell nothing of attempts: the same data may land twice",
          "[oracle]") {
  Story s;
  s.at(0).submit_write(1).send(1, 1, 0).fetch(1, 1).at(5).abandon(1, 1).send(1, 2, 1);
  s.at(7).land(1, 2).at(8).answer(1, 2).complete(1);
  s.submit(2, IoKind::read, lba);
  s.send(2, 1).fetch(2, 1);
  s.sample_of(Story::token(2, 1), Story::token(1, 2));
  s.at(10).answer(2, 1);
  s.complete_with_second(2, 1);
  s.at(30).land(1, 1).whole_read(3, 40, 1);
  CHECK_FALSE(s.counts().corrupt());
  CHECK(s.linearizable());
}
