// SPDX-License-Identifier: Apache-2.0
#include "tests/wild/draw.hpp"

#include <algorithm>
#include <functional>
#include <string_view>

#include "sim/random.hpp"
#include "tests/differential/generate.hpp"
#include "tests/wild/comes_back.hpp"
#include "tests/wild/suit.hpp"
#include "tests/wild/values.hpp"

namespace holdfast::wild {

namespace {

using sim::Dice;

/// The key of a template.
bool makes_copies(const json& node) {
  return node.value("description", "").starts_with("a template of so many");
}

/// The key of a record of failures that lies beside the scenario; drawn ones have it inline.
constexpr std::string_view needs_a_file = "failure_trace.file";

const json& schema() {
  static const json out = scenario::schema();
  return out;
}

std::string place_of(std::string object, const std::string& key) {
  return object.append(".").append(key);
}

/// What is told of an object: its name in $defs, its declaration, and the object.
using Visit = std::function<void(const std::string&, const json&, json&)>;

std::string name_in(const json& reference) {
  const auto whole = reference["$ref"].get<std::string>();
  return whole.substr(whole.rfind('/') + 1);
}

/// The reference that an object of a document follows: the only one, or the one of its type.
const json* reference_of(const json& node, const json& value) {
  if (node.contains("$ref"))
    return &node;
  for (const char* choice : {"anyOf", "oneOf"}) {
    const auto list = node.find(choice);
    if (list == node.end())
      continue;
    for (const json& one : *list) {
      if (!one.contains("$ref"))
        continue;
      const json& keys = declared(one)->at("properties");
      if (!keys.contains("type") || keys["type"]["const"] == value.value("type", json()))
        return &one;
    }
  }
  return nullptr;
}

void walk(const std::string& name, const json& declaration, json& object, const Visit& visit);

void walk_into(const json& node, json& value, const Visit& visit) {
  if (value.is_array() && node.contains("items")) {
    for (json& one : value)
      walk_into(node["items"], one, visit);
  }
  if (!value.is_object())
    return;
  if (const json* reference = reference_of(node, value))
    walk(name_in(*reference), *declared(*reference), value, visit);
}

void walk(const std::string& name, const json& declaration, json& object, const Visit& visit) {
  visit(name, declaration, object);
  for (auto& [key, value] : object.items()) {
    const auto node = declaration["properties"].find(key);
    if (node != declaration["properties"].end())
      walk_into(*node, value, visit);
  }
}

/// What holds a world together, and is not drawn anew.
bool is_structure(std::string_view key) {
  for (const char* one :
       {"name", "ends", "ports", "links", "hosts", "subsystems", "connect", "fabric", "type",
        "size", "duration", "transport", "choices", "adversary"}) {
    if (key == one)
      return true;
  }
  return false;
}

class Drawer {
 public:
  Drawer(std::uint64_t seed, std::uint64_t attempt)
      : seed_(seed * 32 + attempt),
        dice_(seed_, "wild"),
        ordinary_(dice_.percent(90)),
        rate_(dice_.pick({3U, 10U, 30U, 60U})),
        values_(dice_, names_, !ordinary_) {}

  json document() {
    json out = json::parse(generate::scenario_text(seed_));
    out["name"] = "wild-" + std::to_string(seed_);
    thin(out);
    learn_names(out);
    append(out, "faults", dice_.between(0, 3));
    append(out, "workloads", dice_.percent(40) ? 1 : 0);
    const Visit add = [this](const std::string& name, const json& declaration, json& object) {
      add_keys(name, declaration, object);
    };
    walk("scenario", schema(), out, add);
    do_without_tls(out);
    suit(out, seed_);
    // Last, because these speak of what there is.
    for (const char* key : {"choices", "adversary"}) {
      const json& node = schema()["properties"][key];
      if (!has_key("scenario", key))
        continue;
      out[key] = value_of(node, "scenario", key);
      walk_into(node, out[key], add);
    }
    return out;
  }
  [[nodiscard]] bool ordinary() const { return ordinary_; }

 private:
  /// Fewer hosts, connections, loads and faults, so that a run is short.
  void thin(json& document) {
    const std::uint64_t keep = dice_.pick({20U, 50U, 100U});
    const auto thin_list = [&](json& list, std::size_t fewest) {
      for (std::size_t i = list.size(); i-- > 0;) {
        if (list.size() > fewest && !dice_.percent(keep))
          list.erase(i);
      }
    };
    thin_list(document["hosts"], 1);
    for (json& host : document["hosts"])
      thin_list(host["connect"], 1);
    thin_list(document["workloads"], 0);
    thin_list(document["faults"], 0);
  }

  /// In half of the worlds: an object that has all keys has TLS, which refuses what digests notice.
  void do_without_tls(json& document) const {
    if (sim::random_bits(seed_, sim::hash_name("without tls"), 0) % 2 != 0)
      return;
    for (json& host : document["hosts"]) {
      for (json& connection : host["connect"])
        connection.erase("tls");
    }
  }

  void learn_names(const json& document) {
    for (const json& host : document["hosts"])
      names_.hosts.push_back(host["name"]);
    for (const json& subsystem : document["subsystems"]) {
      names_.subsystems.push_back(subsystem["name"]);
      for (const json& port : subsystem["ports"])
        names_.ports.push_back(port);
      for (const json& node : subsystem.value("nodes", json::array()))
        names_.nodes.push_back(node["name"]);
    }
    for (const json& link : document["fabric"]["links"])
      names_.links.push_back(link["name"]);
    names_.ends = names_.hosts;
    names_.ends.insert(names_.ends.end(), names_.ports.begin(), names_.ports.end());
  }

