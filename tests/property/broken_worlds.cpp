// SPDX-License-Identifier: Apache-2.0
// The invariants themselves: each is seen to be broken in a world that is damaged by hand.
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/conformance/support.hpp"
#include "tests/property/closing.hpp"

using namespace holdfast;
using namespace holdfast::conformance;

namespace {

/// Whether some host has two segments, or a work request, or an exchange under way.
bool is_sending(const World& w) {
  const auto segments = [](const auto& c) { return c.end[0].sent.size() > 1; };
  const auto work = [](const auto& q) { return !q.end[0].out.empty(); };
  const auto& t = w.transport;
  return t.fc.exchanges.live() != 0 ||
         std::any_of(t.connections.begin(), t.connections.end(), segments) ||
         std::any_of(t.rdma.pairs.begin(), t.rdma.pairs.end(), work);
}

/// Two paths and much I/O, at an instant at which commands are out, execute and wait for tags.
World busy(const char* transport) {
  json s = scenario_with(2);
  s["fabric"]["transport"] = transport;
  set_connect(s, "queue_size", 16);
  s["subsystems"][0]["namespaces"][0]["media"] = {{"read", "1ms"}, {"write", "1ms"}};
  s["workloads"] = json::array({fio({{"iodepth", 64}, {"start", "20ms"}})});
  Run run(s);
  run.until(25ms);
  while (!is_sending(run.world))
    REQUIRE(run.world.calendar.step(run.world, sim::epoch + 1s));
  return run.world;
}

struct Damage {
  const char* transport;
  const char* told;
  void (*harm)(World&);
};

host::Queue& io_queue(World& w) {
  return w.host.queues[sim::index(w.host.controllers[0].admin) + 1];
}

transport::Endpoint& sender(World& w) {
  for (transport::Connection& c : w.transport.connections) {
    if (c.end[0].sent.size() > 1)
      return c.end[0];
  }
  FAIL("nobody has sent anything");
  return w.transport.connections.begin()->end[0];
}

rdma::End& requester(World& w) {
  for (rdma::QueuePair& q : w.transport.rdma.pairs) {
    if (!q.end[0].out.empty())
      return q.end[0];
  }
  FAIL("nobody has posted anything");
  return w.transport.rdma.pairs.begin()->end[0];
}

target::Queue& executing(World& w) {
  for (target::Queue& q : w.target.queues) {
    if (q.executing != 0)
      return q;
  }
  FAIL("nothing executes");
  return *w.target.queues.begin();
}

const Damage damages[] = {
    {"tcp", "net: ", [](World& w) { w.net.packets.add(); }},
    {"tcp", "a gap between what is out", [](World& w) { ++sender(w).sent.back().seq; }},
    {"tcp", "are sacked, lost, repeated", [](World& w) { sender(w).sent.front().lost = true; }},
    {"tcp", "acknowledged", [](World& w) { ++sender(w).next; }},
    {"tcp", "the peer has",
     [](World& w) { w.transport.connections[transport::ConnectionId{0}].end[1].expected += 1000; }},
    {"tcp", "their senders know of", [](World& w) { ++sender(w).packets_in_flight; }},
    {"rdma", "acknowledged", [](World& w) { requester(w).next = requester(w).posted + 1; }},
    {"rdma", "kept", [](World& w) { ++requester(w).out.front().end; }},
    {"fc", "exchanges",
     [](World& w) { ++w.transport.fc.connections[transport::ConnectionId{0}].exchanges; }},
    {"tcp", "is free twice, or in use",
     [](World& w) {
       host::Tags& tags = io_queue(w).tags;
       std::uint16_t carrying = 0;
       while (tags[carrying] == sim::none<host::RequestId>)
         ++carrying;
       tags.give_back(carrying);
     }},
    {"tcp", "a tag is lost", [](World& w) { io_queue(w).tags.take_reserved(); }},
    {"tcp", "waits for a tag, and waits for a tag",
     [](World& w) { io_queue(w).waiting.push_back(io_queue(w).waiting.front()); }},
    {"tcp", "and waits for a path",
     [](World& w) { w.host.heads[0].requeue.push_back(io_queue(w).waiting.front()); }},
    {"tcp", "names an I/O that is over",
     [](World& w) { w.host.ios.remove(io_queue(w).waiting.front()); }},
    {"tcp", "is done and still there",
     [](World& w) {
       for (const host::Io& io : w.host.ios)
         w.oracle.operations.writable(io.serial - 1).completed = w.now();
     }},
    {"tcp", "is LIVE without its queue", [](World& w) { io_queue(w).live = false; }},
    {"tcp", "another's transport",
     [](World& w) {
       transport::HostOwner& owner = w.transport.host_queues[io_queue(w).transport].owner;
       owner = transport::HostOwner{sim::index(owner) + 1};
     }},
    {"tcp", "counts", [](World& w) { ++executing(w).executing; }},
    {"tcp", "one of its controller's",
     [](World& w) { w.target.controllers[executing(w).controller].queues.clear(); }},
    {"tcp", "lists controller",
     [](World& w) { w.target.controllers[target::ControllerId{1}].cntlid = 1; }},
    {"tcp", "listed", [](World& w) { w.target.controllers.add(); }},
    {"tcp", "execute and", [](World& w) { w.target.requests.add(); }},
    {"tcp", "waits for what is not its own",
     [](World& w) {
       const auto& requests = w.target.requests;
       const auto one = std::find_if(requests.begin(), requests.end(),
                                     [](const target::Request& r) { return r.executing; });
       executing(w).first_waiting = one.id();
     }},
    {"tcp", "has a queue that is not its own",
     [](World& w) {
       const auto& others = w.target.controllers[target::ControllerId{1}].queues;
       w.target.controllers[target::ControllerId{0}].queues.push_back(others.front());
     }},
};

}  // namespace

