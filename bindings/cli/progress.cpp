// SPDX-License-Identifier: Apache-2.0
// Lines of progress.
#include "bindings/cli/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "bindings/cli/output.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/scenario/reading/patience.hpp"

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

std::string time_left(double seconds) {
  if (seconds < 99.5)
    return fmt::format("{:.0f} s", seconds);
  if (seconds < 99.5 * 60)
    return fmt::format("{:.0f} min", seconds / 60);
  return seconds < 1e9 ? fmt::format("{:.0f} h", seconds / 3600) : "years";
}

/// The one that lives.
ReadingProgress* reading = nullptr;

}  // namespace

Pace::Pace(std::chrono::milliseconds first_line)
    : terminal_(isatty(STDERR_FILENO) != 0),
      next_(terminal_ ? Clock::duration{300ms} : Clock::duration{first_line}) {}

bool Pace::is_time() {
  const Clock::duration elapsed = Clock::now() - began_;
  if (elapsed < next_)
    return false;
  next_ = terminal_ ? elapsed + 100ms : elapsed + std::clamp<Clock::duration>(elapsed, 1s, 10min);
  return true;
}

double Pace::elapsed_s() const {
  return std::chrono::duration<double>(Clock::now() - began_).count();
}

void Pace::show(const std::string& line) {
  shown_ = true;
  say_if_heard(terminal_ ? "\r\x1b[K" + line : "holdfast: " + line + "\n");
}

void Pace::clear() {
  if (terminal_ && shown_)
    say_if_heard("\r\x1b[K");
}

RunProgress::RunProgress(const std::string& name) : name_(scenario::printable(name)) {}

void RunProgress::tell(const analysis::Moment& moment) {
  if (!pace_.is_time())
    return;
  if (moment.events == 0) {
    pace_.show(name_ + ": making the world");
    return;
  }
  const double now_s = sim::seconds(moment.now);
  const double end_s = sim::seconds(moment.end);
  const double elapsed_s = pace_.elapsed_s();
  std::string line = fmt::format("{}: {:.6g} of {:.10g} s, {:.0f} %, {:.2g} million events/s",
                                 name_, now_s, end_s, end_s > 0 ? 100 * now_s / end_s : 100.0,
                                 static_cast<double>(moment.events) / elapsed_s * 1e-6);
  if (now_s > 0.0)
    line += fmt::format(", {} left", time_left(elapsed_s * (end_s - now_s) / now_s));
  pace_.show(line);
}

ReadingProgress::ReadingProgress(const std::string& file) : file_(scenario::printable(file)) {
  reading = this;
  scenario::while_reading([] {
    Pace& pace = reading->pace_;
    if (pace.is_time())
      pace.show(
          fmt::format("{}: reading and checking it, {:.0f} s", reading->file_, pace.elapsed_s()));
  });
}

ReadingProgress::~ReadingProgress() {
  scenario::while_reading(nullptr);
  pace_.clear();
}

}  // namespace holdfast::cli
