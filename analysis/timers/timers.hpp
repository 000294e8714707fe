// SPDX-License-Identifier: Apache-2.0
// The timeline that the settings of a scenario imply if a path goes silent, without running it:
// who looks when, who notices between when and when, how long is held, when attempts to reconnect
// come and when the host gives up.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "analysis/closed_forms.hpp"
#include "models/scenario/declaration/spec.hpp"

namespace holdfast::analysis::timers {

/// One span of time under exact timers, and under those of a kernel with ticks.
struct Span {
  Interval exact;
  Interval ticks;
};

/// The instant that everything else counts from: both directions of the path go silent while its
/// controller is LIVE, and stay so.
inline constexpr const char* fault = "fault";

struct Line {
  std::string name;        ///< "host_detects"; one timeline has each name once
  std::string says;        ///< what happens, in words
  std::string after;       ///< what `span` counts from: `fault`, another line, or other words
  Span span;               ///< over all phases of the fault, the looks and the ticks
  std::optional<Span> at;  ///< since the fault; none for what does not follow from it
  std::string formula;     ///< of `span`, with its values
  std::string source;      ///< clause or kernel function
};

/// What holds for one controller of a host, or for several with the same settings.
struct Timeline {
  std::string host;
  std::vector<std::string> controllers;  ///< "nvme0", ...
  std::string subsystem;
  std::vector<std::string> ports;
  scenario::Transport transport{};
  std::uint32_t host_hz = 0;  ///< of `ticks`, from 1
  std::uint32_t target_hz = 0;
  std::vector<Line> lines;
  /// From the instant at which the controller has surely stopped to the first at which a request
  /// may be sent elsewhere, each at its worst; negative: a stale command may land after its retry.
  Span margin;
};

/// The timelines of all controllers for I/O, in the order of the scenario. `hz` is the tick rate
/// (CONFIG_HZ, 1 to 1000, a divisor of 10^9) of machines that have none in the scenario. On FC the
/// timeline ends with the release, since exchanges end one by one there.
std::vector<Timeline> timelines(const scenario::Scenario& scenario, std::uint32_t hz = 250);

/// A connection with KATO 0: nobody looks, so there is no timeline. Recovery begins when an I/O
/// times out, or when the transport reports an error (1.1).
struct WithoutKeepAlive {
  std::string host;
  std::string subsystem;
  std::string port;
  sim::Duration io_timeout{};
};
std::vector<WithoutKeepAlive> without_keep_alive(const scenario::Scenario& scenario);

/// The same as a document: {schema_version, name, scenario_hash, timelines: [...],
/// without_keep_alive: [...]}. Times are numbers of seconds.
nlohmann::json document(const scenario::Scenario& scenario, std::uint32_t hz = 250);

}  // namespace holdfast::analysis::timers
