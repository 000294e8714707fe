// SPDX-License-Identifier: Apache-2.0
// The check of histories against an exhaustive one: every order of the operations that respects
// real time is tried, on thousands of small histories.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <set>
#include <vector>

#include "models/host/state.hpp"
#include "models/oracle/linearizability.hpp"
#include "sim/distributions.hpp"
#include "sim/random.hpp"

namespace {

using namespace holdfast;
using host::IoKind;
using oracle::Operation;

constexpr std::int64_t out = -1;  // still out when the history ends

TEST_CASE("an empty history is linearizable", "[oracle]") {
  oracle::Oracle o;
  CHECK(oracle::check_linearizable(o).ok);
}

/// A history of one block. Serials count from 1 in the order in which operations are added.
struct History {
  oracle::Oracle o;

  std::uint64_t add(IoKind kind, std::int64_t start, std::int64_t finish, std::uint64_t version,
                    std::uint64_t lba = 0, std::uint32_t blocks = 1) {
    Operation op;
    op.kind = kind;
    op.submitted = sim::TimePoint{sim::Duration{start}};
    op.completed = sim::TimePoint{sim::Duration{finish}};
    op.version = version;
    op.lba = lba;
    op.blocks = blocks;
    o.operations.push_back(op);
    return o.operations.size();
  }
  std::uint64_t write(std::int64_t start, std::int64_t finish) {
    return add(IoKind::write, start, finish, 0);
  }
  void read(std::int64_t start, std::int64_t finish, std::uint64_t serial) {
    add(IoKind::read, start, finish, serial << 8 | 1);
  }
  [[nodiscard]] bool ok() const { return oracle::check_linearizable(o).ok; }
};

/// A read that began after the write that it returned was acknowledged tells nothing of attempts.
std::vector<Operation> without_late_attempts(const oracle::Oracle& o) {
  std::vector<Operation> all;
  for (std::size_t i = 0; i < o.operations.size(); ++i) {
    Operation op = o.operations[i];
    const std::uint64_t found = op.version >> 8;
    if (op.kind == IoKind::read && found != 0) {
      const Operation& write = o.operations[found - 1];
      const bool known = write.completed != sim::never && write.status == 0;
      if (known && write.completed <= op.submitted)
        op.version = found << 8 | 0xff;
    }
    all.push_back(op);
  }
  return all;
}

/// Each attempt of a write that a read returned is a write of its own, with its version.
std::vector<Operation> effects_of(const oracle::Oracle& o) {
  const std::vector<Operation> operations = without_late_attempts(o);
  std::vector<Operation> effects;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    std::set<std::uint64_t> seen;
    for (std::size_t k = 0; k < operations.size(); ++k) {
      const Operation& other = operations[k];
      const bool answered = other.completed != sim::never && other.status == 0;
      if (other.kind == IoKind::read && answered && other.version >> 8 == i + 1)
        seen.insert(other.version);
    }
    Operation op = operations[i];
    if (op.kind == IoKind::read) {
      effects.push_back(op);
      continue;
    }
    if (seen.empty())
      seen.insert((i + 1) << 8);
    for (const std::uint64_t version : seen) {
      op.version = version;
      effects.push_back(op);
    }
  }
  return effects;
}

/// Tries all orders. `done` is a bit set of operations that have taken effect.
bool some_order_fits(const std::vector<Operation>& ops, unsigned done, std::uint64_t content) {
  bool finished = true;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    if ((done >> i & 1) != 0)
      continue;
    const Operation& op = ops[i];
    const bool certain = op.completed != sim::never && op.status == 0;
    if (certain)
      finished = false;
    if (!certain && op.kind == IoKind::read)
      continue;
    // It may be next unless another operation that is still to come had completed before.
    bool blocked = false;
    for (std::size_t k = 0; k < ops.size(); ++k) {
      blocked = blocked || (k != i && (done >> k & 1) == 0 && ops[k].completed != sim::never &&
                            ops[k].status == 0 && ops[k].completed <= op.submitted);
    }
    if (blocked || (op.kind == IoKind::read && op.version != content))
      continue;
    if (some_order_fits(ops, done | 1u << i, op.kind == IoKind::write ? op.version : content))
      return true;
  }
  return finished;
}

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : seed_(seed) {}
  std::uint64_t below(std::uint64_t bound) {
    return sim::uniform_below(sim::random_bits(seed_, 1, next_++), bound);
  }

 private:
  std::uint64_t seed_;
  std::uint64_t next_ = 0;
};

