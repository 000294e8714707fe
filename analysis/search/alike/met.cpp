// SPDX-License-Identifier: Apache-2.0
// The table of worlds that were met; see met.hpp.
#include "analysis/search/alike/met.hpp"

#include <algorithm>

#include "sim/check.hpp"
#include "sim/wide.hpp"

namespace holdfast::analysis::search::alike {

namespace {

// From the top: a one, which an empty slot lacks; what is left; nanoseconds.
constexpr std::uint64_t used_bit = std::uint64_t{1} << 63;
constexpr unsigned time_bits = 41;
constexpr unsigned all_bits = 6;
constexpr unsigned kind_bits = 4;
static_assert(time_bits + all_bits + 4 * kind_bits == 63);

constexpr std::uint64_t mask(unsigned bits) { return (std::uint64_t{1} << bits) - 1; }

/// Takes the lowest bits off.
std::uint64_t take(std::uint64_t& word, unsigned bits) {
  const std::uint64_t value = word & mask(bits);
  word >>= bits;
  return value;
}

Left left_of(const Remembered& one, std::uint64_t& time_ns) {
  std::uint64_t word = one.rest;
  time_ns = take(word, time_bits);
  Left left;
  for (unsigned* part : {&left.losses, &left.delays, &left.held, &left.notices})
    *part = static_cast<unsigned>(take(word, kind_bits));
  left.all = static_cast<unsigned>(take(word, all_bits));
  return left;
}

bool is_as_much(const Left& a, const Left& b) {
  // More of a kind than of all makes no difference.
  const auto enough = [&](unsigned has, unsigned needs) { return has >= std::min(needs, b.all); };
  return a.all >= b.all && enough(a.losses, b.losses) && enough(a.delays, b.delays) &&
         enough(a.held, b.held) && enough(a.notices, b.notices);
}

}  // namespace

std::optional<Remembered> remembered(const Hash& hash, const Left& left, sim::TimePoint now) {
  const auto time_ns = static_cast<std::uint64_t>(sim::ns(now));
  if (time_ns > mask(time_bits))
    return std::nullopt;
  std::uint64_t word = std::min<std::uint64_t>(left.all, mask(all_bits));
  for (const unsigned part : {left.notices, left.held, left.delays, left.losses})
    word = word << kind_bits | std::min<std::uint64_t>(part, mask(kind_bits));
  return Remembered{hash, used_bit | word << time_bits | time_ns};
}

bool covers(const Remembered& one, const Left& left, sim::TimePoint now) {
  std::uint64_t time_ns = 0;
  const Left had = left_of(one, time_ns);
  return is_as_much(had, left) && time_ns <= static_cast<std::uint64_t>(sim::ns(now));
}

std::size_t Met::first_slot(const Shard& shard, const Hash& hash) {
  return static_cast<std::size_t>(sim::Wide{hash.low} * shard.slots.size() >> 64);
}

bool Met::covers(const Hash& hash, const Left& left, sim::TimePoint now) const {
  const Shard& shard = shards_[hash.high % shard_count];
  if (shard.slots.empty())
    return false;
  for (std::size_t i = first_slot(shard, hash); shard.slots[i].rest != 0;) {
    if (shard.slots[i].hash == hash && alike::covers(shard.slots[i], left, now))
      return true;
    i = i + 1 == shard.slots.size() ? 0 : i + 1;
  }
  return false;
}

void Met::add(const Remembered& one) {
  HOLDFAST_CHECK(one.rest != 0, "what says nothing is remembered");
  Shard& shard = shards_[one.hash.high % shard_count];
  // At most seven eighths are in use, so that what is not there is not looked for for long.
  if ((shard.used + 1) * 8 > shard.slots.size() * 7)
    grow(shard);
  const std::size_t before = shard.used;
  put(shard, one);
  size_ += shard.used - before;
}

void Met::put(Shard& shard, const Remembered& one) {
  std::size_t i = first_slot(shard, one.hash);
  while (shard.slots[i].rest != 0) {
    std::uint64_t time_ns = 0;
    const Left had = left_of(shard.slots[i], time_ns);
    if (shard.slots[i].hash == one.hash &&
        alike::covers(one, had, sim::epoch + Duration{static_cast<std::int64_t>(time_ns)})) {
      shard.slots[i].rest = one.rest;
      return;
    }
    i = i + 1 == shard.slots.size() ? 0 : i + 1;
  }
  shard.slots[i] = one;
  ++shard.used;
}

/// To three quarters in use.
void Met::grow(Shard& shard) {
  Shard larger;
  larger.slots.resize(std::max<std::size_t>(8, shard.used * 4 / 3));
  for (const Remembered& one : shard.slots) {
    if (one.rest != 0)
      put(larger, one);
  }
  shard = std::move(larger);
}

std::size_t Met::bytes() const {
  std::size_t bytes = 0;
  for (const Shard& shard : shards_)
    bytes += shard.slots.capacity() * sizeof(Remembered);
  return bytes;
}

}  // namespace holdfast::analysis::search::alike
