// SPDX-License-Identifier: Apache-2.0
// Sinks that write what happens in a run to a file, and the one that feeds several.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "models/records.hpp"

namespace holdfast {
struct World;
}

namespace holdfast::analysis {

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
                                      const std::filesystem::path& folder);

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
