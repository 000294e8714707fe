// SPDX-License-Identifier: Apache-2.0
// A run as a strip of characters, for a terminal.
#pragma once

#include <string>
#include <vector>

#include "analysis/run/run.hpp"

namespace holdfast::cli {

/// Looks on at one run. A row a path: `=` live, `h` held or fencing, `r` resetting, `.` connecting;
/// of a stretch that a character stands for it shows the worst. Below them `#` the longest stall
/// and
/// `!` where a stale write was possible.
class Strip final : public analysis::Onlooker {
 public:
  void begins(const World& world) override;
  void on_record(const sim::Record& r) override;
  void ends(const World& world, const nlohmann::json& document) override;

  /// The rows, `width` characters wide; none for a run without a fault or without paths.
  [[nodiscard]] std::string text(std::size_t width, bool colour) const;
  [[nodiscard]] std::size_t height() const;

 private:
  /// A path is in a state from an instant on.
  struct Change {
    std::int64_t at_ns = 0;
    char sign = ' ';
  };
  struct Path {
    std::string name;
    std::vector<Change> changes;
  };
  struct Span {
    std::int64_t from_ns = 0, to_ns = 0;
  };
  [[nodiscard]] std::string row_of(const Path& path, std::size_t cells) const;
  [[nodiscard]] std::string row_of(const std::vector<Span>& spans, char sign,
                                   std::size_t cells) const;
  [[nodiscard]] std::size_t cell_of(std::int64_t at_ns, std::size_t cells) const;

  std::vector<Path> paths_;
  std::vector<Span> stall_, exposure_;
  std::int64_t fault_ns_ = -1, end_ns_ = 0;
};

}  // namespace holdfast::cli
