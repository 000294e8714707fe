// SPDX-License-Identifier: Apache-2.0
// Sinks that write what happens in a run to a file, and the one that feeds several.
#pragma once

#include <filesystem>
#include <fstream>
#include <vector>

#include "models/records.hpp"

namespace holdfast::analysis {

/// One JSON object a line: t_ns, kind, layer, and the words of the record by name.
class JsonLines final : public sim::Sink {
 public:
  /// Throws std::runtime_error when the file cannot be written.
  explicit JsonLines(const std::filesystem::path& path);
  void on_record(const sim::Record& record) override;
  /// Throws std::runtime_error when not all of it could be written.
  void close();

 private:
  std::filesystem::path path_;
  std::ofstream file_;
};

/// Hands each record to several sinks.
class Tee final : public sim::Sink {
 public:
  void add(sim::Sink* sink) { sinks_.push_back(sink); }
  [[nodiscard]] bool empty() const { return sinks_.empty(); }
  void on_record(const sim::Record& record) override {
    for (sim::Sink* sink : sinks_)
      sink->on_record(record);
  }

 private:
  std::vector<sim::Sink*> sinks_;
};

}  // namespace holdfast::analysis
