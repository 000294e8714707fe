// SPDX-License-Identifier: Apache-2.0
// What `verify` says beyond the first mistake: the other ones, and what is allowed but seldom
// meant.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "models/scenario/declaration/declaration.hpp"
#include "models/scenario/declaration/presets.hpp"
#include "models/scenario/reading/units.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::scenario {
namespace {

using nlohmann::json;

constexpr std::size_t most_errors = 20;

std::string parent_of(const std::string& pointer) { return pointer.substr(0, pointer.rfind('/')); }

/// Is it the number of copies of a template?
bool counts_copies(const std::string& pointer, const std::vector<TemplateList>& lists) {
  const std::string list = parent_of(parent_of(pointer));
  return std::any_of(lists.begin(), lists.end(), [&](const TemplateList& one) {
    return (list.ends_with("/" + one.keys.back()) &&
            pointer.ends_with(std::string("/") + one.count_key)) ||
           counts_copies(pointer, one.inner);
  });
}

/// Takes a mistake out of a document, so that the next one can be found. What a document says no
/// more is its default; an element that cannot do without it goes as a whole.
class Repair {
 public:
  explicit Repair(json document) : document_(std::move(document)) {}

  [[nodiscard]] const json& document() const { return document_; }

  /// What was taken out; empty if it was nothing, or if what is left would be about other mistakes
  /// than its own.
  std::string take_out(const std::string& pointer) {
    const json::json_pointer at(pointer);
    if (pointer.empty() || !document_.contains(at))
      return {};
    const std::string above = parent_of(pointer);
    // Whatever names one of its copies would be a mistake, and so would its own braces.
    if (counts_copies(pointer, template_lists()))
      return parent_of(above).ends_with("/connect") ? std::string() : take_out(above);
    json& parent = document_[json::json_pointer(above)];
    if (parent.is_object()) {
      parent.erase(at.back());
      return pointer;
    }
    // Whatever names them would be a mistake without them.
    if (above == "/hosts" || above == "/subsystems" || above == "/fabric/links")
      return {};
    const std::size_t index = std::stoul(at.back());
    parent.erase(index);
    gone_[above].insert(index + shift(above, index));
    return pointer;
  }

  /// The place in the document as it was given.
  [[nodiscard]] std::string original(const std::string& pointer) const {
    std::string here, out;
    for (std::size_t from = 0; from < pointer.size();) {
      const std::size_t to = std::min(pointer.find('/', from + 1), pointer.size());
      std::string segment = pointer.substr(from + 1, to - from - 1);
      const std::string list = here;
      here += "/" + segment;
      if (gone_.count(list) != 0) {
        const std::size_t index = std::stoul(segment);
        segment = std::to_string(index + shift(list, index));
      }
      out += "/" + segment;
      from = to;
    }
    return out;
  }

 private:
  /// How many elements before this one are gone.
  [[nodiscard]] std::size_t shift(const std::string& list, std::size_t index) const {
    const auto found = gone_.find(list);
    if (found == gone_.end())
      return 0;
    std::size_t place = index;
    for (const std::size_t gone : found->second)  // in order
      place += gone <= place ? 1 : 0;
    return place - index;
  }

