// SPDX-License-Identifier: Apache-2.0
// Short histories told to the oracle record by record, without a network.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>

#include "models/oracle/linearizability.hpp"
#include "models/world.hpp"

namespace holdfast::oracle_test {

inline constexpr std::uint64_t path_error = 0x370;
inline constexpr std::uint32_t lba = 5;

/// A world in which nothing happens but what the test tells.
struct Story {
  World w;

  Story() { oracle::add_disk(w.oracle, 100); }

  static std::uint64_t token(std::uint64_t op, std::uint64_t attempt) { return op << 8 | attempt; }
  Story& at(std::int64_t ms) {
    w.calendar.advance_to(sim::epoch + std::chrono::milliseconds{ms});
    return *this;
  }
  Story& submit_write(std::uint64_t op, std::uint32_t blocks = 1) {
    record<Kind::app_submit>(w, op, 0u, 1u, 0u, lba, blocks);
    return *this;
  }
  Story& submit(std::uint64_t op, host::IoKind kind, std::uint64_t at_lba = lba,
                std::uint32_t blocks = 1) {
    record<Kind::app_submit>(w, op, 0u, kind, 0u, at_lba, blocks);
    return *this;
  }
  Story& submit_read(std::uint64_t op, std::uint32_t blocks = 1) {
    record<Kind::app_submit>(w, op, 0u, 0u, 0u, lba, blocks);
    return *this;
  }
  Story& send(std::uint64_t op, std::uint64_t attempt, unsigned connection = 0) {
    record<Kind::attempt_sent>(w, token(op, attempt), connection, connection, 1u, 0u);
    return *this;
  }
  Story& fetch(std::uint64_t op, std::uint64_t attempt) {
    record<Kind::command_fetched>(w, 0u, 1u, 1u, 0u, 1u, token(op, attempt));
    return *this;
  }
  Story& land(std::uint64_t op, std::uint64_t attempt, unsigned blocks = 1) {
    record<Kind::media_write>(w, 0u, lba, blocks, token(op, attempt), 0u, 1u);
    return *this;
  }
  Story& land_at(std::uint64_t op, std::uint64_t attempt, std::uint64_t at_lba,
                 std::uint64_t blocks = 1) {
    record<Kind::media_write>(w, 0u, at_lba, blocks, token(op, attempt), 0u, 1u);
    return *this;
  }
  /// The attempt lands with what operation `content` had put into the buffer.
  Story& land_mutated(std::uint64_t op, std::uint64_t attempt, std::uint64_t content,
                      std::uint64_t at_lba = lba) {
    record<Kind::mutated_write>(w, 0u, at_lba, 1u, token(op, attempt), content << 8, 1u);
    return *this;
  }
  Story& effect(std::uint64_t op, std::uint64_t attempt, std::uint64_t value = 0,
                bool changed = true) {
    record<Kind::effect_applied>(w, token(op, attempt), 0u, changed, value);
    return *this;
  }
  /// The medium answers a read with what the first attempt of `found` wrote; 0: nothing.
  Story& sample(std::uint64_t op, std::uint64_t found, unsigned place = 0) {
    const std::uint64_t version = found == 0 ? 0 : token(found, 1);
    record<Kind::media_read>(w, 0u, lba + place, place, token(op, 1), version, 1u);
    return *this;
  }
  Story& answer(std::uint64_t op, std::uint64_t attempt) {
    record<Kind::attempt_done>(w, token(op, attempt), 0u, 0u);
    return *this;
  }
  Story& abandon(std::uint64_t op, std::uint64_t attempt) {
    record<Kind::attempt_abandoned>(w, token(op, attempt), 0u, path_error);
    return *this;
  }
  Story& complete(std::uint64_t op, std::uint64_t status = 0, std::uint64_t found = 0) {
    record<Kind::app_complete>(w, op, status, found == 0 ? 0 : token(found, 1));
    return *this;
  }
  /// A Zone Append is done: this is where its data went.
  Story& complete_at(std::uint64_t op, std::uint64_t at_lba) {
    record<Kind::app_complete>(w, op, 0u, at_lba);
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
