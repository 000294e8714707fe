// SPDX-License-Identifier: Apache-2.0
// Which words of a record are names: numbers that say who, and nothing about what happened. It is
// read off the table of records, by type, so that a new record is compared as soon as it is there.
#pragma once

#include <array>
#include <string_view>

#include "models/records.hpp"

namespace holdfast::laws {

/// What a word names. `plain` is what happened; all else may differ between two worlds that do the
/// same.
enum class Role : std::uint8_t {
  plain,
  // These are given out while a world is built, in the order of the scenario.
  channel,
  controller,
  subsystem,
  head,
  disk,
  node,  ///< of an array
  port,
  job,
  fault,
  net_node,  ///< of the fabric; in no record, but it tells whose connection one is
  // These are given out while it runs, in the order in which things happen to all.
  connection,
  exchange,
  operation,  ///< the serial number of an I/O
  token,      ///< the same and the number of an attempt
  // What is inside of a packet, by transport: its first word holds a connection or an exchange.
  packet_head,
  packet_value,  ///< FC: a token
  packet_end,    ///< TCP and FC: when it was sent; RDMA: a version (a token) of a READ response
  /// A hash over a header and the token of its data. Its parts are in other records in full:
  /// command_sent, response_sent, host_data and target_data.
  fingerprint,
  count,
};
inline constexpr auto roles = static_cast<std::size_t>(Role::count);

namespace detail {

template <class T>
inline constexpr Role role_of_type = Role::plain;
template <>
inline constexpr Role role_of_type<net::ChannelId> = Role::channel;
template <>
inline constexpr Role role_of_type<host::ControllerId> = Role::controller;
template <>
inline constexpr Role role_of_type<target::SubsystemId> = Role::subsystem;
template <>
inline constexpr Role role_of_type<host::HeadId> = Role::head;
template <>
inline constexpr Role role_of_type<DiskId> = Role::disk;
template <>
inline constexpr Role role_of_type<target::NodeId> = Role::node;
template <>
inline constexpr Role role_of_type<transport::PortId> = Role::port;
template <>
inline constexpr Role role_of_type<workload::JobId> = Role::job;
template <>
inline constexpr Role role_of_type<transport::ConnectionId> = Role::connection;
template <>
inline constexpr Role role_of_type<transport::fc::ExchangeId> = Role::exchange;
template <>
inline constexpr Role role_of_type<Token> = Role::token;

template <class... Each>
constexpr std::array<Role, 6> roles_of(const holdfast::detail::Types<Each...>* /*words*/) {
  return {role_of_type<Each>...};
}

/// Words of plain type whose name says more than their type.
constexpr Role role_by_name(Kind kind, std::string_view word) {
  if (word == "op" || word == "overwritten_op")
    return Role::operation;
  if (kind == Kind::fault && word == "fault")
    return Role::fault;
  if (kind == Kind::pdu_sent || kind == Kind::pdu_received)
    return word == "head" ? Role::fingerprint : Role::plain;
  if (kind == Kind::packet_hop || kind == Kind::packet_dropped) {
    return word == "head"       ? Role::packet_head
           : word == "ack"      ? Role::packet_value
           : word == "stamp_ns" ? Role::packet_end
                                : Role::plain;
  }
  return Role::plain;
}

}  // namespace detail

inline constexpr auto role_of_word = [] {
  std::array<std::array<Role, 6>, record_kinds.size()> out{};
  std::size_t kind = 0;
  const auto add = [&](std::array<Role, 6> by_type) {
    const RecordInfo& told = record_kinds[kind];
    for (std::size_t i = 0; i < told.words; ++i) {
      out[kind][i] = by_type[i] != Role::plain
                         ? by_type[i]
                         : detail::role_by_name(static_cast<Kind>(kind), told.word[i]);
    }
    ++kind;
  };
#define HOLDFAST_X(name, ...) \
  add(detail::roles_of(static_cast<const holdfast::detail::TypesOf<Kind::name>::type*>(nullptr)));
#define HOLDFAST_W(type, name)
  HOLDFAST_RECORD_KINDS(HOLDFAST_X, HOLDFAST_W)
#undef HOLDFAST_X
#undef HOLDFAST_W
  return out;
}();

}  // namespace holdfast::laws
