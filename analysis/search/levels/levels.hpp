// SPDX-License-Identifier: Apache-2.0
// Level by level: all executions with no deviation, with one, with two ... First deviations are
// found one after the other and handed out in chunks; what was done below them is taken in their
// order, so that the answer does not depend on the number of threads. Of a level, or of walks, a
// part can be done alone (part.hpp).
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <thread>
#include <vector>

#include "analysis/search/explore.hpp"
#include "analysis/search/walk.hpp"

namespace holdfast::analysis::search {

/// Of the first deviations of a level, those whose number leaves `k` when it is divided by `n`.
struct Share {
  std::uint64_t k = 0;
  std::uint64_t n = 1;
};

/// What was done below one first deviation.
struct Unit {
  std::uint64_t worlds = 0;
  std::uint64_t probes = 0;
};

/// Behind which walk those end that are the whole of a search.
std::uint64_t last_walk(const Options& options);

class Levels {
 public:
  /// `space` and `options` must outlive it.
  Levels(const Space& space, const Options& options, Explorer::Counts counts);

  /// The whole search, without what is made of its finding.
  void run(Outcome& out);

  /// One level, of its first deviations those of a share that come before number `before`.
  /// `units()`, `enumerated()` and `best_place()` say what was done.
  void share_of_level(unsigned d, const Share& share, std::uint64_t before, Outcome& out);
  /// Walks from number `first` on; `best_place()` is the number of the one that found something.
  void some_walks(std::uint64_t first, std::uint64_t count, Drawn how, Outcome& out);

  /// In their order; the own share's first deviations only.
  [[nodiscard]] const std::vector<Unit>& units() const { return units_; }
  /// Probes that it took to find first deviations.
  [[nodiscard]] std::uint64_t enumerated() const { return enumerated_; }
  /// Number of the first deviation, or walk, at which the best was found.
  [[nodiscard]] std::uint64_t best_place() const { return best_place_; }
  /// Whether worlds are remembered.
  [[nodiscard]] bool merges() const { return merging_.on; }

 private:
  unsigned first_level(Outcome& out);
  void tell(Outcome& out) const;
  void keep() const;
  void one_level(unsigned d);
  void remember(const std::vector<alike::Remembered>& worlds);
  /// The worlds of a level are in total_ once it is over.
  [[nodiscard]] std::uint64_t done() const {
    return total_ + (level_ != nullptr ? level_->worlds : 0) + walks_;
  }
  [[nodiscard]] const Walker& walker();
  void both_walks(unsigned d);
  void only_walks();
  void walk(std::uint64_t end, Drawn how);
  void take(Walk&& walk, std::uint64_t number);
  bool may_go_on(std::size_t index, const Yield& yield);
  void work_off();
  void take(Yield&& yield);
  void end_by(Ended why) {
    over_ = true;
    ended_ = why;
  }

  const Space& space_;
  const Options& options_;
  Explorer::Counts counts_;
  std::thread::id main_ = std::this_thread::get_id();
  Share share_;
  std::uint64_t before_ = std::numeric_limits<std::uint64_t>::max();
  std::vector<Unit> units_;
  std::uint64_t enumerated_ = 0;
  std::uint64_t best_place_ = 0;
  std::vector<Node> chunk_;
  std::vector<Level>* levels_ = nullptr;
  std::uint64_t chunks_ = 0;  ///< of the level that were worked off
  std::uint64_t skip_ = 0;    ///< that were worked off before the search was interrupted
  std::optional<Walker> walker_;
  std::uint64_t next_walk_ = 0;
  std::uint64_t walks_ = 0;
  std::uint64_t outside_ = 0;
  Level* level_ = nullptr;
  Merging merging_;
  alike::Hash begins_;
  alike::Met met_;
  alike::Memory* first_ = nullptr;  ///< of who finds first deviations
  std::optional<Finding> best_;
  std::int64_t own_value_ = 0;
  std::uint64_t total_ = 0;  ///< worlds of the levels that are over
  bool over_ = false;
  Ended ended_ = Ended::exhausted;
  std::atomic<std::uint64_t> worlds_seen_{0};
  std::atomic<std::size_t> left_in_chunk_{0};
  std::atomic<std::size_t> settled_by_{0};  ///< nothing behind this place of the chunk matters
};

}  // namespace holdfast::analysis::search
