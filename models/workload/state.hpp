// SPDX-License-Identifier: Apache-2.0
// Applications as values: rw_test runs and fio-like jobs.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "models/host/state.hpp"
#include "models/workload/options.hpp"
#include "sim/attached.hpp"
#include "sim/calendar.hpp"
#include "sim/choice.hpp"
#include "sim/copy_block.hpp"
#include "sim/shared_vector.hpp"
#include "sim/time.hpp"

namespace holdfast::workload {

using sim::Duration;
using sim::TimePoint;

enum class JobId : std::uint32_t {};
/// The lines that rw_test prints (protocol.md 9.4).
enum class Line : std::uint8_t {
  writing,       ///< "iteration number %d, writing data"
  validating,    ///< "validated written data"
  validated,     ///< "successfully validated"
  write_failed,  ///< "failed to write buff"
  read_failed,   ///< "failed to read buff"
  invalid,       ///< "validation failed"
};

struct RwTest {
  std::uint32_t iterations = 255;
  std::uint32_t writes = 10;
  Duration sleep_before_read{};
  Duration sleep_after_read{};
  std::uint32_t iteration = 0;
  std::uint32_t step = 0;  ///< writes done in this iteration
  bool reading = false;
  sim::Vector<std::uint64_t> last_writes;  ///< serials of the writes with the final fill byte
  bool failed = false;
};

struct Fio {
  Pattern pattern = Pattern::randrw;
  std::uint32_t block_bytes = 4096;
  std::uint32_t depth = 1;
  std::uint32_t read_percent = 50;
  std::uint64_t offset_bytes = 0;
  std::uint64_t size_bytes = 0;  ///< 0: to the end of the device
  Duration interval{};           ///< between I/Os of a job with a rate; 0: no rate
  Duration thinktime{};
  TimePoint end = sim::never;
  std::uint32_t in_flight = 0;
  std::uint64_t issued = 0;
  std::uint64_t next_place = 0;  ///< sequential patterns: index of the next block
  bool wake_pending = false;
  sim::Vector<std::uint32_t> free_buffers;  ///< the one used last comes first
  sim::ChoiceId place_choice{};
  sim::ChoiceId direction_choice{};
};

/// One step of a script: an I/O, or a pause.
struct Step {
  bool waits = false;
  Duration pause{};
  host::IoKind kind = host::IoKind::read;
  std::uint64_t lba = 0;
  std::uint32_t blocks = 1;
  std::uint64_t from = 0;  ///< copy
  std::uint32_t ranges = 1;
  bool expects_zeroes = false;  ///< compare: zeroes, not what the script last knew
  std::uint64_t key = 1;
  std::uint64_t victim = 0;
};

/// What a script knows a block to hold: the serial of the write that it made or read last.
struct Known {
  std::uint64_t lba = 0;
  std::uint64_t serial = 0;
};

struct Script {
  sim::SharedVector<Step> steps;
  std::uint32_t repeat = 1;
  std::uint32_t round = 0;
  std::uint32_t at = 0;
  std::uint64_t serial = 0;  ///< of the I/O that is out
  sim::Vector<Known> known;  ///< in order of lba
};

/// A buffer of a job of outside, and the I/O that uses it.
struct ExternalBuffer {
  std::uint32_t buffer = 0;
  bool in_use = false;
  host::Cookie cookie{};
};

/// A program outside the models (external.hpp). It takes buffers as it writes.
struct Outside {
  sim::Vector<ExternalBuffer> buffers;
};

class External;

struct Job {
  std::string name;
  host::HeadId head{};
  std::uint32_t cpu = 0;
  TimePoint start{};
  bool started = false;
  bool finished = false;
  std::uint64_t errors = 0;
  std::uint32_t first_buffer = 0;  ///< rw_test and scripts have one, fio one per I/O in flight
  std::variant<Fio, RwTest, Script, Outside> program;
};

struct Workloads {
  sim::Vector<Job> jobs;
  sim::Attached<External> external;  ///< whom Outside jobs belong to (external.hpp)
};

}  // namespace holdfast::workload