  json document_;
  std::map<std::string, std::set<std::size_t>> gone_;  ///< list -> places in it, as given
};

/// The longest that it can be; of an unbounded one nothing is known.
Duration longest(const Latency& span) {
  return span.kind == Latency::Kind::uniform ? span.high : span.low;
}

std::string seconds_text(Duration time) {
  return fmt::format("{:.3g} s", std::chrono::duration<double>(time).count());
}

void warn_of_targets(const Scenario& s, std::vector<Warning>& out) {
  for (std::size_t i = 0; i < s.subsystems.size(); ++i) {
    const Subsystem& one = s.subsystems[i];
    const Duration quiesce = longest(one.quiesce_time);
    if (one.in_flight == target::InFlight::quiesce && quiesce > one.attr_cqt) {
      out.push_back({fmt::format("/subsystems/{}/quiesce_time", i),
                     fmt::format("what executes may land for up to {} after its controller ends, "
                                 "longer than the CQT of {} that hosts are told",
                                 seconds_text(quiesce), seconds_text(one.attr_cqt))});
    }
  }
}

/// Nothing but an I/O that times out tells such a host of a lost path, and nothing tells the
/// target.
/// A storm that does not converge: see scenarios/operators/tls_storm.json.
void warn_of_handshakes(const Scenario& s, std::vector<Warning>& out) {
  for (std::size_t i = 0; i < s.subsystems.size(); ++i) {
    const Subsystem& sub = s.subsystems[i];
    std::int64_t connections = 0;
    Duration shortest = longest_run;
    for (const Host& host : s.hosts) {
      for (const Connect& c : host.connect) {
        if (c.subsystem != sub.name || !c.tls)
          continue;
        ++connections;
        shortest = std::min(shortest, c.tls->timeout);
      }
    }
    if (connections * sub.tls_time <= shortest)
      continue;
    out.push_back({fmt::format("/subsystems/{}/tls_time", i),
                   fmt::format("one handshake of each of {} connections takes {}, and a host waits "
                               "for {}: if all come back together, some have to try again",
                               connections, format_duration(connections * sub.tls_time),
                               format_duration(shortest))});
  }
}

void warn_of_no_keep_alive(const Scenario& s, std::vector<Warning>& out) {
  for (std::size_t i = 0; i < s.hosts.size(); ++i) {
    const Host& host = s.hosts[i];
    for (std::size_t c = 0; c < host.connect.size(); ++c) {
      const Connect& one = host.connect[c];
      if (one.subsystem == discovery_name || one.keep_alive_tmo != Duration{})
        continue;
      out.push_back(
          {fmt::format("/hosts/{}/connect/{}/keep_alive_tmo", i, c),
           "KATO 0: no Keep Alive is sent, the target never ends the controller by itself, and a "
           "hold of m x KATO + CQT is CQT alone; Linux takes 5 s instead of 0"});
    }
  }
}

void warn_of_hosts(const Scenario& s, std::vector<Warning>& out) {
  for (std::size_t i = 0; i < s.hosts.size(); ++i) {
    const Host& host = s.hosts[i];
    for (const Subsystem& one : s.subsystems) {
      const bool connects = std::any_of(host.connect.begin(), host.connect.end(),
                                        [&](const Connect& c) { return c.subsystem == one.name; });
      if (!connects || one.ccrl != 0 || !host.policy.ccr)
        continue;
      out.push_back(
          {fmt::format("/hosts/{}/policy", i),
           fmt::format(
               "asks for Cross-Controller Reset, which {} does not have (ccrl 0, profile {})",
               one.name, one.profile)});
    }
  }
}

/// A Command Retry Delay that the controller has not told the host is none (nvme_retry_req).
void warn_of_retry_delays(const Scenario& s, std::vector<Warning>& out) {
  for (std::size_t i = 0; i < s.faults.size(); ++i) {
    const auto* const fault = std::get_if<CommandStatus>(&s.faults[i]);
    if (fault == nullptr || fault->crd == 0)
      continue;
    for (const Subsystem& sub : s.subsystems) {
      if (sub.name != fault->subsystem || fault->crd <= sub.crdt.size())
        continue;
      out.push_back({fmt::format("/faults/{}/crd", i),
                     fmt::format("retries are delayed by entry {} of crdt, of which {} has {}: "
                                 "they are not delayed",
                                 fault->crd, sub.name, sub.crdt.size())});
    }
  }
}

/// What the release of Linux that a host names does not have.
void warn_of_kernels(const Scenario& s, std::vector<Warning>& out) {
  for (std::size_t i = 0; i < s.hosts.size(); ++i) {
    const Host& host = s.hosts[i];
    const KernelPreset& kernel = kernel_preset(host.kernel);
    if (host.delayed_removal != Duration{} && !kernel.has_delayed_removal)
      out.push_back({fmt::format("/hosts/{}/delayed_removal_secs", i),
                     fmt::format("Linux {} does not have it, 6.16 does", host.kernel)});
    for (std::size_t c = 0; c < host.connect.size() && !kernel.has_controller_timeouts; ++c) {
      const Connect& one = host.connect[c];
      if (one.io_timeout || one.admin_timeout)
        out.push_back(
            {fmt::format("/hosts/{}/connect/{}/{}", i, c,
                         one.io_timeout ? "io_timeout" : "admin_timeout"),
             fmt::format("Linux {} has no timeouts of single controllers, 7.2 has", host.kernel)});
    }
  }
}

/// What is said of a whole fleet is said of the first of its hosts, with their number.
void tell_often_once(std::vector<Warning>& out) {
  constexpr std::size_t often = 8;
  std::map<std::string, std::size_t> count;
  for (const Warning& one : out)
    ++count[one.text];
  std::vector<Warning> kept;
  for (Warning& one : out) {
    const auto of_text = count.find(one.text);
    if (of_text == count.end())
      continue;
    const std::size_t times = of_text->second;
    if (times > often) {
      count.erase(of_text);
      one.text += fmt::format(" ({} times)", times);
    }
    kept.push_back(std::move(one));
  }
  out = std::move(kept);
}

/// Hosts whose connections and load begin at the same instants have their keep-alives, time-outs
/// and reconnects at the same instants too, for the whole run.
void warn_of_lockstep(const Scenario& s, std::vector<Warning>& out) {
  std::map<std::string, std::vector<std::int64_t>> loads;  // of each host, in their order
  for (const Workload& w : s.workloads)
    std::visit([&](const auto& one) { loads[one.host].push_back(one.start.count()); }, w);
  const auto starts = [&](const Host& host) {
    json begin = json::array();
    for (const Connect& c : host.connect)
      begin.push_back(c.at.count());
    for (const std::int64_t start : loads[host.name])
      begin.push_back(start);
    return begin.dump();
  };
  std::map<std::string, std::vector<std::size_t>> together;
  for (std::size_t i = 0; i < s.hosts.size(); ++i)
    together[starts(s.hosts[i])].push_back(i);
  for (const auto& [begin, hosts] : together) {
    if (hosts.size() < 2)
      continue;
    out.push_back({fmt::format("/hosts/{}", hosts[1]),
                   fmt::format("{} hosts begin at the same instants ({} is the first) and stay in "
                               "lockstep, as real ones would not; give their connections or "
                               "workloads other starts",
                               hosts.size(), s.hosts[hosts[0]].name)});
  }
}

}  // namespace

