// SPDX-License-Identifier: Apache-2.0
// What the writers of traces share. Not for others.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "analysis/traces/traces.hpp"
#include "models/net/state.hpp"

namespace holdfast::analysis {

/// A file that does not fail silently.
class OutFile {
 public:
  explicit OutFile(const std::filesystem::path& path);
  void write(std::string_view bytes) {
    file_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  void close();

 private:
  std::filesystem::path path_;
  std::ofstream file_;
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

std::unique_ptr<TraceFile> make_json_lines(const std::filesystem::path& path);
std::unique_ptr<TraceFile> make_kernel_log(const World& world, const std::filesystem::path& path);
std::unique_ptr<TraceFile> make_timeline(const World& world, const std::filesystem::path& path);
std::unique_ptr<TraceFile> make_packet_capture(const World& world,
                                               const std::filesystem::path& path);

}  // namespace holdfast::analysis
