// SPDX-License-Identifier: Apache-2.0
// What happened in a run, as its trace tells it: the records of the protocol and outcome layers, in
// order, and by kind. Checks of requirements see nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "models/records.hpp"
#include "sim/time.hpp"

namespace holdfast::conform {

using sim::Duration;
using sim::TimePoint;

inline constexpr std::size_t kind_count = record_kinds.size();

/// One record.
struct Event {
  TimePoint at{};
  Kind kind{};
  std::array<std::uint64_t, 6> word = {};

  /// The word of that name, `event.get<"token">()`; the kind must have it.
  template <WordName name>
  [[nodiscard]] std::uint64_t get() const {
    return word_named<name>(kind, word);
  }
};

/// Keeps the records of a run; those of packets and timers of transports (layer full) are left out.
class EventLog final : public sim::Sink {
 public:
  void on_record(const sim::Record& r) override {
    if (r.layer == sim::Layer::full)
      return;
    by_kind_[r.kind].push_back(static_cast<std::uint32_t>(events_.size()));
    events_.push_back({TimePoint{Duration{r.time_ns}}, static_cast<Kind>(r.kind), r.word});
  }

  [[nodiscard]] std::span<const Event> all() const { return events_; }
  [[nodiscard]] const std::vector<std::uint32_t>& places(Kind kind) const {
    return by_kind_[static_cast<std::size_t>(kind)];
  }

 private:
  std::vector<Event> events_;
  std::array<std::vector<std::uint32_t>, kind_count> by_kind_;
};

}  // namespace holdfast::conform
