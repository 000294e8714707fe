// SPDX-License-Identifier: Apache-2.0
// What works a RunView out, record by record.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "analysis/conform/view/run_view.hpp"

namespace holdfast::conform {

class ViewBuilder {
 public:
  explicit ViewBuilder(RunView& view);
  void take(const Event& e, std::uint32_t index);
  /// The end of the run.
  void finish();

 private:
  using Key = std::tuple<std::uint32_t, std::uint16_t, std::uint16_t>;  // controller, qid, cid
  using TargetKey = std::pair<std::uint32_t, std::uint16_t>;            // subsystem, CNTLID

  bool take_host(const Event& e, std::uint32_t index);
  bool take_target(const Event& e, std::uint32_t index);
  void take_io(const Event& e, std::uint32_t index);

  void begin_association(const Event& e, std::uint32_t index);
  void command_sent(const Event& e, std::uint32_t index);
  void response_received(const Event& e, std::uint32_t index);
  void connect_answered(Exchange& x, std::uint32_t place);
  void identify_answered(const Exchange& x, std::uint32_t place);
  void begin_recovery(const Event& e, std::uint32_t index);
  void control_data(const Event& e);
  void attempt_sent(const Event& e, std::uint32_t index);
  void attempt_ended(const Event& e, std::uint32_t index, bool abandoned);
  void landed(const Event& e, std::uint32_t index, std::uint64_t token);
  void note_ccr(std::uint32_t exchange);
  void judge_ccrs();
  void judge_log(const Exchange& log);
  void find_fences();

  Association* current(std::uint32_t controller);
  TargetController* target_at(std::uint64_t subsystem, std::uint64_t cntlid);
  Attempt* attempt(std::uint64_t token);
  [[nodiscard]] Key data_key(const Event& e) const;
  std::uint32_t attempt_place(std::uint64_t token) const;
  [[nodiscard]] std::uint32_t subsystem_index(std::uint32_t controller) const;

  RunView& v_;
  std::map<Key, std::uint32_t> open_;             ///< exchanges without an answer
  std::map<TargetKey, std::uint32_t> at_target_;  ///< the youngest controller of that id
  /// Control data on its way from a target: by subsystem (~0: discovery), CNTLID, cid.
  std::map<Key, std::vector<std::byte>> data_;
  std::uint32_t operator_index_ = nothing;  ///< the last operator_request
};

}  // namespace holdfast::conform
