// SPDX-License-Identifier: Apache-2.0
//
// Opcode names in the words of the kernel's constants.c. Copy has no entry there.
#include "models/wire/opcodes.hpp"

namespace holdfast::wire {

std::string_view admin_opcode_name(std::uint8_t opcode, NameStyle style) noexcept {
  if (style == NameStyle::plain) {
    return "Admin Cmd";
  }
  switch (static_cast<AdminOpcode>(opcode)) {
    case AdminOpcode::get_log_page:
      return "Get Log Page";
    case AdminOpcode::identify:
      return "Identify";
    case AdminOpcode::abort:
      return "Abort Command";
    case AdminOpcode::set_features:
      return "Set Features";
    case AdminOpcode::get_features:
      return "Get Features";
    case AdminOpcode::async_event_request:
      return "Async Event";
    case AdminOpcode::namespace_management:
      return "Namespace Management";
    case AdminOpcode::namespace_attachment:
      return "Namespace Attach";
    case AdminOpcode::keep_alive:
      return "Keep Alive";
    case AdminOpcode::cross_controller_reset:
      return "Cross Controller Reset";
    case AdminOpcode::format_nvm:
      return "Format NVM";
    case AdminOpcode::sanitize:
      return "Sanitize NVM";
  }
  return "Unknown";
}

std::string_view io_opcode_name(std::uint8_t opcode, NameStyle style) noexcept {
  if (style == NameStyle::plain) {
    return "I/O Cmd";
  }
  switch (static_cast<IoOpcode>(opcode)) {
    case IoOpcode::flush:
      return "Flush";
    case IoOpcode::write:
      return "Write";
    case IoOpcode::read:
      return "Read";
    case IoOpcode::write_uncorrectable:
      return "Write Uncorrectable";
    case IoOpcode::compare:
      return "Compare";
    case IoOpcode::write_zeroes:
      return "Write Zeroes";
    case IoOpcode::dataset_management:
      return "Dataset Management";
    case IoOpcode::verify:
      return "Verify";
    case IoOpcode::reservation_register:
      return "Reservation Register";
    case IoOpcode::reservation_report:
      return "Reservation Report";
    case IoOpcode::reservation_acquire:
      return "Reservation Acquire";
    case IoOpcode::reservation_release:
      return "Reservation Release";
    case IoOpcode::zone_management_send:
      return "Zone Management Send";
    case IoOpcode::zone_management_receive:
      return "Zone Management Receive";
    case IoOpcode::zone_append:
      return "Zone Append";
    case IoOpcode::copy:
      break;
  }
  return "Unknown";
}

std::string_view fabrics_type_name(std::uint8_t type, NameStyle style) noexcept {
  if (style == NameStyle::plain) {
    return "Fabrics Cmd";
  }
  switch (static_cast<FabricsType>(type)) {
    case FabricsType::property_set:
      return "Property Set";
    case FabricsType::connect:
      return "Connect";
    case FabricsType::property_get:
      return "Property Get";
    case FabricsType::authentication_send:
      return "Authentication Send";
    case FabricsType::authentication_receive:
      return "Authentication Receive";
    case FabricsType::disconnect:
      break;
  }
  return "Unknown";
}

}  // namespace holdfast::wire
