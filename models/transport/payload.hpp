// SPDX-License-Identifier: Apache-2.0
// What a message carries besides its header. User data is not moved as bytes: a write carries the
// token of the attempt that wrote it, a read the versions that were found. Control data (Connect,
// Identify, log pages) is true bytes in a blob.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "sim/arena.hpp"
#include "sim/check.hpp"
#include "sim/copy_block.hpp"

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
    HOLDFAST_CHECK(size_class < sizes.size(), "no blob is that large");
    Class& c = classes_[size_class];
    std::uint32_t place = 0;
    if (c.free.empty()) {
      place = c.places++;
    } else {
      place = c.free.back();
      c.free.pop_back();
    }
    const std::size_t begin = std::size_t{place} * sizes[size_class];
    if (c.bytes.size() <= begin) {
      c.bytes.resize(std::size_t{c.places} * sizes[size_class]);
    } else {
      std::memset(c.bytes.data() + begin, 0, sizes[size_class]);
    }
    ++live_;
    return BlobId{size_class << 30 | place};
  }

  [[nodiscard]] std::span<std::byte> operator[](BlobId id) {
    const std::uint32_t size = sizes[sim::index(id) >> 30];
    Class& c = classes_[sim::index(id) >> 30];
    HOLDFAST_PACKET_CHECK((sim::index(id) & 0x3fffffffu) < c.places, "no blob has that name");
    return {c.bytes.data() + std::size_t{sim::index(id) & 0x3fffffffu} * size, size};
  }
  [[nodiscard]] std::span<const std::byte> operator[](BlobId id) const {
    const std::uint32_t size = sizes[sim::index(id) >> 30];
    const Class& c = classes_[sim::index(id) >> 30];
    HOLDFAST_PACKET_CHECK((sim::index(id) & 0x3fffffffu) < c.places, "no blob has that name");
    return {c.bytes.data() + std::size_t{sim::index(id) & 0x3fffffffu} * size, size};
  }

  /// One more owner of a blob, which nobody writes to any more; each of them removes it.
  BlobId share(BlobId id) {
    HOLDFAST_PACKET_CHECK((sim::index(id) & 0x3fffffffu) < classes_[sim::index(id) >> 30].places,
                          "no blob has that name");
    sim::Vector<std::uint16_t>& further = classes_[sim::index(id) >> 30].further;
    const std::uint32_t place = sim::index(id) & 0x3fffffffu;
    if (further.size() <= place)
      further.resize(classes_[sim::index(id) >> 30].places);
    ++further[place];
    ++live_;
    return id;
  }

  void remove(BlobId id) {
    HOLDFAST_PACKET_CHECK(live_ > 0, "a blob is given back that nobody took");
    HOLDFAST_PACKET_CHECK((sim::index(id) & 0x3fffffffu) < classes_[sim::index(id) >> 30].places,
                          "no blob has that name");
    Class& c = classes_[sim::index(id) >> 30];
    const std::uint32_t place = sim::index(id) & 0x3fffffffu;
    --live_;
    if (place < c.further.size() && c.further[place] != 0) {
      --c.further[place];
      return;
    }
    c.free.push_back(place);
  }

  /// Somebody owns it.
  [[nodiscard]] bool contains(BlobId id) const {
    const Class& c = classes_[sim::index(id) >> 30];
    const std::uint32_t place = sim::index(id) & 0x3fffffffu;
    return place < c.places && std::find(c.free.begin(), c.free.end(), place) == c.free.end();
  }
  /// Blobs, counted once for each owner.
  [[nodiscard]] std::size_t live() const { return live_; }

 private:
  /// A copy of one in which nothing lives has its free places, but not their bytes.
  struct Class {
    std::uint32_t places = 0;
    sim::Vector<std::uint32_t> free;
    sim::Vector<std::uint16_t> further;  ///< owners besides the first; short: there are none
    sim::Vector<std::byte> bytes;        ///< of all places, or of none

    Class() = default;
    Class(const Class& other) : places(other.places), free(other.free) {
      if (free.size() != places)
        copy_living(other);
    }
    Class& operator=(const Class& other) {
      places = other.places;
      free = other.free;
      further.clear();
      bytes.clear();
      if (free.size() != places)
        copy_living(other);
      return *this;
    }
    void copy_living(const Class& other) {
      further = other.further;
      bytes = other.bytes;
    }
    Class(Class&&) noexcept = default;
    Class& operator=(Class&&) noexcept = default;
    ~Class() = default;
  };
  std::array<Class, sizes.size()> classes_;
  std::size_t live_ = 0;
};

}  // namespace holdfast::transport
