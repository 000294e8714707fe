// SPDX-License-Identifier: Apache-2.0
// Two runs side by side: each record of one is compared with the next record of the other, which is
// stepped on demand. The first difference is known at once, with no memory of what came before.
#pragma once

#include <deque>
#include <string>

#include "models/world.hpp"

namespace holdfast::analysis {

/// A record as a line: time, kind, and its words by name.
std::string describe(const sim::Record& record);

/// Attach it to the run that leads; it drives a follower on the native kernel.
class Lockstep final : public sim::Sink {
 public:
  /// `follower` must be in the state in which the leader is, and must outlive this.
  Lockstep(World& follower, sim::TimePoint end);
  ~Lockstep() override;
  Lockstep(const Lockstep&) = delete;
  Lockstep& operator=(const Lockstep&) = delete;

  void on_record(const sim::Record& record) override;
  void finish() {
    finish([] {});
  }
  /// Lets the follower run to its end; it must have no record that the leader had not. `look` is
  /// called for each event; it may throw.
  template <class Look>
  void finish(Look look) {
    while (equal() && collector_.records.empty() && follower_.calendar.step(follower_, end_))
      look();
    if (equal() && !collector_.records.empty())
      tell("has ended", describe(collector_.records.front()));
  }

  [[nodiscard]] bool equal() const { return difference_.empty(); }
  /// The first differing record of both, with the records before it; empty while they agree.
  [[nodiscard]] const std::string& difference() const { return difference_; }

 private:
  /// Takes the follower's records as they come.
  class Collector final : public sim::Sink {
   public:
    void on_record(const sim::Record& record) override { records.push_back(record); }
    std::deque<sim::Record> records;
  };
  void tell(const std::string& leader, const std::string& follower);

  World& follower_;
  sim::TimePoint end_;
  Collector collector_;
  std::deque<sim::Record> common_;  // the last few equal records
  std::uint64_t compared_ = 0;
  std::string difference_;
};

}  // namespace holdfast::analysis
