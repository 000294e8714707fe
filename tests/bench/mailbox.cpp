// SPDX-License-Identifier: Apache-2.0
// A plain S4U program in the form that SimGrid 3.32 takes best of those that we tried:
//  - One actor per message in flight puts, waits until the message has arrived, and puts again. Few
//    actors with many asynchronous puts each were several times slower, because SimGrid walks a
//    list of the actor's activities whenever one of them ends.
//  - No receiver is declared permanent: a message waits in its mailbox until it is got, as a packet
//    waits in the queue of a link, so that few flow at once. Otherwise SimGrid would share each
//    link among all of them anew whenever one starts or ends.
//  - Nor do many wait in one mailbox, because SimGrid moves the rest of the queue at each receipt.
//    About eight messages share a mailbox, which has an actor of its own that gets them.
//  - Routes are listed, not searched.
#include "tests/bench/mailbox.hpp"

#include "sim/simgrid/api.hpp"

#include <simgrid/version.h>
#include <simgrid/s4u/Actor.hpp>
#include <simgrid/s4u/Comm.hpp>
#include <simgrid/s4u/Engine.hpp>
#include <simgrid/s4u/Host.hpp>
#include <simgrid/s4u/Link.hpp>
#include <simgrid/s4u/Mailbox.hpp>
#include <simgrid/s4u/NetZone.hpp>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/allocations.hpp"

namespace holdfast::bench {

namespace s4u = ::simgrid::s4u;

namespace {

constexpr std::size_t messages_per_mailbox = 8;
constexpr double access_rate_bytes_per_s = 25e9 / 8;
constexpr double trunk_rate_bytes_per_s = 100e9 / 8;

/// A way from one host to another that a message takes in one go.
struct Way {
  s4u::Host* from = nullptr;
  s4u::Host* to = nullptr;
};

/// Two simplex links, so that the two directions do not share their rate.
using Duplex = std::array<s4u::Link*, 2>;

s4u::Engine* make_engine() {
  static std::vector<std::string> arguments = {
      "holdfast_bench",
      "--log=root.thresh:critical",
      // 100,000 actors have to fit into memory and into the number of mappings of a process.
      "--cfg=contexts/stack-size:16",
      "--cfg=contexts/guard-size:0",
  };
  static std::vector<char*> argv;
  for (std::string& argument : arguments)
    argv.push_back(argument.data());
  int argc = static_cast<int>(argv.size());
  argv.push_back(nullptr);
  return s4u::Engine::get_instance(&argc, argv.data());
}

/// The fabric of packets.hpp. Switches are hosts too: actors have to run on them.
class Platform {
 public:
  explicit Platform(bool hop_by_hop);
  [[nodiscard]] const std::vector<Way>& ways() const { return ways_; }

 private:
  s4u::Host* host(const std::string& name) { return zone_->create_host(name, 1e9); }
  Duplex link(const std::string& name, double rate) {
    return {zone_->create_link(name + "+", rate)->set_latency(2e-6)->seal(),
            zone_->create_link(name + "-", rate)->set_latency(2e-6)->seal()};
  }
  void add_way(s4u::Host* from, s4u::Host* to, const std::vector<s4u::Link*>& links) {
    const std::vector<s4u::LinkInRoute> route(links.begin(), links.end());
    zone_->add_route(from->get_netpoint(), to->get_netpoint(), nullptr, nullptr, route, false);
    ways_.push_back({from, to});
  }

