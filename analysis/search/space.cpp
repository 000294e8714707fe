// SPDX-License-Identifier: Apache-2.0
// Which choice points may deviate, and worlds of answers; see space.hpp.
#include "analysis/search/space.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "analysis/run/io_statistics.hpp"
#include "sim/random.hpp"

namespace holdfast::analysis::search {

namespace {

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// Whether a choice point answers yes or no; a script that leaves one out says no.
bool says_yes_or_no(const std::string& name) {
  return ends_with(name, "/loss") || ends_with(name, "/duplicate") ||
         ends_with(name, "/loss state") || ends_with(name, "/notice loss");
}

std::vector<std::string> names_from(const World& w, std::size_t first) {
  std::vector<std::string> names;
  for (std::size_t i = first; i < w.choices.count(); ++i)
    names.push_back(w.choices.name(sim::ChoiceId{static_cast<std::uint32_t>(i)}));
  return names;
}

scenario::Scenario without_faults(scenario::Scenario s) {
  s.faults.clear();
  s.choices.reset();  // some are of the faults that are not there yet
  return s;
}

}  // namespace

Space::Space(const scenario::Scenario& scenario, Objective wanted)
    : bounds(scenario.adversary.value_or(scenario::Adversary{})),
      objective(wanted),
      end(sim::epoch + scenario.duration),
      scenario_(scenario) {
  from = sim::epoch + bounds.from;
  until = bounds.until ? std::min(sim::epoch + *bounds.until, end) : end;
  let_packets_be_held();
  if (scenario.choices)
    base_.choices.replay(scenario::script_of(*scenario.choices));
  names_ = scenario::build_named(base_, without_faults(scenario_));
  watch();
  plan();
  pin();
  find_thrown();
}

/// An emulator in front of each link, which does nothing but to ask. They come last, so that what
/// the scenario says of faults by their place stays true.
void Space::let_packets_be_held() {
  if (bounds.packet_delays == 0 || !bounds.packet_delay)
    return;
  for (const scenario::Link& link : scenario_.fabric.links) {
    if (bounds.links &&
        std::find(bounds.links->begin(), bounds.links->end(), link.name) == bounds.links->end())
      continue;
    scenario::Impair emulator;
    emulator.link = link.name;
    emulator.asks = true;
    scenario_.faults.push_back(emulator);
  }
}

void Space::watch() {
  const auto add = [&](sim::ChoiceId id, Kind kind) {
    const std::string& name = base_.choices.name(id);
    watched.push_back({id, kind, sim::hash_name(name), name, {}});
  };
  if (bounds.losses != 0) {
    for (std::size_t i = 0; i < base_.net.channels.size(); ++i) {
      const std::string& link = base_.net.links[i / 2].name;
      if (!bounds.links ||
          std::find(bounds.links->begin(), bounds.links->end(), link) != bounds.links->end())
        add(base_.net.channels[i].loss_choice, Kind::loss);
    }
  }
  if (bounds.notices != 0) {
    for (const target::Subsystem& s : base_.target.subsystems)
      add(s.notice_choice, Kind::notice);
  }
  if (bounds.delays == 0 || !bounds.delay)
    return;
  for (const target::Namespace& n : base_.target.namespaces) {
    if (bounds.writes)
      add(n.write_choice, Kind::delay);
    if (bounds.reads)
      add(n.read_choice, Kind::delay);
  }
}

void Space::plan() {
  World w = base_;
  std::map<std::size_t, std::vector<std::string>> points;
  for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
    const std::size_t before = w.choices.count();
    scenario::add_fault(w, scenario_.faults[i], names_);
    points[i] = names_from(w, before);
  }
  for (const net::Netem& n : w.net.netems) {
    if (!n.p.asks || bounds.packet_delays == 0 || !bounds.packet_delay)
      continue;
    const std::string& name = w.choices.name(n.hold);
    watched.push_back({n.hold, Kind::held, sim::hash_name(name), name, n.channel});
  }
  for (const scenario::FaultBounds& b : bounds.faults) {
    const auto add = [&](Kind kind, const char* purpose, const std::array<Duration, 2>& range) {
      for (const std::string& name : points[b.fault]) {
        if (ends_with(name, purpose))
          planned.push_back({kind, b.fault, sim::hash_name(name), name, range[0], range[1]});
      }
    };
    if (b.at)
      add(Kind::fault_at, "/at", *b.at);
    if (b.lasts)
      add(Kind::fault_for, "/for", *b.lasts);
  }
}

