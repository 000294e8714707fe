// SPDX-License-Identifier: Apache-2.0
// A list through the elements of an arena, in the order in which they joined it. Whoever owns
// several of them goes over his own only, and in an order that nobody else's coming and going can
// change; places in an arena have neither property.
#pragma once

#include <vector>

#include "sim/arena.hpp"
#include "sim/check.hpp"

namespace holdfast::sim {

/// The owner's end: who has been in the list the longest, and the shortest.
template <class Id>
struct List {
  Id first = none<Id>;
  Id last = none<Id>;
};

/// A member's end, one for each list that it can be in.
template <class Id>
struct Links {
  Id before = none<Id>;
  Id after = none<Id>;
};

/// `links` is the member of the element that belongs to this list.
template <auto links, class Arena, class Id>
void append(Arena& arena, List<Id>& list, Id id) {
  arena[id].*links = {list.last, none<Id>};
  (list.last == none<Id> ? list.first : (arena[list.last].*links).after) = id;
  list.last = id;
}

/// It must be in this list.
template <auto links, class Arena, class Id>
void unlink(Arena& arena, List<Id>& list, Id id) {
  const Links<Id> its = arena[id].*links;
  Id& to_it = its.before == none<Id> ? list.first : (arena[its.before].*links).after;
  Id& back_to_it = its.after == none<Id> ? list.last : (arena[its.after].*links).before;
  HOLDFAST_CHECK(to_it == id && back_to_it == id);
  to_it = its.after;
  back_to_it = its.before;
}

/// All members as they are now, for who changes the list on the way: a later one may have left it
/// by the time it is reached.
template <auto links, class Arena, class Id>
std::vector<Id> members(const Arena& arena, const List<Id>& list) {
  std::vector<Id> out;
  for (Id id = list.first; id != none<Id>; id = (arena[id].*links).after)
    out.push_back(id);
  return out;
}

}  // namespace holdfast::sim
