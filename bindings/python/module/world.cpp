// SPDX-License-Identifier: Apache-2.0
// A world in Python's hands: stepped, looked at, copied, interfered with.
#include <fmt/format.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "analysis/run/bounds.hpp"
#include "analysis/run/inspect.hpp"
#include "analysis/run/result.hpp"
#include "bindings/python/module/hooks.hpp"
#include "bindings/python/module/recorder.hpp"
#include "models/footprint.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/scenario/reading/units.hpp"
#include "models/scenario/scenario.hpp"
#include "models/world.hpp"
#include "sim/check.hpp"

namespace holdfast::python {
namespace {
class PyWorld {
  /// Acts on the world between two events, or in the middle of one.
  template <class Act>
  auto change(Act act) {
    try {
      return act();
    } catch (const sim::InvariantError& error) {
      broken_ = Broken::by_invariant;
      why_broken_ = error.what();
      throw;
    }
  }

 public:
  PyWorld(const std::string& text, const std::string& source, std::optional<std::uint64_t> seed,
          const std::vector<std::string>& kinds)
      : document_(scenario::parse_document(text, source)), source_(source) {
    if (seed && document_.is_object())
      document_["seed"] = *seed;
    scenario_ = scenario::from_json(document_, source_);
    document_ = scenario::without_templates(document_, source_);  // changes are of single hosts
    Interrupts interrupts;
    names_ = scenario::build_named(world_, scenario_, [&] { interrupts.check(); });
    for (std::size_t i = 0; i < record_kinds.size(); ++i) {
      if (std::find(kinds.begin(), kinds.end(), record_kinds[i].name) != kinds.end())
        recorder_.keep(static_cast<std::uint16_t>(i));
    }
    if (!kinds.empty())
      world_.trace.attach(&recorder_);
    records_ = !kinds.empty();
  }

  PyWorld(const PyWorld& other)
      : document_(other.document_),
        source_(other.source_),
        scenario_(other.scenario_),
        names_(other.names_),
        world_(other.world_),
        recorder_(other.recorder_),
        records_(other.records_),
        bounded_(other.bounded_) {
    if (records_)
      world_.trace.attach(&recorder_);
  }
  PyWorld& operator=(const PyWorld&) = delete;
  ~PyWorld() = default;

  [[nodiscard]] PyWorld copy() {
    const Use use(*this, "copy", Use::between_events);
    return *this;
  }

  /// Events fired; fewer than asked for when nothing is left to happen.
  std::uint64_t step(std::uint64_t count) {
    const Use use(*this, "step", Use::between_events);
    const py::gil_scoped_release released;
    Interrupts interrupts;
    std::uint64_t done = 0;
    while (done < count && fire_next(sim::TimePoint::max())) {
      if (++done % analysis::events_per_look == 0)
        interrupts.check();
    }
    return done;
  }

  /// False: it came to a bound before that instant, with another event due.
  bool run_until(std::int64_t time_ns, Bounds bounds) {
    const Use use(*this, "run_until", Use::between_events);
    const sim::TimePoint end{sim::Duration{time_ns}};
    if (end < world_.now())
      misuse("World.run_until: that instant is over; copy a world before it to go back");
    const py::gil_scoped_release released;
    Interrupts interrupts;
    bounded_.reset();
    const auto [max_events, max_memory] = bounds;
    for (std::uint64_t done = 1, next_weighing = 1; fire_next(end); ++done) {
      if (done % analysis::events_per_look == 0)
        interrupts.check();
      if (done >= max_events && world_.calendar.is_due(end))
        bounded_ = analysis::Early::max_events;
      if (done >= next_weighing) {
        next_weighing = done + std::min(done, analysis::events_per_weighing);
        if (!bounded_ && footprint(world_) > max_memory && world_.calendar.is_due(end))
          bounded_ = analysis::Early::max_memory;
      }
      if (bounded_)
        return false;
    }
    world_.calendar.advance_to(end);
    return true;
  }

