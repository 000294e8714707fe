// SPDX-License-Identifier: Apache-2.0
// Traces in files: opening them by kind, and the plainest of them, JSON lines.
#include "analysis/traces/traces.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "analysis/traces/file.hpp"
#include "models/world.hpp"

namespace holdfast::analysis {

namespace {

class JsonLines final : public TraceFile {
 public:
  explicit JsonLines(const std::filesystem::path& path) : file_(path) {}

  void on_record(const sim::Record& record) override {
    static constexpr std::array<std::string_view, 3> layers = {"full", "protocol", "outcome"};
    const RecordInfo& kind = record_kinds[record.kind];
    fmt::memory_buffer line;
    fmt::format_to(std::back_inserter(line), R"({{"t_ns":{},"kind":"{}","layer":"{}")",
                   record.time_ns, kind.name, layers[static_cast<std::size_t>(record.layer)]);
    for (std::size_t i = 0; i < kind.words; ++i) {
      fmt::format_to(std::back_inserter(line), R"(,"{}":{})", kind.word[i], record.word[i]);
    }
    fmt::format_to(std::back_inserter(line), "}}\n");
    file_.write({line.data(), line.size()});
  }
  void close() override { file_.close(); }

 private:
  OutFile file_;
};

}  // namespace

std::filesystem::path file_of(std::string_view kind) {
  if (kind == "jsonl")
    return "trace.jsonl";
  if (kind == "kernel")
    return "kernel.log";
  if (kind == "perfetto")
    return "trace.perfetto.json";
  if (kind == "pcap")
    return "trace.pcapng";
  throw std::invalid_argument("no kind of trace is called " + std::string(kind));
}

std::unique_ptr<TraceFile> make_json_lines(const std::filesystem::path& path) {
  return std::make_unique<JsonLines>(path);
}

std::unique_ptr<TraceFile> open_trace(std::string_view kind, const World& world,
                                      const std::filesystem::path& folder) {
  if (kind == "jsonl")
    return make_json_lines(folder / file_of(kind));
  if (kind == "kernel")
    return make_kernel_log(world, folder / file_of(kind));
  if (kind == "perfetto")
    return make_timeline(world, folder / file_of(kind));
  if (kind == "pcap" && world.transport.kind != transport::TransportKind::tcp)
    throw std::invalid_argument("pcap exists for tcp");
  if (kind == "pcap")
    return make_packet_capture(world, folder / file_of(kind));
  throw std::invalid_argument("no kind of trace is called " + std::string(kind));
}

}  // namespace holdfast::analysis
