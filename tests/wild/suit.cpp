// SPDX-License-Identifier: Apache-2.0
#include "tests/wild/suit.hpp"

#include <map>
#include <set>
#include <string>

#include "models/wire/bytes.hpp"
#include "models/wire/opcodes.hpp"
#include "sim/random.hpp"

namespace holdfast::wild {
namespace {

using nlohmann::json;
using wire::AdminOpcode;

/// Get and Set Features have a feature, Get Log Page a log page; no other command has.
void suit_opcode(json& fault, bool sets) {
  const bool feature = fault.contains("feature");
  if (feature == fault.contains("log_page"))
    return;
  fault["admin"] = true;
  fault["opcode"] = wire::raw(!feature ? AdminOpcode::get_log_page
                              : sets   ? AdminOpcode::set_features
                                       : AdminOpcode::get_features);
}

/// Something has to notice that a PDU was damaged, and before TLS does.
void suit_digests(json& document, const json& fault) {
  for (json& host : document["hosts"]) {
    if (host["name"] != fault.value("host", json()))
      continue;
    for (json& connection : host["connect"]) {
      connection["hdr_digest"] = connection["data_digest"] = true;
      connection.erase("tls");
    }
  }
}

}  // namespace

void suit_step(json& step) {
  static const std::map<std::string, std::set<std::string>> takes = {
      {"wait", {"for"}},
      {"flush", {}},
      {"read", {"lba", "blocks"}},
      {"write", {"lba", "blocks"}},
      {"write_zeroes", {"lba", "blocks"}},
      {"deallocate", {"lba", "blocks", "ranges"}},
      {"compare", {"lba", "blocks", "expects"}},
      {"compare_and_write", {"lba", "blocks", "expects"}},
      {"copy", {"lba", "blocks", "from"}},
      {"zone_append", {"zone", "blocks"}},
      {"zone_reset", {"zone"}},
      {"register", {"key"}},
      {"acquire", {"key"}},
      {"release", {"key"}},
      {"preempt", {"key", "victim"}},
  };
  const auto& wanted = takes.at(step["do"]);
  json kept = json::object();
  for (const auto& [key, value] : step.items()) {
    if (key == "do" || wanted.contains(key))
      kept[key] = value;
  }
  step = kept;
}

void suit(json& document, std::uint64_t seed) {
  const std::uint64_t bits = sim::random_bits(seed, sim::hash_name("suit"), 0);
  if (bits % 8 == 0)  // so that what is refused is refused
    return;
  if (const auto workloads = document.find("workloads"); workloads != document.end()) {
    for (json& workload : *workloads) {
      if (!workload.contains("steps"))
        continue;
      for (json& step : workload["steps"])
        suit_step(step);
    }
  }
  const auto faults = document.find("faults");
  if (faults == document.end())
    return;
  for (json& fault : *faults) {
    const std::string type = fault.value("type", "");
    if (type == "damage_pdu")
      suit_digests(document, fault);
    else if (type == "delay_command" || type == "command_status")
      suit_opcode(fault, bits % 16 < 8);
  }
}

}  // namespace holdfast::wild
