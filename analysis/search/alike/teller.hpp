// SPDX-License-Identifier: Apache-2.0
// Writes what a world is made of, type by type: what a type is decides how it is told. Structs are
// told field by field (fields.hpp), so that a new field is in the form without anybody's doing.
// Those of which something is left out have a `tell_as` that names all of their fields: it does
// not compile any more when one is added.
//
// What a struct has of fields that are always told in as many bytes comes first, in one piece: room
// is made once, and each lies a known number of bytes behind the last. Telling them one by one took
// half as long again.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "analysis/search/alike/fields.hpp"
#include "analysis/search/alike/form.hpp"
#include "analysis/search/search.hpp"
#include "models/world.hpp"

namespace holdfast::analysis::search::alike {

class Teller {
 public:
  /// Of a world that was copied from `base` once, and whose run ends at `end`.
  Teller(const World& w, const World& base, sim::TimePoint end, Scratch& scratch);

  void tell_calendar();
  void tell_choices(const std::vector<sim::ChoiceId>& thrown);
  void tell_fabric();
  void tell_hosts();
  void tell_oracle(Objective objective);
  /// After all the rest. Empty: there is something in it that nothing names.
  std::span<const std::byte> finish();

  template <class T>
  void tell(const T& value) {
    if constexpr (is_fixed<T>()) {
      write(room_for(bytes_of<T>()), value);
    } else if constexpr (has_own<T>) {
      tell_as(value);
    } else {
      static_assert(std::is_aggregate_v<T>, "say how it is told");
      tell_fields(value);
    }
  }

 private:
  void tell_as(const std::string& text) {
    put(text.size());
    put_bytes(text.data(), text.size());
  }
  template <class T, std::size_t size>
  void tell_as(const std::array<T, size>& items) {
    for (const T& item : items)
      tell(item);
  }
  template <class T, class Allocator>
  void tell_as(const std::vector<T, Allocator>& items) {
    put(items.size());
    if constexpr (is_fixed<T>()) {
      std::byte* at = room_for(items.size() * bytes_of<T>());
      for (std::size_t i = 0; i < items.size(); ++i)
        write(at + i * bytes_of<T>(), items[i]);
    } else {
      for (const T& item : items)
        tell(item);
    }
  }
  template <class T>
  void tell_as(const sim::SharedVector<T>& items) {
    put(items.size());
    for (const T& item : items)
      tell(item);
  }
  template <class T>
  void tell_as(const sim::Ring<T>& items) {
    put(items.size());
    for (std::size_t i = 0; i < items.size(); ++i)
      tell(items[i]);
  }
  /// Elements that nobody wrote, and those that are as if nobody had, are not told.
  template <class T, std::size_t page, std::size_t directory>
  void tell_as(const sim::CowVector<T, page, directory>& items) {
    items.for_each_written([this](std::size_t place, const T& item) {
      if (item != T{}) {
        put(place);
        tell(item);
      }
    });
    put(~std::uint64_t{0});
  }
  template <class A, class B>
  void tell_as(const std::pair<A, B>& both) {
    tell(both.first);
    tell(both.second);
  }
  template <class... Each>
  void tell_as(const std::variant<Each...>& one) {
    put(one.index());
    std::visit([this](const auto& what) { this->tell(what); }, one);
  }
  /// What lives, by place, and which places are given next.
  template <class Id, class T>
  void tell_as(const sim::Arena<Id, T>& arena) {
    put(static_cast<std::uint32_t>(arena.live()));
    for (auto at = arena.begin(); at != arena.end(); ++at) {
      put(sim::index(at.id()));
      tell(*at);
    }
    arena.for_each_free([this](std::uint32_t place) { this->put(place); });
  }
  template <class T>
  void tell_as(const std::shared_ptr<const T>& one) {
    put(one != nullptr);
    if (one)
      tell(*one);
  }
  /// One that is still that of the base is told as its place there.
  void tell_as(const std::shared_ptr<const target::Profile>& one);
  /// Of rows those that are not as if nobody had used them.
  void tell_as(const host::Tags& tags) {
    tags.with_members([this](const auto&... member) { (tell_used(member), ...); });
  }
  void tell_as(const sim::TimerWheel& wheel);
  void tell_as(const sim::ClockRate& rate);
  void tell_as(const net::Bond& bond);
  void tell_as(const transport::Payload& payload);
  void tell_as(const transport::Connection& connection);
  void tell_as(const transport::Endpoint& end);
  void tell_as(const target::Namespace& ns);
  void tell_as(const fault::Fault& fault);
  // Names of functions, set when a world is built and never after.
  void tell_as(const transport::TcpHandlers&) {}
  void tell_as(const transport::HostHandlers&) {}
  void tell_as(const transport::TargetHandlers&) {}
  // Bytes are told where their names are (Payload).
  void tell_as(const transport::BlobPool&) {}
  // They only count; what a host prints.
  void tell_as(const host::ControllerCounters&) {}
  void tell_as(const host::PathCounters&) {}
  void tell_as(const host::HeadCounters&) {}

