// SPDX-License-Identifier: Apache-2.0
// Declarations of hosts that go and come back, and of records of failures. One row per key.
#include "models/scenario/declaration/repeat.hpp"

namespace holdfast::scenario {
namespace {

Object<HostDown> host_down(const char* name_of_type, const char* doc) {
  return Object<HostDown>(name_of_type, doc)
      .with(lasting())
      .field("host", &HostDown::host, name(longest_name), "which host", required);
}

}  // namespace

const Object<HostDown>& host_crash_object() {
  static const auto declared = host_down(
      "host_crash",
      "tcp: a host stops without a word: its applications, its I/O and its sockets are gone, and "
      "nothing comes from it. When this ends it has booted and connects anew, with the same "
      "identity; packets for sockets of before are then answered with a reset.");
  return declared;
}

const Object<HostDown>& initiator_killed_object() {
  static const auto declared = host_down(
      "initiator_killed",
      "tcp: the process of a user-space initiator is killed, and its applications with it; the "
      "kernel resets its sockets at once. When this ends it connects anew.");
  return declared;
}

const Object<HostDown>& host_shutdown_object() {
  static const auto declared = host_down(
      "host_shutdown",
      "tcp: a host goes in good order: applications stop, controllers are deleted. When this ends "
      "it connects anew, with the same identity.");
  return declared;
}

const Object<Failure>& failure_object() {
  static const auto declared =
      Object<Failure>("failure", "A row of a record of failures.")
          .field("at", &Failure::at, duration(0s, longest_run), "when", required)
          .field("what", &Failure::what, name(longest_name),
                 "a link, a group of links, or a node of an array", required)
          .field("state", &Failure::state, word_of({"up", "down", "crash", "hang", "partition"}),
                 "its state from then on; `down` of a node is a crash", required);
  return declared;
}

const Object<FailureTrace>& failure_trace_object() {
  static const auto declared =
      Object<FailureTrace>("failure_trace",
                           "Links and nodes fail and come back when a record says so. Whatever is "
                           "not mentioned yet is up.")
          .field("at", &FailureTrace::at, latency(longest_run), "what is added to each time")
          .maybe("file", &FailureTrace::file, text(4096),
                 "a file of lines `time,what,state`, beside the scenario; it is read when the "
                 "scenario is, and becomes `failures`")
          .field("failures", &FailureTrace::failures, list(object(failure_object()), 0, 100'000),
                 "the same in the scenario itself, in order of time");
  return declared;
}

}  // namespace holdfast::scenario
