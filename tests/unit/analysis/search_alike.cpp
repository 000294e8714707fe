// SPDX-License-Identifier: Apache-2.0
// Worlds that a search takes for one and the same: whether they go on alike, whether anything that
// matters tells them apart, and whether an answer is the same with and without.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "analysis/search/alike/form.hpp"
#include "analysis/search/alike/met.hpp"
#include "analysis/search/explore.hpp"
#include "models/scenario/scenario.hpp"
#include "tests/unit/analysis/worst_world.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::analysis;
using namespace std::chrono_literals;
using nlohmann::json;
using search::Objective;
namespace alike = search::alike;

scenario::Scenario small(const char* transport, const json& bounds) {
  json s = test::worst_case();
  s["fabric"]["transport"] = transport;
  s["adversary"].update(bounds);
  return scenario::from_json(s, "test");
}

alike::Former former_of(const search::Space& space, Objective objective) {
  return {space.base(), space.end, objective, space.thrown()};
}

/// What happens from now on, with times counted from now. Numbers that name something are left out
/// unless they say what an application or a disk gets to see.
class Future : public sim::Sink {
 public:
  explicit Future(std::int64_t from_ns) : from_ns_(from_ns) {}
  void on_record(const sim::Record& r) override {
    std::vector<std::uint64_t> one = {static_cast<std::uint64_t>(r.time_ns - from_ns_), r.kind};
    const auto kind = static_cast<Kind>(r.kind);
    if (kind == Kind::app_submit || kind == Kind::app_complete || kind == Kind::media_write ||
        kind == Kind::attempt_sent)
      one.insert(one.end(), r.word.begin(), r.word.begin() + 2);
    records.push_back(std::move(one));
  }
  std::vector<std::vector<std::uint64_t>> records;

 private:
  std::int64_t from_ns_;
};

/// Up to `span` from now.
std::vector<std::vector<std::uint64_t>> future_of(World w, sim::Duration span) {
  Future future(sim::ns(w.now()));
  w.trace.attach(&future);
  w.calendar.run_until(w, w.now() + span);
  w.trace.attach(nullptr);
  return std::move(future.records);
}

/// Runs all executions with one or two deviations, and gives worlds after each event that asked.
template <class Use>
void for_worlds(const search::Space& space, unsigned most, Use use) {
  const auto yes = [](const auto&...) { return true; };
  unsigned count = 0;
  search::Node top;
  top.left = search::all_of(space.bounds);
  search::Explorer(space, yes, yes).children(std::move(top), [&](search::Node&& node) {
    World w = node.world ? std::move(*node.world) : space.root(node.path);
    std::uint64_t asked = 0;
    while (!space.is_settled(w) && w.calendar.step(w, space.end)) {
      std::uint64_t made = 0;
      for (const search::Watched& watched : space.watched)
        made += w.choices.made(watched.id);
      if (made != std::exchange(asked, made) && space.is_open(w.now()))
        use(w, count);
    }
    return ++count < most;
  });
}

}  // namespace

TEST_CASE("worlds that are told alike go on alike", "[search]") {
  std::size_t pairs = 0;
  for (const char* const transport : {"tcp", "rdma", "fc"}) {
    CAPTURE(transport);
    const search::Space space(small(transport, {{"deviations", 1}}), Objective::corruption);
    alike::Former former = former_of(space, Objective::corruption);
    struct Seen {
      World world;
      unsigned execution = 0;
    };
    std::map<std::pair<std::uint64_t, std::uint64_t>, Seen> seen;
    std::size_t here = 0;
    for_worlds(space, 120, [&](const World& w, unsigned execution) {
      if (here >= 60)
        return;
      const alike::Hash hash = alike::hash_of(former.of(w));
      const auto [at, is_new] = seen.try_emplace({hash.high, hash.low}, Seen{w, execution});
      if (is_new || at->second.execution == execution)
        return;
      ++here;
      const sim::Duration span = space.end - std::max(w.now(), at->second.world.now());
      REQUIRE(future_of(at->second.world, span) == future_of(w, span));
    });
    pairs += here;
  }
  CHECK(pairs >= 20);
}