std::vector<ScenarioError::Parts> all_errors(const nlohmann::json& document,
                                             const std::string& source) {
  std::vector<ScenarioError::Parts> out;
  Repair repair(document);
  std::string taken;
  while (out.size() < most_errors) {
    try {
      from_json(repair.document(), source);
      return out;
    } catch (const ScenarioError& error) {
      auto parts = error.parts();
      const std::string place = parts.pointer;
      // An object that misses what was taken out of it is no mistake of whoever wrote it.
      const bool follows = !taken.empty() && taken.starts_with(place) && taken != place;
      if (!follows) {
        parts.pointer = repair.original(place);
        out.push_back(std::move(parts));
      }
      taken = repair.take_out(place);
      if (taken.empty())
        return out;
    }
  }
  return out;
}

std::vector<Warning> warnings(const Scenario& scenario) {
  std::vector<Warning> out;
  warn_of_targets(scenario, out);
  warn_of_handshakes(scenario, out);
  warn_of_hosts(scenario, out);
  warn_of_no_keep_alive(scenario, out);
  warn_of_kernels(scenario, out);
  warn_of_retry_delays(scenario, out);
  tell_often_once(out);
  if (scenario.workloads.empty())
    out.push_back({"/workloads", "there is none, so nothing can stall or be corrupted"});
  warn_of_lockstep(scenario, out);
  return out;
}

}  // namespace holdfast::scenario
