// SPDX-License-Identifier: Apache-2.0
// Positions in files; see position.hpp.
#include "analysis/search/position.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "analysis/files/answers.hpp"
#include "analysis/files/files.hpp"
#include "analysis/run/model_version.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/scenario/scenario.hpp"
#include "models/wire/crc32c.hpp"
#include "sim/memory.hpp"

namespace holdfast::analysis::search {

using nlohmann::json;

namespace {

/// A level has fewer than 300 bytes, a deviation not much more.
constexpr std::uintmax_t largest_position = 1 << 20;

std::uint32_t sum_of(const json& kept) {
  const std::string text = kept.dump();
  return wire::crc32c(std::as_bytes(std::span(text)));
}

TimePoint instant(const json& ns) { return sim::epoch + Duration{ns.get<std::int64_t>()}; }

Position position_of(const json& kept) {
  Position out;
  for (const json& one : kept.at("levels")) {
    out.levels.push_back({one.at("deviations").get<unsigned>(),
                          one.at("worlds").get<std::uint64_t>(),
                          one.at("probes").get<std::uint64_t>(), one.at("exhausted").get<bool>()});
  }
  out.chunks = kept.at("chunks").get<std::uint64_t>();
  out.walked = kept.at("walked").get<std::uint64_t>();
  out.outside = kept.at("outside").get<std::uint64_t>();
  out.own_value = kept.at("own_value").get<std::int64_t>();
  if (!kept.at("best").is_null())
    out.best = finding_of(kept.at("best"));
  const json& merging = kept.at("merging");
  out.merging = {merging.at("on").get<bool>(), merging.at("distinct").get<std::uint64_t>(),
                 merging.at("again").get<std::uint64_t>()};
  out.met_sum = merging.at("sum").get<std::uint64_t>();
  out.begins = {merging.at("begins").at(0).get<std::uint64_t>(),
                merging.at("begins").at(1).get<std::uint64_t>()};
  return out;
}

}  // namespace

json json_of(const Finding& finding) {
  json deviations = json::array();
  for (const Deviation& d : finding.deviations) {
    deviations.push_back({{"kind", static_cast<int>(d.kind)},
                          {"stream", d.choice.stream},
                          {"ordinal", d.choice.ordinal},
                          {"value", d.choice.value},
                          {"point", d.point},
                          {"own", d.own},
                          {"made_ns", sim::ns(d.made)}});
  }
  return {{"deviations", deviations}, {"value", finding.value}, {"seen_ns", sim::ns(finding.seen)}};
}

Finding finding_of(const json& kept) {
  Finding out;
  for (const json& one : kept.at("deviations")) {
    Deviation d;
    const int kind = one.at("kind").get<int>();
    if (kind < 0 || kind >= static_cast<int>(kinds))
      throw PositionError(fmt::format("found a deviation of kind {}", kind));
    d.kind = static_cast<Kind>(kind);
    d.choice = {one.at("stream").get<std::uint64_t>(), one.at("ordinal").get<std::uint64_t>(),
                one.at("value").get<std::int64_t>()};
    d.point = one.at("point").get<std::string>();
    d.own = one.at("own").get<std::int64_t>();
    d.made = instant(one.at("made_ns"));
    out.deviations.push_back(std::move(d));
  }
  out.value = kept.at("value").get<std::int64_t>();
  out.seen = instant(kept.at("seen_ns"));
  return out;
}

json identity(const scenario::Scenario& scenario, const Options& options, Objective objective) {
  return {{"scenario", scenario::hash(scenario)},
          {"for", name_of(objective)},
          {"strategy", name_of(options.strategy)},
          {"merge", options.merge},
          {"reduce", options.reduce},
          // By what it does: two that were changed in one knob each are told alike.
          {"against", options.against ? scenario::hash(under(scenario, *options.against)) : ""},
          {"model", model_version()}};
}

void keep_position(const std::filesystem::path& file, const json& identity,
                   const Position& position) {
  json levels = json::array();
  for (const Level& level : position.levels) {
    levels.push_back({{"deviations", level.deviations},
                      {"worlds", level.worlds},
                      {"probes", level.probes},
                      {"exhausted", level.exhausted}});
  }
  const json kept = {{"of", identity},
                     {"levels", levels},
                     {"chunks", position.chunks},
                     {"walked", position.walked},
                     {"outside", position.outside},
                     {"own_value", position.own_value},
                     {"best", position.best ? json_of(*position.best) : json(nullptr)},
                     {"merging",
                      {{"on", position.merging.on},
                       {"distinct", position.merging.distinct},
                       {"again", position.merging.again},
                       {"sum", position.met_sum},
                       {"begins", {position.begins.high, position.begins.low}}}}};
  json whole = kept;
  whole["crc32c"] = sum_of(kept);
  write_whole(file, whole.dump() + "\n");
}

std::optional<Position> kept_position(const std::filesystem::path& file, const json& identity) {
  std::error_code error;
  if (!std::filesystem::exists(file, error))
    return std::nullopt;
  const std::string quoted = scenario::in_quotes(file.string());
  if (!std::filesystem::is_regular_file(file, error) ||
      std::filesystem::file_size(file, error) > largest_position)
    throw PositionError(quoted + " is not where a search stopped: no file of ours");
  std::ifstream in = sim::open_to_read(file);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  try {
    json kept = json::parse(text);
    // What was damaged could be told as exhausted.
    const json sum = kept.at("crc32c");
    kept.erase("crc32c");
    if (sum != sum_of(kept))
      throw PositionError(quoted + " is damaged: its sum is that of other words");
    for (const auto& [key, expected] : identity.items()) {
      const json& found = kept.at("of").at(key);
      if (found != expected) {
        throw PositionError(fmt::format("{} is of a search with {} {}, expected {}", quoted, key,
                                        found.dump(), expected.dump()));
      }
    }
    return position_of(kept);
  } catch (const json::exception& wrong) {
    throw PositionError(fmt::format("{} is not where a search stopped: {}", quoted, wrong.what()));
  }
}

Keeper::Keeper(const std::filesystem::path& folder, const scenario::Scenario& scenario,
               const Options& options, Objective objective)
    : folder_(folder),
      file_(folder / "search-position.json"),
      name_(scenario.name),
      identity_(identity(scenario, options, objective)),
      met_(folder / "search-worlds.bin"),
      from_(kept_position(file_, identity_)) {
  if (from_) {
    auto met = met_.read(from_->merging.distinct, from_->met_sum);
    if (!met) {
      throw PositionError(scenario::in_quotes(met_.path().string()) +
                          " is damaged: it lacks worlds that the search has met");
    }
    from_->met = std::move(*met);
  }
  if (const std::string file = in_the_way_of_answer(folder, "search"); !file.empty()) {
    throw PositionError(scenario::in_quotes(file) +
                        " is there, which no search wrote and which would be lost");
  }
}

void Keeper::keep(const Position& position) {
  const auto now = std::chrono::steady_clock::now();
  last_ = position;
  last_->met_sum = met_.sum();
  if (now < next_)
    return;
  met_.write();
  keep_position(file_, identity_, *last_);
  next_ = now + std::chrono::milliseconds{500};
}

std::optional<std::filesystem::path> Keeper::finish(const Outcome& out, const json& document) {
  const bool through = out.ended == Ended::exhausted || out.ended == Ended::found;
  write_answer(folder_.path(), "search", document, through);
  const std::optional<std::filesystem::path> finding = write_finding(out, through);
  // Last, so that whoever is killed meanwhile can go on.
  std::error_code none;
  if (through) {
    std::filesystem::remove(file_, none);
    met_.remove();
  } else if (last_) {
    met_.write();
    keep_position(file_, identity_, *last_);
  }
  return finding;
}

std::optional<std::filesystem::path> Keeper::write_finding(const Outcome& out, bool through) const {
  // As with the answers: what a part of one has found takes the place of no whole one's.
  const std::filesystem::path whole = folder_.path() / (name_ + "-finding.json");
  const std::filesystem::path part = folder_.path() / (name_ + "-finding.partial.json");
  std::error_code none;
  std::filesystem::remove(part, none);
  if (!out.worst) {
    // That of an earlier answer is not of this one.
    if (through)
      std::filesystem::remove(whole, none);
    return std::nullopt;
  }
  std::filesystem::path finding = through ? whole : part;
  constexpr auto replace = json::error_handler_t::replace;
  write_whole(finding, scenario::to_json(out.finding).dump(2, ' ', false, replace) + "\n");
  return finding;
}

}  // namespace holdfast::analysis::search
