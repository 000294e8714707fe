// SPDX-License-Identifier: Apache-2.0
// Worlds that are split; see worlds.hpp.
#include "analysis/rare/worlds.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <type_traits>
#include <utility>
#include <variant>

#include "models/target/target.hpp"

namespace holdfast::analysis::rare {

namespace {

/// Importance is a quotient of times: two of them are the same level if they differ by less.
constexpr double tolerance = 1e-9;

scenario::Scenario without_faults(scenario::Scenario s) {
  s.faults.clear();
  return s;
}

/// What a scenario draws before it has faults does not depend on the seed: then worlds can begin as
/// copies of one.
bool draws_nothing(const scenario::Scenario& s) {
  std::array<sim::ChoiceScript, 2> drawn;
  for (std::uint64_t i = 0; i < drawn.size(); ++i) {
    World w;
    w.choices.start_recording();
    scenario::Scenario one = without_faults(s);
    one.seed = i + 1;
    scenario::build(w, one);
    drawn[i] = w.choices.record();
  }
  return drawn[0] == drawn[1];
}

/// Keeps the stalls of a path while it goes on. It hears of an I/O before the oracle does.
class StallWatch : public sim::Sink {
 public:
  StallWatch(World& w, Stalls& stalls) : world_(w), stalls_(stalls) { w.trace.attach(this); }
  ~StallWatch() override { world_.trace.attach(nullptr); }
  StallWatch(const StallWatch&) = delete;
  StallWatch& operator=(const StallWatch&) = delete;

  void on_record(const sim::Record& r) override {
    switch (static_cast<holdfast::Kind>(r.kind)) {
      case holdfast::Kind::app_submit: {
        Stalls::Job& job = of(Words<holdfast::Kind::app_submit>(r).get<"job">());
        if (job.out++ == 0)
          job.since_ns = r.time_ns;
        break;
      }
      case holdfast::Kind::app_complete: {
        const std::uint64_t serial = Words<holdfast::Kind::app_complete>(r).get<"op">();
        Stalls::Job& job = of(workload::JobId{world_.oracle.operations[serial - 1].job});
        stalls_.longest_ns = std::max(stalls_.longest_ns, r.time_ns - job.since_ns);
        --job.out;
        job.since_ns = r.time_ns;
        break;
      }
      default:
        break;
    }
  }

