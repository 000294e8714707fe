// SPDX-License-Identifier: Apache-2.0
// A value that copies share until one of them writes. The copies may be on different threads, each
// copy on one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "sim/check.hpp"

namespace holdfast::sim {

template <class T>
class Shared {
  struct Block {
    std::atomic<std::uint32_t> owners{1};
    T value{};
  };

 public:
  Shared() = default;
  Shared(const Shared& other) noexcept : block_(other.block_) {
    // Whoever makes an owner is one, so the block cannot go meanwhile: nothing is to be waited for.
    if (block_ != nullptr)
      block_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  Shared(Shared&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Shared& operator=(const Shared& other) noexcept {
    Shared copy(other);
    std::swap(block_, copy.block_);
    return *this;
  }
  Shared& operator=(Shared&& other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Shared() { leave(block_); }

  /// There is a value.
  explicit operator bool() const { return block_ != nullptr; }
  const T& operator*() const {
    HOLDFAST_PACKET_CHECK(block_ != nullptr, "there is no value to read");
    return block_->value;
  }

  /// The value for writing: it is made, or made our own, first.
  T& own() {
    if (block_ == nullptr || block_->owners.load(std::memory_order_acquire) != 1) [[unlikely]]
      make_own();
    return block_->value;
  }

 private:
  [[gnu::noinline]] void make_own() {
    if (block_ == nullptr) {
      block_ = new Block;
    } else {
      auto* const mine = new Block{{1}, block_->value};
      leave(std::exchange(block_, mine));
    }
  }
  /// The release here is what the acquire in own() waits for: others have read all that they wanted
  /// of a value before it is seen to have one owner. std::shared_ptr::use_count() gives no such
  /// promise.
  static void leave(Block* block) noexcept {
    if (block != nullptr && block->owners.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete block;
  }

  Block* block_ = nullptr;
};

}  // namespace holdfast::sim
