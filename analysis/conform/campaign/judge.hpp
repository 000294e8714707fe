// SPDX-License-Identifier: Apache-2.0
// One scenario held against requirements.
#pragma once

#include <atomic>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analysis/conform/catalogue/catalogue.hpp"
#include "analysis/conform/checks/check.hpp"

namespace holdfast::conform {

/// What a run says about each requirement asked for, in their order.
struct Judgement {
  std::vector<Ledger> ledgers;
  bool whole = true;  ///< false: the run was stopped, and nothing was judged
};

/// Runs a scenario on the native kernel and checks it. `and_then`, if given, sees the run before it
/// is forgotten.
Judgement judge(const scenario::Scenario& scenario,
                const std::vector<const Requirement*>& requirements,
                const std::function<void(const RunView&, const Judgement&)>& and_then = {},
                const std::atomic<bool>* stop = nullptr);

/// The checks alone, for a run that is being recorded elsewhere.
Judgement judge(const RunView& view, const std::vector<const Requirement*>& requirements);

/// A scenario for an implementation: its policy for every host, its knobs for every subsystem that
/// does not say otherwise.
nlohmann::json fill_in(nlohmann::json document, const Subject& subject);
/// Whether the implementation can take part in the scenario at all (tp4129-rfc1 is not there on
/// fc, nor where recovery waits for a Keep Alive).
bool takes_part(const nlohmann::json& document, const Subject& subject);

}  // namespace holdfast::conform
