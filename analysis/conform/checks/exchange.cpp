// SPDX-License-Identifier: Apache-2.0
// What every transport owes its commands: ids that are not mistaken, delivery once and in order,
// whole data, and no trace of a request that is over (protocol.md 7.1 to 7.3).
#include <map>
#include <set>

#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/fence.hpp"
#include "analysis/conform/view/paths.hpp"
#include "analysis/conform/view/streams.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

namespace {

using host::State;
using scenario::Transport;
using wire::PduType;

/// transport::fc::Iu, as the trace has it.
enum Unit : std::uint64_t { command = 0, data = 2, abts = 5, abts_accept = 6, ls_request = 7 };
constexpr std::uint64_t disconnect_bytes = 48;
constexpr Duration abort_timeout = std::chrono::seconds{20};  ///< 2 x R_A_TOV

std::uint16_t cid_of(const Event& e) { return static_cast<std::uint16_t>(e.get<"sqe0">() >> 16); }

void ids_are_not_mistaken(const RunView& v, Ledger& ledger) {
  using Queue = std::pair<std::uint64_t, std::uint64_t>;
  std::map<Queue, std::set<std::uint64_t>> open;
  std::map<std::tuple<std::uint64_t, std::uint64_t, std::uint16_t>, std::uint16_t> last;
  for (const Event& e : v.log.all()) {
    if (e.kind == Kind::queue_opened)
      open[{e.get<"controller">(), e.get<"qid">()}].clear();
    if (e.kind == Kind::response_received)
      open[{e.get<"controller">(), e.get<"qid">()}].erase(e.get<"cid">());
    if (e.kind != Kind::command_sent)
      continue;
    const std::uint16_t cid = cid_of(e);
    const auto tag = wire::CommandId::unpack(cid).tag;
    const auto before = last.find({e.get<"controller">(), e.get<"qid">(), tag});
    const bool fresh = before == last.end() || before->second != cid;
    const bool alone = open[{e.get<"controller">(), e.get<"qid">()}].insert(cid).second;
    last[{e.get<"controller">(), e.get<"qid">(), tag}] = cid;
    ledger.expect(fresh && alone, e.at, [&] {
      return fmt::format("{} used command id 0x{:04x} on queue {} {}",
                         v.name_of(static_cast<std::uint32_t>(e.get<"controller">())), cid,
                         e.get<"qid">(), alone ? "twice in a row" : "while it was in use");
    });
  }
}

/// The commands of a queue are fetched as a beginning of the list of those that were sent.
void once_and_in_order(const RunView& v, Ledger& ledger) {
  if (v.scenario.fabric.transport == Transport::fc)
    return;
  for (const Stream& s : streams_of(v)) {
    // The Connect itself is taken before the queue belongs to a controller.
    std::size_t place = 1;
    for (const std::uint32_t i : s.fetches) {
      const Event& e = v.event(i);
      const bool next = place < s.commands.size() &&
                        cid_of(v.event(s.commands[place])) == e.get<"cid">() &&
                        s.commands[place] < i;
      ++place;
      ledger.expect(next, e.at, [&] {
        return fmt::format("command id 0x{:04x} of {}, queue {}, was fetched out of turn",
                           e.get<"cid">(), v.name_of(s.controller), s.qid);
      });
      if (!next)
        break;
    }
  }
}

/// Whether the data of an attempt over TCP is more than its controller takes in a capsule.
bool is_beyond_capsule(const RunView& v, const Paths& paths, const Attempt& a) {
  const auto* subsystem = v.subsystem_of(a.controller);
  if (subsystem == nullptr || a.association == nothing)
    return false;
  const auto& spaces = subsystem->namespaces;
  const auto ns = std::find_if(spaces.begin(), spaces.end(), [&](const scenario::Namespace& n) {
    return n.nsid == paths.nsid_of(a);
  });
  const auto limit = v.associations[a.association].identity.in_capsule_data_bytes();
  return ns != spaces.end() && v.operations[a.op() - 1].blocks * ns->block_bytes > limit;
}

/// A command that is refused has its answer in the instant in which it is fetched.
bool is_refused(const RunView& v, const Stream& s, std::uint32_t fetched) {
  const Event& e = v.event(fetched);
  auto i = std::upper_bound(s.responses.begin(), s.responses.end(), fetched);
  for (; i != s.responses.end() && v.event(*i).at == e.at; ++i) {
    if (v.event(*i).get<"cid">() == e.get<"cid">())
      return true;
  }
  return false;
}

bool has_blocks(std::uint64_t opcode) {
  return opcode == wire::raw(wire::IoOpcode::write) ||
         opcode == wire::raw(wire::IoOpcode::compare) ||
         opcode == wire::raw(wire::IoOpcode::zone_append);
}

/// When all data of the commands had arrived that had to have it asked for, by token. Data is asked
/// for in the order of fetching, and sent in the order of asking.
std::map<std::uint64_t, TimePoint> requested_over_tcp(const RunView& v, const Paths& paths) {
  std::map<std::uint64_t, const Attempt*> attempts;
  for (const Attempt& a : v.attempts)
    attempts[a.token] = &a;
  std::map<std::uint64_t, TimePoint> arrived;
  for (const Stream& s : streams_of(v)) {
    std::vector<std::uint64_t> asked;
    for (const std::uint32_t i : s.fetches) {
      const Event& e = v.event(i);
      const auto found = attempts.find(e.get<"token">());
      if (found != attempts.end() && has_blocks(e.get<"opcode">()) &&
          is_beyond_capsule(v, paths, *found->second) && !is_refused(v, s, i))
        asked.push_back(found->first);
    }
    std::size_t next = 0;
    for (const std::uint32_t i : s.received[target_side]) {
      if (static_cast<PduType>(v.event(i).get<"type">()) == PduType::h2c_data &&
          next < asked.size())
        arrived[asked[next++]] = v.event(i).at;
    }
  }
  return arrived;
}

std::map<std::uint64_t, TimePoint> requested_over_fc(const RunView& v) {
  std::map<std::uint64_t, TimePoint> arrived;
  v.each(Kind::iu_received, [&](const Event& e) {
    if (e.get<"side">() == target_side && e.get<"iu">() == Unit::data)
      arrived[e.get<"token">()] = e.at;
  });
  return arrived;
}

void incomplete_writes_are_not_executed(const RunView& v, Ledger& ledger) {
  const bool fc = v.scenario.fabric.transport == Transport::fc;
  if (!fc && v.scenario.fabric.transport != Transport::tcp)
    return;
  const Paths paths(v);
  const auto arrived = fc ? requested_over_fc(v) : requested_over_tcp(v, paths);
  for (const Attempt& a : v.attempts) {
    const bool write = v.operations[a.op() - 1].kind == host::IoKind::write;
    // Over FC all data is asked for.
    if (!write || a.fetched == never || (!fc && !is_beyond_capsule(v, paths, a)))
      continue;
    const auto found = arrived.find(a.token);
    const TimePoint whole = found == arrived.end() ? never : found->second;
    ledger.expect(a.first_landed == never || whole <= a.first_landed, a.fetched, [&] {
      return fmt::format("{} landed at {}; its data was complete at {}", name_of(v, a),
                         text(a.first_landed), text(whole));
    });
  }
}

/// RDMA: the queue pair is drained before its requests are cancelled, so that nothing is written
/// into memory that has been given back.
void no_late_data(const RunView& v, Ledger& ledger) {
  if (v.scenario.fabric.transport != Transport::rdma)
    return;
  v.each(Kind::requests_cancelled, [&](const Event& e) {
    if (e.get<"count">() != 0)
      ledger.expect(true, e.at, [] { return std::string(); });
  });
  v.each(Kind::late_data, [&](const Event& e) {
    ledger.expect(false, e.at, [&] {
      return fmt::format(
          "an RDMA WRITE for command id 0x{:04x} reached memory of a request that "
          "was over",
          e.get<"cid">());
    });
  });
}

/// Events of FC exchanges that begin with a command, by the token of the command.
struct FcExchange {
  std::uint64_t connection = 0;
  TimePoint aborted = never;  ///< ABTS sent by the host
  TimePoint ended = never;    ///< ABTS of the target, or its answer to ours, received
};

/// Numbers of exchanges are used again; the last use before an event counts.
class FcExchanges {
 public:
  explicit FcExchanges(const RunView& v) {
    for (const Event& e : v.log.all()) {
      if (e.kind == Kind::iu_sent && e.get<"side">() == host_side)
        sent(e);
      else if (e.kind == Kind::iu_received && e.get<"side">() == host_side)
        received(e);
    }
  }
  std::vector<FcExchange> all;
  std::map<std::uint64_t, std::size_t> of_token;

