// SPDX-License-Identifier: Apache-2.0
// What one does never changes another's result: a world goes as it goes, whatever hosts,
// subsystems, links, loads and faults there are besides, as long as nothing is shared.
#include <catch2/catch.hpp>
#include <optional>

#include "analysis/run/result.hpp"
#include "models/scenario/builder/builder.hpp"
#include "tests/property/laws_worlds.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::laws;

/// Another scenario's whole world beside it. Nothing is shared but the calendar, the arenas and the
/// oracle. Random streams are keyed by names, so nobody's dice fall differently.
std::string beside_another(const json& document, std::uint64_t seed) {
  const First first(scenario_of(document), most_records);
  json both = generate::joined(document, neighbour(document, seed));
  both["duration"] = "3600s";  // the neighbour's faults may come after the end of the first run
  return difference(first, scenario_of(both), {});
}

/// The same with the other one first in every list: nobody's dice, and nobody's turn, depend on how
/// many stand before him.
std::string behind_another(const json& document, std::uint64_t seed) {
  const First first(scenario_of(document), most_records);
  const json other = neighbour(document, seed);
  json both = document;
  for (const char* list : {"subsystems", "hosts", "workloads", "faults"})
    both[list] = other.value(list, json::array());
  for (const char* list : {"links", "groups"})
    both["fabric"][list] = other.at("fabric").value(list, json::array());
  both = generate::joined(std::move(both), document);
  both["duration"] = "3600s";
  Change change;
  // One that names a group of links is several.
  World alone;
  scenario::build(alone, scenario_of(other));
  change.faults_before = alone.fault.faults.size();
  const std::size_t others = jobs_of(scenario_of(other).workloads);
  for (std::size_t i = 0; i < jobs_of(first.s.workloads); ++i)
    change.jobs.push_back(others + i);
  return difference(first, scenario_of(both), change);
}

/// All that a run answers up to an instant, as if it were its end, without what says which scenario
/// it was.
json answer_of(const Scenario& s, sim::TimePoint end) {
  World w;
  scenario::build(w, s);
  w.calendar.run_until(w, end);
  json out = analysis::result_document(s, w, "native", std::nullopt);
  out.erase("scenario_hash");
  return out;
}

std::string same_answer(const json& document, const json& other) {
  const Scenario one = scenario_of(document);
  const sim::TimePoint end = First(one, most_records).end;
  const json a = answer_of(one, end);
  const json b = answer_of(scenario_of(other), end);
  return a == b ? std::string() : json::diff(a, b).dump(1);
}

/// Twice the links and subsystems, and nobody who uses the new ones: the same hashes.
std::string in_twice_the_fabric(const json& document, std::uint64_t /*seed*/) {
  json idle = generate::renamed(document, [](const std::string& n) { return "idle-" + n; });
  for (const char* list : {"hosts", "workloads", "faults"})
    idle[list] = json::array();
  for (json& link : idle["fabric"]["links"])
    link.erase("bond");  // which is of a host
  // The number of a discovery subsystem comes after those of all others.
  if (document.dump().find("\"discovery\"") != std::string::npos)
    idle["subsystems"] = json::array();
  return same_answer(document, generate::joined(document, idle));
}

/// Faults of several kinds, all of them one second after the end.
std::string before_a_fault(const json& document, std::uint64_t /*seed*/) {
  const Scenario s = scenario::from_json(document, "law");
  const std::string at = std::to_string((s.duration + std::chrono::seconds{1}).count()) + "ns";
  const std::string link = s.fabric.links[0].name;
  const std::string host = s.hosts[0].name;
  json later = document;
  later["duration"] = std::to_string((s.duration + std::chrono::seconds{9}).count()) + "ns";
  for (const char* type : {"link_down", "blackhole", "loss"}) {
    later["faults"].push_back({{"type", type}, {"at", at}, {"link", link}});
    if (later["faults"].back()["type"] == "loss")
      later["faults"].back()["probability"] = "50%";
  }
  later["faults"].push_back({{"type", "admin_stall"},
                             {"at", at},
                             {"subsystem", s.subsystems[0].name},
                             {"controller", 1}});
  later["faults"].push_back(
      {{"type", "reset_controller"}, {"at", at}, {"host", host}, {"controller", "nvme0"}});
  return same_answer(document, later);
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("a drawn world does not see what is beside it", "[property][laws]",
                       ((std::uint64_t batch), batch), 0, 1, 2, 3, 4, 5, 6, 7) {
  try_on_drawn(1 + 125 * batch, 125, beside_another);
}

TEMPLATE_TEST_CASE_SIG("a drawn world does not see what stands before it", "[property][laws]",
                       ((std::uint64_t batch), batch), 0, 1, 2, 3, 4, 5, 6, 7) {
  try_on_drawn(1 + 125 * batch, 125, behind_another);
}

TEMPLATE_TEST_CASE_SIG("a bundled scenario does not see what stands before it", "[property][laws]",
                       ((std::uint64_t half), half), 0, 1) {
  try_on_bundled(half, 2, behind_another);
}

TEMPLATE_TEST_CASE_SIG("a bundled scenario does not see what is beside it", "[property][laws]",
                       ((std::uint64_t half), half), 0, 1) {
  try_on_bundled(half, 2, beside_another);
}

TEMPLATE_TEST_CASE_SIG("twice the fabric changes nothing if nobody uses it", "[property][laws]",
                       ((std::uint64_t batch), batch), 0, 1, 2, 3, 4, 5, 6, 7) {
  try_on_drawn(1 + 125 * batch, 125, in_twice_the_fabric);
  try_on_bundled(batch, 8, in_twice_the_fabric);
}

TEMPLATE_TEST_CASE_SIG("a fault after the end changes nothing", "[property][laws]",
                       ((std::uint64_t batch), batch), 0, 1, 2, 3, 4, 5, 6, 7) {
  try_on_drawn(1 + 125 * batch, 125, before_a_fault);
  try_on_bundled(batch, 8, before_a_fault);
}
