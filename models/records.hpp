// SPDX-License-Identifier: Apache-2.0
// The vocabulary of the trace: every kind of record, its layer, and the names and types of its
// words, in one table. Whoever reads takes words by name: Words<Kind::x>(record).get<"name">().
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "models/disk.hpp"
#include "sim/arena.hpp"
#include "sim/check.hpp"
#include "sim/trace.hpp"

// The types of words live in the rooms that record them; the table needs their names only.
namespace holdfast::net {
enum class ChannelId : std::uint32_t;
enum class Drop : std::uint8_t;
}  // namespace holdfast::net
namespace holdfast::transport {
enum class ConnectionId : std::uint64_t;
enum class PortId : std::uint32_t;
enum class Side : std::uint8_t;
enum class CongestionState : std::uint8_t;
enum class TcpState : std::uint8_t;
enum class Damage : std::uint8_t;
}  // namespace holdfast::transport
namespace holdfast::transport::fc {
enum class ExchangeId : std::uint64_t;
enum class Iu : std::uint8_t;
}  // namespace holdfast::transport::fc
namespace holdfast::rdma {
enum class State : std::uint8_t;
}
namespace holdfast::wire {
struct Status;
enum class AnaState : std::uint8_t;
enum class LostHostCause : std::uint8_t;
enum class PduType : std::uint8_t;
enum class Property : std::uint32_t;
}  // namespace holdfast::wire
namespace holdfast::host {
enum class ControllerId : std::uint32_t;
enum class HeadId : std::uint32_t;
enum class State : std::uint8_t;
enum class Cause : std::uint8_t;
enum class OperatorAction : std::uint8_t;
enum class IoKind : std::uint8_t;
}  // namespace holdfast::host
namespace holdfast::target {
enum class SubsystemId : std::uint32_t;
enum class NodeId : std::uint32_t;
enum class NodeState : std::uint8_t;
enum class TakeoverStep : std::uint8_t;
}  // namespace holdfast::target
namespace holdfast::workload {
enum class JobId : std::uint32_t;
enum class Line : std::uint8_t;
}  // namespace holdfast::workload

