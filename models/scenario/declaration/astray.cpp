// SPDX-License-Identifier: Apache-2.0
// Declarations of faults that operators met: responses that go astray, ports that nobody serves,
// routes that are gone, threads that are busy. One row per key.
#include "models/scenario/declaration/repeat.hpp"

namespace holdfast::scenario {

const Object<TargetController>& target_controller() {
  static const auto declared =
      Object<TargetController>()
          .field("subsystem", &TargetController::subsystem, name(longest_nqn), "which subsystem",
                 required)
          .field("controller", &TargetController::controller, integer<std::uint16_t>(1, 0xffef),
                 "which controller, by its id (CNTLID)");
  return declared;
}

const Object<Page>& page() {
  static const auto declared =
      Object<Page>()
          .maybe("feature", &Page::feature, integer<std::uint8_t>(0, 255),
                 "with `admin` and opcode 9 or 10: only of that feature, e.g. 15 for KATO")
          .maybe("log_page", &Page::log_page, integer<std::uint8_t>(0, 255),
                 "with `admin` and opcode 2: only of that log page, e.g. 12 for ANA");
  return declared;
}

const Object<ResponseFault>& response_object() {
  using target::Astray;
  static const auto declared =
      Object<ResponseFault>("response",
                            "tcp: the responses of commands that were executed are late, are never "
                            "sent, or are sent twice.")
          .field("at", &ResponseFault::at, latency(longest_run), "from when on it is armed",
                 required)
          .with(target_controller())
          .field("opcode", &ResponseFault::opcode, opcode(), "of which commands")
          .field("admin", &ResponseFault::admin, boolean(),
                 "the opcode is meant as one of the admin queue, e.g. 24 for Keep Alive")
          .with(page())
          .field("what", &ResponseFault::what,
                 choice<Astray>(
                     {{"late", Astray::late}, {"lost", Astray::lost}, {"twice", Astray::twice}}),
                 "what becomes of them")
          .field("delay", &ResponseFault::delay, duration(1ns, longest_run),
                 "how late it is; of `twice` the second one, behind the first")
          .field("count", &ResponseFault::count, integer<std::uint32_t>(0, 1'000'000'000),
                 "how many responses; 0: every one");
  return declared;
}

const Object<PortMute>& port_mute_object() {
  static const auto declared =
      Object<PortMute>("port_mute",
                       "tcp: a target that is alive at the level of TCP only. Connections to a "
                       "port are accepted, and an ICReq that comes meanwhile is never answered; "
                       "those that are set up go on.")
          .with(lasting())
          .field("port", &PortMute::port, name(longest_name), "a port of a subsystem", required);
  return declared;
}

const Object<NoRoute>& no_route_object() {
  using Error = NoRoute::Error;
  static const auto declared =
      Object<NoRoute>("no_route",
                      "tcp: an interface or a route of a host is gone, so that a connect to a port "
                      "fails at once. Connections that are there do not hear of it.")
          .with(lasting())
          .field("host", &NoRoute::host, name(longest_name), "which host", required)
          .field("port", &NoRoute::port, name(longest_name), "a port that it connects to", required)
          .field("error", &NoRoute::error,
                 choice<Error>({{"network", Error::network}, {"host", Error::host}}),
                 "ENETUNREACH (-101), or EHOSTUNREACH (-113)");
  return declared;
}

const Object<HostBlocked>& host_blocked_object() {
  static const auto declared =
      Object<HostBlocked>("host_blocked",
                          "The thread of a user-space initiator that sends Keep Alives does "
                          "something else meanwhile; its looks are late by as much. I/O is another "
                          "thread's.")
          .with(lasting())
          .field("host", &HostBlocked::host, name(longest_name), "which host", required);
  return declared;
}

}  // namespace holdfast::scenario
