// SPDX-License-Identifier: Apache-2.0
// Declarations of TLS and of authentication. One row per key.
#include "models/scenario/declaration/repeat.hpp"

namespace holdfast::scenario {

const Object<Tls>& tls_object() {
  static const auto declared =
      Object<Tls>("tls",
                  "tcp: each connection begins with a TLS 1.3 handshake, one round trip before "
                  "ICReq, and what is sent then lies in records, 22 bytes more for each.")
          .field("time", &Tls::time, duration(0s, 60s),
                 "how long the host's tlshd takes before its ClientHello; the target's part is "
                 "`tls_time` of the subsystem")
          .field("timeout", &Tls::timeout, duration(1s, longest_run, 1s),
                 "tls_handshake_timeout: a handshake that is not over by then ends the attempt to "
                 "connect")
          .field("concat", &Tls::concat, boolean(),
                 "secure concatenation, as Linux 7.2 does it: the key comes of `dhchap`. Each "
                 "attempt sets its admin queue up twice, without TLS and with it");
  return declared;
}

const Object<Dhchap>& dhchap_object() {
  static const auto declared =
      Object<Dhchap>("dhchap",
                     "DH-HMAC-CHAP, where the subsystem asks for it (`dhchap_time`): after each "
                     "Connect four commands, one after the other, on every queue.")
          .field("time", &Dhchap::time, duration(0s, 60s),
                 "how long the host computes, once the challenge is there")
          .field("group", &Dhchap::group,
                 choice<std::uint16_t>({{"null", std::uint16_t{0}},
                                        {"ffdhe2048", std::uint16_t{256}},
                                        {"ffdhe3072", std::uint16_t{384}},
                                        {"ffdhe4096", std::uint16_t{512}},
                                        {"ffdhe6144", std::uint16_t{768}},
                                        {"ffdhe8192", std::uint16_t{1024}}}),
                 "Diffie-Hellman group: how long the reply is; what it takes to compute is in "
                 "`time` and `dhchap_time`")
          .field("both_ways", &Dhchap::both_ways, boolean(),
                 "the controller has to authenticate itself, too: a fifth command");
  return declared;
}

const Object<Reseed>& reseed_object() {
  static const auto declared =
      Object<Reseed>("reseed",
                     "From an instant on, every draw is that of another seed: the run is what it "
                     "was up to there, and another one afterwards. What was drawn before stays: "
                     "when a fault strikes is drawn at the beginning.")
          .field("at", &Reseed::at, duration(0s, longest_run), "from when on", required)
          .field("seed", &Reseed::seed, integer<std::uint64_t>(0, UINT64_MAX), "the other seed",
                 required);
  return declared;
}

}  // namespace holdfast::scenario
