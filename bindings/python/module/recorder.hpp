// SPDX-License-Identifier: Apache-2.0
// What a world in Python's hands keeps of its trace.
#pragma once

#include <cstdint>
#include <vector>

#include "models/records.hpp"
#include "sim/trace.hpp"

namespace holdfast::python {

/// Keeps the records of some kinds.
class Recorder final : public sim::Sink {
 public:
  void keep(std::uint16_t kind) { kept_.at(kind) = true; }
  void on_record(const sim::Record& record) override {
    if (kept_[record.kind])
      records_.push_back(record);
  }
  [[nodiscard]] const std::vector<sim::Record>& records() const { return records_; }

 private:
  std::vector<bool> kept_ = std::vector<bool>(record_kinds.size());
  std::vector<sim::Record> records_;
};

}  // namespace holdfast::python
