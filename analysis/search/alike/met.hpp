// SPDX-License-Identifier: Apache-2.0
// Worlds that a search has met, and what was left of its bounds when it did: 24 bytes each, in a
// table that is never less than three quarters full once it is large.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analysis/search/alike/form.hpp"
#include "analysis/search/left.hpp"

namespace holdfast::analysis::search::alike {

/// None: it is later than what fits (36 minutes), and is not remembered. More deviations than fit
/// are told as the most that do, which promises less than was done.
std::optional<Remembered> remembered(const Hash& hash, const Left& left, sim::TimePoint now);

/// Whatever can be done from a world with that much left was done from `one`: at least as much was
/// left there, and it was not later, so that bounds in time had as much room.
bool covers(const Remembered& one, const Left& left, sim::TimePoint now);

class Met {
 public:
  Met() : shards_(shard_count) {}

  /// A world of that hash was met with at least as much left.
  [[nodiscard]] bool covers(const Hash& hash, const Left& left, sim::TimePoint now) const;
  /// Takes the place of an entry of the same world that says less, if there is one.
  void add(const Remembered& one);

  [[nodiscard]] std::size_t size() const { return size_; }
  /// Of the table.
  [[nodiscard]] std::size_t bytes() const;

 private:
  static constexpr std::size_t shard_count = 64;
  struct Shard {
    std::vector<Remembered> slots;
    std::size_t used = 0;
  };
  static std::size_t first_slot(const Shard& shard, const Hash& hash);
  static void put(Shard& shard, const Remembered& one);
  static void grow(Shard& shard);

  std::vector<Shard> shards_;  ///< by the first bits of the hash: one of them is moved at a time
  std::size_t size_ = 0;
};

}  // namespace holdfast::analysis::search::alike
