// SPDX-License-Identifier: Apache-2.0
#include "models/host/tags.hpp"

namespace holdfast::host {

std::uint8_t Tags::carry(std::uint16_t tag, RequestId request) {
  Row& r = row(tag);
  HOLDFAST_PACKET_CHECK(r.request == sim::none<RequestId>,
                        "a tag is used for two requests at a time");
  r.request = request;
  r.generation = static_cast<std::uint8_t>((r.generation + 1) & 0xf);
  return r.generation;
}

const char* Tags::broken() const {
  sim::Vector<bool> free(end_);
  const auto frees = [&](std::uint16_t tag) {
    const bool is_right = tag < end_ && !free[tag] && (*this)[tag] == sim::none<RequestId>;
    if (is_right)
      free[tag] = true;
    return is_right;
  };
  std::uint16_t tag = last_returned_;
  for (std::uint16_t i = 0; i < returned_; ++i) {
    if (tag >= rows_.size() || !frees(tag))
      return "a tag is free twice, or in use";
    tag = rows_[tag].returned_before;
  }
  for (std::uint16_t i = 0; i < reserved_count_; ++i) {
    if (!frees(reserved_[i]))
      return "a reserved tag is free twice, or in use";
  }
  std::size_t carried = 0;
  for (std::uint16_t i = 0; i < end_; ++i)
    carried += (*this)[i] != sim::none<RequestId> ? 1 : 0;
  return carried + this->free() + reserved_count_ == end_ ? nullptr : "a tag is lost";
}

}  // namespace holdfast::host
