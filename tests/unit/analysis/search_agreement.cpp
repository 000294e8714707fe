// SPDX-License-Identifier: Apache-2.0
// Merging and reduction change no verdict: of each bundled scenario that is small enough, searches
// with and without them say the same.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "analysis/parallel.hpp"
#include "analysis/search/critical.hpp"
#include "analysis/search/search.hpp"
#include "models/scenario/scenario.hpp"

namespace {

using namespace holdfast;
using namespace holdfast::analysis;
using namespace std::chrono_literals;
using nlohmann::json;
using search::Ended;
using search::Objective;

struct LeftOut {
  const char* why;
  std::vector<std::string> names;
};

/// Of `scenarios/` and `scenarios/operators/`. Those of `scenarios/faster/` all have a load that
/// goes on for the whole run.
const std::vector<LeftOut> left_out = {
    {"search refuses it: it has a second seed", {"other_futures"}},
    {"its load goes on for the whole run, and one execution takes 20 ms to 1 s",
     {"ana_change_timeout",
      "ana_failover",
      "array_admin_stall",
      "array_many_hosts",
      "array_node_crash",
      "array_planned_failover",
      "command_keep_alive",
      "cross_traffic",
      "delayed_write",
      "dropped_capsule",
      "fleet",
      "hold_from_last_submission",
      "hold_from_recovery",
      "link_flap",
      "log_ccr",
      "log_cqt_only",
      "lossy_path",
      "lsfmm",
      "netem_path",
      "one_queue_lost",
      "one_way_blackhole",
      "one_way_blackhole_back",
      "port_removed",
      "quickstart",
      "read_only_blackhole",
      "target_expiry"}},
    {"the same",
     {"address_moves",
      "alive_at_tcp_only",
      "bad_links_told",
      "blocked_initiator",
      "blocked_target",
      "bond_moves",
      "cable_pulled_rdma",
      "carrier_before_forwarding",
      "connect_storm",
      "dhchap_far_away",
      "doubled_response",
      "failures_of_a_night",
      "keep_alive_behind_slow_work",
      "lost_ana_notice",
      "lost_keep_alive_response",
      "marginal_path",
      "outage_beyond_ctrl_loss",
      "packets_dropped_by_a_firewall",
      "refused_connect",
      "secure_concatenation",
      "shutdown_without_network",
      "silent_mtu",
      "slow_path",
      "storm_of_teardowns",
      "switch_lost",
      "tls_many_queues",
      "tls_storm",
      "tls_unanswered",
      "slow_backend"}},
    {"thousands of commands may take longer",
     {"rare_1e4", "rare_1e6", "rare_1e9", "rdma_late_write_fetched", "rw_test_ccr",
      "rw_test_ccr_failed", "rw_test_ccr_filter", "rw_test_cqt_only",
      "rw_test_early_resubmission"}},
    {"as large as its pair, which differs in how long a hold is",
     {"blktests_071_cqt", "fc_blktests_071_cqt", "rdma_blktests_071_cqt"}},
};

bool is_left_out(const std::string& name) {
  return std::any_of(left_out.begin(), left_out.end(), [&](const LeftOut& some) {
    return std::find(some.names.begin(), some.names.end(), name) != some.names.end();
  });
}

/// A command may take up to a second longer, and the first fault may strike up to 1 ms later.
scenario::Scenario bounded(const std::string& file, unsigned deviations) {
  scenario::Scenario s = scenario::load(file);
  s.adversary = scenario::Adversary{};
  s.adversary->deviations = deviations;
  s.adversary->losses = 0;
  s.adversary->delay = 1s;
  if (s.faults.empty())
    return s;
  s.adversary->faults.push_back({0, std::array{sim::Duration{0}, s.duration}, std::nullopt});
  const search::Space space(s, Objective::corruption);
  if (space.planned.empty()) {
    s.adversary->faults.clear();
  } else {
    const sim::Duration own{search::own_time(space, space.planned[0], {})};
    s.adversary->faults[0].at = std::array{own, std::min<sim::Duration>(own + 1ms, s.duration)};
  }
  return s;
}

search::Outcome searched(const scenario::Scenario& s, Objective objective, bool merge, bool reduce,
                         std::uint64_t worlds = 0) {
  search::Options options;
  options.strategy = search::Strategy::exhaustive;
  options.merge = merge;
  options.reduce = reduce;
  options.shrink = false;
  options.worlds = worlds;
  return search::search(s, options, objective);
}

std::uint64_t worlds_of(const search::Outcome& out) {
  std::uint64_t worlds = 0;
  for (const search::Level& level : out.levels)
    worlds += level.worlds;
  return worlds;
}

/// What four searches of one scenario say.
struct Said {
  unsigned deviations = 2;
  search::Outcome plain, merged, reduced, both;
};

constexpr std::uint64_t enough = 600;

Said said_of(const std::string& file, Objective objective) {
  Said said;
  scenario::Scenario s = bounded(file, 2);
  said.plain = searched(s, objective, false, false, enough);
  if (said.plain.ended == Ended::budget) {
    said.deviations = 1;
    s = bounded(file, 1);
    said.plain = searched(s, objective, false, false);
  }
  said.both = searched(s, objective, true, true);
  if (said.deviations == 1)  // merging only looks at what may deviate once more
    return said;
  said.merged = searched(s, objective, true, false);
  said.reduced = searched(s, objective, false, true);
  return said;
}

void check(const search::Outcome& out, const search::Outcome& plain) {
  CHECK(out.ended == plain.ended);
  CHECK(out.own_value == plain.own_value);
  REQUIRE(out.worst.has_value() == plain.worst.has_value());
  if (plain.worst)
    CHECK(out.worst->value == plain.worst->value);
  CHECK(worlds_of(out) <= worlds_of(plain));
}

std::vector<std::string> small_ones() {
  std::vector<std::string> files;
  for (const char* folder : {"scenarios", "scenarios/operators"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".json" && !is_left_out(entry.path().stem().string()))
        files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Checks them, and leaves those whose own run is safe.
std::vector<std::string> agreed(const std::vector<std::string>& files, Objective objective) {
  std::vector<Said> all(files.size());
  parallel_for(files.size(), 2, [&](std::size_t i) { all[i] = said_of(files[i], objective); });
  std::vector<std::string> safe;
  std::uint64_t again = 0, fewer = 0, pairs = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    CAPTURE(files[i], search::name_of(objective));
    const Said& said = all[i];
    check(said.both, said.plain);
    fewer += worlds_of(said.plain) - worlds_of(said.both);
    if (!said.plain.worst || !said.plain.worst->deviations.empty())
      safe.push_back(files[i]);
    if (said.deviations == 1)
      continue;
    check(said.merged, said.plain);
    check(said.reduced, said.plain);
    again += said.merged.merging.again;
    pairs += worlds_of(said.plain) > 1 ? 1 : 0;
  }
  CHECK(pairs >= 10);
  CHECK(again > 0);
  CHECK(fewer > 0);
  return safe;
}

}  // namespace

TEST_CASE("merging and reduction change no verdict of a bundled scenario", "[search]") {
  const std::vector<std::string> files = small_ones();
  CHECK(files.size() > 60);
  // An own run that corrupts ends there; its stall would be looked for to the end of the run, and
  // most of these have a load that goes on until then.
  const std::vector<std::string> safe = agreed(files, Objective::corruption);
  CHECK(safe.size() > 30);
  agreed(safe, Objective::stall);
}
