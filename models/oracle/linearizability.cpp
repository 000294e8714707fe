// SPDX-License-Identifier: Apache-2.0
// Linearizability of a register whose writes are all different (Gibbons and Korach, "Testing shared
// memories", SIAM J. Comput. 26, 1997). A write and the reads that returned it form a cluster; from
// the first completion in a cluster to the last submission in it the register must hold its value
// (forward zone), unless all its operations overlap (backward zone: any instant in it will do).
// A history is linearizable exactly if no two forward zones overlap, no backward zone lies within a
// forward one, and nothing is read before it was written.
//
// A host repeats a write whose answer it did not get, so a write that is out may take effect once
// per attempt; what it must not do is to take effect after it was acknowledged. Hence each attempt
// that was seen by a read is a write of its own here, with the interval of its operation. Reads
// that began after it was acknowledged tell nothing of attempts: whichever landed last, it is the
// same data.
//
// All that overwrites blocks is a write here: of zeroes, or of a copy. Whether a Compare, an Append
// or a Copy did what it should is not asked. A Zone Append is a write of the blocks at which its
// data was seen, because it is known only afterwards where it went.
#include "models/oracle/linearizability.hpp"

#include <algorithm>
#include <compare>
#include <iterator>
#include <tuple>
#include <vector>

#include "models/oracle/register_history.hpp"
#include "models/oracle/undisturbed.hpp"

namespace holdfast::oracle {

namespace {

struct Place {
  DiskId disk{};
  std::uint64_t lba = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

/// What one operation did to one block. Sorted, a write comes before the reads that returned it,
/// and these are in order of the attempt that they returned.
struct Event {
  Place place;
  std::uint64_t write = 0;  ///< serial of the write, or of the one returned; 0: initial content
  bool is_read = false;
  std::uint64_t version = 0;  ///< read: what it returned; 0: after that write was acknowledged
  std::uint64_t serial = 0;
  std::int64_t start = 0;
  std::int64_t finish = 0;

  friend bool operator<(const Event& a, const Event& b) {
    return std::tie(a.place, a.write, a.is_read, a.version, a.serial) <
           std::tie(b.place, b.write, b.is_read, b.version, b.serial);
  }
};

struct Zone {
  std::uint64_t write = 0;
  std::int64_t first_finish = open_end;
  std::int64_t last_start = 0;

