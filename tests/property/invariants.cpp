// SPDX-License-Identifier: Apache-2.0
#include "tests/property/invariants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <vector>

#include "tests/property/invariants_rooms.hpp"

namespace holdfast::invariants {

namespace {

std::string broken_net(const World& w) {
  std::size_t inside = 0;
  for (const net::Channel& c : w.net.channels)
    inside += sim::CalendarCheck::items(w, c.lane);
  for (const net::Netem& n : w.net.netems)
    inside += n.held;
  if (inside != w.net.packets.live())
    return fmt::format("net: {} packets, {} on links and in emulators", w.net.packets.live(),
                       inside);
  return {};
}

/// Each I/O and where it is, so that one that is in two places is seen.
class Places {
 public:
  explicit Places(const World& w) : w_(w) {}

  std::string add(host::IoId io, const char* place, std::uint32_t most = 1) {
    if (!w_.host.ios.contains(io))
      return fmt::format("host: {} names an I/O that is over", place);
    auto& [first, count] = at_[io];
    // With early_resubmission an I/O has several attempts at a time, and knows how many.
    if (const std::uint32_t open = w_.host.ios[io].open; open > 1)
      return ++count <= open
                 ? ""
                 : fmt::format("host: I/O {} {}, once too often", w_.host.ios[io].serial, place);
    if (count != 0 && (first != place || count == most))
      return fmt::format("host: I/O {} {}, and {}", w_.host.ios[io].serial, first, place);
    first = place;
    ++count;
    return {};
  }

 private:
  const World& w_;
  std::map<host::IoId, std::pair<std::string, std::uint32_t>> at_;
};

std::string broken_queue(const World& w, std::uint32_t index, Places& places) {
  const host::Queue& q = w.host.queues[index];
  std::string wrong;
  if (const char* tags = q.tags.broken())
    wrong =
        fmt::format("host: queue {} of controller {}: {}", q.qid, sim::index(q.controller), tags);
  if (q.allocated && w.transport.host_queues[q.transport].owner != transport::HostOwner{index})
    wrong = fmt::format("host: queue {} is carried by another's transport", index);
  for (std::size_t i = 0; wrong.empty() && i < q.waiting.size(); ++i)
    wrong = places.add(q.waiting[i], "waits for a tag");
  for (std::uint16_t tag = 0; wrong.empty() && tag < q.tags.used(); ++tag) {
    if (q.tags[tag] == sim::none<host::RequestId>)
      continue;
    const host::Request& r = w.host.requests[q.tags[tag]];
    if (r.purpose != host::Purpose::io)
      continue;
    // Compare and Write are two requests.
    const bool pair = w.host.ios[r.io].kind == host::IoKind::compare_and_write;
    wrong = places.add(r.io, "is sent", pair ? 2 : 1);
  }
  return wrong;
}

/// A LIVE controller has its queues. The admin queue may be dead all the same: a Keep Alive that
/// times out while an I/O queue still connects stops it, and the set-up goes on
/// (nvme_tcp_complete_timed_out).
std::string broken_controller(const World& w, std::uint32_t index) {
  const host::Controller& c = w.host.controllers[index];
  if (c.state != host::State::live)
    return {};
  for (std::uint32_t i = 0; i <= c.io_queues; ++i) {
    const host::Queue& q = w.host.queues[sim::index(c.admin) + i];
    if ((!q.live && i != 0) || !q.allocated)
      return fmt::format("host: controller {} is LIVE without its queue {}", index, i);
  }
  return {};
}

std::string broken_host(const World& w) {
  Places places(w);
  for (std::uint32_t i = 0; i < w.host.queues.size(); ++i) {
    if (std::string wrong = broken_queue(w, i, places); !wrong.empty())
      return wrong;
  }
  for (const host::Head& head : w.host.heads) {
    for (std::size_t i = 0; i < head.requeue.size(); ++i) {
      if (std::string wrong = places.add(head.requeue[i], "waits for a path"); !wrong.empty())
        return wrong;
    }
    for (std::size_t i = 0; i < head.held_back.size(); ++i) {
      if (std::string wrong = places.add(head.held_back[i], "waits for the head"); !wrong.empty())
        return wrong;
    }
    const std::size_t slots = head.weights.current.size() * host::latency::directions;
    if (slots != 0 && head.weights.of.size() != head.paths.size() * slots)
      return fmt::format("host: {} paths are measured as if they were {}", head.paths.size(),
                         head.weights.of.size() / slots);
  }
  for (std::uint32_t i = 0; i < w.host.controllers.size(); ++i) {
    const host::Controller& c = w.host.controllers[i];
    for (std::size_t n = 0; n < c.held_back.size(); ++n) {
      if (std::string wrong = places.add(c.held_back[n], "waits for a frozen path"); !wrong.empty())
        return wrong;
    }
    if (std::string wrong = broken_controller(w, i); !wrong.empty())
      return wrong;
  }
  for (const host::Io& io : w.host.ios) {
    if (w.oracle.operations[io.serial - 1].completed != sim::never)
      return fmt::format("host: I/O {} is done and still there", io.serial);
  }
  return {};
}

}  // namespace

std::string broken(const World& w) {
  for (const auto room :
       {sim::CalendarCheck::broken, broken_net, broken_transport, broken_host, broken_target}) {
    if (std::string wrong = room(w); !wrong.empty())
      return wrong;
  }
  return {};
}

std::string Once::take(const sim::Record& record) {
  const std::uint64_t word = record.word[0];
  switch (static_cast<Kind>(record.kind)) {
    case Kind::app_submit:
      return submitted_.insert(word).second ? "" : fmt::format("operation {} begins again", word);
    case Kind::app_complete:
      return submitted_.erase(word) == 1 ? "" : fmt::format("operation {} ends again", word);
    case Kind::attempt_sent:
      return sent_.insert(word).second ? "" : fmt::format("attempt {:#x} is sent again", word);
    case Kind::attempt_done:
    case Kind::attempt_abandoned:
      return sent_.erase(word) == 1 ? "" : fmt::format("attempt {:#x} ends again", word);
    default:
      return {};
  }
}

void check(const World& w) {
  const std::string wrong = broken(w);
  if (!wrong.empty())
    FAIL(wrong << " (at " << sim::ns(w.now()) << " ns, after event " << w.calendar.fired() << ")");
}

void run_until(World& w, sim::TimePoint limit) {
  for (std::uint64_t n = 1; w.calendar.step(w, limit); ++n) {
    if (n % stride == 0)
      check(w);
  }
  w.calendar.advance_to(limit);
  check(w);
}

}  // namespace holdfast::invariants
