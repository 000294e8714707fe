// SPDX-License-Identifier: Apache-2.0
// What a search answers, in words and as a document.
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "analysis/run/incident_story.hpp"
#include "analysis/run/result.hpp"
#include "analysis/search/search.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/scenario/reading/units.hpp"
#include "models/scenario/scenario.hpp"
#include "models/world.hpp"

namespace holdfast::analysis::search {

using nlohmann::json;

namespace {

std::string seconds_of(std::int64_t ns) {
  std::string text = fmt::format("{:.9f}", static_cast<double>(ns) / 1e9);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.')
    text.pop_back();
  return text + " s";
}

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::loss:
      return "loss";
    case Kind::delay:
      return "delay";
    case Kind::held:
      return "held";
    case Kind::notice:
      return "notice";
    case Kind::fault_at:
      return "fault_at";
    case Kind::fault_for:
      break;
  }
  return "fault_for";
}

const char* name_of(Ended ended) {
  switch (ended) {
    case Ended::exhausted:
      return "exhausted";
    case Ended::found:
      return "found";
    case Ended::budget:
      return "budget";
    case Ended::interrupted:
      break;
  }
  return "interrupted";
}

/// What its replay comes to.
void replayed(const scenario::Scenario& finding, json& out) {
  World w = scenario::build(finding);
  w.calendar.run_until(w, sim::epoch + finding.duration);
  out["trace_hash"] = hex(w.trace.hashes().full);
  if (!w.oracle.incidents.empty())
    out["story"] = tell(w, w.oracle.incidents.front());
}

json json_of(const Aftermath& a) {
  return {{"from_s", sim::seconds(a.from - sim::epoch)},
          {"worlds", a.worlds},
          {"safe", a.safe},
          {"whole", a.whole},
          {"critical", a.safe == 0 && a.whole},
          {"says", told(a)}};
}

/// From which instant on all continuations corrupt; none: not even at the last one.
std::optional<TimePoint> inevitable(const std::vector<Chance>& chances) {
  std::optional<TimePoint> since;
  for (const Chance& chance : chances) {
    if (chance.worlds == 0 || chance.corrupt != chance.worlds) {
      since.reset();
    } else if (!since) {
      since = chance.at;
    }
  }
  return since;
}

void add_likelihood(const std::vector<Chance>& chances, json& out) {
  out["likelihood"] = json::array();
  for (const Chance& chance : chances) {
    out["likelihood"].push_back({{"at_s", sim::seconds(chance.at - sim::epoch)},
                                 {"worlds", chance.worlds},
                                 {"corrupt_count", chance.corrupt}});
  }
  const std::optional<TimePoint> since = inevitable(chances);
  out["inevitable_s"] = since ? json(sim::seconds(*since - sim::epoch)) : json(nullptr);
}

json json_of(const Deviation& d) {
  json out = {{"kind", name_of(d.kind)},
              {"point", d.point},
              {"ordinal", d.choice.ordinal},
              {"says", told(d)},
              {"made_s", sim::seconds(d.made - sim::epoch)}};
  if (is_yes_or_no(d.kind)) {
    out["happens"] = d.choice.value != 0;
  } else {
    out["time_s"] = static_cast<double>(d.choice.value) / 1e9;
    out["instead_of_s"] = static_cast<double>(d.own) / 1e9;
  }
  return out;
}

/// With how many worlds were remembered, and how likely it is that two of them were taken for one.
json json_of(const Merging& m) {
  const auto worlds = static_cast<double>(m.distinct);
  return {{"on", m.on},
          {"distinct_count", m.distinct},
          {"again_count", m.again},
          {"collision_probability", std::ldexp(worlds * worlds, -129)}};
}

json bounds_of(const scenario::Scenario& scenario, const scenario::Adversary& bounds) {
  scenario::Scenario with = scenario;
  with.adversary = bounds;
  json out = scenario::to_json(with)["adversary"];
  out["says"] = told(bounds, scenario);
  return out;
}

}  // namespace

std::string told(const Deviation& d) {
  const std::size_t slash = d.point.rfind('/');
  const std::string entity = d.point.substr(0, slash);
  const std::string own = seconds_of(d.own);
  const std::string now = seconds_of(d.choice.value);
  const std::string made = seconds_of(sim::ns(d.made));
  switch (d.kind) {
    case Kind::loss:
      return fmt::format("at {} packet {} of {} is {}lost", made, d.choice.ordinal, entity,
                         d.choice.value != 0 ? "" : "not ");
    case Kind::notice:
      return fmt::format("at {} notice {} of {} {}", made, d.choice.ordinal, entity,
                         d.choice.value != 0 ? "never comes" : "comes");
    case Kind::delay:
      return fmt::format("at {} command {} of {} ({}) takes {} instead of {}", made,
                         d.choice.ordinal, entity, d.point.substr(slash + 1), now, own);
    case Kind::held:
      return fmt::format("at {} packet {} of {} is held for {}", made, d.choice.ordinal,
                         entity.substr(entity.rfind("link ")), now);
    case Kind::fault_at:
      return fmt::format("{} strikes at {} instead of {}", entity, now, own);
    case Kind::fault_for:
      break;
  }
  return fmt::format("{} lasts {} instead of {}", entity, now, own);
}

