// SPDX-License-Identifier: Apache-2.0
// From the engine to Python. The GIL is taken for the time of a call.
#include "bindings/python/module/hooks.hpp"

#include "analysis/run/inspect.hpp"
#include "models/host/host.hpp"
#include "models/world.hpp"

namespace holdfast::python {
namespace {

const char* name_of(host::Cause cause) {
  switch (cause) {
    case host::Cause::request_timeout:
      return "request_timeout";
    case host::Cause::transport:
      return "transport";
    case host::Cause::keep_alive_tag:
      return "keep_alive_tag";
    case host::Cause::operator_request:
      return "operator_request";
    case host::Cause::device_lost:
      return "device_lost";
    case host::Cause::ana_transition:
      return "ana_transition";
    case host::Cause::suspicion:
      break;
  }
  return "suspicion";
}

py::dict describe(const World& w, host::ControllerId id) {
  const host::Controller& c = w.host.controllers[sim::index(id)];
  py::dict out;
  out["host"] = w.host.hosts[sim::index(c.host)].name;
  out["controller"] = c.name;
  out["state"] = std::string(host::state_name(c.state));
  out["now_ns"] = sim::ns(w.time());
  out["kato_ns"] = c.kato.count();
  out["cqt_ns"] = std::int64_t{c.cqt_ms} * 1'000'000;
  out["traffic_based"] = c.traffic_based;
  out["ccr_supported"] = c.ciu != 0;
  out["ccr_attempts"] = c.ccr_attempts;
  out["in_flight"] = analysis::io_in_flight(w, c);
  return out;
}

py::dict describe(const World& w, host::ControllerId id, const host::Io& io) {
  py::dict out = describe(w, id);
  out["kind"] = std::string(host::io_kind_name(io.kind));
  out["lba"] = io.lba;
  out["blocks"] = io.blocks;
  out["attempts"] = io.attempts;
  return out;
}

std::optional<bool> decision(const py::object& answer) {
  if (answer.is_none())
    return std::nullopt;
  return answer.cast<bool>();
}

}  // namespace

std::optional<bool> PythonPolicy::fences(const World& w, host::ControllerId id, host::Cause cause) {
  const py::gil_scoped_acquire gil;
  return decision(policy_.attr("fences")(describe(w, id), name_of(cause)));
}

std::optional<host::Duration> PythonPolicy::hold(const World& w, host::ControllerId id) {
  const py::gil_scoped_acquire gil;
  const py::object answer = policy_.attr("hold")(describe(w, id));
  if (answer.is_none())
    return std::nullopt;
  return host::Duration{answer.cast<std::int64_t>()};
}

std::optional<host::ControllerId> PythonPolicy::source(
    const World& w, host::ControllerId impacted,
    const std::vector<host::ControllerId>& candidates) {
  const py::gil_scoped_acquire gil;
  py::list names;
  for (const host::ControllerId one : candidates)
    names.append(w.host.controllers[sim::index(one)].name);
  const py::object answer = policy_.attr("source")(describe(w, impacted), names);
  if (answer.is_none())
    return std::nullopt;
  const auto place = answer.cast<std::int64_t>();
  return place < 0 ? sim::none<host::ControllerId> : candidates.at(static_cast<std::size_t>(place));
}

std::optional<bool> PythonPolicy::waits(const World& w, host::ControllerId id, const host::Io& io) {
  const py::gil_scoped_acquire gil;
  return decision(policy_.attr("waits")(describe(w, id, io)));
}

std::optional<bool> PythonPolicy::repeats(const World& w, host::ControllerId id,
                                          const host::Io& io) {
  const py::gil_scoped_acquire gil;
  return decision(policy_.attr("repeats")(describe(w, id, io)));
}

void PythonWorkloads::started(World&, workload::JobId job) {
  const py::gil_scoped_acquire gil;
  driver_.attr("started")(sim::index(job));
}

void PythonWorkloads::io_done(World&, workload::JobId job, host::Cookie cookie, wire::Status status,
                              host::Version version) {
  const py::gil_scoped_acquire gil;
  driver_.attr("io_done")(sim::index(job), sim::index(cookie),
                          status.ok() ? 0 : wire::raw(status.code()), serial_of(version));
}

void PythonWorkloads::woken(World&, workload::JobId job, host::Cookie cookie) {
  const py::gil_scoped_acquire gil;
  driver_.attr("woken")(sim::index(job), sim::index(cookie));
}

}  // namespace holdfast::python
