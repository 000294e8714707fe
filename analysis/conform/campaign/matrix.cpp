// SPDX-License-Identifier: Apache-2.0
// Running the matrix; see matrix.hpp.
#include "analysis/conform/campaign/matrix.hpp"

#include <algorithm>
#include <array>

#include "analysis/conform/campaign/campaign.hpp"
#include "analysis/conform/campaign/judge.hpp"
#include "analysis/conform/campaign/shrink.hpp"
#include "analysis/conform/campaign/story.hpp"
#include "analysis/parallel.hpp"
#include "analysis/run/model_version.hpp"

namespace holdfast::conform {

using nlohmann::json;

namespace {

/// Fewer faults, then fewer hosts, then a shorter run.
auto size_of(const json& document) {
  return std::tuple(document["faults"].size(), document["hosts"].size(), document.dump().size());
}

class Runner {
 public:
  explicit Runner(const MatrixOptions& options) : options_(options), campaign_(options) {}

  json run() {
    campaign_.run();
    aggregate();
    if (options_.shrink) {
      analysis::parallel_for(options_.requirements.size(), options_.jobs,
                             [&](std::size_t r) { explain(r); });
    }
    return document();
  }

 private:
  struct Cell {
    std::string why_not;
    std::uint64_t occasions = 0, scenarios = 0, drawn = 0, failed = 0;
    const Unit* worst = nullptr;  ///< the smallest scenario that failed
    json failure;
  };

  void aggregate() {
    cells_.assign(options_.subjects.size(), std::vector<Cell>(options_.requirements.size()));
    for (std::size_t s = 0; s < cells_.size(); ++s) {
      finished_.push_back(campaign_.finished(s));
      for (std::size_t r = 0; r < cells_[s].size(); ++r)
        cells_[s][r].why_not = why_not(*options_.requirements[r], options_.subjects[s]);
    }
    for (const Unit& u : campaign_.units()) {
      if (!u.done) {
        finished_[u.subject] = false;
        continue;
      }
      for (std::size_t r = 0; r < u.findings.size(); ++r)
        add(cells_[u.subject][r], u.findings[r], u);
    }
  }

  void add(Cell& cell, const Finding& f, const Unit& u) {
    cell.occasions += f.occasions;
    cell.scenarios += f.occasions != 0 ? 1 : 0;
    cell.drawn += f.occasions != 0 && campaign_.is_drawn(u) ? 1 : 0;
    if (f.broken == 0)
      return;
    ++cell.failed;
    if (cell.worst == nullptr || size_of(scenario_of(u)) < size_of(scenario_of(*cell.worst)))
      cell.worst = &u;
  }

  [[nodiscard]] const json& scenario_of(const Unit& u) const {
    return campaign_.probe_of(u).scenario;
  }

  /// Finds the smallest failing scenario of each implementation that fails requirement `r`. One
  /// that was found for another implementation is tried first.
  void explain(std::size_t r) {
    std::vector<json> known;
    for (std::size_t s = 0; s < cells_.size() && !campaign_.stopped(); ++s) {
      Cell& cell = cells_[s][r];
      if (!cell.why_not.empty() || cell.failed == 0 || !finished_[s] ||
          options_.requirements[r]->force == Force::canary)
        continue;
      const Subject& subject = options_.subjects[s];
      const Requirement& requirement = *options_.requirements[r];
      const auto reuse = std::find_if(known.begin(), known.end(), [&](const json& one) {
        return takes_part(one, subject) && fails(one, subject, requirement);
      });
      json smallest;
      if (reuse != known.end()) {
        smallest = *reuse;
      } else {
        smallest = shrink(scenario_of(*cell.worst), subject, requirement, options_.stop);
        known.push_back(smallest);
      }
      cell.failure = incident(smallest, subject, requirement);
      cell.failure["found_in"] = campaign_.probe_of(*cell.worst).name;
    }
    campaign_.tell((1.0 - share_of_runs) / static_cast<double>(options_.requirements.size()));
  }

  [[nodiscard]] static Verdict verdict_of(const Cell& c) {
    if (!c.why_not.empty())
      return Verdict::not_applicable;
    if (c.failed != 0)
      return Verdict::fail;
    return c.occasions == 0 ? Verdict::not_exercised : Verdict::pass;
  }

