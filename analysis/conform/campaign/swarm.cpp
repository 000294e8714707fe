// SPDX-License-Identifier: Apache-2.0
// Drawing scenarios; see swarm.hpp. Loads are thin and timers short, so that a run takes
// milliseconds, and nothing in them is beyond what an honest target can promise: commands that are
// delayed are delayed by less than any hold.
#include "analysis/conform/campaign/swarm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

#include "analysis/conform/view/phases.hpp"
#include "sim/dice.hpp"

namespace holdfast::conform {

using nlohmann::json;

namespace {

using sim::Dice;

constexpr std::uint64_t first_fault_ms = 2'000;
constexpr std::uint64_t last_heal_ms = 24'000;

struct Shape {
  std::string transport;
  std::uint64_t hosts = 1;
  std::uint64_t paths = 2;
};

json links_of(const Shape& shape) {
  json links = json::array();
  for (std::uint64_t p = 0; p < shape.paths; ++p) {
    const std::string sw = fmt::format("s{}", p);
    for (std::uint64_t h = 0; h < shape.hosts; ++h) {
      links.push_back(
          {{"name", fmt::format("h{}-{}", h, sw)}, {"ends", {fmt::format("h{}", h), sw}}});
    }
    links.push_back(
        {{"name", fmt::format("{}-a{}", sw, p)}, {"ends", {sw, fmt::format("a{}", p)}}});
  }
  return links;
}

json subsystem_of(Dice& dice, const Shape& shape) {
  json ports = json::array(), nodes = json::array();
  for (std::uint64_t p = 0; p < shape.paths; ++p) {
    const std::string port = fmt::format("a{}", p);
    ports.push_back(port);
    nodes.push_back({{"name", fmt::format("n{}", p)}, {"ports", {port}}});
  }
  json media = {{"read", "80us"}, {"write", "20us"}};
  if (dice.percent(40))
    media["write"] = {
        {"usual", "30us"}, {"rare", dice.span(1'000, 400'000, "us")}, {"chance", "5%"}};
  return {{"name", "sub"},
          {"ports", ports},
          {"nodes", nodes},
          {"namespaces", {{{"nsid", 1}, {"size", "16MiB"}, {"media", media}}}}};
}

json host_of(Dice& dice, const Shape& shape, std::uint64_t h) {
  const std::string kato = fmt::format("{}s", dice.pick({1, 2, 5}));
  const std::string delay = fmt::format("{}s", dice.pick({1, 2, 5}));
  json connect = json::array();
  for (std::uint64_t p = 0; p < shape.paths; ++p) {
    connect.push_back({{"subsystem", "sub"},
                       {"port", fmt::format("a{}", p)},
                       {"at", dice.span(0, 400'000, "us")},
                       {"keep_alive_tmo", kato},
                       {"reconnect_delay", delay},
                       {"nr_io_queues", dice.between(1, 2)}});
  }
  return {{"name", fmt::format("h{}", h)},
          {"iopolicy", dice.pick({"numa", "round-robin", "queue-depth"})},
          {"cpus", 2},
          {"io_timeout", "10s"},
          {"admin_timeout", "12s"},
          {"connect", connect}};
}

json load_of(Dice& dice, std::uint64_t h) {
  const std::uint64_t start = dice.between(500'000, 1500'000);
  json out = {{"host", fmt::format("h{}", h)}, {"start", fmt::format("{}us", start)}};
  if (dice.percent(35)) {
    out["type"] = "rw_test";
    out["iterations"] = dice.between(5, 20);
    out["sleep_before_read"] = dice.span(100'000, 4000'000, "us");
    out["sleep_after_read"] = dice.span(50'000, 2000'000, "us");
    return out;
  }
  out["type"] = "fio";
  out["rw"] = dice.pick({"randrw", "randwrite", "write", "randread"});
  out["bs"] = dice.pick({"4KiB", "4KiB", "32KiB"});
  out["iodepth"] = dice.between(1, 4);
  out["rate_iops"] = dice.between(2, 25);
  out["size"] = "64KiB";
  constexpr std::chrono::microseconds end = std::chrono::milliseconds{last_heal_ms} + load_in_calm;
  out["runtime"] = fmt::format("{}us", static_cast<std::uint64_t>(end.count()) - start);
  return out;
}

/// When a fault begins, and for how long it lasts; it is over when everything heals.
void set_times(Dice& dice, json& out, std::uint64_t longest_ms) {
  const std::uint64_t at = dice.between(first_fault_ms, last_heal_ms - 1'000);
  out["at"] = fmt::format("{}us", at * 1000 + dice.between(0, 999));
  const std::uint64_t most = std::min(longest_ms, last_heal_ms - at);
  out["for"] = fmt::format("{}ms", dice.between(std::min<std::uint64_t>(20, most), most));
}

void set_time(Dice& dice, json& out) {
  out["at"] = dice.span(first_fault_ms * 1000, last_heal_ms * 1000, "us");
}

std::string any_link(Dice& dice, const Shape& shape) {
  const std::uint64_t p = dice.between(0, shape.paths - 1);
  return dice.percent(60) ? fmt::format("h{}-s{}", dice.between(0, shape.hosts - 1), p)
                          : fmt::format("s{}-a{}", p, p);
}

json path_fault(Dice& dice, const Shape& shape) {
  json out = {{"type", dice.pick({"blackhole", "blackhole", "blackhole", "link_down", "loss"})},
              {"link", any_link(dice, shape)}};
  set_times(dice, out, 22'000);
  if (out["type"] != "link_down")
    out["direction"] = dice.pick({"both", "forward", "backward"});
  if (out["type"] == "loss")
    out["probability"] = dice.pick({"2%", "20%", "60%"});
  return out;
}

json slow_command(Dice& dice, const Shape& shape) {
  json out = {{"type", dice.pick({"delay_command", "delay_command", "fopcode"})},
              {"subsystem", "sub"},
              {"controller", dice.between(1, shape.paths * shape.hosts)},
              {"opcode", dice.pick({"write", "write", "read"})},
              {"delay", dice.span(50'000, 4000'000, "us")},
              {"count", dice.between(1, 3)}};
  set_time(dice, out);
  return out;
}

json target_fault(Dice& dice, const Shape& shape) {
  json out = {{"type", dice.pick({"node", "node", "admin_stall", "port_removed"})},
              {"subsystem", "sub"}};
  if (shape.transport == "fc" && out["type"] == "port_removed")
    out["type"] = "node";
  set_times(dice, out, 12'000);
  if (out["type"] == "node") {
    out["node"] = fmt::format("n{}", dice.between(0, shape.paths - 1));
    out["state"] = dice.pick({"crash", "hang"});
    // What a node that hung resumes with must still be within every hold.
    if (out["state"] == "hang")
      out["for"] = fmt::format("{}ms", dice.between(20, 900));
  } else if (out["type"] == "port_removed") {
    out["port"] = fmt::format("a{}", dice.between(0, shape.paths - 1));
  } else {
    out["controller"] = dice.between(1, shape.paths * shape.hosts);
  }
  return out;
}

json administrator(Dice& dice, const Shape& shape) {
  json out = {{"type", dice.pick({"reset_controller", "reset_controller", "passthrough_ccr"})},
              {"host", fmt::format("h{}", dice.between(0, shape.hosts - 1))}};
  const std::uint64_t impacted = dice.between(0, shape.paths - 1);
  out["controller"] = fmt::format("nvme{}", impacted);
  if (out["type"] == "passthrough_ccr") {
    out["source"] = fmt::format("nvme{}", (impacted + 1) % shape.paths);
    if (dice.percent(50))
      out["names"] = dice.pick({"own_id", "unknown_id", "wrong_ciu", "wrong_cirn", "previous"});
  }
  set_time(dice, out);
  return out;
}

json single_transport(Dice& dice, const Shape& shape) {
  json out;
  if (shape.transport == "fc") {
    out = {{"type", "remote_port_lost"},
           {"host", "h0"},
           {"port", fmt::format("a{}", dice.between(0, shape.paths - 1))}};
    set_times(dice, out, 10'000);
    return out;
  }
  out = {{"type", "impair"}, {"link", any_link(dice, shape)}};
  set_times(dice, out, 15'000);
  out["direction"] = dice.pick({"both", "forward", "backward"});
  // A fabric may keep nothing for longer than the shortest KATO: the reckoning of holds says so.
  out["delay"] = dice.span(1'000, 900'000, "us");
  if (dice.percent(40))
    out["duplicate"] = "10%";
  if (dice.percent(40))
    out["reorder"] = "10%";
  return out;
}

}  // namespace

json swarm_scenario(std::uint64_t seed, std::uint64_t number) {
  Dice dice(seed, fmt::format("conform {}", number));
  Shape shape;
  shape.transport = dice.pick({"tcp", "tcp", "tcp", "rdma", "fc"});
  shape.hosts = dice.percent(25) ? 2 : 1;
  shape.paths = dice.between(2, 4);
  json out = {{"name", fmt::format("swarm-{}-{}", seed, number)},
              {"duration", fmt::format("{}s", last_heal_ms / 1000 + calm.count())},
              {"seed", dice.between(1, 1'000'000)},
              {"fabric", {{"transport", shape.transport}, {"links", links_of(shape)}}},
              {"subsystems", {subsystem_of(dice, shape)}},
              {"hosts", json::array()},
              {"workloads", json::array()},
              {"faults", json::array()}};
  for (std::uint64_t h = 0; h < shape.hosts; ++h) {
    out["hosts"].push_back(host_of(dice, shape, h));
    // No load at all is a feature that may be left in, too.
    const std::uint64_t loads = dice.pick({0U, 1U, 1U, 1U, 2U});
    for (std::uint64_t i = 0; i < loads; ++i)
      out["workloads"].push_back(load_of(dice, h));
  }
  // Kinds of faults, each in or out.
  using Draw = json (*)(Dice&, const Shape&);
  std::vector<Draw> kinds = {path_fault};
  for (const Draw kind : {slow_command, target_fault, administrator, single_transport}) {
    if (dice.percent(45))
      kinds.push_back(kind);
  }
  const std::uint64_t faults = dice.between(1, 4);
  for (std::uint64_t i = 0; i < faults; ++i)
    out["faults"].push_back(kinds[dice.between(0, kinds.size() - 1)](dice, shape));
  return out;
}

}  // namespace holdfast::conform
