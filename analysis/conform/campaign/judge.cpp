// SPDX-License-Identifier: Apache-2.0
// Running a scenario and checking what it left in the trace.
#include "analysis/conform/campaign/judge.hpp"

#include <algorithm>

#include "models/scenario/builder/builder.hpp"
#include "models/scenario/declaration/presets.hpp"
#include "models/world.hpp"
#include "sim/check.hpp"

namespace holdfast::conform {

using nlohmann::json;

Judgement judge(const RunView& view, const std::vector<const Requirement*>& requirements) {
  Judgement out;
  out.ledgers.resize(requirements.size());
  for (std::size_t i = 0; i < requirements.size(); ++i) {
    const CheckFunction check = check_of(requirements[i]->id);
    HOLDFAST_CHECK(check != nullptr);
    check(view, out.ledgers[i]);
  }
  return out;
}

Judgement judge(const scenario::Scenario& scenario,
                const std::vector<const Requirement*>& requirements,
                const std::function<void(const RunView&, const Judgement&)>& and_then,
                const std::atomic<bool>* stop) {
  World w;
  scenario::build(w, scenario);
  EventLog log;
  w.trace.attach(&log);
  const TimePoint end = sim::epoch + scenario.duration;
  while (w.calendar.step(w, end)) {
    if (stop != nullptr && *stop)
      return {{}, false};
  }
  w.calendar.advance_to(end);
  w.trace.attach(nullptr);
  const RunView view = view_of(scenario, log, end);
  Judgement out = judge(view, requirements);
  if (and_then)
    and_then(view, out);
  return out;
}

json fill_in(json document, const Subject& subject) {
  for (json& host : document["hosts"])
    host["policy"] = subject.policy;
  for (json& subsystem : document["subsystems"]) {
    for (const auto& [key, value] : subject.target.items()) {
      if (!subsystem.contains(key))
        subsystem[key] = value;
    }
  }
  return document;
}

bool takes_part(const json& document, const Subject& subject) {
  if (subject.host_knobs.waits != scenario::RecoveryPolicy::Waits::resetting)
    return true;
  const auto& kernels = scenario::kernel_presets();
  const bool waits =
      std::any_of(document["hosts"].begin(), document["hosts"].end(), [&](const json& host) {
        const std::string name = host.value("kernel", "");
        const bool by_kernel = std::any_of(kernels.begin(), kernels.end(), [&](const auto& k) {
          return k.name == name && k.row.keep_alive_waits;
        });
        return host.value("keep_alive_waits", by_kernel);
      });
  return !waits && document["fabric"].value("transport", "tcp") != "fc";
}

}  // namespace holdfast::conform