namespace {

struct Change {
  const char* what;
  std::function<void(World&)> change;
};

/// A write executes.
World in_the_middle(const search::Space& space) {
  World w = space.root({});
  w.calendar.run_until(w, sim::epoch + 900ms + 15us);
  return w;
}

const std::vector<Change> matters = {
    {"a pending event more", [](World& x) { x.after(1s, [](World&) {}); }},
    {"a blackhole", [](World& x) { ++x.net.channels[0].blackholes; }},
    {"an outage", [](World& x) { ++x.net.channels[0].outages; }},
    {"a link that is busy for longer",
     [](World& x) { x.net.channels[0].busy_until = x.now() + 1ns; }},
    {"the delay of a link", [](World& x) { x.net.channels[0].delay += 1ns; }},
    {"the state of a controller",
     [](World& x) { x.host.controllers[0].state = host::State::deleting; }},
    {"a deadline", [](World& x) { x.host.controllers[0].deadline = x.now() + 1s; }},
    {"when a command was sent last",
     [](World& x) { x.host.controllers[0].last_submission += 1ns; }},
    {"a tag", [](World& x) { x.host.queues[0].tags.take(); }},
    {"the path that is used", [](World& x) { x.host.heads[0].current ^= 1; }},
    {"an I/O", [](World& x) { x.host.ios.add(); }},
    {"attempts of an I/O", [](World& x) { ++(*x.host.ios.begin()).attempts; }},
    {"a window", [](World& x) { ++(*x.transport.connections.begin()).end[0].cwnd; }},
    {"a round trip",
     [](World& x) { (*x.transport.connections.begin()).end[0].round_trips.smoothed += 1ns; }},
    {"a byte to send", [](World& x) { ++(*x.transport.connections.begin()).end[0].next; }},
    {"a queue that is stopped",
     [](World& x) { (*x.transport.host_queues.begin()).stopped ^= true; }},
    {"traffic that was seen",
     [](World& x) { (*x.target.controllers.begin()).traffic_seen ^= true; }},
    {"when a controller looks",
     [](World& x) { (*x.target.controllers.begin()).watchdog_at += 1ns; }},
    {"a fault of commands", [](World& x) { x.target.subsystems[0].faults.emplace_back(); }},
    {"CQT",
     [](World& x) {
       target::Profile profile = *x.target.subsystems[0].profile;
       ++profile.cqt_ms;
       x.target.subsystems[0].profile = std::make_shared<const target::Profile>(profile);
     }},
    {"what a block holds",
     [](World& x) {
       x.target.namespaces[0].history.push_back({77, 0, x.now(), false});
       x.target.namespaces[0].latest.writable(9) = {x.target.namespaces[0].history.size(), 77};
     }},
    {"how far a zone is written",
     [](World& x) {
       x.target.namespaces[0].written.resize(3);
       x.target.namespaces[0].written.writable(2) = 4;
     }},
    {"the step of a script",
     [](World& x) { ++std::get<workload::Script>(x.workload.jobs[0].program).at; }},
    {"how often a fault has struck", [](World& x) { ++x.fault.faults[0].struck; }},
    {"the newest write of a block",
     [](World& x) { x.oracle.disks[0].writable(0).content_serial = 3; }},
    {"an answer of an application",
     [](World& x) { x.oracle.operations.writable(0).completed = sim::epoch; }},
    {"the fate of an attempt",
     [](World& x) { (*x.oracle.attempts.begin()).fate = oracle::Fate::gone; }},
    {"an answer that is to come",
     [](World& x) {
       const std::string& name = x.choices.name(x.net.channels[0].loss_choice);
       const std::uint64_t next = x.choices.made(x.net.channels[0].loss_choice);
       x.choices.replay({{sim::hash_name(name), next, 1}});
     }},
    {"the time, to which TCP's stamps refer",
     [](World& x) { x.calendar.advance_to(x.now() + 1ns); }},
};
}  // namespace

TEST_CASE("whatever matters tells worlds apart", "[search]") {
  const search::Space space(small("tcp", {{"deviations", 1}}), Objective::corruption);
  alike::Former former = former_of(space, Objective::corruption);
  const World w = in_the_middle(space);
  REQUIRE(w.target.requests.live() > 0);
  REQUIRE(w.host.ios.live() > 0);
  const alike::Hash hash = alike::hash_of(former.of(w));
  REQUIRE(alike::hash_of(former.of(World(w))) == hash);
  for (const Change& one : matters) {
    CAPTURE(one.what);
    World other = w;
    one.change(other);
    CHECK(alike::hash_of(former.of(other)) != hash);
  }
}