  [[nodiscard]] bool is_forward() const { return first_finish < last_start; }
};

void add_read(const Oracle& o, const Operation& read, std::uint64_t serial,
              std::vector<Event>& events) {
  const Place place{read.disk, read.lba};
  const std::uint64_t found = serial_of(read.version);
  Event event{place, found, true, read.version, serial, start_of(read), finish_of(read)};
  // What nobody wrote has no operation; no write of the place answers to it, which is found later.
  if (found != 0 && found <= o.operations.size()) {
    const Operation& write = o.operations[found - 1];
    if (event.start > finish_of(write))
      event.version = 0;
    if (is_append(write))
      events.push_back({place, found, false, 0, found, start_of(write), finish_of(write)});
  }
  events.push_back(event);
}

bool same_append(const Event& a, const Event& b) {
  return !a.is_read && !b.is_read && a.place == b.place && a.write == b.write;
}

/// The events of all blocks that were read and are disturbed, in order of place and cluster. A
/// block that was never read cannot contradict anything.
std::vector<Event> collect(const Oracle& o, const DisturbedBlocks& disturbed,
                           const std::function<void()>& look) {
  constexpr std::size_t sorted_at_once = std::size_t{1} << 20;
  std::vector<Place> read;
  for (std::size_t i = 0; i < o.operations.size(); ++i) {
    const Operation& op = o.operations[i];
    if (i % looks_every == 0)
      look();
    if (is_answered_read(op) && disturbed.contains(op.disk, op.lba))
      read.push_back({op.disk, op.lba});
  }
  std::sort(read.begin(), read.end());
  read.erase(std::unique(read.begin(), read.end()), read.end());

  std::vector<Event> events;
  for (const Place& place : read)
    events.push_back({place, 0, false, 0, 0, -3, -2});
  for (std::size_t i = 0; i < o.operations.size(); ++i) {
    const Operation& op = o.operations[i];
    const std::uint64_t serial = i + 1;
    if (i % looks_every == 0)
      look();
    if (is_answered_read(op)) {
      if (disturbed.contains(op.disk, op.lba))
        add_read(o, op, serial, events);
    } else if (writes_blocks(op) && !is_append(op)) {
      auto at = std::lower_bound(read.begin(), read.end(), Place{op.disk, op.lba});
      for (; at != read.end() && *at < Place{op.disk, op.lba + op.blocks}; ++at)
        events.push_back({*at, serial, false, 0, serial, start_of(op), finish_of(op)});
    }
  }
  if (events.size() <= sorted_at_once) {
    std::sort(events.begin(), events.end());
  } else {
    std::sort(events.begin(), events.end(),
              [&, n = std::size_t{0}](const Event& a, const Event& b) mutable {
                if (++n % looks_every == 0)
                  look();
                return a < b;
              });
  }
  // An append that several reads saw was added by each of them.
  events.erase(std::unique(events.begin(), events.end(), same_append), events.end());
  return events;
}

LinearizabilityReport contradiction(Place place, std::uint64_t first, std::uint64_t second) {
  return {false, place.disk, place.lba, first, second};
}

/// Adds the zones of one write and the reads of it, [from, to): one for each attempt that was seen.
/// Not ok if they are impossible by themselves.
LinearizabilityReport add_zones(const Event* from, const Event* to, std::vector<Zone>& zones) {
  if (from->is_read)  // Nobody wrote what it returned.
    return contradiction(from->place, from->serial, from->write);
  // A write of unknown outcome that nobody saw ends nowhere: no zone contains it.
  const Zone alone{from->write, from->finish, from->start};
  if (to - from == 1)
    zones.push_back(alone);
  for (const Event* e = from + 1; e != to; ++e) {
    if (e->finish < from->start)
      return contradiction(from->place, e->serial, from->write);
    if (e == from + 1 || e->version != (e - 1)->version)
      zones.push_back(alone);
    zones.back().first_finish = std::min(zones.back().first_finish, e->finish);
    zones.back().last_start = std::max(zones.back().last_start, e->start);
  }
  return {};
}

LinearizabilityReport check_zones(Place place, const std::vector<Zone>& zones) {
  std::vector<Zone> forward;
  std::copy_if(zones.begin(), zones.end(), std::back_inserter(forward),
               [](const Zone& z) { return z.is_forward(); });
  const auto earlier = [](const Zone& a, const Zone& b) { return a.first_finish < b.first_finish; };
  std::sort(forward.begin(), forward.end(), earlier);
  for (std::size_t i = 1; i < forward.size(); ++i) {
    if (forward[i].first_finish < forward[i - 1].last_start)
      return contradiction(place, forward[i - 1].write, forward[i].write);
  }
  for (const Zone& z : zones) {
    if (z.is_forward())
      continue;
    // Forward zones are disjoint: only the last one that begins before z can contain it.
    const auto after = std::partition_point(forward.begin(), forward.end(), [&](const Zone& f) {
      return f.first_finish < z.last_start;
    });
    if (after != forward.begin() && z.first_finish < (after - 1)->last_start)
      return contradiction(place, (after - 1)->write, z.write);
  }
  return {};
}

}  // namespace

LinearizabilityReport check_linearizable(const Oracle& oracle, const std::function<void()>& look) {
  const std::function<void()> looks = look ? look : [] {};
  const DisturbedBlocks disturbed(oracle, looks);
  if (disturbed.none())
    return {};
  const std::vector<Event> events = collect(oracle, disturbed, looks);
  const Event* const end = events.data() + events.size();
  std::vector<Zone> zones;
  for (const Event* at = events.data(); at != end;) {
    const Place place = at->place;
    zones.clear();
    while (at != end && at->place == place) {
      const Event* const next = std::find_if(
          at, end, [&](const Event& e) { return e.place != place || e.write != at->write; });
      const LinearizabilityReport cluster = add_zones(at, next, zones);
      if (!cluster.ok)
        return cluster;
      at = next;
    }
    const LinearizabilityReport block = check_zones(place, zones);
    if (!block.ok)
      return block;
  }
  return {};
}

}  // namespace holdfast::oracle
