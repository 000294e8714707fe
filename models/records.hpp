// SPDX-License-Identifier: Apache-2.0
// The vocabulary of the trace: every kind of record, its layer and the names of its words. One
// table; the hashes, the JSON lines, the first-difference report and the oracle all read it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/trace.hpp"

namespace holdfast {

// kind, layer, names of the words. A `token` is op << 8 | attempt; `op` is the serial number of an
// application I/O. A command_sent carries the 64-bit words of its submission queue entry at bytes
// 0, 40, 48 and 56; host_data and target_data the words that are not zero of what goes along with a
// command or a response besides user data (Connect, Identify, log pages), by their byte offset.
#define HOLDFAST_RECORD_KINDS(X)                                                       \
  X(packet_hop, full, "channel", "bytes", "head", "seq", "ack", "stamp_ns")            \
  X(packet_dropped, full, "channel", "reason", "head", "seq", "ack", "stamp_ns")       \
  X(tcp_timeout, full, "connection", "side", "rto_ns", "seq")                          \
  X(tcp_probe, full, "connection", "side", "seq")                                      \
  X(tcp_recovery, full, "connection", "side", "state", "cwnd", "ssthresh")             \
  X(tcp_state, protocol, "connection", "side", "state")                                \
  X(rdma_timeout, full, "connection", "side", "retries", "psn")                        \
  X(queue_pair_state, protocol, "connection", "side", "state")                         \
  X(late_data, protocol, "connection", "cid")                                          \
  X(pdu_sent, protocol, "connection", "side", "type", "bytes", "offset", "head")       \
  X(pdu_received, protocol, "connection", "side", "type", "bytes", "offset", "head")   \
  X(queue_opened, protocol, "controller", "qid", "connection")                         \
  X(command_sent, protocol, "controller", "qid", "sqe0", "cdw10", "cdw12", "cdw14")    \
  X(host_data, protocol, "controller", "qid", "cid", "offset", "value")                \
  X(response_sent, protocol, "subsystem", "cntlid", "qid", "cid", "status", "result")  \
  X(target_data, protocol, "subsystem", "cntlid", "qid", "cid", "offset", "value")     \
  X(response_received, protocol, "controller", "qid", "cid", "status", "result")       \
  X(iu_sent, protocol, "connection", "side", "iu", "bytes", "exchange", "token")       \
  X(iu_received, protocol, "connection", "side", "iu", "bytes", "exchange", "token")   \
  X(fault, protocol, "fault", "on")                                                    \
  X(controller_state, protocol, "controller", "from", "to")                            \
  X(recovery_started, protocol, "controller", "cause")                                 \
  X(fence_started, protocol, "controller", "hold_ns")                                  \
  X(ccr_attempt, protocol, "controller", "source", "attempt")                          \
  X(ccr_attempt_failed, protocol, "controller", "source", "status")                    \
  X(ccr_succeeded, protocol, "controller", "source", "immediate")                      \
  X(ccr_failed, protocol, "controller", "left_ns")                                     \
  X(hold_ended, protocol, "controller")                                                \
  X(requests_cancelled, protocol, "controller", "count")                               \
  X(keep_alive_sent, protocol, "controller", "cid")                                    \
  X(keep_alive_skipped, protocol, "controller")                                        \
  X(keep_alive_done, protocol, "controller", "status")                                 \
  X(request_timeout, protocol, "controller", "qid", "cid", "opcode", "pdu_type")       \
  X(request_held, protocol, "controller", "qid", "cid", "status")                      \
  X(reconnect_scheduled, protocol, "controller", "delay_ns")                           \
  X(connect_attempt, protocol, "controller", "attempt")                                \
  X(connect_failed, protocol, "controller", "attempt", "error")                        \
  X(connected, protocol, "controller", "attempt", "cntlid", "io_queues")               \
  X(controller_removed, protocol, "controller", "error")                               \
  X(ana_log_read, protocol, "controller", "change_count", "groups", "in_change")       \
  X(path_ana_state, protocol, "head", "controller", "state")                           \
  X(anatt_timeout, protocol, "controller")                                             \
  X(operator_request, outcome, "controller", "action")                                 \
  X(operator_refused, outcome, "controller", "action", "error")                        \
  X(attempt_sent, protocol, "token", "controller", "connection", "qid", "cid")         \
  X(attempt_done, protocol, "token", "controller", "status")                           \
  X(attempt_abandoned, protocol, "token", "controller", "status")                      \
  X(io_requeued, protocol, "op")                                                       \
  X(controller_created, protocol, "subsystem", "cntlid", "host", "kato_ns")            \
  X(controller_ready, protocol, "subsystem", "cntlid")                                 \
  X(keep_alive_window, protocol, "subsystem", "cntlid")                                \
  X(keep_alive_expired, protocol, "subsystem", "cntlid")                               \
  X(controller_fatal, protocol, "subsystem", "cntlid", "cause")                        \
  X(ccr_requested, protocol, "subsystem", "source", "impacted", "status", "immediate") \
  X(ccr_completed, protocol, "subsystem", "source", "impacted")                        \
  X(ana_state_set, protocol, "subsystem", "port", "group", "state", "change_count")    \
  X(status_forced, protocol, "subsystem", "cntlid", "token", "status")                 \
  X(event_sent, protocol, "subsystem", "cntlid", "dw0")                                \
  X(queue_released, protocol, "subsystem", "cntlid", "qid", "connection")              \
  X(controller_freed, protocol, "subsystem", "cntlid")                                 \
  X(node_state, protocol, "subsystem", "node", "state")                                \
  X(command_held, protocol, "subsystem", "cntlid", "qid", "cid", "opcode", "token")    \
  X(command_detached, protocol, "subsystem", "cntlid", "token")                        \
  X(commands_stopped, protocol, "subsystem", "cntlid", "qid", "count")                 \
  X(lost_host, protocol, "subsystem", "cntlid", "lost", "cause")                       \
  X(command_fetched, protocol, "subsystem", "cntlid", "qid", "cid", "opcode", "token") \
  X(command_delayed, protocol, "subsystem", "cntlid", "token", "delay_ns")             \
  X(media_write, protocol, "disk", "lba", "blocks", "token", "subsystem", "cntlid")    \
  X(mutated_write, protocol, "disk", "lba", "blocks", "token", "content", "cntlid")    \
  X(effect_applied, protocol, "token", "opcode", "changed", "value")                   \
  X(media_read, protocol, "disk", "lba", "blocks", "token", "version", "cntlid")       \
  X(stream_dry, protocol, "connection", "side")                                        \
  X(attempt_gone, protocol, "token")                                                   \
  X(app_submit, outcome, "op", "job", "kind", "disk", "lba", "blocks")                 \
  X(app_complete, outcome, "op", "status", "version")                                  \
  X(program_line, outcome, "job", "line", "value")                                     \
  X(stale_write, outcome, "token", "overwritten_op", "disk", "lba")                    \
  X(stale_read, outcome, "op", "version", "disk", "lba")                               \
  X(lost_write, outcome, "op", "disk", "lba")                                          \
  X(duplicate_effect, outcome, "op", "token")                                          \
  X(misplaced_write, outcome, "token", "content", "disk", "lba")

enum class Kind : std::uint16_t {
#define HOLDFAST_X(name, ...) name,
  HOLDFAST_RECORD_KINDS(HOLDFAST_X)
#undef HOLDFAST_X
};

struct RecordInfo {
  std::string_view name;
  sim::Layer layer = sim::Layer::full;
  std::size_t words = 0;
  std::array<std::string_view, 6> word = {};
};

namespace detail {
template <class... Names>
constexpr RecordInfo record_info(std::string_view name, sim::Layer layer, Names... names) {
  static_assert(sizeof...(names) <= 6);
  return {name, layer, sizeof...(names), {names...}};
}
}  // namespace detail

inline constexpr auto record_kinds = std::to_array<RecordInfo>({
#define HOLDFAST_X(name, layer, ...) detail::record_info(#name, sim::Layer::layer, __VA_ARGS__),
    HOLDFAST_RECORD_KINDS(HOLDFAST_X)
#undef HOLDFAST_X
});

constexpr const RecordInfo& info(Kind kind) { return record_kinds[static_cast<std::size_t>(kind)]; }

}  // namespace holdfast
