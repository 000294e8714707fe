// SPDX-License-Identifier: Apache-2.0
// The trace seam. Everything that happens in a run is a record of eight 64-bit words; every record
// feeds running hashes, and a sink if one is attached. The hashes come in three layers, so that a
// refactor may move the full one but never the outcome:
//   full      every record;
//   protocol  what crossed the wire as a PDU, states and timers, and the outcome records;
//   outcome   what an application or an administrator could see.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "sim/time.hpp"
#include "sim/wide.hpp"

namespace holdfast::sim {

enum class Layer : std::uint8_t { full, protocol, outcome };

/// One thing that happened. What the words mean is told by the kind (models/records.hpp).
struct Record {
  std::int64_t time_ns = 0;
  std::uint16_t kind = 0;
  Layer layer = Layer::full;
  std::array<std::uint64_t, 6> word = {};
  friend bool operator==(const Record&, const Record&) = default;
};

/// Receives records as they happen. It may look, it must not touch the world.
class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = default;
  Sink& operator=(const Sink&) = default;
  virtual ~Sink() = default;
  virtual void on_record(const Record& record) = 0;
  /// A record about a packet, for those who want more of it than the record has words for. `body`
  /// is what a transport put into the packet; it is there for the time of the call.
  virtual void on_packet(const Record& record, std::span<const std::byte> body) {
    static_cast<void>(body);
    on_record(record);
  }
};

/// The three running hashes of a run.
struct TraceHashes {
  std::uint64_t full = 0;
  std::uint64_t protocol = 0;
  std::uint64_t outcome = 0;
  friend bool operator==(const TraceHashes&, const TraceHashes&) = default;
};

class Trace {
 public:
  Trace() = default;
  /// A copy of a world goes its own way: it hashes on, but it does not write into the original's
  /// sink.
  Trace(const Trace& other) : hashes_(other.hashes_), records_(other.records_) {}
  Trace& operator=(const Trace& other) {
    hashes_ = other.hashes_;
    records_ = other.records_;
    sink_ = nullptr;
    return *this;
  }
  ~Trace() = default;

  // Both are inlined into whoever records: of a record the kind, the layer and how many words it
  // has are known there, and what is known is not computed. The copies keep a record that only the
  // hashes want out of memory.
  [[gnu::always_inline]] void put(const Record& record) {
    add(record);
    if (sink_ != nullptr) [[unlikely]] {
      const Record copy = record;
      sink_->on_record(copy);
    }
  }
  /// The same for a record about a packet with this body.
  [[gnu::always_inline]] void put(const Record& record, std::span<const std::byte> body) {
    add(record);
    if (sink_ != nullptr) [[unlikely]] {
      const Record copy = record;
      sink_->on_packet(copy, body);
    }
  }

  void attach(Sink* sink) { sink_ = sink; }
  [[nodiscard]] const TraceHashes& hashes() const { return hashes_; }
  [[nodiscard]] std::uint64_t records() const { return records_; }

 private:
  [[gnu::always_inline]] void add(const Record& record) {
    ++records_;
    const std::uint64_t digest = digest_of(record);
    hashes_.full = extend(hashes_.full, digest);
    if (record.layer >= Layer::protocol)
      hashes_.protocol = extend(hashes_.protocol, digest);
    if (record.layer == Layer::outcome)
      hashes_.outcome = extend(hashes_.outcome, digest);
  }
  /// Product of two words folded to one: each input bit reaches every output bit.
  [[gnu::always_inline]] static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    const Wide product = Wide{a} * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  [[gnu::always_inline]] static std::uint64_t digest_of(const Record& r) {
    const auto head =
        static_cast<std::uint64_t>(r.time_ns) ^ (static_cast<std::uint64_t>(r.kind) << 48);
    // Odd constants from the golden ratio keep a zero word from wiping out its neighbour.
    const std::uint64_t a = fold(head ^ 0x9E3779B97F4A7C15u, r.word[0] ^ 0xD1B54A32D192ED03u);
    const std::uint64_t b = fold(r.word[1] ^ 0xAEF17502108EF2D9u, r.word[2] ^ 0xF1357AEA2E62A9C5u);
    const std::uint64_t c = fold(r.word[3] ^ 0x8CB92BA72F3D8DD7u, r.word[4] ^ 0xDB4F0B9175AE2165u);
    return fold(a ^ r.word[5], b ^ 0xA0761D6478BD642Fu) ^ c;
  }
  [[gnu::always_inline]] static std::uint64_t extend(std::uint64_t hash, std::uint64_t digest) {
    return fold(hash ^ 0xE7037ED1A0B428DBu, digest ^ 0x8EBC6AF09C88C6E3u) + digest;
  }

  TraceHashes hashes_;
  std::uint64_t records_ = 0;
  Sink* sink_ = nullptr;
};

}  // namespace holdfast::sim
