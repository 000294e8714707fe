// SPDX-License-Identifier: Apache-2.0
// Declarations of executions beside a scenario's own: answers of choice points, and an adversary.
#include "models/scenario/declaration/declaration.hpp"

namespace holdfast::scenario {
namespace {

constexpr std::size_t longest_point = 512;
constexpr std::size_t most_answers = 100'000;

const Object<FaultBounds>& fault_bounds_object() {
  static const auto declared =
      Object<FaultBounds>("fault_bounds", "When a fault may strike, and for how long.")
          .field("fault", &FaultBounds::fault, integer<std::uint32_t>(0, 9'999),
                 "its place in the list of faults, from 0", required)
          .maybe("at", &FaultBounds::at, pair_of(duration(0s, longest_run)),
                 "it strikes between these instants; absent: when the scenario says")
          .maybe("for", &FaultBounds::lasts, pair_of(duration(1ns, longest_run)),
                 "it lasts between these times; absent: as the scenario says");
  return declared;
}

}  // namespace

const ObjectInfo& fault_bounds_info() { return fault_bounds_object().info(); }

const Object<Answer>& answer_object() {
  static const auto declared =
      Object<Answer>("answer", "What a choice point answers instead of the dice.")
          .field("point", &Answer::point, text(longest_point),
                 "its name, as findings of a search tell it", required)
          .field("ordinal", &Answer::ordinal, integer<std::uint64_t>(0, UINT64_MAX),
                 "how many choices this point made before", required)
          .maybe("happens", &Answer::happens, boolean(), "of a choice between yes and no")
          .maybe("time", &Answer::time, duration(0s, longest_run), "of a span, or of an instant")
          .maybe("number", &Answer::number, integer<std::uint64_t>(0, UINT64_MAX),
                 "of a choice of one of many, such as the block of an I/O");
  return declared;
}

Codec<std::vector<Answer>> answers() { return list(object(answer_object()), 0, most_answers); }

const Object<Adversary>& adversary_object() {
  static const auto declared =
      Object<Adversary>("adversary", "How far from the scenario's own run a search goes.")
          .field("deviations", &Adversary::deviations, integer<std::uint32_t>(0, 16),
                 "choices in all that may be answered otherwise")
          .field("losses", &Adversary::losses, integer<std::uint32_t>(0, 16),
                 "packets that may be lost")
          .maybe("links", &Adversary::links, list(name(longest_name), 0, 10'000),
                 "where they may be lost or held, in both directions; absent: on every link")
          .field("packet_delays", &Adversary::packet_delays, integer<std::uint32_t>(0, 16),
                 "packets that may be held, so that later ones overtake them")
          .maybe("packet_delay", &Adversary::packet_delay, duration(1ns, longest_run),
                 "tcp, rdma: how long such a packet is held at most; absent: none is held")
          .field("delays", &Adversary::delays, integer<std::uint32_t>(0, 16),
                 "commands that may take longer")
          .maybe("delay", &Adversary::delay, duration(1ns, longest_run),
                 "how long such a command takes at most; absent: none takes longer")
          .field("reads", &Adversary::reads, boolean(), "reads may take longer")
          .field("writes", &Adversary::writes, boolean(),
                 "writes, and what takes as long as they, may take longer")
          .field("notices", &Adversary::notices, integer<std::uint32_t>(0, 16),
                 "asynchronous events (ANA change, CCR, lost host) that may never come")
          .field("from", &Adversary::from, duration(0s, longest_run),
                 "all of these begin at this instant")
          .maybe("until", &Adversary::until, duration(0s, longest_run),
                 "and end with this one; absent: with the run")
          .field("faults", &Adversary::faults, list(object(fault_bounds_object()), 0, 64),
                 "faults that may strike at other times");
  return declared;
}

}  // namespace holdfast::scenario
