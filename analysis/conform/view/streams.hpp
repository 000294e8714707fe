// SPDX-License-Identifier: Apache-2.0
// The connections of a run, each from the moment at which the host opened it: what was sent over it
// as commands and answers, and as PDUs. Numbers of connections are used again, so a stream is one
// use of a number.
#pragma once

#include <array>
#include <vector>

#include "analysis/conform/view/run_view.hpp"

namespace holdfast::conform {

/// Which end a record of a PDU or an information unit is about.
inline constexpr std::size_t host_side = 0;
inline constexpr std::size_t target_side = 1;

struct Stream {
  std::uint32_t controller = 0;
  std::uint32_t association = nothing;
  std::uint16_t qid = 0;
  std::uint32_t connection = 0;
  std::uint32_t opened = 0;    ///< event
  bool tls = false;            ///< it began with a TLS handshake: its PDUs lie in records
  TimePoint released = never;  ///< the target ended the queue, with what it had not sent yet
  // Events, in order:
  std::vector<std::uint32_t> commands;                 ///< command_sent
  std::vector<std::uint32_t> fetches;                  ///< command_fetched
  std::vector<std::uint32_t> responses;                ///< response_sent
  std::array<std::vector<std::uint32_t>, 2> sent;      ///< pdu_sent, by sender
  std::array<std::vector<std::uint32_t>, 2> received;  ///< pdu_received, by receiver
};

/// As long as the view is there.
const std::vector<Stream>& streams_of(const RunView& v);

}  // namespace holdfast::conform
