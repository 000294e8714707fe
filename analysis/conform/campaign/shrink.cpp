// SPDX-License-Identifier: Apache-2.0
// Shrinking by trial: a change is kept if the scenario is still valid and still fails. What matters
// most to a reader goes first: faults, hosts, loads, paths, and last the length of the run.
#include "analysis/conform/campaign/shrink.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "analysis/conform/campaign/judge.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::conform {

using nlohmann::json;

namespace {

constexpr int most_trials = 250;

/// When the requirement was first broken; nothing: it was not, or the scenario is not valid.
std::optional<TimePoint> first_breach(const json& document, const Subject& subject,
                                      const Requirement& requirement) {
  try {
    const auto scenario = scenario::from_json(fill_in(document, subject), "shrinking");
    const Judgement judged = judge(scenario, {&requirement});
    const auto& breaches = judged.ledgers.front().breaches();
    if (breaches.empty())
      return std::nullopt;
    return breaches.front().at;
  } catch (const scenario::ScenarioError&) {
    return std::nullopt;
  }
}

class Shrinker {
 public:
  Shrinker(json document, const Subject& subject, const Requirement& requirement,
           const std::atomic<bool>* stop)
      : best_(std::move(document)), subject_(subject), requirement_(requirement), stop_(stop) {}

  json run() {
    // Leaving one thing out may make another one unnecessary.
    for (std::string before; before != best_.dump();) {
      before = best_.dump();
      drop_each("faults");
      drop_hosts();
      drop_each("workloads");
      drop_paths();
      simplify();
    }
    shorten();
    return best_;
  }

 private:
  bool keep_if_fails(const json& candidate) {
    const bool stopped = stop_ != nullptr && *stop_;
    if (stopped || ++trials_ > most_trials || !first_breach(candidate, subject_, requirement_))
      return false;
    best_ = candidate;
    return true;
  }

  void drop_each(const char* list) {
    for (std::size_t i = best_[list].size(); i-- > 0;) {
      json candidate = best_;
      candidate[list].erase(i);
      keep_if_fails(candidate);
    }
  }

  static void erase_if_names(json& list, const char* key, const json& name) {
    for (std::size_t i = list.size(); i-- > 0;) {
      if (list[i].contains(key) && list[i][key] == name)
        list.erase(i);
    }
  }

  /// Links that lead to nobody are left out as well.
  static void drop_links_of(json& document, const json& node) {
    json& links = document["fabric"]["links"];
    for (std::size_t i = links.size(); i-- > 0;) {
      if (links[i]["ends"][0] != node && links[i]["ends"][1] != node)
        continue;
      const json name = links[i]["name"];
      links.erase(i);
      erase_if_names(document["faults"], "link", name);
    }
  }

  void drop_hosts() {
    for (std::size_t h = best_["hosts"].size(); h-- > 0 && best_["hosts"].size() > 1;) {
      json candidate = best_;
      const json name = candidate["hosts"][h]["name"];
      candidate["hosts"].erase(h);
      erase_if_names(candidate["workloads"], "host", name);
      erase_if_names(candidate["faults"], "host", name);
      drop_links_of(candidate, name);
      keep_if_fails(candidate);
    }
  }

  /// The last path first: the device names of the others stay as they are.
  void drop_paths() {
    for (std::size_t h = 0; h < best_["hosts"].size(); ++h) {
      for (std::size_t c = best_["hosts"][h]["connect"].size(); c-- > 1;) {
        json candidate = best_;
        candidate["hosts"][h]["connect"].erase(c);
        erase_if_names(candidate["faults"], "controller", fmt::format("nvme{}", c));
        erase_if_names(candidate["faults"], "source", fmt::format("nvme{}", c));
        keep_if_fails(candidate);
      }
    }
  }

  void simplify() {
    for (std::size_t i = 0; i < best_["workloads"].size(); ++i) {
      for (const char* key : {"iodepth", "numjobs", "thinktime", "runtime"})
        drop_key("/workloads/" + std::to_string(i) + "/" + key);
    }
    for (std::size_t s = 0; s < best_["subsystems"].size(); ++s) {
      drop_key("/subsystems/" + std::to_string(s) + "/nodes");
      drop_key("/subsystems/" + std::to_string(s) + "/namespaces/0/media");
    }
    for (std::size_t h = 0; h < best_["hosts"].size(); ++h) {
      for (const char* key : {"iopolicy", "cpus", "io_timeout", "admin_timeout"})
        drop_key("/hosts/" + std::to_string(h) + "/" + key);
    }
  }

  void drop_key(const std::string& pointer) {
    const json::json_pointer place(pointer);
    if (!best_.contains(place))
      return;
    json candidate = best_;
    candidate[place.parent_pointer()].erase(place.back());
    keep_if_fails(candidate);
  }

  /// To a little after the first breach. What ends in a timer may need more.
  void shorten() {
    const auto at = first_breach(best_, subject_, requirement_);
    if (!at)
      return;
    const double needed_s = std::ceil(sim::seconds(*at) + 0.001);
    for (const double more_s : {0.0, 1.0, 10.0}) {
      json candidate = best_;
      candidate["duration"] = fmt::format("{}s", needed_s + more_s);
      if (keep_if_fails(candidate))
        return;
    }
  }

  json best_;
  const Subject& subject_;
  const Requirement& requirement_;
  const std::atomic<bool>* stop_;
  int trials_ = 0;
};

}  // namespace

bool fails(const json& document, const Subject& subject, const Requirement& requirement) {
  return first_breach(document, subject, requirement).has_value();
}

json shrink(const json& document, const Subject& subject, const Requirement& requirement,
            const std::atomic<bool>* stop) {
  return Shrinker(document, subject, requirement, stop).run();
}

}  // namespace holdfast::conform
