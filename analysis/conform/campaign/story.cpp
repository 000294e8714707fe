// SPDX-License-Identifier: Apache-2.0
// Timelines of breaches; see story.hpp.
#include "analysis/conform/campaign/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "analysis/conform/campaign/judge.hpp"
#include "analysis/conform/view/words.hpp"
#include "models/host/host.hpp"
#include "models/scenario/scenario.hpp"
#include "sim/random.hpp"

namespace holdfast::conform {

using nlohmann::json;

namespace {

constexpr std::size_t most_moments = 48;

struct Moment {
  TimePoint at{};
  std::string who;
  std::string text;
  bool fixed = false;  ///< told even if there are too many
};

class Teller {
 public:
  explicit Teller(const RunView& view) : v_(view) {}

  std::vector<Moment> tell() {
    for (const Event& e : v_.log.all())
      take(e);
    for (const Recovery& r : v_.recoveries) {
      for (const std::uint32_t a : r.in_flight)
        tell_attempt(v_.attempts[a]);
    }
    for (const Attempt& a : v_.attempts) {
      if (a.abandoned && a.last_landed != never && a.last_landed > a.ended)
        tell_attempt(a);
    }
    std::stable_sort(moments_.begin(), moments_.end(),
                     [](const Moment& a, const Moment& b) { return a.at < b.at; });
    return std::move(moments_);
  }

 private:
  void say(TimePoint at, std::string who, std::string text, bool fixed = false) {
    moments_.push_back({at, std::move(who), std::move(text), fixed});
  }

  std::string fault_text(std::uint64_t index) const {
    json faults = scenario::to_json(v_.scenario)["faults"];
    if (index >= faults.size())
      return "a fault";
    std::string out = faults[index]["type"];
    for (const char* key : {"link", "direction", "subsystem", "node", "state", "host", "controller",
                            "source", "names", "port", "opcode", "delay", "status"}) {
      if (!faults[index].contains(key))
        continue;
      const json& value = faults[index][key];
      out += fmt::format(" {} {}", key, value.is_string() ? time_words(value) : value.dump());
    }
    return out;
  }

  std::string host(const Event& e) const {
    return v_.name_of(static_cast<std::uint32_t>(e.get<"controller">()));
  }
  static std::string target(const Event& e) {
    return fmt::format("controller {}", e.get<"cntlid">());
  }

  void take(const Event& e) {
    if (!take_host(e))
      take_target(e);
  }

  bool take_host(const Event& e) {
    switch (e.kind) {
      case Kind::fault:
        say(e.at, "fault",
            fmt::format("{} {}", fault_text(e.get<"fault">()),
                        e.get<"on">() != 0 ? "strikes" : "is over"),
            true);
        return true;
      case Kind::controller_state:
        say(e.at, host(e),
            fmt::format("{} -> {}", host::state_name(static_cast<host::State>(e.get<"from">())),
                        host::state_name(static_cast<host::State>(e.get<"to">()))));
        return true;
      case Kind::recovery_started:
        say(e.at, host(e), "gives the path up", true);
        return true;
      case Kind::request_timeout:
        say(e.at, host(e), fmt::format("a request on queue {} times out", e.get<"qid">()));
        return true;
      case Kind::ccr_attempt:
        say(e.at, host(e),
            fmt::format("asks {} for a Cross-Controller Reset",
                        v_.name_of(static_cast<std::uint32_t>(e.get<"source">()))));
        return true;
      case Kind::ccr_attempt_failed:
        say(e.at, host(e), fmt::format("that attempt fails, status 0x{:x}", e.get<"status">()));
        return true;
      case Kind::ccr_succeeded:
        say(e.at, host(e), "the Cross-Controller Reset has succeeded");
        return true;
      case Kind::ccr_failed:
        say(e.at, host(e), "no Cross-Controller Reset succeeded");
        return true;
      case Kind::requests_cancelled:
        say(e.at, host(e),
            fmt::format("cancels {} request{}", e.get<"count">(),
                        e.get<"count">() == 1 ? "" : "s"));
        return true;
      case Kind::connected:
        say(e.at, host(e), fmt::format("is connected, as controller {}", e.get<"cntlid">()));
        return true;
      case Kind::operator_request:
        say(e.at, host(e), "an administrator's request");
        return true;
      default:
        return false;
    }
  }

