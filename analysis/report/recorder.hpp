// SPDX-License-Identifier: Apache-2.0
// What the page of a run shows: written down while the run goes on, packed when it is over.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "analysis/run/run.hpp"
#include "models/records.hpp"

namespace holdfast::analysis::report {

/// Beyond these a page tells less instead of growing without end, and says so.
struct Caps {
  std::size_t attempts = 2'000'000;  ///< written down; I/O that is sent later is not drawn
  std::size_t operations = 60'000;   ///< shown one by one; of ordinary ones every n-th beyond it
  std::size_t told = 120'000;        ///< shown in any case: given up, retried, failed or slow
  std::size_t events = 100'000;      ///< timers, reconnects, keep-alives; of drops likewise
};

/// How an attempt ended for the host.
enum class End : std::uint8_t { answered, given_up, open };

/// One sending of an I/O.
struct Sent {
  Token token{};
  std::int64_t sent_ns = 0;
  std::int64_t ended_ns = -1;    ///< answered or given up; -1: open
  std::int64_t fetched_ns = -1;  ///< the target had the command; -1: never, also below
  std::int64_t landed_ns = -1;   ///< the last instant at which it touched the medium
  std::uint32_t controller = 0;
  std::uint32_t before = 0;  ///< the attempt before it, as its place and one; 0: it is the first
  std::uint16_t cntlid = 0;
  std::uint16_t status = 0;
  End end = End::open;
  bool stale = false;  ///< it overwrote newer data
};

class Recorder final : public Onlooker {
 public:
  explicit Recorder(const Caps& caps = {}) : caps_(caps) {}

  void begins(const World& world) override { static_cast<void>(world); }
  void on_record(const sim::Record& r) override;
  void ends(const World& world, const nlohmann::json& document) override;

  /// Null before the end: {document, hosts, controllers, subsystems, links, faults, jobs, kinds of
  /// events, cut, columns, zip, data}; what `ends` was given, and columns (columns.hpp).
  [[nodiscard]] const nlohmann::json& run() const { return run_; }

 private:
  /// A row of numbers: an instant, and words of a record.
  struct Row {
    std::int64_t time_ns = 0;
    std::array<std::int64_t, 4> word = {};
  };

  bool on_attempt(const sim::Record& r);
  void on_sent(const sim::Record& r);
  void keep_event(const sim::Record& r);
  Sent* find(Token token);
  void land(Token token, std::int64_t time_ns);
  /// Which operations are shown, by serial - 1, ascending; and of how many ordinary ones each
  /// stands.
  struct Chosen {
    std::vector<std::uint32_t> operations;
    std::vector<bool> is_told;  ///< for itself alone, of those above
    std::size_t every = 1;
    bool told_all = true;
  };
  [[nodiscard]] Chosen choose(const World& world) const;
  [[nodiscard]] nlohmann::json columns_of(const World& world, const Chosen& chosen) const;

  Caps caps_;
  std::vector<Sent> attempts_;
  std::vector<std::uint32_t> last_;  ///< by operation: the place of its last attempt and one
  std::vector<Row> host_states_, target_states_, faults_, drops_, events_;
  std::int64_t cut_ns_ = -1;  ///< from here on attempts were not written down
  std::uint64_t events_lost_ = 0, drops_lost_ = 0;
  nlohmann::json run_;
};

}  // namespace holdfast::analysis::report