TEST_CASE("what does not tell worlds apart changes nothing", "[search]") {
  const search::Space space(small("tcp", {{"deviations", 1}}), Objective::corruption);
  alike::Former former = former_of(space, Objective::corruption);
  const World w = in_the_middle(space);
  const alike::Hash hash = alike::hash_of(former.of(w));
  const auto future = future_of(w, 20s);
  REQUIRE(future.size() > 100);
  const std::vector<Change> changes = {
      {"counts of a channel", [](World& x) { x.net.channels[0].packets += 5; }},
      {"when a channel became free",
       [](World& x) { x.net.channels[0].busy_until = x.now() - 1ns; }},
      {"a memo", [](World& x) { x.net.channels[0].memo = {}; }},
      {"counters of a controller", [](World& x) { ++x.host.controllers[0].counters.reset_count; }},
      {"counters of a path",
       [](World& x) { ++x.host.heads[0].paths[0].counters.command_error_count; }},
      {"the log of recoveries", [](World& x) { x.recovery.associations.push_back(x.now()); }},
      {"numbers of events", [](World& x) { x.calendar.cancel(x.after(1s, [](World&) {})); }},
      {"an event after the end", [](World& x) { x.after(100s, [](World&) {}); }},
      {"margins", [](World& x) { ++x.oracle.exposure.margins; }},
      {"content that was overwritten",
       [](World& x) {
         x.target.namespaces[0].history.push_back({77, 0, x.now(), false});
       }},
      {"how many packets could have been lost",
       [](World& x) { x.choices.yes(x.net.channels[0].loss_choice, 0); }},
      {"an event that is over",
       [](World& x) {
         x.host.controllers[0].failfast_timer = {1, 0};
       }},
  };
  for (const Change& one : changes) {
    CAPTURE(one.what);
    World other = w;
    one.change(other);
    CHECK(alike::hash_of(former.of(other)) == hash);
    CHECK(future_of(other, 20s) == future);
  }
}

TEST_CASE("a world that was met covers those with no more left and no earlier", "[search]") {
  const alike::Hash hash{1, 2};
  alike::Met met;
  const sim::TimePoint met_at = sim::epoch + 5s;
  met.add(*alike::remembered(hash, {2, 1, 0, 0, 0}, met_at));
  CHECK(met.covers(hash, {2, 1, 0, 0, 0}, met_at));
  CHECK(met.covers(hash, {1, 1, 0, 0, 0}, met_at + 1ns));
  CHECK_FALSE(met.covers(hash, {1, 1, 0, 0, 0}, met_at - 1ns));
  CHECK_FALSE(met.covers(hash, {3, 1, 0, 0, 0}, met_at));
  CHECK_FALSE(met.covers(hash, {1, 0, 1, 0, 0}, met_at));
  CHECK(met.covers(hash, {1, 1, 0, 0, 0}, met_at));
  CHECK(met.covers(hash, {0, 0, 7, 7, 7}, met_at));  // of none in all there are none of a kind
  CHECK_FALSE(met.covers({1, 3}, {0, 0, 0, 0, 0}, met_at));
  CHECK_FALSE(met.covers({2, 2}, {0, 0, 0, 0, 0}, met_at));
  // More takes its place, what is neither more nor less stands beside it.
  met.add(*alike::remembered(hash, {3, 1, 0, 0, 0}, met_at));
  CHECK(met.size() == 1);
  CHECK(met.covers(hash, {3, 1, 0, 0, 0}, met_at));
  met.add(*alike::remembered(hash, {1, 0, 1, 0, 0}, met_at));
  CHECK(met.size() == 2);
  CHECK(met.covers(hash, {1, 0, 1, 0, 0}, met_at));
  // What does not fit is not promised.
  CHECK_FALSE(alike::remembered(hash, {1, 0, 0, 0, 0}, sim::epoch + 40min).has_value());
  met.add(*alike::remembered({7, 7}, {100, 50, 0, 0, 0}, met_at));
  CHECK(met.covers({7, 7}, {63, 15, 0, 0, 0}, met_at));
  CHECK_FALSE(met.covers({7, 7}, {64, 15, 0, 0, 0}, met_at));
  CHECK_FALSE(met.covers({7, 7}, {63, 16, 0, 0, 0}, met_at));
}

