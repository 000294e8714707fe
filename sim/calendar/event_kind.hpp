// SPDX-License-Identifier: Apache-2.0
// The kinds of events of a calendar, one for each type of callable: how an event is called, and how
// much of its slot is its own. What lies behind that is left over from earlier events, so whoever
// compares what is pending in two worlds (analysis/search/alike) has to know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>
#include <unordered_map>

#include "sim/calendar/machine.hpp"

namespace holdfast::sim {

/// Where code lies: functions are told apart by how far they are from this one, which does not
/// depend on where the program was loaded.
inline void code_begins() {}
template <class Function>
std::intptr_t code_offset(Function* function) {
  return reinterpret_cast<std::intptr_t>(function) - reinterpret_cast<std::intptr_t>(&code_begins);
}

/// A function among what an event captures.
template <class Function>
class Code {
 public:
  explicit Code(Function* function) : offset_(code_offset(function)) {}
  [[nodiscard]] Function* get() const {
    return reinterpret_cast<Function*>(offset_ + reinterpret_cast<std::intptr_t>(&code_begins));
  }

 private:
  std::intptr_t offset_;
};

/// A small value among what an event captures, which fills a word, so that there is no padding
/// behind it.
template <class T>
class Filled {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(std::uint64_t));

 public:
  explicit Filled(T value) { std::memcpy(&word_, &value, sizeof(T)); }
  operator T() const {  // NOLINT(google-explicit-constructor)
    T value{};
    std::memcpy(&value, &word_, sizeof(T));
    return value;
  }

 private:
  std::uint64_t word_ = 0;
};

/// Of a kind: how many bytes it captures, and whether each of them means something.
struct EventSize {
  std::uint32_t bytes = 0;
  bool has_padding = false;
};

/// By the address of EventKind::call. Filled before main, read ever after.
inline std::unordered_map<std::uintptr_t, EventSize>& event_sizes() {
  static std::unordered_map<std::uintptr_t, EventSize> sizes;
  return sizes;
}

template <class World, class F>
struct EventKind {
  static void call(World& world, const std::byte* payload) {
    F copy = *std::launder(reinterpret_cast<const F*>(payload));
    copy(world);
  }
  static bool make_known() {
    event_sizes()[reinterpret_cast<std::uintptr_t>(&call)] = {
        std::is_empty_v<F> ? 0 : static_cast<std::uint32_t>(sizeof(F)),
        !std::is_empty_v<F> && !std::has_unique_object_representations_v<F>};
    return true;
  }
  static inline const bool known = make_known();
};

/// Something that waits in a calendar: a single event, or an item of a lane.
struct PendingEvent {
  std::int64_t time_ns = 0;
  std::uint64_t sequence = 0;
  std::uintptr_t call = 0;             ///< of the event, or the handler of the lane
  const std::byte* payload = nullptr;  ///< null: an item of a lane
  std::uint32_t slot = 0;              ///< the lane's number
  std::uint32_t owner = 0;             ///< of the lane
  std::uint32_t item = 0;
  MachineId machine = no_machine;
};

}  // namespace holdfast::sim
