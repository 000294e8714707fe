// SPDX-License-Identifier: Apache-2.0
// NVMe/TCP on top of a connection: what the two halves share. Not for others.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "models/transport/state.hpp"

namespace holdfast::transport::nvme_tcp {

/// A message from a PDU header in true bytes and the payload behind it.
template <std::size_t N>
Message make_message(const std::array<std::byte, N>& header, const Payload& payload = {}) {
  static_assert(N <= sizeof(Message::header));
  Message m;
  m.header_bytes = N;
  m.bytes = static_cast<std::uint32_t>(N) + payload.bytes;
  m.payload = payload;
  std::copy(header.begin(), header.end(), m.header.begin());
  return m;
}

inline wire::ConstBytes header_of(const Message& m) { return {m.header.data(), m.header_bytes}; }

// The host's half.
void host_established(World& w, ConnectionId id);
void host_message(World& w, ConnectionId id, const Message& message);
void host_lost(World& w, ConnectionId id, int error);

// The target's half.
void target_established(World& w, ConnectionId id);
void target_message(World& w, ConnectionId id, const Message& message);
void target_lost(World& w, ConnectionId id, int error);

}  // namespace holdfast::transport::nvme_tcp
