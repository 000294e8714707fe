// SPDX-License-Identifier: Apache-2.0
// Times and names as breaches tell them.
#pragma once

#include <fmt/format.h>

#include <string>

#include "analysis/conform/run_view.hpp"
#include "models/host/host.hpp"

namespace holdfast::conform {

/// "12.500100 s": an instant of the run.
inline std::string text(TimePoint t) {
  return t == never ? "never" : fmt::format("{:.6f} s", sim::seconds(t));
}
/// "15.001 s", "2.5 ms", "80 us": a span, with as many digits as it has.
inline std::string text(Duration d) {
  const double s = sim::seconds(d);
  if (d >= std::chrono::seconds{1} || d <= std::chrono::seconds{-1} || d == Duration{})
    return fmt::format("{:.9g} s", s);
  if (d >= std::chrono::milliseconds{1})
    return fmt::format("{:.6g} ms", s * 1e3);
  return fmt::format("{:.6g} us", s * 1e6);
}
/// "write 7".
inline std::string name_of(const RunView& v, const Attempt& a) {
  const Operation& op = v.operations[a.op() - 1];
  return fmt::format("{} {}", host::io_kind_name(op.kind), a.op());
}

}  // namespace holdfast::conform
