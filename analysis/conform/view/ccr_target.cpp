// SPDX-License-Identifier: Apache-2.0
// Working out what ccr_target.hpp promises.
#include "analysis/conform/view/ccr_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace holdfast::conform {

namespace {

/// The first event of a list after another one that is of that command of the admin queue.
std::uint32_t next_event(const RunView& v, const std::vector<std::uint32_t>& list,
                         std::uint32_t after, std::uint16_t cid) {
  const auto from = std::upper_bound(list.begin(), list.end(), after);
  const auto found = std::find_if(from, list.end(), [&](std::uint32_t i) {
    return v.event(i).get<"qid">() == 0 && v.event(i).get<"cid">() == cid;
  });
  return found == list.end() ? nothing : *found;
}

std::uint32_t target_of_exchange(const RunView& v, const Exchange& x) {
  return x.association == nothing ? nothing : v.associations[x.association].target;
}

}  // namespace

std::optional<wire::CcrStatus> LogRead::status_of(const wire::CrossControllerReset& n) const {
  if (!page)
    return std::nullopt;
  const auto entry = page->find(n.icid, n.ciu);
  return entry ? std::optional(entry->status) : std::nullopt;
}

CcrTargetView::CcrTargetView(const RunView& view) : v(view) {
  freed.assign(v.targets.size(), nothing);
  find_instances();
  find_identities();
  find_served();
  find_reads();
}

std::string CcrTargetView::name_of(std::uint32_t target) const {
  return fmt::format("controller {}", v.targets[target].cntlid);
}

/// The youngest controller of that id; the k-th one was made by the k-th controller_created.
std::uint32_t CcrTargetView::target_at(const Event& e, std::uint32_t index) const {
  const auto& created = v.log.places(Kind::controller_created);
  for (std::size_t k = created.size(); k-- > 0;) {
    if (created[k] < index && v.targets[k].subsystem == e.get<"subsystem">() &&
        v.targets[k].cntlid == e.get<"cntlid">())
      return static_cast<std::uint32_t>(k);
  }
  return nothing;
}

void CcrTargetView::find_instances() {
  v.each_indexed(Kind::controller_ready, [&](const Event& e, std::uint32_t i) {
    const std::uint32_t t = target_at(e, i);
    if (t == nothing)
      return;
    for (Instance& old : instances) {
      if (old.target == t && old.end == nothing)
        old.end = i;
    }
    Instance made;
    made.target = t;
    made.ready = i;
    instances.push_back(made);
  });
  v.each_indexed(Kind::controller_freed, [&](const Event& e, std::uint32_t i) {
    const std::uint32_t t = target_at(e, i);
    if (t == nothing)
      return;
    freed[t] = i;
    for (Instance& old : instances) {
      if (old.target == t && old.end == nothing)
        old.end = i;
    }
  });
}

void CcrTargetView::find_identities() {
  for (const Exchange& x : v.exchanges) {
    const std::uint32_t t = target_of_exchange(v, x);
    if (t == nothing || !x.ok() || !x.is(wire::AdminOpcode::identify) ||
        (x.command.cdw10 & 0xff) != wire::raw(wire::Cns::identify_controller))
      continue;
    std::vector<std::byte> page = x.data;
    page.resize(wire::identify_bytes);
    const auto identity = *wire::decode_identify_controller(page);
    const std::uint32_t answered = next_event(v, v.targets[t].answers, x.index, x.command.cid);
    for (Instance& i : instances) {
      if (i.target != t || i.ready > answered || i.end < answered)
        continue;
      i.identified = true;
      i.ciu = identity.ciu;
      i.cirn = identity.cirn;
    }
  }
}

void CcrTargetView::find_served() {
  for (const Ccr& c : v.ccrs) {
    Served s;
    s.ccr = &c;
    s.exchange = &v.exchanges[c.exchange];
    const std::uint32_t t = target_of_exchange(v, *s.exchange);
    if (t == nothing)
      continue;
    s.source = t;
    s.fetched = next_event(v, v.targets[t].fetches, s.exchange->index, s.exchange->command.cid);
    if (s.fetched == nothing || v.event(s.fetched).get<"opcode">() != s.exchange->command.opcode)
      continue;
    s.answered = next_event(v, v.targets[t].answers, s.fetched, s.exchange->command.cid);
    if (s.answered != nothing) {
      const Event& e = v.event(s.answered);
      s.status = wire::Status(static_cast<std::uint16_t>(e.get<"status">()));
      s.result = e.get<"result">();
    }
    classify(s);
    served.push_back(s);
  }
}

