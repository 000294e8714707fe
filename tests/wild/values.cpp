// SPDX-License-Identifier: Apache-2.0
#include "tests/wild/values.hpp"

#include <map>

#include "models/scenario/reading/units.hpp"
#include "models/scenario/scenario.hpp"

namespace holdfast::wild {

namespace {

using Words = std::vector<std::string>;

/// Where any value of the kind would be a world that never works, or works too hard for this: I/O
/// that times out before the medium has done it, links that carry nothing.
const std::map<std::string, Words>& sensible() {
  static const std::map<std::string, Words> out = {
      {"connect.admin_timeout", {"1s", "3s", "60s"}},
      {"connect.io_timeout", {"500ms", "2s", "30s"}},
      {"connect.keep_alive_tmo", {"0s", "1s", "2s", "3s"}},
      {"connect.rto_min", {"1ms", "20ms", "200ms"}},
      {"connect.tcp_user_timeout", {"100ms", "500ms", "2s"}},
      {"connect.reconnect_delay", {"100ms", "1s", "2s"}},
      {"connect.setup_time", {"0s", "1ms", "100ms"}},
      {"fabric.ack_timeout", {"2ms", "20ms", "67108864ns"}},
      {"fabric.cm_timeout", {"50ms", "500ms", "4608ms"}},
      {"fabric.receive_window", {"64KiB", "256KiB", "3MiB"}},
      {"fabric.send_buffer", {"64KiB", "256KiB", "4MiB"}},
      {"fio.rate", {"0B", "16KiB", "256KiB"}},
      {"fio.size", {"0B", "64KiB", "1MiB"}},
      {"fio.offset", {"0B", "4KiB", "64KiB"}},
      {"host.admin_timeout", {"1s", "3s", "60s"}},
      {"host.delayed_removal_secs", {"0s", "1s", "60s"}},
      {"host.io_timeout", {"500ms", "2s", "30s"}},
      {"impair.delay", {"0s", "50us", "2ms"}},
      {"impair.jitter", {"0s", "20us", "1ms"}},
      {"link.delay", {"1us", "50us", "3ms"}},
      {"media.read", {"0s", "80us", "1ms", "20ms"}},
      {"media.write", {"0s", "20us", "1ms", "20ms"}},
      {"link.queue", {"16KiB", "64KiB", "1MiB"}},
      {"namespace.block_size", {"512B", "4KiB"}},
      {"namespace.size", {"256KiB", "4MiB", "1GiB"}},
      {"scenario.duration", {"1s", "3s", "6s"}},
      {"subsystem.ccr_delay", {"0s", "1ms", "200ms"}},
      {"subsystem.connect_time", {"0s", "1ms", "30ms"}},
      {"subsystem.teardown_time", {"0s", "1ms", "30ms"}},
      {"subsystem.tls_time", {"0s", "1ms", "30ms"}},
      {"subsystem.dhchap_time", {"0s", "1ms", "30ms"}},
      {"tls.time", {"0s", "1ms", "30ms"}},
      {"tls.timeout", {"1s", "3s", "10s"}},
      {"dhchap.time", {"0s", "1ms", "30ms"}},
      {"takeover.detect", {"0s", "100ms", "1s"}},
      {"takeover.fence", {"0s", "10ms", "1s"}},
      {"takeover.change", {"0s", "10ms", "1s"}},
      {"takeover.learn", {"0s", "10ms", "1s"}},
      {"path_latency.window", {"0s", "10ms", "1s"}},
      {"subsystem.reservation_delay", {"0s", "10ms", "1s"}},
      {"subsystem.discovery_kato", {"1s", "2s", "120s"}},
      {"subsystem.fence_time", {"0s", "10ms", "1s"}},
      {"subsystem.kas", {"1s", "2s"}},
      {"subsystem.kato_max", {"0s", "3s", "60s"}},
      {"subsystem.kato_min", {"0s", "1s", "3s"}},
      {"subsystem.quiesce_time", {"0s", "20ms", "2s"}},
      {"suspicion.keep_alive_late", {"0s", "500ms", "2s"}},
      {"suspicion.look_every", {"0s", "100ms", "2s"}},
      {"suspicion.probe_idle", {"0s", "200ms", "2s"}},
      {"suspicion.slow_io", {"0s", "2s", "10s"}},
      {"suspicion.tcp_user_timeout", {"0s", "500ms", "2s"}},
      {"zoned.zone_size", {"64KiB", "256KiB"}},
  };
  return out;
}

/// Counts that multiply into more events than a run is to have.
const std::map<std::string, std::uint64_t>& most() {
  static const std::map<std::string, std::uint64_t> out = {
      {"blackhole.queue", 2},
      {"impair.queue", 2},
      {"loss.queue", 2},
      {"connect.nr_io_queues", 4},
      {"connect.queue_size", 64},
      {"cross_traffic.packet", 1500},
      {"fio.iodepth", 8},
      {"fio.numjobs", 2},
      {"fio.rate_iops", 200},
      {"host.cpus", 4},
      {"rw_test.iterations", 20},
      {"rw_test.writes", 16},
      {"script.repeat", 50},
      {"step.blocks", 8},
      {"subsystem.attr_cntlid_max", 64},
  };
  return out;
}

const json& schema() {
  static const json out = scenario::schema();
  return out;
}

bool is_pattern(const json& node, const std::string& pattern) {
  const std::string found = node.value("pattern", "");
  return found == pattern || found == pattern + "|[{}]";  // in what may be a template
}

}  // namespace

const json* declared(const json& node) {
  const auto named = node.find("$ref");
  if (named == node.end())
    return nullptr;
  return &schema().at("$defs").at(named->get<std::string>().substr(std::string("#/$defs/").size()));
}

json Values::of(const json& node, const std::string& object, const std::string& key) {
  if (node.contains("const"))
    return node["const"];
  // Of all numbers few are commands that have a feature or a log page.
  if (object == "response" && key == "opcode" && dice_.percent(50))
    return dice_.pick({2, 9, 10, 24});
  if (node.contains("enum"))
    return node["enum"][dice_.between(0, node["enum"].size() - 1)];
  for (const char* choice : {"anyOf", "oneOf"}) {
    if (node.contains(choice)) {
      const json& one = node[choice][dice_.between(0, node[choice].size() - 1)];
      json with_default = one;
      if (node.contains("default") && one.contains("type"))
        with_default["default"] = node["default"];
      return of(with_default, object, key);
    }
  }
  const std::string type = node.value("type", "");
  if (type == "boolean")
    return dice_.percent(50);
  if (type == "integer" || type == "number") {
    json out = number(node);
    const auto bound = most().find(object + "." + key);
    if (bound != most().end() && !(absurd_ && dice_.percent(30)) && out > bound->second)
      out = dice_.between(std::min(node.value("minimum", std::uint64_t{0}), bound->second),
                          bound->second);
    return out;
  }
  if (type == "array")
    return list(node, object, key);
  if (type == "object") {
    json out = json::object();
    const json required = node.value("required", json::array());
    for (const auto& [member, kind] : node["properties"].items()) {
      const bool needed = std::find(required.begin(), required.end(), member) != required.end();
      if (needed || dice_.percent(60))
        out[member] = of(kind, object, key);
    }
    return out;
  }
  return text(node, object, key);
}

json Values::list(const json& node, const std::string& object, const std::string& key) {
  const std::uint64_t fewest = node.value("minItems", std::uint64_t{0});
  const std::uint64_t most = std::min<std::uint64_t>(node.value("maxItems", 3U), fewest + 3);
  json out = json::array();
  for (std::uint64_t left = dice_.between(fewest, most); left > 0; --left)
    out.push_back(of(node["items"], object, key));
  return out;
}

json Values::text(const json& node, const std::string& object, const std::string& key) {
  using namespace scenario;
  const auto few = sensible().find(object + "." + key);
  if (few != sensible().end() && !(absurd_ && dice_.percent(30)))
    return dice_.pick(few->second);
  if (is_pattern(node, duration_pattern()))
    return duration(node);
  if (is_pattern(node, size_pattern()))
    return size(node);
  if (is_pattern(node, rate_pattern()))
    return object == "cross_traffic" ? dice_.pick({"100Kbps", "1Mbps", "20Mbps"})
                                     : dice_.pick({"100Mbps", "1Gbps", "10Gbps", "100Gbps"});
  const std::string pattern = node.value("pattern", "");
  if (!pattern.empty() && pattern.find('%') != pattern.npos)
    return dice_.pick({"0%", "0.1%", "1%", "5%", absurd_ ? "100%" : "20%"});
  if (pattern.rfind("^0x", 0) == 0)
    return dice_.pick({"0x000", "0x006", "0x021", "0x082", "0x118", "0x300", "0x303", "0x371"});
  if (key == "point")
    return "link " + (names_.links.empty() ? "nowhere" : dice_.pick(names_.links)) +
           dice_.pick({" fwd/loss", " back/loss"});
  if (pattern.empty())
    return dice_.pick({"", "words", "Wörter", "\"quoted\"\n"});
  return name(key);
}

json Values::name(const std::string& key) {
  const auto one_of = [&](const Words& words) {
    return words.empty() ? std::string("nobody") : dice_.pick(words);
  };
  if (key == "controller" || key == "source")
    return "nvme" + std::to_string(dice_.between(0, 2));
  if (key == "host")
    return one_of(names_.hosts);
  if (key == "subsystem")
    return dice_.percent(5) ? std::string("discovery") : one_of(names_.subsystems);
  if (key == "port" || key == "ports")
    return one_of(names_.ports);
  if (key == "link" || key == "links")
    return one_of(names_.links);
  if (key == "what")
    return one_of(dice_.percent(70) ? names_.links : names_.nodes);
  if (key == "node")
    return one_of(names_.nodes);
  if (key == "from" || key == "to" || key == "ends")
    return one_of(names_.ends);
  return "name-" + std::to_string(dice_.between(0, 1'000'000));
}

json Values::number(const json& node) {
  const json low = node.value("minimum", node.value("exclusiveMinimum", json(0)));
  const json high = node.value("maximum", json(1'000'000));
  if (absurd_ && dice_.percent(30))
    return dice_.percent(50) ? high : low;
  if (node["type"] == "number") {
    if (high.get<double>() <= 1.0)
      return dice_.pick({0.0, 0.001, 0.01, 0.05, absurd_ ? 1.0 : 0.2});
    return dice_.pick({0.5, 1.0, 2.0, 3.0});
  }
  const auto fewest = low.get<std::uint64_t>();
  const auto most = high.get<std::uint64_t>();
  if (most == UINT64_MAX)
    return dice_.pick<std::uint64_t>({1, 2, 1ULL << 63, UINT64_MAX});
  if (dice_.percent(70))
    return dice_.between(fewest, std::min(most, fewest + 8));
  return dice_.between(fewest, std::min<std::uint64_t>(most, fewest + 5000));
}

json Values::duration(const json& node) {
  if (absurd_ && dice_.percent(30))
    return dice_.pick({"0s", "1ns", "1us", "1h", "1000000s"});
  const json usual = node.value("default", json());
  const auto given = usual.is_string() ? scenario::parse_duration(usual.get<std::string>()).value
                                       : sim::Duration{};
  if (given <= sim::Duration{} || dice_.percent(30))
    return dice_.pick({"0s", "1us", "50us", "1ms", "20ms", "100ms", "300ms", "1s", "2s"});
  sim::Duration out = given / dice_.pick({16, 4, 2, 1}) * dice_.pick({1, 1, 2});
  // Many are whole seconds or milliseconds.
  for (const sim::Duration step :
       {sim::Duration{std::chrono::seconds{1}}, sim::Duration{std::chrono::milliseconds{1}}}) {
    if (out >= step)
      out -= out % step;
  }
  return scenario::format_duration(out);
}

json Values::size(const json& node) {
  if (absurd_ && dice_.percent(30))
    return dice_.pick({"0B", "1B", "513B", "1GiB", "64TiB"});
  const json usual = node.value("default", json());
  const auto given =
      usual.is_string() ? scenario::parse_size(usual.get<std::string>()).value : std::uint64_t{0};
  if (given == 0 || dice_.percent(30))
    return dice_.pick({"0B", "512B", "4KiB", "8KiB", "16KiB", "64KiB"});
  return scenario::format_size(given / dice_.pick({8U, 4U, 2U, 1U}) * dice_.pick({1U, 1U, 2U}));
}

}  // namespace holdfast::wild
