// SPDX-License-Identifier: Apache-2.0
// Whether a document has what its page needs. Somebody may have cut or edited it, and a page that
// stops in the middle says less than one line that names the place.
#include <fmt/format.h>

#include <array>
#include <span>
#include <string_view>

#include "analysis/report/answers/answers.hpp"

namespace holdfast::analysis::report {

using nlohmann::json;

namespace {

enum class Want : std::uint8_t { text, number, number_or_null, flag, list, object };

struct Need {
  const char* place;  ///< a JSON pointer, without its first slash
  Want want;
};

const char* words_of(Want want) {
  switch (want) {
    case Want::text:
      return "a string";
    case Want::number:
      return "a number";
    case Want::number_or_null:
      return "a number or null";
    case Want::flag:
      return "true or false";
    case Want::list:
      return "a list";
    case Want::object:
      break;
  }
  return "an object";
}

bool is(const json& value, Want want) {
  switch (want) {
    case Want::text:
      return value.is_string();
    case Want::number:
      return value.is_number();
    case Want::number_or_null:
      return value.is_number() || value.is_null();
    case Want::flag:
      return value.is_boolean();
    case Want::list:
      return value.is_array();
    case Want::object:
      break;
  }
  return value.is_object();
}

/// A value as an error shows it.
std::string shown(const json& value) {
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  constexpr std::size_t most = 60;
  if (text.size() > most)
    text = text.substr(0, most) + "...";
  return text;
}

std::string missing(const json& in, std::span<const Need> needs, const std::string& above = "") {
  for (const Need& need : needs) {
    const json::json_pointer place(std::string("/") + need.place);
    if (!in.contains(place))
      return fmt::format("found no {}/{}, expected {}", above, need.place, words_of(need.want));
    if (!is(in[place], need.want)) {
      return fmt::format("found {} at {}/{}, expected {}", shown(in[place]), above, need.place,
                         words_of(need.want));
    }
  }
  return {};
}

/// The same of all elements of a list.
std::string missing_in(const json& list, const std::string& above, std::span<const Need> needs) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string place = fmt::format("{}/{}", above, i);
    if (!list[i].is_object())
      return fmt::format("found {} at {}, expected an object", shown(list[i]), place);
    if (std::string flaw = missing(list[i], needs, place); !flaw.empty())
      return flaw;
  }
  return {};
}

std::string first_of(std::initializer_list<std::string> flaws) {
  for (const std::string& flaw : flaws) {
    if (!flaw.empty())
      return flaw;
  }
  return {};
}

constexpr std::array search_needs = {
    Need{"name", Want::text},      Need{"for", Want::text},
    Need{"exhausted", Want::flag}, Need{"ended", Want::text},
    Need{"bounds", Want::object},  Need{"bounds/says", Want::text},
    Need{"strategy", Want::text},  Need{"walks/worlds", Want::number},
    Need{"worlds", Want::number},  Need{"levels", Want::list},
};
constexpr std::array level_needs = {
    Need{"deviations", Want::number},
    Need{"worlds", Want::number},
    Need{"probes", Want::number},
    Need{"exhausted", Want::flag},
};
constexpr std::array worst_needs = {
    Need{"deviations", Want::list},
    Need{"scenario", Want::object},
    Need{"trace_hash", Want::text},
    Need{"seen_s", Want::number},
};
constexpr std::array deviation_needs = {
    Need{"says", Want::text},      Need{"kind", Want::text},     Need{"point", Want::text},
    Need{"ordinal", Want::number}, Need{"made_s", Want::number},
};
constexpr std::array chance_needs = {
    Need{"at_s", Want::number},
    Need{"worlds", Want::number},
    Need{"corrupt_count", Want::number},
};
constexpr std::array story_needs = {
    Need{"kind", Want::text},  Need{"host", Want::text},     Need{"namespace", Want::text},
    Need{"lba", Want::number}, Need{"timeline", Want::list},
};
constexpr std::array moment_needs = {
    Need{"t_s", Want::number_or_null},
    Need{"event", Want::text},
    Need{"text", Want::text},
};
constexpr std::array aftermath_needs = {
    Need{"says", Want::text},
    Need{"critical", Want::flag},
};
constexpr std::array rare_needs = {
    Need{"name", Want::text},
    Need{"of", Want::text},
    Need{"method", Want::text},
    Need{"ended", Want::text},
    Need{"seed", Want::number},
    Need{"effort_count", Want::number},
    Need{"repetition_count", Want::number},
    Need{"ancestor_count", Want::number},
    Need{"zero_count", Want::number},
    Need{"gain", Want::number_or_null},
    Need{"levels", Want::list},
    Need{"repetitions", Want::list},
    Need{"warnings", Want::list},
    Need{"examples", Want::list},
    Need{"work", Want::object},
    Need{"pilot_work", Want::object},
};
constexpr std::array stage_needs = {
    Need{"importance", Want::number_or_null},
    Need{"tried_count", Want::number},
    Need{"reached_count", Want::number},
    Need{"chance", Want::number_or_null},
};
constexpr std::array probability_needs = {
    Need{"value", Want::number},
    Need{"low", Want::number_or_null},
    Need{"high", Want::number_or_null},
};
constexpr std::array crude_needs = {
    Need{"run_count", Want::number},
    Need{"hit_count", Want::number},
    Need{"probability", Want::object},
};
constexpr std::array example_needs = {
    Need{"scenario", Want::object},
    Need{"trace_hash", Want::text},
};
constexpr std::array size_needs = {
    Need{"name", Want::text},
    Need{"feasible", Want::flag},
    Need{"goal/risk_probability", Want::number},
    Need{"goal/stall_s", Want::number},
    Need{"rule_of_thumb", Want::object},
    Need{"frontier", Want::list},
};
constexpr std::array point_needs = {
    Need{"keep_alive", Want::text}, Need{"kato_s", Want::number},
    Need{"cqt_s", Want::number},    Need{"risk_probability", Want::number},
    Need{"stall_s", Want::number},
};
constexpr std::array best_needs = {
    Need{"recommended/cqt_most_s", Want::number},
    Need{"recommended/io_timeout_s", Want::number},
    Need{"recommended/reconnect_delay_s", Want::number},
    Need{"recommended/ccr", Want::flag},
    Need{"binds", Want::text},
    Need{"slack/risk_ratio", Want::number},
    Need{"slack/stall_s", Want::number},
};

