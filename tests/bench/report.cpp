// SPDX-License-Identifier: Apache-2.0
// Tables of what was measured.
#include "tests/bench/report.hpp"

#include <fmt/format.h>

namespace holdfast::bench {

namespace {

double number(const nlohmann::json& object, const char* key) {
  return object.at(key).get<double>();
}
std::string text(const nlohmann::json& object, const char* key) {
  return object.at(key).get<std::string>();
}

std::string rates(const nlohmann::json& document) {
  std::string out = fmt::format("{:>9}  {:<30}{:>14}{:>12}{:>12}{:>13}\n", "in flight", "kernel",
                                "packet-hops/s", "messages/s", "native is", "heap per hop");
  for (const auto& load : document.at("packet_hops")) {
    std::string in_flight = fmt::format("{}", load.at("in_flight").get<std::uint64_t>());
    for (const auto& row : load.at("kernels")) {
      const bool mailbox = row.contains("messages_per_s");
      out +=
          fmt::format("{:>9}  {:<30}{:>12.2f} M{:>12}{:>11.1f}x{:>13.4f}\n", in_flight,
                      text(row, "kernel"), number(row, "hops_per_s") * 1e-6,
                      mailbox ? fmt::format("{:.3f} M", number(row, "messages_per_s") * 1e-6) : "",
                      number(row, "native_is_ratio"), number(row, "allocations_per_hop_ratio"));
      in_flight.clear();
    }
    out += fmt::format("{:>9}  trace hash {} on both kernels, {} packet-hops\n", "",
                       text(load, "trace_hash"), load.at("hops").get<std::uint64_t>());
  }
  return out;
}

}  // namespace

std::string render(const nlohmann::json& document) {
  std::string out =
      fmt::format("Medians of {} interleaved repetitions, processor time, 1 thread\n\n",
                  document.at("repetitions").get<int>());
  out += rates(document);
  out += "\ncopy of a world\n";
  for (const auto& row : document.at("copies")) {
    out +=
        fmt::format("  {:<38}{:>6} packets, freed memory {:<9}{:>10.1f} us{:>6} blocks\n",
                    text(row, "world"), row.at("packets").get<std::uint64_t>(), text(row, "memory"),
                    number(row, "copy_us"), row.at("allocations").get<std::uint64_t>());
  }
  const auto& branches = document.at("branches");
  out += fmt::format(
      "\nsearching, {}\n  {:>9.0f} worlds/s copied and stepped to the next choice, {:.0f} run to "
      "their end\n  {:>9.0f} distinct worlds/s remembered by a hash, and {:.0f} met again\n",
      text(branches, "world"), number(branches, "worlds_per_s"), number(branches, "runs_per_s"),
      number(branches, "distinct_per_s"), number(branches, "again_per_s"));
  out += "\nthe whole model, native kernel\n";
  for (const auto& row : document.at("models")) {
    out += fmt::format("  {:<44}{:>9.1f} ms{:>9.2f} M events/s{:>9.0f} simulated s per s\n",
                       text(row, "run"), number(row, "run_ms"), number(row, "events_per_s") * 1e-6,
                       number(row, "speed_up_ratio"));
  }
  out += "\n";
  for (const auto& bar : document.at("bars")) {
    out += fmt::format("{:<6}{:<62}{:>8.1f}, {} {:g}\n", text(bar, "status"), text(bar, "name"),
                       number(bar, "value"), bar.contains("min") ? "at least" : "under",
                       number(bar, bar.contains("min") ? "min" : "max"));
  }
  return out;
}

}  // namespace holdfast::bench
