// SPDX-License-Identifier: Apache-2.0
//
// Opcodes of the admin, I/O and Fabrics command sets, and the names under which the kernel logs
// them.
#pragma once

#include <cstdint>
#include <string_view>

namespace holdfast::wire {

enum class AdminOpcode : std::uint8_t {
  get_log_page = 0x02,
  identify = 0x06,
  abort = 0x08,
  set_features = 0x09,
  get_features = 0x0A,
  async_event_request = 0x0C,
  namespace_management = 0x0D,
  namespace_attachment = 0x15,
  keep_alive = 0x18,
  cross_controller_reset = 0x38,
  format_nvm = 0x80,
  sanitize = 0x84,
};

enum class IoOpcode : std::uint8_t {
  flush = 0x00,
  write = 0x01,
  read = 0x02,
  write_uncorrectable = 0x04,
  compare = 0x05,
  write_zeroes = 0x08,
  dataset_management = 0x09,
  verify = 0x0C,
  reservation_register = 0x0D,
  reservation_report = 0x0E,
  reservation_acquire = 0x11,
  reservation_release = 0x15,
  copy = 0x19,
  zone_management_send = 0x79,
  zone_management_receive = 0x7A,
  zone_append = 0x7D,
};

// Fabrics commands share this opcode on every queue; byte 4 of the SQE tells them apart.
inline constexpr std::uint8_t fabrics_opcode = 0x7F;

enum class FabricsType : std::uint8_t {
  property_set = 0x00,
  connect = 0x01,
  property_get = 0x04,
  authentication_send = 0x05,
  authentication_receive = 0x06,
  disconnect = 0x08,
};

// How a kernel was built: with names (CONFIG_NVME_VERBOSE_ERRORS, as in Dell's traces) or without,
// when it prints only "Admin Cmd", "I/O Cmd" and "Fabrics Cmd" (as in Debian's kernel 6.12).
enum class NameStyle : std::uint8_t { verbose, plain };

// Names as the kernel prints them; "Unknown" for opcodes that its table does not hold.
[[nodiscard]] std::string_view admin_opcode_name(std::uint8_t opcode,
                                                 NameStyle style = NameStyle::verbose) noexcept;
[[nodiscard]] std::string_view io_opcode_name(std::uint8_t opcode,
                                              NameStyle style = NameStyle::verbose) noexcept;
[[nodiscard]] std::string_view fabrics_type_name(std::uint8_t type,
                                                 NameStyle style = NameStyle::verbose) noexcept;

// True for commands whose late or repeated execution changes nothing that another command wrote,
// which makes them candidates for skipping the hold: Flush, Read, Compare, Verify, and on the admin
// queue Identify, Get Log Page, Get Features, Keep Alive.
[[nodiscard]] constexpr bool is_repeat_safe(IoOpcode opcode) noexcept {
  return opcode == IoOpcode::flush || opcode == IoOpcode::read || opcode == IoOpcode::compare ||
         opcode == IoOpcode::verify;
}
[[nodiscard]] constexpr bool is_repeat_safe(AdminOpcode opcode) noexcept {
  return opcode == AdminOpcode::identify || opcode == AdminOpcode::get_log_page ||
         opcode == AdminOpcode::get_features || opcode == AdminOpcode::keep_alive;
}

}  // namespace holdfast::wire
