// SPDX-License-Identifier: Apache-2.0
// Comparing two runs record by record.
#include "analysis/run/lockstep.hpp"

#include <fmt/format.h>

namespace holdfast::analysis {

namespace {

/// Records in common that are told before the first that differs.
constexpr std::size_t told_before = 8;

}  // namespace

std::string describe(const sim::Record& record) {
  const RecordInfo& kind = record_kinds[record.kind];
  std::string line =
      fmt::format("{:.9f} s  {}", static_cast<double>(record.time_ns) * 1e-9, kind.name);
  for (std::size_t i = 0; i < kind.words; ++i) {
    line += fmt::format(" {}={}", kind.word[i], record.word[i]);
  }
  return line;
}

Lockstep::Lockstep(World& follower, sim::TimePoint end) : follower_(follower), end_(end) {
  follower_.trace.attach(&collector_);
}

Lockstep::~Lockstep() { follower_.trace.attach(nullptr); }

void Lockstep::tell(const std::string& leader, const std::string& follower) {
  difference_ = fmt::format("the runs differ at record {}\n", compared_ + 1);
  for (const sim::Record& r : common_)
    difference_ += "  both    " + describe(r) + "\n";
  difference_ += "  first   " + leader + "\n  second  " + follower + "\n";
}

void Lockstep::on_record(const sim::Record& record) {
  if (!equal())
    return;
  while (collector_.records.empty()) {
    if (!follower_.calendar.step(follower_, end_)) {
      tell(describe(record), "has ended");
      return;
    }
  }
  const sim::Record other = collector_.records.front();
  collector_.records.pop_front();
  if (!(record == other)) {
    tell(describe(record), describe(other));
    return;
  }
  ++compared_;
  common_.push_back(record);
  if (common_.size() > told_before)
    common_.pop_front();
}

}  // namespace holdfast::analysis
