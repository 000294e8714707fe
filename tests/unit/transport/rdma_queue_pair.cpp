// SPDX-License-Identifier: Apache-2.0
// The reliable connected service: set-up, loss of each kind of packet, go-back-N, retries, and what
// is left when it is stopped. Instants are worked out by hand; see rdma_support.hpp.
#include "sim/distributions.hpp"
#include "tests/unit/transport/rdma_support.hpp"

using namespace holdfast;
using namespace holdfast::rdma_test;
using transport::Side;
using List = std::vector<Happened>;

TEST_CASE("a queue pair is set up by address, REQ, REP and RTU", "[rdma]") {
  Pair p = connected();
  CHECK(told("accepted") == List{{"accepted", 5 * hop + 2 * arp + 3 * management, 0}});
  CHECK(p.w.net.channels[0].packets == 3);
  CHECK(p.w.net.channels[1].packets == 2);
}

TEST_CASE("each message of the set-up is repeated when it is lost", "[rdma]") {
  const std::int64_t ready = 4 * hop + 2 * arp + 2 * management;
  for (const auto& [losses, wait] : {std::pair{Losses{{0}, {}}, second},
                                     {Losses{{}, {0}}, second},
                                     {Losses{{0, 1}, {}}, 2 * second},
                                     {Losses{{1}, {}}, cm_timeout},
                                     {Losses{{}, {1}}, cm_timeout * 8 / 9},
                                     {Losses{{1, 2}, {}}, 2 * cm_timeout}}) {
    Pair p = opened(losses);
    p.run_until(20 * second);
    CHECK(told("ready") == List{{"ready", ready + wait, 0}});
    CHECK(told("accepted").size() == 1);
  }
  // Without RTU the target repeats REP, or hears of it by the first SEND.
  Pair quiet = opened({{2}, {}});
  quiet.run_until(20 * second);
  CHECK(told("accepted").at(0).at_ns ==
        3 * hop + 2 * arp + management + cm_timeout * 8 / 9 + 2 * (hop + management));
  Pair talks = connected({{2}, {}});
  talks.submit(9);
  talks.run_until(second);
  CHECK(told("accepted") == List{{"accepted", later + capsule + hop, 0}});
  CHECK(told("command") == List{{"command", later + capsule + hop, 9}});
}

TEST_CASE("nobody answers, nobody listens", "[rdma]") {
  Pair silent = new_pair();
  silent.blackhole(true);
  silent.open();
  silent.run_until(100 * second);
  CHECK(engines.log == List{{"ready", 3 * second, rdma::timed_out}});
  CHECK(silent.w.net.channels[0].dropped == 3);

  Pair refused = new_pair();
  refused.w.transport.ports[0].listening = false;
  refused.open();
  refused.run_until(100 * second);
  const std::int64_t at = 4 * hop + 2 * arp + 2 * management;
  CHECK(engines.log == List{{"ready", at, rdma::connection_reset}});

  // The address is known, then the way is cut: REQ and fifteen repetitions.
  Pair cut = new_pair();
  cut.open();
  cut.run_until(2 * hop + 2 * arp);
  cut.blackhole(true);
  cut.run_until(100 * second);
  CHECK(engines.log == List{{"ready", 2 * hop + 2 * arp + 16 * cm_timeout, rdma::timed_out}});
}

namespace {

/// Ticks of 4 ms, counted from the beginning, at both ends.
Pair with_ticks() {
  Pair p = new_pair();
  p.w.transport.host.wheel = [](const World&, transport::HostOwner) {
    return sim::TimerWheel{250, {}};
  };
  p.w.transport.ports[0].wheel = {250, {}};
  return p;
}

/// When the time-outs of a run were, up to `limit`.
std::vector<std::int64_t> timeouts(Pair& p, std::int64_t limit) {
  struct Collect final : sim::Sink {
    std::vector<std::int64_t> at;
    void on_record(const sim::Record& r) override {
      if (static_cast<Kind>(r.kind) == Kind::rdma_timeout)
        at.push_back(r.time_ns);
    }
  } sink;
  p.w.trace.attach(&sink);
  p.run_until(limit);
  p.w.trace.attach(nullptr);
  return sink.at;
}

constexpr std::int64_t ms = 1'000'000;

}  // namespace

