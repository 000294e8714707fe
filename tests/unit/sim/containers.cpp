// SPDX-License-Identifier: Apache-2.0
// What a world is made of: rings, arenas, shared pages; and the trace with its three hashes.
#include <catch2/catch.hpp>
#include <cstddef>
#include <deque>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/arena.hpp"
#include "sim/check.hpp"
#include "sim/cow_vector.hpp"
#include "sim/distributions.hpp"
#include "sim/list.hpp"
#include "sim/random.hpp"
#include "sim/ring.hpp"
#include "sim/shared_vector.hpp"
#include "sim/trace.hpp"

namespace {

using namespace holdfast::sim;

enum class ThingId : std::uint64_t {};
enum class OtherId : std::uint64_t {};

struct Thing {
  int value = 7;
  Links<ThingId> links{};
};

template <class T, class Key>
concept Indexable = requires(T& t, Key key) {
  t[key];
};
static_assert(Indexable<Arena<ThingId, Thing>, ThingId>);
static_assert(!Indexable<Arena<ThingId, Thing>, OtherId>, "an id of another kind names nothing");
static_assert(!Indexable<Arena<ThingId, Thing>, int>, "a plain number names nothing");

template <class R>
std::vector<int> contents(const R& ring) {
  std::vector<int> out;
  for (std::size_t i = 0; i < ring.size(); ++i)
    out.push_back(ring[i]);
  return out;
}

}  // namespace

TEST_CASE("a ring does what a deque does, and copies of it too", "[sim]") {
  Ring<int> ring;
  std::deque<int> reference;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    // It fills and drains in waves, so that it wraps around and grows.
    const bool fill = i / 700 % 2 == 0;
    if (uniform_below(random_bits(1, 6, i), 100) < (fill ? 60u : 40u)) {
      ring.push_back(static_cast<int>(i));
      reference.push_back(static_cast<int>(i));
    } else if (!reference.empty()) {
      ring.pop_front();
      reference.pop_front();
    }
    REQUIRE(ring.size() == reference.size());
    REQUIRE(ring.empty() == reference.empty());
    if (!reference.empty()) {
      REQUIRE(ring.front() == reference.front());
      REQUIRE(ring.back() == reference.back());
    }
    if (i % 97 == 0) {
      const std::vector<int> expected(reference.begin(), reference.end());
      Ring<int> copy = ring;
      REQUIRE(contents(copy) == expected);
      copy.push_back(-1);
      Ring<int> assigned;
      assigned.push_back(5);
      assigned = ring;
      assigned.push_back(-2);
      REQUIRE(contents(ring) == expected);
      REQUIRE(assigned.back() == -2);
      REQUIRE(assigned.size() == expected.size() + 1);
    }
  }
  ring.clear();
  CHECK(ring.empty());
  ring.push_back(3);
  CHECK(contents(ring) == std::vector<int>{3});
}

TEST_CASE("an arena reuses the last place that was freed, and resets it", "[sim]") {
  Arena<ThingId, Thing> arena;
  const ThingId a = arena.add();
  const ThingId b = arena.add({8});
  const ThingId c = arena.add({9});
  CHECK(arena[a].value == 7);
  CHECK(arena.live() == 3);
  arena.remove(b);
  arena.remove(c);
  CHECK(arena.live() == 1);
  const ThingId next = arena.add();
  CHECK(index(next) == index(c));
  CHECK(arena[next].value == 7);
  CHECK(index(arena.add()) == index(b));
  CHECK(arena.add() == ThingId{3});
  CHECK(arena.size() == 4);
  arena[a].value = 1;
  arena.recycle(a);
  CHECK(arena[arena.add()].value == 1);  // recycled, not reset
  Arena<ThingId, Thing> copy = arena;
  CHECK(copy.add() == arena.add());
}

TEST_CASE("an id that is used again is another id, and the old one is caught", "[sim]") {
  Arena<ThingId, Thing> arena;
  const ThingId first = arena.add();
  const ThingId other = arena.add();
  arena.remove(first);
  CHECK_FALSE(arena.contains(first));
  CHECK_THROWS_AS(arena[first], InvariantError);
  CHECK_THROWS_AS(arena.remove(first), InvariantError);  // no place is free twice
  CHECK_THROWS_AS(arena.recycle(first), InvariantError);
  CHECK_THROWS_AS(arena.id_at(index(first)), InvariantError);
  const ThingId second = arena.add({8});
  CHECK(index(second) == index(first));
  CHECK(second != first);
  CHECK(arena.id_at(index(first)) == second);
  CHECK_FALSE(arena.contains(first));
  CHECK_THROWS_AS(std::as_const(arena)[first], InvariantError);
  arena.recycle(second);
  CHECK_FALSE(arena.contains(second));
  CHECK(arena[arena.add()].value == 8);
  CHECK(arena.live() == 2);
  CHECK(arena.contains(other));
  CHECK_FALSE(arena.contains(none<ThingId>));
  CHECK_THROWS_AS(arena[none<ThingId>], InvariantError);
  CHECK_THROWS_AS(arena[ThingId{2}], InvariantError);  // beyond the end
  CHECK_THROWS_AS(arena.id_at(2), InvariantError);
}

