// SPDX-License-Identifier: Apache-2.0
// What peers.py runs on ns-3's TCP. Built by peers.py where ns-3 is installed, and by nobody else.
//   ns3_peer requests CLIENTS DEPTH SECONDS ASK ANSWER   clients - switch - target; bytes of both
//   ns3_peer fabric HOSTS SECONDS   hosts with four links; 72 bytes on each every 2.5 s
// Prints one JSON object.
#include <ns3/core-module.h>
#include <ns3/internet-module.h>
#include <ns3/network-module.h>
#include <ns3/point-to-point-module.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

using namespace ns3;

namespace {

std::uint32_t request_bytes = 72;
std::uint32_t answer_bytes = 4120;

std::uint64_t answers = 0, messages = 0;

double processor_s() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Counts what comes in, and answers or asks again for each whole message.
struct End {
  Ptr<Socket> socket;
  std::uint32_t awaits;  ///< bytes of a message that comes in
  std::uint32_t sends;   ///< bytes of what follows each of them; 0: nothing
  std::uint32_t have = 0;

  void receive(Ptr<Socket> from) {
    while (Ptr<Packet> packet = from->Recv())
      have += packet->GetSize();
    while (have >= awaits) {
      have -= awaits;
      answers += awaits == answer_bytes ? 1 : 0;
      ++messages;
      if (sends != 0)
        from->Send(Create<Packet>(sends));
    }
  }
};
std::vector<End*> ends;

End* add_end(Ptr<Socket> socket, std::uint32_t awaits, std::uint32_t sends) {
  auto* const end = new End{socket, awaits, sends};
  ends.push_back(end);
  socket->SetRecvCallback(MakeCallback(&End::receive, end));
  return end;
}

void listen(Ptr<Node> node, std::uint32_t awaits, std::uint32_t sends) {
  Ptr<Socket> socket = Socket::CreateSocket(node, TcpSocketFactory::GetTypeId());
  socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), 4420));
  socket->Listen();
  socket->SetAcceptCallback(
      MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
      Callback<void, Ptr<Socket>, const Address&>(
          [=](Ptr<Socket> accepted, const Address&) { add_end(accepted, awaits, sends); }));
}

NetDeviceContainer join(Ptr<Node> a, Ptr<Node> b, const char* rate, Ipv4AddressHelper& addresses,
                        Ipv4InterfaceContainer& out) {
  PointToPointHelper link;
  link.SetDeviceAttribute("DataRate", StringValue(rate));
  link.SetChannelAttribute("Delay", StringValue("2us"));
  link.SetQueue("ns3::DropTailQueue", "MaxSize", StringValue("1MB"));
  const NetDeviceContainer devices = link.Install(NodeContainer(a, b));
  out = addresses.Assign(devices);
  addresses.NewNetwork();
  return devices;
}

void requests(std::uint32_t clients, std::uint32_t depth) {
  Ptr<Node> target = CreateObject<Node>(), hub = CreateObject<Node>();
  NodeContainer hosts;
  hosts.Create(clients);
  InternetStackHelper stack;
  stack.InstallAll();
  Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.252");
  Ipv4InterfaceContainer trunk, access;
  join(hub, target, "100Gbps", addresses, trunk);
  for (std::uint32_t i = 0; i < clients; ++i)
    join(hosts.Get(i), hub, "25Gbps", addresses, access);
  Ipv4GlobalRoutingHelper::PopulateRoutingTables();
  listen(target, request_bytes, answer_bytes);
  for (std::uint32_t i = 0; i < clients; ++i) {
    Ptr<Socket> socket = Socket::CreateSocket(hosts.Get(i), TcpSocketFactory::GetTypeId());
    add_end(socket, answer_bytes, request_bytes);
    socket->SetConnectCallback(Callback<void, Ptr<Socket>>([depth](Ptr<Socket> connected) {
                                 for (std::uint32_t n = 0; n < depth; ++n)
                                   connected->Send(Create<Packet>(request_bytes));
                               }),
                               MakeNullCallback<void, Ptr<Socket>>());
    // Nodes are there from the beginning of the run on.
    const Ipv4Address address = trunk.GetAddress(1);
    Simulator::Schedule(MicroSeconds(i),
                        [socket, address] { socket->Connect(InetSocketAddress(address, 4420)); });
  }
}

void beat(Ptr<Socket> socket) {
  socket->Send(Create<Packet>(request_bytes));
  Simulator::Schedule(Seconds(2.5), &beat, socket);
}

void fabric(std::uint32_t hosts) {
  NodeContainer targets, all;
  targets.Create(4);
  all.Create(hosts);
  InternetStackHelper stack;
  stack.InstallAll();
  Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.252");
  for (std::uint32_t t = 0; t < 4; ++t)
    listen(targets.Get(t), request_bytes, 0);
  for (std::uint32_t i = 0; i < hosts; ++i) {
    for (std::uint32_t t = 0; t < 4; ++t) {
      Ipv4InterfaceContainer both;
      join(all.Get(i), targets.Get(t), "25Gbps", addresses, both);
      Ptr<Socket> socket = Socket::CreateSocket(all.Get(i), TcpSocketFactory::GetTypeId());
      const Ipv4Address address = both.GetAddress(1);
      Simulator::Schedule(MicroSeconds(i * 4 + t), [socket, address] {
        socket->SetConnectCallback(Callback<void, Ptr<Socket>>(&beat),
                                   MakeNullCallback<void, Ptr<Socket>>());
        socket->Connect(InetSocketAddress(address, 4420));
      });
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  Config::SetDefault("ns3::TcpSocket::SegmentSize", UintegerValue(1448));
  Config::SetDefault("ns3::TcpSocket::SndBufSize", UintegerValue(1U << 18));
  Config::SetDefault("ns3::TcpSocket::RcvBufSize", UintegerValue(1U << 18));
  double seconds = 0;
  if (what == "requests" && argc == 7) {
    request_bytes = std::strtoul(argv[5], nullptr, 10);
    answer_bytes = std::strtoul(argv[6], nullptr, 10);
    requests(std::strtoul(argv[2], nullptr, 10), std::strtoul(argv[3], nullptr, 10));
    seconds = std::strtod(argv[4], nullptr);
  } else if (what == "fabric" && argc == 4) {
    fabric(std::strtoul(argv[2], nullptr, 10));
    seconds = std::strtod(argv[3], nullptr);
  } else {
    return 2;
  }
  const double set_up = processor_s();
  Simulator::Stop(Seconds(seconds));
  Simulator::Run();
  std::printf("{\"answers\": %llu, \"messages\": %llu, \"set_up_s\": %.6f, \"run_s\": %.6f}\n",
              static_cast<unsigned long long>(answers), static_cast<unsigned long long>(messages),
              set_up, processor_s() - set_up);
  return 0;
}