  json document() const {
    json out = {{"schema_version", matrix_schema_version},
                {"model_version", analysis::model_version()},
                {"seed", options_.seed},
                {"swarm", options_.swarm},
                {"variations", campaign_.most_variations()},
                {"probes", probes().size()},
                {"complete", !campaign_.stopped()},
                {"requirements", json::array()},
                {"policies", json::array()},
                {"targets", json::array()},
                {"results", json::array()}};
    for (const Requirement* r : options_.requirements)
      out["requirements"].push_back(describe(*r));
    json summary = json::object();
    for (const Verdict v :
         {Verdict::pass, Verdict::fail, Verdict::not_applicable, Verdict::not_exercised})
      summary[std::string(word(v))] = 0;
    for (std::size_t s = 0; s < cells_.size(); ++s) {
      if (!finished_[s])
        continue;
      add_once(out["policies"], options_.subjects[s].policy_name);
      add_once(out["targets"], options_.subjects[s].target_name);
      for (std::size_t r = 0; r < cells_[s].size(); ++r) {
        out["results"].push_back(result(s, r));
        if (options_.requirements[r]->force != Force::canary) {
          json& count = summary[out["results"].back()["verdict"].get<std::string>()];
          count = count.get<int>() + 1;
        }
      }
    }
    out["summary"] = summary;
    return out;
  }

  static void add_once(json& list, const std::string& name) {
    if (std::find(list.begin(), list.end(), json(name)) == list.end())
      list.push_back(name);
  }

  static json describe(const Requirement& r) {
    return {{"id", r.id},
            {"title", r.title},
            {"text", r.text},
            {"source", r.source},
            {"kind", word(r.force)},
            {"party", word(r.party)},
            {"transports", r.transports},
            {"when", r.when},
            {"confidence", r.confidence},
            {"protocol", r.protocol},
            {"timing", r.timing}};
  }

  [[nodiscard]] json result(std::size_t s, std::size_t r) const {
    const Cell& c = cells_[s][r];
    json out = {{"policy", options_.subjects[s].policy_name},
                {"target", options_.subjects[s].target_name},
                {"requirement", options_.requirements[r]->id},
                {"verdict", word(verdict_of(c))}};
    if (!c.why_not.empty()) {
      out["why"] = c.why_not;
      return out;
    }
    out["occasions"] = c.occasions;
    out["scenarios"] = c.scenarios;
    out["drawn_scenarios"] = c.drawn;
    if (c.failed == 0)
      return out;
    out["failed_scenarios"] = c.failed;
    if (!c.failure.is_null()) {
      out["failure"] = c.failure;
    } else if (const auto& first = c.worst->findings[r].first) {
      out["failure"] = {{"found_in", campaign_.probe_of(*c.worst).name},
                        {"at_s", sim::seconds(first->at)},
                        {"text", first->text}};
    }
    return out;
  }

  const MatrixOptions& options_;
  Campaign campaign_;
  std::vector<std::vector<Cell>> cells_;
  std::vector<bool> finished_;
};

}  // namespace

std::string_view word(Verdict verdict) {
  static constexpr std::array<std::string_view, 4> words = {"pass", "fail", "not applicable",
                                                            "not exercised"};
  return words[static_cast<std::size_t>(verdict)];
}

json run_matrix(const MatrixOptions& options) {
  MatrixOptions with_canary = options;
  for (const Requirement& r : catalogue()) {
    const auto& asked = with_canary.requirements;
    if (r.force == Force::canary && std::find(asked.begin(), asked.end(), &r) == asked.end())
      with_canary.requirements.push_back(&r);
  }
  return Runner(with_canary).run();
}

bool checker_is_alive(const json& matrix) {
  std::size_t dead = 0;
  for (const json& r : matrix["requirements"]) {
    if (r["kind"] != word(Force::canary))
      continue;
    for (const json& one : matrix["results"])
      dead += one["requirement"] == r["id"] && one["verdict"] != word(Verdict::fail) ? 1 : 0;
  }
  return dead == 0;
}

}  // namespace holdfast::conform
