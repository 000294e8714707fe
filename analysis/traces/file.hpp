// SPDX-License-Identifier: Apache-2.0
// What the writers of traces share. Not for others.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "analysis/files/files.hpp"
#include "analysis/traces/traces.hpp"
#include "models/net/state.hpp"

namespace holdfast::analysis {

/// What writers of traces write to: nothing is to be seen of it before it is closed.
class OutFile {
 public:
  explicit OutFile(const std::filesystem::path& path) : file_(path) {}
  void write(std::string_view bytes) { file_.write(bytes); }
  void close() { file_.publish(); }

 private:
  WholeFile file_;
};

using Ipv4 = std::array<std::uint8_t, 4>;

/// The address that traces give to a node: 10.0.0.1 for the first one of the fabric, and so on.
constexpr Ipv4 address_of(net::NodeId node) {
  const std::uint32_t n = sim::index(node) + 1;
  return {10, static_cast<std::uint8_t>(n >> 16), static_cast<std::uint8_t>(n >> 8),
          static_cast<std::uint8_t>(n)};
}
/// Where an NVMe/TCP subsystem listens (IANA).
inline constexpr std::uint16_t nvme_tcp_port = 4420;

std::unique_ptr<TraceFile> make_kernel_log(const World& world, const std::filesystem::path& path,
                                           const TraceWindow& window);
std::unique_ptr<TraceFile> make_timeline(const World& world, const std::filesystem::path& path,
                                         const TraceWindow& window);
std::unique_ptr<TraceFile> make_packet_capture(const World& world,
                                               const std::filesystem::path& path,
                                               const TraceWindow& window);

}  // namespace holdfast::analysis
