// SPDX-License-Identifier: Apache-2.0
// The packets of a run as a capture file (pcapng) that Wireshark dissects down to NVMe/TCP. Each
// link at which a host sits is an interface, tapped behind its far end as the packet travels: each
// packet that gets through is there once, one that a fault swallows is not. (With a tap on every
// link dissectors would take the second sighting of a packet for a retransmission.) PDU headers and
// control data are the true bytes of the model. User data, which the model does not move, is the
// 8-byte token of the attempt that wrote it, repeated. Ethernet, IPv4 and TCP headers are made
// here; their lengths, sequence numbers, flags and time stamps are the model's.
#include <algorithm>
#include <bit>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "analysis/traces/file.hpp"
#include "models/transport/tcp/internal.hpp"
#include "models/world.hpp"

namespace holdfast::analysis {

namespace {

using transport::ConnectionId;

/// Bytes in the making; pcapng is written little endian, the packets in it are big endian.
class Bytes {
 public:
  void u8(unsigned v) { data_.push_back(static_cast<char>(v)); }
  void le16(unsigned v) { u8(v & 0xff), u8(v >> 8 & 0xff); }
  void le32(std::uint32_t v) { le16(v & 0xffff), le16(v >> 16); }
  void le64(std::uint64_t v) {
    le32(static_cast<std::uint32_t>(v)), le32(static_cast<std::uint32_t>(v >> 32));
  }
  void be16(unsigned v) { u8(v >> 8 & 0xff), u8(v & 0xff); }
  void be32(std::uint32_t v) { be16(v >> 16), be16(v & 0xffff); }
  void text(std::string_view v) { data_.append(v); }
  void ip(const Ipv4& a) {
    for (const std::uint8_t byte : a)
      u8(byte);
  }
  void pad() { data_.resize((data_.size() + 3) / 4 * 4); }
  void put_be16(std::size_t at, unsigned v) {
    data_[at] = static_cast<char>(v >> 8);
    data_[at + 1] = static_cast<char>(v & 0xff);
  }
  [[nodiscard]] std::size_t size() const { return data_.size(); }
  [[nodiscard]] const std::string& str() const { return data_; }

