// SPDX-License-Identifier: Apache-2.0
// A run in sentences, from its document alone.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace holdfast::analysis::report {

/// Seconds in a unit in which they are easy to read: "2.000 s", "8.0 ms", "91.9 µs".
std::string span_words(double seconds);

/// The policies of the hosts, each once: "linux-mainline", or "spec and cqt-only".
std::string policies_of(const nlohmann::json& document);

/// How a run ended: "corrupt", "exposed", "ok" or "partial"; for colours, and for who counts.
std::string tone_of(const nlohmann::json& document);

/// The verdict in one sentence, with what it cost.
std::string verdict_words(const nlohmann::json& document);

/// What happened, a sentence each: faults, recoveries, what was lost. `faults` are those of a
/// recorder: {name, first_ns}.
std::vector<std::string> story(const nlohmann::json& document, const nlohmann::json& faults);

}  // namespace holdfast::analysis::report
