// SPDX-License-Identifier: Apache-2.0
//
// Encoding and decoding of Identify data.
#include "models/wire/identify.hpp"

#include <algorithm>

namespace holdfast::wire {
namespace {

// Every field of Identify Controller once, as (offset, member) pairs; the encoder and the decoder
// walk the same list, so that they cannot disagree about an offset.
template <typename Id, typename Visitor>
void visit_identity(Id& id, Visitor&& field) noexcept {
  namespace at = identify_offset;
  field(at::vid, id.vid);
  field(at::ssvid, id.ssvid);
  field(at::serial, id.serial);
  field(at::model, id.model);
  field(at::firmware, id.firmware);
  field(at::rab, id.rab);
  field(at::cmic, id.cmic);
  field(at::mdts, id.mdts);
  field(at::cntlid, id.cntlid);
  field(at::ver, id.ver);
  field(at::oaes, id.oaes);
  field(at::ctratt, id.ctratt);
  field(at::cntrltype, id.cntrltype);
  for (std::size_t i = 0; i < id.crdt.size(); ++i) {
    field(at::crdt + (2U * i), id.crdt[i]);
  }
  field(at::ciu, id.ciu);
  field(at::cirn, id.cirn);
}

template <typename Id, typename Visitor>
void visit_capabilities(Id& id, Visitor&& field) noexcept {
  namespace at = identify_offset;
  field(at::oacs, id.oacs);
  field(at::acl, id.acl);
  field(at::aerl, id.aerl);
  field(at::lpa, id.lpa);
  field(at::elpe, id.elpe);
  field(at::kas, id.kas);
  field(at::anatt, id.anatt);
  field(at::anacap, id.anacap);
  field(at::anagrpmax, id.anagrpmax);
  field(at::nanagrpid, id.nanagrpid);
  field(at::cqt, id.cqt);
  field(at::sqes, id.sqes);
  field(at::cqes, id.cqes);
  field(at::maxcmd, id.maxcmd);
  field(at::nn, id.nn);
  field(at::oncs, id.oncs);
  field(at::vwc, id.vwc);
  field(at::awun, id.awun);
  field(at::awupf, id.awupf);
  field(at::sgls, id.sgls);
  field(at::mnan, id.mnan);
}

template <typename Id, typename Visitor>
void visit_fabrics(Id& id, Visitor&& field) noexcept {
  namespace at = identify_offset;
  field(at::subnqn, id.subnqn);
  field(at::ioccsz, id.ioccsz);
  field(at::iorcsz, id.iorcsz);
  field(at::icdoff, id.icdoff);
  field(at::fcatt, id.fcatt);
  field(at::msdbd, id.msdbd);
  field(at::dctype, id.dctype);
  field(at::ccrl, id.ccrl);
}

struct FieldWriter {
  Bytes out;

  template <typename Field>
  void operator()(std::size_t offset, const Field& field) const noexcept {
    if constexpr (std::is_enum_v<Field>) {
      put(out, offset, raw(field));
    } else if constexpr (std::is_unsigned_v<Field>) {
      put(out, offset, field);
    } else {
      put_text(out, offset, field);
    }
  }
};

struct FieldReader {
  ConstBytes in;

