// SPDX-License-Identifier: Apache-2.0
// What the tests of an administrator's reset and delete share.
#pragma once

#include <string>

#include "tests/conformance/support.hpp"

namespace holdfast::conformance {

inline json action(const char* type, Duration at, const char* controller = "nvme0") {
  return {{"type", type}, {"at", text(at)}, {"host", "h1"}, {"controller", controller}};
}

inline json passthrough(Duration at) {
  json a = action("passthrough_ccr", at);
  a["source"] = "nvme1";
  return a;
}

/// One round of rw_test at 100 ms; its first write goes to controller 1, whose backend takes 2 s
/// for it. Nothing is wrong with the path.
inline json slow_write(const std::string& policy) {
  json s = scenario_with(2);
  s["subsystems"][0]["profile"] = "nvmet-tp8028";
  s["subsystems"][0]["attr_cqt"] = "1ms";
  s["hosts"][0]["policy"] = policy;
  s["workloads"] = json::array({rw_test_once(60s)});
  s["faults"] = json::array({{{"type", "delay_command"},
                              {"at", "50ms"},
                              {"subsystem", "sub"},
                              {"controller", 1},
                              {"opcode", "write"},
                              {"delay", "2s"}}});
  return s;
}

/// Two paths, the first one dead from 10 s on, I/O at 100 per second.
inline json dead_path(const char* policy) {
  json s = scenario_with(2);
  s["subsystems"][0]["attr_cqt"] = "1ms";
  s["hosts"][0]["policy"] = policy;
  s["workloads"] = json::array({fio({{"rate_iops", 100}, {"iodepth", 4}})});
  s["faults"] = json::array({blackhole("h1-s1", 10s)});
  return s;
}

/// The same, and the controller is deleted at 11 s.
inline json deleted_over_dead_path(const char* kato) {
  json s = dead_path("linux-mainline");
  set_connect(s, "keep_alive_tmo", kato);
  s["faults"].push_back(action("delete_controller", 11s));
  return s;
}

inline json reset_then_delete() {
  json s = dead_path("linux-mainline");
  s["faults"].push_back(action("reset_controller", 11s));
  s["faults"].push_back(action("delete_controller", 20s));
  return s;
}

}  // namespace holdfast::conformance
