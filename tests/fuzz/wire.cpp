// SPDX-License-Identifier: Apache-2.0
// Bytes as they could come from a network: every decoder looks at them. What one accepts and can be
// encoded again must decode to the same.
#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "models/wire/keyed_sgl.hpp"
#include "models/wire/wire.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace holdfast;
using namespace holdfast::wire;

namespace {

void expect(bool same, const char* what) {
  if (!same)
    fuzz::broken("decoded, encoded and decoded again it is the same", what);
}

void pdus(ConstBytes in) {
  static_cast<void>(decode_common_header(in));
  if (const auto pdu = decode_ic_req(in))
    expect(decode_ic_req(encode_ic_req(*pdu)) == pdu, "ICReq");
  if (const auto pdu = decode_ic_resp(in))
    expect(decode_ic_resp(encode_ic_resp(*pdu)) == pdu, "ICResp");
  static_cast<void>(decode_capsule_cmd(in));
  static_cast<void>(decode_capsule_resp(in));
  static_cast<void>(decode_h2c_data(in));
  static_cast<void>(decode_c2h_data(in));
  static_cast<void>(decode_r2t(in));
  static_cast<void>(decode_term_req(PduType::h2c_term_req, in));
  static_cast<void>(decode_term_req(PduType::c2h_term_req, in));
}

void commands(ConstBytes in) {
  if (in.size() < sqe_bytes)
    return;
  const Command c = decode_command(in.first<sqe_bytes>());
  expect(decode_command(encode_command(c)) == c, "command");
  std::uint32_t key = 0;
  static_cast<void>(decode_keyed_command(in.first<sqe_bytes>(), key));
  static_cast<void>(as_identify(c));
  static_cast<void>(as_get_log_page(c));
  static_cast<void>(as_set_features(c));
  static_cast<void>(as_get_features(c));
  static_cast<void>(as_connect(c));
  static_cast<void>(as_property_get(c));
  static_cast<void>(as_property_set(c));
  static_cast<void>(as_block_range(c));
  static_cast<void>(as_deallocate(c));
  static_cast<void>(as_copy(c));
  static_cast<void>(as_reservation(c));
  static_cast<void>(as_zone_append(c));
  static_cast<void>(as_zone_reset(c));
  const Completion done = decode_completion(in.first<cqe_bytes>());
  expect(decode_completion(encode_completion(done)) == done, "completion");
}

void pages(ConstBytes in) {
  if (const auto log = CcrLogView::decode(in)) {
    for (std::uint16_t i = 0; i < log->available(); ++i)
      static_cast<void>((*log)[i]);
    static_cast<void>(log->find(1, 2));
  }
  for (const std::uint16_t i : std::array<std::uint16_t, 5>{0, 1, 510, 511, 65535})
    static_cast<void>(lost_host_entry(in, i));
  if (const auto data = decode_connect_data(in))
    expect(decode_connect_data(encode_connect_data(*data)) == data, "Connect data");
  static_cast<void>(AsyncEvent::decode(in.size() < 4 ? 0 : get_le32(in, 0)));
}

// Pages of 4,096 bytes are rare among inputs: what there is is laid over an empty one.
void identify(ConstBytes in) {
  std::array<std::byte, identify_bytes> page{};
  std::copy_n(in.begin(), std::min(in.size(), page.size()), page.begin());
  for (const ConstBytes bytes : {in, ConstBytes(page)}) {
    static_cast<void>(decode_identify_controller(bytes));
    static_cast<void>(decode_identify_namespace(bytes));
    static_cast<void>(decode_namespace_descriptors(bytes));
    std::array<std::uint32_t, 8> few{};
    if (decode_namespace_list(bytes, few) > few.size())
      fuzz::broken("a list ends where there is room", "namespaces");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of exactly this size, so that one byte too far is seen.
  const std::vector<std::byte> copy(reinterpret_cast<const std::byte*>(data),
                                    reinterpret_cast<const std::byte*>(data) + size);
  pdus(copy);
  commands(copy);
  pages(copy);
  identify(copy);
  return 0;
}
