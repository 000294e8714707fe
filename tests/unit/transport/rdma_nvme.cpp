// SPDX-License-Identifier: Apache-2.0
// NVMe/RDMA on a queue pair: who moves data and how long it takes, when a request is complete, and
// data that arrives too late. Instants are worked out by hand; see rdma_support.hpp.
#include "models/wire/keyed_sgl.hpp"
#include "tests/unit/transport/rdma_support.hpp"

using namespace holdfast;
using namespace holdfast::rdma_test;
using List = std::vector<Happened>;

namespace {

constexpr std::int64_t aeth = 8 * 4;   // first and last READ response
constexpr std::int64_t reth = 8 * 16;  // first packet of a WRITE

}  // namespace

TEST_CASE("a keyed descriptor keeps length and key apart", "[rdma][wire]") {
  for (const std::uint32_t length : {512u, 4096u, 0xFFFFFFu}) {
    for (const std::uint32_t key : {0u, 7u, 0xF00FFFFFu}) {
      const wire::Command c = wire::make_write(3, {1, 9, 2}, wire::transport_sgl(length));
      const auto bytes = wire::encode_keyed_command(c, key);
      // Bytes 8 to 10 of the descriptor are the length, 11 to 14 the key, 15 the type.
      CHECK(wire::get_u8(bytes, 24 + 8) == (length & 0xFF));
      CHECK(wire::get_u8(bytes, 24 + 11) == (key & 0xFF));
      CHECK(wire::get_u8(bytes, 24 + 14) == key >> 24);
      CHECK(wire::get_u8(bytes, 24 + 15) == 0x40);
      std::uint32_t found = 0;
      CHECK(wire::decode_keyed_command(bytes, found) == c);
      CHECK(found == key);
    }
  }
  const wire::Command inside = wire::make_write(3, {1, 9, 2}, wire::in_capsule_sgl(4096));
  CHECK(wire::encode_keyed_command(inside, 5) == wire::encode_command(inside));
}

TEST_CASE("4 KiB in the capsule take one way, by READ three", "[rdma]") {
  Pair inside = connected();
  inside.submit(1, 4096);
  inside.run_until(second);
  CHECK(told("command") == List{{"command", later + 4 * full + capsule + hop, 1}});

  Pair fetched = connected();
  fetched.submit(1, 4096, false);
  const std::int64_t arrived = later + capsule + hop;
  fetched.run_until(arrived);
  CHECK(told("command") == List{{"command", arrived, 1}});
  transport::request_data(fetched.w, engines.accepted, 1, 1, 4096);
  fetched.run_until(second);
  // The READ follows the acknowledgement of the SEND; four packets answer it.
  const std::int64_t asked = arrived + ack + read_request + hop;
  CHECK(told("fetched") == List{{"fetched", asked + 4 * full + 2 * aeth + hop, 4096}});
}

TEST_CASE("data of a read is placed before the response tells of it", "[rdma]") {
  Pair p = connected();
  p.submit(1, 4096, false);
  p.run_until(2 * later);
  p.respond(1, 4096);
  p.run_until(second);
  const std::int64_t placed = 2 * later + reth + 4 * full + hop;
  CHECK(told("data") == List{{"data", placed, 4096}});
  CHECK(told("completed") == List{{"completed", placed + answer, 1}});
}

TEST_CASE("a large transfer is cut into READs and keeps within the window", "[rdma]") {
  Pair p = connected();
  p.submit(1, 1u << 20, false);
  p.run_until(2 * later);
  transport::request_data(p.w, engines.accepted, 1, 1, 1u << 20);
  std::uint64_t most = 0;
  for (std::int64_t t = 2 * later; t < 2 * later + second; t += 50'000) {
    p.run_until(t);
    most = std::max(most, p.pair().end[1].next - p.pair().end[1].unacked);
  }
  CHECK(most == rdma::window_packets);
  // 1,024 packets, 32 in each READ.
  CHECK(told("fetched").size() == 32);
  for (const Happened& h : told("fetched"))
    CHECK(h.value == 32u * 1024u);
  CHECK(p.w.net.channels[0].dropped == 0);
}