TEST_CASE("the acknowledgement time-out goes through the timer wheel and does not back off",
          "[rdma]") {
  Pair p = with_ticks();
  p.open();
  p.run_until(later);
  p.blackhole(true);
  p.submit(1);
  // 0.537 s are 135 ticks. Set at tick 25 for tick 160, it fires at the next multiple of 8 after
  // that, 168; set there for 303 it fires at 304: 0.572 s, then 0.544 s. The eighth breaks the
  // pair.
  std::vector<std::int64_t> due;
  for (std::int64_t i = 0; i < 8; ++i)
    due.push_back((672 + 544 * i) * ms);
  CHECK(timeouts(p, 20 * second) == due);
  CHECK(told("failed") == List{{"failed", due.back(), rdma::timed_out}});
}

TEST_CASE("a connect request goes out sixteen times, 4.864 s apart", "[rdma]") {
  Pair p = with_ticks();
  p.w.transport.rdma.parameters.neighbours = transport::Neighbours::permanent;
  p.blackhole(true);
  p.open();
  // 4.608 s are 1,152 ticks, beyond which the next multiple of 64 is 1,216. Nobody is asked for the
  // address, so the first request leaves at once.
  std::vector<std::int64_t> due;
  for (std::int64_t i = 1; i <= 16; ++i)
    due.push_back(4864 * i * ms);
  CHECK(timeouts(p, 100 * second) == due);
  CHECK(p.w.net.channels[0].dropped == 16);
  CHECK(told("ready") == List{{"ready", 77'824 * ms, rdma::timed_out}});
}

TEST_CASE("address resolution is given up 750 ticks after it began", "[rdma]") {
  Pair p = with_ticks();
  p.blackhole(true);
  p.open();
  // Asked again after 250 ticks by the wheel, 256 and 512; given up at the next multiple of 64
  // after 750, 768.
  CHECK(timeouts(p, 100 * second) == std::vector<std::int64_t>{1024 * ms, 2048 * ms, 3072 * ms});
  CHECK(told("ready") == List{{"ready", 3072 * ms, rdma::timed_out}});
  CHECK(p.w.net.channels[0].dropped == 3);
}

TEST_CASE("a neighbour is known until a connect request has gone unanswered", "[rdma]") {
  Pair p = with_ticks();
  p.w.transport.rdma.parameters.neighbours = transport::Neighbours::learned;
  p.open();
  p.run_until(later);
  CHECK(p.w.net.channels[0].packets == 3);  // address, REQ, RTU
  p.blackhole(true);
  p.open();  // knows it, and takes the sixteen requests
  p.run_until(100 * second);
  CHECK(p.w.net.channels[0].dropped == 16);
  p.open();  // asks, three times
  p.run_until(200 * second);
  CHECK(p.w.net.channels[0].dropped == 19);
  const List ready = told("ready");
  REQUIRE(ready.size() == 3);
  CHECK(ready[1].value == rdma::timed_out);
  CHECK(ready[2].at_ns == 103'168 * ms);  // 25,000 + 750 ticks, and to the multiple of 64 behind
}

TEST_CASE("a message is cut at the path MTU", "[rdma]") {
  struct Row {
    std::uint32_t route, path, packets;
  };
  // 64 bytes of command and 4,096 of data.
  for (const Row& row :
       {Row{576, 256, 17}, {1500, 1024, 5}, {2200, 2048, 3}, {4191, 2048, 3}, {9000, 4096, 2}}) {
    CHECK(rdma::path_mtu(row.route) == row.path);
    Pair p = connected({}, row.route);
    p.submit(1, 4096);
    p.run_until(second);
    CHECK(p.w.net.channels[0].packets == 3 + row.packets);
    CHECK(p.w.net.channels[1].packets == 2 + 1);  // one acknowledgement a message
    CHECK(told("command").size() == 1);
  }
}

TEST_CASE("a gap is answered by one NAK and the rest is sent again", "[rdma]") {
  for (std::int64_t lost = 0; lost < 4; ++lost) {
    Pair p = connected({{static_cast<std::uint64_t>(3 + lost)}, {}});
    p.submit(1, 4096);
    p.run_until(second);
    // The packet behind the gap arrives; the NAK goes back; what follows the gap comes again. The
    // last of the five packets has 64 bytes.
    const std::int64_t behind = lost == 3 ? 4 * full + capsule : (lost + 2) * full;
    const std::int64_t again = (4 - lost) * full + capsule;
    CHECK(told("command") == List{{"command", later + behind + hop + ack + hop + again + hop, 1}});
    CHECK(p.w.net.channels[0].packets == static_cast<std::uint64_t>(3 + 5 + 5 - lost));
    CHECK(p.w.net.channels[1].packets == 2 + 2);  // NAK and ACK
  }
}

TEST_CASE("a message gets through although each try brings one packet of it", "[rdma]") {
  // Seventeen packets, and a queue on the way that has room for two at a time: of the first try one
  // arrives, of each later one the last that had arrived and one more. What has arrived is told in
  // answer to what comes again (C9-105), so each try is progress, and more than retry_count are
  // none too many.
  Losses lost;
  std::uint64_t sent = 3;
  for (std::uint64_t round = 0; round < 16; ++round) {
    const std::uint64_t packets = round == 0 ? 17 : 18 - round;
    for (std::uint64_t i = round == 0 ? 1 : 2; i < packets; ++i)
      lost.forward.push_back(sent + i);
    sent += packets;
  }
  Pair p = connected(lost, 576);
  p.submit(1, 4096);
  p.run_until(20 * second);
  const std::int64_t packet = 8 * (44 + 256 + 38);
  const std::int64_t round = ack_timeout + packet + hop + ack + hop;
  const std::int64_t last = later + ack_timeout + 15 * round;
  CHECK(told("command") == List{{"command", last + packet + capsule + hop, 1}});
  CHECK(told("failed").empty());
}

TEST_CASE("the acknowledgement time-out finds what no NAK tells", "[rdma]") {
  for (const std::uint64_t losses : {1u, 2u, 7u}) {
    Losses lost;
    for (std::uint64_t i = 0; i < losses; ++i)
      lost.forward.push_back(3 + i);
    Pair p = connected(lost);
    p.submit(1);
    p.run_until(10 * second);
    const auto waited = static_cast<std::int64_t>(losses) * ack_timeout;
    CHECK(told("command") == List{{"command", later + waited + capsule + hop, 1}});
    CHECK(told("failed").empty());
  }
}

TEST_CASE("a lost acknowledgement repeats the message, not the command", "[rdma]") {
  Pair p = connected({{}, {2}});
  p.submit(1, 4096);
  p.run_until(10 * second);
  CHECK(told("command").size() == 1);
  CHECK(p.w.net.channels[0].packets == 3 + 5 + 5);
  CHECK(p.pair().end[0].out.empty());
}

TEST_CASE("retries are used up after retry_count + 1 time-outs", "[rdma]") {
  for (const std::uint32_t retries : {7u, 3u, 0u}) {
    Pair p = connected();
    p.w.transport.rdma.parameters.retry_count = retries;
    p.blackhole(true);
    p.submit(1);
    p.run_until(100 * second);
    CHECK(told("failed") == List{{"failed", later + (retries + 1) * ack_timeout, rdma::timed_out}});
    CHECK(p.w.net.channels[0].dropped == retries + 1);
  }
  // The target notices in the same way when it is the one who sends.
  Pair p = connected();
  p.submit(1);
  p.run_until(2 * later);
  p.blackhole(true);
  p.respond(1);
  p.run_until(100 * second);
  CHECK(told("broken") == List{{"broken", 2 * later + 8 * ack_timeout, rdma::timed_out}});
}

TEST_CASE("progress gives the retries back", "[rdma]") {
  // Four losses of one SEND, then four of the next.
  Pair p = connected({{3, 4, 5, 6, 8, 9, 10, 11}, {}});
  p.submit(1);
  p.run_until(5 * second);
  p.submit(2);
  p.run_until(20 * second);
  CHECK(told("command").size() == 2);
  CHECK(told("failed").empty());
}

TEST_CASE("a disconnect is told, and what is not acknowledged is flushed", "[rdma]") {
  Pair p = connected();
  p.submit(1);
  transport::stop_queue(p.w, p.queue);
  p.submit(2);  // too late
  p.run_until(second);
  // What was in the network still arrives.
  CHECK(told("command") == List{{"command", later + capsule + hop, 1}});
  CHECK(told("lost") == List{{"lost", later + capsule + management + hop, rdma::connection_reset}});
  CHECK(told("failed").empty());

  // TCP would send again what waits in a socket when the path heals; a queue pair does not.
  Pair healed = connected();
  healed.blackhole(true);
  healed.submit(1);
  transport::stop_queue(healed.w, healed.queue);
  healed.run_until(2 * later);
  healed.blackhole(false);
  healed.run_until(100 * second);
  CHECK(told("command").empty());
  CHECK(told("lost").empty());  // the DREQ was lost too, and is not repeated
}

namespace {

/// Instants at which a stream ran dry, by side.
class DryLog : public sim::Sink {
 public:
  std::vector<std::pair<std::int64_t, Side>> dry;
  void on_record(const sim::Record& r) override {
    if (static_cast<Kind>(r.kind) == Kind::stream_dry)
      dry.emplace_back(r.time_ns, Words<Kind::stream_dry>(r).get<"side">());
  }
};

}  // namespace

TEST_CASE("a stream is dry when its last packet is gone, or nobody takes it in", "[rdma]") {
  using Dry = std::vector<std::pair<std::int64_t, Side>>;
  DryLog log;
  Pair p = connected();
  p.w.trace.attach(&log);
  p.submit(1);
  transport::stop_queue(p.w, p.queue);
  CHECK(log.dry.empty());
  p.run_until(second);
  CHECK(log.dry == Dry{{later + capsule + hop, Side::host},
                       {later + capsule + management + hop, Side::target}});
  p.w.trace.attach(nullptr);

  DryLog other;
  Pair stopped = connected();
  stopped.w.trace.attach(&other);
  transport::stop_queue(stopped.w, engines.accepted);  // the target goes first
  stopped.submit(1);
  stopped.run_until(second);
  // The host goes on until the DREQ arrives; its SEND is discarded by then.
  CHECK(other.dry == Dry{{later, Side::target}, {later + management + hop, Side::host}});
  CHECK(told("command").empty());
}

TEST_CASE("a queue pair that its owner closes on hearing of the loss is freed once", "[rdma]") {
  Pair p = connected();
  p.submit(1);
  p.run_until(2 * later);
  engines.closes = true;
  net::take_down(p.w, net::LinkId{0});  // the DREQ is dropped in the instant in which it is sent
  transport::close_queue(p.w, p.queue);
  p.respond(1);
  p.run_until(10 * second);
  CHECK(told("broken").size() == 1);
  CHECK(p.w.transport.rdma.pairs.live() == 0);
  p.open();
  const HostQueueId other =
      transport::open_queue(p.w, p.forward, p.back, {}, transport::HostOwner{1}, {});
  CHECK(transport::connection_of(p.w, other) != transport::connection_of(p.w, p.queue));
}

TEST_CASE("each command arrives and completes once, whatever is lost", "[rdma]") {
  int losses = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    Pair p = new_pair(seed, seed % 3 == 0 ? 0.15 : 0.04);
    p.w.transport.rdma.parameters.retry_count = 1000;
    engines.keeps = true;  // the target answers before it has fetched, as a real one would not
    p.open();
    p.run_until(300 * second);
    if (told("accepted").empty())
      continue;  // the set-up had bad luck
    std::uint64_t draw = 0;
    const auto below = [&](std::uint64_t bound) {
      return sim::uniform_below(sim::random_bits(seed, 5, draw++), bound);
    };
    for (std::uint16_t cid = 1; cid <= 60; ++cid) {
      const auto bytes = static_cast<std::uint32_t>(below(20'000));
      p.submit(cid, bytes, below(2) == 0);
      if (below(3) == 0)
        transport::request_data(p.w, engines.accepted, cid, cid, 1 + bytes);
      p.respond(cid, below(3) == 0 ? bytes : 0);
      p.run_until(sim::ns(p.w.now()) + static_cast<std::int64_t>(below(20'000'000)));
    }
    p.run_until(sim::ns(p.w.now()) + 1000 * second);
    REQUIRE(told("command").size() == 60);
    REQUIRE(told("completed").size() == 60);
    REQUIRE(told("failed").size() + told("lost").size() + told("broken").size() == 0);
    for (const rdma::End& e : p.pair().end) {
      REQUIRE(e.out.empty());
      REQUIRE(e.unacked == e.posted);
      REQUIRE(e.packets_in_flight == 0);
    }
    losses += p.w.net.channels[0].dropped > 5 ? 1 : 0;
    // Both ends let go: nothing is left, neither queue pair nor packet nor timer.
    transport::close_queue(p.w, p.queue);
    transport::close_queue(p.w, engines.accepted);
    p.run_until(sim::ns(p.w.now()) + second);
    REQUIRE(p.w.transport.rdma.pairs.live() == 0);
    REQUIRE(p.w.net.packets.live() == 0);
    REQUIRE(p.w.calendar.pending() == 0);
  }
  CHECK(losses > 50);
}
