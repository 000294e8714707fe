// SPDX-License-Identifier: Apache-2.0
// Names and places in lists are the reader's business: other ones change what things are called,
// and nothing that happens.
#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>

#include "models/scenario/builder/builder.hpp"
#include "sim/random.hpp"
#include "tests/property/laws_worlds.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::laws;

/// The other end of the alphabet: a name keeps its length, and no two become the same, but names
/// are in another order and may be what somebody else was called before.
std::string mirrored(std::string name) {
  for (char& c : name) {
    if (c >= 'a' && c <= 'z')
      c = static_cast<char>('a' + ('z' - c));
  }
  return name;
}

using NewName = std::function<std::string(const std::string& name, std::uint32_t place)>;

/// What was chosen in a run, for a world in which the choice points have other names.
sim::ChoiceScript translated(const World& first, const NewName& renamed) {
  std::map<std::uint64_t, std::uint64_t> streams;
  for (std::uint32_t i = 0; i < first.choices.count(); ++i) {
    const std::string& name = first.choices.name(sim::ChoiceId{i});
    streams[sim::hash_name(name)] = sim::hash_name(renamed(name, i));
  }
  sim::ChoiceScript script = first.choices.record();
  for (sim::Choice& c : script)
    c.stream = streams.at(c.stream);
  return script;
}

/// Other names. Draws belong to names, so the dice would fall otherwise: what was drawn in the
/// first run is dictated to the second one, and all else must follow. What a host or a target says
/// of its names on the wire is not compared.
std::string under_other_names(const json& document, std::uint64_t /*seed*/) {
  const First first(scenario_of(document), most_records, true);
  const Scenario other = scenario_of(generate::renamed(document, mirrored));
  Built names;
  build(names, other);
  REQUIRE(first.built.w.choices.count() == names.w.choices.count());
  const sim::ChoiceScript script = translated(
      first.built.w, [&](const auto&, auto i) { return names.w.choices.name(sim::ChoiceId{i}); });
  Change change;
  change.renamed = mirrored;
  change.masks_names = true;
  return difference(first, other, change, [&](World& w) { w.choices.replay(script); });
}

/// Gives each connection and each load an instant of its own: what begins at the same one has no
/// order but that of the list, and that order decides who is first on a link that both use.
void untie(Scenario& s) {
  sim::Duration later{};
  const auto next = [&] { return later += std::chrono::nanoseconds{1009}; };
  for (auto& h : s.hosts) {
    for (auto& c : h.connect)
      c.at += next();
  }
  for (auto& one : s.workloads)
    std::visit([&](auto& load) { load.start += next(); }, one);
}

/// Choice points of the loads of two worlds that are called alike on one device are numbered in the
/// order of the list.
std::map<std::string, std::string> names_of_loads(const World& first, const World& second,
                                                  const std::vector<std::size_t>& jobs) {
  std::map<std::string, std::string> out;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto* one = std::get_if<workload::Fio>(&first.workload.jobs[i].program);
    if (one == nullptr)
      continue;
    const auto& other = std::get<workload::Fio>(second.workload.jobs[jobs[i]].program);
    out[first.choices.name(one->place_choice)] = second.choices.name(other.place_choice);
    out[first.choices.name(one->direction_choice)] = second.choices.name(other.direction_choice);
  }
  return out;
}

/// Links, subsystems, hosts and loads in the reverse order. Connections keep theirs: it says which
/// of them is nvme0 and who is first in round-robin. So do faults, of which several may strike one
/// thing at one instant.
std::string in_another_order(const json& document, std::uint64_t /*seed*/) {
  Scenario s = scenario_of(document);
  untie(s);
  const First first(s, most_records, true);
  Scenario other = s;
  std::reverse(other.fabric.links.begin(), other.fabric.links.end());
  std::reverse(other.subsystems.begin(), other.subsystems.end());
  std::reverse(other.hosts.begin(), other.hosts.end());
  std::reverse(other.workloads.begin(), other.workloads.end());
  Change change;
  change.order_within_instant = false;
  std::size_t after = jobs_of(s.workloads);
  for (const auto& one : s.workloads) {
    after -= jobs_of({one});
    for (std::size_t i = 0; i < jobs_of({one}); ++i)
      change.jobs.push_back(after + i);
  }
  Built reversed;
  build(reversed, other);
  const auto loads = names_of_loads(first.built.w, reversed.w, change.jobs);
  const sim::ChoiceScript script = translated(first.built.w, [&](const auto& name, auto) {
    const auto load = loads.find(name);
    return load == loads.end() ? name : load->second;
  });
  return difference(first, other, change, [&](World& w) { w.choices.replay(script); });
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("other names change what things are called", "[property][laws]",
                       ((std::uint64_t batch), batch), 0, 1, 2, 3, 4, 5, 6, 7) {
  try_on_drawn(1 + 125 * batch, 125, under_other_names);
  try_on_bundled(batch, 8, under_other_names);
}

TEMPLATE_TEST_CASE_SIG("another order of the lists changes nothing", "[property][laws]",
                       ((std::uint64_t batch), batch), 0, 1, 2, 3, 4, 5, 6, 7) {
  try_on_drawn(1 + 125 * batch, 125, in_another_order);
  try_on_bundled(batch, 8, in_another_order);
}
