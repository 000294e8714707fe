// SPDX-License-Identifier: Apache-2.0
// Time has no beginning that matters, and no unit but those that protocols bring along.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "models/net/traffic.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/scenario/reading/units.hpp"
#include "tests/property/laws_worlds.hpp"
#include "tests/wild/suit.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::laws;
using scenario::Latency;

/// Whole milliseconds, as TCP's time stamps count them, and whole units of CUBIC, 1/1024 s.
constexpr std::chrono::seconds later{1024};
constexpr std::chrono::milliseconds loads_begin{500};

void shift(Latency& at) {
  at.low += later;
  if (at.kind == Latency::Kind::uniform)
    at.high += later;
}

/// Everything that a scenario dates.
Scenario shifted(Scenario s) {
  s.duration += later;
  for (auto& h : s.hosts) {
    for (auto& c : h.connect)
      c.at += later;
  }
  for (auto& one : s.workloads)
    std::visit([](auto& load) { load.start += later; }, one);
  for (auto& one : s.faults)
    std::visit([](auto& fault) { shift(fault.at); }, one);
  return s;
}

/// Ticks of a machine are dated too, by its tick phase: a world with timer wheels is another world
/// at another phase. So this is about exact timers.
std::string later_by_a_while(const json& document, std::uint64_t /*seed*/) {
  Scenario s = scenario_of(document);
  for (auto& h : s.hosts)
    h.hz = 0;
  for (auto& sub : s.subsystems)
    sub.hz = 0;
  const First first(s, most_records);
  Change change;
  change.later = later;
  return difference(first, shifted(s), change);
}

/// The same without what rounds to whole nanoseconds: spans are constant, a byte takes a whole
/// number of them, and no load has a rate of its own. Timers are exact, as above. Loads begin when
/// devices are there: whoever waits for one looks every 10 ms, whatever the speed.
json without_rounding(const json& document) {
  if (document.is_array()) {
    json out = json::array();
    for (const json& item : document)
      out.push_back(without_rounding(item));
    return out;
  }
  if (!document.is_object())
    return document;
  for (const char* drawn : {"exponential", "usually"}) {
    if (document.contains(drawn))
      return document.at(drawn);
  }
  if (document.contains("uniform"))
    return document.at("uniform").at(0);
  json out = json::object();
  for (const auto& [key, value] : document.items()) {
    if (key == "hz")
      out[key] = "exact";
    else if (value.is_string() && scenario::parse_rate(value.get<std::string>()).ok())
      out[key] = "8Gbps";
    else if (key == "start")
      out[key] = scenario::format_duration(loads_begin);
    else if (key != "rate_iops" && key != "tick_phase")
      out[key] = without_rounding(value);
  }
  return out;
}

/// All times twice as long, all rates half as high.
json at_half_the_speed(json document) {
  if (document.is_structured()) {
    for (json& value : document)
      value = at_half_the_speed(std::move(value));
  } else if (document.is_string()) {
    const auto text = document.get<std::string>();
    if (const auto time = scenario::parse_duration(text); time.ok())
      return scenario::format_duration(2 * time.value);
    if (const auto rate = scenario::parse_rate(text); rate.ok())
      return scenario::format_rate(rate.value / 2);
  }
  return document;
}

/// The document of a drawn world to which the law applies. Left out are faults whose effects round
/// (netem works in ticks of its own) and times that nothing shows to be such (a KATO in a dword of
/// a passthrough).
json measured_world(const json& document) {
  json out = without_rounding(scenario::to_json(scenario_of(document)));
  json faults = json::array();
  for (json& fault : out.at("faults")) {
    const json& type = fault.at("type");
    if (type != "impair" && type != "cross_traffic" && type != "passthrough")
      faults.push_back(std::move(fault));
  }
  out["faults"] = std::move(faults);
  for (json& workload : out.at("workloads")) {
    if (!workload.contains("steps"))
      continue;
    for (json& step : workload["steps"])
      wild::suit_step(step);  // without defaults that are times
  }
  return out;
}

