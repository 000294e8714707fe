// SPDX-License-Identifier: Apache-2.0
// The kinds of events of a calendar, one for each type of callable: how an event is called, and how
// much of its slot is its own. What lies behind that is left over from earlier events, so whoever
// compares what is pending in two worlds (analysis/search/alike) has to know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <new>
#include <type_traits>

#include "sim/calendar/machine.hpp"

namespace holdfast::sim {

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

/// A function among what an event captures: where it lies differs from start to start, so such
/// events cannot be compared. The padding behind the flag says so.
template <class Function>
struct Code {
  explicit Code(Function* function) : call(function) {}
  Function* call;
  bool lies_anywhere = true;
};

/// Names a kind; only ever compared.
using EventCall = void (*)();

struct EventTraits {
  std::uint32_t number = 0;  ///< of the kind, the same in each run of a program
  std::uint32_t bytes = 0;   ///< that it captures
  bool is_plain = false;     ///< each of them means something
};

/// Filled before main, read ever after.
inline std::map<EventCall, EventTraits>& event_kinds() {
  static std::map<EventCall, EventTraits> kinds;
  return kinds;
}

/// Can say what it will touch (sim/calendar/near.hpp).
template <class World, class F>
concept LooksAhead = requires(const F& event, const World& w) {
  event.fetch(w, 0u);
};

/// What can be done with the events of a kind.
template <class World>
struct EventType {
  void (*call)(World& world, const std::byte* payload);
  /// Brings into the cache what a step of looking ahead comes to; whether there are more steps.
  /// Null: nothing is known of what the event will touch.
  bool (*fetch)(const World& world, const std::byte* payload, unsigned step);
};

template <class World, class F>
struct EventKind {
  static constexpr decltype(EventType<World>::fetch) fetch() {
    if constexpr (LooksAhead<World, F>) {
      return [](const World& world, const std::byte* payload, unsigned step) {
        return std::launder(reinterpret_cast<const F*>(payload))->fetch(world, step);
      };
    } else {
      return nullptr;
    }
  }
  static void call(World& world, const std::byte* payload) {
    F copy = *std::launder(reinterpret_cast<const F*>(payload));
    copy(world);
  }
  static bool make_known() {
    auto& kinds = event_kinds();
    const auto number = static_cast<std::uint32_t>(kinds.size());
    constexpr bool empty = std::is_empty_v<F>;
    kinds[reinterpret_cast<EventCall>(&call)] = {
        number, empty ? 0u : std::uint32_t{sizeof(F)},
        empty || std::has_unique_object_representations_v<F>};
    return true;
  }
  static inline const bool known = make_known();
};

template <class World, class F>
inline constexpr EventType<World> event_type{&EventKind<World, F>::call,
                                             EventKind<World, F>::fetch()};

/// Something that waits in a calendar: a single event, or an item of a lane.
struct PendingEvent {
  std::int64_t time_ns = 0;
  std::uint64_t sequence = 0;
  EventCall call = nullptr;            ///< null: an item of a lane
  const std::byte* payload = nullptr;  ///< null: the same
  std::uint32_t slot = 0;
  std::uint32_t owner = 0;  ///< of the lane
  std::uint32_t item = 0;
  MachineId machine = no_machine;
};

}  // namespace holdfast::sim
