// SPDX-License-Identifier: Apache-2.0
// How far a run is, on stderr: on a terminal a line that overwrites itself; anywhere else a line
// after some seconds, and then ever more rarely.
#pragma once

#include <chrono>
#include <string>

#include "analysis/run/run.hpp"

namespace holdfast::cli {

/// When something may be told again.
class Pace {
 public:
  explicit Pace(std::chrono::milliseconds first_line = std::chrono::seconds{5});
  /// True if it is time; then the next time is set.
  bool is_time();
  /// Erases the line, if there is one.
  void clear();
  [[nodiscard]] bool on_terminal() const { return terminal_; }
  [[nodiscard]] double elapsed_s() const;
  /// Shows a line, without its end.
  void show(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;
  bool terminal_;
  bool shown_ = false;
  Clock::time_point began_ = Clock::now();
  Clock::duration next_;
};

/// The progress of one run.
class RunProgress {
 public:
  explicit RunProgress(const std::string& name);
  void tell(const analysis::Moment& moment);
  void clear() { pace_.clear(); }

 private:
  std::string name_;
  Pace pace_;
};

/// While one lives, what is read is told if it takes long: thousands of hosts take seconds.
class ReadingProgress {
 public:
  explicit ReadingProgress(const std::string& file);
  ~ReadingProgress();
  ReadingProgress(const ReadingProgress&) = delete;
  ReadingProgress& operator=(const ReadingProgress&) = delete;

 private:
  std::string file_;
  Pace pace_{std::chrono::seconds{2}};
};

}  // namespace holdfast::cli
