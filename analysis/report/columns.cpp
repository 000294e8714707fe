// SPDX-License-Identifier: Apache-2.0
// Packing columns; see columns.hpp.
#include "analysis/report/columns.hpp"

#include <span>

#include "analysis/pages/pages.hpp"

namespace holdfast::analysis::report {

namespace {

/// Seven bits a byte, the lowest first; the sign is the lowest bit (zigzag).
void put(std::string& out, std::int64_t number) {
  auto word = static_cast<std::uint64_t>(number) << 1 ^ static_cast<std::uint64_t>(number >> 63);
  while (word >= 0x80) {
    out += static_cast<char>(static_cast<unsigned char>((word & 0x7f) | 0x80));
    word >>= 7;
  }
  out += static_cast<char>(static_cast<unsigned char>(word));
}

}  // namespace

void Columns::add(std::string_view name, const std::vector<std::int64_t>& numbers, As as) {
  const bool differences = as == As::difference;
  names_.push_back({name, numbers.size(), differences ? 1 : 0});
  std::int64_t before = 0;
  for (const std::int64_t number : numbers) {
    put(bytes_, number - before);
    if (differences)
      before = number;
  }
}

nlohmann::json Columns::pack() const {
  const std::string packed = pages::compressed(bytes_);
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(packed.data()), packed.size());
  return {{"columns", names_}, {"zip", pages::can_compress()}, {"data", pages::base64(bytes)}};
}

}  // namespace holdfast::analysis::report