 private:
  void sent(const Event& e) {
    if (e.get<"iu">() == Unit::command) {
      of_[e.get<"exchange">()] = all.size();
      if (e.get<"token">() != 0)
        of_token[e.get<"token">()] = all.size();
      all.push_back({e.get<"connection">(), never, never});
    } else if (e.get<"iu">() == Unit::abts && of_.contains(e.get<"exchange">())) {
      all[of_[e.get<"exchange">()]].aborted = e.at;
    }
  }
  void received(const Event& e) {
    const bool ends = e.get<"iu">() == Unit::abts || e.get<"iu">() == Unit::abts_accept;
    const auto found = of_.find(e.get<"exchange">());
    if (ends && found != of_.end())
      all[found->second].ended = std::min(all[found->second].ended, e.at);
  }
  std::map<std::uint64_t, std::size_t> of_;  ///< by number
};

/// When a controller left the fence that it entered with a recovery.
TimePoint fence_left(const RunView& v, const Recovery& r) {
  TimePoint left = never;
  v.each_indexed(Kind::controller_state, [&](const Event& e, std::uint32_t i) {
    if (left == never && i > r.index && e.get<"controller">() == r.controller &&
        static_cast<State>(e.get<"to">()) == State::resetting)
      left = e.at;
  });
  return left;
}

void aborted_exchanges_wait(const RunView& v, Ledger& ledger) {
  if (v.scenario.fabric.transport != Transport::fc)
    return;
  const FcExchanges exchanges(v);
  for (const Recovery& r : v.recoveries) {
    if (!is_path_loss(r))
      continue;
    const TimePoint left = fence_left(v, r);
    for (const std::uint32_t i : r.in_flight) {
      const Attempt& a = v.attempts[i];
      const auto found = exchanges.of_token.find(a.token);
      if (found == exchanges.of_token.end() || !changes(v, a))
        continue;  // a filter may let reads go
      const TimePoint ended = exchanges.all[found->second].ended;
      if (ended < r.started || ended >= left)
        continue;
      ledger.expect(a.ended >= left, a.ended, [&] {
        return fmt::format(
            "the exchange of {} ended at {}, while {} was being fenced, and completed "
            "it at {}; the fence was over at {}",
            name_of(v, a), text(ended), v.name_of(r.controller), text(a.ended), text(left));
      });
    }
  }
}

void aborts_before_disconnect(const RunView& v, Ledger& ledger) {
  if (v.scenario.fabric.transport != Transport::fc)
    return;
  const auto& faults = v.scenario.faults;
  if (std::any_of(faults.begin(), faults.end(), [](const scenario::Fault& f) {
        return std::holds_alternative<scenario::RemotePortLost>(f);
      }))
    return;  // without a login an adapter ends what it aborts by itself
  const FcExchanges exchanges(v);
  for (const Association& a : v.associations) {
    std::set<std::uint64_t> mine;
    for (const auto& [qid, connection] : a.queues)
      mine.insert(connection);
    TimePoint disconnected = never;
    v.each(Kind::iu_sent, [&](const Event& e) {
      if (!a.queues.empty() && e.get<"connection">() == a.queues.front().second &&
          e.at >= a.begun && e.at <= a.over && e.get<"side">() == host_side &&
          e.get<"iu">() == Unit::ls_request && e.get<"bytes">() == disconnect_bytes)
        disconnected = std::min(disconnected, e.at);
    });
    for (const FcExchange& x : exchanges.all) {
      if (!mine.contains(x.connection) || x.aborted < a.begun || x.aborted >= disconnected ||
          disconnected == never)
        continue;
      ledger.expect(
          x.ended <= disconnected || x.aborted + abort_timeout <= disconnected, disconnected, [&] {
            return fmt::format(
                "{} disconnected at {}; an exchange that it had aborted at "
                "{} ended at {}",
                v.name_of(a.controller), text(disconnected), text(x.aborted), text(x.ended));
          });
    }
  }
}

constexpr Check all[] = {
    {"TR-7", ids_are_not_mistaken},
    {"TR-8", once_and_in_order},
    {"TR-9", incomplete_writes_are_not_executed},
    {"TR-10", no_late_data},
    {"TR-11", aborted_exchanges_wait},
    {"TR-12", aborts_before_disconnect},
};

}  // namespace

std::span<const Check> exchange_checks() { return all; }

}  // namespace holdfast::conform
