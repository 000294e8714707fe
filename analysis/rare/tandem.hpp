// SPDX-License-Identifier: Apache-2.0
// The public benchmark of rare-event simulation: two queues in tandem (Glasserman, Heidelberger,
// Shahabuddin, Zajic 1999; the parameters are those of FIG's model tandem_queue.sa). Customers come
// at rate 3, the first server works at rate 2 and the second at 6, both queues hold up to
// `capacity`; whoever finds one full is lost. From one customer in the second queue and none in the
// first: does the second fill up before it is empty?
//
// It runs on the engine that worlds run on: events of a calendar, spans that choice points answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analysis/rare/pilot.hpp"
#include "analysis/rare/splitting.hpp"
#include "sim/calendar.hpp"
#include "sim/choice.hpp"

namespace holdfast::analysis::rare {

struct Tandem {
  sim::Calendar<Tandem> calendar;
  sim::Choices choices;
  std::uint32_t first = 0;   ///< customers in the first queue, in service or not
  std::uint32_t second = 0;  ///< and in the second one
  std::uint32_t capacity = 0;
  sim::EventId arrival{}, first_done{}, second_done{};
  sim::ChoiceId arrival_choice{}, first_choice{}, second_choice{};
};

class TandemQueue {
 public:
  using Path = Tandem;
  /// Importance: customers in the second queue, and this part of each in the first.
  explicit TandemQueue(std::uint32_t capacity, double of_first = 0.0)
      : capacity_(capacity), of_first_(of_first) {}

  [[nodiscard]] Path root(std::uint64_t seed, Work& work) const;
  void renew(Path& path, std::uint64_t seed) const;
  Reached advance(Path& path, double up, double down, double& peak, Work& work) const;

  /// 1, 2, ... in units of customers in the second queue: what fixed levels there are.
  [[nodiscard]] std::vector<double> levels() const;

  /// The probability itself, by Gauss-Seidel over all states.
  [[nodiscard]] double exact() const;

 private:
  std::uint32_t capacity_;
  double of_first_;
};

// Compiled once, with the library.
extern template Estimate<TandemQueue> fixed_effort(const TandemQueue&, const std::vector<double>&,
                                                   std::size_t, Seeds);
extern template Estimate<TandemQueue> restart(const TandemQueue&, const std::vector<double>&,
                                              const std::vector<std::uint32_t>&, std::size_t,
                                              std::size_t, Seeds);
extern template Estimate<TandemQueue> adaptive(const TandemQueue&, const std::vector<double>&,
                                               std::size_t, Seeds);
extern template Pilot pilot(const TandemQueue&, std::size_t, double, Seeds, std::size_t);
extern template std::uint64_t crude(const TandemQueue&, std::uint64_t, Seeds, Work&);

}  // namespace holdfast::analysis::rare
