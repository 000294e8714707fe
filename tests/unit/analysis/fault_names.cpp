// SPDX-License-Identifier: Apache-2.0
// What a timeline calls the faults of a world. Each kind has a name of its own.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "analysis/traces/fault_name.hpp"
#include "models/scenario/builder/builder.hpp"
#include "models/scenario/scenario.hpp"
#include "models/world.hpp"

using namespace holdfast;

namespace {

constexpr const char* faulty = R"({
  "name": "faulty", "duration": "20s",
  "fabric": {"links": [{"name": "h-a", "ends": ["h", "a"]}, {"name": "h-b", "ends": ["h", "b"]}]},
  "subsystems": [{"name": "sub", "profile": "array", "ports": ["a", "b"],
                  "nodes": [{"name": "n1", "ports": ["a"]}, {"name": "n2", "ports": ["b"]}],
                  "namespaces": [{"size": "1MiB"}]}],
  "hosts": [{"name": "h", "connect": [{"subsystem": "sub", "port": "a", "data_digest": true},
                                      {"subsystem": "sub", "port": "b"}]}],
  "faults": [
    {"type": "blackhole", "at": "1s", "link": "h-a", "direction": "backward"},
    {"type": "link_down", "at": "1s", "link": "h-b"},
    {"type": "loss", "at": "1s", "link": "h-a", "probability": 0.5, "direction": "forward"},
    {"type": "impair", "at": "1s", "link": "h-a"},
    {"type": "fopcode", "at": "1s", "subsystem": "sub"},
    {"type": "delay_command", "at": "1s", "subsystem": "sub", "opcode": "read", "delay": "3s"},
    {"type": "command_status", "at": "1s", "subsystem": "sub", "status": "0x006"},
    {"type": "ana_change", "at": "1s", "subsystem": "sub", "port": "a", "state": "change"},
    {"type": "reset_controller", "at": "1s", "host": "h", "controller": "nvme0"},
    {"type": "delete_controller", "at": "1s", "host": "h", "controller": "nvme1"},
    {"type": "disconnect", "at": "1s", "host": "h", "controller": "nvme0"},
    {"type": "passthrough_ccr", "at": "1s", "host": "h", "controller": "nvme0", "source": "nvme1"},
    {"type": "passthrough", "at": "1s", "host": "h", "controller": "nvme0", "opcode": 6},
    {"type": "node", "at": "1s", "subsystem": "sub", "node": "n2", "state": "hang"},
    {"type": "admin_stall", "at": "1s", "subsystem": "sub", "controller": 7},
    {"type": "port_removed", "at": "1s", "subsystem": "sub", "port": "a"},
    {"type": "kill_sockets", "at": "1s", "host": "h", "controller": "nvme1"},
    {"type": "drop_capsule", "at": "1s", "host": "h", "controller": "nvme0"},
    {"type": "damage_pdu", "at": "1s", "host": "h", "controller": "nvme0"},
    {"type": "cross_traffic", "at": "1s", "from": "h", "to": "a"},
    {"type": "set_attr_cqt", "at": "1s", "subsystem": "sub", "value": "30s"}]
})";

}  // namespace

TEST_CASE("each kind of fault has a name of its own in a timeline", "[analysis]") {
  const World w = scenario::build(scenario::parse(faulty, "test"));
  const std::vector<std::string> expected = {"blackhole h-a, backward",
                                             "link down h-b",
                                             "loss h-a, forward",
                                             "impair h-a",
                                             "fopcode of controller 1: opcode 0x1 2.000 s late",
                                             "delay of controller 1: opcode 0x2 3.000 s late",
                                             "status of controller 1: opcode 0x1 Internal Error",
                                             "ANA change of group 1 of sub",
                                             "reset of nvme0",
                                             "delete of nvme1",
                                             "disconnect of nvme0",
                                             "passthrough CCR of nvme0",
                                             "passthrough of nvme0: opcode 0x6",
                                             "hang of node n2",
                                             "admin stall of controller 7",
                                             "port removed from sub",
                                             "sockets killed: nvme1",
                                             "capsules dropped: nvme0",
                                             "PDUs damaged: nvme0",
                                             "cross traffic",
                                             "CQT of sub set to 30000 ms"};
  REQUIRE(w.fault.faults.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(analysis::fault_name(w, w.fault.faults[i]) == expected[i]);
}