/// Up to seven operations at random times. Reads return what a register would (each operation takes
/// effect at a random instant of its own), and one read in four something else.
History random_history(std::uint64_t seed) {
  Dice dice(seed);
  struct Draft {
    std::int64_t start, finish, effect;
    bool is_write;
  };
  std::vector<Draft> drafts(2 + dice.below(6));
  for (Draft& d : drafts) {
    d.start = static_cast<std::int64_t>(dice.below(14));
    d.finish = d.start + 1 + static_cast<std::int64_t>(dice.below(6));
    d.effect = d.start + static_cast<std::int64_t>(
                             dice.below(static_cast<std::uint64_t>(d.finish - d.start)));
    d.is_write = dice.below(2) == 0;
  }
  History h;
  for (const Draft& d : drafts) {
    // The last write whose effect comes first is what the register holds.
    std::uint64_t seen = 0;
    std::int64_t at = -1;
    for (std::size_t k = 0; k < drafts.size(); ++k) {
      if (drafts[k].is_write && drafts[k].effect <= d.effect && drafts[k].effect > at) {
        at = drafts[k].effect;
        seen = k + 1;
      }
    }
    if (dice.below(4) == 0)
      seen = dice.below(drafts.size() + 1);
    const bool lost = dice.below(6) == 0;
    // One write in a while is seen by two attempts.
    const std::uint64_t attempt = seen != 0 && dice.below(8) == 0 ? 1 : 0;
    h.add(d.is_write ? IoKind::write : IoKind::read, d.start, lost ? out : d.finish,
          seen << 8 | attempt);
    if (!lost && d.is_write && dice.below(10) == 0)
      h.o.operations.writable(h.o.operations.size() - 1).status = 6;
  }
  return h;
}

}  // namespace

TEST_CASE("the check agrees with an exhaustive one on 20,000 small histories", "[oracle]") {
  int good = 0;
  int bad = 0;
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    const History h = random_history(seed);
    const bool expected = some_order_fits(effects_of(h.o), 0, 0);
    ++(expected ? good : bad);
    INFO("history " << seed);
    REQUIRE(h.ok() == expected);
  }
  // Both verdicts are common, else the comparison says little.
  CHECK(good > 4000);
  CHECK(bad > 4000);
}

TEST_CASE("an old value after a newer one was acknowledged is a contradiction", "[oracle]") {
  History h;
  const auto old = h.write(0, 10);
  const auto fresh = h.write(20, 30);
  h.read(40, 50, old);
  const auto report = oracle::check_linearizable(h.o);
  CHECK_FALSE(report.ok);
  CHECK(std::minmax(report.first_serial, report.second_serial) == std::minmax(old, fresh));
}

TEST_CASE("concurrent writes may end in either order, but not in both", "[oracle]") {
  for (const std::uint64_t last : {1u, 2u}) {
    History h;
    h.write(0, 20);
    h.write(10, 30);
    h.read(40, 50, last);
    h.read(60, 70, last);
    CHECK(h.ok());
    h.read(80, 90, 3 - last);
    CHECK_FALSE(h.ok());
  }
}

TEST_CASE("a write of unknown outcome may land late, or never, but only once", "[oracle]") {
  History h;
  const auto unknown = h.write(0, out);
  const auto other = h.write(10, 20);
  h.read(30, 40, other);
  CHECK(h.ok());
  h.read(50, 60, unknown);
  CHECK(h.ok());
  h.read(70, 80, other);
  CHECK_FALSE(h.ok());
}

TEST_CASE("nothing is read before it is written, or that nobody wrote", "[oracle]") {
  History early;
  early.read(0, 10, 2);
  early.write(20, 30);
  CHECK_FALSE(early.ok());
  History unknown;
  unknown.read(0, 10, 7);
  CHECK_FALSE(unknown.ok());
  // The initial content is a write before all time: gone once a write is acknowledged.
  History initial;
  initial.read(0, 10, 0);
  initial.write(20, 30);
  CHECK(initial.ok());
  initial.read(40, 50, 0);
  CHECK_FALSE(initial.ok());
}

TEST_CASE("an operation that begins as another ends comes after it", "[oracle]") {
  History h;
  h.write(0, 10);
  h.read(10, 20, 0);
  CHECK_FALSE(h.ok());
}

TEST_CASE("a write of several blocks counts for each, a read for its first", "[oracle]") {
  History h;
  h.add(IoKind::write, 0, 10, 0, 4, 4);  // blocks 4 to 7
  h.add(IoKind::read, 20, 30, 1 << 8, 7, 1);
  h.add(IoKind::read, 20, 30, 0, 8, 1);
  h.add(IoKind::read, 20, 30, 0, 3, 2);
  CHECK(h.ok());
  h.add(IoKind::read, 40, 50, 0, 6, 2);
  const auto report = oracle::check_linearizable(h.o);
  CHECK_FALSE(report.ok);
  CHECK(report.lba == 6);
}
