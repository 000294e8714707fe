// SPDX-License-Identifier: Apache-2.0
// Which blocks of a history need no closer look. Where no write overlapped anything else at its
// block, and each read returned the write before it, the operations took effect in the order of
// their serials: nothing is to be sorted to see that. In a healthy run nearly all blocks are so.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "models/oracle/oracle.hpp"

namespace holdfast::oracle {

class DisturbedBlocks {
 public:
  /// Goes over the history once. `look` is called again and again meanwhile; it may throw.
  DisturbedBlocks(const Oracle& oracle, const std::function<void()>& look);

  /// The history is linearizable.
  [[nodiscard]] bool none() const { return !any_; }
  /// May be true of one that is not: of a disk whose blocks are too many for a book of each.
  [[nodiscard]] bool contains(DiskId disk, std::uint64_t lba) const;

 private:
  /// What a block has seen so far.
  struct Book {
    std::uint64_t write = 0;       ///< serial of the latest; 0: initial content
    std::int64_t written = -2;     ///< when that was acknowledged
    std::int64_t busy_until = -2;  ///< when all that came so far was over
  };
  /// The blocks of a disk, up to the last one that was touched.
  struct Disk {
    std::uint64_t first = 0;  ///< into books_
    std::uint64_t blocks = 0;
  };

  static bool is_trivial(const Oracle& oracle, const std::function<void()>& look);
  bool lay_out(const Oracle& oracle, const std::function<void()>& look);
  void go_over(const Oracle& oracle, const std::function<void()>& look);
  void take_read(const Operation& op);
  void take_write(const Operation& op, std::uint64_t serial);
  void disturb(Book& book);

  std::vector<Disk> disks_;
  std::vector<Book> books_;  ///< empty: each block that was touched is taken for disturbed
  bool any_ = false;
};

}  // namespace holdfast::oracle