  void take_target(const Event& e) {
    switch (e.kind) {
      case Kind::keep_alive_expired:
        say(e.at, target(e), "its keep-alive timer expires");
        return;
      case Kind::controller_fatal:
        say(e.at, target(e), "fails and drops its connections");
        return;
      case Kind::controller_freed:
        say(e.at, target(e), "is gone");
        return;
      case Kind::command_delayed:
        say(e.at, target(e),
            fmt::format("a command will take {} longer",
                        text(Duration{static_cast<std::int64_t>(e.get<"delay_ns">())})));
        return;
      case Kind::stale_write:
        say(e.at, "medium", fmt::format("block {} is overwritten with older data", e.get<"lba">()),
            true);
        return;
      default:
        return;
    }
  }

  void tell_attempt(const Attempt& a) {
    if (!told_.insert(a.token).second || told_.size() > 6)
      return;
    const std::string name = name_of(v_, a);
    const Operation& op = v_.operations[a.op() - 1];
    const std::string path = v_.name_of(a.controller);
    say(a.sent, path, fmt::format("{} of block {} is sent", name, op.lba));
    if (a.ended != never)
      say(a.ended, path, fmt::format("{} is {}", name, a.abandoned ? "given up" : "answered"));
    if (a.last_landed != never)
      say(a.last_landed, "medium", fmt::format("{} lands, sent over {}", name, path));
    if (a.next != nothing) {
      const Attempt& retry = v_.attempts[a.next];
      say(retry.sent, v_.name_of(retry.controller), fmt::format("{} is sent again", name));
    }
    if (op.completed != never)
      say(op.completed, "application",
          op.status.ok() ? fmt::format("{} is done", name)
                         : fmt::format("{} has failed, status 0x{:x}", name, op.status.value));
  }

  const RunView& v_;
  std::vector<Moment> moments_;
  std::set<std::uint64_t> told_;
};

/// Of too many moments, those nearest to the breach; what is fixed stays.
void cut(std::vector<Moment>& moments, TimePoint around) {
  if (moments.size() <= most_moments)
    return;
  std::vector<std::size_t> order(moments.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  const auto distance = [&](std::size_t i) {
    const Duration d = moments[i].at - around;
    // What comes afterwards explains less.
    return std::pair(!moments[i].fixed, d < Duration{} ? -d : 4 * d);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return distance(a) < distance(b); });
  order.resize(most_moments);
  std::sort(order.begin(), order.end());
  std::vector<Moment> kept;
  for (const std::size_t i : order)
    kept.push_back(std::move(moments[i]));
  moments = std::move(kept);
}

}  // namespace

json story(const RunView& view, const Breach& breach) {
  std::vector<Moment> moments = Teller(view).tell();
  cut(moments, breach.at);
  json out = json::array();
  bool told = false;
  const auto tell_breach = [&] {
    out.push_back({{"t_s", sim::seconds(breach.at)},
                   {"who", "breach"},
                   {"text", breach.text},
                   {"breach", true}});
    told = true;
  };
  for (const Moment& m : moments) {
    if (!told && m.at > breach.at)
      tell_breach();
    out.push_back({{"t_s", sim::seconds(m.at)}, {"who", m.who}, {"text", m.text}});
  }
  if (!told)
    tell_breach();
  return out;
}

std::string incident_name(std::string_view requirement, std::string_view policy,
                          std::string_view target) {
  std::string out = fmt::format("{}_{}_{}", requirement, policy, target);
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  for (std::size_t at = 0; (at = out.find_first_not_of(allowed, at)) != std::string::npos;)
    out[at] = '-';
  // File systems take 255 bytes, some of which an ending needs.
  constexpr std::size_t longest = 200;
  if (out.size() > longest)
    out = fmt::format("{}-{:016x}", out.substr(0, longest), sim::hash_name(out));
  return out;
}

json incident(const json& document, const Subject& subject, const Requirement& requirement) {
  json complete = fill_in(document, subject);
  constexpr std::size_t longest_name = 64;
  complete["name"] = incident_name(requirement.id, subject.policy_name, subject.target_name)
                         .substr(0, longest_name);
  complete["description"] = fmt::format("Breaks {}: {}", requirement.id, requirement.title);
  complete["expect"] = {{"requirements", {requirement.id}}};
  json out;
  judge(scenario::from_json(complete, "incident"), {&requirement},
        [&](const RunView& view, const Judgement& judged) {
          const Breach& breach = judged.ledgers.front().breaches().front();
          out["at_s"] = sim::seconds(breach.at);
          out["text"] = breach.text;
          out["timeline"] = story(view, breach);
        });
  out["document"] = complete;
  return out;
}

}  // namespace holdfast::conform
