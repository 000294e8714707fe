// SPDX-License-Identifier: Apache-2.0
// Writes what a world is made of, type by type: what a type is decides how it is told. Structs are
// told field by field (fields.hpp), so that a new field is in the form without anybody's doing.
// Those of which something is left out have an overload that names all of their fields: it does
// not compile any more when one is added.
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
  /// Of a world whose run ends at `end`.
  Teller(const World& w, sim::TimePoint end, Scratch& scratch);

  void tell_calendar();
  void tell_choices(const std::vector<sim::ChoiceId>& thrown);
  void tell_fabric(const net::Fabric& base);
  void tell_hosts(const host::Hosts& base);
  void tell_oracle(Objective objective);
  /// After all the rest. Empty: there is something in it that nothing names.
  std::span<const std::byte> finish();

  template <class T>
  void tell(const T& value) {
    if constexpr (std::is_integral_v<T> || std::is_floating_point_v<T>) {
      put(value);
    } else if constexpr (std::is_enum_v<T>) {
      tell_enum(value);
    } else if constexpr (std::is_pointer_v<T>) {
      static_assert(std::is_function_v<std::remove_pointer_t<T>>, "who owns what is pointed to?");
      unnamed_ = unnamed_ || value != nullptr;
    } else if constexpr (!std::is_aggregate_v<T>) {
      static_assert(std::has_unique_object_representations_v<T>, "say how it is told");
      put_bytes(&value, sizeof(value));
    } else {
      with_fields(value, [this](const auto&... field) { this->tell_each(field...); });
    }
  }

  template <class... Fields>
  void tell_each(const Fields&... fields) {
    (tell(fields), ...);
  }

  void tell(sim::Duration span) { put(span.count()); }
  void tell(sim::TimePoint at);
  void tell(sim::EventId id);
  void tell(const std::string& text) {
    put(text.size());
    put_bytes(text.data(), text.size());
  }
  template <class T, std::size_t size>
  void tell(const std::array<T, size>& items) {
    if constexpr (is_plain<T>) {
      put_bytes(items.data(), sizeof(items));
    } else {
      for (const T& item : items)
        tell(item);
    }
  }
  template <class T, class Allocator>
  void tell(const std::vector<T, Allocator>& items) {
    put(items.size());
    for (const T& item : items)
      tell(item);
  }
  template <class T>
  void tell(const sim::SharedVector<T>& items) {
    put(items.size());
    for (const T& item : items)
      tell(item);
  }
  template <class T>
  void tell(const sim::Ring<T>& items) {
    put(items.size());
    for (std::size_t i = 0; i < items.size(); ++i)
      tell(items[i]);
  }
  /// Elements that nobody wrote, and those that are as if nobody had, are not told.
  template <class T>
  void tell(const sim::CowVector<T>& items) {
    items.for_each_written([this](std::size_t place, const T& item) {
      if (item != T{}) {
        put(place);
        tell(item);
      }
    });
    put(~std::uint64_t{0});
  }
  template <class A, class B>
  void tell(const std::pair<A, B>& both) {
    tell(both.first);
    tell(both.second);
  }
  template <class... Each>
  void tell(const std::variant<Each...>& one) {
    put(one.index());
    std::visit([this](const auto& what) { this->tell(what); }, one);
  }
  /// What lives, by place, and which places are given next.
  template <class Id, class T>
  void tell(const sim::Arena<Id, T>& arena) {
    put(static_cast<std::uint32_t>(arena.live()));
    for (auto at = arena.begin(); at != arena.end(); ++at) {
      put(sim::index(at.id()));
      tell(*at);
    }
    arena.for_each_free([this](std::uint32_t place) { this->put(place); });
  }
  template <class T>
  void tell(const std::shared_ptr<const T>& one) {
    put(one != nullptr);
    if (one)
      tell(*one);
  }
  void tell(const host::Tags& tags) {
    tags.with_members([this](const auto&... member) { this->tell_each(member...); });
  }
  void tell(const transport::LazyTimer& timer) {
    timer.with_members([this](const auto&... member) { this->tell_each(member...); });
  }
  void tell(const sim::TimerWheel& wheel);
  void tell(const sim::ClockRate& rate);
  void tell(const net::Bond& bond);
  void tell(const transport::Payload& payload);
  void tell(const transport::Connection& connection);
  void tell(const transport::Endpoint& end);
  void tell(const target::Namespace& ns);
  void tell(const fault::Fault& fault);
  // Names of functions, set when a world is built and never after.
  void tell(const transport::TcpHandlers&) {}
  void tell(const transport::HostHandlers&) {}
  void tell(const transport::TargetHandlers&) {}
  // Bytes are told where their names are (Payload).
  void tell(const transport::BlobPool&) {}
  // They only count; what a host prints.
  void tell(const host::ControllerCounters&) {}
  void tell(const host::PathCounters&) {}
  void tell(const host::HeadCounters&) {}

 private:
  static constexpr std::uint32_t no_event = ~std::uint32_t{0};
  template <class T>
  static constexpr bool is_plain = std::is_integral_v<T> || std::is_same_v<T, std::byte>;

  template <class T>
  void put(T value) {
    put_bytes(&value, sizeof(value));
  }
  void put_bytes(const void* from, std::size_t count) {
    if (out_.size() - size_ < count)
      out_.resize(2 * (out_.size() + count));
    std::memcpy(out_.data() + size_, from, count);
    size_ += count;
  }

  template <class Id>
  void tell_enum(Id id) {
    if constexpr (requires { this->arena_of(id); }) {
      tell_name(arena_of(id), id);
    } else if constexpr (std::is_same_v<Id, transport::ConnectionId>) {
      tell_connection(id);
    } else if constexpr (std::is_same_v<Id, transport::TargetOwner>) {
      tell_name(w_.target.queues, target::QueueId{static_cast<std::uint64_t>(id)});
    } else {
      put(id);
    }
  }
  /// By the place of what it names, as long as that lives: how many were there before is no
  /// matter. Once it is gone nothing has that name any more, and it is told as it is.
  template <class Arena, class Id>
  void tell_name(const Arena& arena, Id id) {
    if (arena.contains(id)) {
      put(std::uint8_t{1});
      put(sim::index(id));
    } else {
      put(std::uint8_t{0});
      put(id);
    }
  }
  void tell_connection(transport::ConnectionId id);
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
  std::vector<std::byte>& out_;
  std::size_t size_ = 0;
  sim::TimePoint now_;
  bool unnamed_ = false;   ///< it holds a function, and where that lies says nothing
  bool absolute_ = false;  ///< the instant itself matters
  std::vector<sim::PendingEvent>& pending_;   ///< in their order
  std::vector<std::uint32_t>& rank_of_slot_;  ///< of single events
};

}  // namespace holdfast::analysis::search::alike
