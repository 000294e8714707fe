// SPDX-License-Identifier: Apache-2.0
// Choice points: dice, record, replay.
#include "sim/choice.hpp"

#include <algorithm>
#include <tuple>

#include "sim/check.hpp"
#include "sim/distributions.hpp"
#include "sim/random.hpp"

namespace holdfast::sim {

namespace {

auto place(const Choice& c) { return std::tie(c.stream, c.ordinal); }

}  // namespace

ChoiceId Choices::add(std::string_view entity, std::string_view purpose) {
  HOLDFAST_CHECK(!entity.empty() && !purpose.empty(),
                 "a choice point is named in records and scripts");
  const std::string name = std::string(entity) + "/" + std::string(purpose);
  const std::uint64_t stream = hash_name(name);
  HOLDFAST_CHECK(book_.own().streams.insert(stream).second,
                 "two choice points have one name, or its hash");
  points_.push_back({stream, 0});
  names_.push_back(name);
  return ChoiceId{static_cast<std::uint32_t>(points_.size() - 1)};
}

std::string Choices::numbered(std::string_view name) {
  HOLDFAST_CHECK(!name.empty(), "a choice point is named in records and scripts");
  return std::string(name) + " " + std::to_string(book_.own().alike[std::string(name)]++);
}

const std::int64_t* Choices::scripted(std::uint64_t stream, std::uint64_t ordinal) const {
  const Choice wanted{stream, ordinal, 0};
  const auto at =
      std::upper_bound(script_->begin(), script_->end(), wanted,
                       [](const auto& a, const auto& b) { return place(a) < place(b); });
  if (at == script_->begin())
    return nullptr;
  const Choice& found = *(at - 1);
  return place(found) == place(wanted) ? &found.value : nullptr;
}

template <class Draw>
std::int64_t Choices::choose(ChoiceId id, Draw draw) {
  HOLDFAST_PACKET_CHECK(static_cast<std::uint32_t>(id) < points_.size(),
                        "no such choice point was added");
  Point& p = points_[static_cast<std::uint32_t>(id)];
  const std::uint64_t ordinal = p.next_ordinal++;
  std::int64_t value = 0;
  const std::int64_t* answer = script_ ? scripted(p.stream, ordinal) : nullptr;
  if (answer != nullptr) {
    value = *answer;
  } else {
    value = draw(random_bits(seed_, p.stream, ordinal));
  }
  if (recording_)
    record_.push_back({p.stream, ordinal, value});
  return value;
}

bool Choices::draw_yes(ChoiceId id, std::uint64_t threshold) {
  HOLDFAST_PACKET_CHECK(static_cast<std::uint32_t>(id) < points_.size(),
                        "no such choice point was added");
  Point& p = points_[static_cast<std::uint32_t>(id)];
  const std::uint64_t ordinal = p.next_ordinal++;
  bool value = false;
  if (script_) {
    const std::int64_t* answer = scripted(p.stream, ordinal);
    value = answer != nullptr && *answer != 0;
  } else if (threshold != 0) {
    value = random_bits(seed_, p.stream, ordinal) < threshold;
  }
  if (value && recording_)
    record_.push_back({p.stream, ordinal, 1});
  return value;
}

std::uint64_t Choices::pick(ChoiceId id, std::uint64_t bound) {
  HOLDFAST_PACKET_CHECK(bound > 0, "there is nothing to pick from");
  return static_cast<std::uint64_t>(choose(id, [&](std::uint64_t bits) {
    return static_cast<std::int64_t>(uniform_below(bits, bound));
  }));
}

Duration Choices::uniform(ChoiceId id, Duration low, Duration high) {
  HOLDFAST_PACKET_CHECK(low <= high, "the bounds of a uniform choice are the wrong way round");
  return Duration{
      choose(id, [&](std::uint64_t bits) { return uniform_between(bits, low, high).count(); })};
}

Duration Choices::exponential(ChoiceId id, Duration low, Duration mean) {
  HOLDFAST_PACKET_CHECK(mean >= Duration{}, "an exponential choice has a mean of 0 or more");
  return Duration{
      choose(id, [&](std::uint64_t bits) { return (low + sim::exponential(bits, mean)).count(); })};
}

Duration Choices::tailed(ChoiceId id, Duration usual, Duration mean, std::uint64_t threshold) {
  HOLDFAST_PACKET_CHECK(mean >= Duration{}, "an exponential tail has a mean of 0 or more");
  return Duration{choose(id, [&](std::uint64_t bits) {
    if (bits >= threshold)
      return usual.count();
    return (usual + sim::exponential(stretched(bits, threshold), mean)).count();
  })};
}

Duration Choices::constant(ChoiceId id, Duration value) {
  if (!script_ && !recording_) [[likely]] {
    ++points_[static_cast<std::uint32_t>(id)].next_ordinal;
    return value;
  }
  return Duration{choose(id, [&](std::uint64_t) { return value.count(); })};
}

void Choices::replay(ChoiceScript script) {
  std::stable_sort(script.begin(), script.end(),
                   [](const auto& a, const auto& b) { return place(a) < place(b); });
  script_ = std::make_shared<const ChoiceScript>(std::move(script));
}

}  // namespace holdfast::sim
