// SPDX-License-Identifier: Apache-2.0
// Traces in files: opening them by kind, and the plainest of them, JSON lines.
#include "analysis/traces/traces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "analysis/traces/file.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/scenario/reading/units.hpp"
#include "models/world.hpp"

namespace holdfast::analysis {

namespace {

class JsonLines final : public TraceFile {
 public:
  JsonLines(const std::filesystem::path& path, const TraceWindow& window)
      : file_(path), window_(window) {}

  void on_record(const sim::Record& record) override {
    if (!window_.has(record.time_ns))
      return;
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
  TraceWindow window_;
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

std::string window_problem(const TraceWindow& window, const std::vector<std::string>& kinds,
                           sim::Duration duration, const WindowNames& names) {
  if (window == TraceWindow{})
    return {};
  const auto text = [](std::int64_t time_ns) {
    return scenario::in_quotes(scenario::format_duration(sim::Duration{time_ns}));
  };
  if (kinds.empty())
    return fmt::format("{}: found without {}, expected both: it is about what traces have",
                       window.from_ns != 0         ? names.from
                       : window.to_ns != INT64_MAX ? names.to
                                                   : names.snaplen,
                       names.traces);
  if (window.to_ns <= window.from_ns) {
    return fmt::format("{}: found {}, expected an instant after {}", names.to, text(window.to_ns),
                       text(window.from_ns));
  }
  if (window.from_ns >= duration.count()) {
    return fmt::format("{}: found {}, expected an instant before the end of the run, {}",
                       names.from, text(window.from_ns), text(duration.count()));
  }
  if (window.snaplen != 0 && std::find(kinds.begin(), kinds.end(), "pcap") == kinds.end())
    return fmt::format("{}: found without pcap, expected it among {}", names.snaplen, names.traces);
  return {};
}

nlohmann::json to_json(const TraceWindow& window) {
  nlohmann::json out = {{"from_s", static_cast<double>(window.from_ns) / 1e9}};
  if (window.to_ns != INT64_MAX)
    out["to_s"] = static_cast<double>(window.to_ns) / 1e9;
  if (window.snaplen != 0)
    out["snaplen_bytes"] = window.snaplen;
  return out;
}

std::string words_of(const TraceWindow& window) {
  const auto text = [](std::int64_t time_ns) {
    return fmt::format("{:.9g} s", static_cast<double>(time_ns) / 1e9);
  };
  std::string out = "from " + text(window.from_ns);
  out += window.to_ns == INT64_MAX ? " on" : " to " + text(window.to_ns);
  if (window.snaplen != 0)
    out += fmt::format("; at most {} bytes of each packet", window.snaplen);
  return out;
}

std::unique_ptr<TraceFile> open_trace(std::string_view kind, const World& world,
                                      const std::filesystem::path& folder,
                                      const TraceWindow& window) {
  const std::filesystem::path path = folder / file_of(kind);
  if (kind == "jsonl")
    return std::make_unique<JsonLines>(path, window);
  if (kind == "kernel")
    return make_kernel_log(world, path, window);
  if (kind == "perfetto")
    return make_timeline(world, path, window);
  if (world.transport.kind != transport::TransportKind::tcp)
    throw std::invalid_argument("pcap exists for tcp");
  return make_packet_capture(world, path, window);
}

}  // namespace holdfast::analysis
