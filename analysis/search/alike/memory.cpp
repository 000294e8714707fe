// SPDX-License-Identifier: Apache-2.0
// Worlds that were met; see memory.hpp.
#include "analysis/search/alike/memory.hpp"

namespace holdfast::analysis::search::alike {

Memory::Memory(const Space& space, const Met& before)
    : former_(space.base(), space.end, space.objective, space.thrown()), before_(before) {}

bool Memory::meets(const World& w, const Left& left) {
  const bool known = is_known_or_noted(w, left);
  again_ += known ? 1 : 0;
  return known;
}

bool Memory::is_known_or_noted(const World& w, const Left& left) {
  const std::span<const std::byte> form = former_.of(w);
  if (form.empty())
    return false;
  const Hash hash = hash_of(form);
  if (before_.covers(hash, left, w.time()) || own_.covers(hash, left, w.time()))
    return true;
  if (const auto one = remembered(hash, left, w.time())) {
    own_.add(*one);
    added_.push_back(*one);
  }
  return false;
}

}  // namespace holdfast::analysis::search::alike
