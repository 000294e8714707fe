// SPDX-License-Identifier: Apache-2.0
// Numbers as the kernel prints them, and its limit on repeated lines. For kernel.cpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "models/wire/wire.hpp"

namespace holdfast::analysis::kernel {

/// nvme_error_status, as far as a Keep Alive can end: BLK_STS_TRANSPORT, _TARGET or _IOERR.
inline int block_status(std::uint64_t status) {
  switch (static_cast<wire::StatusCode>(status & 0x7ff)) {
    case wire::StatusCode::host_path_error:
      return 4;
    case wire::StatusCode::command_interrupted:
    case wire::StatusCode::lba_out_of_range:
    case wire::StatusCode::namespace_not_ready:
      return 5;
    default:
      return 10;
  }
}

/// Set-up ends with an errno of the transport or with a status of the controller.
inline bool is_errno(int error) {
  constexpr std::array<std::uint64_t, 6> numbers = {11, 22, 71, 104, 110, 111};
  return std::find(numbers.begin(), numbers.end(), error) != numbers.end();
}
inline int signed_error(int error) { return is_errno(error) ? -error : error; }

/// ___ratelimit with the defaults of printk: ten lines in five seconds.
class RateLimit {
 public:
  /// Whether a line may be printed now; `suppressed` lines were not since the last window.
  bool allows(std::int64_t now_ns, std::uint64_t& suppressed) {
    suppressed = 0;
    if (begin_ns_ < 0 || now_ns - begin_ns_ > window_ns) {
      suppressed = missed_;
      begin_ns_ = now_ns;
      printed_ = missed_ = 0;
    }
    if (printed_ < burst) {
      ++printed_;
      return true;
    }
    ++missed_;
    return false;
  }

 private:
  static constexpr std::int64_t window_ns = 5'000'000'000;
  static constexpr std::uint64_t burst = 10;
  std::int64_t begin_ns_ = -1;
  std::uint64_t printed_ = 0;
  std::uint64_t missed_ = 0;
};

}  // namespace holdfast::analysis::kernel
