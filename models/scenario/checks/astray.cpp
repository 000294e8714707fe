// SPDX-License-Identifier: Apache-2.0
// Cross checks of faults that operators met; see check.hpp.
#include "models/scenario/checks/internal.hpp"
#include "models/wire/opcodes.hpp"

namespace holdfast::scenario::check {

void page(const Page& page, bool admin, std::uint8_t opcode, const Cursor& at) {
  using wire::AdminOpcode;
  const bool features = opcode == wire::raw(AdminOpcode::set_features) ||
                        opcode == wire::raw(AdminOpcode::get_features);
  const bool logs = opcode == wire::raw(AdminOpcode::get_log_page);
  if (page.feature && !(admin && features))
    at.at("feature").fail("a feature of another command",
                          "\"admin\": true and opcode 9 (Set Features) or 10 (Get Features)");
  if (page.log_page && !(admin && logs))
    at.at("log_page")
        .fail("a log page of another command", "\"admin\": true and opcode 2 (Get Log Page)");
}

void astray(const Scenario& s, const PortMute& fault, const Cursor& at) {
  require_tcp(s, at.at("type"), "\"port_mute\"");
  std::vector<std::string> ports;
  for (const auto& subsystem : s.subsystems)
    ports.insert(ports.end(), subsystem.ports.begin(), subsystem.ports.end());
  require_name(at.at("port"), fault.port, "a port of any subsystem", ports);
}

void astray(const Scenario& s, const NoRoute& fault, const Cursor& at) {
  require_tcp(s, at.at("type"), "\"no_route\"");
  const Host& host = host_named(s, fault.host, at.at("host"));
  std::vector<std::string> ports;
  for (const auto& connect : host.connect)
    ports.push_back(connect.port);
  require_name(at.at("port"), fault.port,
               fmt::format("a port that {} connects to", in_quotes(host.name)).c_str(), ports);
}

void astray(const Scenario& s, const ResponseFault& fault, const Cursor& at) {
  require_tcp(s, at.at("type"), "\"response\"");
  page(fault, fault.admin, fault.opcode, at);
  if (fault.what == target::Astray::lost && fault.delay != ResponseFault{}.delay)
    at.at("delay").fail("\"delay\" of a response that is lost", "\"what\": \"late\" or \"twice\"");
}

void astray(const Scenario& s, const HostBlocked& fault, const Cursor& at) {
  host_named(s, fault.host, at.at("host"));
}

}  // namespace holdfast::scenario::check
