// SPDX-License-Identifier: Apache-2.0
// Entities live in typed arenas inside the world and are named by strong ids. Freed places are
// reused last-in first-out, so a run in its steady state does not allocate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "sim/copy_block.hpp"

namespace holdfast::sim {

/// The plain number behind a strong id.
template <class Id>
constexpr std::uint32_t index(Id id) {
  static_assert(std::is_enum_v<Id>);
  return static_cast<std::uint32_t>(id);
}

/// "Names nothing", for any id type.
template <class Id>
inline constexpr Id none{~std::uint32_t{0}};

template <class Id, class T>
class Arena {
 public:
  T& operator[](Id id) { return items_[index(id)]; }
  const T& operator[](Id id) const { return items_[index(id)]; }

  /// A default-constructed element, in a place that was free or at the end.
  Id add() {
    if (!free_.empty()) {
      const Id id = free_.back();
      free_.pop_back();
      return id;
    }
    items_.emplace_back();
    return Id{static_cast<std::uint32_t>(items_.size() - 1)};
  }
  Id add(const T& item) {
    const Id id = add();
    (*this)[id] = item;
    return id;
  }
  /// The element is reset, so that a stale id finds nothing that looks alive.
  void remove(Id id) {
    (*this)[id] = T{};
    free_.push_back(id);
  }
  /// As remove, for elements whose content needs no reset.
  void recycle(Id id) { free_.push_back(id); }

  /// Places, free ones included.
  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] std::size_t live() const { return items_.size() - free_.size(); }
  auto begin() { return items_.begin(); }
  auto end() { return items_.end(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

 private:
  Vector<T> items_;
  Vector<Id> free_;
};

}  // namespace holdfast::sim
