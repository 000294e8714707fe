// SPDX-License-Identifier: Apache-2.0
// Parts of a search; see part.hpp.
#include "analysis/search/levels/part.hpp"

#include "analysis/search/levels/question.hpp"
#include "analysis/search/position.hpp"

namespace holdfast::analysis::search {

using nlohmann::json;

std::string text_of(const Part& part) {
  if (part.walks) {
    return json{{"first", part.first},
                {"count", part.count},
                {"swarms", part.how == Drawn::swarms},
                {"worlds", part.worlds}}
        .dump();
  }
  return json{
      {"level", part.level}, {"k", part.share.k}, {"n", part.share.n}, {"worlds", part.worlds}}
      .dump();
}

Part part_of(const std::string& text) {
  const json told = json::parse(text);
  Part out;
  out.walks = told.contains("first");
  out.worlds = told.at("worlds").get<std::uint64_t>();
  if (out.walks) {
    out.first = told.at("first").get<std::uint64_t>();
    out.count = told.at("count").get<std::uint64_t>();
    out.how = told.at("swarms").get<bool>() ? Drawn::swarms : Drawn::alike;
    return out;
  }
  out.level = told.at("level").get<unsigned>();
  out.share = {told.at("k").get<std::uint64_t>(), told.at("n").get<std::uint64_t>()};
  return out;
}

std::string text_of(const Done& done) {
  json units = json::array();
  for (const Unit& unit : done.units)
    units.push_back({unit.worlds, unit.probes});
  return json{{"units", units},
              {"enumerated", done.enumerated},
              {"walks", done.walks},
              {"outside", done.outside},
              {"merging", {done.merging.on, done.merging.distinct, done.merging.again}},
              {"own_value", done.own_value},
              {"best", done.best ? json_of(*done.best) : json(nullptr)},
              {"best_place", done.best_place},
              {"ended", static_cast<int>(done.ended)}}
      .dump();
}

Done done_of(const std::string& text) {
  const json told = json::parse(text);
  Done out;
  for (const json& unit : told.at("units"))
    out.units.push_back({unit.at(0).get<std::uint64_t>(), unit.at(1).get<std::uint64_t>()});
  out.enumerated = told.at("enumerated").get<std::uint64_t>();
  out.walks = told.at("walks").get<std::uint64_t>();
  out.outside = told.at("outside").get<std::uint64_t>();
  const json& merging = told.at("merging");
  out.merging = {merging.at(0).get<bool>(), merging.at(1).get<std::uint64_t>(),
                 merging.at(2).get<std::uint64_t>()};
  out.own_value = told.at("own_value").get<std::int64_t>();
  if (!told.at("best").is_null())
    out.best = finding_of(told.at("best"));
  out.best_place = told.at("best_place").get<std::uint64_t>();
  out.ended = static_cast<Ended>(told.at("ended").get<int>());
  return out;
}

Done do_part(const scenario::Scenario& scenario, const Options& options, Objective objective,
             const Part& part, std::uint64_t before) {
  const Question question(scenario, options, objective);
  Options own = options;
  own.jobs = 1;
  own.worlds = part.worlds;
  Levels levels(question.space(), own, question.counts());
  Outcome out;
  if (part.walks)
    levels.some_walks(part.first, part.count, part.how, out);
  else
    levels.share_of_level(part.level, part.share, before, out);
  return {levels.units(), levels.enumerated(), out.walks,           out.outside, out.merging,
          out.own_value,  out.worst,           levels.best_place(), out.ended};
}

}  // namespace holdfast::analysis::search
