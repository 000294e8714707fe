// SPDX-License-Identifier: Apache-2.0
// NVMe/TCP on the wire: sizes and order of PDUs, data in capsules and on request, command ids
// (protocol.md 7.1).
#include <map>

#include "analysis/closed_forms.hpp"
#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/paths.hpp"
#include "analysis/conform/view/streams.hpp"
#include "analysis/conform/view/words.hpp"
#include "models/scenario/declaration/presets.hpp"

namespace holdfast::conform {

namespace {

using std::chrono::seconds;
using wire::IoOpcode;
using wire::PduType;

bool is_tcp(const RunView& v) { return v.scenario.fabric.transport == scenario::Transport::tcp; }

PduType type_of(const Event& e) { return static_cast<PduType>(e.get<"type">()); }

struct Sent {
  std::uint8_t opcode = 0;
  wire::Command command{};
  bool admin = false;
};

Sent command_of(const Event& e) {
  Sent out;
  out.command.opcode = out.opcode = static_cast<std::uint8_t>(e.get<"sqe0">());
  out.command.cid = static_cast<std::uint16_t>(e.get<"sqe0">() >> 16);
  out.command.nsid = static_cast<std::uint32_t>(e.get<"sqe0">() >> 32);
  out.command.cdw11 = static_cast<std::uint32_t>(e.get<"cdw10">() >> 32);
  out.command.cdw12 = static_cast<std::uint32_t>(e.get<"cdw12">());
  out.admin = e.get<"qid">() == 0;
  return out;
}

std::uint64_t block_bytes(const RunView& v, const Stream& s, std::uint32_t nsid) {
  const auto* subsystem = v.subsystem_of(s.controller);
  if (subsystem != nullptr) {
    for (const auto& ns : subsystem->namespaces) {
      if (ns.nsid == nsid)
        return ns.block_bytes;
    }
  }
  return 0;
}

/// What a PDU is long, without TLS records around it.
std::uint64_t bytes_of(const Stream& s, const Event& e) {
  const auto bytes = static_cast<std::uint32_t>(e.get<"bytes">());
  return s.tls ? wire::tls_data_of(bytes) : bytes;
}

/// Bytes that the host has to send with a command; none: that does not follow from its words.
std::optional<std::uint64_t> data_of(const RunView& v, const Stream& s, const Sent& c) {
  if (c.command.is(wire::FabricsType::authentication_send))
    return c.command.cdw11;  // TL
  if (c.command.is_fabrics())
    return c.command.is(wire::FabricsType::connect) ? wire::connect_data_bytes : 0;
  if (c.admin)
    return 0;
  const std::uint64_t blocks = (c.command.cdw12 & 0xffff) + std::uint64_t{1};
  switch (static_cast<IoOpcode>(c.opcode)) {
    case IoOpcode::write:
      return blocks * block_bytes(v, s, c.command.nsid);
    case IoOpcode::read:
    case IoOpcode::flush:
    case IoOpcode::write_zeroes:
      return 0;
    default:
      return {};
  }
}

std::uint64_t in_capsule_limit(const RunView& v, const Stream& s) {
  return s.association == nothing || v.associations[s.association].identify == nothing
             ? 0
             : v.associations[s.association].identity.in_capsule_data_bytes();
}

/// How much of it goes into the capsule.
std::optional<std::uint64_t> carried(const RunView& v, const Stream& s, const Sent& c) {
  const auto data = data_of(v, s, c);
  if (!data || c.command.is_fabrics() || c.admin)
    return data;
  return *data <= in_capsule_limit(v, s) ? *data : 0;
}

wire::Digests digests_of(const RunView& v, const Stream& s) {
  const auto& c = v.connect_of(s.controller);
  return {.header = c.hdr_digest, .data = c.data_digest};
}

/// Calls `act(pdu, command)` for each command capsule that the host has sent, with its command:
/// both are in the order of sending.
template <class Act>
void each_capsule(const RunView& v, const Stream& s, Act act) {
  std::size_t next = 0;
  for (const std::uint32_t i : s.sent[host_side]) {
    if (type_of(v.event(i)) != PduType::capsule_cmd || next == s.commands.size())
      continue;
    act(v.event(i), command_of(v.event(s.commands[next++])));
  }
}

void pdus_have_their_sizes(const RunView& v, Ledger& ledger) {
  if (!is_tcp(v))
    return;
  for (const Stream& s : streams_of(v)) {
    const wire::Digests digests = digests_of(v, s);
    const auto wrong = [&](const Event& e, std::uint64_t wanted) {
      ledger.expect(bytes_of(s, e) == wanted, e.at, [&] {
        return fmt::format("a PDU of type {:02x}h of {}, queue {}, has {} bytes; {} were expected",
                           e.get<"type">(), v.name_of(s.controller), s.qid, bytes_of(s, e), wanted);
      });
    };
    for (const auto& side : s.sent) {
      for (const std::uint32_t i : side) {
        const Event& e = v.event(i);
        const PduType type = type_of(e);
        if (!wire::carries_data(type))
          wrong(e, wire::pdu_bytes(type, 0, digests));
        else if (type != PduType::capsule_cmd)
          // Data of some length, or the PDU would not have been sent.
          wrong(e, std::max(bytes_of(s, e), wire::pdu_bytes(type, 1, digests)));
      }
    }
    each_capsule(v, s, [&](const Event& e, const Sent& c) {
      if (const auto bytes = carried(v, s, c))
        wrong(e, wire::pdu_bytes(PduType::capsule_cmd, *bytes, digests));
    });
  }
}

void initialize_first(const RunView& v, Ledger& ledger) {
  if (!is_tcp(v))
    return;
  for (const Stream& s : streams_of(v)) {
    const auto& ours = s.sent[host_side];
    const auto& got = s.received[host_side];
    if (ours.empty())
      continue;
    const std::uint32_t answered = got.empty() ? nothing : got.front();
    const bool in_order = type_of(v.event(ours.front())) == PduType::ic_req &&
                          (got.empty() || type_of(v.event(got.front())) == PduType::ic_resp) &&
                          (ours.size() == 1 || ours[1] > answered);
    ledger.expect(in_order, v.event(ours.front()).at, [&] {
      return fmt::format(
          "{} began queue {} with a PDU of type {:02x}h and sent {} PDUs before "
          "ICResp",
          v.name_of(s.controller), s.qid, v.event(ours.front()).get<"type">(),
          std::count_if(ours.begin(), ours.end(), [&](std::uint32_t i) { return i < answered; }));
    });
  }
}

/// What fits into a capsule travels in it, and no capsule carries more than the controller takes.
void capsules_keep_the_limit(const RunView& v, Ledger& ledger) {
  if (!is_tcp(v))
    return;
  for (const Stream& s : streams_of(v)) {
    const std::uint64_t limit = in_capsule_limit(v, s);
    each_capsule(v, s, [&](const Event& e, const Sent& c) {
      if (c.admin || c.opcode != wire::raw(IoOpcode::write))
        return;
      const std::uint64_t data = *data_of(v, s, c);
      const std::uint64_t inside =
          bytes_of(s, e) - wire::pdu_bytes(PduType::capsule_cmd, 0, digests_of(v, s));
      const bool fits = data <= limit;
      ledger.expect(fits ? inside >= data : inside == 0, e.at, [&] {
        return fmt::format(
            "a write of {} bytes of {} had {} bytes in its capsule; the controller "
            "takes {}",
            data, v.name_of(s.controller), inside, limit);
      });
    });
  }
}

/// Each H2CData answers an R2T that has arrived; MAXH2CDATA is larger than any transfer here.
void data_only_on_request(const RunView& v, Ledger& ledger) {
  if (!is_tcp(v))
    return;
  for (const Stream& s : streams_of(v)) {
    std::vector<std::uint32_t> asked;
    for (const std::uint32_t i : s.received[host_side]) {
      if (type_of(v.event(i)) == PduType::r2t)
        asked.push_back(i);
    }
    std::size_t sent = 0;
    for (const std::uint32_t i : s.sent[host_side]) {
      if (type_of(v.event(i)) != PduType::h2c_data)
        continue;
      ++sent;
      ledger.expect(sent <= asked.size() && asked[sent - 1] < i, v.event(i).at, [&] {
        return fmt::format("{} sent data on queue {} that no R2T had asked for",
                           v.name_of(s.controller), s.qid);
      });
    }
  }
}

bool flow_control_is_off(const RunView& v, const Stream& s) {
  for (const Exchange& x : v.exchanges) {
    const auto connect = wire::as_connect(x.command);
    if (connect && x.association == s.association && x.qid == s.qid)
      return (connect->attributes & wire::connect_attr_disable_sqflow) != 0;
  }
  return false;
}

/// A PDU with data that the next PDU with data, or nothing, follows; nothing: each has its
/// response.
std::uint32_t data_without_response(const RunView& v, const Stream& s) {
  std::uint32_t open = nothing;
  for (const std::uint32_t i : s.sent[target_side]) {
    const PduType type = type_of(v.event(i));
    if (type == PduType::capsule_resp)
      open = nothing;
    if (type != PduType::c2h_data)
      continue;
    if (open != nothing)
      return open;
    open = i;
  }
  // Both are written at once, but a full socket may take the data and not yet the response.
  return open != nothing && s.released == never && v.event(open).at < v.end ? open : nothing;
}

/// SUCCESS on the last C2HData spares the response only if the host has switched SQ flow control
/// off; nothing is answered twice.
void each_command_has_its_response(const RunView& v, Ledger& ledger) {
  if (!is_tcp(v))
    return;
  for (const Stream& s : streams_of(v)) {
    const auto& out = s.sent[target_side];
    const auto capsules =
        static_cast<std::size_t>(std::count_if(out.begin(), out.end(), [&](std::uint32_t i) {
          return type_of(v.event(i)) == PduType::capsule_resp;
        }));
    if (s.responses.empty())
      continue;
    const std::uint32_t lonely = flow_control_is_off(v, s) ? nothing : data_without_response(v, s);
    ledger.expect(lonely == nothing, v.event(s.responses.front()).at, [&] {
      return fmt::format("the C2HData of {} on queue {} of {} was not followed by a response",
                         text(v.event(lonely).at), s.qid, v.name_of(s.controller));
    });
    ledger.expect(capsules <= s.responses.size(), v.event(s.responses.front()).at, [&] {
      return fmt::format("{} answers on queue {} of {} came with {} response capsules",
                         s.responses.size(), s.qid, v.name_of(s.controller), capsules);
    });
  }
}

void unanswered_connect_gives_up(const RunView& v, Ledger& ledger) {
  if (!is_tcp(v))
    return;
  constexpr std::uint64_t timed_out = 110;  // ETIMEDOUT
  for (const Association& a : v.associations) {
    if (a.failed == never || a.queues.size() != 1 || a.connect != nothing)
      continue;
    bool by_time = false;
    bool established = false;
    v.each(Kind::connect_failed, [&](const Event& e) {
      by_time = by_time || (e.at == a.failed && e.get<"controller">() == a.controller &&
                            e.get<"error">() == timed_out);
    });
    v.each(Kind::tcp_state, [&](const Event& e) {
      established = established || (e.get<"connection">() == a.queues.front().second &&
                                    e.get<"side">() == host_side && e.at >= a.begun &&
                                    e.at <= a.failed && e.get<"state">() == 3);
    });
    if (!by_time || established)
      continue;
    const auto limits = scenario::syn_limits(v.scenario.fabric, v.host_of(a.controller));
    const std::uint32_t syns = limits.attempts;
    const std::uint32_t linear = limits.linear;
    const Duration least = v.least_of(a.controller, analysis::unanswered_connect(syns, linear));
    TimePoint latest = a.begun + promptly;
    for (std::uint32_t nth = 0; nth < syns; ++nth)
      latest +=
          v.timer_latest(a.controller, {}, analysis::unanswered_syn(nth, linear)) - TimePoint{};
    ledger.expect(a.failed >= a.begun + least && a.failed <= latest, a.failed, [&] {
      return fmt::format(
          "a connect of {} that nobody answered was given up after {}; {} SYNs and the waits for "
          "them take {}",
          v.name_of(a.controller), text(a.failed - a.begun), syns, text(least));
    });
  }
}

constexpr Check all[] = {
    {"TR-1", pdus_have_their_sizes},         {"TR-2", initialize_first},
    {"TR-3", capsules_keep_the_limit},       {"TR-4", data_only_on_request},
    {"TR-5", each_command_has_its_response}, {"TR-6", unanswered_connect_gives_up},
};

}  // namespace

std::span<const Check> transport_checks() { return all; }

}  // namespace holdfast::conform
