// SPDX-License-Identifier: Apache-2.0
//
// ANA and Cross-Controller Reset log pages.
#include "models/wire/log_pages.hpp"
#include "models/wire/async_event.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/wire/support.hpp"

namespace holdfast::wire {
namespace {

using wire_test::from_hex;
using wire_test::to_hex;

TEST_CASE("an ANA log has a 16-byte header and 32-byte groups with their namespaces", "[wire]") {
  // nvmet's 128 groups and 1,024 namespaces: 16 + 128 * 32 + 1,024 * 4 = 8,208.
  CHECK(ana_log_bytes(128, 1024) == 8208);
  const std::array<std::uint32_t, 2> nsids{1, 5};
  std::vector<std::byte> log(ana_log_bytes(2, 2));
  AnaLogWriter writer(log);
  REQUIRE(writer.begin(0x11));
  REQUIRE(writer.add({.group_id = 1, .change_count = 3, .state = AnaState::optimized}, nsids));
  REQUIRE(writer.add({.group_id = 2, .change_count = 4, .state = AnaState::change}, {}));
  CHECK(writer.size() == 88);
  CHECK(to_hex(log) ==
        "1100000000000000"
        "0200"
        "000000000000"
        "01000000"
        "02000000"
        "0300000000000000"
        "01"
        "000000000000000000000000000000"
        "01000000"
        "05000000"
        "02000000"
        "00000000"
        "0400000000000000"
        "0f"
        "000000000000000000000000000000");

  AnaLogReader reader(log);
  REQUIRE(reader.valid());
  CHECK(reader.change_count() == 0x11);
  CHECK(reader.groups() == 2);
  CHECK(reader.next() ==
        AnaGroup{.group_id = 1, .namespaces = 2, .change_count = 3, .state = AnaState::optimized});
  CHECK(reader.nsid(0) == 1);
  CHECK(reader.nsid(1) == 5);
  CHECK(reader.next() ==
        AnaGroup{.group_id = 2, .namespaces = 0, .change_count = 4, .state = AnaState::change});
  CHECK_FALSE(reader.next().has_value());
}

TEST_CASE("an ANA log that does not fit is refused and leaves the log as it was", "[wire]") {
  const std::array<std::uint32_t, 1> nsids{1};
  std::vector<std::byte> small(15);
  AnaLogWriter none(small);
  CHECK_FALSE(none.begin(0));
  CHECK_FALSE(none.add({}, {}));
  std::vector<std::byte> log(ana_log_bytes(1, 0));
  AnaLogWriter writer(log);
  REQUIRE(writer.begin(0));
  CHECK_FALSE(writer.add({}, nsids));
  CHECK(writer.size() == 16);
  CHECK(AnaLogReader(log).groups() == 0);
  CHECK(writer.add({}, {}));
  CHECK(AnaLogReader(log).groups() == 1);
}

TEST_CASE("an ANA group that claims more namespaces than the log holds ends the walk", "[wire]") {
  const auto log = from_hex(
      "0000000000000000"
      "0200"
      "000000000000"
      "01000000"
      "ffffffff"
      "0000000000000000"
      "01"
      "000000000000000000000000000000"
      "01000000");
  AnaLogReader reader(log);
  REQUIRE(reader.valid());
  CHECK_FALSE(reader.next().has_value());
  CHECK_FALSE(reader.next().has_value());
  CHECK_FALSE(AnaLogReader(std::span(log).first(15)).valid());
  CHECK(AnaLogReader(std::span(log).first(16)).valid());
}

TEST_CASE("CCR-5 log page 1Eh is 8 plus 8 times NE bytes, each entry with its fields in order",
          "[wire][ccr]") {
  CHECK(ccr_log_bytes(0) == 8);
  CHECK(ccr_log_bytes(511) == 4096);
  CHECK(ccr_log_max_bytes == 4096);
  const std::array<CcrLogEntry, 2> entries{
      CcrLogEntry{.icid = 0x0102, .ciu = 0x5A, .status = CcrStatus::succeeded},
      CcrLogEntry{.icid = 0x0304,
                  .ciu = 0x01,
                  .acid = 0x0506,
                  .status = CcrStatus::in_progress,
                  .flags = 0x01}};
  std::vector<std::byte> page(ccr_log_bytes(2));
  REQUIRE(encode_ccr_log(page, entries));
  CHECK(to_hex(page) ==
        "0200"
        "000000000000"
        "0201"
        "5a"
        "00"
        "ffff"
        "01"
        "03"
        "0403"
        "01"
        "00"
        "0605"
        "00"
        "01");
  const auto view = CcrLogView::decode(page);
  REQUIRE(view.has_value());
  CHECK(view->entries() == 2);
  CHECK(view->available() == 2);
  CHECK((*view)[0] == entries[0]);
  CHECK((*view)[1] == entries[1]);
  CHECK(view->find(0x0304, 0x01) == entries[1]);
  CHECK_FALSE(view->find(0x0304, 0x02).has_value());
}

TEST_CASE("log page 1Eh takes 511 entries and not one more", "[wire][ccr]") {
  std::vector<CcrLogEntry> entries(511);
  std::vector<std::byte> page(8192);
  CHECK(encode_ccr_log(page, entries));
  CHECK_FALSE(encode_ccr_log(std::span(page).first(4095), entries));
  entries.emplace_back();
  CHECK_FALSE(encode_ccr_log(page, entries));
}

TEST_CASE("a truncated log page 1Eh shows how many entries it really has", "[wire][ccr]") {
  const std::array<CcrLogEntry, 3> entries{};
  std::vector<std::byte> page(ccr_log_bytes(3));
  REQUIRE(encode_ccr_log(page, entries));
  const auto view = CcrLogView::decode(std::span(page).first(23));  // header and 1 7/8 entries
  REQUIRE(view.has_value());
  CHECK(view->entries() == 3);
  CHECK(view->available() == 1);
  CHECK_FALSE(CcrLogView::decode(std::span(page).first(7)).has_value());
  page[0] = std::byte{0x00};
  page[1] = std::byte{0x02};  // 512 entries
  CHECK_FALSE(CcrLogView::decode(page).has_value());
}

TEST_CASE("log page 1Fh has entries of CNTLID, LC and CIU, at most 511", "[wire]") {
  // Header: NE u16 and six reserved bytes. Entry: CNTLID u16, LC u8, CIU u8, reserved u32.
  std::vector<LostHostEntry> entries = {
      {.cntlid = 0x0102, .cause = LostHostCause::keep_alive_timeout, .ciu = 0x5A},
      {.cntlid = 0x0304, .cause = LostHostCause::connection_lost, .ciu = 0x01}};
  std::vector<std::byte> page(lost_host_log_bytes(2), std::byte{0xEE});
  REQUIRE(encode_lost_host_log(page, entries));
  CHECK(to_hex(page) ==
        "0200000000000000"
        "0201015a00000000"
        "0403020100000000");
  CHECK(lost_host_entry(page, 0) == entries[0]);
  CHECK(lost_host_entry(page, 1) == entries[1]);
  CHECK_FALSE(lost_host_entry(page, 2).has_value());
  CHECK_FALSE(lost_host_entry(std::span(page).first(23), 1).has_value());
  CHECK(lost_host_event().encode() == 0x001FF502);
  entries.resize(511);
  page.resize(8192);
  CHECK(encode_lost_host_log(page, entries));
  CHECK_FALSE(encode_lost_host_log(std::span(page).first(4095), entries));
  entries.emplace_back();
  CHECK_FALSE(encode_lost_host_log(page, entries));
}

TEST_CASE("CCR-17 flags of an entry and bits of the completion are where they belong",
          "[wire][CCR-17]") {
  CcrLogEntry entry{.icid = 1, .ciu = 2, .acid = 3, .status = CcrStatus::failed, .flags = 0x0E};
  std::array<std::byte, 16> page{};
  REQUIRE(encode_ccr_log(page, std::span(&entry, 1)));
  CHECK(page[15] == std::byte{0x0E});
  const CcrLogEntry read = (*CcrLogView::decode(page))[0];
  CHECK((read.flags & ccr_flag_validated) == 0);
  CHECK((read.flags & ccr_flag_initiated) != 0);
  CHECK(read.retry() == 3);
  // DW0: IRS bit 0, V bit 1, CLRI bit 2; RMC is bit 0 of LSP, so bit 8 of CDW10.
  CHECK(ccr_immediate_reset_successful == 1);
  CHECK(ccr_validated == 2);
  CHECK(ccr_level_reset_initiated == 4);
  GetLogPage log;
  log.lid = LogId::cross_controller_reset;
  log.lsp = ccr_lsp_remove_completed;
  CHECK(((make_get_log_page(0, log).cdw10 >> 8) & 0x7F) == 1);
  CHECK(aec_cross_controller_reset == 0x100000);
  CHECK(aec_lost_host_communication == 0x200000);
}

}  // namespace
}  // namespace holdfast::wire
