// SPDX-License-Identifier: Apache-2.0
// Running everything; see campaign.hpp. Which runs are made depends on verdicts only, and these are
// looked at between rounds, so that the number of threads makes no difference.
#include "analysis/conform/campaign/campaign.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/conform/campaign/judge.hpp"
#include "analysis/conform/campaign/swarm.hpp"
#include "analysis/conform/campaign/vary.hpp"
#include "analysis/parallel.hpp"
#include "models/scenario/scenario.hpp"
#include "sim/check.hpp"

namespace holdfast::conform {

using nlohmann::json;

namespace {

/// A requirement that depends on timing wants to be met in at least one of so many drawn scenarios.
constexpr std::uint64_t one_in = 12;
constexpr int most_rounds = 12;  ///< a variation may miss the point of its probe
/// Of the runs' share of the progress; the rest is for variations.
constexpr double share_of_first_round = 0.6;

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

}  // namespace

Campaign::Campaign(const MatrixOptions& options)
    : options_(options),
      varied_(options.subjects.size()),
      finished_(options.subjects.size(), false) {
  for (const Probe& p : probes())
    courses_.push_back({p, false});
  for (std::uint32_t i = 0; i < options.swarm; ++i) {
    const json document = swarm_scenario(options.seed, i);
    courses_.push_back({{document["name"], document}, true});
  }
  for (std::size_t s = 0; s < options.subjects.size(); ++s) {
    for (std::size_t c = 0; c < courses_.size(); ++c) {
      if (takes_part(courses_[c].probe.scenario, options.subjects[s]))
        units_.push_back({s, c, false, {}});
    }
  }
}

/// One implementation after the other: whenever it is stopped, those before are finished.
void Campaign::run() {
  check_inputs();
  const double share = share_of_runs / static_cast<double>(options_.subjects.size());
  std::size_t first = 0;
  const std::size_t planned = units_.size();
  for (std::size_t s = 0; s < options_.subjects.size() && !stopped(); ++s) {
    const std::size_t from = first;
    while (first < planned && units_[first].subject == s)
      ++first;
    run_units(from, first, share * share_of_first_round);
    for (int round = 0; round < most_rounds && options_.swarm != 0 && !stopped(); ++round) {
      const std::size_t before = units_.size();
      plan(s);
      run_units(before, units_.size(), share * (1.0 - share_of_first_round) / most_rounds);
    }
    finished_[s] = !stopped();
  }
}

/// Whatever is wrong with an implementation's knobs shows before anything runs.
void Campaign::check_inputs() const {
  for (const Unit& u : units_) {
    if (!is_drawn(u))
      scenario::from_json(fill_in(probe_of(u).scenario, options_.subjects[u.subject]),
                          "probe " + probe_of(u).name);
  }
}

void Campaign::run_units(std::size_t first, std::size_t last, double share) {
  const std::size_t count = last - first;
  const double each = share / static_cast<double>(std::max<std::size_t>(count, 1));
  analysis::parallel_for(count, options_.jobs, [&](std::size_t i) {
    run_unit(units_[first + i]);
    tell(each);
  });
  if (count == 0)
    tell(share);
}

void Campaign::run_unit(Unit& u) {
  if (stopped())
    return;
  const Probe& probe = probe_of(u);
  const Subject& subject = options_.subjects[u.subject];
  const auto scenario =
      scenario::from_json(fill_in(probe.scenario, subject), "probe " + probe.name);
  Judgement judgement;
  try {
    judgement = judge(scenario, options_.requirements, {}, options_.stop);
  } catch (const sim::InvariantError& error) {
    // It is the model that is broken, and no requirement: the whole campaign ends.
    throw sim::InvariantError(fmt::format("{}; in {}, seed {}, with {} and {}", error.what(),
                                          probe.name, scenario.seed, subject.policy_name,
                                          subject.target_name));
  }
  if (!judgement.whole)
    return;
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
}

std::vector<Campaign::Tally> Campaign::tally(std::size_t subject) const {
  std::vector<Tally> out(options_.requirements.size());
  for (const Unit& u : units_) {
    if (u.subject != subject || !u.done)
      continue;
    for (std::size_t r = 0; r < out.size(); ++r) {
      const Finding& f = u.findings[r];
      out[r].failed += f.broken != 0 ? 1 : 0;
      if (f.occasions == 0)
        continue;
      if (is_drawn(u)) {
        ++out[r].drawn;
      } else {
        out[r].probes.push_back(u.course);
      }
    }
  }
  return out;
}

void Campaign::plan(std::size_t subject) {
  const std::uint64_t wanted = (options_.swarm + one_in - 1) / one_in;
  std::vector<Tally> so_far = tally(subject);
  for (std::size_t r = 0; r < so_far.size(); ++r) {
    const Requirement& requirement = *options_.requirements[r];
    if (!requirement.timing || so_far[r].failed != 0 || so_far[r].probes.empty() ||
        !why_not(requirement, options_.subjects[subject]).empty())
      continue;
    while (so_far[r].drawn < wanted) {
      auto& varied = varied_[subject];
      const std::size_t probe =
          *std::min_element(so_far[r].probes.begin(), so_far[r].probes.end(),
                            [&](std::size_t a, std::size_t b) { return varied[a] < varied[b]; });
      add_variation(subject, probe);
      // It is likely to come to whatever the probe itself came to.
      for (Tally& t : so_far) {
        if (std::find(t.probes.begin(), t.probes.end(), probe) != t.probes.end())
          ++t.drawn;
      }
    }
  }
}

void Campaign::add_variation(std::size_t subject, std::size_t probe) {
  const std::uint64_t number = varied_[subject][probe]++;
  const auto [place, fresh] = variations_.try_emplace({probe, number}, courses_.size());
  if (fresh) {
    Course course{courses_[probe].probe, true};
    course.probe.scenario = vary(courses_[probe].probe, options_.seed, number);
    course.probe.name = course.probe.scenario["name"];
    courses_.push_back(std::move(course));
  }
  units_.push_back({subject, place->second, false, {}});
}

std::uint64_t Campaign::most_variations() const {
  std::uint64_t most = 0;
  for (const auto& varied : varied_) {
    std::uint64_t sum = 0;
    for (const auto& [probe, times] : varied)
      sum += times;
    most = std::max(most, sum);
  }
  return most;
}

void Campaign::tell(double share) {
  const std::lock_guard lock(mutex_);
  done_ += share;
  if (options_.progress)
    options_.progress(done_);
}

}  // namespace holdfast::conform
