// SPDX-License-Identifier: Apache-2.0
// What a scenario says of the I/O of its hosts: rw_test, jobs in fio's words, scripts.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "models/workload/options.hpp"
#include "sim/time.hpp"

namespace holdfast::scenario {

using sim::Duration;
using workload::Pattern;
using namespace std::chrono_literals;

/// What all workloads have in common: who issues the I/O, where it goes, and from when on.
struct Placed {
  std::string host;
  std::string subsystem;  ///< empty: the only one the host connects to
  std::uint32_t nsid = 1;
  Duration start = 100ms;
};

/// The LSF/MM program (protocol.md 9.4).
struct RwTest : Placed {
  std::uint32_t iterations = 255;
  std::uint32_t writes = 10;
  Duration sleep_before_read = 5s;
  Duration sleep_after_read = 3s;
};

/// A job in fio's words.
struct Fio : Placed {
  std::string name = "job";
  Pattern rw = Pattern::randrw;
  std::uint32_t bs_bytes = 4096;
  std::uint32_t iodepth = 1;
  std::uint32_t numjobs = 1;
  std::uint32_t rwmixread = 50;  ///< percent
  std::uint64_t offset_bytes = 0;
  std::uint64_t size_bytes = 0;        ///< region; 0: the whole namespace
  std::uint64_t rate_bytes_per_s = 0;  ///< per job; 0: as fast as it goes
  std::uint64_t rate_iops = 0;         ///< per job; 0: as fast as it goes
  Duration thinktime = 0s;
  Duration runtime = 0s;  ///< 0: until the end of the run
};

/// One step of a script. Which fields count depends on what it does.
struct ScriptStep {
  enum class Do : std::uint8_t {
    wait,
    read,
    write,
    flush,
    write_zeroes,
    deallocate,
    compare,
    compare_and_write,
    copy,
    zone_append,
    zone_reset,
    reg,
    acquire,
    preempt,
    release,
  };
  /// What a compare expects: what this script last wrote or read there, or zeroes.
  enum class Expects : std::uint8_t { known, zeroes };
  Do what = Do::wait;
  Duration pause = 1s;
  std::uint64_t lba = 0;
  std::uint32_t blocks = 1;
  std::uint64_t from = 0;    ///< copy: first block of the source
  std::uint32_t ranges = 1;  ///< deallocate: descriptors
  std::uint32_t zone = 0;
  Expects expects = Expects::known;
  std::uint64_t key = 1;     ///< reservations: of this host
  std::uint64_t victim = 2;  ///< preempt: the key that is thrown out
};

/// One I/O after the other.
struct Script : Placed {
  std::vector<ScriptStep> steps;
  std::uint32_t repeat = 1;
};

using Workload = std::variant<RwTest, Fio, Script>;

}  // namespace holdfast::scenario
