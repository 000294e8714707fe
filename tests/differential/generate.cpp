// SPDX-License-Identifier: Apache-2.0
// Drawing random scenarios. Rates are low and timers short, so that much goes wrong in little time.
#include "tests/differential/generate.hpp"

#include "tests/differential/generate_internal.hpp"
#include "tests/wild/suit.hpp"

namespace holdfast::generate {

namespace {

json link(Dice& dice, Names& names, const std::string& a, const std::string& b) {
  json out = {{"name", a + "-" + b},
              {"ends", {a, b}},
              {"rate", dice.pick({"100Mbps", "1Gbps", "10Gbps", "25Gbps"})},
              {"delay", dice.pick({"1us", "2us", "50us", "1ms", "3ms"})},
              {"mtu", dice.pick({576, 1500, 1500, 1500, 9000})},
              {"queue", dice.pick({"16KiB", "64KiB", "1MiB"})}};
  if (dice.percent(20))
    out["loss"] = dice.pick({"0.1%", "1%", "5%"});
  if (dice.percent(10))
    out["loss"] = {{"forward", "2%"}};
  names.links.push_back(out["name"]);
  return out;
}

/// Shapes: every host on every switch; the same with the switches in a chain; hosts on the first
/// switch only of a chain. A port hangs on one switch, so every host reaches every port.
json fabric(Dice& dice, Names& names) {
  json links = json::array();
  const std::uint64_t switches = dice.between(1, 4);
  const auto shape = dice.between(0, 2);
  for (const std::string& host : names.hosts) {
    for (std::uint64_t s = 0; s < (shape == 2 ? 1 : switches); ++s)
      links.push_back(link(dice, names, host, numbered("s", s)));
  }
  for (std::uint64_t s = 1; s < (shape == 0 ? 1 : switches); ++s)
    links.push_back(link(dice, names, numbered("s", s - 1), numbered("s", s)));
  for (std::size_t i = 0; i < names.ports.size(); ++i) {
    const std::uint64_t count = dice.between(1, 3);
    for (std::uint64_t p = 0; p < count; ++p) {
      names.ports[i].push_back(numbered("a", i) + "p" + std::to_string(p));
      const std::string at = numbered("s", dice.between(0, switches - 1));
      links.push_back(link(dice, names, at, names.ports[i].back()));
    }
  }
  json out = {{"links", links}};
  if (dice.percent(35)) {
    out["transport"] = "rdma";
    if (dice.percent(50))
      out["ack_timeout"] = dice.pick({"2ms", "20ms", "67108864ns"});
    if (dice.percent(30))
      out["retry_count"] = dice.between(0, 7);
    if (dice.percent(50))
      out["cm_timeout"] = dice.pick({"50ms", "500ms"});
  }
  if (dice.percent(30))
    out["rto_min"] = dice.pick({"5ms", "50ms"});
  if (dice.percent(30))
    out["initial_window"] = dice.between(1, 20);
  return out;
}

json latency(Dice& dice) {
  switch (dice.between(0, 3)) {
    case 0:
      return {{"uniform", {"10us", dice.span(20, 5000, "us")}}};
    case 1:
      return {{"exponential", dice.span(10, 500, "us")}, {"min", "10us"}};
    case 2:
      return dice.span(0, 20, "ms");
    default:
      return dice.span(10, 200, "us");
  }
}

/// Profiles other than nvmet, nodes and the knobs that go with them.
void array_knobs(Dice& dice, const Names& names, std::size_t i, json& out) {
  out["profile"] =
      dice.pick({"nvmet-mainline", "nvmet-mainline", "nvmet-tp8028", "spdk-like", "array"});
  if (out["profile"] == "spdk-like") {
    // A run is shorter than the 10 s that are the default.
    out["kato_min"] = dice.pick({"0s", "3s"});
    out["kas"] = "1s";
  }
  for (const std::string& port : names.ports[i])
    out["nodes"].push_back({{"name", "node-" + port}, {"ports", json::array({port})}});
  if (dice.percent(30))
    out["in_flight"] = dice.pick({"drain", "abort", "ignore", "quiesce"});
  if (dice.percent(30))
    out["quiesce_time"] = {{"usual", "20ms"}, {"rare", "2s"}, {"chance", "20%"}};
  if (dice.percent(30))
    out["hang_resumes"] = "expires_first";
  if (dice.percent(50))
    out["unreachable_ccr"] = dice.pick({"fails", "waits"});
  if (dice.percent(20))
    out["watchdog"] = dice.pick({"timer", "poller"});
  if (dice.percent(20))
    out["keep_alive_from"] = dice.pick({"connect", "enable"});
  if (dice.percent(20))
    out["lost_host_log"] = true;
}

json subsystem(Dice& dice, const Names& names, std::size_t i) {
  json namespaces = json::array();
  const std::uint64_t count = dice.between(1, 2);
  for (std::uint64_t n = 1; n <= count; ++n) {
    namespaces.push_back({{"nsid", n},
                          {"size", "4MiB"},
                          {"block_size", dice.pick({"512B", "4KiB"})},
                          {"media", {{"read", latency(dice)}, {"write", latency(dice)}}}});
  }
  json out = {{"name", subsystem_name(i)},
              {"ports", names.ports[i]},
              {"namespaces", namespaces},
              {"attr_cqt", dice.pick({"0s", "1ms", "100ms", "2s"})},
              {"traffic_based_keep_alive", dice.percent(70)}};
  array_knobs(dice, names, i, out);
  if (dice.percent(30))
    out["inline_data_size"] = dice.pick({"0B", "4KiB", "8KiB"});
  if (dice.percent(20))
    out["kas"] = "2s";
  if (dice.percent(30))
    out["anatt"] = "1s";
  if (dice.percent(50))
    out["discovery_kato"] = dice.pick({"1s", "2s"});
  if (dice.percent(30))
    out["crdt"] = {"100ms", "300ms"};
  return out;
}

json connection(Dice& dice, std::size_t target, const std::string& port) {
  json out = {{"subsystem", subsystem_name(target)},
              {"port", port},
              {"at", dice.span(0, 50, "ms")},
              {"keep_alive_tmo", dice.span(1, 3, "s")},
              {"reconnect_delay", dice.pick({"100ms", "1s", "2s"})},
              {"queue_size", dice.pick({16, 32, 128})},
              {"nr_io_queues", dice.between(0, 3)}};
  if (dice.percent(20))
    out["ctrl_loss_tmo"] = dice.pick({"off", "3s", "0s"});
  if (dice.percent(20))
    out["fast_io_fail_tmo"] = "1s";
  return out;
}

json policy(Dice& dice) {
  json out = {{"preset", dice.pick({"linux-mainline", "cqt-only", "tp4129-rfc1", "tp8028-rfc1",
                                    "tp8028-v3", "tp8028-v4", "ccr+cqt+filter", "spec"})}};
  if (dice.percent(20))
    out["hold_multiplier"] = dice.between(1, 4);
  if (dice.percent(20))
    out.update({{"cqt_zero", "hold"}, {"cqt_when_zero", "500ms"}});
  return out;
}

json host(Dice& dice, const Names& names, std::size_t i) {
  json connects = json::array();
  for (std::size_t t = 0; t < names.ports.size(); ++t) {
    // The first subsystem always, so that there is something to do.
    if (t != 0 && dice.percent(40))
      continue;
    for (std::size_t p = 0; p < names.ports[t].size(); ++p) {
      if (p == 0 || dice.percent(80))
        connects.push_back(connection(dice, t, names.ports[t][p]));
    }
  }
  if (dice.percent(20)) {
    connects.push_back({{"subsystem", "discovery"},
                        {"port", names.ports[0][0]},
                        {"reconnect_delay", dice.pick({"100ms", "1s"})}});
  }
  json out = {{"name", names.hosts[i]},
              {"policy", policy(dice)},
              {"iopolicy", dice.pick({"numa", "round-robin", "queue-depth", "latency"})},
              {"cpus", dice.between(1, 4)},
              {"connect", connects}};
  if (dice.percent(30))
    out["io_timeout"] = dice.pick({"500ms", "2s"});
  if (dice.percent(20))
    out["admin_timeout"] = "1s";
  if (dice.percent(20))
    out["rdma_drains_queue_pair"] = false;
  if (dice.percent(20))
    out["socket_close_delay"] = dice.pick({"0s", "1ms", "100ms"});
  return out;
}

/// The namespace of scripts that append; it is there if one of them does.
constexpr int zoned_nsid = 9;

json step(Dice& dice, bool zoned) {
  json out = {
      {"do", zoned ? dice.pick({"zone_append", "zone_append", "zone_append", "zone_reset", "read",
                                "wait"})
                   : dice.pick({"write", "write", "read", "read", "write_zeroes", "deallocate",
                                "compare", "compare_and_write", "copy", "flush", "wait", "register",
                                "acquire", "release", "preempt"})},
      {"blocks", dice.between(1, 4)},
      {"lba", dice.between(0, 12)}};
  if (out["do"] == "wait")
    out["for"] = dice.span(1, 300, "ms");
  if (zoned)
    out["zone"] = dice.between(0, 3);
  out["from"] = dice.between(0, 12);
  if (dice.percent(50))
    out["ranges"] = dice.between(1, out["blocks"].get<std::uint64_t>());
  if (dice.percent(30))
    out["expects"] = "zeroes";
  out["key"] = dice.between(1, 2);
  wild::suit_step(out);
  return out;
}

json script(Dice& dice, json out) {
  out["type"] = "script";
  const bool zoned = dice.percent(30);
  if (zoned)
    out["nsid"] = zoned_nsid;
  const std::uint64_t steps = dice.between(2, 12);
  for (std::uint64_t i = 0; i < steps; ++i)
    out["steps"].push_back(step(dice, zoned));
  // Without a pause it would do nothing but this.
  out["steps"].push_back({{"do", "wait"}, {"for", dice.span(5, 50, "ms")}});
  out["repeat"] = dice.between(1, 200);
  return out;
}

/// What scripts need of the target.
void prepare_for_script(json& subsystem, const json& script) {
  subsystem["fused_commands"] = true;
  json& namespaces = subsystem["namespaces"];
  if (script.contains("nsid") && namespaces.back()["nsid"] != zoned_nsid) {
    namespaces.push_back(
        {{"nsid", zoned_nsid}, {"size", "256KiB"}, {"zoned", {{"zone_size", "64KiB"}}}});
  }
}

json workload(Dice& dice, const Names& names) {
  json out = {{"host", dice.pick(names.hosts)},
              {"subsystem", subsystem_name(0)},
              {"start", dice.span(0, 500, "ms")}};
  const std::uint64_t chance = dice.between(1, 100);
  if (chance > 80)
    return script(dice, out);
  if (chance <= 45) {
    out["type"] = "rw_test";
    out["iterations"] = dice.between(1, 20);
    out["sleep_before_read"] = dice.span(1, 500, "ms");
    out["sleep_after_read"] = dice.span(1, 500, "ms");
    return out;
  }
  out["type"] = "fio";
  out["rw"] = dice.pick({"read", "write", "randread", "randwrite", "rw", "randrw", "randrw"});
  out["bs"] = dice.pick({"4KiB", "4KiB", "8KiB", "64KiB"});
  out["iodepth"] = dice.between(1, 8);
  out["numjobs"] = dice.between(1, 2);
  out["rate_iops"] = dice.between(5, 120);
  out["rwmixread"] = dice.between(0, 100);
  // Few places, so that writes and reads meet each other.
  out["size"] = dice.pick({"64KiB", "64KiB", "64KiB", "1MiB"});
  if (dice.percent(20))
    out["thinktime"] = dice.span(1, 50, "ms");
  if (dice.percent(20))
    out["runtime"] = dice.span(500, 4000, "ms");
  return out;
}

/// Hosts and nodes that go and come back, links that fail together; for tcp.
void lose_power(Dice& dice, const Names& names, json& s) {
  json down = {{"type", dice.pick({"host_crash", "initiator_killed", "host_shutdown"})},
               {"at", dice.span(500, 2500, "ms")},
               {"host", dice.pick(names.hosts)}};
  if (dice.percent(80))
    down["for"] = dice.span(1, 2000, "ms");
  s["faults"].push_back(down);
  if (dice.percent(40) && names.links.size() > 1) {
    s["fabric"]["groups"] = {{{"name", "group"}, {"links", {names.links[0], names.links[1]}}}};
    s["faults"].push_back({{"type", "link_down"},
                           {"at", "1500ms"},
                           {"for", "300ms"},
                           {"link", "group"},
                           {"forwards_after", dice.pick({"0s", "500ms"})}});
  }
  if (dice.percent(30)) {
    s["faults"].push_back({{"type", "failure_trace"},
                           {"failures",
                            {{{"at", "1s"}, {"what", names.links[0]}, {"state", "down"}},
                             {{"at", "1200ms"}, {"what", names.links[0]}, {"state", "up"}}}}});
  }
  json& sub = s["subsystems"][0];
  sub["teardown_time"] = dice.pick({"0s", "1ms", "20ms"});
  if (names.ports[0].size() > 1)
    sub["takeover"] = {{"detect", dice.span(50, 500, "ms")},
                       {"fence", dice.span(0, 500, "ms")},
                       {"change", dice.span(0, 500, "ms")}};
  if (dice.percent(20))
    s["hosts"][0]["connect"][0]["keep_alive_tmo"] = "0s";
}

/// A host that suspects, and what operators met. `tcp`: nothing of what other transports refuse.
void suspect(Dice& dice, const Names& names, json& s, bool tcp) {
  json& host = s["hosts"][0];
  json& knobs = host["suspicion"] = {{"look_every", dice.span(50, 2000, "ms")},
                                     {"keep_alive_late", dice.span(10, 1000, "ms")},
                                     {"probe_on_ana", dice.percent(50)},
                                     {"lost_host_notice", dice.percent(50)}};
  if (dice.percent(50))
    knobs["probe_idle"] = dice.span(50, 1000, "ms");
  if (dice.percent(50))
    knobs["slow_io"] = dice.span(50, 1000, "ms");
  s["subsystems"][0]["connect_time"] = dice.pick({"0s", "1ms", "30ms"});
  if (dice.percent(30))
    s["faults"].push_back(
        {{"type", "host_blocked"}, {"at", "1s"}, {"for", "2s"}, {"host", names.hosts[0]}});
  if (!tcp)
    return;
  knobs["tcp_timeouts"] = dice.between(0, 3);
  if (dice.percent(50))
    knobs["tcp_user_timeout"] = dice.span(100, 2000, "ms");
  s["faults"].push_back({{"type", "response"},
                         {"at", dice.span(500, 2500, "ms")},
                         {"subsystem", subsystem_name(0)},
                         {"controller", dice.between(1, 3)},
                         {"what", dice.pick({"late", "lost", "twice"})},
                         {"count", dice.between(0, 3)}});
  if (s["faults"].back()["what"] != "lost")
    s["faults"].back()["delay"] = dice.span(1, 900, "ms");
  s["faults"].push_back(
      {{"type", "port_mute"}, {"at", "2s"}, {"for", "500ms"}, {"port", names.ports[0][0]}});
}

}  // namespace

std::string scenario_text(std::uint64_t seed) {
  Dice dice(seed, "scenario");
  Names names;
  names.duration_ms = dice.between(3000, 12'000);
  const std::uint64_t hosts = dice.between(1, 3);
  for (std::uint64_t i = 0; i < hosts; ++i)
    names.hosts.push_back(numbered("h", i));
  names.ports.resize(dice.between(1, 3));
  json out = {{"name", numbered("generated-", seed)},
              {"duration", std::to_string(names.duration_ms) + "ms"},
              {"seed", dice.between(1, 1'000'000)},
              {"fabric", fabric(dice, names)},
              {"subsystems", json::array()},
              {"hosts", json::array()},
              {"workloads", json::array()},
              {"faults", json::array()}};
  for (std::size_t i = 0; i < names.ports.size(); ++i)
    out["subsystems"].push_back(subsystem(dice, names, i));
  for (std::size_t i = 0; i < names.hosts.size(); ++i)
    out["hosts"].push_back(host(dice, names, i));
  const std::uint64_t loads = dice.between(1, 3);
  for (std::uint64_t i = 0; i < loads; ++i)
    out["workloads"].push_back(workload(dice, names));
  for (const json& load : out["workloads"]) {
    if (load["type"] == "script")
      prepare_for_script(out["subsystems"][0], load);
  }
  const std::uint64_t faults = dice.between(0, 4);
  for (std::uint64_t i = 0; i < faults; ++i)
    out["faults"].push_back(fault(dice, names));
  const std::uint64_t refusals = dice.between(0, 3);
  for (std::uint64_t i = 0; i < refusals; ++i)
    out["faults"].push_back(refusal(dice, names));
  // Dice of their own, so that everything else is drawn as it was without administrators.
  Dice more(seed, "administrator");
  if (more.percent(40))
    out["faults"].push_back(administrator(more, names, out));
  Dice wary(seed, "suspicion");
  const bool suspects = wary.percent(25);
  if (dice.percent(25)) {
    ride_on_fc(dice, names, out);
    if (suspects)
      suspect(wary, names, out, false);
    return out.dump(2);
  }
  const std::uint64_t impairments = dice.between(0, 3);
  for (std::uint64_t i = 0; i < impairments; ++i)
    out["faults"].push_back(network_fault(dice, names, out));
  const bool tcp = out["fabric"].value("transport", "tcp") == "tcp";
  if (suspects)
    suspect(wary, names, out, tcp);
  Dice power(seed, "power");
  if (tcp && power.percent(25))
    lose_power(power, names, out);
  Dice machines(seed, "machines");
  if (tcp && machines.percent(25))
    stand_still(machines, names, out);
  Dice keys(seed, "keys");
  if (tcp && keys.percent(25))
    shake_hands(keys, out);
  return out.dump(2);
}

}  // namespace holdfast::generate
