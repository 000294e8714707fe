// SPDX-License-Identifier: Apache-2.0
// Drawing what goes wrong in a random scenario.
#include <algorithm>
#include <map>
#include <string>

#include "tests/differential/generate_internal.hpp"

namespace holdfast::generate {

namespace {

json strike_time(Dice& dice, const Names& names) {
  const std::uint64_t early = dice.between(200, names.duration_ms / 2);
  const std::string at = std::to_string(early) + "ms";
  if (dice.percent(70))
    return at;
  return {{"uniform", {at, std::to_string(early + names.duration_ms / 4) + "ms"}}};
}

void repeat(Dice& dice, json& out) {
  if (!out.contains("for") || !dice.percent(30))
    return;
  out["for"] = dice.span(1, 400, "ms");
  out["every"] = dice.span(401, 1500, "ms");
  if (dice.percent(50))
    out["times"] = dice.between(1, 5);
}

void choose_packets(Dice& dice, const Names& names, json& out) {
  if (!dice.percent(30))
    return;
  out["host"] = names.hosts[0];
  out["controller"] = "nvme0";
  if (dice.percent(70))
    out["queue"] = dice.between(0, 1);
}

void make_netem(Dice& dice, json& out) {
  if (dice.percent(70)) {
    out["delay"] = dice.span(1, 2000, "us");
    if (dice.percent(40)) {
      out["reorder"] = dice.pick({"1%", "20%"});
      out["reorder_correlation"] = dice.pick({"0%", "50%"});
      out["gap"] = dice.between(1, 5);
    }
  }
  if (dice.percent(50)) {
    out["jitter"] = dice.span(1, 500, "us");
    out["delay_correlation"] = dice.pick({"0%", "25%"});
    out["distribution"] = dice.pick({"uniform", "normal"});
  }
  if (dice.percent(40))
    out["duplicate"] = dice.pick({"1%", "30%"});
  if (dice.percent(30)) {
    out["loss_model"] = {{"p", "1%"}, {"r", dice.pick({"10%", "50%"})}};
  } else if (dice.percent(50)) {
    out["loss"] = dice.pick({"0.1%", "5%"});
  }
  if (dice.percent(30))
    out["rate"] = dice.pick({"100Mbps", "5Gbps"});
  if (dice.percent(20))
    out["limit"] = dice.between(1, 50);
}

}  // namespace

json administrator(Dice& dice, const Names& names, const json& scenario) {
  const std::size_t devices = scenario["hosts"][0]["connect"].size();
  const auto device = [&] { return numbered("nvme", dice.between(0, devices - 1)); };
  json out = {{"at", strike_time(dice, names)},
              {"type", dice.pick({"passthrough", "passthrough", "passthrough_ccr",
                                  "reset_controller", "delete_controller"})},
              {"host", names.hosts[0]},
              {"controller", device()}};
  if (out["type"] == "passthrough_ccr") {
    out["source"] = device();
    out["names"] =
        dice.pick({"present", "own_id", "unknown_id", "wrong_ciu", "wrong_cirn", "previous"});
    if (out["source"] == out["controller"])
      out["type"] = "reset_controller", out.erase("source"), out.erase("names");
  } else if (out["type"] == "passthrough") {
    // Keep Alive, Set and Get Features (KATO), Identify, Get Log Page 1Eh, something unknown.
    out["opcode"] = dice.pick({0x18, 0x09, 0x09, 0x0a, 0x06, 0x02, 0xc0});
    out["cdw10"] = out["opcode"] == 0x02 ? 0x3ff001e : out["opcode"] == 0x06 ? 1 : 0x0f;
    out["cdw11"] = dice.pick({0, 900, 1000, 2500, 70'000});
    out["data_size"] = "4KiB";
  }
  return out;
}

json network_fault(Dice& dice, const Names& names, const json& scenario) {
  const bool tcp = scenario["fabric"].value("transport", "tcp") == "tcp";
  json out = {{"at", strike_time(dice, names)},
              {"type", dice.pick({"impair", "impair", "impair", "cross_traffic", "port_removed"})}};
  if (tcp && dice.percent(30))
    out["type"] = dice.pick({"kill_sockets", "drop_capsule"});
  const json& connect = scenario["hosts"][0]["connect"][0];
  if (out["type"] == "kill_sockets" || out["type"] == "drop_capsule") {
    out["host"] = names.hosts[0];
    out["controller"] = "nvme0";
    if (out["type"] == "kill_sockets") {
      out["side"] = dice.pick({"host", "target"});
      return out;
    }
    out["opcode"] = dice.pick({"write", "read"});
    out["nth"] = dice.between(1, 9);
    out["count"] = dice.between(1, 4);
    out["transmissions"] = dice.between(0, 2);
    out["packets"] = dice.pick({"all", "first", "last"});
    return out;
  }
  if (dice.percent(70))
    out["for"] = dice.span(1, names.duration_ms / 2, "ms");
  if (out["type"] == "port_removed") {
    out["subsystem"] = subsystem_name(0);
    out["port"] = dice.pick(names.ports[0]);
  } else if (out["type"] == "cross_traffic") {
    out["from"] = names.hosts[0];
    out["to"] = connect["port"];
    out["packet"] = dice.span(64, 576, "B");
    out["rate"] = dice.pick({"1Mbps", "20Mbps"});
    out["pattern"] = dice.pick({"constant", "poisson", "on_off"});
    if (out["pattern"] == "on_off") {
      out["burst"] = dice.span(1, 50, "ms");
      out["pause"] = dice.span(1, 200, "ms");
    }
  } else {
    out["link"] = dice.pick(names.links);
    out["direction"] = dice.pick({"both", "forward", "backward"});
    make_netem(dice, out);
    repeat(dice, out);
    if (tcp)
      choose_packets(dice, names, out);
  }
  return out;
}

json refusal(Dice& dice, const Names& names) {
  json out = {{"at", strike_time(dice, names)}, {"subsystem", subsystem_name(0)}};
  if (dice.percent(60)) {
    out["type"] = "ana_change";
    out["port"] = dice.pick(names.ports[0]);
    out["state"] = dice.pick({"optimized", "non-optimized", "non-optimized", "inaccessible",
                              "persistent-loss", "change", "change"});
    return out;
  }
  out["type"] = "command_status";
  out["controller"] = dice.between(1, 3);
  out["opcode"] = dice.pick({"write", "read"});
  out["status"] = dice.pick({"0x006", "0x021", "0x082", "0x300", "0x302", "0x303"});
  out["crd"] = dice.between(0, 3);
  out["dnr"] = dice.percent(10);
  out["count"] = dice.between(1, 20);
  return out;
}

json fault(Dice& dice, const Names& names) {
  json out = {{"at", strike_time(dice, names)},
              {"type", dice.pick({"blackhole", "link_down", "loss", "fopcode", "fopcode", "fopcode",
                                  "delay_command", "node", "node", "admin_stall"})}};
  if (out["type"] == "fopcode" || out["type"] == "delay_command") {
    out["subsystem"] = subsystem_name(0);
    out["controller"] = dice.between(1, 3);
    out["opcode"] = dice.pick({"write", "write", "write", "read", "zone_append", "copy"});
    out["delay"] = dice.span(1, 4000, "ms");
    out["count"] = dice.between(0, 3);
    return out;
  }
  if (out["type"] == "node") {
    out["subsystem"] = subsystem_name(0);
    out["node"] = "node-" + dice.pick(names.ports[0]);
    out["state"] = dice.pick({"crash", "hang", "hang", "partition"});
  } else if (out["type"] == "admin_stall") {
    out["subsystem"] = subsystem_name(0);
    out["controller"] = dice.between(1, 3);
  } else {
    out["link"] = dice.pick(names.links);
  }
  if (dice.percent(70))
    out["for"] = dice.span(1, names.duration_ms / 2, "ms");
  if (!out.contains("link") || out["type"] == "link_down")
    return out;
  out["direction"] = dice.pick({"both", "forward", "backward"});
  if (out["type"] == "loss")
    out["probability"] = dice.pick({"1%", "10%", "50%"});
  return out;
}

void ride_on_fc(Dice& dice, const Names& names, json& s) {
  s["fabric"]["transport"] = "fc";
  for (json& link : s["fabric"]["links"])
    link.erase("mtu");
  for (json& host : s["hosts"]) {
    if (host["policy"]["preset"] == "tp4129-rfc1")  // for tcp only
      host["policy"]["preset"] = "tp8028-v2";
    for (json& connect : host["connect"])
      connect["dev_loss_tmo"] = dice.pick({"0s", "1s", "60s"});
  }
  if (dice.percent(40))
    return;
  json lost = {{"type", "remote_port_lost"},
               {"at", strike_time(dice, names)},
               {"host", names.hosts[0]},
               {"port", s["hosts"][0]["connect"][0]["port"]}};
  if (dice.percent(50)) {
    lost.erase("host");
    lost["type"] = dice.pick({"target_port_lost", "port_removed"});
    lost["subsystem"] = s["hosts"][0]["connect"][0]["subsystem"];
  }
  if (dice.percent(70))
    lost["for"] = dice.span(1, names.duration_ms / 2, "ms");
  s["faults"].push_back(lost);
}

void stand_still(Dice& dice, const Names& names, json& s) {
  const std::string who = dice.pick(names.hosts);
  const auto falls = [&](const json& fault) {
    static const std::vector<std::string> down = {"host_crash", "initiator_killed",
                                                  "host_shutdown"};
    const bool goes = std::find(down.begin(), down.end(), fault["type"]) != down.end();
    return goes && fault["host"] == who;
  };
  if (std::none_of(s["faults"].begin(), s["faults"].end(), falls)) {
    const std::uint64_t pauses = dice.between(1, 3);
    for (std::uint64_t i = 0; i < pauses; ++i)
      s["faults"].push_back({{"type", "host_pause"},
                             {"at", dice.span(500, 2500, "ms")},
                             {"for", dice.span(1, 2000, "ms")},
                             {"host", who},
                             {"clock", dice.pick({"runs", "stops"})}});
  }
  s["hosts"].back()["hostid"] = "6f1e4a52-0c1d-4b9e-8f5a-2b7c9d3e1a40";
}

void shake_hands(Dice& dice, json& s) {
  std::map<std::string, bool> asks;
  for (json& sub : s["subsystems"]) {
    sub["tls_time"] = dice.pick({"0s", "1ms", "30ms"});
    const bool dhchap = asks[sub["name"]] = dice.percent(50);
    if (dhchap)
      sub["dhchap_time"] = dice.pick({"0s", "1ms", "30ms"});
    sub["dhchap_under_tls"] = dice.percent(30);
  }
  // Damage is for digests to find, and refused with TLS.
  const bool tls = std::none_of(s["faults"].begin(), s["faults"].end(),
                                [](const json& f) { return f["type"] == "damage_pdu"; });
  for (json& host : s["hosts"]) {
    for (json& connect : host["connect"]) {
      const bool dhchap = asks[connect["subsystem"]];
      if (dhchap)
        connect["dhchap"] = {{"time", dice.pick({"0s", "2ms"})}, {"both_ways", dice.percent(30)}};
      if (tls && dice.percent(70))
        connect["tls"] = {{"time", dice.pick({"0s", "2ms", "100ms"})}, {"timeout", "1s"}};
      connect["rto_min"] = dice.span(10, 200, "ms");
    }
  }
}

}  // namespace holdfast::generate
