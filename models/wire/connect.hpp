// SPDX-License-Identifier: Apache-2.0
//
// The Fabrics commands that build an association: Connect with its 1,024 bytes of data, Property
// Get and Property Set.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "models/wire/bytes.hpp"
#include "models/wire/registers.hpp"
#include "models/wire/sqe.hpp"

namespace holdfast::wire {

// Controller identifiers. A host asks for the dynamic one in its first Connect; legal answers are
// cntlid_min .. cntlid_max.
inline constexpr std::uint16_t cntlid_min = 0x0001;
inline constexpr std::uint16_t cntlid_max = 0xFFEF;
inline constexpr std::uint16_t cntlid_static = 0xFFFE;
inline constexpr std::uint16_t cntlid_dynamic = 0xFFFF;

// The well-known name under which every port serves its discovery controllers.
inline constexpr std::string_view discovery_nqn = "nqn.2014-08.org.nvmexpress.discovery";

// Connect attribute: the host does not use SQ flow control, so nvmet may answer reads with SUCCESS.
inline constexpr std::uint8_t connect_attr_disable_sqflow = 0x04;

inline constexpr std::size_t connect_data_bytes = 1024;

// The command-specific dwords of Connect.
struct Connect {
  std::uint16_t record_format = 0;
  std::uint16_t qid = 0;
  std::uint16_t sqsize = 0;  // 0's based: 31 means 32 entries
  std::uint8_t attributes = 0;
  std::uint32_t kato_ms = 0;  // milliseconds; only meaningful on the admin queue (CDW12)

  constexpr bool operator==(const Connect&) const noexcept = default;
};

struct ConnectData {
  std::array<std::byte, 16> host_id{};
  std::uint16_t cntlid = cntlid_dynamic;
  NqnText subnqn{};
  NqnText hostnqn{};

  constexpr bool operator==(const ConnectData&) const noexcept = default;
};

namespace connect_data_offset {
inline constexpr std::size_t host_id = 0;
inline constexpr std::size_t cntlid = 16;
inline constexpr std::size_t subnqn = 256;
inline constexpr std::size_t hostnqn = 512;
}  // namespace connect_data_offset

namespace detail {
[[nodiscard]] constexpr Command fabrics_command(FabricsType type, std::uint16_t cid) noexcept {
  Command c;
  c.opcode = fabrics_opcode;
  c.cid = cid;
  c.nsid = raw(type);
  return c;
}
}  // namespace detail

// Connect carries its data in the capsule, on every queue.
[[nodiscard]] constexpr Command make_connect(std::uint16_t cid, const Connect& connect) noexcept {
  Command c = detail::fabrics_command(FabricsType::connect, cid);
  c.sgl = in_capsule_sgl(static_cast<std::uint32_t>(connect_data_bytes));
  c.cdw10 = std::uint32_t{connect.record_format} | (std::uint32_t{connect.qid} << 16U);
  c.cdw11 = std::uint32_t{connect.sqsize} | (std::uint32_t{connect.attributes} << 16U);
  c.cdw12 = connect.kato_ms;
  return c;
}

[[nodiscard]] constexpr std::optional<Connect> as_connect(const Command& c) noexcept {
  if (!c.is(FabricsType::connect)) {
    return std::nullopt;
  }
  Connect connect;
  connect.record_format = static_cast<std::uint16_t>(bits(c.cdw10, 0, 16));
  connect.qid = static_cast<std::uint16_t>(bits(c.cdw10, 16, 16));
  connect.sqsize = static_cast<std::uint16_t>(bits(c.cdw11, 0, 16));
  connect.attributes = static_cast<std::uint8_t>(bits(c.cdw11, 16, 8));
  connect.kato_ms = c.cdw12;
  return connect;
}

[[nodiscard]] constexpr std::array<std::byte, connect_data_bytes> encode_connect_data(
    const ConnectData& data) noexcept {
  std::array<std::byte, connect_data_bytes> out{};
  put_bytes(out, connect_data_offset::host_id, data.host_id);
  put_le16(out, connect_data_offset::cntlid, data.cntlid);
  put_text(out, connect_data_offset::subnqn, data.subnqn);
  put_text(out, connect_data_offset::hostnqn, data.hostnqn);
  return out;
}

// Empty when fewer than 1,024 bytes are given.
[[nodiscard]] constexpr std::optional<ConnectData> decode_connect_data(ConstBytes in) noexcept {
  if (in.size() < connect_data_bytes) {
    return std::nullopt;
  }
  ConnectData data;
  data.host_id = get_bytes<16>(in, connect_data_offset::host_id);
  data.cntlid = get_le16(in, connect_data_offset::cntlid);
  data.subnqn = get_text<NqnText>(in, connect_data_offset::subnqn);
  data.hostnqn = get_text<NqnText>(in, connect_data_offset::hostnqn);
  return data;
}

struct PropertyGet {
  Property property = Property::cap;
  std::uint32_t bytes = 8;  // 4 or 8

  constexpr bool operator==(const PropertyGet&) const noexcept = default;
};

struct PropertySet {
  Property property = Property::cc;
  std::uint32_t bytes = 4;  // 4 or 8
  std::uint64_t value = 0;

  constexpr bool operator==(const PropertySet&) const noexcept = default;
};

// The result comes back in Completion::result64().
[[nodiscard]] constexpr Command make_property_get(std::uint16_t cid, Property property) noexcept {
  Command c = detail::fabrics_command(FabricsType::property_get, cid);
  c.cdw10 = property_bytes(property) == 8U ? 1U : 0U;
  c.cdw11 = raw(property);
  return c;
}

[[nodiscard]] constexpr Command make_property_set(std::uint16_t cid, Property property,
                                                  std::uint64_t value) noexcept {
  Command c = detail::fabrics_command(FabricsType::property_set, cid);
  c.cdw10 = property_bytes(property) == 8U ? 1U : 0U;
  c.cdw11 = raw(property);
  c.cdw12 = static_cast<std::uint32_t>(value & 0xFFFF'FFFFU);
  c.cdw13 = static_cast<std::uint32_t>(value >> 32U);
  return c;
}

// Empty when the command is another one, or when its size attribute is neither 4 nor 8 bytes.
[[nodiscard]] constexpr std::optional<PropertyGet> as_property_get(const Command& c) noexcept {
  if (!c.is(FabricsType::property_get) || bits(c.cdw10, 0, 3) > 1U) {
    return std::nullopt;
  }
  return PropertyGet{.property = static_cast<Property>(c.cdw11),
                     .bytes = bits(c.cdw10, 0, 3) == 1U ? 8U : 4U};
}

[[nodiscard]] constexpr std::optional<PropertySet> as_property_set(const Command& c) noexcept {
  if (!c.is(FabricsType::property_set) || bits(c.cdw10, 0, 3) > 1U) {
    return std::nullopt;
  }
  const bool wide = bits(c.cdw10, 0, 3) == 1U;
  const std::uint64_t high = wide ? std::uint64_t{c.cdw13} << 32U : 0U;
  return PropertySet{
      .property = static_cast<Property>(c.cdw11), .bytes = wide ? 8U : 4U, .value = high | c.cdw12};
}

}  // namespace holdfast::wire
