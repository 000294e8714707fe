// SPDX-License-Identifier: Apache-2.0
// Options and words after a verb, one by one; see usage.hpp.
#include "bindings/cli/usage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "bindings/cli/cli.hpp"
#include "bindings/cli/typed.hpp"
#include "models/scenario/reading/error.hpp"

namespace holdfast::cli {
namespace {

using Words = std::vector<std::string>;

bool is_option(const std::string& word) {
  // A negative number is a value.
  return word.size() > 1 && word[0] == '-' &&
         std::isdigit(static_cast<unsigned char>(word[1])) == 0;
}

const CLI::Option* option_named(const CLI::App& verb, const std::string& name) {
  for (const CLI::Option* one : verb.get_options({})) {
    for (const std::string& known : one->get_lnames()) {
      if ("--" + known == name)
        return one;
    }
  }
  return nullptr;
}

Words option_names(const CLI::App& verb) {
  Words out;
  for (const CLI::Option* one : verb.get_options({})) {
    for (const std::string& known : one->get_lnames())
      out.push_back("--" + known);
  }
  return out;
}

/// How many words without an option a verb takes, and which it needs.
class Places {
 public:
  explicit Places(const CLI::App& verb) : verb_(verb.get_name()) {
    for (const CLI::Option* one : verb.get_options({})) {
      if (!one->get_positional())
        continue;
      room_ += static_cast<std::size_t>(one->get_items_expected_max());
      if (one->get_required())
        needed_ = one;
    }
  }
  void take(const std::string& word) {
    if (++taken_ > room_) {
      throw UsageError(fmt::format("{}: found {}, expected {}", verb_, scenario::in_quotes(word),
                                   room_ == 0 ? "no word here" : "no further word"));
    }
  }
  void finish() const {
    if (needed_ != nullptr && taken_ == 0) {
      throw UsageError(fmt::format("{}: found no {}, expected {}; see holdfast {} --help", verb_,
                                   needed_->get_name(), needed_->get_description(), verb_));
    }
  }

 private:
  std::string verb_;
  std::size_t room_ = 0, taken_ = 0;
  const CLI::Option* needed_ = nullptr;
};

/// Checks the option at `i`; gives the place of its last word.
std::size_t check_option(const CLI::App& verb, const Words& words, std::size_t i,
                         std::set<std::string>& seen) {
  const std::size_t equals = words[i].find('=');
  const std::string name = words[i].substr(0, equals);
  const CLI::Option* option = option_named(verb, name);
  if (option == nullptr)
    unknown_word(verb.get_name(), name, option_names(verb));
  const bool has_value = equals != std::string::npos;
  if (option->get_items_expected_max() == 0) {
    if (has_value)
      throw UsageError(fmt::format("{}: found a value, expected none", name));
    return i;
  }
  if (option->get_items_expected_max() == 1 && !seen.insert(name).second)
    throw UsageError(fmt::format("{}: found twice, expected once", name));
  if (has_value && equals + 1 == words[i].size())
    throw UsageError(fmt::format("{}: found \"\", expected {}", name, option->get_type_name()));
  if (!has_value && (i + 1 == words.size() || is_option(words[i + 1]))) {
    throw UsageError(fmt::format("{}: found no value, expected {}", name, option->get_type_name()));
  }
  return has_value ? i : i + 1;
}

}  // namespace

void check_verb(const CLI::App& app, const Words& words) {
  Words verbs;
  for (const auto* verb : app.get_subcommands({}))
    verbs.push_back(verb->get_name());
  if (words.empty()) {
    throw UsageError(
        fmt::format("found no verb, expected {}; see holdfast --help", scenario::one_of(verbs)));
  }
  const std::string& first = words.front();
  if (first == "-h" || first == "--help" || first == "--version")
    return;
  if (std::find(verbs.begin(), verbs.end(), first) == verbs.end())
    unknown_word({}, first, verbs);
}

void check_words(const CLI::App& verb, const Words& words) {
  std::set<std::string> seen;
  Places places(verb);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "-h" || words[i] == "--help")
      return;
    if (words[i] == "--") {
      std::for_each(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end(),
                    [&](const std::string& word) { places.take(word); });
      break;
    }
    if (is_option(words[i])) {
      i = check_option(verb, words, i, seen);
    } else {
      places.take(words[i]);
    }
  }
  places.finish();
}

}  // namespace holdfast::cli
