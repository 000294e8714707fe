// SPDX-License-Identifier: Apache-2.0
// Control data of answers (Identify, log pages), put together from the words that the trace has.
#include "analysis/conform/view/builder.hpp"

namespace holdfast::conform {

ViewBuilder::Key ViewBuilder::data_key(const Event& e) const {
  const auto subsystem = static_cast<std::uint32_t>(e.get<"subsystem">());
  const bool discovery = subsystem >= v_.scenario.subsystems.size();
  return {discovery ? nothing : subsystem, static_cast<std::uint16_t>(e.get<"cntlid">()),
          static_cast<std::uint16_t>(e.get<"cid">())};
}

void ViewBuilder::control_data(const Event& e) {
  auto& bytes = data_[data_key(e)];
  const std::uint64_t offset = e.get<"offset">();
  // A lower offset than the last one begins a new page under an old command id.
  if (offset < bytes.size())
    bytes.clear();
  bytes.resize(offset + 8);
  wire::put_le64(bytes, offset, e.get<"value">());
}

}  // namespace holdfast::conform
