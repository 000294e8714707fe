// SPDX-License-Identifier: Apache-2.0
// Each piece of memory is preceded by the name of the block that it was cut from, if it was.
#include "sim/copy_block.hpp"

#include <algorithm>
#include <new>

#if __has_include(<sys/mman.h>)
#include <sys/mman.h>
#endif

namespace holdfast::sim {

/// Its bytes follow it.
struct CopyBlock::Block {
  std::size_t pieces;  ///< in use, and one while it is being cut from
  std::size_t used;
  std::size_t size;
};

namespace {

constexpr std::size_t grain = 16;
constexpr std::size_t cache_line = 64;
// Larger pieces begin with a line of the caches, so that what is as large as one lies in one.
constexpr std::size_t aligned_from = 4096;
// Where there are pages of 2 MiB, pieces that fill some of them get these: a large world is all
// over its memory, and each look-up of a small page that the processor has forgotten costs about
// as much as fetching what lies there.
constexpr std::size_t large_page = std::size_t{2} << 20;
constexpr std::size_t large_from = 4 * large_page;

struct alignas(grain) Piece {
  void* block;
};

/// In the place of a block: the piece was allocated with this alignment.
char aligned_alone;
char large_alone;

constexpr std::size_t rounded(std::size_t bytes) { return (bytes + grain - 1) / grain * grain; }

thread_local CopyBlock* open_block = nullptr;
/// What the last copy took: copies tend to be of the same world, a little later.
thread_local std::size_t usual_bytes = std::size_t{16} << 10;

}  // namespace

CopyBlock::CopyBlock() : outer_(open_block) { open_block = this; }

CopyBlock::~CopyBlock() {
  open_block = outer_;
  if (block_ == nullptr)
    return;
  usual_bytes = cut_;
  leave(block_);
}

void CopyBlock::leave(Block* block) noexcept {
  if (--block->pieces == 0)
    ::operator delete(block);
}

void* CopyBlock::cut(std::size_t bytes) {
  const std::size_t wanted = sizeof(Piece) + rounded(bytes);
  if (block_ == nullptr || block_->size - block_->used < wanted) {
    // A tenth more than last time, because what grows a little should still fit.
    const std::size_t expected = usual_bytes + usual_bytes / 10;
    const std::size_t size = std::max(wanted, expected > cut_ ? expected - cut_ : cut_);
    auto* const next = static_cast<Block*>(::operator new(rounded(sizeof(Block)) + size));
    *next = {1, 0, size};
    if (block_ != nullptr)
      leave(block_);
    block_ = next;
  }
  auto* const begin = reinterpret_cast<std::byte*>(block_) + rounded(sizeof(Block)) + block_->used;
  block_->used += wanted;
  cut_ += wanted;
  ++block_->pieces;
  new (begin) Piece{block_};
  return begin + sizeof(Piece);
}

namespace {

/// The piece that names its block lies at the end of the first line.
void* take_aligned(std::size_t bytes) {
  const bool large = bytes >= large_from;
  const std::size_t alignment = large ? large_page : cache_line;
  auto* const begin =
      static_cast<std::byte*>(::operator new (cache_line + bytes, std::align_val_t{alignment}));
#if defined(MADV_HUGEPAGE)
  if (large)  // an advice: where there are none, nothing is lost
    static_cast<void>(
        madvise(begin, (cache_line + bytes) / large_page * large_page, MADV_HUGEPAGE));
#endif
  new (begin + cache_line - sizeof(Piece)) Piece{large ? &large_alone : &aligned_alone};
  return begin + cache_line;
}

}  // namespace

void* take_memory(std::size_t bytes) {
  if (open_block != nullptr)
    return open_block->cut(bytes);
  if (bytes >= aligned_from)
    return take_aligned(bytes);
  auto* const begin = static_cast<std::byte*>(::operator new(sizeof(Piece) + bytes));
  new (begin) Piece{nullptr};
  return begin + sizeof(Piece);
}

void give_memory(void* memory) noexcept {
  std::byte* const begin = static_cast<std::byte*>(memory) - sizeof(Piece);
  void* const block = std::launder(reinterpret_cast<Piece*>(begin))->block;
  if (block == &aligned_alone || block == &large_alone) {
    ::operator delete (begin + sizeof(Piece) - cache_line,
                       std::align_val_t{block == &large_alone ? large_page : cache_line});
  } else if (block != nullptr) {
    CopyBlock::leave(static_cast<CopyBlock::Block*>(block));
  } else {
    ::operator delete(begin);
  }
}

}  // namespace holdfast::sim