namespace holdfast {

/// Names one sending of an I/O, and the data that it writes: the serial number of the I/O << 8 |
/// attempt; 0 names none. Of an attempt beyond 255 the upper part is in the bits from 48 on.
enum class Token : std::uint64_t {};

inline constexpr std::uint32_t most_attempts = 0xff'ffff;  ///< of one I/O
inline constexpr std::uint64_t most_serials = 0xff'ffff'ffff;
constexpr Token token_of(std::uint64_t serial, std::uint32_t attempt) {
  return Token{std::uint64_t{attempt >> 8} << 48 | serial << 8 | (attempt & 0xff)};
}
constexpr std::uint64_t serial_of(Token token) {
  return static_cast<std::uint64_t>(token) >> 8 & most_serials;
}
/// Of the version of a block.
constexpr std::uint64_t serial_of(std::uint64_t version) { return serial_of(Token{version}); }
constexpr std::uint32_t attempt_of(Token token) {
  const auto word = static_cast<std::uint64_t>(token);
  return static_cast<std::uint32_t>(word >> 48 << 8 | (word & 0xff));
}

// kind, layer, types and names of the words. A command_sent has the 64-bit words of its submission
// queue entry at bytes 0, 40, 48 and 56; host_data and target_data what is not zero of what goes
// along with a command or a response besides user data (Connect, log pages), by byte offset.
#define HOLDFAST_RECORD_KINDS(X, W)                                                                \
  X(packet_hop, full, W(net::ChannelId, channel), W(u16, bytes), W(u64, head), W(u64, seq),        \
    W(u64, ack), W(u64, stamp_ns))                                                                 \
  X(packet_dropped, full, W(net::ChannelId, channel), W(net::Drop, reason), W(u64, head),          \
    W(u64, seq), W(u64, ack), W(u64, stamp_ns))                                                    \
  X(tcp_timeout, full, W(ConnectionId, connection), W(Side, side), W(Duration, rto_ns),            \
    W(u64, seq))                                                                                   \
  X(tcp_probe, full, W(ConnectionId, connection), W(Side, side), W(u64, seq))                      \
  X(tcp_recovery, full, W(ConnectionId, connection), W(Side, side),                                \
    W(transport::CongestionState, state), W(u32, cwnd), W(u32, ssthresh))                          \
  X(tcp_state, protocol, W(ConnectionId, connection), W(Side, side),                               \
    W(transport::TcpState, state))                                                                 \
  X(rdma_timeout, full, W(ConnectionId, connection), W(Side, side), W(u32, retries), W(u64, psn))  \
  X(queue_pair_state, protocol, W(ConnectionId, connection), W(Side, side), W(rdma::State, state)) \
  X(late_data, protocol, W(ConnectionId, connection), W(u16, cid))                                 \
  X(pdu_sent, protocol, W(ConnectionId, connection), W(Side, side), W(u8, type), W(u32, bytes),    \
    W(u64, offset), W(u64, head))                                                                  \
  X(pdu_received, protocol, W(ConnectionId, connection), W(Side, side), W(u8, type),               \
    W(u32, bytes), W(u64, offset), W(u64, head))                                                   \
  X(queue_opened, protocol, W(ControllerId, controller), W(u16, qid), W(ConnectionId, connection)) \
  X(command_sent, protocol, W(ControllerId, controller), W(u16, qid), W(u64, sqe0), W(u64, cdw10), \
    W(u64, cdw12), W(u64, cdw14))                                                                  \
  X(host_data, protocol, W(ControllerId, controller), W(u16, qid), W(u16, cid), W(u64, offset),    \
    W(u64, value))                                                                                 \
  X(response_sent, protocol, W(SubsystemId, subsystem), W(u16, cntlid), W(u16, qid), W(u16, cid),  \
    W(Status, status), W(u64, result))                                                             \
  X(target_data, protocol, W(SubsystemId, subsystem), W(u16, cntlid), W(u16, qid), W(u16, cid),    \
    W(u64, offset), W(u64, value))                                                                 \
  X(response_received, protocol, W(ControllerId, controller), W(u16, qid), W(u16, cid),            \
    W(Status, status), W(u64, result))                                                             \
  X(iu_sent, protocol, W(ConnectionId, connection), W(Side, side), W(fc::Iu, iu), W(u32, bytes),   \
    W(fc::ExchangeId, exchange), W(Token, token))                                                  \
  X(iu_received, protocol, W(ConnectionId, connection), W(Side, side), W(fc::Iu, iu),              \
    W(u32, bytes), W(fc::ExchangeId, exchange), W(Token, token))                                   \
  X(fault, protocol, W(u32, fault), W(bool, on))                                                   \
  X(controller_state, protocol, W(ControllerId, controller), W(host::State, from),                 \
    W(host::State, to))                                                                            \
  X(recovery_started, protocol, W(ControllerId, controller), W(host::Cause, cause))                \
  X(fence_started, protocol, W(ControllerId, controller), W(Duration, hold_ns))                    \
  X(ccr_attempt, protocol, W(ControllerId, controller), W(ControllerId, source), W(u32, attempt))  \
  X(ccr_attempt_failed, protocol, W(ControllerId, controller), W(ControllerId, source),            \
    W(Status, status))                                                                             \
  X(ccr_succeeded, protocol, W(ControllerId, controller), W(ControllerId, source),                 \
    W(bool, immediate))                                                                            \
  X(ccr_failed, protocol, W(ControllerId, controller), W(Duration, left_ns))                       \
  X(hold_ended, protocol, W(ControllerId, controller))                                             \
  X(requests_cancelled, protocol, W(ControllerId, controller), W(u64, count))                      \
  X(keep_alive_sent, protocol, W(ControllerId, controller), W(u16, cid))                           \
  X(keep_alive_skipped, protocol, W(ControllerId, controller))                                     \
  X(keep_alive_done, protocol, W(ControllerId, controller), W(Status, status))                     \
  X(request_timeout, protocol, W(ControllerId, controller), W(u16, qid), W(u16, cid),              \
    W(u8, opcode), W(wire::PduType, pdu_type))                                                     \
  X(request_held, protocol, W(ControllerId, controller), W(u16, qid), W(u16, cid),                 \
    W(Status, status))                                                                             \
  X(reconnect_scheduled, protocol, W(ControllerId, controller), W(Duration, delay_ns))             \
  X(connect_attempt, protocol, W(ControllerId, controller), W(u32, attempt))                       \
  X(connect_failed, protocol, W(ControllerId, controller), W(u32, attempt), W(int, error))         \
  X(connected, protocol, W(ControllerId, controller), W(u32, attempt), W(u16, cntlid),             \
    W(u32, io_queues))                                                                             \
  X(controller_removed, protocol, W(ControllerId, controller), W(int, error))                      \
  X(ana_log_read, protocol, W(ControllerId, controller), W(u64, change_count), W(u16, groups),     \
    W(u32, in_change))                                                                             \
  X(path_ana_state, protocol, W(host::HeadId, head), W(ControllerId, controller),                  \
    W(wire::AnaState, state))                                                                      \
  X(anatt_timeout, protocol, W(ControllerId, controller))                                          \
  X(operator_request, outcome, W(ControllerId, controller), W(host::OperatorAction, action))       \
  X(operator_refused, outcome, W(ControllerId, controller), W(host::OperatorAction, action),       \
    W(int, error))                                                                                 \
  X(attempt_sent, protocol, W(Token, token), W(ControllerId, controller),                          \
    W(ConnectionId, connection), W(u16, qid), W(u16, cid))                                         \
  X(attempt_done, protocol, W(Token, token), W(ControllerId, controller), W(Status, status))       \
  X(attempt_abandoned, protocol, W(Token, token), W(ControllerId, controller), W(Status, status))  \
  X(io_requeued, protocol, W(u64, op))                                                             \
  X(controller_created, protocol, W(SubsystemId, subsystem), W(u16, cntlid), W(u64, host),         \
    W(Duration, kato_ns))                                                                          \
  X(controller_ready, protocol, W(SubsystemId, subsystem), W(u16, cntlid))                         \
  X(keep_alive_window, protocol, W(SubsystemId, subsystem), W(u16, cntlid))                        \
  X(keep_alive_expired, protocol, W(SubsystemId, subsystem), W(u16, cntlid))                       \
  X(controller_fatal, protocol, W(SubsystemId, subsystem), W(u16, cntlid), W(int, cause))          \
  X(ccr_requested, protocol, W(SubsystemId, subsystem), W(u16, source), W(u16, impacted),          \
    W(Status, status), W(u32, immediate))                                                          \
  X(ccr_completed, protocol, W(SubsystemId, subsystem), W(u16, source), W(u16, impacted))          \
  X(ana_state_set, protocol, W(SubsystemId, subsystem), W(transport::PortId, port), W(u32, group), \
    W(wire::AnaState, state), W(u64, change_count))                                                \
  X(status_forced, protocol, W(SubsystemId, subsystem), W(u16, cntlid), W(Token, token),           \
    W(Status, status))                                                                             \
  X(event_sent, protocol, W(SubsystemId, subsystem), W(u16, cntlid), W(u32, dw0))                  \
  X(queue_released, protocol, W(SubsystemId, subsystem), W(u16, cntlid), W(u16, qid),              \
    W(ConnectionId, connection))                                                                   \
  X(controller_freed, protocol, W(SubsystemId, subsystem), W(u16, cntlid))                         \
  X(node_state, protocol, W(SubsystemId, subsystem), W(target::NodeId, node),                      \
    W(target::NodeState, state))                                                                   \
  X(command_held, protocol, W(SubsystemId, subsystem), W(u16, cntlid), W(u16, qid), W(u16, cid),   \
    W(u8, opcode), W(Token, token))                                                                \
  X(command_detached, protocol, W(SubsystemId, subsystem), W(u16, cntlid), W(Token, token))        \
  X(commands_stopped, protocol, W(SubsystemId, subsystem), W(u16, cntlid), W(u16, qid),            \
    W(u32, count))                                                                                 \
  X(lost_host, protocol, W(SubsystemId, subsystem), W(u16, cntlid), W(u16, lost),                  \
    W(wire::LostHostCause, cause))                                                                 \
  X(command_fetched, protocol, W(SubsystemId, subsystem), W(u16, cntlid), W(u16, qid),             \
    W(u16, cid), W(u8, opcode), W(Token, token))                                                   \
  X(command_delayed, protocol, W(SubsystemId, subsystem), W(u16, cntlid), W(Token, token),         \
    W(Duration, delay_ns))                                                                         \
  X(media_write, protocol, W(DiskId, disk), W(u64, lba), W(u64, blocks), W(Token, token),          \
    W(SubsystemId, subsystem), W(u16, cntlid))                                                     \
  X(mutated_write, protocol, W(DiskId, disk), W(u64, lba), W(u64, blocks), W(Token, token),        \
    W(Token, content), W(u16, cntlid))                                                             \
  X(effect_applied, protocol, W(Token, token), W(u8, opcode), W(bool, changed), W(u64, value))     \
  X(media_read, protocol, W(DiskId, disk), W(u64, lba), W(u32, blocks), W(Token, token),           \
    W(Token, version), W(u16, cntlid))                                                             \
  X(stream_dry, protocol, W(ConnectionId, connection), W(Side, side))                              \
  X(attempt_gone, protocol, W(Token, token))                                                       \
  X(app_submit, outcome, W(u64, op), W(workload::JobId, job), W(host::IoKind, kind),               \
    W(DiskId, disk), W(u64, lba), W(u32, blocks))                                                  \
  X(app_complete, outcome, W(u64, op), W(Status, status), W(u64, version))                         \
  X(program_line, outcome, W(workload::JobId, job), W(workload::Line, line), W(u64, value))        \
  X(stale_write, outcome, W(Token, token), W(u64, overwritten_op), W(DiskId, disk), W(u64, lba))   \
  X(stale_read, outcome, W(u64, op), W(Token, version), W(DiskId, disk), W(u64, lba))              \
  X(lost_write, outcome, W(u64, op), W(DiskId, disk), W(u64, lba))                                 \
  X(duplicate_effect, outcome, W(u64, op), W(Token, token))                                        \
  X(misplaced_write, outcome, W(Token, token), W(Token, content), W(DiskId, disk), W(u64, lba))    \
  X(digest_error, protocol, W(ConnectionId, connection), W(Side, side),                            \
    W(transport::Damage, damage))                                                                  \
  X(property_failed, protocol, W(ControllerId, controller), W(Status, status),                     \
    W(wire::Property, property))                                                                   \
  X(setup_refused, protocol, W(ControllerId, controller), W(Status, status))                       \
  X(suspected, protocol, W(ControllerId, controller), W(u8, sign))                                 \
  X(response_astray, protocol, W(SubsystemId, subsystem), W(u16, cntlid), W(u16, cid),             \
    W(u8, what))                                                                                   \
  X(takeover, protocol, W(SubsystemId, subsystem), W(target::NodeId, node),                        \
    W(target::TakeoverStep, step))                                                                 \
  X(tls_handshake, protocol, W(ConnectionId, connection), W(int, error))                           \
  X(authenticated, protocol, W(ControllerId, controller), W(u16, qid))                             \
  X(path_weighed, protocol, W(host::HeadId, head), W(ControllerId, controller), W(u32, cpu),       \
    W(u8, direction), W(Duration, latency_ns), W(u32, weight))                                     \
  X(reservation_breach, outcome, W(u16, cntlid), W(u16, cid), W(u8, opcode), W(Token, token))

enum class Kind : std::uint16_t {
#define HOLDFAST_X(name, ...) name,
#define HOLDFAST_W(type, name)
  HOLDFAST_RECORD_KINDS(HOLDFAST_X, HOLDFAST_W)
#undef HOLDFAST_X
#undef HOLDFAST_W
};

struct RecordInfo {
  std::string_view name;
  sim::Layer layer = sim::Layer::full;
  std::size_t words = 0;
  std::array<std::string_view, 6> word = {};