/// What happened when, until the first connection breaks or is given up: set-up anew and recovery
/// have spans that no scenario names (polls every millisecond, as in nvme-core).
struct Course : sim::Sink {
  explicit Course(std::int64_t speed_) : speed(speed_) {}
  void on_record(const sim::Record& r) override {
    using host::State;
    const Kind kind{r.kind};
    if (kind == Kind::controller_state) {
      const auto to = Words<Kind::controller_state>(r).get<"to">();
      ended = ended || (to != State::connecting && to != State::live);
    }
    if (kind == Kind::queue_pair_state) {
      const auto state = Words<Kind::queue_pair_state>(r).get<"state">();
      ended = ended || state == rdma::State::broken || state == rdma::State::stopped;
    }
    if (!ended)
      steps.emplace_back(r.time_ns * speed, r.kind);
  }
  std::int64_t speed;
  bool ended = false;
  std::vector<std::pair<std::int64_t, std::uint64_t>> steps;
};

/// Runs it, unless (false) a load has to wait for its device.
bool run(Course& course, const json& document) {
  const Scenario s = scenario::from_json(document, "law");
  World w;
  scenario::build(w, s);
  // Of the constants of RDMA, these two are the kernel's and no scenario names them.
  w.transport.rdma.parameters.address_timeout *= 2 / course.speed;
  w.transport.rdma.parameters.address_retry *= 2 / course.speed;
  w.trace.attach(&course);
  w.calendar.run_until(w, sim::epoch + 2 * loads_begin / course.speed);
  const auto waits = [](const workload::Job& job) { return !job.started; };
  if (std::any_of(w.workload.jobs.begin(), w.workload.jobs.end(), waits))
    return false;
  w.calendar.run_until(w, sim::epoch + s.duration);
  return true;
}

std::string told(const Course& course, std::size_t place) {
  if (place >= course.steps.size())
    return "nothing more";
  const auto [time, kind] = course.steps[place];
  return fmt::format("{} at {} ns", record_kinds[kind].name, time / course.speed);
}

/// TCP counts in milliseconds, in ticks of 1/1024 s and in spans that Linux alone knows. So this is
/// about RDMA and FC.
std::string twice_as_long(const json& document, std::size_t& tried) {
  json world = measured_world(document);
  // Weights go by whole numbers of 1 s over a latency, and twice of that is another one.
  for (json& host : world["hosts"]) {
    if (host.value("iopolicy", "") == "latency")
      host["iopolicy"] = "round-robin";
  }
  Course first(2);
  Course second(1);
  if (world.at("fabric").at("transport") == "tcp" || !run(first, world))
    return {};
  REQUIRE(run(second, at_half_the_speed(world)));
  ++tried;
  const auto [one, other] = std::mismatch(first.steps.begin(), first.steps.end(),
                                          second.steps.begin(), second.steps.end());
  if (one == first.steps.end() && other == second.steps.end())
    return {};
  const auto place = static_cast<std::size_t>(one - first.steps.begin());
  return fmt::format("step {} of {}: {}; at half the speed {}", place, first.steps.size(),
                     told(first, place), told(second, place));
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("the same a while later is the same", "[property][laws]",
                       ((std::uint64_t batch), batch), 0, 1, 2, 3, 4, 5, 6, 7) {
  try_on_drawn(1 + 125 * batch, 125, later_by_a_while);
  try_on_bundled(batch, 8, later_by_a_while);
}

TEMPLATE_TEST_CASE_SIG("at half the speed all takes twice as long", "[property][laws]",
                       ((std::uint64_t batch), batch), 0, 1, 2, 3, 4) {
  std::size_t tried = 0;
  try_on_drawn(1 + 50 * batch, 50,
               [&](const json& document, auto) { return twice_as_long(document, tried); });
  CHECK(tried > 10);
}
