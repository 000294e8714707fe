// SPDX-License-Identifier: Apache-2.0
// Independent pieces of work on several threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace holdfast::analysis {

/// Calls `work(i)` for i in [0, count), on up to `jobs` threads. Where a piece runs makes no
/// difference to it, so results do not depend on `jobs`. The first exception is thrown again.
template <class Work>
void parallel_for(std::size_t count, unsigned jobs, Work work) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failed;
  std::mutex mutex;
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failed)
          failed = std::current_exception();
        next = count;
      }
    }
  };
  std::vector<std::thread> threads;
  try {
    for (unsigned t = 1; t < jobs && t < count; ++t)
      threads.emplace_back(run);
  } catch (const std::exception&) {
    // No more threads or memory to be had: those that are there do all of it.
  }
  run();
  for (std::thread& t : threads)
    t.join();
  if (failed)
    std::rethrow_exception(failed);
}

}  // namespace holdfast::analysis
