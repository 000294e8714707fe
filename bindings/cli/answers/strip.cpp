// SPDX-License-Identifier: Apache-2.0
// Drawing strips; see strip.hpp.
#include "bindings/cli/answers/strip.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "analysis/run/io_statistics.hpp"
#include "bindings/cli/render.hpp"
#include "models/host/host.hpp"
#include "models/records.hpp"
#include "models/scenario/reading/error.hpp"
#include "models/world.hpp"

namespace holdfast::cli {
namespace {

/// A screen has few rows: of more paths the first ones that something happened to.
constexpr std::size_t most_paths = 4;
constexpr std::size_t label_width = 14;
/// From the best to the worst; a cell shows the worst that it has.
constexpr std::string_view signs = " =.rh";

char sign_of(host::State state) {
  switch (state) {
    case host::State::live:
      return '=';
    case host::State::fencing:
    case host::State::fenced:
    case host::State::recovering:
      return 'h';
    case host::State::resetting:
      return 'r';
    case host::State::connecting:
      return '.';
    default:
      return ' ';
  }
}

std::string painted(const std::string& row) {
  std::string out;
  for (std::size_t i = 0; i < row.size();) {
    const std::size_t end = std::min(row.find_first_not_of(row[i], i), row.size());
    const std::string run = row.substr(i, end - i);
    const char* code = row[i] == '='   ? "32"
                       : row[i] == 'h' ? "33"
                       : row[i] == 'r' ? "35"
                       : row[i] == '#' ? "1"
                       : row[i] == '!' ? "1;31"
                                       : nullptr;
    out += code == nullptr ? run : fmt::format("\x1b[{}m{}\x1b[0m", code, run);
    i = end;
  }
  return out;
}

}  // namespace

void Strip::begins(const World& world) {
  const bool many = world.host.hosts.size() > 1;
  for (const host::Controller& c : world.host.controllers) {
    const std::string& host = world.host.hosts[sim::index(c.host)].name;
    paths_.push_back({scenario::printable(many ? host + "/" + c.name : c.name), {}});
  }
}

void Strip::on_record(const sim::Record& r) {
  if (Kind{r.kind} == Kind::controller_state) {
    const Words<Kind::controller_state> words(r);
    paths_[sim::index(words.get<"controller">())].changes.push_back(
        {r.time_ns, sign_of(words.get<"to">())});
  } else if (Kind{r.kind} == Kind::fault && fault_ns_ < 0) {
    fault_ns_ = r.time_ns;
  }
}

void Strip::ends(const World& world, const nlohmann::json& document) {
  static_cast<void>(document);
  end_ns_ = sim::ns(world.now());
  const analysis::Stall stall = analysis::longest_stall(world);
  if (stall.length > sim::Duration{})
    stall_.push_back({sim::ns(stall.from), sim::ns(stall.from + stall.length)});
  for (const auto& one : oracle::exposure_until(world.oracle, world.now()).windows)
    exposure_.push_back({sim::ns(one.released), sim::ns(one.settled)});
  // The longest history first, as that of a path that was lost; among equals as they are.
  std::stable_sort(paths_.begin(), paths_.end(), [](const Path& a, const Path& b) {
    return a.changes.size() > b.changes.size();
  });
  paths_.resize(std::min(paths_.size(), most_paths));
}

std::size_t Strip::cell_of(std::int64_t at_ns, std::size_t cells) const {
  const double part = static_cast<double>(at_ns) / static_cast<double>(end_ns_);
  return std::min(static_cast<std::size_t>(part * static_cast<double>(cells)), cells - 1);
}

std::string Strip::row_of(const Path& path, std::size_t cells) const {
  std::string out(cells, ' ');
  for (std::size_t i = 0; i < path.changes.size(); ++i) {
    const Change& one = path.changes[i];
    const bool last = i + 1 == path.changes.size();
    const std::size_t end = cell_of(last ? end_ns_ : path.changes[i + 1].at_ns, cells);
    for (std::size_t cell = cell_of(one.at_ns, cells); cell <= end; ++cell) {
      if (signs.find(one.sign) > signs.find(out[cell]))
        out[cell] = one.sign;
    }
  }
  return out;
}

std::string Strip::row_of(const std::vector<Span>& spans, char sign, std::size_t cells) const {
  std::string out(cells, ' ');
  for (const Span& one : spans) {
    for (std::size_t cell = cell_of(one.from_ns, cells); cell <= cell_of(one.to_ns, cells); ++cell)
      out[cell] = sign;
  }
  return out;
}

std::size_t Strip::height() const {
  return fault_ns_ < 0 || paths_.empty() || end_ns_ <= 0 ? 0 : paths_.size() + 4;
}

std::string Strip::text(std::size_t width, bool colour) const {
  if (height() == 0 || width < label_width + 20)
    return {};
  const std::size_t cells = width - label_width - 1;
  std::string out = "\n";
  const auto line = [&](const std::string& label, const std::string& row) {
    std::string shown = row;
    shown.erase(shown.find_last_not_of(' ') + 1);
    out += fmt::format("{:<{}}{}\n", label.substr(0, label_width - 1), label_width,
                       colour ? painted(shown) : shown);
  };
  std::string axis(cells, ' ');
  const std::size_t at = cell_of(fault_ns_, cells);
  const std::string begin = "0 s", end = time_text(static_cast<double>(end_ns_) * 1e-9);
  const std::string struck = "v fault at " + time_text(static_cast<double>(fault_ns_) * 1e-9);
  const auto put = [&](std::size_t place, const std::string& word) {
    if (place + word.size() <= cells && axis.find_first_not_of(' ', place) >= place + word.size())
      axis.replace(place, word.size(), word);
  };
  put(std::min(at, cells - std::min(cells, struck.size())), struck);
  put(0, begin);
  put(cells - std::min(cells, end.size()), end);
  line("", axis);
  for (const Path& path : paths_)
    line(path.name, row_of(path, cells));
  line("stall", row_of(stall_, '#', cells));
  line("exposed", row_of(exposure_, '!', cells));
  return out;
}

}  // namespace holdfast::cli
