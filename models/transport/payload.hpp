// SPDX-License-Identifier: Apache-2.0
// What a message carries besides its header. User data is not moved as bytes: a write carries the
// token of the attempt that wrote it, a read the versions that were found. Control data (Connect,
// Identify, log pages) is true bytes in a blob.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "sim/arena.hpp"
#include "sim/check.hpp"

namespace holdfast::transport {

/// Names a block of bytes in the pool: size class in the two top bits, place below.
enum class BlobId : std::uint32_t {};

/// Version of a disk block: token (op << 8 | attempt) of the attempt that wrote it; 0: never
/// written.
using Version = std::uint64_t;
/// As the content that a Compare expects: zeroes, however they came about. No token is below 256.
inline constexpr Version zeroes = 1;

inline constexpr std::uint32_t no_buffer = ~0u;

struct Payload {
  std::uint32_t bytes = 0;
  BlobId blob = sim::none<BlobId>;  ///< true bytes, or the versions of a multi-block read
  Version version = 0;              ///< what a write writes, or the first block that a read found
  /// Data of another operation than that of `version`: what a Compare expects to find, or what an
  /// application put into its buffer before a zero-copy write was on the wire. 0: its own data.
  Version content = 0;
  /// Zero copy: the application's buffer that is read when the data is sent; none: a copy is sent.
  std::uint32_t buffer = no_buffer;
};

/// Blocks of four sizes with free lists; nothing is allocated once a run has warmed up.
class BlobPool {
 public:
  static constexpr std::array<std::uint32_t, 4> sizes = {64, 1024, 4096, 16384};

  /// At least `bytes` (<= 16,384) bytes, zeroed.
  BlobId add(std::uint32_t bytes) {
    std::uint32_t size_class = 0;
    while (size_class < sizes.size() && sizes[size_class] < bytes)
      ++size_class;
    HOLDFAST_CHECK(size_class < sizes.size());
    Class& c = classes_[size_class];
    std::uint32_t place = 0;
    if (c.free.empty()) {
      place = static_cast<std::uint32_t>(c.bytes.size() / sizes[size_class]);
      c.bytes.resize(c.bytes.size() + sizes[size_class]);
    } else {
      place = c.free.back();
      c.free.pop_back();
      std::memset(c.bytes.data() + std::size_t{place} * sizes[size_class], 0, sizes[size_class]);
    }
    ++live_;
    return BlobId{size_class << 30 | place};
  }

  [[nodiscard]] std::span<std::byte> operator[](BlobId id) {
    const std::uint32_t size = sizes[sim::index(id) >> 30];
    Class& c = classes_[sim::index(id) >> 30];
    return {c.bytes.data() + std::size_t{sim::index(id) & 0x3fffffffu} * size, size};
  }
  [[nodiscard]] std::span<const std::byte> operator[](BlobId id) const {
    const std::uint32_t size = sizes[sim::index(id) >> 30];
    const Class& c = classes_[sim::index(id) >> 30];
    return {c.bytes.data() + std::size_t{sim::index(id) & 0x3fffffffu} * size, size};
  }

  void remove(BlobId id) {
    classes_[sim::index(id) >> 30].free.push_back(sim::index(id) & 0x3fffffffu);
    --live_;
  }

  [[nodiscard]] std::size_t live() const { return live_; }

 private:
  struct Class {
    std::vector<std::byte> bytes;
    std::vector<std::uint32_t> free;
  };
  std::array<Class, sizes.size()> classes_;
  std::size_t live_ = 0;
};

}  // namespace holdfast::transport
