// SPDX-License-Identifier: Apache-2.0
//
// Decoders fed with truncated and random bytes. Buffers are exactly as long as their content, so
// that a build with the address sanitizer stops at the first byte read beyond the end.
#include <catch2/catch.hpp>

#include "models/wire/wire.hpp"
#include "tests/unit/wire/support.hpp"

namespace holdfast::wire {
namespace {

using Buffer = std::vector<std::byte>;

// SplitMix64 with a fixed start: the same bytes on every machine.
class RandomBytes {
 public:
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  Buffer buffer(std::size_t size) {
    Buffer out(size);
    for (std::byte& b : out) {
      b = static_cast<std::byte>(next() & 0xFFU);
    }
    return out;
  }

 private:
  std::uint64_t state_ = 1;
};

// Runs every decoder of variable-length input over the bytes; returns how many accepted them.
unsigned decode_everything(const Buffer& bytes) {
  unsigned accepted = 0;
  const auto count = [&accepted](bool yes) { accepted += yes ? 1U : 0U; };
  count(decode_common_header(bytes).has_value());
  count(decode_ic_req(bytes).has_value());
  count(decode_ic_resp(bytes).has_value());
  count(decode_capsule_cmd(bytes).has_value());
  count(decode_capsule_resp(bytes).has_value());
  count(decode_h2c_data(bytes).has_value());
  count(decode_c2h_data(bytes).has_value());
  count(decode_r2t(bytes).has_value());
  count(decode_term_req(PduType::h2c_term_req, bytes).has_value());
  count(decode_term_req(PduType::c2h_term_req, bytes).has_value());
  count(decode_connect_data(bytes).has_value());
  count(decode_identify_controller(bytes).has_value());
  count(decode_identify_namespace(bytes).has_value());
  count(decode_namespace_descriptors(bytes).has_value());
  std::array<std::uint32_t, 16> nsids{};
  count(decode_namespace_list(bytes, nsids) != 0);
  if (const auto view = CcrLogView::decode(bytes)) {
    count(true);
    for (std::uint16_t i = 0; i < view->available(); ++i) {
      count((*view)[i].icid == 0x1234);
    }
    count(view->find(1, 1).has_value());
  }
  AnaLogReader ana(bytes);
  while (const auto group = ana.next()) {
    for (std::uint32_t i = 0; i < group->namespaces; ++i) {
      count(ana.nsid(i) == 0x12345678);
    }
  }
  return accepted;
}

std::vector<Buffer> well_formed_pdus() {
  const auto copy = [](const auto& bytes) { return Buffer(bytes.begin(), bytes.end()); };
  return {copy(encode_ic_req({})),
          copy(encode_ic_resp({})),
          copy(encode_capsule_cmd_header(make_connect(1, {}), 1024)),
          copy(encode_capsule_resp({})),
          copy(encode_h2c_data_header({.length = 512})),
          copy(encode_c2h_data_header({.length = 512})),
          copy(encode_r2t({.length = 512})),
          copy(encode_term_req_header(PduType::h2c_term_req, {})),
          copy(encode_term_req_header(PduType::c2h_term_req, {}))};
}

TEST_CASE("a truncated PDU is refused by its decoder at every length", "[wire][robustness]") {
  for (const Buffer& pdu : well_formed_pdus()) {
    const auto type = static_cast<PduType>(pdu[0]);
    CHECK(decode_everything(pdu) >= 2);  // the common header and its own decoder
    for (std::size_t size = 0; size < pdu.size(); ++size) {
      const Buffer cut(pdu.begin(), pdu.begin() + static_cast<std::ptrdiff_t>(size));
      decode_everything(cut);
      CHECK_FALSE(decode_ic_req(cut).has_value());
      CHECK_FALSE(decode_ic_resp(cut).has_value());
      CHECK_FALSE(decode_capsule_cmd(cut).has_value());
      CHECK_FALSE(decode_capsule_resp(cut).has_value());
      CHECK_FALSE(decode_h2c_data(cut).has_value());
      CHECK_FALSE(decode_c2h_data(cut).has_value());
      CHECK_FALSE(decode_r2t(cut).has_value());
      CHECK_FALSE(decode_term_req(type, cut).has_value());
      CHECK(decode_common_header(cut).has_value() == (size >= 8));
    }
  }
}

TEST_CASE("a truncated Identify or Connect page is refused at every length", "[wire][robustness]") {
  const Buffer page(identify_bytes, std::byte{0});
  for (std::size_t size = 0; size < page.size(); ++size) {
    const Buffer cut(page.begin(), page.begin() + static_cast<std::ptrdiff_t>(size));
    const bool refused = !decode_identify_controller(cut) && !decode_identify_namespace(cut) &&
                         !decode_namespace_descriptors(cut);
    REQUIRE(refused);
    REQUIRE(decode_connect_data(cut).has_value() == (size >= connect_data_bytes));
  }
}

TEST_CASE("random bytes of every length up to 160 never lead a decoder astray",
          "[wire][robustness]") {
  RandomBytes random;
  for (std::size_t size = 0; size <= 160; ++size) {
    for (int round = 0; round < 50; ++round) {
      decode_everything(random.buffer(size));
    }
  }
  for (int round = 0; round < 200; ++round) {
    decode_everything(random.buffer(identify_bytes));
  }
  SUCCEED("no decoder read beyond its input");
}

TEST_CASE("one or two wrong bytes in a PDU never lead a decoder astray", "[wire][robustness]") {
  RandomBytes random;
  for (const Buffer& pdu : well_formed_pdus()) {
    for (std::size_t at = 0; at < pdu.size(); ++at) {
      for (int round = 0; round < 20; ++round) {
        Buffer bad = pdu;
        bad[at] = static_cast<std::byte>(random.next() & 0xFFU);
        bad[random.next() % bad.size()] = static_cast<std::byte>(random.next() & 0xFFU);
        decode_everything(bad);
      }
    }
  }
  SUCCEED("no decoder read beyond its input");
}

TEST_CASE("log pages with plausible headers over short bodies stay inside their bytes",
          "[wire][robustness]") {
  RandomBytes random;
  for (std::size_t size = 0; size <= 96; ++size) {
    for (unsigned count = 0; count <= 16; ++count) {
      Buffer log = random.buffer(size);
      if (size >= 16) {
        put_le16(log, 0, static_cast<std::uint16_t>(count));
        put_le16(log, 8, static_cast<std::uint16_t>(count));
      }
      if (size >= 24) {
        put_le32(log, 20, count);
      }
      decode_everything(log);
    }
  }
  SUCCEED("no decoder read beyond its input");
}

TEST_CASE("random commands and completions survive a round trip", "[wire][robustness]") {
  RandomBytes random;
  for (int round = 0; round < 2000; ++round) {
    Buffer sqe = random.buffer(sqe_bytes);
    for (const std::size_t reserved : {36U, 37U, 38U}) {
      sqe[reserved] = std::byte{0};  // the SGL descriptor's reserved bytes are not kept
    }
    const Command c = decode_command(std::span(sqe).first<sqe_bytes>());
    REQUIRE(wire_test::to_hex(encode_command(c)) == wire_test::to_hex(sqe));
    const Buffer cqe = random.buffer(cqe_bytes);
    const Completion done = decode_completion(std::span(cqe).first<cqe_bytes>());
    REQUIRE(wire_test::to_hex(encode_completion(done)) == wire_test::to_hex(cqe));
  }
}

}  // namespace
}  // namespace holdfast::wire
