// SPDX-License-Identifier: Apache-2.0
// Choice points: every draw that matters to safety (is this packet lost, how long does this command
// sit in the controller, when does the fault strike) has a name, made of an entity and a purpose,
// and an ordinal within that name. A driver answers it: the dice (Philox), or a script that replays
// or dictates what was chosen. Enumeration and adversaries are further ways to write a script.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/check.hpp"
#include "sim/copy_block.hpp"
#include "sim/fetch.hpp"
#include "sim/random.hpp"
#include "sim/shared.hpp"
#include "sim/shared_vector.hpp"
#include "sim/time.hpp"

namespace holdfast::sim {

/// Names one choice point of a world. Valid in that world and its copies.
enum class ChoiceId : std::uint32_t {};

/// What was chosen at one choice point: 0 or 1 for a yes/no choice, nanoseconds for a span, an
/// integer for a pick.
struct Choice {
  std::uint64_t stream = 0;   ///< hash of "entity/purpose", see Choices::name
  std::uint64_t ordinal = 0;  ///< how many choices this point made before
  std::int64_t value = 0;
  friend bool operator==(const Choice&, const Choice&) = default;
};

/// Choices to be repeated. A yes/no choice that the script does not mention is "no"; any other
/// choice that it does not mention is left to the dice of the run seed.
using ChoiceScript = std::vector<Choice>;

class Choices {
 public:
  explicit Choices(std::uint64_t seed = 1) : seed_(seed) {}

  /// Throws other dice. Recording and script stay, so that a driver may set them up before a world
  /// is built and its first choices are drawn. Only before there are choice points.
  void reseed(std::uint64_t seed) {
    HOLDFAST_CHECK(points_.empty(), "choices may have been drawn with the old dice");
    seed_ = seed;
  }

  /// Throws other dice from here on: what was chosen stays, so two copies of a world that go on
  /// with dice of their own share their past and nothing else.
  void go_on_with(std::uint64_t seed) { seed_ = seed; }

  /// Adds a choice point. Two points must not share a name; names appear in records and scripts.
  ChoiceId add(std::string_view entity, std::string_view purpose);
  /// A name for the next of several entities that are called alike: "NAME 0", "NAME 1", ... in the
  /// order in which they ask. NAME says whose they are, so that others do not change the number.
  std::string numbered(std::string_view name);
  [[nodiscard]] const std::string& name(ChoiceId id) const {
    HOLDFAST_CHECK(static_cast<std::uint32_t>(id) < names_.size(),
                   "no such choice point was added");
    return names_[static_cast<std::uint32_t>(id)];
  }
  [[nodiscard]] std::size_t count() const { return points_.size(); }
  /// How many choices the point has made: the ordinal of its next one.
  [[nodiscard]] std::uint64_t made(ChoiceId id) const {
    HOLDFAST_CHECK(static_cast<std::uint32_t>(id) < points_.size(),
                   "no such choice point was added");
    return points_[static_cast<std::uint32_t>(id)].next_ordinal;
  }

  /// Answers of the script to choices that are still to come: `tell(id, ordinals ahead, value)`.
  template <class Tell>
  void for_each_open_answer(Tell tell) const;
  [[nodiscard]] bool is_scripted() const { return script_ != nullptr; }
  /// The dice that are thrown where no script answers.
  [[nodiscard]] std::uint64_t seed() const { return seed_; }

  /// The point will make a choice soon.
  void fetch(ChoiceId id) const { fetch_object(points_[static_cast<std::uint32_t>(id)]); }
  /// Yes with the probability whose bernoulli_threshold is given.
  bool yes(ChoiceId id, std::uint64_t threshold) {
    // Most links lose nothing, and each packet asks them.
    if (threshold == 0 && !script_) {
      ++points_[static_cast<std::uint32_t>(id)].next_ordinal;
      return false;
    }
    return draw_yes(id, threshold);
  }
  /// Integer in [0, bound).
  std::uint64_t pick(ChoiceId id, std::uint64_t bound);
  Duration uniform(ChoiceId id, Duration low, Duration high);
  Duration exponential(ChoiceId id, Duration low, Duration mean);
  /// `usual`, but with the probability whose bernoulli_threshold is given an exponential part with
  /// that mean on top.
  Duration tailed(ChoiceId id, Duration usual, Duration mean, std::uint64_t threshold);
  /// Not drawn, but recorded and open to a script all the same.
  Duration constant(ChoiceId id, Duration value);

  /// Throws the dice once more for a choice that was made; its caller undoes what came of the first
  /// answer. `draw` makes an answer of 64 random bits. A script that has an answer keeps it.
  template <class Draw>
  std::int64_t again(ChoiceId id, std::uint64_t ordinal, Draw draw) {
    HOLDFAST_CHECK(ordinal < made(id), "a choice is made again that was not made");
    const std::uint64_t stream = points_[static_cast<std::uint32_t>(id)].stream;
    const std::int64_t* const answer = script_ ? scripted(stream, ordinal) : nullptr;
    const std::int64_t value =
        answer != nullptr ? *answer : draw(random_bits(seed_, stream, ordinal));
    if (recording_)
      record_.push_back({stream, ordinal, value});
    return value;
  }

  /// From now on every choice other than "no" is recorded.
  void start_recording() { recording_ = true; }
  [[nodiscard]] const ChoiceScript& record() const { return record_; }
  /// From now on the script answers. Sorted or not; the last entry for a choice wins.
  void replay(ChoiceScript script);

 private:
  struct Point {
    std::uint64_t stream = 0;
    std::uint64_t next_ordinal = 0;
  };
  /// What is asked while choice points are added, and never after.
  struct Book {
    std::set<std::uint64_t> streams;
    std::map<std::string, std::uint32_t> alike;  ///< how many there are of a name
  };
  /// The scripted value, if there is one.
  [[nodiscard]] const std::int64_t* scripted(std::uint64_t stream, std::uint64_t ordinal) const;
  bool draw_yes(ChoiceId id, std::uint64_t threshold);
  template <class Draw>
  std::int64_t choose(ChoiceId id, Draw draw);

  std::uint64_t seed_;
  bool recording_ = false;
  Vector<Point> points_;
  SharedVector<std::string> names_;
  Shared<Book> book_;
  ChoiceScript record_;
  std::shared_ptr<const ChoiceScript> script_;  // shared by copies of a world; never written
};

template <class Tell>
void Choices::for_each_open_answer(Tell tell) const {
  if (!script_)
    return;
  for (auto at = script_->begin(); at != script_->end(); ++at) {
    // The last entry for a choice wins.
    if (at + 1 != script_->end() && at[1].stream == at->stream && at[1].ordinal == at->ordinal)
      continue;
    for (std::uint32_t i = 0; i < points_.size(); ++i) {
      if (points_[i].stream == at->stream && points_[i].next_ordinal <= at->ordinal)
        tell(ChoiceId{i}, at->ordinal - points_[i].next_ordinal, at->value);
    }
  }
}

}  // namespace holdfast::sim