  s4u::NetZone* zone_ = s4u::create_full_zone("fabric");
  std::vector<Way> ways_;
};

Platform::Platform(bool hop_by_hop) {
  const std::array<s4u::Host*, 3> node = {host("leaf0"), host("spine"), host("leaf1")};
  const std::array<Duplex, 2> trunk = {link("leaf0-spine", trunk_rate_bytes_per_s),
                                       link("spine-leaf1", trunk_rate_bytes_per_s)};
  for (std::size_t i = 0; hop_by_hop && i < trunk.size(); ++i) {
    add_way(node.at(i), node.at(i + 1), {trunk.at(i)[0]});
    add_way(node.at(i + 1), node.at(i), {trunk.at(i)[1]});
  }
  for (std::uint32_t i = 0; i < pairs; ++i) {
    const std::string number = std::to_string(i);
    s4u::Host* const h = host("h" + number);
    s4u::Host* const t = host("t" + number);
    const Duplex first = link("h" + number + "-leaf0", access_rate_bytes_per_s);
    const Duplex last = link("leaf1-t" + number, access_rate_bytes_per_s);
    if (hop_by_hop) {
      add_way(h, node[0], {first[0]});
      add_way(node[0], h, {first[1]});
      add_way(node[2], t, {last[0]});
      add_way(t, node[2], {last[1]});
    } else {
      add_way(h, t, {first[0], trunk[0][0], trunk[1][0], last[0]});
      add_way(t, h, {last[1], trunk[1][1], trunk[0][1], first[1]});
    }
  }
  zone_->seal();
}

/// Counts messages and keeps the time from the end of the warm-up on.
class Watch {
 public:
  Watch(const Load& load, std::uint32_t hops_per_message)
      : begin_(load.mailbox_messages / 4), end_(begin_ + load.mailbox_messages) {
    sample_.hops = std::uint64_t{load.mailbox_messages} * hops_per_message;
  }
  void count() {
    if (++received_ == begin_) {
      allocated_ = allocations();
      stopwatch_.emplace();
    } else if (received_ == end_) {
      sample_.cpu_s = stopwatch_->cpu_s();
      sample_.allocations = allocations() - allocated_;
    }
  }
  [[nodiscard]] bool is_over() const { return received_ >= end_; }
  [[nodiscard]] const Sample& sample() const { return sample_; }

 private:
  std::uint64_t begin_;
  std::uint64_t end_;
  std::uint64_t received_ = 0;
  std::uint64_t allocated_ = 0;
  std::optional<Stopwatch> stopwatch_;
  Sample sample_;
};

Sample run(const Load& load, bool hop_by_hop) {
  s4u::Engine* const engine = make_engine();
  const Platform platform(hop_by_hop);
  const std::vector<Way>& ways = platform.ways();
  Watch watch(load, hop_by_hop ? 1 : hops_per_route);
  const std::size_t mailboxes =
      std::max<std::size_t>(ways.size(), load.in_flight / messages_per_mailbox);
  const auto mailbox = [](std::size_t i) { return s4u::Mailbox::by_name(std::to_string(i)); };
  std::vector<std::uint32_t> messages(load.in_flight);
  // Daemons are killed when the last actor that is none has ended.
  for (std::uint32_t i = 0; i < load.in_flight; ++i) {
    const std::size_t box = i % mailboxes;
    messages[i] = i;
    s4u::Actor::create("sender", ways[box % ways.size()].from,
                       [to = mailbox(box), message = &messages[i], bytes = bytes_of_packet(i)] {
                         for (;;)
                           to->put(message, bytes);
                       })
        ->daemonize();
  }
  for (std::size_t box = 0; box < mailboxes; ++box) {
    s4u::Actor::create("receiver", ways[box % ways.size()].to, [from = mailbox(box), &watch] {
      for (;;) {
        from->get<std::uint32_t>();
        watch.count();
      }
    })->daemonize();
  }
  s4u::Actor::create("end", ways.front().to, [&watch] {
    while (!watch.is_over())
      s4u::this_actor::sleep_for(1e-4);
  });
  engine->run();
  return watch.sample();
}

}  // namespace

Sample run_mailbox_hops(const Load& load) { return run(load, true); }
Sample run_mailbox_end_to_end(const Load& load) { return run(load, false); }

std::string simgrid_version() {
  return std::to_string(SIMGRID_VERSION_MAJOR) + "." + std::to_string(SIMGRID_VERSION_MINOR);
}

}  // namespace holdfast::bench
