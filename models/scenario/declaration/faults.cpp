// SPDX-License-Identifier: Apache-2.0
// Declarations of faults. One row per key.
#include "models/scenario/declaration/repeat.hpp"

namespace holdfast::scenario {
namespace {

const Object<Blackhole>& blackhole_object() {
  static const auto declared =
      Object<Blackhole>("blackhole", "Packets vanish on a link; neither side is told.")
          .with(lasting())
          .field("link", &Blackhole::link, name(longest_name), "which link", required)
          .field("direction", &Blackhole::direction, direction(), "of the packets that vanish")
          .maybe("larger_than", &Blackhole::larger_than, integer<std::uint32_t>(64, 65'535),
                 "only packets of more bytes, from the IP header on, as where a switch drops what "
                 "is too long for it without a word; absent: all packets")
          .with(selective())
          .with(repeating());
  return declared;
}

const Object<LinkDown>& link_down_object() {
  static const auto declared =
      Object<LinkDown>("link_down", "Carrier loss: what is queued or on the wire is lost as well.")
          .with(lasting())
          .field("link", &LinkDown::link, name(longest_name), "which link", required)
          .field("forwards_after", &LinkDown::forwards_after, duration(0s, longest_run),
                 "when the carrier is back, both ends think that the link is well, and it drops "
                 "everything for so long, as a switch does until it forwards")
          .maybe("leg", &LinkDown::leg,
                 choice<LinkDown::Leg>(
                     {{"primary", LinkDown::Leg::primary}, {"backup", LinkDown::Leg::backup}}),
                 "of a link with `bond`: only this leg; absent: the link, whatever carries it")
          .with(repeating());
  return declared;
}

const Object<Loss>& loss_object() {
  static const auto declared =
      Object<Loss>("loss", "Random loss of packets that starts, and may end, at a given time.")
          .with(lasting())
          .field("link", &Loss::link, name(longest_name), "which link", required)
          .field("direction", &Loss::direction, direction(), "of the packets that are lost")
          .field("probability", &Loss::probability, probability(), "per packet", required)
          .with(selective())
          .with(repeating());
  return declared;
}

Object<CommandFault> command_fault(const char* name_of_type, const char* doc) {
  return Object<CommandFault>(name_of_type, doc)
      .field("at", &CommandFault::at, latency(longest_run), "from when on it is armed", required)
      .with(target_controller())
      .field("opcode", &CommandFault::opcode, opcode(), "which I/O commands")
      .field("delay", &CommandFault::delay, duration(0s, longest_run),
             "the command is executed this much later")
      .field("count", &CommandFault::count, integer<std::uint32_t>(0, 1'000'000'000),
             "how many commands are hit; 0: every one");
}

const Object<CommandFault>& fopcode_object() {
  static const auto declared = command_fault(
      "fopcode",
      "nvmet's fault injection: a command with that opcode makes the controller fatal (its "
      "connections drop) and is executed only after the delay.");
  return declared;
}

const Object<CommandFault>& delay_command_object() {
  static const auto declared =
      command_fault("delay_command", "A command with that opcode is executed after a delay.")
          .field("admin", &CommandFault::admin, boolean(),
                 "the opcode is meant as one of the admin queue, e.g. 24 for Keep Alive")
          .with(page());
  return declared;
}

const Object<CommandStatus>& command_status_object() {
  static const auto declared =
      Object<CommandStatus>("command_status",
                            "Commands with that opcode are answered with a status instead of being "
                            "executed.")
          .field("at", &CommandStatus::at, latency(longest_run), "from when on it is armed",
                 required)
          .with(target_controller())
          .field("opcode", &CommandStatus::opcode, opcode(), "which commands")
          .field("admin", &CommandStatus::admin, boolean(),
                 "the opcode is meant as one of the admin queue, e.g. 24 for Keep Alive")
          .with(page())
          .field("status", &CommandStatus::status, status_code(), "type and code of the status")
          .field("crd", &CommandStatus::crd, integer<std::uint8_t>(0, 3),
                 "Command Retry Delay: 0 none, 1 to 3 that entry of `crdt`")
          .field("dnr", &CommandStatus::dnr, boolean(), "Do Not Retry")
          .field("count", &CommandStatus::count, integer<std::uint32_t>(0, 1'000'000'000),
                 "how many commands are hit; 0: every one");
  return declared;
}

const Object<SetAttrCqt>& set_attr_cqt_object() {
  static const auto declared =
      Object<SetAttrCqt>(
          "set_attr_cqt",
          "An administrator of nvmet writes attr_cqt: another value than before ends "
          "all controllers of the subsystem, whose hosts connect again and read it.")
          .field("at", &SetAttrCqt::at, latency(longest_run), "when", required)
          .field("subsystem", &SetAttrCqt::subsystem, name(longest_nqn), "which subsystem",
                 required)
          .field("value", &SetAttrCqt::value, duration(0s, 65535ms, 1ms), "CQT from then on",
                 required);
  return declared;
}

const Object<AnaChange>& ana_change_object() {
  static const auto declared =
      Object<AnaChange>("ana_change",
                        "An ANA group changes its state at one port; the hosts there are told.")
          .field("at", &AnaChange::at, latency(longest_run), "when", required)
          .field("subsystem", &AnaChange::subsystem, name(longest_nqn), "which subsystem", required)
          .field("port", &AnaChange::port, name(longest_name), "at which of its ports", required)
          .field("group", &AnaChange::group, integer<std::uint32_t>(1, 128), "which group")
          .field("state", &AnaChange::state, ana_state(), "its state from then on", required);
  return declared;
}

Object<OperatorAction> operator_action(const char* name_of_type, const char* doc) {
  return Object<OperatorAction>(name_of_type, doc)
      .field("at", &OperatorAction::at, latency(longest_run), "when", required)
      .with(device("on which host"));
}

const Object<OperatorAction>& reset_object() {
  static const auto declared = operator_action(
      "reset_controller", "An administrator writes to reset_controller of a controller in sysfs.");
  return declared;
}

const Object<OperatorAction>& delete_object() {
  static const auto declared = operator_action(
      "delete_controller", "An administrator deletes one controller (nvme disconnect -d).");
  return declared;
}

const Object<OperatorAction>& disconnect_object() {
  static const auto declared = operator_action(
      "disconnect",
      "An administrator deletes all controllers of that controller's subsystem (nvme disconnect "
      "-n).");
  return declared;
}

const Object<OperatorAction>& passthrough_object() {
  using Names = host::CcrNames;
  static const auto declared =
      operator_action("passthrough_ccr",
                      "An administrator sends Cross-Controller Reset by passthrough; the kernel "
                      "does not know of it.")
          .field("source", &OperatorAction::source, name(longest_name),
                 "device name of the controller that is asked", required)
          .field("names", &OperatorAction::names,
                 choice<Names>({{"present", Names::present},
                                {"own_id", Names::own_id},
                                {"unknown_id", Names::unknown_id},
                                {"wrong_ciu", Names::wrong_ciu},
                                {"wrong_cirn", Names::wrong_cirn},
                                {"previous", Names::previous}}),
                 "the instance that the command names: the controller's present one, the source "
                 "itself, none, one with a wrong CIU or CIRN, or the one before the present one");
  return declared;
}

const Object<Passthrough>& admin_passthrough_object() {
  const auto dword = integer<std::uint32_t>(0, UINT32_MAX);
  static const auto declared =
      Object<Passthrough>("passthrough",
                          "An administrator sends an admin command by passthrough. The kernel "
                          "takes notice of a Set Features that changes KATO, and of no other.")
          .field("at", &Passthrough::at, latency(longest_run), "when", required)
          .with(device("on which host"))
          .field("opcode", &Passthrough::opcode, integer<std::uint8_t>(0, 255), "admin opcode",
                 required)
          .field("nsid", &Passthrough::nsid, dword, "namespace id")
          .field("cdw10", &Passthrough::cdw10, dword, "dword 10 of the command")
          .field("cdw11", &Passthrough::cdw11, dword, "dword 11")
          .field("cdw12", &Passthrough::cdw12, dword, "dword 12")
          .field("cdw13", &Passthrough::cdw13, dword, "dword 13")
          .field("data_size", &Passthrough::data_bytes, size<std::uint32_t>(0, 16384),
                 "room for the data of the answer");
  return declared;
}

const Object<HcaRemoved>& hca_removed_object() {
  static const auto declared =
      Object<HcaRemoved>("hca_removed",
                         "The RDMA adapter of a host at one of its links is removed in good order: "
                         "all controllers behind it are deleted.")
          .field("at", &HcaRemoved::at, latency(longest_run), "when", required)
          .field("host", &HcaRemoved::host, name(longest_name), "whose adapter", required)
          .field("link", &HcaRemoved::link, name(longest_name), "the link that ends in it",
                 required);
  return declared;
}

const Object<RemotePortLost>& remote_port_lost_object() {
  static const auto declared =
      Object<RemotePortLost>("remote_port_lost",
                             "fc: the fabric tells a host that a port is gone (RSCN); no frame "
                             "passes between the two.")
          .with(lasting())
          .field("host", &RemotePortLost::host, name(longest_name), "which host", required)
          .field("port", &RemotePortLost::port, name(longest_name), "a port that it connects to",
                 required);
  return declared;
}

const Object<NodeFault>& node_fault_object() {
  using State = target::NodeState;
  static const auto declared =
      Object<NodeFault>("node",
                        "A node of an array crashes (what it had is gone), hangs (and resumes with "
                        "what it had) or is cut off from the other nodes.")
          .with(lasting())
          .field("subsystem", &NodeFault::subsystem, name(longest_nqn), "which subsystem", required)
          .field("node", &NodeFault::node, name(longest_name), "which of its nodes", required)
          .field("state", &NodeFault::state,
                 choice<State>({{"crash", State::crashed},
                                {"hang", State::hung},
                                {"partition", State::partitioned}}),
                 "what becomes of it")
          .field("clock", &NodeFault::clock, clock_in_pause(),
                 "`hang`: its clock meanwhile; with `stops` its keep-alive timers are late by the "
                 "hang");
  return declared;
}

const Object<AdminStall>& admin_stall_object() {
  static const auto declared =
      Object<AdminStall>("admin_stall",
                         "Admin commands of a controller, Keep Alive among them, wait behind slow "
                         "admin work and are executed in order when it ends.")
          .with(lasting())
          .with(target_controller());
  return declared;
}

}  // namespace

Object<Device> device(const char* whose) {
  return Object<Device>()
      .field("host", &Device::host, name(longest_name), whose, required)
      .field("controller", &Device::controller, name(longest_name),
             "device name: nvme0 is the host's first connection", required);
}

const Object<Lasting>& lasting() {
  static const auto declared =
      Object<Lasting>()
          .field("at", &Lasting::at, latency(longest_run), "when it strikes", required)
          .maybe("for", &Lasting::until_after, duration(1ns, longest_run),
                 "how long it lasts; absent: until the end of the run");
  return declared;
}

const Object<Repeating>& repeating() {
  static const auto declared =
      Object<Repeating>()
          .maybe("every", &Repeating::every, duration(1ns, longest_run),
                 "it strikes again each time this has passed; longer than `for`")
          .maybe("times", &Repeating::times, integer<std::uint32_t>(1, 1'000'000'000),
                 "how often it strikes, with `every`; absent: until the end of the run");
  return declared;
}

const Object<Selective>& selective() {
  static const auto declared =
      Object<Selective>()
          .maybe("host", &Selective::host, name(longest_name),
                 "tcp: only packets of a controller of this host")
          .maybe("controller", &Selective::controller, name(longest_name),
                 "and of this controller: nvme0 is the host's first connection")
          .maybe("queue", &Selective::queue, integer<std::uint16_t>(0, 65'535),
                 "and of the connection that carries this queue; 0: the admin queue");
  return declared;
}

Codec<Direction> direction() {
  return choice<Direction>({{"both", Direction::both},
                            {"forward", Direction::forward},
                            {"backward", Direction::backward}});
}

Codec<AnaState> ana_state() {
  return choice<AnaState>({{"optimized", AnaState::optimized},
                           {"non-optimized", AnaState::non_optimized},
                           {"inaccessible", AnaState::inaccessible},
                           {"persistent-loss", AnaState::persistent_loss},
                           {"change", AnaState::change}});
}

const Union<Fault>& fault_union() {
  using Action = OperatorAction::Kind;
  static const auto declared =
      Union<Fault>()
          .alternative(blackhole_object())
          .alternative(link_down_object())
          .alternative(loss_object())
          .alternative(impair_object())
          .alternative(cross_traffic_object())
          .alternative(drop_capsule_object())
          .alternative(kill_sockets_object())
          .alternative(damage_pdu_object())
          .alternative(response_object())
          .alternative(port_mute_object())
          .alternative(no_route_object())
          .alternative(host_blocked_object())
          .alternative(host_pause_object())
          .alternative(host_crash_object(), &HostDown::how, HostDown::How::crash)
          .alternative(initiator_killed_object(), &HostDown::how, HostDown::How::process)
          .alternative(host_shutdown_object(), &HostDown::how, HostDown::How::shutdown)
          .alternative(failure_trace_object())
          .alternative(port_removed_object(), &PortRemoved::refuses, false)
          .alternative(target_port_lost_object(), &PortRemoved::refuses, true)
          .alternative(node_fault_object())
          .alternative(admin_stall_object())
          .alternative(fopcode_object(), &CommandFault::fatal, true)
          .alternative(delay_command_object(), &CommandFault::fatal, false)
          .alternative(command_status_object())
          .alternative(ana_change_object())
          .alternative(set_attr_cqt_object())
          .alternative(reset_object(), &OperatorAction::kind, Action::reset)
          .alternative(delete_object(), &OperatorAction::kind, Action::remove)
          .alternative(disconnect_object(), &OperatorAction::kind, Action::disconnect)
          .alternative(passthrough_object(), &OperatorAction::kind, Action::ccr)
          .alternative(admin_passthrough_object())
          .alternative(hca_removed_object())
          .alternative(remote_port_lost_object())
          .alternative(link_integrity_object())
          .copies("copies");
  return declared;
}

}  // namespace holdfast::scenario
