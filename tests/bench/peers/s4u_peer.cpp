// SPDX-License-Identifier: Apache-2.0
// What peers.py runs as a plain S4U program: messages through mailboxes, over SimGrid's Star zone.
// Built by peers.py, and by nobody else.
//   s4u_peer requests CLIENTS DEPTH SECONDS ASK ANSWER   bytes of both; an actor for each request
//   s4u_peer fabric HOSTS SECONDS   four messages of 72 bytes for each host every 2.5 s
// Prints one JSON object.
#include "sim/simgrid/api.hpp"

#include <simgrid/s4u/Actor.hpp>
#include <simgrid/s4u/Comm.hpp>
#include <simgrid/s4u/Engine.hpp>
#include <simgrid/s4u/Host.hpp>
#include <simgrid/s4u/Link.hpp>
#include <simgrid/s4u/Mailbox.hpp>
#include <simgrid/s4u/NetZone.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

namespace s4u = ::simgrid::s4u;

namespace {

double request_bytes = 72;
double answer_bytes = 4120;

std::uint64_t answers = 0, messages = 0;
int token = 0;

double processor_s() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

s4u::Host* add_host(s4u::NetZone* zone, const std::string& name, double gbps) {
  s4u::Host* const host = zone->create_host(name, 1e9);
  // A link for each direction, so that they do not share their rate.
  const s4u::Link* const up =
      zone->create_link(name + "+", gbps * 1e9 / 8)->set_latency(2e-6)->seal();
  const s4u::Link* const down =
      zone->create_link(name + "-", gbps * 1e9 / 8)->set_latency(2e-6)->seal();
  zone->add_route(host->get_netpoint(), nullptr, nullptr, nullptr, {s4u::LinkInRoute(up)}, false);
  zone->add_route(nullptr, host->get_netpoint(), nullptr, nullptr, {s4u::LinkInRoute(down)}, false);
  return host;
}

void requests(s4u::NetZone* zone, std::uint32_t clients, std::uint32_t depth, double end) {
  s4u::Host* const target = add_host(zone, "a0", 100);
  std::vector<s4u::Host*> hosts;
  for (std::uint32_t i = 0; i < clients; ++i)
    hosts.push_back(add_host(zone, "h" + std::to_string(i), 25));
  zone->seal();
  for (std::uint32_t i = 0; i < clients * depth; ++i) {
    s4u::Mailbox* const ask = s4u::Mailbox::by_name("ask" + std::to_string(i));
    s4u::Mailbox* const answer = s4u::Mailbox::by_name("answer" + std::to_string(i));
    s4u::Actor::create("target" + std::to_string(i), target, [=] {
      for (;;) {
        ask->get<int>();
        answer->put(&token, static_cast<std::uint64_t>(answer_bytes));
      }
    })->daemonize();
    s4u::Actor::create("client" + std::to_string(i), hosts[i % clients], [=] {
      while (s4u::Engine::get_clock() < end) {
        ask->put(&token, static_cast<std::uint64_t>(request_bytes));
        answer->get<int>();
        ++answers;
        messages += 2;
      }
    });
  }
}

void fabric(s4u::NetZone* zone, std::uint32_t count, double end) {
  std::vector<s4u::Host*> targets, hosts;
  for (int t = 0; t < 4; ++t)
    targets.push_back(add_host(zone, "a" + std::to_string(t), 400));
  for (std::uint32_t i = 0; i < count; ++i)
    hosts.push_back(add_host(zone, "h" + std::to_string(i), 25));
  zone->seal();
  for (std::uint32_t i = 0; i < count; ++i) {
    s4u::Actor::create("h" + std::to_string(i), hosts[i], [=] {
      s4u::this_actor::sleep_for(1e-6 * i);
      while (s4u::Engine::get_clock() < end) {
        for (s4u::Host* const target : targets) {
          s4u::Comm::sendto(hosts[i], target, static_cast<std::uint64_t>(request_bytes));
          ++messages;
        }
        s4u::this_actor::sleep_for(2.5);
      }
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words = {"s4u_peer", "--log=root.thresh:critical",
                                    "--cfg=contexts/stack-size:16", "--cfg=contexts/guard-size:0"};
  std::vector<char*> given;
  for (std::string& word : words)
    given.push_back(word.data());
  int count = static_cast<int>(given.size());
  given.push_back(nullptr);
  s4u::Engine engine(&count, given.data());
  s4u::NetZone* const zone = s4u::create_star_zone("fabric");
  const std::string what = argc > 1 ? argv[1] : "";
  const auto number = [&](int at) { return static_cast<std::uint32_t>(std::atoi(argv[at])); };
  if (what == "requests" && argc == 7) {
    request_bytes = number(5);
    answer_bytes = number(6);
    requests(zone, number(2), number(3), std::atof(argv[4]));
  } else if (what == "fabric" && argc == 4) {
    fabric(zone, number(2), std::atof(argv[3]));
  } else {
    return 2;
  }
  const double set_up = processor_s();
  engine.run();
  std::printf("{\"answers\": %llu, \"messages\": %llu, \"set_up_s\": %.6f, \"run_s\": %.6f}\n",
              static_cast<unsigned long long>(answers), static_cast<unsigned long long>(messages),
              set_up, processor_s() - set_up);
  return 0;
}
