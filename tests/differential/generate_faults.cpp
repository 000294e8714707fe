// SPDX-License-Identifier: Apache-2.0
// Drawing what goes wrong in a random scenario.
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

}  // namespace

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
  if (dice.percent(70))
    lost["for"] = dice.span(1, names.duration_ms / 2, "ms");
  s["faults"].push_back(lost);
}

}  // namespace holdfast::generate
