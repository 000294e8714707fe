// SPDX-License-Identifier: Apache-2.0
//
// Completion queue entries, status values, properties and asynchronous events.
#include <catch2/catch.hpp>

#include "models/wire/wire.hpp"
#include "tests/unit/wire/support.hpp"

namespace holdfast::wire {
namespace {

using wire_test::to_hex;

TEST_CASE("a completion puts every field at its offset and comes back unchanged", "[wire]") {
  Completion c;
  c.dw0 = 0x04030201;
  c.dw1 = 0x08070605;
  c.sqhd = 0x0A09;
  c.sqid = 0x0C0B;
  c.cid = 0xB001;
  // Invalid Field with DNR is 4002h; shifted left by the phase bit it is 8004h, with phase 8005h.
  c.status = Status(StatusCode::invalid_field).with_dnr();
  c.phase = true;
  const auto bytes = encode_completion(c);
  CHECK(to_hex(bytes) ==
        "01020304"
        "05060708"
        "090a"
        "0b0c"
        "01b0"
        "0580");
  CHECK(decode_completion(bytes) == c);
  CHECK(c.result64() == 0x0807060504030201);
  Completion other;
  other.set_result64(0x0807060504030201);
  CHECK(other.dw0 == c.dw0);
  CHECK(other.dw1 == c.dw1);
}

TEST_CASE("every 15-bit status survives a completion, with either phase", "[wire]") {
  for (unsigned value = 0; value <= 0x7FFF; ++value) {
    Completion c;
    c.status = Status(static_cast<std::uint16_t>(value));
    c.phase = (value & 1U) == 0;
    REQUIRE(decode_completion(encode_completion(c)) == c);
  }
}

TEST_CASE("status values split as the kernel splits them", "[wire]") {
  const Status aborted = StatusCode::host_aborted_command;
  CHECK(aborted.value == 0x371);
  CHECK_FALSE(aborted.ok());
  CHECK_FALSE(aborted.dnr());
  CHECK(aborted.with_dnr().value == 0x4371);
  CHECK(aborted.with_dnr().dnr());
  CHECK(aborted.with_dnr().code() == StatusCode::host_aborted_command);
  CHECK(aborted.with_crd(2).value == 0x1371);  // 2 << 11 = 1000h
  CHECK(aborted.with_crd(2).crd() == 2);
  CHECK(aborted.with_crd(3).with_crd(0) == aborted);
  CHECK(Status(std::uint16_t{0x2002}).more());
  CHECK(Status{}.ok());
  CHECK(Status(std::uint16_t{0xFFFF}).value == 0x7FFF);
}

TEST_CASE("path errors are exactly the codes of type 3", "[wire]") {
  for (const StatusCode code :
       {StatusCode::internal_path_error, StatusCode::ana_persistent_loss,
        StatusCode::ana_inaccessible, StatusCode::ana_transition, StatusCode::controller_path_error,
        StatusCode::host_path_error, StatusCode::host_aborted_command}) {
    CHECK(Status(code).is_path_error());
    CHECK(Status(code).with_dnr().is_path_error());
  }
  unsigned path_errors = 0;
  for (unsigned value = 0; value <= 0x7FF; ++value) {
    path_errors += Status(static_cast<std::uint16_t>(value)).is_path_error() ? 1U : 0U;
  }
  CHECK(path_errors == 256);
  CHECK_FALSE(Status(StatusCode::compare_failure).is_path_error());
  CHECK(Status(StatusCode::ana_transition).is_ana_error());
  CHECK_FALSE(Status(StatusCode::host_path_error).is_ana_error());
}

TEST_CASE("status codes have the numbers of the specification and the kernel's names", "[wire]") {
  CHECK(raw(StatusCode::keep_alive_timeout_expired) == 0x019);
  CHECK(raw(StatusCode::keep_alive_timeout_invalid) == 0x01A);
  CHECK(raw(StatusCode::ccr_in_progress) == 0x13F);
  CHECK(raw(StatusCode::ccr_log_page_full) == 0x140);
  CHECK(raw(StatusCode::ccr_limit_exceeded) == 0x141);
  CHECK(raw(StatusCode::connect_invalid_parameters) == 0x182);
  CHECK(status_name(StatusCode::success) == "Success");
  CHECK(status_name(StatusCode::host_path_error) == "Host Pathing Error");
  CHECK(status_name(StatusCode::host_aborted_command) == "Host Aborted Command");
  CHECK(status_name(Status(StatusCode::invalid_field).with_dnr()) == "Invalid Field in Command");
  CHECK(status_name(Status(std::uint16_t{0x7FF})) == "Unknown");
  CHECK(status_name(StatusCode::invalid_field, NameStyle::plain) == "I/O Error");
  // 182h means one thing for Connect and another for an I/O command.
  CHECK(status_name(StatusCode::connect_invalid_parameters) ==
        "Attempted Write to Read Only Range");
}

TEST_CASE("CAP, CC, CSTS and VS encode as nvmet and Linux use them", "[wire]") {
  CHECK(raw(Property::cap) == 0x00);
  CHECK(raw(Property::vs) == 0x08);
  CHECK(raw(Property::cc) == 0x14);
  CHECK(raw(Property::csts) == 0x1C);
  CHECK(property_bytes(Property::cap) == 8);
  CHECK(property_bytes(Property::csts) == 4);
  // nvmet's CAP as captured: MQES 1,023, TO 15, CSS bits 0 and 6.
  CHECK(Capabilities{}.encode() == 0x000008200F0003FF);
  CHECK(Capabilities::decode(0x000008200F0003FF) == Capabilities{});
  CHECK(Capabilities{}.linux_ready_timeout_s() == 8);  // (15 + 1) / 2
  const Capabilities full{.mqes = 127,
                          .cqr = true,
                          .to = 30,
                          .dstrd = 1,
                          .nssrs = true,
                          .css = 0xC1,
                          .mpsmin = 1,
                          .mpsmax = 4,
                          .crms = 3};
  CHECK(Capabilities::decode(full.encode()) == full);

  CHECK(Configuration{}.encode() == 0x00460060);
  CHECK(Configuration{.enable = true}.encode() == 0x00460061);
  const Configuration off{.enable = true, .shn = ShutdownRequest::normal};
  CHECK(off.encode() == 0x00464061);
  CHECK(Configuration::decode(0x00464061) == off);

  CHECK(ControllerStatus{.ready = true}.encode() == 1);
  CHECK(ControllerStatus{.ready = true, .fatal = true}.encode() == 3);
  const ControllerStatus done{.shst = ShutdownStatus::complete};
  CHECK(done.encode() == 8);
  CHECK(ControllerStatus::decode(8) == done);
  CHECK(nvme_version(1, 3, 0) == 0x00010300);
}

TEST_CASE("an asynchronous event packs log page, information and type into DW0", "[wire][ccr]") {
  CHECK(ccr_completed_event().encode() == 0x001EF402);
  CHECK(ccr_completed_event().is(AsyncNotice::cross_controller_reset_completed));
  CHECK(AsyncEvent::decode(0x001EF402) == ccr_completed_event());
  CHECK(ana_change_event().encode() == 0x000C0302);
  CHECK(AsyncEvent{.type = AsyncEventType::error}.encode() == 0);
  CHECK(aec_cross_controller_reset == 0x00100000);
  CHECK(aec_lost_host_communication == 0x00200000);
  // Mainline Linux with nvmet's OAES of 900h enables namespace and ANA notices, as captured.
  CHECK((aec_linux_mainline & 0x00000900U) == 0x00000900U);
}

}  // namespace
}  // namespace holdfast::wire