std::string told(const Aftermath& a) {
  const std::string from = seconds_of(sim::ns(a.from));
  const char* const some = a.whole ? "" : "the first ";
  if (a.worlds == 0)
    return fmt::format("from {} on nothing is left that could deviate", from);
  if (a.safe == 0) {
    return fmt::format("from {} on none of {}{} executions with one more deviation is safe{}", from,
                       some, a.worlds, a.whole ? ": that was the critical choice" : "");
  }
  return fmt::format(
      "from {} on {} of {}{} executions with one more deviation are safe, the first "
      "one if {}",
      from, a.safe, some, a.worlds, told(*a.first_safe));
}

std::string told(const scenario::Adversary& b, const scenario::Scenario& scenario) {
  std::string out = fmt::format("{} deviation{}", b.deviations, b.deviations == 1 ? "" : "s");
  const std::string where =
      b.links ? fmt::format("{}", fmt::join(*b.links, ", ")) : std::string("any link");
  if (b.losses != 0) {
    out +=
        fmt::format(", of these {} lost packet{} on {}", b.losses, b.losses == 1 ? "" : "s", where);
  }
  if (b.packet_delays != 0 && b.packet_delay) {
    out += fmt::format(", {} packet{} held for up to {} on {}", b.packet_delays,
                       b.packet_delays == 1 ? "" : "s", seconds_of(b.packet_delay->count()), where);
  }
  if (b.delays != 0 && b.delay) {
    const char* what = b.reads && b.writes ? "read or write" : b.reads ? "read" : "write";
    out += fmt::format(", {} {}{} of up to {}", b.delays, what, b.delays == 1 ? "" : "s",
                       seconds_of(b.delay->count()));
  }
  if (b.notices != 0)
    out += fmt::format(", {} notice{} that never come{}", b.notices, b.notices == 1 ? "" : "s",
                       b.notices == 1 ? "s" : "");
  if (b.from != Duration{} || b.until) {
    out += fmt::format(", between {} and {}", seconds_of(b.from.count()),
                       seconds_of(b.until.value_or(scenario.duration).count()));
  }
  for (const scenario::FaultBounds& f : b.faults) {
    if (f.at) {
      out += fmt::format(", fault {} at {} to {}", f.fault, seconds_of((*f.at)[0].count()),
                         seconds_of((*f.at)[1].count()));
    }
    if (f.lasts) {
      out += fmt::format(", fault {} for {} to {}", f.fault, seconds_of((*f.lasts)[0].count()),
                         seconds_of((*f.lasts)[1].count()));
    }
  }
  return out;
}

json document(const scenario::Scenario& scenario, const Outcome& outcome) {
  json levels = json::array();
  std::uint64_t worlds = outcome.walks, probes = 0;
  for (const Level& level : outcome.levels) {
    worlds += level.worlds;
    probes += level.probes;
    levels.push_back({{"deviations", level.deviations},
                      {"worlds", level.worlds},
                      {"probes", level.probes},
                      {"exhausted", level.exhausted}});
  }
  json out = {{"schema_version", result_schema_version},
              {"question", "search"},
              {"name", scenario.name},
              {"scenario_hash", scenario::hash(scenario)},
              {"for", search::name_of(outcome.objective)},
              {"verdict", outcome.worst ? "found" : "none"},
              {"exhausted", outcome.ended == Ended::exhausted},
              {"ended", name_of(outcome.ended)},
              {"bounds", bounds_of(scenario, outcome.bounds)},
              {"strategy", search::name_of(outcome.strategy)},
              {"walks", {{"worlds", outcome.walks}, {"outside_count", outcome.outside}}},
              {"merging", json_of(outcome.merging)},
              {"levels", levels},
              {"worlds", worlds},
              {"probes", probes},
              {"worst", nullptr}};
  if (!outcome.against.empty())
    out["against"] = outcome.against;
  if (outcome.objective != Objective::corruption)
    out["own_value_s"] = static_cast<double>(outcome.own_value) / 1e9;
  if (!outcome.worst)
    return out;
  json deviations = json::array();
  for (const Deviation& d : outcome.worst->deviations)
    deviations.push_back(json_of(d));
  out["worst"] = {{"deviations", deviations},
                  {"seen_s", sim::seconds(outcome.worst->seen - sim::epoch)},
                  {"shrink_runs", outcome.shrink_runs},
                  {"scenario", scenario::to_json(outcome.finding)}};
  replayed(outcome.finding, out["worst"]);
  if (outcome.aftermath)
    out["worst"]["aftermath"] = json_of(*outcome.aftermath);
  if (!outcome.likelihood.empty())
    add_likelihood(outcome.likelihood, out["worst"]);
  if (outcome.objective != Objective::corruption)
    out["worst"]["value_s"] = static_cast<double>(outcome.worst->value) / 1e9;
  return out;
}

}  // namespace holdfast::analysis::search