 private:
  Stalls::Job& of(workload::JobId id) {
    if (stalls_.jobs.size() <= sim::index(id))
      stalls_.jobs.resize(sim::index(id) + std::size_t{1});
    return stalls_.jobs[sim::index(id)];
  }
  World& world_;
  Stalls& stalls_;
};

std::int64_t longest_now(const Stalls& stalls, TimePoint now) {
  std::int64_t longest = stalls.longest_ns;
  for (const Stalls::Job& job : stalls.jobs) {
    if (job.out != 0)
      longest = std::max(longest, sim::ns(now) - job.since_ns);
  }
  return longest;
}

}  // namespace

bool may_deliver_late(const scenario::Scenario& s) {
  const auto loses = [](const scenario::Link& link) {
    return link.loss[0] > 0.0 || link.loss[1] > 0.0;
  };
  const auto heals = [](const scenario::Fault& fault) {
    return std::visit(
        [](const auto& f) {
          using F = std::decay_t<decltype(f)>;
          if constexpr (std::is_same_v<F, scenario::Loss> || std::is_same_v<F, scenario::Impair> ||
                        std::is_same_v<F, scenario::HostPause>)
            return true;
          else if constexpr (std::is_same_v<F, scenario::Blackhole> ||
                             std::is_same_v<F, scenario::LinkDown>)
            return f.until_after.has_value();
          return false;
        },
        fault);
  };
  return std::any_of(s.fabric.links.begin(), s.fabric.links.end(), loses) ||
         std::any_of(s.faults.begin(), s.faults.end(), heals);
}

Worlds::Worlds(scenario::Scenario scenario, Event event, Importance importance,
               const std::atomic<bool>* stop, Deadline deadline)
    : scenario_(std::move(scenario)),
      event_(event),
      importance_(std::move(importance)),
      stop_(stop),
      deadline_(deadline),
      end_(sim::epoch + scenario_.duration) {
  HOLDFAST_CHECK(!scenario_.choices, "a script leaves nothing to chance");
  late_delivery_ = may_deliver_late(scenario_);
  has_base_ = draws_nothing(scenario_);
  if (has_base_)
    names_ = scenario::build_named(base_, without_faults(scenario_));
}

World Worlds::build(std::uint64_t seed, bool record) const {
  if (has_base_) {
    World w = base_;
    if (record)
      w.choices.start_recording();
    w.choices.go_on_with(seed);
    for (const scenario::Fault& fault : scenario_.faults)
      scenario::add_fault(w, fault, names_);
    return w;
  }
  World w;
  if (record)
    w.choices.start_recording();
  scenario::Scenario one = scenario_;
  one.seed = seed;
  scenario::build(w, one);
  return w;
}

Worlds::Path Worlds::root(std::uint64_t seed, Work& work) const {
  ++work.roots;
  return {build(seed, false), {seed, {}}, {}};
}

void Worlds::renew(Path& path, std::uint64_t seed) const {
  path.lineage.splits.push_back({path.world.calendar.fired(), path.world.now(), seed});
  path.world.choices.go_on_with(seed);
  if (draws_again())
    target::draw_again(path.world);
}

bool Worlds::is_settled(const World& w) const {
  if (event_.kind != Event::Kind::stall && w.oracle.attempts.live() != 0)
    return false;
  return w.host.ios.live() == 0 &&
         std::all_of(w.workload.jobs.begin(), w.workload.jobs.end(),
                     [](const workload::Job& job) { return job.finished; });
}

bool Worlds::has_happened(const Path& path) const {
  const World& w = path.world;
  switch (event_.kind) {
    case Event::Kind::corruption:
      return w.oracle.counts.corrupt();
    case Event::Kind::exposure:
      return oracle::exposure_until(w.oracle, w.now()).longest > event_.above;
    case Event::Kind::stall:
      break;
  }
  return longest_now(path.stalls, w.now()) > event_.above.count();
}

Reading Worlds::read(const Path& path, double level) const {
  if (importance_)
    return importance_.read(path.world, level);
  if (event_.kind != Event::Kind::stall)
    return age_against_release(path.world, level, end_, late_delivery_);
  const auto whole = static_cast<double>(event_.above.count());
  Reading out;
  for (const Stalls::Job& job : path.stalls.jobs) {
    if (job.out == 0)
      continue;
    const auto so_far = static_cast<double>(sim::ns(path.world.now()) - job.since_ns);
    out.value = std::max(out.value, so_far / whole);
    out.per_ns = 1.0 / whole;
    if (level > 1.0)
      continue;
    const TimePoint at{
        Duration{job.since_ns + static_cast<std::int64_t>(std::ceil(level * whole))}};
    if (at > path.world.now() && (out.at_level == sim::never || at < out.at_level))
      out.at_level = at;
  }
  return out;
}

Reached Worlds::advance(Path& path, double up, double down, double& peak, Work& work) const {
  World& w = path.world;
  std::optional<StallWatch> watch;
  if (event_.kind == Event::Kind::stall)
    watch.emplace(w, path.stalls);
  if ((stop_ != nullptr && *stop_) || (deadline_ && std::chrono::steady_clock::now() >= *deadline_))
    throw Stopped();
  for (;;) {
    if (has_happened(path))
      return Reached::event;
    const Reading now = read(path, up);
    peak = std::max(peak, now.value);
    if (now.value >= up - tolerance)
      return Reached::level;
    if (now.value < down - tolerance)
      return Reached::sunk;
    if (is_settled(w))
      return Reached::over;
    if (now.at_level != sim::never && now.at_level <= end_ && !w.calendar.is_due(now.at_level)) {
      w.calendar.advance_to(now.at_level);
      peak = std::max(peak, up);
      return Reached::level;
    }
    const TimePoint before = w.now();
    const bool more = w.calendar.step(w, end_);
    if (more)
      ++work.events;
    else
      w.calendar.advance_to(end_);
    // What happens ends the growth; right before it the importance was at its highest.
    peak = std::max(peak, now.value + now.per_ns * static_cast<double>((w.now() - before).count()));
    if (!more)
      return has_happened(path) ? Reached::event : Reached::over;
  }
}

template <class Before>
World Worlds::walk(const Lineage& lineage, bool record, Before before_split) const {
  World w = build(lineage.seed, record);
  for (const Split& split : lineage.splits) {
    while (w.calendar.fired() < split.fired)
      HOLDFAST_CHECK(w.calendar.step(w, end_), "a lineage has events that its world has not");
    w.calendar.advance_to(split.at);
    if (&split == lineage.splits.data())
      before_split(w);
    w.choices.go_on_with(split.seed);
    if (draws_again())
      target::draw_again(w);
  }
  w.calendar.run_until(w, end_);
  return w;
}

std::uint64_t Worlds::hash_of(const Lineage& lineage) const {
  return walk(lineage, false, [](const World&) {}).trace.hashes().full;
}

namespace {

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// How an answer is said: what a script leaves out of choices between yes and no is no.
enum class Said : std::uint8_t { happens, time, number };

Said said_of(const std::string& point) {
  for (const char* const end : {"/loss", "/duplicate", "/loss state"}) {
    if (ends_with(point, end))
      return Said::happens;
  }
  for (const char* const end :
       {"/at", "/for", " latency", " time", " delay", "/interval", "/burst", "/pause", " phase"}) {
    if (ends_with(point, end))
      return Said::time;
  }
  return Said::number;
}

/// Points whose answer is in the scenario itself.
std::vector<std::uint64_t> constant_streams(const World& w) {
  std::vector<std::uint64_t> out;
  for (const target::Namespace& n : w.target.namespaces) {
    if (n.read.kind == Span::Kind::constant)
      out.push_back(sim::hash_name(w.choices.name(n.read_choice)));
    if (n.write.kind == Span::Kind::constant)
      out.push_back(sim::hash_name(w.choices.name(n.write_choice)));
  }
  return out;
}

}  // namespace

scenario::Scenario Worlds::replaying(const Lineage& lineage) const {
  std::size_t before = 0;
  bool split = false;
  const World w = walk(lineage, true, [&](const World& at) {
    before = at.choices.record().size();
    split = true;
  });
  const sim::ChoiceScript& record = w.choices.record();
  std::map<std::uint64_t, std::string> names;
  for (std::uint32_t i = 0; i < w.choices.count(); ++i) {
    const std::string& name = w.choices.name(sim::ChoiceId{i});
    names.emplace(sim::hash_name(name), name);
  }
  const std::vector<std::uint64_t> constant = constant_streams(w);
  scenario::Scenario out = scenario_;
  out.seed = lineage.seed;
  out.name += "-rare";
  out.expect = {};
  if (event_.kind == Event::Kind::corruption)
    out.expect.integrity = "corrupt";
  out.choices.emplace();
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::int64_t> answers;
  for (std::size_t i = 0; i < record.size(); ++i) {
    const sim::Choice& c = record[i];
    const bool drawn_alike = !split || i < before;  // by the seed of the scenario
    if (std::find(constant.begin(), constant.end(), c.stream) != constant.end() ||
        (drawn_alike && said_of(names.at(c.stream)) != Said::happens))
      continue;
    answers[{c.stream, c.ordinal}] = c.value;  // what was drawn again comes last
  }
  for (const auto& [place, value] : answers) {
    scenario::Answer one;
    one.point = names.at(place.first);
    one.ordinal = place.second;
    switch (said_of(one.point)) {
      case Said::happens:
        one.happens = value != 0;
        break;
      case Said::time:
        one.time = Duration{value};
        break;
      case Said::number:
        one.number = static_cast<std::uint64_t>(value);
        break;
    }
    out.choices->push_back(std::move(one));
  }
  return out;
}

}  // namespace holdfast::analysis::rare
