// SPDX-License-Identifier: Apache-2.0
//
// Encoding and decoding of the log pages.
#include "models/wire/log_pages.hpp"

#include <algorithm>
#include <limits>

namespace holdfast::wire {
namespace {

void clear(Bytes out) noexcept { std::ranges::fill(out, std::byte{0}); }

std::size_t effects_offset(bool admin, std::uint8_t opcode) noexcept {
  return ((admin ? std::size_t{0} : std::size_t{256}) + opcode) * 4U;
}

}  // namespace

bool put_effects(Bytes out, bool admin, std::uint8_t opcode, std::uint32_t effects) noexcept {
  const std::size_t at = effects_offset(admin, opcode);
  if (!holds(out, at, 4)) {
    return false;
  }
  put_le32(out, at, effects);
  return true;
}

IoEffects io_effects(ConstBytes in) noexcept {
  constexpr std::uint32_t any = effect_content | effect_namespace_capability |
                                effect_namespace_inventory | effect_controller_capability;
  IoEffects out;
  for (std::uint32_t opcode = 0; opcode < 256; ++opcode) {
    const std::size_t at = effects_offset(false, static_cast<std::uint8_t>(opcode));
    if (holds(in, at, 4) && (get_le32(in, at) & any) != 0) {
      out.set(static_cast<std::uint8_t>(opcode));
    }
  }
  return out;
}

bool AnaLogWriter::begin(std::uint64_t change_count) noexcept {
  if (!holds(out_, 0, ana_log_header_bytes)) {
    return false;
  }
  clear(out_.first(ana_log_header_bytes));
  put_le64(out_, 0, change_count);
  used_ = ana_log_header_bytes;
  groups_ = 0;
  return true;
}

bool AnaLogWriter::add(const AnaGroup& group, std::span<const std::uint32_t> nsids) noexcept {
  const std::size_t size = ana_group_bytes + (nsids.size() * 4U);
  if (used_ < ana_log_header_bytes || !holds(out_, used_, size) ||
      groups_ == std::numeric_limits<std::uint16_t>::max()) {
    return false;
  }
  const Bytes out = out_.subspan(used_, size);
  clear(out);
  put_le32(out, 0, group.group_id);
  put_le32(out, 4, static_cast<std::uint32_t>(nsids.size()));
  put_le64(out, 8, group.change_count);
  put_u8(out, 16, raw(group.state));
  for (std::size_t i = 0; i < nsids.size(); ++i) {
    put_le32(out, ana_group_bytes + (i * 4U), nsids[i]);
  }
  used_ += size;
  ++groups_;
  put_le16(out_, 8, groups_);
  return true;
}

AnaLogReader::AnaLogReader(ConstBytes in) noexcept : in_(in) {
  if (holds(in, 0, ana_log_header_bytes)) {
    change_count_ = get_le64(in, 0);
    groups_ = get_le16(in, 8);
    valid_ = true;
  }
}

std::optional<AnaGroup> AnaLogReader::next() noexcept {
  if (!valid_ || seen_ == groups_ || !holds(in_, at_, ana_group_bytes)) {
    return std::nullopt;
  }
  const ConstBytes descriptor = in_.subspan(at_);
  AnaGroup group;
  group.group_id = get_le32(descriptor, 0);
  group.namespaces = get_le32(descriptor, 4);
  group.change_count = get_le64(descriptor, 8);
  group.state = static_cast<AnaState>(get_u8(descriptor, 16) & 0x0FU);
  const std::size_t list_bytes = std::size_t{group.namespaces} * 4U;
  if (!holds(descriptor, ana_group_bytes, list_bytes)) {
    seen_ = groups_;
    return std::nullopt;
  }
  nsids_ = descriptor.subspan(ana_group_bytes, list_bytes);
  at_ += ana_group_bytes + list_bytes;
  ++seen_;
  return group;
}

std::uint32_t AnaLogReader::nsid(std::uint32_t i) const noexcept {
  return get_le32(nsids_, std::size_t{i} * 4U);
}

bool encode_ccr_log(Bytes out, std::span<const CcrLogEntry> entries) noexcept {
  if (entries.size() > ccr_log_max_entries || !holds(out, 0, ccr_log_bytes(entries.size()))) {
    return false;
  }
  clear(out.first(ccr_log_bytes(entries.size())));
  put_le16(out, 0, static_cast<std::uint16_t>(entries.size()));
  std::size_t at = ccr_log_header_bytes;
  for (const CcrLogEntry& entry : entries) {
    put_le16(out, at, entry.icid);
    put_u8(out, at + 2, entry.ciu);
    put_le16(out, at + 4, entry.acid);
    put_u8(out, at + 6, raw(entry.status));
    put_u8(out, at + 7, entry.flags);
    at += ccr_log_entry_bytes;
  }
  return true;
}

std::optional<CcrLogView> CcrLogView::decode(ConstBytes in) noexcept {
  if (!holds(in, 0, ccr_log_header_bytes) || get_le16(in, 0) > ccr_log_max_entries) {
    return std::nullopt;
  }
  CcrLogView view;
  view.in_ = in;
  view.entries_ = get_le16(in, 0);
  const std::size_t room = (in.size() - ccr_log_header_bytes) / ccr_log_entry_bytes;
  view.available_ = static_cast<std::uint16_t>(std::min<std::size_t>(room, view.entries_));
  return view;
}

CcrLogEntry CcrLogView::operator[](std::uint16_t i) const noexcept {
  const std::size_t at = ccr_log_bytes(i);
  return {.icid = get_le16(in_, at),
          .ciu = get_u8(in_, at + 2),
          .acid = get_le16(in_, at + 4),
          .status = static_cast<CcrStatus>(get_u8(in_, at + 6)),
          .flags = get_u8(in_, at + 7)};
}

std::optional<CcrLogEntry> CcrLogView::find(std::uint16_t icid, std::uint8_t ciu) const noexcept {
  for (std::uint16_t i = 0; i < available_; ++i) {
    const CcrLogEntry entry = (*this)[i];
    if (entry.icid == icid && entry.ciu == ciu) {
      return entry;
    }
  }
  return std::nullopt;
}

bool encode_lost_host_log(Bytes out, std::span<const LostHostEntry> entries) noexcept {
  const std::size_t size = lost_host_log_bytes(entries.size());
  if (entries.size() > lost_host_log_max_entries || !holds(out, 0, size)) {
    return false;
  }
  clear(out.first(size));
  put_le16(out, 0, static_cast<std::uint16_t>(entries.size()));
  std::size_t at = lost_host_log_header_bytes;
  for (const LostHostEntry& entry : entries) {
    put_le16(out, at, entry.cntlid);
    put_u8(out, at + 2, raw(entry.cause));
    put_u8(out, at + 3, entry.ciu);
    at += lost_host_log_entry_bytes;
  }
  return true;
}

std::optional<LostHostEntry> lost_host_entry(ConstBytes in, std::uint16_t i) noexcept {
  const std::size_t at = lost_host_log_bytes(i);
  if (!holds(in, 0, lost_host_log_header_bytes) || i >= get_le16(in, 0) ||
      !holds(in, at, lost_host_log_entry_bytes)) {
    return std::nullopt;
  }
  return LostHostEntry{.cntlid = get_le16(in, at),
                       .cause = static_cast<LostHostCause>(get_u8(in, at + 2)),
                       .ciu = get_u8(in, at + 3)};
}

}  // namespace holdfast::wire
