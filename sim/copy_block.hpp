// SPDX-License-Identifier: Apache-2.0
// Where the vectors of a world live. A world has some sixty of them; when it is copied, those of
// the copy are cut from one block of memory, so that a copy costs one allocation instead of sixty.
// A vector that outgrows its place moves to the heap, as usual; the block goes when nobody is left
// in it.
#pragma once

#include <cstddef>
#include <limits>
#include <new>
#include <type_traits>
#include <vector>

namespace holdfast::sim {

/// While one exists, vectors that this thread makes are cut from a block. For the time of a copy
/// only: what lives in the block must go with the world, one thread at a time.
class CopyBlock {
 public:
  CopyBlock();
  CopyBlock(const CopyBlock&) = delete;
  CopyBlock& operator=(const CopyBlock&) = delete;
  ~CopyBlock();

 private:
  struct Block;
  friend void* take_memory(std::size_t bytes);
  friend void give_memory(void* memory) noexcept;
  static void leave(Block* block) noexcept;
  void* cut(std::size_t bytes);

  Block* block_ = nullptr;  ///< the latest
  std::size_t cut_ = 0;     ///< bytes, from all blocks
  CopyBlock* outer_;        ///< the one that was open before
};

void* take_memory(std::size_t bytes);
void give_memory(void* memory) noexcept;

/// Of a world's vectors; see above.
template <class T>
struct Allocator {
  static_assert(alignof(T) <= 16);
  using value_type = T;
  using is_always_equal = std::true_type;

  Allocator() = default;
  template <class U>
  Allocator(const Allocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor)

  T* allocate(std::size_t count) {
    if (count > std::numeric_limits<std::size_t>::max() / 2 / sizeof(T))
      throw std::bad_array_new_length();
    return static_cast<T*>(take_memory(count * sizeof(T)));
  }
  void deallocate(T* memory, std::size_t) noexcept { give_memory(memory); }

  friend bool operator==(const Allocator&, const Allocator&) { return true; }
};

template <class T>
using Vector = std::vector<T, Allocator<T>>;

}  // namespace holdfast::sim