TEST_CASE("each invariant of a world can be broken, and says so", "[property][invariants]") {
  std::string last;
  World w;
  for (const Damage& d : damages) {
    if (last != d.transport)
      w = busy(d.transport);
    last = d.transport;
    World damaged = w;
    REQUIRE_THAT(invariants::broken(damaged), Catch::Equals(""));
    d.harm(damaged);
    CHECK_THAT(invariants::broken(damaged), Catch::Contains(d.told));
  }
}

TEST_CASE("an operation or an attempt that ends twice is seen", "[property][invariants]") {
  const auto record = [](Kind kind, std::uint64_t word) {
    sim::Record r{};
    r.kind = static_cast<std::uint16_t>(kind);
    r.word[0] = word;
    return r;
  };
  invariants::Once once;
  CHECK_THAT(once.take(record(Kind::app_submit, 1)), Catch::Equals(""));
  CHECK_THAT(once.take(record(Kind::attempt_sent, 257)), Catch::Equals(""));
  CHECK(once.take(record(Kind::attempt_sent, 257)) == "attempt 0x101 is sent again");
  CHECK_THAT(once.take(record(Kind::attempt_done, 257)), Catch::Equals(""));
  CHECK(once.take(record(Kind::attempt_abandoned, 257)) == "attempt 0x101 ends again");
  CHECK(once.take(record(Kind::app_submit, 1)) == "operation 1 begins again");
  CHECK_THAT(once.take(record(Kind::app_complete, 1)), Catch::Equals(""));
  CHECK(once.take(record(Kind::app_complete, 1)) == "operation 1 ends again");
}

TEST_CASE("a run that is not to be checked says so", "[property][invariants]") {
  Run run(scenario_with(1));
  run.until(1s);
  run.world.host.queues[0].tags.take();
  REQUIRE_FALSE(invariants::broken(run.world).empty());
  run.without_invariants("a queue that has lost a tag").until(2s);
}

TEST_CASE("a world that has not healed is stuck, one that has is not", "[property][invariants]") {
  json s = scenario_with(1);
  s["workloads"] = json::array({fio({{"rate_iops", 10}})});
  s["faults"] = json::array({blackhole("h1-s1", 1s)});
  World w = scenario::build(scenario::parse(s.dump(), "test"));
  invariants::Watcher watcher;
  w.trace.attach(&watcher);
  invariants::run_until(w, sim::epoch + 30s);
  CHECK_THAT(invariants::stuck(w, watcher), Catch::StartsWith("controller 0 is CONNECTING"));
  // What is left of the load when its controller is there again.
  World forced = w;
  forced.host.controllers[0].state = host::State::live;
  CHECK_THAT(invariants::stuck(forced, watcher), Catch::EndsWith("is not done"));
  invariants::close(w, watcher);
  // A controller that nobody has sent away, and that had not used up its attempts.
  w.host.controllers[0].state = host::State::dead;
  CHECK_THAT(invariants::stuck(w, watcher), Catch::StartsWith("controller 0 is DEAD"));
}

TEST_CASE("a world that has healed damages no more PDUs", "[property][invariants]") {
  json s = scenario_with(1);
  s["workloads"] = json::array({fio({{"rate_iops", 10}})});
  set_connect(s, "data_digest", true);
  s["faults"] = {{{"type", "damage_pdu"},
                  {"at", "1s"},
                  {"host", "h1"},
                  {"controller", "nvme0"},
                  {"count", 1'000'000}}};
  World w = scenario::build(scenario::parse(s.dump(), "test"));
  invariants::Watcher watcher;
  w.trace.attach(&watcher);
  invariants::run_until(w, sim::epoch + 60s);
  CHECK_THAT(invariants::stuck(w, watcher), Catch::StartsWith("controller 0 is CONNECTING"));
  invariants::close(w, watcher);
}

TEST_CASE("half a command of a host that is gone is nobody's without a KATO",
          "[property][invariants]") {
  // FC repeats no frame: half of a fused pair is lost, and then the host, in silence.
  json s = scenario_with(1);
  s["fabric"]["transport"] = "fc";
  set_connect(s, "keep_alive_tmo", "0s");
  set_connect(s, "dev_loss_tmo", "1s");
  s["subsystems"][0]["fused_commands"] = true;
  s["workloads"] = {{{"type", "script"},
                     {"host", "h1"},
                     {"start", "1s"},
                     {"steps", {{{"do", "compare_and_write"}}}}}};
  s["faults"] = {{{"type", "drop_capsule"},
                  {"at", "500ms"},
                  {"host", "h1"},
                  {"controller", "nvme0"},
                  {"opcode", "write"}},
                 {{"type", "remote_port_lost"}, {"at", "2s"}, {"host", "h1"}, {"port", "a0"}}};
  World w = scenario::build(scenario::parse(s.dump(), "test"));
  invariants::Watcher watcher;
  w.trace.attach(&watcher);
  invariants::run_until(w, sim::epoch + 300s);
  REQUIRE(w.target.requests.live() == 1);
  CHECK_THAT(invariants::stuck(w, watcher), Catch::Equals(""));
  // A controller with one would have noticed.
  w.target.controllers.begin()->katt = 5s;
  CHECK_THAT(invariants::stuck(w, watcher), Catch::EndsWith("left at the target"));
}
