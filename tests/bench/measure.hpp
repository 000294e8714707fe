// SPDX-License-Identifier: Apache-2.0
// The tools of measuring: a clock, the median, and a process of its own for each repetition.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace holdfast::bench {

/// Processor time of this process since it was made. Everything measured here is one thread that
/// computes and never waits, so on an idle machine this is wall time; on a shared one it leaves out
/// the time that others had.
class Stopwatch {
 public:
  [[nodiscard]] double cpu_s() const { return now() - start_; }

 private:
  static double now() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
  }
  double start_ = now();
};

/// Of an even number of values the mean of the middle two. At least one value.
inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// One repetition of a packet measurement.
struct Sample {
  double cpu_s = 0;
  std::uint64_t hops = 0;         ///< packet-hops within cpu_s
  std::uint64_t trace_hash = 0;   ///< full layer, at the end; 0: has none
  std::uint64_t records = 0;      ///< that went into the hash
  std::uint64_t allocations = 0;  ///< within cpu_s
};

/// Calls `f` in a forked child and brings its answer back. SimGrid has one engine per process,
/// whose clock and platform cannot be reset, so this is how the SimGrid kernel and the mailbox
/// program can take turns; and no repetition inherits a heap that another one left behind. The
/// caller must have one thread and no engine yet. Throws std::runtime_error if the child failed.
template <class F>
auto in_child(F f) {
  using Answer = std::invoke_result_t<F>;
  static_assert(std::is_trivially_copyable_v<Answer>, "it goes through a pipe");
  int ends[2];
  if (pipe(ends) != 0)
    throw std::runtime_error("pipe failed");
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0)
    throw std::runtime_error("fork failed");
  if (child == 0) {
    // _exit: what the parent registered to happen at its end is not ours, nor SimGrid's clean-up.
    try {
      const Answer answer = f();
      _exit(write(ends[1], &answer, sizeof answer) == ssize_t{sizeof answer} ? 0 : 1);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "holdfast_bench: %s\n", e.what());
      _exit(1);
    }
  }
  close(ends[1]);
  Answer answer{};
  const bool whole = read(ends[0], &answer, sizeof answer) == ssize_t{sizeof answer};
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!whole || status != 0)
    throw std::runtime_error("a measuring process failed");
  return answer;
}

}  // namespace holdfast::bench
