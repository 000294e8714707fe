// SPDX-License-Identifier: Apache-2.0
// SM-1: the state machine of nvme_change_ctrl_state, all pairs, and that runs keep to it.
#include "tests/conformance/support.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

constexpr int states = 10;

/// protocol.md 4.2 with the additions of the path-failure series; a row is the new state, a column
/// the old one, in this order:
///   NEW LIVE FENCING FENCED RECOVERING RESETTING CONNECTING DELETING DELETING_NOIO DEAD
/// RECOVERING -> RESETTING is missing on purpose: the RFC's transports set that state themselves.
constexpr const char* permitted[states] = {
    "..........",  // NEW
    "......x...",  // LIVE
    ".x........",  // FENCING
    "..x.......",  // FENCED
    ".x........",  // RECOVERING
    "xx.x......",  // RESETTING
    "x....x....",  // CONNECTING
    ".x...xx...",  // DELETING
    ".......x.x",  // DELETING_NOIO
    ".......x..",  // DEAD
};

constexpr const char* names[states] = {"NEW",           "LIVE",      "FENCING",    "FENCED",
                                       "RECOVERING",    "RESETTING", "CONNECTING", "DELETING",
                                       "DELETING_NOIO", "DEAD"};

bool in_table(std::uint64_t from, std::uint64_t to) { return permitted[to][from] == 'x'; }

}  // namespace

TEST_CASE("the controller state machine permits what Linux permits, for all pairs",
          "[conformance][SM-1]") {
  for (std::uint64_t to = 0; to < states; ++to) {
    CHECK(host::state_name(static_cast<host::State>(to)) == names[to]);
    for (std::uint64_t from = 0; from < states; ++from) {
      INFO(names[from] << " -> " << names[to]);
      CHECK(host::is_permitted(static_cast<host::State>(from), static_cast<host::State>(to)) ==
            in_table(from, to));
    }
  }
}

TEST_CASE("every change of state in a run is in the table and starts where the last one ended",
          "[conformance][SM-1]") {
  for (const char* policy : {"linux-mainline", "cqt-only", "tp4129-rfc1", "tp8028-v3", "spec"}) {
    json s = scenario_with(2);
    s["subsystems"][0]["attr_cqt"] = "1ms";
    s["hosts"][0]["policy"] = policy;
    set_connect(s, "ctrl_loss_tmo", "70s");
    s["workloads"] = json::array({fio({{"rate_iops", 100}, {"iodepth", 4}})});
    json first = blackhole("h1-s1", 10s);
    first["for"] = "50s";
    s["faults"] = {first, blackhole("h1-s1", 150s)};
    Run run(s);
    run.until(320s);
    std::uint64_t state[2] = {};
    for (const Entry& e : run.log.all(Kind::controller_state)) {
      CHECK(e["from"] == state[e["controller"]]);
      CHECK(in_table(e["from"], e["to"]));
      state[e["controller"]] = e["to"];
    }
    CHECK(run.log.count(Kind::connected, with("controller", 0)) == 2);
    CHECK(run.log.count(Kind::controller_removed) == 1);
    CHECK(state[0] == static_cast<std::uint64_t>(host::State::dead));
    CHECK(state[1] == static_cast<std::uint64_t>(host::State::live));
  }
}