  template <typename Field>
  void operator()(std::size_t offset, Field& field) const noexcept {
    if constexpr (std::is_enum_v<Field>) {
      field = static_cast<Field>(get<std::underlying_type_t<Field>>(in, offset));
    } else if constexpr (std::is_unsigned_v<Field>) {
      field = get<Field>(in, offset);
    } else {
      field = get_text<Field>(in, offset);
    }
  }
};

// Identify Namespace offsets.
constexpr std::size_t ns_size = 0;
constexpr std::size_t ns_capacity = 8;
constexpr std::size_t ns_used = 16;
constexpr std::size_t ns_features = 24;
constexpr std::size_t ns_nmic = 30;
constexpr std::size_t ns_ana_group = 92;
constexpr std::size_t ns_nguid = 104;
constexpr std::size_t ns_lba_shift = 130;

// Namespace identification descriptor: type, length, two reserved bytes, then the identifier.
constexpr std::size_t descriptor_header = 4;
constexpr std::uint8_t descriptor_uuid = 0x03;
constexpr std::uint8_t descriptor_csi = 0x04;

}  // namespace

IdentifyPage encode_identify_controller(const IdentifyController& id) noexcept {
  IdentifyPage page{};
  const FieldWriter writer{.out = page};
  visit_identity(id, writer);
  visit_capabilities(id, writer);
  visit_fabrics(id, writer);
  return page;
}

std::optional<IdentifyController> decode_identify_controller(ConstBytes in) noexcept {
  if (in.size() < identify_bytes) {
    return std::nullopt;
  }
  IdentifyController id;
  const FieldReader reader{.in = in};
  visit_identity(id, reader);
  visit_capabilities(id, reader);
  visit_fabrics(id, reader);
  return id;
}

IdentifyPage encode_identify_namespace(const IdentifyNamespace& ns) noexcept {
  IdentifyPage page{};
  put_le64(page, ns_size, ns.size_blocks);
  put_le64(page, ns_capacity, ns.capacity_blocks);
  put_le64(page, ns_used, ns.used_blocks);
  put_u8(page, ns_features, ns.features);
  put_u8(page, ns_nmic, ns.nmic);
  put_le32(page, ns_ana_group, ns.ana_group);
  put_bytes(page, ns_nguid, ns.nguid);
  put_u8(page, ns_lba_shift, ns.lba_shift);
  return page;
}

std::optional<IdentifyNamespace> decode_identify_namespace(ConstBytes in) noexcept {
  if (in.size() < identify_bytes) {
    return std::nullopt;
  }
  IdentifyNamespace ns;
  ns.size_blocks = get_le64(in, ns_size);
  ns.capacity_blocks = get_le64(in, ns_capacity);
  ns.used_blocks = get_le64(in, ns_used);
  ns.features = get_u8(in, ns_features);
  ns.nmic = get_u8(in, ns_nmic);
  ns.ana_group = get_le32(in, ns_ana_group);
  ns.nguid = get_bytes<16>(in, ns_nguid);
  ns.lba_shift = get_u8(in, ns_lba_shift);
  return ns;
}

IdentifyPage encode_namespace_list(std::span<const std::uint32_t> nsids) noexcept {
  IdentifyPage page{};
  const std::size_t count = std::min(nsids.size(), namespace_list_max);
  for (std::size_t i = 0; i < count; ++i) {
    put_le32(page, i * 4U, nsids[i]);
  }
  return page;
}

std::size_t decode_namespace_list(ConstBytes in, std::span<std::uint32_t> out) noexcept {
  const std::size_t room = std::min({in.size() / 4U, out.size(), namespace_list_max});
  for (std::size_t i = 0; i < room; ++i) {
    const std::uint32_t nsid = get_le32(in, i * 4U);
    if (nsid == 0) {
      return i;
    }
    out[i] = nsid;
  }
  return room;
}

IdentifyPage encode_namespace_descriptors(const NamespaceDescriptors& ids) noexcept {
  IdentifyPage page{};
  put_u8(page, 0, descriptor_uuid);
  put_u8(page, 1, 16);
  put_bytes(page, descriptor_header, ids.uuid);
  const std::size_t second = descriptor_header + ids.uuid.size();
  put_u8(page, second, descriptor_csi);
  put_u8(page, second + 1, 1);
  put_u8(page, second + descriptor_header, ids.csi);
  return page;
}

std::optional<NamespaceDescriptors> decode_namespace_descriptors(ConstBytes in) noexcept {
  if (in.size() < identify_bytes) {
    return std::nullopt;
  }
  NamespaceDescriptors ids;
  std::size_t at = 0;
  // A length of zero ends the list (nvme_identify_ns_descs).
  while (holds(in, at, descriptor_header) && get_u8(in, at + 1) != 0) {
    const std::uint8_t type = get_u8(in, at);
    const std::size_t length = get_u8(in, at + 1);
    if (!holds(in, at + descriptor_header, length)) {
      return std::nullopt;
    }
    if (type == descriptor_uuid && length == ids.uuid.size()) {
      ids.uuid = get_bytes<16>(in, at + descriptor_header);
    } else if (type == descriptor_csi && length == 1) {
      ids.csi = get_u8(in, at + descriptor_header);
    }
    at += descriptor_header + length;
  }
  return ids;
}

}  // namespace holdfast::wire
