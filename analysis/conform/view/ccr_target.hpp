// SPDX-License-Identifier: Apache-2.0
// Cross-Controller Reset as it looked at the target: instances of controllers with what Identify
// said of them, commands that source controllers fetched, reads of log page 1Eh.
#pragma once

#include <optional>
#include <vector>

#include "analysis/conform/view/run_view.hpp"

namespace holdfast::conform {

/// How late a target may be where nothing but its own work is in the way.
inline constexpr Duration target_promptly = std::chrono::milliseconds{10};

/// Why a target ended a controller (controller_fatal), as far as it matters here.
inline constexpr std::uint64_t fatal_by_reset = 3;
inline constexpr std::uint64_t fatal_by_fence = 4;

/// A controller from one CSTS.RDY to the next, or to its end.
struct Instance {
  std::uint32_t target = 0;     ///< TargetController
  std::uint32_t ready = 0;      ///< event
  std::uint32_t end = nothing;  ///< event: freed, or ready once more
  bool identified = false;      ///< some Identify has told CIU and CIRN
  std::uint8_t ciu = 0;
  std::uint64_t cirn = 0;
};

/// What a command names, at the instant at which it was fetched.
enum class Names : std::uint8_t {
  proper,
  own,
  nobody,
  wrong_ciu,
  wrong_cirn,
  stale,
  foreign,
  other
};

/// A Cross-Controller Reset that a source controller fetched.
struct Served {
  const Ccr* ccr = nullptr;
  const Exchange* exchange = nullptr;
  std::uint32_t source = 0;          ///< TargetController
  std::uint32_t fetched = 0;         ///< event
  std::uint32_t answered = nothing;  ///< event
  wire::Status status{};
  std::uint64_t result = 0;
  Names names = Names::other;
  std::uint32_t there = nothing;  ///< instance that had the named id
  std::uint32_t meant = nothing;  ///< instance whose triple it is, there or gone

  [[nodiscard]] bool immediate() const {
    return answered != nothing && status.ok() &&
           (result & wire::ccr_immediate_reset_successful) != 0;
  }
  [[nodiscard]] bool accepted() const { return answered != nothing && status.ok() && !immediate(); }
};

/// A read of log page 1Eh that a controller fetched and answered with success.
struct LogRead {
  const Exchange* exchange = nullptr;
  std::uint32_t source = 0;  ///< TargetController
  std::uint32_t fetched = 0;
  std::uint32_t answered = 0;
  bool removes = false;  ///< RMC
  bool retains = false;  ///< RAE
  /// Known only if the host received it.
  std::optional<wire::CcrLogView> page;

  /// Whether it shows that entry, and with which status.
  [[nodiscard]] std::optional<wire::CcrStatus> status_of(const wire::CrossControllerReset& n) const;
  /// Whether all entries are in it.
  [[nodiscard]] bool is_whole() const { return page && page->available() == page->entries(); }
};

struct CcrTargetView {
  explicit CcrTargetView(const RunView& view);

  const RunView& v;
  std::vector<std::uint32_t> freed;  ///< of each TargetController: event, or nothing
  std::vector<Instance> instances;
  std::vector<Served> served;
  std::vector<LogRead> reads;

  [[nodiscard]] TimePoint at(std::uint32_t event) const {
    return event == nothing ? never : v.event(event).at;
  }
  [[nodiscard]] const TargetController& target_of(const Instance& i) const {
    return v.targets[i.target];
  }
  /// "controller 3".
  [[nodiscard]] std::string name_of(std::uint32_t target) const;
  /// When the target ended a controller of its own accord because of a reset; nothing: it did not.
  [[nodiscard]] std::uint32_t reset_event(std::uint32_t target) const;
  /// Whether a command that a source accepted was for that instance and fetched before an event.
  [[nodiscard]] bool was_asked(std::uint32_t instance, std::uint32_t before) const;
  /// The same, whichever host asked.
  [[nodiscard]] bool was_named(std::uint32_t instance, std::uint32_t before) const;
  /// Whether a reset that a source controller accepted went on at an event.
  [[nodiscard]] bool is_pending(const Served& s, std::uint32_t at_event) const;
  /// Whether nodes and admin commands of targets were undisturbed.
  [[nodiscard]] bool is_undisturbed(TimePoint from, TimePoint to) const;
  /// Whether a controller was the same instance without a break from one event to another.
  [[nodiscard]] bool is_same_instance(std::uint32_t target, std::uint32_t from,
                                      std::uint32_t to) const;

 private:
  void find_instances();
  void find_identities();
  void find_served();
  void find_reads();
  void classify(Served& s) const;
  [[nodiscard]] std::uint32_t target_at(const Event& e, std::uint32_t index) const;
};

}  // namespace holdfast::conform