  static constexpr std::uint32_t no_event = ~std::uint32_t{0};
  template <class T>
  static constexpr bool is_plain = std::is_arithmetic_v<T> || std::is_same_v<T, std::byte>;
  template <class T, class Self = Teller>
  static constexpr bool has_own = requires(Self& self, const T& value) {
    self.tell_as(value);
  };
  /// What is told by the place of what it names.
  template <class T, class Self = Teller>
  static constexpr bool is_name = requires(const Self& self, const T& id) {
    self.arena_of(id);
  }
  || std::is_same_v<T, transport::ConnectionId> || std::is_same_v<T, transport::TargetOwner>;
  template <class T>
  static constexpr bool is_time =
      std::is_same_v<T, sim::Duration> || std::is_same_v<T, sim::TimePoint>;
  template <class T>
  struct Items {
    using Item = void;
    static constexpr std::size_t count = 0;
  };
  template <class T, std::size_t size>
  struct Items<std::array<T, size>> {
    using Item = T;
    static constexpr std::size_t count = size;
  };
  struct AllFixed {
    template <class... Field>
    constexpr auto operator()(const Field&...) const {
      return std::bool_constant<(is_fixed<Field>() && ...)>{};
    }
  };
  struct AllBytes {
    template <class... Field>
    constexpr auto operator()(const Field&...) const {
      return std::integral_constant<std::size_t, (std::size_t{0} + ... + bytes_of<Field>())>{};
    }
  };

  /// Whether it is always told in as many bytes.
  template <class T>
  static constexpr bool is_fixed() {
    if constexpr (is_plain<T> || std::is_enum_v<T> || std::is_pointer_v<T> || is_time<T> ||
                  std::is_same_v<T, sim::EventId> || std::is_same_v<T, transport::LazyTimer>) {
      return true;
    } else if constexpr (Items<T>::count != 0) {
      return is_fixed<typename Items<T>::Item>();
    } else if constexpr (has_own<T>) {
      return false;
    } else if constexpr (!std::is_aggregate_v<T>) {
      return std::has_unique_object_representations_v<T>;
    } else {
      return decltype(with_fields(std::declval<const T&>(), AllFixed{}))::value;
    }
  }
  /// In how many; 0 of what is not fixed.
  template <class T>
  static constexpr std::size_t bytes_of() {
    if constexpr (!is_fixed<T>() || std::is_pointer_v<T>) {
      return 0;
    } else if constexpr (is_name<T>) {
      return 1 + sizeof(std::uint64_t);
    } else if constexpr (std::is_same_v<T, sim::EventId>) {
      return sizeof(no_event);
    } else if constexpr (std::is_same_v<T, transport::LazyTimer>) {
      return 2 * sizeof(std::int64_t) + sizeof(no_event);
    } else if constexpr (Items<T>::count != 0) {
      return Items<T>::count * bytes_of<typename Items<T>::Item>();
    } else if constexpr (std::is_class_v<T> && std::is_aggregate_v<T>) {
      return decltype(with_fields(std::declval<const T&>(), AllBytes{}))::value;
    } else {
      return sizeof(T);
    }
  }

  /// What is fixed, at a place that has room for it. The place is no reference: what is written may
  /// be anything to the compiler, so it would be read again for each field.
  template <class T>
  void write(std::byte* at, const T& value) {
    if constexpr (is_name<T>) {
      write_name(at, value);
    } else if constexpr (std::is_pointer_v<T>) {
      static_assert(std::is_function_v<std::remove_pointer_t<T>>, "who owns what is pointed to?");
      if (value != nullptr)
        unnamed_ = true;
    } else if constexpr (std::is_same_v<T, sim::TimePoint>) {
      write(at, from_now(value));
    } else if constexpr (std::is_same_v<T, sim::EventId>) {
      write(at, rank_of(value));
    } else if constexpr (std::is_same_v<T, transport::LazyTimer>) {
      value.with_members([this, at](const auto&... member) { this->write_each(at, member...); });
    } else if constexpr (Items<T>::count != 0 && !is_plain<typename Items<T>::Item>) {
      for (std::size_t i = 0; i < value.size(); ++i)
        write(at + i * bytes_of<typename Items<T>::Item>(), value[i]);
    } else if constexpr (std::is_class_v<T> && std::is_aggregate_v<T> && Items<T>::count == 0) {
      with_fields(value, [this, at](const auto&... field) { this->write_each(at, field...); });
    } else {
      static_assert(std::is_floating_point_v<T> || std::has_unique_object_representations_v<T>);
      std::memcpy(at, &value, sizeof(value));
    }
  }
  /// Those that are fixed, one behind the other.
  template <class... Each>
  void write_each(std::byte* at, const Each&... each) {
    std::size_t offset = 0;
    ((write_if_fixed(at + offset, each), offset += bytes_of<Each>()), ...);
  }
  template <class T>
  void write_if_fixed(std::byte* at, const T& value) {
    if constexpr (is_fixed<T>())
      write(at, value);
  }
  template <class T>
  void tell_used(const T& value) {
    tell(value);
  }
  template <class T, class Allocator>
  void tell_used(const std::vector<T, Allocator>& items) {
    std::array<std::byte, bytes_of<T>()> unused, one;
    write(unused.data(), T{});
    put(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      write(one.data(), items[i]);
      if (one == unused)
        continue;
      put(i);
      put_bytes(one.data(), one.size());
    }
    put(~std::uint64_t{0});
  }
  template <class T>
  void tell_if_not_fixed(const T& value) {
    if constexpr (!is_fixed<T>())
      tell(value);
  }
  template <class T>
  void tell_fields(const T& value) {
    with_fields(value, [this](const auto&... field) {
      constexpr std::size_t bytes =
          (std::size_t{0} + ... + bytes_of<std::remove_cvref_t<decltype(field)>>());
      write_each(room_for(bytes), field...);
      (tell_if_not_fixed(field), ...);
    });
  }

