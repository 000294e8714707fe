// SPDX-License-Identifier: Apache-2.0
// Which I/O commands the target accepts, and what it takes from their capsule.
#include "models/target/io_internal.hpp"
#include "models/world.hpp"

namespace holdfast::target {

using transport::Payload;
using wire::IoOpcode;
using wire::StatusCode;

namespace {

NamespaceId find_namespace(const World& w, SubsystemId subsystem, std::uint32_t nsid) {
  for (const NamespaceId id : w.target.subsystems[sim::index(subsystem)].namespaces) {
    if (w.target.namespaces[sim::index(id)].nsid == nsid)
      return id;
  }
  return sim::none<NamespaceId>;
}

bool fits(const Namespace& n, std::uint64_t slba, std::uint64_t blocks) {
  HOLDFAST_PACKET_CHECK(n.blocks > 0, "nothing fits on a namespace without blocks");
  return slba < n.blocks && blocks <= n.blocks - slba;
}

/// The blocks that a command with a range of its own is about.
std::optional<wire::BlockRange> range_of(const wire::Command& command) {
  const auto append = wire::as_zone_append(command);
  return append ? append : wire::as_block_range(command);
}

/// Fields that decide whether a command can be executed.
wire::Status check(const Namespace& n, const wire::Command& command) {
  const auto reset = wire::as_zone_reset(command);
  const bool zone_command = reset || wire::as_zone_append(command);
  if (zone_command && n.zone_blocks == 0)
    return refuse(StatusCode::invalid_opcode);
  const auto range = range_of(command);
  if (zone_command && (reset ? *reset : range->slba) % n.zone_blocks != 0)
    return refuse(StatusCode::invalid_field);
  if (reset)
    return fits(n, *reset, n.zone_blocks) ? wire::Status{} : refuse(StatusCode::lba_out_of_range);
  if (!range)
    return {};
  if (!fits(n, range->slba, range->blocks))
    return refuse(StatusCode::lba_out_of_range);
  const bool has_data = command.opcode != wire::raw(IoOpcode::write_zeroes);
  if (has_data && command.sgl.length != std::uint64_t{range->blocks} * n.block_bytes)
    return refuse(StatusCode::sgl_invalid_data_length);
  return {};
}

/// Descriptors and keys come in the capsule; the blob goes away with the message.
wire::Status take_control_data(World& w, Request& r, const Payload& data) {
  const auto copy = wire::as_copy(r.command);
  const auto deallocate = wire::as_deallocate(r.command);
  const auto reservation = wire::as_reservation(r.command);
  if (!copy && !deallocate && !reservation)
    return {};
  const bool release = r.command.opcode == wire::raw(IoOpcode::reservation_release);
  const std::size_t keys_bytes = release ? wire::one_key_bytes : wire::two_keys_bytes;
  const std::size_t bytes = copy         ? copy->ranges * wire::copy_range_bytes
                            : deallocate ? *deallocate * wire::dataset_range_bytes
                                         : keys_bytes;
  if (data.blob == sim::none<transport::BlobId> || data.bytes != bytes)
    return refuse(StatusCode::sgl_invalid_data_length);
  const auto in = w.transport.blobs[data.blob];
  if (reservation) {
    r.keys.current = wire::get_le64(in, 0);
    r.keys.other = release ? 0 : wire::get_le64(in, 8);
    return {};
  }
  std::uint64_t blocks = 0;
  for (std::size_t at = 0; at < bytes; at += copy ? 32 : 16) {
    if (copy) {
      const auto one = wire::decode_copy_range(in.subspan(at).first<wire::copy_range_bytes>());
      r.ranges.push_back({0, one.blocks, one.slba});
    } else {
      r.ranges.push_back(
          wire::decode_dataset_range(in.subspan(at).first<wire::dataset_range_bytes>()));
    }
    blocks += r.ranges.back().blocks;
    if (!fits(namespace_of(w, r), r.ranges.back().slba, r.ranges.back().blocks))
      return refuse(StatusCode::lba_out_of_range);
  }
  if (copy && !fits(namespace_of(w, r), copy->destination, blocks))
    return refuse(StatusCode::lba_out_of_range);
  return {};
}

bool is_supported(const wire::Command& command) {
  if (command.is_fused()) {
    // Compare and Write is the only pair there is.
    return command.opcode ==
           wire::raw(is_fused_first(command) ? IoOpcode::compare : IoOpcode::write);
  }
  switch (static_cast<IoOpcode>(command.opcode)) {
    case IoOpcode::read:
    case IoOpcode::write:
    case IoOpcode::flush:
    case IoOpcode::compare:
    case IoOpcode::write_zeroes:
    case IoOpcode::zone_append:
    case IoOpcode::reservation_register:
    case IoOpcode::reservation_acquire:
    case IoOpcode::reservation_release:
      return true;
    case IoOpcode::dataset_management:
      return wire::as_deallocate(command).has_value();
    case IoOpcode::copy:
      return wire::as_copy(command).has_value();
    case IoOpcode::zone_management_send:
      return wire::as_zone_reset(command).has_value();
    default:
      return false;
  }
}

}  // namespace

wire::Status make_request(World& w, QueueId queue, const wire::Command& command,
                          const Payload& data, Request& r) {
  const Controller& c = w.target.controllers[w.target.queues[queue].controller];
  r.ns = find_namespace(w, c.subsystem, command.nsid);
  if (!is_supported(command))
    return refuse(StatusCode::invalid_opcode);
  if (r.ns == sim::none<NamespaceId>)
    return refuse(StatusCode::invalid_namespace);
  const Namespace& n = namespace_of(w, r);
  const wire::Status status = check(n, command);
  if (!status.ok())
    return status;
  if (is_reserved_against(n, c, command))
    return refuse(StatusCode::reservation_conflict);
  if (is_let_through(n, c, command))
    record<Kind::reservation_breach>(w, c.cntlid, command.cid, command.opcode, Token{data.version});
  r.queue = queue;
  r.subsystem = c.subsystem;
  r.cntlid = c.cntlid;
  r.node = c.node;
  r.command = command;
  // What a write writes; for a read the token of the attempt, so that what it finds has an owner.
  r.version = data.version;
  r.content = data.content;
  r.received = data.bytes;
  if (wire::as_reservation(command))
    r.host = c.hostid;
  return take_control_data(w, r, data);
}

}  // namespace holdfast::target
