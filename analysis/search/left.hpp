// SPDX-License-Identifier: Apache-2.0
// What is left of the bounds of a search on the way to an execution.
#pragma once

#include "analysis/search/search.hpp"

namespace holdfast::analysis::search {

/// What may still deviate.
struct Left {
  unsigned all = 0;
  unsigned losses = 0;
  unsigned delays = 0;
  unsigned held = 0;
  unsigned notices = 0;

  /// How many of a kind that is chosen while the world runs.
  unsigned& of(Kind kind) {
    switch (kind) {
      case Kind::loss:
        return losses;
      case Kind::notice:
        return notices;
      case Kind::delay:
        return delays;
      default:
        return held;
    }
  }
  [[nodiscard]] unsigned of(Kind kind) const { return Left{*this}.of(kind); }
};
/// What bounds allow in all.
inline Left all_of(const scenario::Adversary& bounds) {
  return {bounds.deviations, bounds.losses, bounds.delays, bounds.packet_delays, bounds.notices};
}

}  // namespace holdfast::analysis::search