  /// Which word has that name; `words` if none has.
  [[nodiscard]] constexpr std::size_t place(std::string_view of) const {
    std::size_t i = 0;
    while (i < words && word[i] != of)
      ++i;
    return i;
  }
};

namespace detail {
template <class... Names>
constexpr RecordInfo record_info(std::string_view name, sim::Layer layer, Names... names) {
  static_assert(sizeof...(names) <= 6);
  return {name, layer, sizeof...(names), {names...}};
}

template <class...>
struct Types;
template <Kind>
struct TypesOf;  ///< the types of the words of one kind, in their order

// The short names of the table.
namespace fc = transport::fc;
using host::ControllerId;
using sim::Duration;
using target::SubsystemId;
using transport::ConnectionId;
using transport::Side;
using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using wire::Status;

#define HOLDFAST_X(name, layer, ...) \
  template <>                        \
  struct TypesOf<Kind::name> {       \
    using type = Types<__VA_ARGS__>; \
  };
#define HOLDFAST_W(type, name) type
HOLDFAST_RECORD_KINDS(HOLDFAST_X, HOLDFAST_W)
#undef HOLDFAST_X
#undef HOLDFAST_W
template <std::size_t place, class List>
struct TypeAt;
template <class First, class... Rest>
struct TypeAt<0, Types<First, Rest...>> {
  using type = First;
};
template <std::size_t place, class First, class... Rest>
struct TypeAt<place, Types<First, Rest...>> : TypeAt<place - 1, Types<Rest...>> {};

/// A connection and an exchange are recorded as their places, which is what packets say of them:
/// what such a word gives back can be compared with another one and can index a table, but it is no
/// id of the arena (see id_at).
template <class T>
inline constexpr bool is_place =
    std::is_same_v<T, ConnectionId> || std::is_same_v<T, fc::ExchangeId>;

template <class T>
constexpr std::uint64_t to_word(T value) {
  if constexpr (std::is_same_v<T, sim::Duration>)
    return static_cast<std::uint64_t>(value.count());
  else if constexpr (std::is_same_v<T, wire::Status>)
    return value.value;
  else if constexpr (is_place<T>)
    return sim::index(value);
  else
    return static_cast<std::uint64_t>(value);
}
template <class T>
constexpr T from_word(std::uint64_t word) {
  if constexpr (std::is_same_v<T, sim::Duration>)
    return sim::Duration{static_cast<std::int64_t>(word)};
  else if constexpr (std::is_same_v<T, wire::Status>)
    return T{static_cast<std::uint16_t>(word)};
  else
    return static_cast<T>(word);
}
}  // namespace detail
inline constexpr auto record_kinds = std::to_array<RecordInfo>({
#define HOLDFAST_X(name, layer, ...) detail::record_info(#name, sim::Layer::layer, __VA_ARGS__),
#define HOLDFAST_W(type, name) #name
    HOLDFAST_RECORD_KINDS(HOLDFAST_X, HOLDFAST_W)
#undef HOLDFAST_X
#undef HOLDFAST_W
});

constexpr const RecordInfo& info(Kind kind) { return record_kinds[static_cast<std::size_t>(kind)]; }

/// Are these, in this order, the types of the words of that kind?
template <Kind kind, class... Each>
inline constexpr bool are_words_of =
    std::is_same_v<detail::Types<Each...>, typename detail::TypesOf<kind>::type>;

/// The name of a word, as an argument of templates.
template <std::size_t N>
struct WordName {
  char text[N] = {};
  // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions)
  consteval WordName(const char (&name)[N]) { std::copy_n(name, N, text); }
  [[nodiscard]] constexpr std::string_view view() const { return {text, N - 1}; }
};

/// The words of a record of that kind, by name and in their types. Several kinds that share a
/// handler may be named if they agree on the words that it reads.
template <Kind first, Kind... others>
class Words {
 public:
  explicit Words(const sim::Record& r) : word_(r.word) {
    const Kind kind{r.kind};
    HOLDFAST_CHECK(kind == first || ((kind == others) || ...));
  }