  [[nodiscard]] std::int64_t now() {
    const Use use(*this, "now_s");
    return sim::ns(world_.now());
  }
  [[nodiscard]] std::int64_t duration() const { return scenario_.duration.count(); }
  [[nodiscard]] std::string inspect() {
    const Use use(*this, "inspect");
    return analysis::inspect(world_).dump();
  }

  [[nodiscard]] std::string result() {
    const Use use(*this, "result");
    const py::gil_scoped_release released;
    std::optional<analysis::Early> early;
    const sim::TimePoint end = sim::epoch + scenario_.duration;
    if (world_.now() < end || world_.calendar.is_due(end))
      early = bounded_.value_or(analysis::Early::so_far);
    return analysis::result_document(scenario_, world_, "native", early).dump();
  }

  /// Time, kind, and the words by name.
  [[nodiscard]] py::list records() {
    const Use use(*this, "records");
    py::list out;
    for (const sim::Record& r : recorder_.records()) {
      const RecordInfo& kind = record_kinds[r.kind];
      py::dict words;
      for (std::size_t i = 0; i < kind.words; ++i)
        words[py::str(std::string(kind.word[i]))] = static_cast<std::int64_t>(r.word[i]);
      out.append(py::make_tuple(r.time_ns, std::string(kind.name), words));
    }
    return out;
  }

  /// Adds a fault, or copies of it, checked as part of the scenario: its errors are the loader's.
  void inject(const std::string& fault) {
    const Use use(*this, "inject");
    nlohmann::json changed = document_;
    changed["faults"].push_back(scenario::parse_document(fault, "inject(...)"));
    const scenario::Scenario checked =
        check(changed, "inject(...)", fmt::format("/faults/{}", changed["faults"].size() - 1));
    for (auto i = scenario::from_json(document_, "").faults.size(); i < checked.faults.size(); ++i)
      change([&] { scenario::add_fault(world_, checked.faults[i], names_); });
    document_ = std::move(changed);
  }

  /// Changes the knobs of a host's recovery policy, from now on.
  void set_policy(const std::string& name, const std::string& policy) {
    const Use use(*this, "set_policy");
    const std::string call = fmt::format("set_policy({}, ...)", scenario::in_quotes(name));
    nlohmann::json changed = document_;
    const std::size_t at = host_index(name, call);
    changed["hosts"][at]["policy"] = scenario::parse_document(policy, call);
    const scenario::Scenario checked = check(changed, call, fmt::format("/hosts/{}/policy", at));
    const host::RecoveryPolicy& knobs = checked.hosts[at].policy;
    const auto busy =
        change([&] { return host::change_policy(world_, names_.hosts.at(name), knobs); });
    if (busy) {
      const host::Controller& c = world_.host.controllers[sim::index(*busy)];
      const auto& siblings = world_.host.hosts[sim::index(c.host)].controllers;
      misuse(fmt::format(
          "{}: found controller nvme{} of this host in {}, and what is under way goes on as it "
          "began; set the policy in a copy from before, or once the controller is LIVE again",
          call, std::find(siblings.begin(), siblings.end(), *busy) - siblings.begin(),
          host::state_name(c.state)));
    }
    document_ = std::move(changed);
  }

  void attach_policy(const std::string& name, py::object policy) {
    const Use use(*this, "attach_policy", Use::between_events);
    const host::HostId id = names_.hosts.at(name);
    policies_[name] = std::make_unique<PythonPolicy>(std::move(policy));
    host::attach_hooks(world_, id, policies_[name].get());
  }

  void attach_workloads(py::object driver) {
    const Use use(*this, "attach_workloads", Use::between_events);
    workloads_ = std::make_unique<PythonWorkloads>(std::move(driver));
    world_.workload.external.attach(workloads_.get());
  }

  [[nodiscard]] std::vector<std::tuple<std::string, std::string, std::uint32_t>> volumes() const {
    std::vector<std::tuple<std::string, std::string, std::uint32_t>> out;
    for (const auto& [key, head] : names_.heads)
      out.push_back(key);
    return out;
  }

