// SPDX-License-Identifier: Apache-2.0
// The form of a world: bytes that are equal for two worlds only if whatever can happen to the one
// can happen to the other, too, with the same verdict. Everything that a world is made of is in it,
// but for what names, counts or remembers without ever being asked again; what is left out says
// why, in form.cpp. What is not normalised does no harm, it only makes fewer worlds equal.
//
// Instants are told by how far they lie from now, so that a world is equal to itself later on. The
// instant itself is told as well where something depends on it: the ticks of a timer wheel, time
// stamps of TCP in milliseconds, and fields that may be zero because nobody has set them yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "analysis/search/alike/remembered.hpp"
#include "analysis/search/search.hpp"
#include "models/world.hpp"

namespace holdfast::analysis::search::alike {

/// Two different inputs share a hash with a probability of about 2^-128; among n of them two do
/// with n^2 / 2^129. That is an estimate for a hash that mixes well, and no proof.
Hash hash_of(std::span<const std::byte> bytes);

/// Whether a world can be told at all: not once a machine has stood still, nor with clocks that are
/// wrong, nor with what is attached from outside.
bool can_be_told(const World& w);

/// What is needed while a form is made, and kept for the next one.
struct Scratch {
  std::vector<std::byte> bytes;
  std::vector<sim::PendingEvent> pending;
  std::vector<std::uint32_t> rank_of_slot;
  std::vector<char> in_lane;  ///< of packets
  std::vector<sim::TimePoint> instants;
  std::vector<std::pair<std::uint64_t, const oracle::Block*>> touched;
};

/// Makes forms, one after the other; for one thread.
class Former {
 public:
  /// `base` is the world that all others were copied from: tables which are still its own are not
  /// told. All runs end at `end`. `thrown` are choice points that may throw dice although there is
  /// a script.
  Former(const World& base, sim::TimePoint end, Objective objective,
         std::vector<sim::ChoiceId> thrown)
      : base_(base), end_(end), objective_(objective), thrown_(std::move(thrown)) {}

  /// Valid until the next one. Empty: the world cannot be told (can_be_told), or not just now,
  /// because a function is among what it holds.
  std::span<const std::byte> of(const World& w);

 private:
  const World& base_;
  sim::TimePoint end_;
  Objective objective_;
  std::vector<sim::ChoiceId> thrown_;
  Scratch scratch_;
};

}  // namespace holdfast::analysis::search::alike
