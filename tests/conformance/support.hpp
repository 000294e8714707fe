// SPDX-License-Identifier: Apache-2.0
// What the conformance tests share: a log of the records of a run, small scenarios to start from,
// and a run of one of them that can be branched.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analysis/closed_forms.hpp"
#include "models/fault/fault.hpp"
#include "models/host/host.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/scenario/scenario.hpp"
#include "models/world.hpp"
#include "sim/check.hpp"
#include "tests/property/invariants.hpp"

namespace holdfast::conformance {

using namespace std::chrono_literals;
using nlohmann::json;
using sim::Duration;
using sim::TimePoint;

/// The name of a word that some kind of record has; another name does not compile.
struct Word {
  std::string_view name;
  // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions)
  consteval Word(const char* of) : name(of) {
    for (const RecordInfo& kind : record_kinds) {
      if (kind.place(name) < kind.words)
        return;
    }
    throw "no kind of record has a word of that name";
  }
};

/// A record with its words under their names.
struct Entry {
  Kind kind{};
  TimePoint at{};
  std::array<std::uint64_t, 6> word{};

  [[nodiscard]] std::uint64_t operator[](Word of) const {
    const std::size_t place = info(kind).place(of.name);
    HOLDFAST_CHECK(place < info(kind).words);
    return word[place];
  }
};

/// Over links of microseconds, such as a CCR, its notice and its log page take.
inline constexpr Duration few_round_trips = std::chrono::milliseconds{1};

using Filter = std::function<bool(const Entry&)>;

/// Filters on one word: `with("controller", 0)`.
inline Filter with(Word name, std::uint64_t value) {
  return [name, value](const Entry& e) { return e[name] == value; };
}
/// Records of the first controller of the first host.
inline Filter of_first() { return with("controller", 0); }
inline Filter operator&&(Filter a, Filter b) {
  return [a = std::move(a), b = std::move(b)](const Entry& e) { return a(e) && b(e); };
}
inline Filter since(TimePoint t) {
  return [t](const Entry& e) { return e.at >= t; };
}
inline Filter before(TimePoint t) {
  return [t](const Entry& e) { return e.at < t; };
}

/// Keeps the records of a run; packets only when asked, there are many.
class RecordLog : public sim::Sink {
 public:
  bool packets = false;
  std::vector<Entry> entries;
  invariants::Once once;
  std::string broken;  ///< what happened once too often; empty: nothing

  void on_record(const sim::Record& r) override {
    if (const std::string wrong = once.take(r); broken.empty())
      broken = wrong;
    const auto kind = static_cast<Kind>(r.kind);
    const bool packet = kind == Kind::packet_hop || kind == Kind::packet_dropped;
    const bool pdu = kind == Kind::pdu_sent || kind == Kind::pdu_received;
    if ((packet || pdu) && !packets)
      return;
    entries.push_back({kind, TimePoint{Duration{r.time_ns}}, r.word});
  }