  /// Whether this world has the key at all.
  bool has_key(const std::string& name, const std::string& key) const {
    return sim::random_bits(seed_, sim::hash_name(place_of(name, key)), 0) % 100 < rate_;
  }

  /// An object with what it must have; `add_keys` comes by later for the rest.
  json fresh(const json& node) {
    if (node.contains("oneOf"))
      return fresh(node["oneOf"][dice_.between(0, node["oneOf"].size() - 1)]);
    const std::string name = name_in(node);
    const json& declaration = *declared(node);
    json out = json::object();
    for (const json& key : declaration.value("required", json::array()))
      out[key.get<std::string>()] = value_of(declaration["properties"][key], name, key);
    return out;
  }

  json value_of(const json& node, const std::string& name, const std::string& key) {
    if (node.contains("$ref"))
      return fresh(node);
    if (node.contains("items") && reference_or_choice(node["items"])) {
      json out = json::array();
      for (std::uint64_t left = dice_.between(1, 3); left > 0; --left)
        out.push_back(fresh(node["items"]));
      return out;
    }
    return values_.of(node, name, key);
  }

  static bool reference_or_choice(const json& node) {
    return node.contains("$ref") || node.contains("oneOf");
  }

  void append(json& document, const char* list, std::uint64_t count) {
    for (; count > 0; --count)
      document[list].push_back(fresh(schema()["properties"][list]["items"]));
  }

  void add_keys(const std::string& name, const json& declaration, json& object) {
    // Some keys are refused without certain others: now and then an object has all of them.
    const bool all = dice_.percent(8);
    for (const auto& [key, node] : declaration["properties"].items()) {
      // What templates make is what the rest draws, only more of it.
      if (makes_copies(node) || place_of(name, key) == needs_a_file ||
          (!all && (!has_key(name, key) || dice_.percent(30))))
        continue;
      if (is_structure(key) && (object.contains(key) || name == "scenario"))
        continue;
      if (!node.contains("items") || !object.contains(key)) {
        if (!(object.contains(key) && object[key].is_object()))
          object[key] = value_of(node, name, key);
      } else if (reference_or_choice(node["items"])) {
        object[key].push_back(fresh(node["items"]));
      }
    }
  }

  std::uint64_t seed_;
  Dice dice_;
  bool ordinary_;
  std::uint64_t rate_;
  Names names_;
  Values values_;
};

/// Takes away what a pointer leads to, or else what it comes to last. False: it was the document.
bool take_away(json& document, const std::string& pointer) {
  json::json_pointer at(pointer);
  while (!at.empty() && !document.contains(at))
    at.pop_back();
  if (at.empty())
    return false;
  json& parent = document[at.parent_pointer()];
  if (parent.is_array())
    parent.erase(std::stoul(at.back()));
  else
    parent.erase(at.back());
  return true;
}

/// Whether a refusal says why, and where in the document.
std::string unclear(const scenario::ScenarioError& error, const json& document) {
  const auto& parts = error.parts();
  json::json_pointer at(parts.pointer);
  // What is missing has a place at least in something that is there.
  const bool leads = document.contains(at) || document.contains(at.parent_pointer());
  if (leads && !parts.found.empty() && !parts.expected.empty())
    return {};
  return std::string("a refusal without place or reason: ") + error.what();
}

}  // namespace

Keys declared_keys() {
  Keys out;
  const auto add = [&](const std::string& name, const json& declaration) {
    for (const auto& [key, node] : declaration["properties"].items()) {
      if (!makes_copies(node) && place_of(name, key) != needs_a_file)
        out.insert(place_of(name, key));
    }
  };
  add("scenario", schema());
  for (const auto& [name, declaration] : schema()["$defs"].items())
    add(name, declaration);
  return out;
}

Keys keys_of(const json& document) {
  Keys out;
  json copy = document;
  walk("scenario", schema(), copy, [&](const std::string& name, const json&, json& object) {
    for (const auto& [key, value] : object.items())
      out.insert(place_of(name, key));
  });
  return out;
}

namespace {

/// A link that was refused is taken away, and with it what answers for its choice points: which
/// ones there are is known when a world is built, not before.
void forget_answers_without_link(json& document) {
  if (!document.contains("choices") || !document["choices"].is_array())
    return;
  json& choices = document["choices"];
  const auto has_link = [&](const json& choice) {
    const std::string point = choice.value("point", "");
    const json& links = document["fabric"]["links"];
    return std::any_of(links.begin(), links.end(), [&](const json& link) {
      return point.rfind("link " + link.value("name", "") + " ", 0) == 0;
    });
  };
  for (std::size_t i = choices.size(); i-- > 0;) {
    if (!has_link(choices[i]))
      choices.erase(i);
  }
}

}  // namespace

Drawn draw(std::uint64_t seed) {
  Drawn out;
  for (std::uint64_t attempt = 0;; ++attempt) {
    Drawer drawer(seed, attempt);
    out.document = drawer.document();
    out.ordinary = drawer.ordinary();
    std::string refused_at;
    do {
      try {
        out.scenario = scenario::from_json(out.document, "wild");
        out.ordinary = out.ordinary && comes_back(out.scenario);
        return out;
      } catch (const scenario::ScenarioError& error) {
        ++out.refusals;
        refused_at = error.parts().pointer;
        if (out.wrong.empty())
          out.wrong = unclear(error, out.document);
      }
      if (!take_away(out.document, refused_at))
        break;
      if (refused_at.starts_with("/fabric/links"))
        forget_answers_without_link(out.document);
    } while (true);
  }
}

}  // namespace holdfast::wild
