// SPDX-License-Identifier: Apache-2.0
// Putting records of connections together; see streams.hpp.
#include "analysis/conform/view/streams.hpp"

#include <map>
#include <tuple>

#include "analysis/conform/view/derived.hpp"

namespace holdfast::conform {

namespace {

std::uint32_t low_word(std::uint64_t word) { return static_cast<std::uint32_t>(word); }

/// A TLS record that is no PDU: its types begin behind those of PDUs.
bool is_handshake(const Event& e) { return e.get<"type">() > wire::raw(wire::PduType::r2t); }

class Collector {
 public:
  explicit Collector(const RunView& v) : v_(v) {}

  std::vector<Stream> run() {
    const auto events = v_.log.all();
    for (std::uint32_t i = 0; i < events.size(); ++i)
      take(events[i], i);
    return std::move(streams_);
  }

 private:
  using OfTarget = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;

  void take(const Event& e, std::uint32_t index) {
    switch (e.kind) {
      case Kind::queue_opened:
        open(e, index);
        return;
      case Kind::command_sent:
        if (Stream* s = find(of_host_, std::pair{e.get<"controller">(), e.get<"qid">()}))
          s->commands.push_back(index);
        return;
      case Kind::response_sent:
        note_target(e, index);
        if (Stream* s = find(of_target_, target_key(e)))
          s->responses.push_back(index);
        return;
      case Kind::command_fetched:
        if (Stream* s = find(of_target_, target_key(e)))
          s->fetches.push_back(index);
        return;
      case Kind::queue_released:
        if (Stream* s = find(of_connection_, e.get<"connection">()))
          s->released = std::min(s->released, e.at);
        return;
      case Kind::controller_freed:
        std::erase_if(of_target_, [&](const auto& one) {
          return std::get<0>(one.first) == e.get<"subsystem">() &&
                 std::get<1>(one.first) == e.get<"cntlid">();
        });
        return;
      case Kind::pdu_sent:
        if (Stream* s = find(of_connection_, e.get<"connection">())) {
          if (is_handshake(e))
            s->tls = true;
          else
            s->sent[e.get<"side">()].push_back(index);
        }
        return;
      case Kind::pdu_received:
        if (Stream* s = find(of_connection_, e.get<"connection">()); s && !is_handshake(e))
          s->received[e.get<"side">()].push_back(index);
        return;
      default:
        return;
    }
  }

  template <class Map, class Key>
  Stream* find(const Map& map, const Key& key) {
    const auto place = map.find(key);
    return place == map.end() ? nullptr : &streams_[place->second];
  }

  static OfTarget target_key(const Event& e) {
    return {e.get<"subsystem">(), e.get<"cntlid">(), e.get<"qid">()};
  }

  void open(const Event& e, std::uint32_t index) {
    Stream s;
    s.controller = low_word(e.get<"controller">());
    s.association = v_.association_at(s.controller, index);
    s.qid = static_cast<std::uint16_t>(e.get<"qid">());
    s.connection = low_word(e.get<"connection">());
    s.opened = index;
    const std::uint32_t place = low_word(streams_.size());
    of_host_[{s.controller, s.qid}] = place;
    of_connection_[s.connection] = place;
    streams_.push_back(std::move(s));
  }

  /// The first answer of a queue is the one to its Connect; nothing is in its way, so that it
  /// leaves at once and tells over which connection the queue runs.
  void note_target(const Event& e, std::uint32_t index) {
    const OfTarget key = target_key(e);
    if (of_target_.contains(key) || index + 1 >= v_.log.all().size())
      return;
    const Event& next = v_.event(index + 1);
    const bool leaves = next.kind == Kind::pdu_sent || next.kind == Kind::iu_sent;
    if (!leaves || next.get<"side">() != target_side)
      return;
    const auto place = of_connection_.find(next.get<"connection">());
    if (place != of_connection_.end())
      of_target_[key] = place->second;
  }

  const RunView& v_;
  std::vector<Stream> streams_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint32_t> of_host_;
  std::map<OfTarget, std::uint32_t> of_target_;
  std::map<std::uint64_t, std::uint32_t> of_connection_;
};

}  // namespace

const std::vector<Stream>& streams_of(const RunView& v) {
  return kept(
      v.derived->streams, v, +[](const RunView& view) { return Collector(view).run(); });
}

}  // namespace holdfast::conform
