// SPDX-License-Identifier: Apache-2.0
// Do the words of a record come back by their names and in the types that they went in with, and is
// everything else refused?
#include <catch2/catch.hpp>
#include <optional>

#include "models/world.hpp"

using namespace holdfast;
using namespace std::chrono_literals;
using host::ControllerId;
using transport::ConnectionId;
using transport::Side;

namespace {

/// Keeps the last record.
class Last : public sim::Sink {
 public:
  std::optional<sim::Record> record;
  void on_record(const sim::Record& r) override { record = r; }
};

struct Recorded {
  World w;
  Last last;
  Recorded() { w.trace.attach(&last); }
};

}  // namespace

// What record<> takes: these types in this order, and no others.
static_assert(are_words_of<Kind::stream_dry, ConnectionId, Side>);
static_assert(!are_words_of<Kind::stream_dry, ConnectionId>);
static_assert(!are_words_of<Kind::stream_dry, Side, ConnectionId>);
static_assert(!are_words_of<Kind::stream_dry, std::uint32_t, Side>);
static_assert(!are_words_of<Kind::stream_dry, rdma::QueuePairId, Side>);
static_assert(are_words_of<Kind::duplicate_effect, std::uint64_t, Token>);
static_assert(!are_words_of<Kind::duplicate_effect, Token, std::uint64_t>);
static_assert(are_words_of<Kind::fence_started, ControllerId, sim::Duration>);
static_assert(!are_words_of<Kind::fence_started, ControllerId, std::int64_t>);
static_assert(!are_words_of<Kind::queue_opened, target::ControllerId, std::uint16_t, ConnectionId>);

TEST_CASE("a word of a record is read by its name and in its type", "[trace]") {
  Recorded r;
  record<Kind::keep_alive_done>(r.w, ControllerId{7},
                                wire::Status(wire::StatusCode::host_path_error).with_dnr());
  const Words<Kind::keep_alive_done> done(*r.last.record);
  CHECK(done.get<"controller">() == ControllerId{7});
  CHECK(done.get<"status">().value == 0x4370);

  record<Kind::reconnect_scheduled>(r.w, ControllerId{8}, sim::Duration{10s});
  CHECK(Words<Kind::reconnect_scheduled>(*r.last.record).get<"delay_ns">() == 10s);

  record<Kind::controller_removed>(r.w, ControllerId{9}, -5);
  CHECK(r.last.record->word[1] == ~std::uint64_t{4});  // -5 in 64 bits
  CHECK(Words<Kind::controller_removed>(*r.last.record).get<"error">() == -5);

  record<Kind::ccr_succeeded>(r.w, ControllerId{1}, ControllerId{2}, true);
  const Words<Kind::ccr_succeeded> succeeded(*r.last.record);
  CHECK(succeeded.get<"source">() == ControllerId{2});
  CHECK(succeeded.get<"immediate">());
}

TEST_CASE("kinds that share a word are read together, others are refused", "[trace]") {
  sim::Record r;
  r.word = {0, 0, 0, 0x305, 0, 0};
  for (const Kind kind : {Kind::media_write, Kind::mutated_write, Kind::media_read}) {
    r.kind = static_cast<std::uint16_t>(kind);
    const Words<Kind::media_write, Kind::mutated_write, Kind::media_read> words(r);
    CHECK(words.get<"token">() == Token{0x305});
    CHECK(serial_of(words.get<"token">()) == 3);
    CHECK(word_named<"token">(kind, r.word) == 0x305);
  }
  CHECK_THROWS_AS(Words<Kind::media_write>(r), sim::InvariantError);  // it is a media_read
  CHECK_THROWS_AS(word_named<"content">(Kind::media_read, r.word), sim::InvariantError);
}