 private:
  std::string data_;
};

/// The Internet checksum (RFC 1071) of `bytes` from `at` on, starting from `sum`.
unsigned checksum(const std::string& bytes, std::size_t at, std::uint32_t sum) {
  for (std::size_t i = at; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    sum += (i - at) % 2 == 0 ? std::uint32_t{byte} << 8 : byte;
  }
  while (sum >> 16 != 0)
    sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

std::string block(std::uint32_t type, const Bytes& body) {
  const auto length = static_cast<std::uint32_t>(body.size() + 12);
  Bytes b;
  b.le32(type);
  b.le32(length);
  b.text(body.str());
  b.le32(length);
  return b.str();
}

void option(Bytes& b, unsigned code, std::string_view value) {
  b.le16(code);
  b.le16(static_cast<unsigned>(value.size()));
  b.text(value);
  b.pad();
}

std::string section_header(const TraceWindow& window) {
  Bytes b;
  b.le32(0x1A2B3C4D);
  b.le16(1);
  b.le16(0);
  b.le64(~std::uint64_t{0});  // length of the section: not told
  if (window != TraceWindow{})
    option(b, 1, "packets " + words_of(window));
  option(b, 4, "holdfast");
  b.le32(0);
  return block(0x0A0D0D0A, b);
}

std::string interface_of(const World& w, const net::Link& link, std::uint64_t rate_bps,
                         std::uint32_t snaplen) {
  const auto node = [&](unsigned end) { return w.net.nodes[sim::index(link.ends[end])]; };
  Bytes b;
  b.le16(1);  // Ethernet
  b.le16(0);
  b.le32(snaplen);  // 0: packets are not cut
  option(b, 2, link.name);
  option(b, 3, "link between " + node(0) + " and " + node(1));
  Bytes speed;
  speed.le64(rate_bps);
  option(b, 8, speed.str());
  option(b, 9, std::string(1, 9));  // time stamps count nanoseconds
  b.le32(0);
  return block(1, b);
}

/// A PDU that was handed to a connection, kept as long as packets may carry it.
struct Pdu {
  std::uint64_t end = 0;
  transport::Message message;
  std::string blob;                   ///< control data
  std::array<std::byte, 4> digest{};  ///< of the data
  [[nodiscard]] std::uint64_t begin() const { return end - message.bytes; }
};

/// The byte at `offset` of a PDU, as it was before TLS. What a TLS handshake says is not there.
char plain_byte_of(const Pdu& pdu, std::uint64_t offset) {
  const transport::Message& m = pdu.message;
  if (offset < m.header_bytes)
    return static_cast<char>(m.header[offset]);
  offset -= m.header_bytes;
  if (offset >= m.payload.bytes) {
    offset -= m.payload.bytes;
    return offset < pdu.digest.size() ? static_cast<char>(pdu.digest[offset]) : '\0';
  }
  if (!pdu.blob.empty())
    return pdu.blob[offset];
  return static_cast<char>(m.payload.version >> (56 - offset % 8 * 8));
}

std::uint32_t plain_bytes(const transport::Message& m) {
  return m.records ? wire::tls_data_of(m.bytes) : m.bytes;
}

/// The byte at `offset` of what goes out. A TLS record has a header, the data, its content type and
/// a tag, which is zero: nothing is encrypted (RFC 8446, 5.2).
char byte_of(const Pdu& pdu, std::uint64_t offset) {
  if (!pdu.message.records)
    return plain_byte_of(pdu, offset);
  constexpr std::uint32_t most = wire::tls_record_data_bytes;
  const std::uint64_t which = offset / (most + wire::tls_record_bytes);
  const std::uint64_t at = offset % (most + wire::tls_record_bytes);
  const auto data = std::min<std::uint64_t>(plain_bytes(pdu.message) - which * most, most);
  const std::uint64_t length = data + wire::tls_record_bytes - wire::tls_header_bytes;
  const std::array<std::uint64_t, 5> header = {0x17, 3, 3, length >> 8, length & 0xff};
  if (at < wire::tls_header_bytes)
    return static_cast<char>(header[at]);
  if (at - wire::tls_header_bytes < data)
    return plain_byte_of(pdu, which * most + at - wire::tls_header_bytes);
  return at - wire::tls_header_bytes == data ? '\x17' : '\0';
}

/// One connection as the capture knows it. The model's ids are used again, port numbers are not.
struct Flow {
  std::uint16_t host_port = 0;
  std::array<std::deque<Pdu>, 2> sent;
};

class PacketCapture final : public TraceFile {
 public:
  PacketCapture(const World& world, const std::filesystem::path& path, const TraceWindow& window)
      : w_(world), file_(path), window_(window) {
    file_.write(section_header(window));
    std::uint32_t next = 0;
    interface_.assign(w_.net.links.size(), none);
    for (std::size_t i = 0; i < w_.net.links.size(); ++i) {
      const net::Link& link = w_.net.links[i];
      const auto sits_here = [&](const host::Controller& c) {
        const net::NodeId node = w_.net.routes[sim::index(c.forward)].from;
        return node == link.ends[0] || node == link.ends[1];
      };
      if (std::none_of(w_.host.controllers.begin(), w_.host.controllers.end(), sits_here))
        continue;
      interface_[i] = next++;
      file_.write(interface_of(w_, link, w_.net.channels[2 * i].rate_bps, window.snaplen));
    }
    while ((w_.transport.tcp.receive_window_bytes >> window_shift_) > 0xffff && window_shift_ < 14)
      ++window_shift_;
  }

  void on_record(const sim::Record& r) override {
    const auto kind = static_cast<Kind>(r.kind);
    // What is lost at the end of a link is told right after its hop, which has waited for this.
    if (kind == Kind::packet_dropped && was_lost(Words<Kind::packet_dropped>(r)))
      waiting_.clear();
    write_packet();
    if (kind == Kind::pdu_sent) {
      remember(Words<Kind::pdu_sent>(r));
    } else if (kind == Kind::tcp_state) {
      const Words<Kind::tcp_state> words(r);
      const bool opens = words.get<"side">() == transport::Side::host &&
                         words.get<"state">() == transport::TcpState::syn_sent;
      if (opens)
        open(words.get<"connection">());
    }
  }

  void on_packet(const sim::Record& r, std::span<const std::byte> body) override {
    on_record(r);
    if (static_cast<Kind>(r.kind) == Kind::packet_hop && window_.has(r.time_ns))
      capture(Words<Kind::packet_hop>(r), tcp::segment_of(body), r.time_ns);
  }

  void close() override {
    write_packet();
    file_.close();
  }

 private:
  static bool was_lost(const Words<Kind::packet_dropped>& r) {
    const net::Drop reason = r.get<"reason">();
    return reason == net::Drop::loss || reason == net::Drop::blackhole;
  }

  void open(ConnectionId connection) {
    Flow& flow = flows_[connection];
    flow = Flow{};
    flow.host_port = next_port_;
    next_port_ = next_port_ == 60999 ? 32768 : static_cast<std::uint16_t>(next_port_ + 1);
  }

  void remember(const Words<Kind::pdu_sent>& r) {
    const ConnectionId connection = r.get<"connection">();
    const auto side = static_cast<std::size_t>(r.get<"side">());
    const auto& connections = w_.transport.connections;
    const transport::Endpoint& e = connections[connections.id_at(sim::index(connection))].end[side];
    std::deque<Pdu>& sent = flows_[connection].sent[side];
    // With no packet on the way, nothing that is acknowledged can be seen any more.
    while (e.data_in_flight == 0 && !sent.empty() && sent.front().end <= e.unacked)
      sent.pop_front();
    Pdu pdu{r.get<"offset">(), e.out.back(), {}, {}};
    const transport::Payload& payload = pdu.message.payload;
    if (payload.blob != sim::none<transport::BlobId>) {
      const auto bytes = w_.transport.blobs[payload.blob].first(payload.bytes);
      pdu.blob.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    if (payload.bytes != 0 &&
        plain_bytes(pdu.message) != pdu.message.header_bytes + payload.bytes) {
      std::vector<std::byte> data;
      for (std::uint32_t i = 0; i < payload.bytes; ++i)
        data.push_back(static_cast<std::byte>(plain_byte_of(pdu, pdu.message.header_bytes + i)));
      pdu.digest = wire::encode_digest(data);
    }
    sent.push_back(pdu);
  }

  void append_stream(const std::deque<Pdu>& sent, std::uint64_t seq, std::uint32_t length,
                     Bytes& out) const {
    auto pdu =
        std::partition_point(sent.begin(), sent.end(), [&](const Pdu& p) { return p.end <= seq; });
    for (std::uint64_t at = seq; at < seq + length; ++at) {
      HOLDFAST_CHECK(pdu != sent.end() && pdu->begin() <= at);
      out.u8(static_cast<unsigned char>(byte_of(*pdu, at - pdu->begin())));
      if (at + 1 == pdu->end)
        ++pdu;
    }
  }

  static std::size_t blocks_of(const tcp::Segment& s, std::uint32_t bytes) {
    const std::uint32_t options = bytes - s.length - tcp::header_bytes;
    return options < 12 ? 0 : std::min<std::size_t>((options - 4) / 8, s.sack.size());
  }

  void append_tcp_options(const transport::Connection& c, const tcp::Segment& s, std::size_t blocks,
                          Bytes& b) const {
    if ((s.flags & tcp::syn) != 0) {
      b.be16(0x0204), b.be16(c.mss + 12);  // MSS, which does not count options
      b.be32(0x01030300u | window_shift_);
      b.be32(0x01010402);  // SACK permitted
      return;
    }
    b.be32(0x0101080A);
    b.be32(s.stamp_ms);
    b.be32(s.echo_ms);
    if (blocks == 0)
      return;
    b.be16(0x0101), b.u8(5), b.u8(static_cast<unsigned>(2 + 8 * blocks));
    for (std::size_t i = 0; i < blocks; ++i) {
      const auto begin =
          static_cast<std::uint32_t>(s.ack) + static_cast<std::uint32_t>(s.sack[i].offset);
      b.be32(begin);
      b.be32(begin + s.sack[i].length);
    }
  }

  void append_headers(const transport::Connection& c, const Flow& flow, const tcp::Segment& s,
                      std::uint32_t bytes, Bytes& b) const {
    const net::Route& route = w_.net.routes[sim::index(c.route[s.from])];
    for (const net::NodeId node : {route.to, route.from}) {
      b.be16(0x0200);
      b.be32(sim::index(node) + 1);
    }
    b.be16(0x0800);
    const std::size_t ip = b.size();
    b.be32(0x45000000u | bytes);
    b.be32(0x00004000);  // do not fragment
    b.be32(0x40060000);  // 64 hops, TCP
    b.ip(address_of(route.from));
    b.ip(address_of(route.to));
    b.put_be16(ip + 10, checksum(b.str(), ip, 0));
    const bool from_host = s.from == 0;
    b.be16(from_host ? flow.host_port : nvme_tcp_port);
    b.be16(from_host ? nvme_tcp_port : flow.host_port);
    b.be32(static_cast<std::uint32_t>(s.seq));
    b.be32(static_cast<std::uint32_t>(s.ack));
    const bool syn = (s.flags & tcp::syn) != 0;
    const std::size_t blocks = blocks_of(s, bytes);
    // A header of 32 bytes, and of more with SACK.
    unsigned flags = static_cast<unsigned>(8 + (blocks == 0 ? 0 : 1 + 2 * blocks)) << 12;
    flags |= (s.flags & tcp::fin) != 0 ? 0x01u : 0u;
    flags |= syn ? 0x02u : 0u;
    flags |= (s.flags & tcp::rst) != 0 ? 0x04u : 0u;
    flags |= (s.flags & tcp::psh) != 0 ? 0x08u : 0u;
    flags |= (s.flags & tcp::ack) != 0 ? 0x10u : 0u;
    b.be16(flags);
    const std::uint64_t window = w_.transport.tcp.receive_window_bytes;
    b.be16(static_cast<unsigned>(
        std::min<std::uint64_t>(syn ? window : window >> window_shift_, 0xffff)));
    b.be32(0);  // checksum, urgent pointer
    append_tcp_options(c, s, blocks, b);
  }

  void capture(const Words<Kind::packet_hop>& r, const tcp::Segment& s, std::int64_t time_ns) {
    const auto& connections = w_.transport.connections;
    const transport::Connection& c = connections[connections.id_at(s.connection)];
    const std::uint32_t channel = sim::index(r.get<"channel">());
    // Another host's link may be on the way; a connection is watched at its own.
    const net::NodeId host = w_.net.routes[sim::index(c.route[0])].from;
    const net::Link& link = w_.net.links[channel / 2];
    if (link.ends[0] != host && link.ends[1] != host)
      return;
    const Flow& flow = flows_[ConnectionId{s.connection}];
    Bytes frame;
    append_headers(c, flow, s, r.get<"bytes">(), frame);
    append_stream(flow.sent[s.from], s.seq, s.length, frame);
    constexpr std::size_t ip = 14;
    constexpr std::size_t tcp = ip + 20;
    // The pseudo header of RFC 9293, 3.1: both addresses, the protocol, the length.
    const auto length = static_cast<std::uint32_t>(frame.size() - tcp);
    std::uint32_t pseudo = 6 + length;
    for (std::size_t i = ip + 12; i < tcp; i += 2) {
      pseudo += std::uint32_t{static_cast<unsigned char>(frame.str()[i])} << 8 |
                static_cast<unsigned char>(frame.str()[i + 1]);
    }
    frame.put_be16(tcp + 16, checksum(frame.str(), tcp, pseudo));
    waiting_ = frame.str();
    waiting_channel_ = channel;
    waiting_time_ = static_cast<std::uint64_t>(time_ns);
  }

  void write_packet() {
    if (waiting_.empty())
      return;
    Bytes b;
    b.le32(interface_[waiting_channel_ / 2]);
    b.le32(static_cast<std::uint32_t>(waiting_time_ >> 32));
    b.le32(static_cast<std::uint32_t>(waiting_time_));
    const auto length = static_cast<std::uint32_t>(waiting_.size());
    const std::uint32_t kept = window_.snaplen == 0 ? length : std::min(length, window_.snaplen);
    b.le32(kept);
    b.le32(length);
    b.text(std::string_view(waiting_).substr(0, kept));
    b.pad();
    Bytes flags;
    flags.le32(waiting_channel_ % 2 == 0 ? 2 : 1);  // forward: outbound; backward: inbound
    option(b, 2, flags.str());
    b.le32(0);
    file_.write(block(6, b));
    waiting_.clear();
  }

  static constexpr std::uint32_t none = ~0u;

  const World& w_;
  OutFile file_;
  TraceWindow window_;
  std::vector<std::uint32_t> interface_;  ///< by link
  std::map<ConnectionId, Flow> flows_;
  std::uint16_t next_port_ = 32768;
  std::uint32_t window_shift_ = 0;
  std::string waiting_;  ///< the last packet, until it is known whether it was lost
  std::uint32_t waiting_channel_ = 0;
  std::uint64_t waiting_time_ = 0;
};

}  // namespace

std::unique_ptr<TraceFile> make_packet_capture(const World& world,
                                               const std::filesystem::path& path,
                                               const TraceWindow& window) {
  return std::make_unique<PacketCapture>(world, path, window);
}

}  // namespace holdfast::analysis