  std::uint32_t add_workload(const std::string& name, const std::string& host,
                             const std::string& subsystem, std::uint32_t nsid, std::uint32_t cpu,
                             std::int64_t start_ns) {
    const Use use(*this, "add_workload");
    const host::HeadId head = names_.heads.at({host, subsystem, nsid});
    const std::uint32_t cpus = scenario_.hosts[host_index(host, "workload")].cpus;
    if (cpu >= cpus)
      misuse(fmt::format("workload: found cpu {} of {}, expected 0 to {}", cpu, host, cpus - 1));
    return change([&] {
      return sim::index(
          workload::add_external(world_, name, head, cpu, sim::TimePoint{sim::Duration{start_ns}}));
    });
  }

  std::uint64_t submit(std::uint32_t job, const std::string& kind, std::uint64_t lba,
                       std::uint32_t blocks, std::uint32_t cookie) {
    const Use use(*this, "submit");
    static const std::map<std::string, host::IoKind> kinds = {
        {"read", host::IoKind::read},
        {"write", host::IoKind::write},
        {"flush", host::IoKind::flush},
        {"write_zeroes", host::IoKind::write_zeroes},
        {"deallocate", host::IoKind::deallocate}};
    const host::Head& head = world_.host.heads[sim::index(world_.workload.jobs.at(job).head)];
    if (lba >= head.blocks || blocks > head.blocks - lba) {
      misuse(fmt::format("{}: found blocks {} to {}, expected 0 to {}, the end of the device", kind,
                         lba, lba + blocks - 1, head.blocks - 1));
    }
    return change([&] {
      return workload::submit(world_, workload::JobId{job}, kinds.at(kind), lba, blocks,
                              host::Cookie{cookie});
    });
  }

  void wake_after(std::uint32_t job, std::int64_t time_ns, std::uint32_t cookie) {
    const Use use(*this, "wake_after");
    change([&] {
      workload::wake_after(world_, workload::JobId{job}, sim::Duration{time_ns},
                           host::Cookie{cookie});
    });
  }

 private:
  /// A world is used by one thread at a time, also while that thread has let go of the GIL. What it
  /// calls in Python, a policy or a workload, may look at the world and act on it, but not step or
  /// copy what stands in the middle of an event. Made and destroyed under the GIL, which guards
  /// `user_`; all else is touched by the user only.
  class Use {
   public:
    enum When { any_time, between_events };
    Use(PyWorld& world, const std::string& what, When when = any_time) : world_(world) {
      const auto me = std::this_thread::get_id();
      within_ = world_.user_ == me;
      if (!within_ && world_.user_ != std::thread::id())
        misuse("World." + what +
               ": another thread uses this world just now; give each thread a copy of its own");
      if (within_ && when == between_events)
        misuse("World." + what + ": the world is running already");
      world_.refuse_if_broken(what);
      world_.user_ = me;
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() {
      if (!within_)
        world_.user_ = std::thread::id();
    }

   private:
    PyWorld& world_;
    bool within_ = false;
  };

  /// How an event ended that did not run to its end: half of it has happened, and nothing that the
  /// world would say or do from there is true.
  enum class Broken { no, by_invariant, by_callback };

  void refuse_if_broken(const std::string& what) const {
    if (broken_ == Broken::by_invariant) {
      throw sim::InvariantError("World." + what + ": this world is broken since " +
                                fmt::format("{:.9f} s", sim::seconds(world_.now() - sim::epoch)) +
                                " (" + why_broken_ + "); copies from before are not");
    }
    if (broken_ == Broken::by_callback) {
      misuse("World." + what +
             ": an exception in Python ended an event of this world half way, so it cannot go on; "
             "copies from before can");
    }
  }

  /// Fires the next event up to `end`, if there is one.
  bool fire_next(sim::TimePoint end) {
    try {
      return world_.calendar.step(world_, end);
    } catch (const py::error_already_set&) {
      broken_ = Broken::by_callback;
      throw;
    } catch (const py::builtin_exception&) {  // an answer of a type that was not asked for
      broken_ = Broken::by_callback;
      throw;
    } catch (const std::exception& error) {
      broken_ = Broken::by_invariant;
      why_broken_ = error.what();
      throw;
    }
  }

