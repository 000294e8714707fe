// SPDX-License-Identifier: Apache-2.0
// An oracle for the oracle: the headline numbers of a run, from its records alone. It keeps all
// records and looks through them again and again; it is slow, and short enough to be read. It
// shares no code and no state with models/oracle.
#pragma once

#include <set>
#include <tuple>
#include <vector>

#include "models/world.hpp"

namespace holdfast::second_opinion {

/// Token, from (ns), to (ns).
using Window = std::tuple<std::uint64_t, std::int64_t, std::int64_t>;

struct Opinion {
  std::vector<Window> exposure;  ///< sorted
  std::int64_t longest_stall_ns = 0;
  std::uint64_t stale_writes = 0;
  std::uint64_t lost_writes = 0;
  std::uint64_t misplaced_writes = 0;
  std::uint64_t stale_reads = 0;
  std::uint64_t duplicate_effects = 0;
};

class Listener : public sim::Sink {
 public:
  void on_record(const sim::Record& record) override;
  [[nodiscard]] Opinion opinion(std::int64_t end_ns) const;

 private:
  std::vector<sim::Record> records_;
};

}  // namespace holdfast::second_opinion
