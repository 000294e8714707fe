// SPDX-License-Identifier: Apache-2.0
// Running the matrix; see matrix.hpp.
#include "analysis/conform/matrix.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>

#include "analysis/conform/judge.hpp"
#include "analysis/conform/parallel.hpp"
#include "analysis/conform/shrink.hpp"
#include "analysis/conform/story.hpp"
#include "analysis/conform/swarm.hpp"
#include "analysis/model_version.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::conform {

using nlohmann::json;

namespace {

/// A scenario that implementations are put through, without them.
struct Course {
  Probe probe;
  bool drawn = false;
};

/// What one run says of one requirement.
struct Finding {
  std::uint64_t occasions = 0;
  std::uint64_t broken = 0;
  std::optional<Breach> first;
};

/// One run.
struct Unit {
  std::size_t subject = 0;
  std::size_t course = 0;
  bool done = false;
  std::vector<Finding> findings;
};

std::vector<Course> all_courses(const MatrixOptions& options) {
  std::vector<Course> out;
  for (const Probe& p : probes())
    out.push_back({p, false});
  for (std::uint32_t i = 0; i < options.swarm; ++i) {
    const std::uint64_t seed = options.seed * 1'000'000 + i;
    const json document = swarm_scenario(seed);
    out.push_back({{document["name"], document}, true});
  }
  return out;
}

bool judges(const Probe& probe, Party party) {
  switch (party) {
    case Party::host:
      return probe.judges_host;
    case Party::target:
      return probe.judges_target;
    case Party::system:
      break;
  }
  return probe.judges_system;
}

/// Fewer faults, then fewer hosts, then a shorter run.
auto size_of(const json& document) {
  return std::tuple(document["faults"].size(), document["hosts"].size(), document.dump().size());
}

class Runner {
 public:
  explicit Runner(const MatrixOptions& options)
      : options_(options), courses_(all_courses(options)) {
    for (std::size_t s = 0; s < options.subjects.size(); ++s) {
      for (std::size_t c = 0; c < courses_.size(); ++c) {
        if (takes_part(courses_[c].probe.scenario, options.subjects[s]))
          units_.push_back({s, c, false, {}});
      }
    }
  }

  json run() {
    check_inputs();
    parallel_for(units_.size(), options_.jobs, [&](std::size_t i) { run_unit(units_[i]); });
    aggregate();
    if (options_.shrink) {
      parallel_for(options_.requirements.size(), options_.jobs, [&](std::size_t r) { explain(r); });
    }
    return document();
  }

 private:
  struct Cell {
    std::string why_not;
    std::uint64_t occasions = 0, scenarios = 0, drawn = 0, failed = 0;
    std::size_t worst = ~std::size_t{0};  ///< unit
    json failure;
  };

  [[nodiscard]] bool stopped() const { return options_.stop != nullptr && *options_.stop; }

  /// Whatever is wrong with an implementation's knobs shows before anything runs.
  void check_inputs() const {
    for (const Unit& u : units_) {
      if (!courses_[u.course].drawn)
        scenario::from_json(
            fill_in(courses_[u.course].probe.scenario, options_.subjects[u.subject]),
            "probe " + courses_[u.course].probe.name);
    }
  }

  void run_unit(Unit& u) {
    if (stopped())
      return;
    const Probe& probe = courses_[u.course].probe;
    const auto scenario = scenario::from_json(fill_in(probe.scenario, options_.subjects[u.subject]),
                                              "probe " + probe.name);
    const Judgement judgement = judge(scenario, options_.requirements);
    u.findings.resize(options_.requirements.size());
    for (std::size_t r = 0; r < u.findings.size(); ++r) {
      const Ledger& l = judgement.ledgers[r];
      if (!judges(probe, options_.requirements[r]->party))
        continue;
      u.findings[r] = {l.occasions(), l.broken(), {}};
      if (!l.breaches().empty())
        u.findings[r].first = l.breaches().front();
    }
    u.done = true;
    tell(share_of_runs / static_cast<double>(units_.size()));
  }

  void tell(double share) {
    const std::lock_guard lock(mutex_);
    done_ += share;
    if (options_.progress)
      options_.progress(done_);
  }

  void aggregate() {
    cells_.assign(options_.subjects.size(), std::vector<Cell>(options_.requirements.size()));
    finished_.assign(options_.subjects.size(), true);
    for (std::size_t s = 0; s < cells_.size(); ++s) {
      for (std::size_t r = 0; r < cells_[s].size(); ++r)
        cells_[s][r].why_not = why_not(*options_.requirements[r], options_.subjects[s]);
    }
    for (std::size_t i = 0; i < units_.size(); ++i) {
      const Unit& u = units_[i];
      if (!u.done) {
        finished_[u.subject] = false;
        continue;
      }
      for (std::size_t r = 0; r < u.findings.size(); ++r)
        add(cells_[u.subject][r], u.findings[r], i);
    }
  }

  void add(Cell& cell, const Finding& f, std::size_t unit) {
    cell.occasions += f.occasions;
    cell.scenarios += f.occasions != 0 ? 1 : 0;
    cell.drawn += f.occasions != 0 && courses_[units_[unit].course].drawn ? 1 : 0;
    if (f.broken == 0)
      return;
    ++cell.failed;
    const auto document = [&](std::size_t i) -> const json& {
      return courses_[units_[i].course].probe.scenario;
    };
    if (cell.worst == ~std::size_t{0} || size_of(document(unit)) < size_of(document(cell.worst)))
      cell.worst = unit;
  }

  /// Finds the smallest failing scenario of each implementation that fails requirement `r`. One
  /// that was found for another implementation is tried first.
  void explain(std::size_t r) {
    std::vector<json> known;
    for (std::size_t s = 0; s < cells_.size() && !stopped(); ++s) {
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
        smallest = shrink(courses_[units_[cell.worst].course].probe.scenario, subject, requirement);
        known.push_back(smallest);
      }
      cell.failure = incident(smallest, subject, requirement);
      cell.failure["found_in"] = courses_[units_[cell.worst].course].probe.name;
    }
    tell((1.0 - share_of_runs) / static_cast<double>(options_.requirements.size()));
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
                {"probes", probes().size()},
                {"complete", !stopped()},
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
    } else if (const auto& first = units_[c.worst].findings[r].first) {
      out["failure"] = {{"found_in", courses_[units_[c.worst].course].probe.name},
                        {"at_s", sim::seconds(first->at)},
                        {"text", first->text}};
    }
    return out;
  }

  const MatrixOptions& options_;
  std::vector<Course> courses_;
  std::vector<Unit> units_;
  std::vector<std::vector<Cell>> cells_;
  std::vector<bool> finished_;
  std::mutex mutex_;
  double done_ = 0.0;
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

bool canary_sings(const json& matrix) {
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
