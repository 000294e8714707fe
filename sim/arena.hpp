// SPDX-License-Identifier: Apache-2.0
// Entities live in typed arenas inside the world and are named by strong ids. Freed places are
// reused last-in first-out, so a run in its steady state does not allocate. Who is told of an
// element after it is gone may still hold its id: an id says the place and which of all elements
// that were there one after the other, and never names another one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>

#include "sim/check.hpp"
#include "sim/copy_block.hpp"

namespace holdfast::sim {

/// The plain number behind a strong id. Of an element of an arena it is the place alone, which is
/// small and can index a table, and which others have before and after.
template <class Id>
constexpr std::uint32_t index(Id id) {
  static_assert(std::is_enum_v<Id>);
  return static_cast<std::uint32_t>(id);
}

/// "Names nothing", for any id type.
template <class Id>
inline constexpr Id none{static_cast<std::underlying_type_t<Id>>(~std::uint64_t{0})};

/// Ids have 64 bits: the place in the lower half, above it how many elements were there before.
template <class Id, class T>
class Arena {
  static_assert(sizeof(Id) == sizeof(std::uint64_t));

 public:
  /// The id must name an element that lives.
  T& operator[](Id id) {
    HOLDFAST_PACKET_CHECK(contains(id));
    return slots_[index(id)].item;
  }
  const T& operator[](Id id) const {
    HOLDFAST_PACKET_CHECK(contains(id));
    return slots_[index(id)].item;
  }
  /// False for what is gone, whatever has its place now.
  [[nodiscard]] bool contains(Id id) const {
    return index(id) < size_ && slots_[index(id)].uses == uses_in(id);
  }
  /// Where an element is, or was; null: there is no such place. Only to fetch it.
  [[nodiscard]] const T* place_of(Id id) const {
    return index(id) < size_ ? &slots_[index(id)].item : nullptr;
  }
  /// Who lives at a place now, for those who kept the place only (a packet's bytes, a record).
  [[nodiscard]] Id id_at(std::uint32_t place) const {
    HOLDFAST_PACKET_CHECK(place < size_ && (slots_[place].uses & is_free) == 0);
    return Id{std::uint64_t{slots_[place].uses} << 32 | place};
  }

  /// An element at the place that was freed last, or at the end. It is default-constructed, unless
  /// the one before it was recycled.
  Id add() {
    if (free_ != 0) {
      const std::uint32_t place = next_free_;
      Slot& slot = slots_[place];
      next_free_ = slot.next_free;
      slot.uses &= ~is_free;
      --free_;
      // It may have been left long ago.
      __builtin_prefetch(&slots_[next_free_]);
      return id_at(place);
    }
    HOLDFAST_CHECK(size_ < is_free);
    slots_.emplace_back();
    return Id{size_++};
  }
  Id add(const T& item) {
    const Id id = add();
    slots_[index(id)].item = item;
    return id;
  }
  Id add(T&& item) {
    const Id id = add();
    slots_[index(id)].item = std::move(item);
    return id;
  }
  /// The element is gone and its place is reset, which gives back what it held.
  void remove(Id id) {
    free(id);
    slots_[index(id)].item = T{};
  }
  /// The element is gone, but its place stays as it is for the next one: all its members with their
  /// values, and its vectors with what they have allocated. For elements of which every member is
  /// written when they begin to live.
  void recycle(Id id) { free(id); }

  /// Takes memory for so many at a time, so that growing to them moves nothing.
  void reserve(std::size_t count) { slots_.reserve(count); }

  /// Places, free ones included: a bound for `index`.
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t live() const { return size_ - free_; }

  /// Places that are free, the one that is given next first.
  template <class Tell>
  void for_each_free(Tell tell) const {
    std::uint32_t place = next_free_;
    for (std::uint32_t i = 0; i < free_; ++i) {
      tell(place);
      place = slots_[place].next_free;
    }
  }

  /// Goes over what lives, in the order of places. That is not the order of adding, and others'
  /// elements have a part in it: what happens to one's own goes through a List.
  template <class Items>
  class Iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::forward_iterator_tag;
    using reference = decltype((std::declval<Items&>().slots_[0].item));
    using pointer = std::remove_reference_t<reference>*;

    Iterator() = default;
    Iterator(Items* arena, std::uint32_t place) : arena_(arena), place_(place) { skip_free(); }
    reference operator*() const { return arena_->slots_[place_].item; }
    pointer operator->() const { return &**this; }
    [[nodiscard]] Id id() const { return arena_->id_at(place_); }
    Iterator& operator++() {
      ++place_;
      skip_free();
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.place_ == b.place_; }

   private:
    void skip_free() {
      while (place_ < arena_->size_ && (arena_->slots_[place_].uses & is_free) != 0)
        ++place_;
    }
    Items* arena_ = nullptr;
    std::uint32_t place_ = 0;
  };
  auto begin() { return Iterator<Arena>(this, 0); }
  auto end() { return Iterator<Arena>(this, size_); }
  auto begin() const { return Iterator<const Arena>(this, 0); }
  auto end() const { return Iterator<const Arena>(this, size_); }

 private:
  static constexpr std::uint32_t is_free = std::uint32_t{1} << 31;

  struct Slot {
    /// How many elements it had before the one that lives there, or will; is_free: none does. No id
    /// has that bit, so that a free place equals none of them.
    std::uint32_t uses = 0;
    std::uint32_t next_free = 0;  ///< of a free one
    T item{};
  };

  static std::uint32_t uses_in(Id id) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(id) >> 32);
  }
  void free(Id id) {
    HOLDFAST_CHECK(contains(id), "a place would be free twice");
    Slot& slot = slots_[index(id)];
    slot.uses = (slot.uses + 1) | is_free;
    slot.next_free = next_free_;
    next_free_ = index(id);
    ++free_;
  }

  Vector<Slot> slots_;
  std::uint32_t size_ = 0;
  std::uint32_t next_free_ = 0;  ///< freed last; if any is free
  std::uint32_t free_ = 0;       ///< how many are
};

}  // namespace holdfast::sim
