// SPDX-License-Identifier: Apache-2.0
// What I/O commands do to the medium, each in one instant. A record says so: media_write for
// blocks, effect_applied for what a second execution would do again (protocol.md 9.3).
#include "models/target/io_internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

using wire::IoOpcode;
using wire::StatusCode;

namespace {

/// Something happened that is not harmless twice. `changed`: it left a mark.
void record_effect(World& w, const Request& r, bool changed, std::uint64_t value) {
  record<Kind::effect_applied>(w, Token{r.version}, r.command.opcode, changed, value);
}

void write_media(World& w, const Request& r, std::uint64_t slba, std::uint64_t blocks,
                 bool zeroes = false) {
  Namespace& n = namespace_of(w, r);
  const bool mutated = r.content != 0;
  HOLDFAST_PACKET_CHECK(blocks > 0 && slba + blocks <= n.blocks,
                        "a write lands beyond the end of the namespace");
  for (std::uint64_t lba = slba; lba < slba + blocks; ++lba) {
    Latest& latest = n.latest.writable(lba);
    const Version version = mutated ? r.content : r.version;
    n.history.push_back({version, latest.place, w.now(), zeroes});
    HOLDFAST_PACKET_CHECK(latest.place < n.history.size(),
                          "a block's older content is younger than it");
    latest = {n.history.size(), version};
  }
  if (mutated) {
    record<Kind::mutated_write>(w, n.disk, slba, blocks, Token{r.version}, Token{r.content},
                                r.cntlid);
  } else {
    record<Kind::media_write>(w, n.disk, slba, blocks, Token{r.version}, r.subsystem, r.cntlid);
  }
}

Version version_of(const Namespace& n, std::uint64_t lba) { return n.latest[lba].version; }

Outcome read(World& w, const Request& r, const wire::BlockRange& range) {
  const Namespace& n = namespace_of(w, r);
  HOLDFAST_PACKET_CHECK(range.slba + range.blocks <= n.blocks,
                        "a read goes beyond the end of the namespace");
  Outcome out;
  // One record per block: the oracle judges each block on its own.
  for (std::uint32_t i = 0; i < range.blocks; ++i) {
    const Version version = version_of(n, range.slba + i);
    if (i == 0)
      out.data.version = version;
    record<Kind::media_read>(w, n.disk, range.slba + i, i, Token{r.version}, Token{version},
                             r.cntlid);
  }
  out.data.bytes = range.blocks * n.block_bytes;
  return out;
}

/// Blocks of a zone can only be written at its write pointer.
wire::Status move_write_pointer(Namespace& n, std::uint64_t slba, std::uint64_t blocks) {
  if (n.zone_blocks == 0)
    return {};
  std::uint64_t& written = n.written.writable(slba / n.zone_blocks);
  HOLDFAST_PACKET_CHECK(written <= n.zone_blocks, "the write pointer has left its zone");
  if (slba % n.zone_blocks != written)
    return refuse(StatusCode::zone_invalid_write);
  if (written + blocks > n.zone_blocks)
    return refuse(StatusCode::zone_boundary_error);
  written += blocks;
  return {};
}

Outcome write(World& w, const Request& r, const wire::BlockRange& range) {
  Outcome out;
  out.status = move_write_pointer(namespace_of(w, r), range.slba, range.blocks);
  if (!out.status.ok())
    return out;
  if (r.command.is_fused())
    record_effect(w, r, true, 0);
  const bool zeroes = r.command.opcode == wire::raw(IoOpcode::write_zeroes);
  write_media(w, r, range.slba, range.blocks, zeroes);
  return out;
}

Outcome append(World& w, const Request& r, const wire::BlockRange& range) {
  Namespace& n = namespace_of(w, r);
  HOLDFAST_PACKET_CHECK(n.zone_blocks != 0 && range.slba % n.zone_blocks == 0,
                        "an append names its zone");
  const std::uint64_t lba = range.slba + n.written[range.slba / n.zone_blocks];
  Outcome out;
  out.status = lba == range.slba + n.zone_blocks ? refuse(StatusCode::zone_is_full)
                                                 : move_write_pointer(n, lba, range.blocks);
  if (!out.status.ok())
    return out;
  out.result = lba;
  record_effect(w, r, true, lba);
  write_media(w, r, lba, range.blocks);
  return out;
}

void reset_zone(World& w, const Request& r, std::uint64_t slba) {
  Namespace& n = namespace_of(w, r);
  HOLDFAST_PACKET_CHECK(n.zone_blocks != 0 && slba % n.zone_blocks == 0, "a reset names its zone");
  n.written.writable(slba / n.zone_blocks) = 0;
  write_media(w, r, slba, n.zone_blocks, true);
}

/// Reads and writes in one instant. The value of the effect tells one source content from another;
/// all attempts of one write carry the same data.
void copy(World& w, const Request& r, std::uint64_t destination) {
  HOLDFAST_PACKET_CHECK(!r.ranges.empty(), "a copy has a source");
  const Namespace& n = namespace_of(w, r);
  std::uint64_t content = 0;
  std::uint64_t blocks = 0;
  for (const wire::DatasetRange& range : r.ranges) {
    for (std::uint32_t i = 0; i < range.blocks; ++i) {
      content = content * 0x9E3779B97F4A7C15u + serial_of(version_of(n, range.slba + i)) + 1;
    }
    blocks += range.blocks;
  }
  record_effect(w, r, true, content);
  write_media(w, r, destination, blocks);
}

}  // namespace

wire::Status compare(World& w, const Request& r) {
  const Namespace& n = namespace_of(w, r);
  // An RDMA READ may fetch what it expects when the host has closed the queue, and nobody has the
  // buffer: then it says nothing (0), which is the content of no block.
  const auto range = wire::as_block_range(r.command);
  for (std::uint64_t lba = range->slba; lba < range->slba + range->blocks; ++lba) {
    const std::uint64_t latest = n.latest[lba].place;
    const bool zeroes = latest == 0 || n.history[latest - 1].zeroes;
    const bool same = r.content == transport::zeroes
                          ? zeroes
                          : !zeroes && serial_of(version_of(n, lba)) == serial_of(r.content);
    if (!same)
      return refuse(StatusCode::compare_failure);
  }
  return {};
}

Outcome apply(World& w, const Request& r) {
  const auto range = wire::as_block_range(r.command);
  switch (static_cast<IoOpcode>(r.command.opcode)) {
    case IoOpcode::read:
      return read(w, r, *range);
    case IoOpcode::compare:
      return {compare(w, r), 0, {}};
    case IoOpcode::write:
    case IoOpcode::write_zeroes:
      return write(w, r, *range);
    case IoOpcode::dataset_management:
      for (const wire::DatasetRange& one : r.ranges)
        write_media(w, r, one.slba, one.blocks, true);
      return {};
    case IoOpcode::copy:
      copy(w, r, wire::as_copy(r.command)->destination);
      return {};
    case IoOpcode::zone_append:
      return append(w, r, *wire::as_zone_append(r.command));
    case IoOpcode::zone_management_send:
      reset_zone(w, r, *wire::as_zone_reset(r.command));
      return {};
    case IoOpcode::reservation_register:
    case IoOpcode::reservation_acquire:
    case IoOpcode::reservation_release:
      return apply_reservation(w, r);
    default:
      return {};  // Flush
  }
}

}  // namespace holdfast::target
