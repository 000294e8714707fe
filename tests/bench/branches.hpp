// SPDX-License-Identifier: Apache-2.0
// How many worlds a second `holdfast search` branches off.
#pragma once

#include <cstdint>
#include <filesystem>

namespace holdfast::bench {

struct BranchSample {
  double cpu_s = 0;          ///< of all that follows
  std::uint64_t worlds = 0;  ///< copied at a choice, told another answer, and stepped to the next
  std::uint64_t runs = 0;    ///< copied likewise, and run to their end
  double runs_cpu_s = 0;
  std::uint64_t distinct = 0;  ///< stepped likewise, and remembered by a hash, as none was before
  std::uint64_t again = 0;     ///< the rest of these
  double remember_cpu_s = 0;
};

/// Two paths and two commands: the bundled worst_case without its third write and its read. The
/// explorer of the search branches at every packet that may be lost while the two writes are out,
/// and at every one after each of these.
BranchSample branch(const std::filesystem::path& worst_case);

}  // namespace holdfast::bench
