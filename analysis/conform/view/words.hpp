// SPDX-License-Identifier: Apache-2.0
// Times and names as breaches tell them.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "analysis/conform/view/run_view.hpp"
#include "models/host/host.hpp"

namespace holdfast::conform {

/// "12.500100 s": an instant of the run.
inline std::string text(TimePoint t) {
  return t == never ? "never" : fmt::format("{:.6f} s", sim::seconds(t));
}
/// "15.001 s", "2.5 ms", "80 us": a span to the microsecond, or to the nanosecond where it would
/// look rounder than it is ("9.999999999 s", not "10 s").
inline std::string text(Duration d) {
  const auto whole = std::chrono::round<std::chrono::microseconds>(d);
  const bool rounder = whole % std::chrono::microseconds{100} == Duration{} && whole != d;
  const double s = sim::seconds(rounder ? d : Duration{whole});
  if (d >= std::chrono::seconds{1} || d <= std::chrono::seconds{-1} || d == Duration{})
    return fmt::format("{:.{}g} s", s, rounder ? 15 : 12);
  if (d >= std::chrono::milliseconds{1})
    return fmt::format("{:.{}g} ms", s * 1e3, rounder ? 9 : 6);
  return fmt::format("{:.6g} us", sim::seconds(d) * 1e6);
}
/// "3803937us" as "3.803937 s": a time as scenarios have it; whatever is no such time stays as it
/// is.
inline std::string time_words(const std::string& typed) {
  const std::size_t digits = typed.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string::npos || digits > 12)
    return typed;
  const std::string unit = typed.substr(digits);
  const std::int64_t scale = unit == "us"   ? 1'000
                             : unit == "ms" ? 1'000'000
                             : unit == "s"  ? 1'000'000'000
                                            : 0;
  const std::int64_t number = std::stoll(typed.substr(0, digits));
  return scale == 0 || number > INT64_MAX / scale ? typed : text(Duration{number * scale});
}
/// "write 7".
inline std::string name_of(const RunView& v, const Attempt& a) {
  const Operation& op = v.operations[a.op() - 1];
  return fmt::format("{} {}", host::io_kind_name(op.kind), a.op());
}

}  // namespace holdfast::conform
