// SPDX-License-Identifier: Apache-2.0
// How an association is built, and how the target gives out controller ids (protocol.md 5.3
// to 5.5).
#include <map>
#include <set>

#include "analysis/conform/checks/check.hpp"
#include "analysis/conform/view/paths.hpp"
#include "analysis/conform/view/words.hpp"

namespace holdfast::conform {

namespace {

using wire::AdminOpcode;
using wire::FabricsType;
using wire::FeatureId;

constexpr std::uint16_t admin_sqsize = 31;  ///< NVME_AQ_DEPTH - 1

/// The exchanges of an association that the kernel began itself, in order.
std::vector<const Exchange*> exchanges_of(const RunView& v, const Association& a) {
  std::vector<const Exchange*> out;
  for (const Exchange& x : v.exchanges) {
    if (x.association != nothing && &v.associations[x.association] == &a && !x.by_operator)
      out.push_back(&x);
  }
  return out;
}

bool is_identify_controller(const Exchange& x) {
  return x.is(AdminOpcode::identify) &&
         (x.command.cdw10 & 0xff) == wire::raw(wire::Cns::identify_controller);
}
bool is_io_connect(const Exchange& x) { return x.qid != 0 && x.command.is(FabricsType::connect); }
bool enables(const Exchange& x) {
  const auto set = wire::as_property_set(x.command);
  return set && set->property == wire::Property::cc &&
         wire::Configuration::decode(static_cast<std::uint32_t>(set->value)).enable;
}
bool is_ready_answer(const Exchange& x) {
  const auto get = wire::as_property_get(x.command);
  return get && get->property == wire::Property::csts && x.ok() &&
         wire::ControllerStatus::decode(static_cast<std::uint32_t>(x.result)).ready;
}
bool asks_for_queues(const Exchange& x) {
  return x.is_feature(AdminOpcode::set_features, FeatureId::number_of_queues);
}

/// The event by which a step had been answered with success; nothing: it never was.
template <class Is>
std::uint32_t answered(const std::vector<const Exchange*>& all, Is is) {
  for (const Exchange* x : all) {
    if (is(*x) && x->ok())
      return x->answer_index;
  }
  return nothing;
}

/// In which order a host that is LIVE must have got there. Each command has one step that must
/// have been answered before it is sent.
void steps_in_order(const RunView& v, Ledger& ledger) {
  for (const Association& a : v.associations) {
    const auto all = exchanges_of(v, a);
    const std::uint32_t connected = answered(
        all, [](const Exchange& x) { return x.qid == 0 && x.command.is(FabricsType::connect); });
    const std::uint32_t enabled = answered(all, enables);
    const std::uint32_t ready = answered(all, is_ready_answer);
    const std::uint32_t identified = answered(all, is_identify_controller);
    const std::uint32_t queues = answered(all, asks_for_queues);
    for (const Exchange* x : all) {
      std::uint32_t wanted = connected;
      if (is_io_connect(*x))
        wanted = queues;
      else if (asks_for_queues(*x))
        wanted = identified;
      else if (is_ready_answer(*x))
        wanted = enabled;
      else if (!x->command.is_fabrics())
        wanted = ready;
      else if (x->command.is(FabricsType::connect))
        continue;  // the first step
      ledger.expect(wanted < x->index, x->sent, [&] {
        return fmt::format(
            "{} sent {} on queue {} before the step that it follows had been answered",
            v.name_of(a.controller), wire::command_name(x->command, x->qid), x->qid);
      });
    }
  }
}

void io_on_connected_queues(const RunView& v, Ledger& ledger) {
  std::vector<const Exchange*> connects;
  for (const Exchange& x : v.exchanges) {
    if (is_io_connect(x) && x.ok())
      connects.push_back(&x);
  }
  for (const Attempt& a : v.attempts) {
    const bool ready = std::any_of(connects.begin(), connects.end(), [&](const Exchange* x) {
      return x->association == a.association && x->qid == a.qid && x->answer_index < a.index;
    });
    ledger.expect(ready, a.sent, [&] {
      return fmt::format("{} was sent on queue {} of {}, which had not been connected",
                         name_of(v, a), a.qid, v.name_of(a.controller));
    });
  }
}

/// The CNTLID in the data of each Connect, by the event of its command.
std::map<std::uint32_t, std::uint16_t> connect_ids(const RunView& v) {
  std::map<std::uint32_t, std::uint16_t> ids;
  for (const Exchange& x : v.exchanges) {
    if (!x.command.is(FabricsType::connect))
      continue;
    for (std::uint32_t i = x.index + 1; i < v.log.all().size(); ++i) {
      const Event& e = v.event(i);
      if (e.kind != Kind::host_data)
        break;
      if (e.get<"offset">() == wire::connect_data_offset::cntlid)
        ids[x.index] = static_cast<std::uint16_t>(e.get<"value">());
    }
  }
  return ids;
}

void connect_names_controller(const RunView& v, Ledger& ledger) {
  const auto ids = connect_ids(v);
  for (const Exchange& x : v.exchanges) {
    const auto connect = wire::as_connect(x.command);
    if (!connect || x.association == nothing)
      continue;
    const auto found = ids.find(x.index);
    const std::uint16_t named = found == ids.end() ? std::uint16_t{0} : found->second;
    const std::uint16_t wanted =
        x.qid == 0 ? wire::cntlid_dynamic : v.associations[x.association].cntlid;
    ledger.expect(named == wanted && connect->qid == x.qid, x.sent, [&] {
      return fmt::format(
          "{} sent Connect for queue {} with queue id {} and controller id 0x{:x}; "
          "0x{:x} was expected",
          v.name_of(x.controller), x.qid, connect->qid, named, wanted);
    });
  }
}

/// A queue: controller, queue id, association.
using QueueKey = std::tuple<std::uint32_t, std::uint16_t, std::uint32_t>;

void queue_is_never_overrun(const RunView& v, Ledger& ledger) {
  std::map<QueueKey, std::uint32_t> sizes;
  for (const Exchange& x : v.exchanges) {
    const auto connect = wire::as_connect(x.command);
    if (!connect)
      continue;
    const std::uint32_t wanted =
        x.qid == 0 ? admin_sqsize : v.connect_of(x.controller).queue_size - 1;
    sizes[{x.controller, x.qid, x.association}] = connect->sqsize;
    ledger.expect(connect->sqsize == wanted, x.sent, [&] {
      return fmt::format("{} connected queue {} with SQSIZE {}; {} was expected",
                         v.name_of(x.controller), x.qid, connect->sqsize, wanted);
    });
  }
  std::map<std::uint64_t, const Attempt*> by_token;
  for (const Attempt& a : v.attempts)
    by_token[a.token] = &a;
  std::map<QueueKey, std::uint32_t> in_flight;
  for (const Event& e : v.log.all()) {
    const bool begins = e.kind == Kind::attempt_sent;
    if (!begins && e.kind != Kind::attempt_done && e.kind != Kind::attempt_abandoned)
      continue;
    const Attempt& a = *by_token.at(e.get<"token">());
    const QueueKey key{a.controller, a.qid, a.association};
    in_flight[key] += begins ? 1U : ~0U;
    if (!begins)
      continue;
    // A full submission queue has one free entry (0's based size).
    ledger.expect(in_flight[key] <= sizes[key], e.at, [&] {
      return fmt::format("{} has {} commands in flight on queue {}, whose SQSIZE is {}",
                         v.name_of(a.controller), in_flight[key], a.qid, sizes[key]);
    });
  }
}

void asks_for_identity_again(const RunView& v, Ledger& ledger) {
  for (const Association& a : v.associations) {
    if (a.number == 0 || a.live == never)
      continue;
    ledger.expect(a.identify != nothing && v.exchanges[a.identify].sent >= a.begun, a.live, [&] {
      return fmt::format("{} is LIVE again at {} without having read Identify Controller",
                         v.name_of(a.controller), text(a.live));
    });
  }
}

void keeps_to_number_of_queues(const RunView& v, Ledger& ledger) {
  std::map<std::uint32_t, std::uint32_t> granted;  // by association
  for (const Exchange& x : v.exchanges) {
    if (x.association == nothing)
      continue;
    if (asks_for_queues(x) && x.ok() && !x.by_operator)
      granted[x.association] =
          wire::QueueCounts::decode(static_cast<std::uint32_t>(x.result)).submission;
    if (!is_io_connect(x) || !granted.contains(x.association))
      continue;
    ledger.expect(x.qid <= granted[x.association], x.sent, [&] {
      return fmt::format("{} connected queue {} after {} had been granted", v.name_of(x.controller),
                         x.qid, granted[x.association]);
    });
  }
}

/// Asynchronous Event Configuration and a request for events follow LIVE, and each event is
/// followed by another request.
void asks_for_events(const RunView& v, Ledger& ledger) {
  const auto sent_after = [&](const Association& a, TimePoint t, auto is) -> const Exchange* {
    for (const Exchange& x : v.exchanges) {
      if (x.association != nothing && &v.associations[x.association] == &a && x.sent >= t &&
          !x.by_operator && is(x))
        return &x;
    }
    return nullptr;
  };
  const auto configures = [](const Exchange& x) {
    return x.is_feature(AdminOpcode::set_features, FeatureId::async_event_configuration);
  };
  const auto requests = [](const Exchange& x) { return x.is(AdminOpcode::async_event_request); };
  for (const Association& a : v.associations) {
    if (a.live == never || a.live + promptly > v.end)
      continue;
    const Exchange* configured = sent_after(a, a.live, configures);
    ledger.expect(configured != nullptr && configured->sent <= a.live + promptly, a.live, [&] {
      return fmt::format("{}, LIVE since {}, has not configured its events",
                         v.name_of(a.controller), text(a.live));
    });
    const TimePoint from =
        configured == nullptr || !configured->ok() ? never : configured->answered;
    const bool still_live = a.recovery == nothing || v.recoveries[a.recovery].started > from;
    if (from == never || !still_live || from + promptly > v.end)
      continue;
    const Exchange* posted = sent_after(a, from, requests);
    ledger.expect(posted != nullptr && posted->sent <= from + promptly, from, [&] {
      return fmt::format("{} has configured its events at {} and posted no request for them",
                         v.name_of(a.controller), text(from));
    });
  }
  for (const Exchange& x : v.exchanges) {
    if (!requests(x) || x.by_operator || !x.ok() || x.association == nothing ||
        x.answered + promptly > v.end)
      continue;
    const Association& a = v.associations[x.association];
    if (a.recovery != nothing && v.recoveries[a.recovery].started <= x.answered + promptly)
      continue;
    const Exchange* again = sent_after(a, x.answered, requests);
    ledger.expect(again != nullptr && again->sent <= x.answered + promptly, x.answered, [&] {
      return fmt::format("{} was told of an event at {} and posted no request for the next one",
                         v.name_of(x.controller), text(x.answered));
    });
  }
}

const scenario::Subsystem* subsystem_at(const RunView& v, std::uint64_t subsystem) {
  return subsystem < v.scenario.subsystems.size() ? &v.scenario.subsystems[subsystem] : nullptr;
}

void ids_are_unique(const RunView& v, Ledger& ledger) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> taken;
  for (const Event& e : v.log.all()) {
    if (e.kind != Kind::controller_created && e.kind != Kind::controller_freed)
      continue;
    const std::pair key{e.get<"subsystem">(), e.get<"cntlid">()};
    const auto* subsystem = subsystem_at(v, key.first);
    if (subsystem == nullptr)
      continue;  // discovery
    if (e.kind == Kind::controller_freed) {
      taken.erase(key);
      continue;
    }
    const bool in_range =
        key.second >= subsystem->attr_cntlid_min && key.second <= subsystem->attr_cntlid_max;
    ledger.expect(in_range && taken.insert(key).second, e.at, [&] {
      return fmt::format("subsystem {} gave out controller id {}, which was {}", subsystem->name,
                         key.second, in_range ? "in use" : "out of its range");
    });
  }
}

constexpr Check all[] = {
    {"AS-1", steps_in_order},           {"AS-2", io_on_connected_queues},
    {"AS-3", connect_names_controller}, {"AS-4", queue_is_never_overrun},
    {"AS-5", asks_for_identity_again},  {"AS-6", keeps_to_number_of_queues},
    {"AS-7", asks_for_events},          {"AS-8", ids_are_unique},
};

}  // namespace

std::span<const Check> association_checks() { return all; }

}  // namespace holdfast::conform