  [[nodiscard]] std::vector<Entry> all(Kind kind, const Filter& filter = {}) const {
    std::vector<Entry> found;
    for (const Entry& e : entries) {
      if (e.kind == kind && (!filter || filter(e)))
        found.push_back(e);
    }
    return found;
  }
  [[nodiscard]] std::size_t count(Kind kind, const Filter& filter = {}) const {
    return all(kind, filter).size();
  }
  /// The first or last such record; there must be one.
  [[nodiscard]] Entry first(Kind kind, const Filter& filter = {}) const {
    const auto found = all(kind, filter);
    INFO("record kind " << info(kind).name);
    REQUIRE_FALSE(found.empty());
    return found.front();
  }
  [[nodiscard]] Entry last(Kind kind, const Filter& filter = {}) const {
    const auto found = all(kind, filter);
    INFO("record kind " << info(kind).name);
    REQUIRE_FALSE(found.empty());
    return found.back();
  }
};

/// A host with `paths` paths to one subsystem, each over a switch of its own: links h1-s1 and s1-a0
/// for the first, h1-s2 and s2-a1 for the second, and so on. One I/O queue per controller, no load,
/// no fault. Link i is h1-s of path i/2 for even i, and the forward direction leads to the target.
inline json scenario_with(int paths) {
  json s = {{"name", "conformance"}, {"duration", "100000s"}, {"seed", 1}};
  json sub = {{"name", "sub"},
              {"ports", json::array()},
              {"namespaces", {{{"nsid", 1}, {"size", "16MiB"}}}}};
  json host = {{"name", "h1"}, {"cpus", 1}, {"iopolicy", "round-robin"}, {"connect", {}}};
  for (int i = 0; i < paths; ++i) {
    const std::string sw = "s" + std::to_string(i + 1);
    const std::string port = "a" + std::to_string(i);
    s["fabric"]["links"].push_back({{"name", fmt::format("h1-{}", sw)}, {"ends", {"h1", sw}}});
    s["fabric"]["links"].push_back(
        {{"name", fmt::format("{}-{}", sw, port)}, {"ends", {sw, port}}});
    sub["ports"].push_back(port);
    host["connect"].push_back({{"subsystem", "sub"}, {"port", port}});
  }
  s["subsystems"] = json::array({sub});
  s["hosts"] = json::array({host});
  s["workloads"] = json::array();
  s["faults"] = json::array();
  return s;
}

inline std::string text(Duration d) { return std::to_string(d.count()) + "ns"; }

/// Sets a `nvme connect` option on every path.
inline void set_connect(json& s, const std::string& option, const json& value) {
  for (json& c : s["hosts"][0]["connect"])
    c[option] = value;
}

/// Sets KATO on every path and the keep-alive mode of the target.
inline void set_keep_alive(json& s, analysis::KeepAlive mode, Duration kato) {
  set_connect(s, "keep_alive_tmo", text(kato));
  s["subsystems"][0]["traffic_based_keep_alive"] = mode == analysis::KeepAlive::traffic_based;
}

inline json fio(const json& words) {
  json job = {{"type", "fio"}, {"host", "h1"}, {"rw", "randrw"}, {"size", "1MiB"}};
  job.update(words);
  return job;
}

/// Eight jobs, each of which has one write out at a time, from 1 s on for 100 ms.
inline json eight_writers() {
  return fio({{"rw", "randwrite"},
              {"start", "1s"},
              {"numjobs", 8},
              {"runtime", "100ms"},
              {"size", "16MiB"}});
}

inline json blackhole(const std::string& link, Duration at) {
  return {{"type", "blackhole"}, {"at", text(at)}, {"link", link}};
}

/// One round of rw_test whose reader waits long enough for a delayed write to land.
inline json rw_test_once(Duration sleep_before_read) {
  return {{"type", "rw_test"},
          {"host", "h1"},
          {"iterations", 1},
          {"sleep_before_read", text(sleep_before_read)}};
}

/// The first write that controller 1 receives after `at` makes it fatal and stays in its backend
/// for `delay`.
inline json fopcode_write(Duration delay, Duration at = 50ms) {
  return {{"type", "fopcode"}, {"at", text(at)},    {"subsystem", "sub"},
          {"controller", 1},   {"opcode", "write"}, {"delay", text(delay)}};
}

/// A running scenario and its log; a copy goes its own way from here. The invariants of worlds are
/// checked on the way and at the end of each step.
class Run {
 public:
  explicit Run(const json& scenario, bool packets = false)
      : world(scenario::build(scenario::parse(scenario.dump(), "test"))) {
    log.packets = packets;
    world.trace.attach(&log);
  }
  /// A world that was built by other means, from where it stands.
  explicit Run(const World& built) : world(built) { world.trace.attach(&log); }
  Run(const Run& other) : log(other.log), world(other.world), checked_(other.checked_) {
    world.trace.attach(&log);
  }
  Run& operator=(const Run&) = delete;
  ~Run() = default;

  /// For a test that puts a world into a state which no run comes into; `why` is for the reader.
  Run& without_invariants(const std::string& why) {
    HOLDFAST_CHECK(!why.empty());
    checked_ = false;
    return *this;
  }

  Run& until(TimePoint t) {
    if (!checked_) {
      world.calendar.run_until(world, t);
      return *this;
    }
    invariants::run_until(world, t);
    REQUIRE_THAT(log.broken, Catch::Equals(""));
    return *this;
  }
  Run& until(Duration t) { return until(sim::epoch + t); }
  Run& advance(Duration d) { return until(world.now() + d); }

  RecordLog log;
  World world;

 private:
  bool checked_ = true;
};

/// Packets on link `index` are swallowed from `at` on, for ever.
inline fault::Fault blackhole_of(std::uint32_t link, TimePoint at, bool forward, bool backward) {
  fault::Blackhole hole;
  hole.link = net::LinkId{link};
  hole.forward = forward;
  hole.backward = backward;
  fault::Fault f;
  f.at = at;
  f.what = hole;
  return f;
}

inline void add_blackhole(World& w, std::uint32_t link, TimePoint at, bool forward = true,
                          bool backward = true) {
  fault::add_fault(w, blackhole_of(link, at, forward, backward));
}

/// Whether the first job, an rw_test, has ended with a wrong read or an error.
inline bool rw_test_failed(const World& w) {
  return std::get<workload::RwTest>(w.workload.jobs[0].program).failed;
}

inline std::uint64_t op_of(const Entry& attempt) { return attempt["token"] >> 8; }

}  // namespace holdfast::conformance

namespace Catch {
/// Time spans are told in nanoseconds.
template <>
struct StringMaker<holdfast::sim::Duration> {
  static std::string convert(holdfast::sim::Duration d) { return std::to_string(d.count()) + "ns"; }
};
template <>
struct StringMaker<holdfast::sim::TimePoint> {
  static std::string convert(holdfast::sim::TimePoint t) {
    return std::to_string(holdfast::sim::ns(t)) + "ns";
  }
};
}  // namespace Catch