TEST_CASE("going over an arena leaves out what is gone", "[sim]") {
  Arena<ThingId, Thing> arena;
  std::vector<ThingId> ids;
  for (int value = 0; value < 6; ++value)
    ids.push_back(arena.add({value}));
  const auto values = [&] {
    std::vector<int> out;
    for (const Thing& thing : arena)
      out.push_back(thing.value);
    return out;
  };
  for (const int gone : {0, 3, 5})
    arena.remove(ids[static_cast<std::size_t>(gone)]);
  CHECK(values() == std::vector{1, 2, 4});
  CHECK(arena.begin().id() == ids[1]);
  const ThingId again = arena.add({9});  // the place that was freed last
  CHECK(index(again) == 5);
  CHECK(values() == std::vector{1, 2, 4, 9});
  for (const ThingId id : {ids[1], ids[2], ids[4], again})
    arena.recycle(id);
  CHECK(arena.begin() == arena.end());
}

TEST_CASE("a list goes through its members in the order in which they joined", "[sim]") {
  Arena<ThingId, Thing> arena;
  List<ThingId> list;
  const ThingId a = arena.add();
  const ThingId b = arena.add();
  const auto ids = [&] { return members<&Thing::links>(arena, list); };
  append<&Thing::links>(arena, list, b);
  append<&Thing::links>(arena, list, a);
  CHECK(ids() == std::vector{b, a});
  // The place that was another's before comes last.
  unlink<&Thing::links>(arena, list, b);
  arena.remove(b);
  const ThingId c = arena.add();
  append<&Thing::links>(arena, list, c);
  CHECK(ids() == std::vector{a, c});
  const ThingId d = arena.add();
  append<&Thing::links>(arena, list, d);
  unlink<&Thing::links>(arena, list, c);
  CHECK(ids() == std::vector{a, d});
  CHECK_THROWS(unlink<&Thing::links>(arena, list, c));  // it has left already
  unlink<&Thing::links>(arena, list, d);
  unlink<&Thing::links>(arena, list, a);
  CHECK(ids().empty());
}

TEST_CASE("what is shared is not read or written beyond its end", "[sim]") {
  CowVector<int> pages(3);
  CHECK_THROWS_AS(std::as_const(pages)[3], InvariantError);
  CHECK_THROWS_AS(pages.writable(~std::size_t{0}), InvariantError);  // what 0 - 1 is
  SharedVector<int> table;
  table.push_back(1);
  CHECK(table[0] == 1);
  CHECK_THROWS_AS(table[1], InvariantError);
  CHECK_THROWS_AS(table.edit(1), InvariantError);
}

namespace {

class Collector final : public Sink {
 public:
  void on_record(const Record& record) override { records.push_back(record); }
  std::vector<Record> records;
};

/// One that looks into packets.
class Opener final : public Sink {
 public:
  void on_record(const Record&) override { ++others; }
  void on_packet(const Record& record, std::span<const std::byte> body) override {
    last = record;
    bodies.assign(body.begin(), body.end());
  }
  Record last;
  std::vector<std::byte> bodies;
  int others = 0;
};

TraceHashes hashes_after(const std::vector<Record>& records) {
  Trace trace;
  for (const Record& r : records)
    trace.put(r);
  return trace.hashes();
}

Record record_of(Layer layer) { return {123, 4, layer, {1, 2, 3, 4, 5, 6}}; }

}  // namespace