TEST_CASE("a world is remembered in 32 bytes, and found again", "[search]") {
  std::mt19937_64 random(1);
  std::vector<alike::Hash> hashes;
  alike::Met met;
  double most = 0;
  for (std::size_t i = 1; i <= 200'000; ++i) {
    hashes.push_back({random(), random()});
    met.add(*alike::remembered(hashes.back(), {1, 1, 0, 0, 0}, sim::epoch));
    if (i >= 20'000 && i % 1000 == 0)
      most = std::max(most, static_cast<double>(met.bytes()) / static_cast<double>(met.size()));
  }
  CHECK(met.size() == hashes.size());
  CHECK(most <= 32);
  CHECK(std::all_of(hashes.begin(), hashes.end(), [&](const alike::Hash& hash) {
    return met.covers(hash, {1, 1, 0, 0, 0}, sim::epoch);
  }));
  CHECK_FALSE(met.covers({random(), random()}, {0, 0, 0, 0, 0}, sim::epoch));
}

TEST_CASE("each bit of a form changes its hash", "[search]") {
  std::vector<std::byte> bytes(70);
  std::mt19937_64 random(7);
  for (std::byte& one : bytes)
    one = static_cast<std::byte>(random());
  std::vector<alike::Hash> seen = {alike::hash_of(bytes)};
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    seen.push_back(alike::hash_of(bytes));
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
  }
  for (const std::size_t shorter : {69u, 64u, 32u, 0u})
    seen.push_back(alike::hash_of(std::span(bytes).first(shorter)));
  // Nor do two inputs share one half of it.
  for (const auto half : {&alike::Hash::high, &alike::Hash::low}) {
    std::sort(seen.begin(), seen.end(),
              [&](const alike::Hash& a, const alike::Hash& b) { return a.*half < b.*half; });
    CHECK(std::adjacent_find(seen.begin(), seen.end(),
                             [&](const alike::Hash& a, const alike::Hash& b) {
                               return a.*half == b.*half;
                             }) == seen.end());
  }
}

namespace {

json answer_of(const scenario::Scenario& s, Objective objective, bool merge, bool reduce,
               unsigned jobs = 1) {
  search::Options options;
  options.strategy = search::Strategy::exhaustive;
  options.merge = merge;
  options.reduce = reduce;
  options.jobs = jobs;
  return search::document(s, search::search(s, options, objective));
}

std::uint64_t worlds_in(const json& answer) { return answer["worlds"].get<std::uint64_t>(); }

}  // namespace

TEST_CASE("a search says the same with and without merging and reduction", "[search]") {
  struct Case {
    const char* transport;
    const char* policy;
    Objective objective = Objective::corruption;
    bool fault_moves = false;  ///< or else heals
  };
  std::uint64_t again = 0, fewer = 0;
  for (const Case& one : std::vector<Case>{{"tcp", "spec"},
                                           {"tcp", "linux-mainline"},
                                           {"rdma", "spec"},
                                           {"fc", "linux-mainline"},
                                           {"tcp", "spec", Objective::corruption, true},
                                           {"rdma", "cqt-only", Objective::corruption, true},
                                           {"fc", "linux-mainline", Objective::exposure, true},
                                           {"rdma", "spec", Objective::stall}}) {
    CAPTURE(one.transport, one.policy, search::name_of(one.objective));
    const json fault = one.fault_moves ? json{{"fault", 0}, {"at", {"850ms", "1.05s"}}}
                                       : json{{"fault", 0}, {"for", {"1s", "3s"}}};
    scenario::Scenario s = small(one.transport, {{"deviations", 2},
                                                 {"losses", one.fault_moves ? 0 : 1},
                                                 {"until", one.fault_moves ? "30s" : "901ms"},
                                                 {"delay", "1s"},
                                                 {"faults", json::array({fault})}});
    s.hosts[0].policy = test::with(one.policy, json::object()).hosts[0].policy;
    const json plain = answer_of(s, one.objective, false, false);
    const json merged = answer_of(s, one.objective, true, false);
    const json reduced = answer_of(s, one.objective, false, true);
    const json both = answer_of(s, one.objective, true, true);
    CHECK(merged["worst"] == plain["worst"]);
    CHECK(both["worst"] == reduced["worst"]);
    CHECK(reduced["verdict"] == plain["verdict"]);
    CHECK(reduced["ended"] == plain["ended"]);
    if (plain["worst"].is_object() && plain["worst"].contains("value_s"))
      CHECK(reduced["worst"]["value_s"] == plain["worst"]["value_s"]);
    CHECK(worlds_in(merged) <= worlds_in(plain));
    CHECK(worlds_in(both) <= worlds_in(reduced));
    CHECK(answer_of(s, one.objective, true, true, 2) == both);
    again += merged["merging"]["again_count"].get<std::uint64_t>();
    fewer += worlds_in(plain) - worlds_in(reduced);
  }
  CHECK(again > 0);
  CHECK(fewer > 0);
}

TEST_CASE("what happens at some instants only is found with the reduction, too", "[search]") {
  // A write that takes the most it may lands when its controller is gone; it corrupts only if it
  // lands after its retry, and before that.
  for (const double m : {0.25, 0.5}) {
    CAPTURE(m);
    const auto s = test::with({{"preset", "cqt-only"}, {"hold_multiplier", m}}, {{"losses", 0}});
    const json reduced = answer_of(s, Objective::corruption, false, true, 2);
    CHECK(reduced["verdict"] == "found");
    CHECK(reduced["verdict"] == answer_of(s, Objective::corruption, false, false, 2)["verdict"]);
  }
}