  template <WordName name>
  [[nodiscard]] auto get() const {
    constexpr std::size_t place = info(first).place(name.view());
    static_assert(place < info(first).words, "records of this kind have no word of that name");
    using Type = typename detail::TypeAt<place, typename detail::TypesOf<first>::type>::type;
    static_assert(((info(others).place(name.view()) == place) && ...) &&
                      (std::is_same_v<Type, TypeIn<others, place>> && ...),
                  "these kinds of records do not agree on that word");
    return detail::from_word<Type>(word_[place]);
  }

 private:
  template <Kind kind, std::size_t place>
  using TypeIn = typename detail::TypeAt<place, typename detail::TypesOf<kind>::type>::type;

  const std::array<std::uint64_t, 6>& word_;
};

namespace detail {
inline constexpr std::uint8_t no_word = 0xff;

/// For each kind of record, which of its words has that name; or no_word.
template <WordName name>
inline constexpr auto places = [] {
  std::array<std::uint8_t, record_kinds.size()> out{};
  bool known = false;
  for (std::size_t k = 0; k < out.size(); ++k) {
    const std::size_t place = record_kinds[k].place(name.view());
    const bool has = place < record_kinds[k].words;
    out[k] = has ? static_cast<std::uint8_t>(place) : no_word;
    known = known || has;
  }
  if (!known)
    throw "no kind of record has a word of that name";  // at compile time
  return out;
}();
}  // namespace detail

/// The word of that name of a record whose kind, which must have it, is known at run time only.
template <WordName name>
[[nodiscard]] std::uint64_t word_named(Kind kind, const std::array<std::uint64_t, 6>& word) {
  const std::uint8_t place = detail::places<name>[static_cast<std::size_t>(kind)];
  HOLDFAST_CHECK(place != detail::no_word);
  return word[place];
}

}  // namespace holdfast
