// SPDX-License-Identifier: Apache-2.0
// What happened in a run, as its trace tells it: the records of the protocol and outcome layers, in
// order, and by kind. Checks of requirements see nothing else.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "models/records.hpp"
#include "sim/check.hpp"
#include "sim/time.hpp"

namespace holdfast::conform {

using sim::Duration;
using sim::TimePoint;

/// The name of a word of a record, as a template argument: `event.get<"token">()`.
template <std::size_t N>
struct WordName {
  char text[N] = {};
  // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions)
  consteval WordName(const char (&name)[N]) { std::copy_n(name, N, text); }
  [[nodiscard]] constexpr std::string_view view() const { return {text, N - 1}; }
};

inline constexpr std::size_t kind_count = record_kinds.size();

namespace detail {
inline constexpr std::uint8_t no_word = 0xff;

/// For each kind of record, which of its words has that name.
template <WordName name>
inline constexpr auto places = [] {
  std::array<std::uint8_t, kind_count> out{};
  bool known = false;
  for (std::size_t k = 0; k < kind_count; ++k) {
    out[k] = no_word;
    for (std::size_t i = 0; i < record_kinds[k].words; ++i) {
      if (record_kinds[k].word[i] != name.view())
        continue;
      out[k] = static_cast<std::uint8_t>(i);
      known = true;
    }
  }
  if (!known)
    throw "no kind of record has a word of that name";  // at compile time
  return out;
}();
}  // namespace detail

/// One record.
struct Event {
  TimePoint at{};
  Kind kind{};
  std::array<std::uint64_t, 6> word = {};

  /// The word of that name; the kind must have it.
  template <WordName name>
  [[nodiscard]] std::uint64_t get() const {
    const std::uint8_t place = detail::places<name>[static_cast<std::size_t>(kind)];
    HOLDFAST_CHECK(place != detail::no_word);
    return word[place];
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