  std::byte* room_for(std::size_t count) {
    if (out_.size() - size_ < count)
      out_.resize(2 * (out_.size() + count));
    std::byte* const at = out_.data() + size_;
    size_ += count;
    return at;
  }
  template <class T>
  void put(T value) {
    put_bytes(&value, sizeof(value));
  }
  void put_bytes(const void* from, std::size_t count) { std::memcpy(room_for(count), from, count); }

  std::int64_t from_now(sim::TimePoint at) {
    if (at == sim::never)
      return std::int64_t{1} << 62;
    // It may say that nothing has happened yet, or that it has happened right at the beginning.
    if (at == sim::epoch)
      absolute_ = true;
    return (at - now_).count();
  }
  /// Which of all pending ones it is. An event that is over, or comes after the end, is like none:
  /// all that can be done with it is to cancel it.
  [[nodiscard]] std::uint32_t rank_of(sim::EventId id) const {
    return w_.calendar.is_pending(id) ? rank_of_slot_[id.slot] : no_event;
  }

  template <class Id>
  void write_name(std::byte* at, Id id) {
    if constexpr (std::is_same_v<Id, transport::ConnectionId>) {
      write_connection(at, id);
    } else if constexpr (std::is_same_v<Id, transport::TargetOwner>) {
      write_name(at, w_.target.queues, target::QueueId{static_cast<std::uint64_t>(id)});
    } else {
      write_name(at, arena_of(id), id);
    }
  }
  /// By the place of what it names, as long as that lives: how many were there before is no
  /// matter. Once it is gone nothing has that name any more, and it is told as it is.
  template <class Arena, class Id>
  void write_name(std::byte* at, const Arena& arena, Id id) {
    const bool lives = arena.contains(id);
    write(at, lives);
    write(at + sizeof(lives),
          lives ? std::uint64_t{sim::index(id)} : static_cast<std::uint64_t>(id));
  }
  void write_connection(std::byte* at, transport::ConnectionId id);
  const auto& arena_of(transport::HostQueueId) const { return w_.transport.host_queues; }
  const auto& arena_of(transport::TargetQueueId) const { return w_.transport.target_queues; }
  const auto& arena_of(rdma::QueuePairId) const { return w_.transport.rdma.pairs; }
  const auto& arena_of(transport::fc::ExchangeId) const { return w_.transport.fc.exchanges; }
  const auto& arena_of(target::ControllerId) const { return w_.target.controllers; }
  const auto& arena_of(target::QueueId) const { return w_.target.queues; }
  const auto& arena_of(target::RequestId) const { return w_.target.requests; }
  const auto& arena_of(target::LateId) const { return w_.target.late; }
  const auto& arena_of(host::RequestId) const { return w_.host.requests; }
  const auto& arena_of(host::IoId) const { return w_.host.ios; }
  const auto& arena_of(oracle::AttemptId) const { return w_.oracle.attempts; }

  void tell_packet(const net::Packet& packet);
  void tell_attempts(Objective objective);
  /// A table that is written while a world is built: only if it is not that of the base any more.
  template <class T>
  void tell_table(const sim::SharedVector<T>& table, const sim::SharedVector<T>& base) {
    const bool own = table.begin() != base.begin() || table.size() != base.size();
    put(own);
    if (own)
      tell(table);
  }

  const World& w_;
  const World& base_;
  Scratch& scratch_;
  std::vector<std::byte>& out_;
  std::size_t size_ = 0;
  sim::TimePoint now_;
  bool unnamed_ = false;   ///< it holds a function, and where that lies says nothing
  bool absolute_ = false;  ///< the instant itself matters
  std::vector<sim::PendingEvent>& pending_;   ///< in their order
  std::vector<std::uint32_t>& rank_of_slot_;  ///< of single events
};

}  // namespace holdfast::analysis::search::alike
