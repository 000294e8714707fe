// SPDX-License-Identifier: Apache-2.0
// Short histories told to the oracle record by record, without a network.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>

#include "models/oracle/linearizability.hpp"
#include "models/world.hpp"

namespace holdfast::oracle_test {

inline constexpr std::uint16_t path_error = 0x370;
inline constexpr std::uint64_t lba = 5;
inline constexpr DiskId disk{};
inline constexpr target::SubsystemId subsystem{};
inline constexpr std::uint16_t cntlid = 1;
inline constexpr std::uint16_t qid = 1;
inline constexpr std::uint16_t cid = 0;

/// A world in which nothing happens but what the test tells.
struct Story {
  World w;

  Story() { oracle::add_disk(w.oracle, 100); }

  static Token token(std::uint64_t op, std::uint64_t attempt) {
    return token_of(op, static_cast<std::uint32_t>(attempt));
  }
  Story& at(std::int64_t ms) {
    w.calendar.advance_to(sim::epoch + std::chrono::milliseconds{ms});
    return *this;
  }
  Story& submit(std::uint64_t op, host::IoKind kind, std::uint64_t at_lba = lba,
                std::uint32_t blocks = 1) {
    record<Kind::app_submit>(w, op, workload::JobId{}, kind, disk, at_lba, blocks);
    return *this;
  }
  Story& submit_write(std::uint64_t op, std::uint32_t blocks = 1) {
    return submit(op, host::IoKind::write, lba, blocks);
  }
  Story& submit_read(std::uint64_t op, std::uint32_t blocks = 1) {
    return submit(op, host::IoKind::read, lba, blocks);
  }
  Story& send(std::uint64_t op, std::uint64_t attempt, unsigned connection = 0) {
    record<Kind::attempt_sent>(w, token(op, attempt), host::ControllerId{connection},
                               transport::ConnectionId{connection}, qid, cid);
    return *this;
  }
  Story& fetch(std::uint64_t op, std::uint64_t attempt) {
    record<Kind::command_fetched>(w, subsystem, cntlid, qid, cid, std::uint8_t{1},
                                  token(op, attempt));
    return *this;
  }
  Story& land(std::uint64_t op, std::uint64_t attempt, std::uint64_t blocks = 1) {
    return land_at(op, attempt, lba, blocks);
  }
  Story& land_at(std::uint64_t op, std::uint64_t attempt, std::uint64_t at_lba,
                 std::uint64_t blocks = 1) {
    record<Kind::media_write>(w, disk, at_lba, blocks, token(op, attempt), subsystem, cntlid);
    return *this;
  }
  /// The attempt lands with what operation `content` had put into the buffer.
  Story& land_mutated(std::uint64_t op, std::uint64_t attempt, std::uint64_t content,
                      std::uint64_t at_lba = lba) {
    record<Kind::mutated_write>(w, disk, at_lba, std::uint64_t{1}, token(op, attempt),
                                token(content, 0), cntlid);
    return *this;
  }
  Story& effect(std::uint64_t op, std::uint64_t attempt, std::uint64_t value = 0,
                bool changed = true) {
    record<Kind::effect_applied>(w, token(op, attempt), std::uint8_t{}, changed, value);
    return *this;
  }
  /// The medium answers a read with what the first attempt of `found` wrote; 0: nothing.
  Story& sample(std::uint64_t op, std::uint64_t found, unsigned place = 0) {
    return sample_of(token(op, 1), found == 0 ? Token{} : token(found, 1), place);
  }
  Story& sample_of(Token reader, Token found, std::uint32_t place = 0,
                   std::uint64_t first_lba = lba) {
    record<Kind::media_read>(w, disk, first_lba + place, place, reader, found, cntlid);
    return *this;
  }
  Story& answer(std::uint64_t op, std::uint64_t attempt) {
    record<Kind::attempt_done>(w, token(op, attempt), host::ControllerId{}, wire::Status{});
    return *this;
  }
  Story& abandon(std::uint64_t op, std::uint64_t attempt) {
    record<Kind::attempt_abandoned>(w, token(op, attempt), host::ControllerId{},
                                    wire::Status{path_error});
    return *this;
  }
  Story& complete(std::uint64_t op, std::uint16_t status = 0, std::uint64_t found = 0) {
    record<Kind::app_complete>(w, op, wire::Status{status},
                               found == 0 ? 0 : static_cast<std::uint64_t>(token(found, 1)));
    return *this;
  }
  /// A read is done with what the second attempt of `found` wrote.
  Story& complete_with_second(std::uint64_t op, std::uint64_t found) {
    record<Kind::app_complete>(w, op, wire::Status{}, static_cast<std::uint64_t>(token(found, 2)));
    return *this;
  }
  /// A Zone Append is done: this is where its data went.
  Story& complete_at(std::uint64_t op, std::uint64_t at_lba) {
    record<Kind::app_complete>(w, op, wire::Status{}, at_lba);
    return *this;
  }
  /// The queue at the target's end of a connection is gone.
  Story& release(transport::ConnectionId connection = {}) {
    record<Kind::queue_released>(w, subsystem, cntlid, qid, connection);
    return *this;
  }
  /// A host opens a queue on a connection, whose number may have been another one's before.
  Story& open(transport::ConnectionId connection) {
    record<Kind::queue_opened>(w, host::ControllerId{}, qid, connection);
    return *this;
  }
  /// A controller of whatever host changes its state.
  Story& change_state(unsigned controller) {
    record<Kind::controller_state>(w, host::ControllerId{controller}, host::State::live,
                                   host::State::resetting);
    return *this;
  }
  Story& dry(transport::Side side) {
    record<Kind::stream_dry>(w, transport::ConnectionId{}, side);
    return *this;
  }
  /// A write that meets no trouble, from `ms` to `ms` + 2; it lands in the middle.
  Story& whole_write(std::uint64_t op, std::int64_t ms) {
    at(ms).submit_write(op).send(op, 1).fetch(op, 1);
    return at(ms + 1).land(op, 1).at(ms + 2).answer(op, 1).complete(op);
  }
  /// A read likewise, that finds `found`.
  Story& whole_read(std::uint64_t op, std::int64_t ms, std::uint64_t found) {
    at(ms).submit_read(op).send(op, 1).fetch(op, 1);
    return at(ms + 1).sample(op, found).at(ms + 2).answer(op, 1).complete(op, 0, found);
  }

  [[nodiscard]] const oracle::Counts& counts() const { return w.oracle.counts; }
  [[nodiscard]] oracle::Exposure exposure() const {
    return oracle::exposure_until(w.oracle, w.now());
  }
  [[nodiscard]] bool linearizable() const { return oracle::check_linearizable(w.oracle).ok; }
};

inline constexpr std::chrono::milliseconds ms(std::int64_t n) {
  return std::chrono::milliseconds{n};
}

}  // namespace holdfast::oracle_test