void CcrTargetView::classify(Served& s) const {
  const wire::CrossControllerReset& n = s.ccr->names;
  const TargetController& source = v.targets[s.source];
  for (std::uint32_t i = 0; i < instances.size(); ++i) {
    const Instance& one = instances[i];
    const TargetController& t = target_of(one);
    if (t.subsystem != source.subsystem || t.cntlid != n.icid || one.ready > s.fetched)
      continue;
    if (one.end > s.fetched)
      s.there = i;
    if (one.identified && one.ciu == n.ciu && one.cirn == n.cirn)
      s.meant = i;
  }
  if (n.icid == source.cntlid) {
    s.names = Names::own;
  } else if (s.there == nothing) {
    // It may be there and not have been ready yet.
    const bool exists = std::any_of(v.targets.begin(), v.targets.end(), [&](const auto& t) {
      return t.subsystem == source.subsystem && t.cntlid == n.icid && t.created <= at(s.fetched) &&
             t.freed > at(s.fetched);
    });
    s.names = exists ? Names::other : Names::nobody;
  } else if (!instances[s.there].identified) {
    s.names = Names::other;
  } else if (s.meant == s.there) {
    const bool mine = target_of(instances[s.there]).host == source.host;
    s.names = mine ? Names::proper : Names::foreign;
  } else if (s.meant != nothing) {
    s.names = Names::stale;
  } else if (instances[s.there].cirn == n.cirn) {
    s.names = Names::wrong_ciu;
  } else if (instances[s.there].ciu == n.ciu) {
    s.names = Names::wrong_cirn;
  }
}

void CcrTargetView::find_reads() {
  for (const Exchange& x : v.exchanges) {
    const std::uint32_t t = target_of_exchange(v, x);
    if (t == nothing || !x.is_log(wire::LogId::cross_controller_reset))
      continue;
    LogRead r;
    r.exchange = &x;
    r.source = t;
    r.fetched = next_event(v, v.targets[t].fetches, x.index, x.command.cid);
    if (r.fetched == nothing)
      continue;
    r.answered = next_event(v, v.targets[t].answers, r.fetched, x.command.cid);
    if (r.answered == nothing ||
        !wire::Status(static_cast<std::uint16_t>(v.event(r.answered).get<"status">())).ok())
      continue;
    const auto log = *wire::as_get_log_page(x.command);
    r.removes = (log.lsp & wire::ccr_lsp_remove_completed) != 0;
    r.retains = log.retain_async_event;
    if (x.ok()) {
      static constexpr std::array<std::byte, wire::ccr_log_header_bytes> no_entries{};
      r.page =
          x.data.empty() ? wire::CcrLogView::decode(no_entries) : wire::CcrLogView::decode(x.data);
    }
    reads.push_back(r);
  }
}

std::uint32_t CcrTargetView::reset_event(std::uint32_t target) const {
  std::uint32_t found = nothing;
  v.each_indexed(Kind::controller_fatal, [&](const Event& e, std::uint32_t i) {
    const bool reset = e.get<"cause">() == fatal_by_reset || e.get<"cause">() == fatal_by_fence;
    if (reset && found == nothing && target_at(e, i) == target)
      found = i;
  });
  return found;
}

bool CcrTargetView::was_asked(std::uint32_t instance, std::uint32_t before) const {
  return std::any_of(served.begin(), served.end(), [&](const Served& s) {
    return s.names == Names::proper && s.there == instance && s.fetched < before && s.accepted();
  });
}

bool CcrTargetView::was_named(std::uint32_t instance, std::uint32_t before) const {
  return std::any_of(served.begin(), served.end(), [&](const Served& s) {
    const bool rightly = s.names == Names::proper || s.names == Names::foreign;
    return rightly && s.there == instance && s.fetched < before && s.accepted();
  });
}

bool CcrTargetView::is_pending(const Served& s, std::uint32_t at_event) const {
  return s.accepted() && s.names == Names::proper && s.fetched < at_event &&
         freed[instances[s.there].target] > at_event && freed[s.source] > at_event;
}

bool CcrTargetView::is_undisturbed(TimePoint from, TimePoint to) const {
  return std::none_of(v.faults.begin(), v.faults.end(), [&](const FaultWindow& f) {
    const bool then = f.on <= to && f.off >= from;
    if (!then || f.fault >= v.scenario.faults.size())
      return false;
    const auto& what = v.scenario.faults[f.fault];
    return std::holds_alternative<scenario::NodeFault>(what) ||
           std::holds_alternative<scenario::AdminStall>(what);
  });
}

bool CcrTargetView::is_same_instance(std::uint32_t target, std::uint32_t from,
                                     std::uint32_t to) const {
  return std::none_of(instances.begin(), instances.end(), [&](const Instance& i) {
    return i.target == target && i.end > from && i.end < to;
  });
}

}  // namespace holdfast::conform
