// SPDX-License-Identifier: Apache-2.0
// Reading what was typed.
#include "bindings/cli/typed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "bindings/cli/cli.hpp"
#include "models/scenario/reading/error.hpp"

namespace holdfast::cli {

std::uint64_t whole_number(const std::string& option, const std::string& typed, std::uint64_t low,
                           std::uint64_t high) {
  std::uint64_t value = 0;
  const auto* end = typed.data() + typed.size();
  const auto result = std::from_chars(typed.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end || value < low || value > high) {
    throw UsageError(fmt::format("{}: found {}, expected an integer from {} to {}", option,
                                 scenario::in_quotes(typed), low, high));
  }
  return value;
}

std::vector<std::string> items(const std::string& option, const std::vector<std::string>& typed) {
  std::vector<std::string> out;
  for (const std::string& list : typed) {
    for (std::size_t begin = 0; begin <= list.size();) {
      const std::size_t end = std::min(list.find(',', begin), list.size());
      const std::string one = list.substr(begin, end - begin);
      begin = end + 1;
      if (one.empty()) {
        throw UsageError(fmt::format("{}: found {}, expected something on each side of a comma",
                                     option, scenario::in_quotes(list)));
      }
      if (std::find(out.begin(), out.end(), one) != out.end()) {
        throw UsageError(fmt::format("{}: found {} twice, expected each once", option,
                                     scenario::in_quotes(one)));
      }
      out.push_back(one);
    }
  }
  return out;
}

void unknown_word(const std::string& where, const std::string& typed,
                  const std::vector<std::string>& names) {
  const auto near = scenario::nearest(typed, names);
  throw UsageError(fmt::format("{}{}found {}, expected {}{}", where, where.empty() ? "" : ": ",
                               scenario::in_quotes(typed), scenario::one_of(names),
                               near.empty() ? "" : "; did you mean \"" + near + "\"?"));
}

void check_word(const std::string& where, const std::string& typed,
                const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), typed) == names.end())
    unknown_word(where, typed, names);
}

void check_word(const std::string& option, const std::string& typed) {
  check_word(option, typed, words_of(option));
}

const std::vector<std::string>& words_of(const std::string& option) {
  static const std::map<std::string, std::vector<std::string>> fixed = {
      {"--kernel", {"simgrid", "native", "both"}},
      {"--trace", {trace_kinds.begin(), trace_kinds.end()}},
      {"--for", {"corruption", "exposure", "stall"}},
      {"--strategy", {"exhaustive", "best-first", "random-walk", "swarm", "portfolio"}},
      {"--method", {"restart", "fixed-effort", "adaptive"}},
      {"--party", {"host", "target", "system"}}};
  static const std::vector<std::string> none;
  const auto found = fixed.find(option);
  return found == fixed.end() ? none : found->second;
}

}  // namespace holdfast::cli
