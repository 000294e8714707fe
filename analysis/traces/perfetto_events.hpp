// SPDX-License-Identifier: Apache-2.0
// Events of a timeline in Chrome's trace-event format, and the lines that things in flight take.
// For perfetto.cpp.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "analysis/traces/file.hpp"
#include "models/records.hpp"

namespace holdfast::analysis::timeline {

// Processes, in the order in which they are shown.
inline constexpr std::uint64_t faults = 1;
inline constexpr std::uint64_t applications = 2;
inline constexpr std::uint64_t first_host = 10;
inline constexpr std::uint64_t first_target = 10'000;
/// Threads of one controller or job: its own line, and behind it one for each thing in flight.
inline constexpr std::uint64_t lines_each = 10'000;

/// A line of the timeline.
struct Track {
  std::uint64_t process = 0;
  std::uint64_t thread = 0;
  friend bool operator==(const Track&, const Track&) = default;
};

/// An attempt whose span an arrow may leave or reach.
struct GivenUp {
  Track track;
  std::int64_t last_ns = 0;  ///< a moment within its span
};

/// Lines are found by numbers: an operation's serial, an attempt's token.
constexpr std::uint64_t key_of(Token token) { return static_cast<std::uint64_t>(token); }

inline std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

inline std::string microseconds(std::int64_t time_ns) {
  return fmt::format("{}.{:03}", time_ns / 1000, time_ns % 1000);
}

/// Writes trace events; names of processes and threads are written when they first occur. Of a span
/// that reaches beyond the window there is the part within.
class EventFile {
 public:
  EventFile(const std::filesystem::path& path, const TraceWindow& window)
      : file_(path), window_(window) {
    file_.write("{\"displayTimeUnit\":\"ns\",");
    if (window != TraceWindow{})
      file_.write(R"("otherData":{"window":)" + quoted(words_of(window)) + "},");
    file_.write("\"traceEvents\":[");
  }

  void name_process(std::uint64_t process, const std::string& name) {
    put(fmt::format(R"("ph":"M","pid":{},"name":"process_name","args":{{"name":{}}})", process,
                    quoted(name)));
    put(fmt::format(R"("ph":"M","pid":{0},"name":"process_sort_index","args":{{"sort_index":{0}}})",
                    process));
  }
  void name_track(const Track& t, const std::string& name) {
    if (!named_.insert({t.process, t.thread}).second)
      return;
    put(fmt::format(R"("ph":"M","pid":{},"tid":{},"name":"thread_name","args":{{"name":{}}})",
                    t.process, t.thread, quoted(name)));
    put(fmt::format(
        R"("ph":"M","pid":{},"tid":{},"name":"thread_sort_index","args":{{"sort_index":{}}})",
        t.process, t.thread, t.thread));
  }
  /// Something that lasted, or a state that was passed through at once.
  void span(const Track& t, const std::string& name, std::int64_t begin_ns, std::int64_t end_ns,
            const std::string& args = "{}") {
    if (begin_ns > window_.to_ns || end_ns < window_.from_ns)
      return;
    begin_ns = std::max(begin_ns, window_.from_ns);
    end_ns = std::min(end_ns, window_.to_ns);
    put(fmt::format(R"("ph":"X","pid":{},"tid":{},"ts":{},"dur":{},"name":{},"args":{})", t.process,
                    t.thread, microseconds(begin_ns), microseconds(end_ns - begin_ns), quoted(name),
                    args));
  }
  /// Something that happened; `wide` marks draw a line across the process.
  void mark(const Track& t, const std::string& name, std::int64_t time_ns, bool wide = false) {
    if (!window_.has(time_ns))
      return;
    put(fmt::format(R"("ph":"i","s":"{}","pid":{},"tid":{},"ts":{},"name":{})", wide ? 'p' : 't',
                    t.process, t.thread, microseconds(time_ns), quoted(name)));
  }
  /// An arrow between two spans; each moment lies within its span.
  void arrow(const std::string& name, const Track& from, std::int64_t from_ns, const Track& to,
             std::int64_t to_ns) {
    if (!window_.has(from_ns) || !window_.has(to_ns))
      return;
    ++arrows_;
    put(fmt::format(R"("ph":"s","cat":"flow","id":{},"pid":{},"tid":{},"ts":{},"name":{})", arrows_,
                    from.process, from.thread, microseconds(from_ns), quoted(name)));
    put(fmt::format(R"("ph":"f","bp":"e","cat":"flow","id":{},"pid":{},"tid":{},"ts":{},"name":{})",
                    arrows_, to.process, to.thread, microseconds(to_ns), quoted(name)));
  }
  void close() {
    file_.write("\n]}\n");
    file_.close();
  }

 private:
  void put(const std::string& event) {
    file_.write(first_ ? "\n{" : ",\n{");
    file_.write(event);
    file_.write("}");
    first_ = false;
  }

  OutFile file_;
  TraceWindow window_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> named_;
  std::uint64_t arrows_ = 0;
  bool first_ = true;
};

/// Something that is going on, on a line of its own.
struct Open {
  Track track;
  std::int64_t since_ns = 0;
  std::string name;
  std::string args = "{}";
  std::uint64_t qid = 0;  ///< a command: the queue of the controller that it came by
};

/// What is going on in one group of lines (the I/O of a controller, the I/O of a job), by token or
/// operation. A thing takes the first free line, so that there are as many as were ever needed.
class Lines {
 public:
  Open& begin(Track base, std::uint64_t key, std::int64_t now_ns, const std::string& name) {
    std::uint64_t line = 1;
    while (!taken_.insert({base.process, base.thread + line}).second)
      ++line;
    Open& open = open_[key];
    open = {{base.process, base.thread + line}, now_ns, name, "{}", 0};
    return open;
  }
  [[nodiscard]] bool has(std::uint64_t key) const { return open_.count(key) != 0; }
  Open end(std::uint64_t key) {
    const Open open = open_.at(key);
    open_.erase(key);
    taken_.erase({open.track.process, open.track.thread});
    return open;
  }
  [[nodiscard]] const std::map<std::uint64_t, Open>& all() const { return open_; }

 private:
  std::map<std::uint64_t, Open> open_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> taken_;
};

}  // namespace holdfast::analysis::timeline
