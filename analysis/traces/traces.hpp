// SPDX-License-Identifier: Apache-2.0
// Sinks that write what happens in a run to a file, and the one that feeds several.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/records.hpp"

namespace holdfast {
struct World;
}

namespace holdfast::analysis {

/// The part of a run that its traces have. What came before is known to them all the same.
struct TraceWindow {
  std::int64_t from_ns = 0;
  std::int64_t to_ns = INT64_MAX;  ///< included
  std::uint32_t snaplen = 0;       ///< bytes of each packet that a capture keeps; 0: all

  [[nodiscard]] bool has(std::int64_t time_ns) const {
    return from_ns <= time_ns && time_ns <= to_ns;
  }
  friend bool operator==(const TraceWindow&, const TraceWindow&) = default;
};

/// How a caller names the parts of a window, and traces.
struct WindowNames {
  std::string_view from, to, snaplen, traces;
};

/// What is wrong with a window for traces of these kinds of a run as long as `duration`, in words;
/// nothing if it is fine.
std::string window_problem(const TraceWindow& window, const std::vector<std::string>& kinds,
                           sim::Duration duration, const WindowNames& names);
/// For a result document: {from_s, to_s, snaplen_bytes}, without what is not cut off.
nlohmann::json to_json(const TraceWindow& window);
/// The same for people: "from 10 s to 12 s; at most 128 bytes of each packet".
std::string words_of(const TraceWindow& window);

/// A sink that ends in a file.
class TraceFile : public sim::Sink {
 public:
  /// Writes what is left, and gives the file its name. A trace that is not closed leaves no file.
  /// Throws EnvironmentError when not all of it could be written.
  virtual void close() = 0;
};

/// The kinds of traces there are:
///   jsonl     trace.jsonl          every record as one JSON object: t_ns, kind, layer, its words;
///   kernel    kernel.log           what a Linux host and target would have logged;
///   perfetto  trace.perfetto.json  a timeline for ui.perfetto.dev (Chrome's trace-event format);
///   pcap      trace.pcapng         the packets at the hosts, with true NVMe/TCP bytes.
inline constexpr std::array<std::string_view, 4> trace_names = {"jsonl", "kernel", "perfetto",
                                                                "pcap"};

/// The name of its file. Throws std::invalid_argument for an unknown kind.
std::filesystem::path file_of(std::string_view kind);

/// Opens a trace of that kind in an existing folder. `world` must be built already, and must be the
/// one that the sink gets its records from: what a record does not say is looked up there. Throws
/// EnvironmentError when the file cannot be made, std::invalid_argument for an unknown kind.
std::unique_ptr<TraceFile> open_trace(std::string_view kind, const World& world,
                                      const std::filesystem::path& folder,
                                      const TraceWindow& window = {});

/// Hands each record to several sinks.
class Tee final : public sim::Sink {
 public:
  void add(sim::Sink* sink) { sinks_.push_back(sink); }
  [[nodiscard]] bool empty() const { return sinks_.empty(); }
  void on_record(const sim::Record& record) override {
    for (sim::Sink* sink : sinks_)
      sink->on_record(record);
  }
  void on_packet(const sim::Record& record, std::span<const std::byte> body) override {
    for (sim::Sink* sink : sinks_)
      sink->on_packet(record, body);
  }

 private:
  std::vector<sim::Sink*> sinks_;
};

}  // namespace holdfast::analysis