  /// Where a host is in the scenario; a name that it does not have is a mistake in the call.
  [[nodiscard]] std::size_t host_index(const std::string& name, const std::string& call) const {
    std::vector<std::string> names;
    for (const auto& host : scenario_.hosts)
      names.push_back(host.name);
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      const auto near = scenario::nearest(name, names);
      misuse(fmt::format("{}: found no host of this name, expected {}{}", call,
                         scenario::one_of(names),
                         near.empty() ? "" : "; did you mean \"" + near + "\"?"));
    }
    return static_cast<std::size_t>(found - names.begin());
  }

  /// Checks the scenario with what a call changed at `place`, and tells a mistake there as one of
  /// the call: nobody sees the document in which it has a place.
  static scenario::Scenario check(const nlohmann::json& changed, const std::string& call,
                                  const std::string& place) {
    try {
      return scenario::from_json(changed, call);
    } catch (const scenario::ScenarioError& error) {
      scenario::ScenarioError::Parts parts = error.parts();
      if (parts.pointer.starts_with(place))
        parts.pointer.erase(0, place.size());
      throw scenario::ScenarioError(parts);
    }
  }

  nlohmann::json document_;
  std::string source_;
  scenario::Scenario scenario_;
  scenario::Names names_;
  World world_;
  Recorder recorder_;
  bool records_ = false;
  std::optional<analysis::Early> bounded_;  ///< the bound by which the last run_until ended
  std::thread::id user_;                    ///< who uses it just now; none: nobody
  Broken broken_ = Broken::no;
  std::string why_broken_;
  std::map<std::string, std::unique_ptr<PythonPolicy>> policies_;
  std::unique_ptr<PythonWorkloads> workloads_;
};

std::int64_t duration_ns(const std::string& text) {
  const auto parsed = scenario::parse_duration(text);
  if (!parsed.ok()) {
    misuse("found " + scenario::in_quotes(text) + " (" + parsed.problem +
           "), expected a duration such as \"15s\" or \"250ms\"");
  }
  return parsed.value.count();
}

}  // namespace

void add_world(py::module_& m) {
  m.def("duration_ns", &duration_ns, py::arg("text"));
  py::class_<PyWorld>(m, "World")
      .def(py::init<const std::string&, const std::string&, std::optional<std::uint64_t>,
                    const std::vector<std::string>&>(),
           py::arg("text"), py::arg("source"), py::arg("seed"), py::arg("records"))
      .def("copy", &PyWorld::copy)
      .def("step", &PyWorld::step, py::arg("count"))
      .def("run_until", &PyWorld::run_until, py::arg("time_ns"), py::arg("bounds"))
      .def("now_ns", &PyWorld::now)
      .def("duration_ns", &PyWorld::duration)
      .def("inspect", &PyWorld::inspect)
      .def("result", &PyWorld::result)
      .def("records", &PyWorld::records)
      .def("inject", &PyWorld::inject, py::arg("fault"))
      .def("set_policy", &PyWorld::set_policy, py::arg("host"), py::arg("policy"))
      .def("attach_policy", &PyWorld::attach_policy, py::arg("host"), py::arg("policy"))
      .def("attach_workloads", &PyWorld::attach_workloads, py::arg("driver"))
      .def("volumes", &PyWorld::volumes)
      .def("add_workload", &PyWorld::add_workload, py::arg("name"), py::arg("host"),
           py::arg("subsystem"), py::arg("nsid"), py::arg("cpu"), py::arg("start_ns"))
      .def("submit", &PyWorld::submit, py::arg("job"), py::arg("kind"), py::arg("lba"),
           py::arg("blocks"), py::arg("cookie"))
      .def("wake_after", &PyWorld::wake_after, py::arg("job"), py::arg("time_ns"),
           py::arg("cookie"));
}

}  // namespace holdfast::python
