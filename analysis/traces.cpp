// SPDX-License-Identifier: Apache-2.0
// Traces in files.
#include "analysis/traces.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <string_view>

namespace holdfast::analysis {

JsonLines::JsonLines(const std::filesystem::path& path)
    : path_(path), file_(path, std::ios::binary | std::ios::trunc) {
  if (!file_)
    throw std::runtime_error("cannot write " + path.string());
}

void JsonLines::on_record(const sim::Record& record) {
  static constexpr std::array<std::string_view, 3> layers = {"full", "protocol", "outcome"};
  const RecordInfo& kind = record_kinds[record.kind];
  fmt::memory_buffer line;
  fmt::format_to(std::back_inserter(line), R"({{"t_ns":{},"kind":"{}","layer":"{}")",
                 record.time_ns, kind.name, layers[static_cast<std::size_t>(record.layer)]);
  for (std::size_t i = 0; i < kind.words; ++i) {
    fmt::format_to(std::back_inserter(line), R"(,"{}":{})", kind.word[i], record.word[i]);
  }
  fmt::format_to(std::back_inserter(line), "}}\n");
  file_.write(line.data(), static_cast<std::streamsize>(line.size()));
}

void JsonLines::close() {
  file_.close();
  if (!file_)
    throw std::runtime_error("cannot write " + path_.string());
}

}  // namespace holdfast::analysis