TEST_CASE("a broken invariant says where, which condition, and what is wrong", "[sim]") {
  const auto text_of = [](auto broken) {
    try {
      broken();
    } catch (const InvariantError& error) {
      return std::string(error.what());
    }
    return std::string("nothing was broken");
  };
  int looks = 0;
  CHECK(text_of([&] { HOLDFAST_CHECK(++looks == 1, "it is looked at once"); }) ==
        "nothing was broken");
  using Catch::Matchers::Contains;
  using Catch::Matchers::EndsWith;
  const std::string plain = text_of([] { HOLDFAST_CHECK(1 + 1 == 3); });
  CHECK_THAT(plain, Contains("containers.cpp:") && EndsWith(": broken invariant: 1 + 1 == 3"));
  const std::string told = text_of([] { HOLDFAST_CHECK(1 + 1 == 3, "so many"); });
  CHECK_THAT(told, EndsWith(": broken invariant: 1 + 1 == 3 (so many)"));
#ifdef HOLDFAST_PACKET_CHECKS
  CHECK_THROWS_AS(Ring<int>().front(), InvariantError);
  CHECK_THROWS_AS(SharedVector<int>()[0], InvariantError);
  CHECK_THROWS_AS(CowVector<int>(3)[3], InvariantError);
#endif
}

TEST_CASE("a record moves the hash of its layer and of those below", "[sim]") {
  Trace trace;
  TraceHashes last = trace.hashes();
  for (const Layer layer : {Layer::full, Layer::protocol, Layer::outcome, Layer::full}) {
    trace.put(record_of(layer));
    const TraceHashes now = trace.hashes();
    CHECK(now.full != last.full);
    CHECK((now.protocol != last.protocol) == (layer != Layer::full));
    CHECK((now.outcome != last.outcome) == (layer == Layer::outcome));
    last = now;
  }
  CHECK(trace.records() == 4);
}

TEST_CASE("any bit of any word, the time, the kind and the order move the hash", "[sim]") {
  const Record plain = record_of(Layer::outcome);
  std::set<std::uint64_t> seen = {hashes_after({plain}).full};
  std::size_t variants = 1;
  const auto differs = [&](const Record& r) {
    ++variants;
    seen.insert(hashes_after({r}).full);
  };
  for (std::size_t word = 0; word < 6; ++word) {
    for (int bit = 0; bit < 64; ++bit) {
      Record r = plain;
      r.word[word] ^= std::uint64_t{1} << bit;
      differs(r);
    }
  }
  for (int bit = 0; bit < 47; ++bit) {  // times of up to 39 hours
    Record r = plain;
    r.time_ns ^= std::int64_t{1} << bit;
    differs(r);
  }
  for (std::uint16_t kind = 0; kind < 200; ++kind) {
    if (kind == plain.kind)
      continue;
    Record r = plain;
    r.kind = kind;
    differs(r);
  }
  // Words of zero must not wipe out each other.
  for (std::size_t word = 0; word < 6; ++word) {
    Record r{0, 0, Layer::full, {}};
    r.word[word] = 1;
    differs(r);
  }
  differs({0, 0, Layer::full, {}});
  CHECK(seen.size() == variants);
  const Record other{124, 5, Layer::outcome, {}};
  CHECK(hashes_after({plain, other}).full != hashes_after({other, plain}).full);
  CHECK(hashes_after({plain, plain}).full != hashes_after({plain}).full);
}

TEST_CASE("a sink is given the body of a packet with its record, or the record alone", "[sim]") {
  const Record record = record_of(Layer::full);
  const std::vector<std::byte> body = {std::byte{7}, std::byte{9}};
  Opener opener;
  Trace trace;
  trace.attach(&opener);
  trace.put(record, body);
  CHECK(opener.last == record);
  CHECK(opener.bodies == body);
  CHECK(opener.others == 0);
  trace.put(record);
  CHECK(opener.others == 1);
  // Whoever does not ask gets the record, and the hashes know of no body.
  Collector plain;
  Trace other;
  other.attach(&plain);
  other.put(record, body);
  REQUIRE(plain.records.size() == 1);
  CHECK(plain.records[0] == record);
  CHECK(other.hashes() == hashes_after({record}));
}

TEST_CASE("a copy of a trace hashes on, but not into the original's sink", "[sim]") {
  Collector sink;
  Trace trace;
  trace.attach(&sink);
  trace.put(record_of(Layer::full));
  Trace copy = trace;
  copy.put(record_of(Layer::full));
  Trace assigned;
  Collector other;
  assigned.attach(&other);
  assigned = trace;
  assigned.put(record_of(Layer::full));
  CHECK(sink.records.size() == 1);
  CHECK(other.records.empty());
  CHECK(copy.hashes() == assigned.hashes());
  trace.put(record_of(Layer::full));
  CHECK(sink.records.size() == 2);
  CHECK(copy.hashes() == trace.hashes());
}
