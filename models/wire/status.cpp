// SPDX-License-Identifier: Apache-2.0
//
// Names of status codes, in the words of the kernel log. The CCR names are the specification's:
// what the kernel series prints for them is not known.
#include "models/wire/status.hpp"

namespace holdfast::wire {
namespace {

struct StatusText {
  StatusCode code;
  std::string_view text;
};

// The kernel maps one number to one text, so 180h-182h carry their I/O command meaning here.
constexpr auto status_texts = std::to_array<StatusText>({
    {StatusCode::success, "Success"},
    {StatusCode::invalid_opcode, "Invalid Command Opcode"},
    {StatusCode::invalid_field, "Invalid Field in Command"},
    {StatusCode::command_id_conflict, "Command ID Conflict"},
    {StatusCode::data_transfer_error, "Data Transfer Error"},
    {StatusCode::power_loss, "Commands Aborted due to Power Loss Notification"},
    {StatusCode::internal_error, "Internal Error"},
    {StatusCode::abort_requested, "Command Abort Requested"},
    {StatusCode::aborted_sq_deletion, "Command Aborted due to SQ Deletion"},
    {StatusCode::fused_fail, "Command Aborted due to Failed Fused Command"},
    {StatusCode::fused_missing, "Command Aborted due to Missing Fused Command"},
    {StatusCode::invalid_namespace, "Invalid Namespace or Format"},
    {StatusCode::command_sequence_error, "Command Sequence Error"},
    {StatusCode::sgl_invalid_data_length, "Data SGL Length Invalid"},
    {StatusCode::sgl_invalid_type, "SGL Descriptor Type Invalid"},
    {StatusCode::operation_denied, "Operation Denied"},
    {StatusCode::sgl_invalid_offset, "SGL Offset Invalid"},
    {StatusCode::host_id_inconsistent, "Host Identifier Inconsistent Format"},
    {StatusCode::keep_alive_timeout_expired, "Keep Alive Timeout Expired"},
    {StatusCode::keep_alive_timeout_invalid, "Keep Alive Timeout Invalid"},
    {StatusCode::aborted_preempt, "Command Aborted due to Preempt and Abort"},
    {StatusCode::namespace_write_protected, "Namespace is Write Protected"},
    {StatusCode::command_interrupted, "Command Interrupted"},
    {StatusCode::transient_transport_error, "Transient Transport Error"},
    {StatusCode::lba_out_of_range, "LBA Out of Range"},
    {StatusCode::capacity_exceeded, "Capacity Exceeded"},
    {StatusCode::namespace_not_ready, "Namespace Not Ready"},
    {StatusCode::reservation_conflict, "Reservation Conflict"},
    {StatusCode::invalid_queue_id, "Invalid Queue Identifier"},
    {StatusCode::invalid_queue_size, "Invalid Queue Size"},
    {StatusCode::async_event_limit_exceeded, "Asynchronous Event Request Limit Exceeded"},
    {StatusCode::invalid_log_page, "Invalid Log Page"},
    {StatusCode::feature_not_changeable, "Feature Not Changeable"},
    {StatusCode::invalid_controller_id, "Invalid Controller Identifier"},
    {StatusCode::ccr_in_progress, "Cross-Controller Reset in Progress"},
    {StatusCode::ccr_log_page_full, "Cross-Controller Reset Log Page Full"},
    {StatusCode::ccr_limit_exceeded, "Cross-Controller Reset Limit Exceeded"},
    {StatusCode::connect_incompatible_format, "Conflicting Attributes"},
    {StatusCode::connect_controller_busy, "Invalid Protection Information"},
    {StatusCode::connect_invalid_parameters, "Attempted Write to Read Only Range"},
    {StatusCode::authentication_required, "Authentication Required"},
    {StatusCode::zone_boundary_error, "Zoned Boundary Error"},
    {StatusCode::zone_is_full, "Zone Is Full"},
    {StatusCode::zone_invalid_write, "Zone Invalid Write"},
    {StatusCode::write_fault, "Write Fault"},
    {StatusCode::unrecovered_read_error, "Unrecovered Read Error"},
    {StatusCode::guard_check_error, "End-to-end Guard Check Error"},
    {StatusCode::compare_failure, "Compare Failure"},
    {StatusCode::access_denied, "Access Denied"},
    {StatusCode::unwritten_block, "Deallocated or Unwritten Logical Block"},
    {StatusCode::internal_path_error, "Internal Pathing Error"},
    {StatusCode::ana_persistent_loss, "Asymmetric Access Persistent Loss"},
    {StatusCode::ana_inaccessible, "Asymmetric Access Inaccessible"},
    {StatusCode::ana_transition, "Asymmetric Access Transition"},
    {StatusCode::controller_path_error, "Controller Pathing Error"},
    {StatusCode::host_path_error, "Host Pathing Error"},
    {StatusCode::host_aborted_command, "Host Aborted Command"},
});

}  // namespace

std::string_view status_name(Status status, NameStyle style) noexcept {
  if (style == NameStyle::plain) {
    return "I/O Error";
  }
  for (const StatusText& entry : status_texts) {
    if (entry.code == status.code()) {
      return entry.text;
    }
  }
  return "Unknown";
}

}  // namespace holdfast::wire
