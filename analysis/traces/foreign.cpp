// SPDX-License-Identifier: Apache-2.0
// What each kind of file begins with.
#include "analysis/traces/foreign.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "analysis/traces/traces.hpp"
#include "sim/memory.hpp"

namespace holdfast::analysis {
namespace {

namespace fs = std::filesystem;

/// Whether there is a result of a run, a partial one or not.
bool is_result(const fs::path& path) {
  std::ifstream file = sim::open_to_read(path);
  const nlohmann::json document = nlohmann::json::parse(file, nullptr, false);
  return document.is_object() && document.contains("trace_hash");
}

bool is_trace(const fs::path& path, std::string_view kind) {
  std::ifstream file = sim::open_to_read(path);
  std::string head(256, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  if (head.empty())
    return true;  // Nothing happened in its window; nothing is lost with it.
  if (kind == "jsonl")
    return head.starts_with("{\"t_ns\":");
  if (kind == "perfetto")
    return head.starts_with("{\"displayTimeUnit\":");
  if (kind == "pcap")
    return head.find("holdfast") != std::string::npos;  // shb_userappl
  // A kernel's log begins with a time, ours with a word of the driver behind it.
  return head.starts_with('[') && head.substr(0, head.find('\n')).find("nvm") != std::string::npos;
}

}  // namespace

std::string foreign_file(const fs::path& folder) {
  std::error_code ignored;
  const auto is_there = [&](const fs::path& name) { return fs::exists(folder / name, ignored); };
  bool has_result = false;
  for (const char* name : {"result.json", "result.partial.json"}) {
    if (is_there(name) && !is_result(folder / name))
      return name;
    has_result = has_result || is_there(name);
  }
  if (is_there("scenario.json") && !has_result)
    return "scenario.json";
  for (const std::string_view kind : trace_names) {
    const fs::path name = file_of(kind);
    if (is_there(name) && !has_result && !is_trace(folder / name, kind))
      return name.string();
  }
  return {};
}

}  // namespace holdfast::analysis
