// SPDX-License-Identifier: Apache-2.0
// Blocks whose operations followed each other.
#include "models/oracle/undisturbed.hpp"

#include <algorithm>

#include "models/oracle/register_history.hpp"

namespace holdfast::oracle {

namespace {

constexpr std::uint64_t disturbed = ~std::uint64_t{0};  ///< no serial number

}  // namespace

DisturbedBlocks::DisturbedBlocks(const Oracle& oracle, const std::function<void()>& look) {
  if (!is_trivial(oracle, look) && lay_out(oracle, look))
    go_over(oracle, look);
}

/// Blocks that nobody read contradict nothing, nor do reads of what was there at the start.
bool DisturbedBlocks::is_trivial(const Oracle& oracle, const std::function<void()>& look) {
  bool has_reads = false, has_writes = false, finds_data = false;
  std::size_t seen = 0;
  oracle.operations.for_each([&](const Operation& op) {
    if (seen++ % looks_every == 0)
      look();
    const bool reads = is_answered_read(op);
    has_reads = has_reads || reads;
    finds_data = finds_data || (reads && serial_of(op.version) != 0);
    has_writes = has_writes || writes_blocks(op);
  });
  return !has_reads || (!has_writes && !finds_data);
}

/// False: there are no books.
bool DisturbedBlocks::lay_out(const Oracle& oracle, const std::function<void()>& look) {
  bool has_appends = false;
  std::size_t seen = 0;
  oracle.operations.for_each([&](const Operation& op) {
    if (seen++ % looks_every == 0)
      look();
    const bool writes = writes_blocks(op);
    if (!writes && !is_answered_read(op))
      return;
    has_appends = has_appends || is_append(op);
    if (disks_.size() <= sim::index(op.disk))
      disks_.resize(sim::index(op.disk) + std::size_t{1});
    std::uint64_t& blocks = disks_[sim::index(op.disk)].blocks;
    blocks = std::max(blocks, op.lba + (writes ? op.blocks : 1));
  });
  std::uint64_t blocks = 0;
  for (Disk& disk : disks_) {
    disk.first = blocks;
    blocks += disk.blocks;
  }
  // Where an append goes is known afterwards only.
  any_ = has_appends || blocks / 4 > oracle.operations.size();
  if (!any_)
    books_.resize(blocks);
  return !any_;
}

void DisturbedBlocks::go_over(const Oracle& oracle, const std::function<void()>& look) {
  std::uint64_t serial = 0;
  oracle.operations.for_each([&](const Operation& op) {
    if (serial++ % looks_every == 0)
      look();
    if (is_answered_read(op))
      take_read(op);
    else if (writes_blocks(op))
      take_write(op, serial);
  });
}

void DisturbedBlocks::take_read(const Operation& op) {
  Book& book = books_[disks_[sim::index(op.disk)].first + op.lba];
  const std::int64_t start = start_of(op), finish = finish_of(op);
  // Reads may overlap each other. One that took no time ends before it begins on this axis.
  if (book.write != serial_of(op.version) || start < book.written || finish < start)
    disturb(book);
  else
    book.busy_until = std::max(book.busy_until, finish);
}

void DisturbedBlocks::take_write(const Operation& op, std::uint64_t serial) {
  const std::int64_t start = start_of(op), finish = finish_of(op);
  const std::uint64_t first = disks_[sim::index(op.disk)].first + op.lba;
  for (std::uint64_t at = first; at < first + op.blocks; ++at) {
    Book& book = books_[at];
    if (book.write == disturbed || start < book.busy_until || finish < start)
      disturb(book);
    else
      book = {serial, finish, finish};
  }
}

void DisturbedBlocks::disturb(Book& book) {
  book.write = disturbed;
  any_ = true;
}

bool DisturbedBlocks::contains(DiskId disk, std::uint64_t lba) const {
  return any_ &&
         (books_.empty() || books_[disks_[sim::index(disk)].first + lba].write == disturbed);
}

}  // namespace holdfast::oracle
