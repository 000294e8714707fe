// SPDX-License-Identifier: Apache-2.0
// What the tests of NVMe/FC begin with.
#pragma once

#include "tests/conformance/support.hpp"

namespace holdfast::conformance {

// A few round trips over links of microseconds.
inline constexpr Duration moment = 1ms;

/// Two paths, all I/O on the first: one write a second from 1 s on. Keep Alive stays out of it.
inline json on_fc(const char* policy, Duration io_timeout) {
  json s = scenario_with(2);
  s["fabric"]["transport"] = "fc";
  set_connect(s, "keep_alive_tmo", "30s");
  s["subsystems"][0]["attr_cqt"] = "1ms";
  s["hosts"][0]["policy"] = policy;
  s["hosts"][0]["iopolicy"] = "numa";
  s["hosts"][0]["io_timeout"] = text(io_timeout);
  s["workloads"] = json::array({fio({{"rw", "write"}, {"rate_iops", 1}, {"start", "1s"}})});
  return s;
}

/// The way to the target swallows what is sent around 3 s: the command of the third write.
inline json short_blackhole() {
  return {{"type", "blackhole"},
          {"at", "2999ms"},
          {"for", "2ms"},
          {"link", "h1-s1"},
          {"direction", "forward"}};
}

inline json port_lost(Duration at) {
  return {{"type", "remote_port_lost"}, {"at", text(at)}, {"host", "h1"}, {"port", "a0"}};
}

}  // namespace holdfast::conformance
