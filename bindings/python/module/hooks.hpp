// SPDX-License-Identifier: Apache-2.0
// What the engine calls in Python: recovery policies and workloads.
#pragma once

#include "bindings/python/module/module.hpp"
#include "models/host/hooks.hpp"
#include "models/workload/external.hpp"

namespace holdfast::python {

/// A recovery policy in Python: an object with the methods fences, hold, source, waits and repeats,
/// each of which takes a dictionary and returns None to leave the decision to the knobs.
class PythonPolicy final : public host::RecoveryHooks {
 public:
  explicit PythonPolicy(py::object policy) : policy_(std::move(policy)) {}

  std::optional<bool> fences(const World& w, host::ControllerId id, host::Cause cause) override;
  std::optional<host::Duration> hold(const World& w, host::ControllerId id) override;
  std::optional<host::ControllerId> source(
      const World& w, host::ControllerId impacted,
      const std::vector<host::ControllerId>& candidates) override;
  std::optional<bool> waits(const World& w, host::ControllerId id, const host::Io& io) override;
  std::optional<bool> repeats(const World& w, host::ControllerId id, const host::Io& io) override;

 private:
  py::object policy_;
};

/// All workloads in Python of a world: an object with the methods started(job), io_done(job,
/// cookie, status, serial) and woken(job, cookie).
class PythonWorkloads final : public workload::External {
 public:
  explicit PythonWorkloads(py::object driver) : driver_(std::move(driver)) {}

  void started(World& w, workload::JobId job) override;
  void io_done(World& w, workload::JobId job, host::Cookie cookie, wire::Status status,
               host::Version version) override;
  void woken(World& w, workload::JobId job, host::Cookie cookie) override;

 private:
  py::object driver_;
};

}  // namespace holdfast::python
