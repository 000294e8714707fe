// SPDX-License-Identifier: Apache-2.0
// Worlds that were met; see memory.hpp.
#include "analysis/search/alike/memory.hpp"

namespace holdfast::analysis::search::alike {

Memory::Memory(const Space& space, const Met& before)
    : former_(space.base(), space.end, space.objective, space.thrown()), before_(before) {}

bool Memory::knows(const Hash& hash, const Left& left, sim::TimePoint now) const {
  return before_.covers(hash, left, now) || own_.covers(hash, left, now);
}

bool Memory::meets(const World& w, const Left& left) {
  if (!can_be_told(w))
    return false;
  const Hash hash = hash_of(former_.of(w));
  if (knows(hash, left, w.time())) {
    ++again_;
    return true;
  }
  if (const auto one = remembered(hash, left, w.time())) {
    own_.add(*one);
    added_.push_back(*one);
  }
  return false;
}

void Memory::note(const World& w, const Left& left) {
  if (!can_be_told(w))
    return;
  const Hash hash = hash_of(former_.of(w));
  if (knows(hash, left, w.time()))
    return;
  if (const auto one = remembered(hash, left, w.time())) {
    own_.add(*one);
    added_.push_back(*one);
  }
}

}  // namespace holdfast::analysis::search::alike