TEST_CASE("a lost READ request or response is fetched again", "[rdma]") {
  struct Row {
    Losses lost;
    std::int64_t fetched;
  };
  const std::int64_t asked = 2 * later;
  const std::int64_t all = read_request + hop + 4 * full + 2 * aeth + hop;
  // Forward: 3 is the command, 4 to 7 the responses. Back: 2 acknowledges it, 3 is the READ.
  const Row rows[] = {
      {{{}, {3}}, asked + ack_timeout + all},
      // The clock starts again with the third response; the fourth is asked for by itself, so that
      // it is first and last in one.
      {{{7}, {}},
       asked + read_request + hop + 3 * full + aeth + hop + ack_timeout + read_request + hop +
           full + aeth + hop},
      // The third arrives and shows that the second is missing: three are asked for at once.
      {{{5}, {}},
       asked + read_request + hop + 3 * full + aeth + hop + read_request + hop + 3 * full +
           2 * aeth + hop}};
  for (const Row& row : rows) {
    Pair p = connected(row.lost);
    p.submit(1, 4096, false);
    p.run_until(asked);
    transport::request_data(p.w, engines.accepted, 1, 1, 4096);
    p.run_until(10 * second);
    CHECK(told("fetched") == List{{"fetched", row.fetched, 4096}});
    CHECK(told("lost").empty());
  }
}

TEST_CASE("a response that overtakes the acknowledgement waits for it", "[rdma]") {
  Pair p = connected({{}, {2}});  // the acknowledgement of the command
  p.submit(1);
  p.run_until(2 * later);
  p.respond(1);
  p.run_until(10 * second);
  // The SEND is repeated after the time-out; its second acknowledgement completes the request.
  CHECK(told("completed") ==
        List{{"completed", later + ack_timeout + capsule + hop + ack + hop, 1}});
  CHECK(told("command").size() == 1);

  Pair usual = connected();
  usual.submit(1);
  usual.run_until(2 * later);
  usual.respond(1);
  usual.run_until(10 * second);
  CHECK(told("completed") == List{{"completed", 2 * later + answer + hop, 1}});
}

TEST_CASE("a READ of memory that nobody registered breaks both ends", "[rdma]") {
  Pair p = connected();
  p.submit(1, 4096, false);
  p.run_until(2 * later);
  engines.live.clear();
  transport::request_data(p.w, engines.accepted, 1, 1, 4096);
  p.run_until(second);
  const std::int64_t refused = 2 * later + read_request + hop;
  CHECK(told("failed") == List{{"failed", refused, rdma::access_refused}});
  CHECK(told("broken") == List{{"broken", refused + ack + hop, rdma::access_refused}});
}

namespace {

/// Counts late data.
class LateLog : public sim::Sink {
 public:
  std::vector<std::uint16_t> cids;
  void on_record(const sim::Record& r) override {
    if (static_cast<Kind>(r.kind) == Kind::late_data)
      cids.push_back(Words<Kind::late_data>(r).get<"cid">());
  }
};

/// A read whose data is on the way when the host stops the queue and cancels the request.
std::vector<std::uint16_t> late_reads(bool drains) {
  LateLog log;
  Pair p = new_pair();
  if (!drains)
    p.w.transport.rdma.undrained.push_back(net::NodeId{0});
  p.open();
  p.run_until(later);
  p.submit(1, 4096, false);
  p.submit(2, 4096, false);
  p.run_until(2 * later);
  p.w.trace.attach(&log);
  p.respond(1, 4096);
  p.run_until(2 * later + hop);
  transport::stop_queue(p.w, p.queue);
  engines.live.clear();  // both are cancelled: their buffers go back to the application
  p.run_until(2 * later + 2 * hop);
  transport::close_queue(p.w, p.queue);
  p.respond(2, 4096);  // after the queue pair was freed nothing can land in either case
  p.run_until(10 * second);
  CHECK(told("data").empty());
  CHECK(told("completed").empty());
  p.w.trace.attach(nullptr);
  return log.cids;
}

}  // namespace

TEST_CASE("a queue pair that is drained first takes no late data", "[rdma]") {
  CHECK(late_reads(true).empty());
  // Four packets of one WRITE, told once.
  CHECK(late_reads(false) == std::vector<std::uint16_t>{1});
}
