// SPDX-License-Identifier: Apache-2.0
// Varying probes; see vary.hpp. A probe is often delicate: one command must meet one fault within
// a millisecond. So each kind of change is left out as often as it is made.
#include "analysis/conform/campaign/vary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

#include "analysis/conform/view/phases.hpp"
#include "models/scenario/reading/units.hpp"
#include "sim/dice.hpp"

namespace holdfast::conform {

using nlohmann::json;

namespace {

using sim::Dice;
using sim::Duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t half = 50;  ///< percent

/// Faults that end by themselves if they are told when.
bool can_heal(const json& fault) {
  static const std::set<std::string> kinds = {"blackhole",    "link_down",   "loss",
                                              "impair",       "node",        "remote_port_lost",
                                              "port_removed", "admin_stall", "cross_traffic"};
  return kinds.contains(fault["type"].get<std::string>());
}

Duration read(const json& object, const char* key) {
  return scenario::parse_duration(object[key].get<std::string>()).value;
}

void write(json& object, const char* key, Duration value) {
  object[key] = scenario::format_duration(value);
}

Duration percent_of(Duration value, std::uint64_t percent) {
  return value / 100 * static_cast<std::int64_t>(percent);
}

const json& any_of(Dice& dice, const json& list) { return list[dice.between(0, list.size() - 1)]; }

/// Any phase against keep-alives and loads; a small shift keeps what a probe does while paths are
/// still being set up.
Duration drawn_shift(Dice& dice) {
  switch (dice.between(0, 3)) {
    case 0:
      return Duration{};
    case 1:
      return std::chrono::microseconds{dice.between(0, 20'000)};
    default:
      return std::chrono::microseconds{dice.between(0, 15'000'000)};
  }
}

/// Moves all faults together, and stretches the time between them.
Duration move_faults(Dice& dice, json& faults) {
  const Duration shift = drawn_shift(dice);
  const std::uint64_t stretch = dice.percent(half) ? dice.between(80, 125) : 100;
  const std::uint64_t longer = dice.percent(half) ? dice.between(80, 125) : 100;
  Duration first = Duration::max();
  for (const json& f : faults)
    first = std::min(first, read(f, "at"));
  Duration later{};
  for (json& f : faults) {
    const Duration before = read(f, "at");
    const Duration after = first + shift + percent_of(before - first, stretch);
    write(f, "at", after);
    later = std::max(later, after - before);
    if (f.contains("for"))
      write(f, "for", std::max(percent_of(read(f, "for"), longer), Duration{milliseconds{1}}));
  }
  return later;
}

/// One of several faults less, and commands that are delayed by less.
void weaken(Dice& dice, json& faults) {
  if (faults.size() > 2 && dice.percent(20))
    faults.erase(dice.between(0, faults.size() - 1));
  const bool sooner = dice.percent(half);
  for (json& f : faults) {
    if (sooner && f["type"] == "delay_command" && f["delay"].is_string())
      write(f, "delay", percent_of(read(f, "delay"), dice.between(60, 100)));
  }
}

/// A discovery controller has no namespace, and zones want a script.
bool takes_any_load(const json& document, const json& subsystem) {
  const json& all = document["subsystems"];
  return std::any_of(all.begin(), all.end(), [&](const json& s) {
    return s["name"] == subsystem && !s["namespaces"].front().contains("zoned");
  });
}

void vary_loads(Dice& dice, json& document) {
  json& loads = document["workloads"];
  if (!loads.empty() && dice.percent(15))
    loads.erase(dice.between(0, loads.size() - 1));
  for (json& load : loads) {
    if (load.contains("rate_iops") && dice.percent(half))
      load["rate_iops"] = std::max<std::uint64_t>(
          1, load["rate_iops"].get<std::uint64_t>() * dice.between(50, 150) / 100);
  }
  if (!dice.percent(half))
    return;
  const json& host = any_of(dice, document["hosts"]);
  const json& subsystem = any_of(dice, host["connect"])["subsystem"];
  if (!takes_any_load(document, subsystem))
    return;
  loads.push_back({{"type", "fio"},
                   {"host", host["name"]},
                   {"subsystem", subsystem},
                   {"rw", dice.pick({"randrw", "randwrite", "randread"})},
                   {"bs", "4KiB"},
                   {"iodepth", dice.between(1, 4)},
                   {"rate_iops", dice.between(2, 15)},
                   {"size", "64KiB"},
                   {"start", dice.span(500'000, 1'500'000, "us")}});
}

/// A link that loses a little, unless something else already changes what links lose: one reason to
/// lose packets is enough to tell what it did.
void add_loss(Dice& dice, json& document, Duration until) {
  json& faults = document["faults"];
  const bool other = std::any_of(faults.begin(), faults.end(), [](const json& f) {
    return f["type"] == "loss" || f["type"] == "impair";
  });
  if (other || !dice.percent(30))
    return;
  const json& link = any_of(dice, document["fabric"]["links"]);
  json loss = {{"type", "loss"},
               {"link", link["name"]},
               {"direction", dice.pick({"both", "forward", "backward"})},
               {"probability", dice.pick({"0.5%", "2%", "5%"})}};
  const Duration at = milliseconds{dice.between(500, 3'000)};
  write(loss, "at", at);
  write(loss, "for", std::max<Duration>(until - at, seconds{1}));
  faults.push_back(loss);
}

}  // namespace

json vary(const Probe& probe, std::uint64_t seed, std::uint64_t number) {
  Dice dice(seed, fmt::format("{} {}", probe.name, number));
  json out = probe.scenario;
  out["name"] = fmt::format("{}.{}.{}", probe.name, seed, number);
  out["seed"] = dice.between(1, 1'000'000);
  for (const char* list : {"faults", "workloads"}) {
    if (!out.contains(list))
      out[list] = json::array();
  }
  json& faults = out["faults"];
  const Duration usual = read(out, "duration");
  Duration healed = usual;
  if (!faults.empty())
    healed += std::max(move_faults(dice, faults), Duration{});
  weaken(dice, faults);
  vary_loads(dice, out);
  add_loss(dice, out, healed);
  for (json& f : faults) {
    if (!can_heal(f))
      continue;
    const Duration left = std::max<Duration>(healed - read(f, "at"), milliseconds{1});
    write(f, "for", f.contains("for") ? std::min(read(f, "for"), left) : left);
  }
  for (json& load : out["workloads"]) {
    const Duration start = load.contains("start") ? read(load, "start") : Duration{};
    if (load["type"] == "fio" && !load.contains("runtime"))
      write(load, "runtime", std::max<Duration>(healed + load_in_calm - start, seconds{1}));
  }
  write(out, "duration", healed + calm);
  return out;
}

}  // namespace holdfast::conform
