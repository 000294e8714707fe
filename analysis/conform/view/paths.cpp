// SPDX-License-Identifier: Apache-2.0
// From the trace to what a host knew of its paths; see paths.hpp.
#include "analysis/conform/view/paths.hpp"

#include <algorithm>

#include "sim/check.hpp"

namespace holdfast::conform {

namespace {

/// nvmet's ANA log, which Linux always asks for as a whole.
constexpr std::size_t ana_log_bytes = 8208;

/// The last element of a list in the order of events that lies before one; end if there is none.
template <class List>
auto last_before(const List& list, std::uint32_t index) {
  const auto after = std::partition_point(list.begin(), list.end(),
                                          [&](const auto& e) { return e.index < index; });
  return after == list.begin() ? list.end() : std::prev(after);
}

}  // namespace

Paths::Paths(const RunView& view) : v_(view), of_(view.controllers.size()) {
  const auto events = v_.log.all();
  std::vector<std::uint32_t> last_nsid(of_.size());
  for (std::uint32_t i = 0; i < events.size(); ++i) {
    const Event& e = events[i];
    if (e.kind == Kind::controller_state) {
      of_[e.get<"controller">()].changes.push_back({i, static_cast<host::State>(e.get<"to">())});
    } else if (e.kind == Kind::command_sent && e.get<"qid">() != 0) {
      last_nsid[e.get<"controller">()] = static_cast<std::uint32_t>(e.get<"sqe0">() >> 32);
    } else if (e.kind == Kind::attempt_sent) {
      nsid_.emplace_back(e.get<"token">(), last_nsid[e.get<"controller">()]);
    }
  }
  std::stable_sort(nsid_.begin(), nsid_.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<const Exchange*> answered;
  for (const Exchange& x : v_.exchanges) {
    if (x.ok() && x.qid == 0)
      answered.push_back(&x);
  }
  std::sort(answered.begin(), answered.end(),
            [](const Exchange* a, const Exchange* b) { return a->answer_index < b->answer_index; });
  for (const Exchange* x : answered)
    read(*x);
  for (const Attempt& a : v_.attempts) {
    if (a.ended != never && a.status.is_ana_error())
      of_[a.controller].ana_errors.push_back(a.end_index);
  }
  for (One& one : of_)
    std::sort(one.ana_errors.begin(), one.ana_errors.end());
}

void Paths::read(const Exchange& x) {
  if (x.by_operator)
    return;  // the kernel does not look at it
  One& one = of_[x.controller];
  if (x.is_log(wire::LogId::ana)) {
    std::vector<std::byte> page = x.data;
    page.resize(ana_log_bytes);
    wire::AnaLogReader reader(page);
    Log log{x.answer_index, x.answered, x.association, false, {}};
    while (const auto group = reader.next()) {
      log.in_change = log.in_change || group->state == wire::AnaState::change;
      for (std::uint32_t i = 0; i < group->namespaces; ++i)
        log.state[reader.nsid(i)] = group->state;
    }
    one.logs.push_back(std::move(log));
  } else if (x.is(wire::AdminOpcode::identify) &&
             (x.command.cdw10 & 0xff) == wire::raw(wire::Cns::identify_namespace)) {
    one.found.emplace(x.command.nsid, x.answer_index);
  }
}

host::State Paths::state_before(std::uint32_t controller, std::uint32_t index) const {
  const auto& list = of_[controller].changes;
  const auto found = last_before(list, index);
  return found == list.end() ? host::State::fresh : found->to;
}

std::optional<wire::AnaState> Paths::ana_before(std::uint32_t controller, std::uint32_t nsid,
                                                std::uint32_t index) const {
  const auto& list = of_[controller].logs;
  const auto found = last_before(list, index);
  if (found == list.end())
    return {};
  const auto state = found->state.find(nsid);
  return state == found->state.end() ? std::nullopt : std::optional(state->second);
}

bool Paths::is_pending(std::uint32_t controller, std::uint32_t index) const {
  const auto& errors = of_[controller].ana_errors;
  const auto after = std::lower_bound(errors.begin(), errors.end(), index);
  if (after == errors.begin())
    return false;
  const auto& logs = of_[controller].logs;
  const auto log = last_before(logs, index);
  return log == logs.end() || log->index < *std::prev(after);
}

bool Paths::is_usable(std::uint32_t controller, std::uint32_t nsid, std::uint32_t index) const {
  const auto found = of_[controller].found.find(nsid);
  if (state_before(controller, index) != host::State::live || is_pending(controller, index) ||
      found == of_[controller].found.end() || found->second >= index)
    return false;
  const auto ana = ana_before(controller, nsid, index);
  return ana == wire::AnaState::optimized || ana == wire::AnaState::non_optimized;
}

std::uint32_t Paths::other_usable(std::uint32_t controller, std::uint32_t nsid,
                                  std::uint32_t index) const {
  for (std::uint32_t c = 0; c < of_.size(); ++c) {
    if (are_siblings(v_, controller, c) && is_usable(c, nsid, index))
      return c;
  }
  return nothing;
}

std::uint32_t Paths::nsid_of(const Attempt& a) const {
  const auto behind = std::upper_bound(nsid_.begin(), nsid_.end(), a.token,
                                       [](auto token, const auto& e) { return token < e.first; });
  HOLDFAST_CHECK(behind != nsid_.begin() && std::prev(behind)->first == a.token,
                 "an attempt that was never sent");
  return std::prev(behind)->second;  // of those with that token the last one
}

}  // namespace holdfast::conform