/// A script says no where it says nothing, so what the own run lost has to stand in it.
void Space::pin() {
  World w = base_;
  w.choices.start_recording();
  if (scenario_.choices)
    w.choices.replay(scenario::script_of(*scenario_.choices));
  for (const scenario::Fault& fault : scenario_.faults)
    scenario::add_fault(w, fault, names_);
  w.calendar.run_until(w, end);
  std::map<std::uint64_t, std::string> yes_or_no;
  for (const std::string& name : names_from(w, 0)) {
    if (says_yes_or_no(name))
      yes_or_no.emplace(sim::hash_name(name), name);
  }
  if (scenario_.choices) {
    pinned_answers_ = *scenario_.choices;
    pinned_ = scenario::script_of(*scenario_.choices);
    return;
  }
  for (const sim::Choice& choice : w.choices.record()) {
    const auto name = yes_or_no.find(choice.stream);
    if (name == yes_or_no.end() || choice.value == 0)
      continue;
    pinned_.push_back(choice);
    pinned_answers_.push_back({name->second, choice.ordinal, true, std::nullopt});
  }
}

sim::ChoiceScript Space::script_of(const std::vector<Deviation>& deviations) const {
  sim::ChoiceScript script = pinned_;
  for (const Deviation& d : deviations)
    script.push_back(d.choice);  // the last entry for a choice wins
  return script;
}

bool Space::says_yes(const std::vector<Deviation>& deviations, std::uint64_t stream,
                     std::uint64_t ordinal) const {
  bool yes = false;
  for (const sim::Choice& c : pinned_) {
    if (c.stream == stream && c.ordinal == ordinal)
      yes = c.value != 0;
  }
  for (const Deviation& d : deviations) {
    if (d.choice.stream == stream && d.choice.ordinal == ordinal)
      yes = d.choice.value != 0;
  }
  return yes;
}

std::vector<scenario::Answer> Space::answers_of(const std::vector<Deviation>& deviations) const {
  std::vector<scenario::Answer> answers = pinned_answers_;
  for (const Deviation& d : deviations) {
    scenario::Answer one{d.point, d.choice.ordinal, std::nullopt, std::nullopt};
    if (is_yes_or_no(d.kind)) {
      one.happens = d.choice.value != 0;
    } else {
      one.time = Duration{d.choice.value};
    }
    const auto same = std::find_if(answers.begin(), answers.end(), [&](const auto& other) {
      return other.point == one.point && other.ordinal == one.ordinal;
    });
    if (same != answers.end())
      *same = std::move(one);
    else
      answers.push_back(std::move(one));
  }
  return answers;
}

void Space::find_thrown() {
  const World w = root({});
  for (std::uint32_t i = 0; i < w.choices.count(); ++i) {
    const sim::ChoiceId id{i};
    const bool constant = std::any_of(
        w.target.namespaces.begin(), w.target.namespaces.end(), [&](const target::Namespace& n) {
          return (n.read_choice == id && n.read.kind == Span::Kind::constant) ||
                 (n.write_choice == id && n.write.kind == Span::Kind::constant);
        });
    if (!constant && !says_yes_or_no(w.choices.name(id)))
      thrown_.push_back(id);
  }
}

World Space::root(const std::vector<Deviation>& deviations) const {
  World w = base_;
  w.choices.replay(script_of(deviations));
  for (const scenario::Fault& fault : scenario_.faults)
    scenario::add_fault(w, fault, names_);
  return w;
}

std::int64_t Space::value_of(const World& w) const {
  switch (objective) {
    case Objective::corruption:
      return w.oracle.counts.corrupt() ? 1 : 0;
    case Objective::exposure:
      return oracle::exposure_until(w.oracle, w.now()).longest.count();
    case Objective::stall:
      break;
  }
  return longest_stall(w).length.count();
}

bool Space::is_settled(const World& w) const {
  if (objective == Objective::corruption && w.oracle.counts.corrupt())
    return true;
  // Or all applications have ended, and nothing that they asked for can land any more.
  return w.oracle.attempts.live() == 0 && w.host.ios.live() == 0 &&
         std::all_of(w.workload.jobs.begin(), w.workload.jobs.end(),
                     [](const workload::Job& job) { return job.finished; });
}

std::int64_t Space::finish(World& w) const {
  while (!is_settled(w)) {
    if (!w.calendar.step(w, end)) {
      w.calendar.advance_to(end);
      break;
    }
  }
  return value_of(w);
}

}  // namespace holdfast::analysis::search