std::string flaw_of_worst(const json& worst) {
  std::string flaw = missing(worst, worst_needs, "/worst");
  if (!flaw.empty())
    return flaw;
  flaw = missing_in(worst["deviations"], "/worst/deviations", deviation_needs);
  if (!flaw.empty())
    return flaw;
  if (worst.contains("likelihood")) {
    if (!worst["likelihood"].is_array())
      return "found no list at /worst/likelihood, expected one";
    flaw = missing_in(worst["likelihood"], "/worst/likelihood", chance_needs);
  }
  if (flaw.empty() && worst.contains("aftermath"))
    flaw = missing(worst["aftermath"], aftermath_needs, "/worst/aftermath");
  if (flaw.empty() && worst.contains("story")) {
    flaw = missing(worst["story"], story_needs, "/worst/story");
    if (flaw.empty())
      flaw = missing_in(worst["story"]["timeline"], "/worst/story/timeline", moment_needs);
  }
  return flaw;
}

std::string flaw_of_search(const json& document) {
  std::string flaw = missing(document, search_needs);
  if (!flaw.empty())
    return flaw;
  flaw = missing_in(document["levels"], "/levels", level_needs);
  if (!flaw.empty() || !document.contains("worst") || document["worst"].is_null())
    return flaw;
  flaw = flaw_of_worst(document["worst"]);
  if (!flaw.empty() || document["for"] == "corruption")
    return flaw;
  constexpr std::array values = {Need{"worst/value_s", Want::number},
                                 Need{"own_value_s", Want::number}};
  return missing(document, values);
}

std::string flaw_of_rare(const json& document) {
  std::string flaw = missing(document, rare_needs);
  if (!flaw.empty())
    return flaw;
  if (document.contains("probability") && !document["probability"].is_null())
    flaw = missing(document["probability"], probability_needs, "/probability");
  if (flaw.empty() && document.contains("crude") && !document["crude"].is_null())
    flaw = missing(document["crude"], crude_needs, "/crude");
  for (std::size_t i = 0; flaw.empty() && i < document["repetitions"].size(); ++i) {
    if (!document["repetitions"][i].is_number())
      flaw = fmt::format("found no number at /repetitions/{}, expected one", i);
  }
  for (std::size_t i = 0; flaw.empty() && i < document["warnings"].size(); ++i) {
    if (!document["warnings"][i].is_string())
      flaw = fmt::format("found no string at /warnings/{}, expected one", i);
  }
  return first_of({flaw, missing_in(document["levels"], "/levels", stage_needs),
                   missing_in(document["examples"], "/examples", example_needs)});
}

std::string flaw_of_size(const json& document) {
  std::string flaw = missing(document, size_needs);
  if (!flaw.empty())
    return flaw;
  flaw = first_of({missing(document["rule_of_thumb"], point_needs, "/rule_of_thumb"),
                   missing_in(document["frontier"], "/frontier", point_needs)});
  if (!flaw.empty() || !document["feasible"].get<bool>())
    return flaw;
  flaw = missing(document, best_needs);
  return flaw.empty() ? missing(document["recommended"], point_needs, "/recommended") : flaw;
}

}  // namespace

std::string question_of(const json& document) {
  if (!document.is_object() || !document.contains("question"))
    return {};
  const json& question = document["question"];
  for (const char* known : {"search", "rare", "size", "sweep"}) {
    if (question == known)
      return known;
  }
  return {};
}

std::string flaw_of(const json& document) {
  const std::string question = question_of(document);
  if (question == "search")
    return flaw_of_search(document);
  if (question == "rare")
    return flaw_of_rare(document);
  if (question == "size")
    return flaw_of_size(document);
  return "found another document, expected an answer of search, rare or size";
}

}  // namespace holdfast::analysis::report
