// SPDX-License-Identifier: Apache-2.0
// Comparing two worlds that must do the same although their entities have other names or numbers:
// each record is told in names that both share, and what belongs to others is left out.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "models/scenario/declaration/names.hpp"
#include "models/scenario/declaration/spec.hpp"
#include "models/world.hpp"
#include "tests/property/laws_words.hpp"

namespace holdfast::laws {

using scenario::Scenario;

/// Is nobody in the first world.
inline constexpr std::uint64_t nobody = ~std::uint64_t{0};

/// From the numbers of a world to those of the first one, for what is built once.
struct Numbers {
  std::array<std::vector<std::uint64_t>, roles> first;
  [[nodiscard]] std::uint64_t of(Role role, std::uint64_t id) const {
    const auto& all = first[static_cast<std::size_t>(role)];
    return id < all.size() ? all[id] : nobody;
  }
};

/// A world and what its scenario's names became.
struct Built {
  World w;
  scenario::Names names;
};

/// How the second scenario was made of the first one.
struct Change {
  std::function<std::string(const std::string&)> renamed = [](const std::string& s) { return s; };
  std::vector<std::size_t> jobs;  ///< of each job of the first one, its number now; empty: the same
  std::size_t faults_before = 0;  ///< that many faults of others come before those of the first one
  sim::Duration later{};          ///< all happens that much later
  bool masks_names = false;       ///< what goes over the wire as a name is not compared
  bool order_within_instant = true;  ///< also what happens at one instant comes in the same order
};

/// Builds a world; `prepare` may record or script its choices before.
void build(Built& out, const Scenario& s, const std::function<void(World&)>& prepare = {});

/// Everybody in `first` is who he is.
Numbers same_numbers(const Built& first);
/// Everybody in `second` who has a counterpart in `first` has its number.
Numbers numbers_of(const Built& first, const Built& second, const Change& change);

/// Writes the records of a run down, in the names of the first world.
class Scribe : public sim::Sink {
 public:
  Scribe(const World& world, Numbers numbers, const Change& change)
      : world_(world), numbers_(std::move(numbers)), change_(change) {}
  void on_record(const sim::Record& record) override;

  [[nodiscard]] const std::vector<sim::Record>& records() const { return records_; }
  /// The operation of the first world that this one is; nobody: another's.
  [[nodiscard]] std::uint64_t operation(std::uint64_t serial) const;
  [[nodiscard]] std::uint64_t token(std::uint64_t token) const;
  [[nodiscard]] const Numbers& numbers() const { return numbers_; }

 private:
  void note_births(const sim::Record& record);
  void name_connection(std::uint64_t id);
  bool opens_connection(const sim::Record& record);
  std::uint64_t told(const sim::Record& record, std::size_t place, Role role);
  std::uint64_t packet_head(std::uint64_t word);
  [[nodiscard]] std::uint64_t packet_end(const sim::Record& record, std::uint64_t word) const;

  const World& world_;
  Numbers numbers_;
  Change change_;
  std::vector<sim::Record> records_;
  std::vector<std::uint64_t> operations_;  ///< by serial - 1
  std::map<std::uint64_t, std::uint64_t> operations_of_job_;
  std::map<std::uint64_t, std::uint64_t> connections_, exchanges_;
  std::set<std::uint64_t> resolving_;  ///< RDMA: connections that ask for the address
  /// How many there were, by the two nodes, or by the connection.
  std::map<std::uint64_t, std::uint64_t> opened_;
};

/// A run of the first scenario, with its records.
struct First {
  explicit First(const Scenario& scenario, std::uint64_t most_records = ~std::uint64_t{0},
                 bool record_choices = false);
  First(const First&) = delete;
  First& operator=(const First&) = delete;
  ~First() = default;

  Scenario s;
  Built built;
  Scribe scribe;
  sim::TimePoint end{};  ///< of the scenario, or earlier when there were too many records
};

/// Runs `second`, until the first run ended, and tells the first thing in which the entities of the
/// first scenario fared otherwise: their records, the oracle's rows of them, their recoveries.
/// Empty: nothing.
std::string difference(const First& first, const Scenario& second, const Change& change,
                       const std::function<void(World&)>& prepare = {});

}  // namespace holdfast::laws
