// SPDX-License-Identifier: Apache-2.0
// From text to a checked scenario and back. JSON is read strictly: one document, no duplicate key,
// bounded depth, numbers that fit.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "models/scenario/checks/check.hpp"
#include "models/scenario/declaration/declaration.hpp"
#include "models/scenario/reading/templates.hpp"
#include "models/scenario/scenario.hpp"
#include "sim/memory.hpp"

namespace holdfast::scenario {
namespace {

using nlohmann::json;

constexpr std::size_t deepest_nesting = 32;
constexpr std::uintmax_t largest_file = 16U << 20;

// Builds the document from parse events. nlohmann's own builder keeps the last of two equal keys,
// which would hide a mistake, and does not limit depth.
class Builder : public nlohmann::json_sax<json> {
 public:
  Builder(std::string_view text, std::string source) : text_(text), source_(std::move(source)) {}

  json take() { return std::move(root_); }

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t& digits) override {
    // The library rounds an integer that is too large, and an error would name another one.
    if (digits.find_first_of(".eE") == string_t::npos) {
      throw ScenarioError(
          {source_,
           pointer_of_next(),
           "the number " + shown(digits),
           fmt::format("an integer from {} to {}, or a number with a point", INT64_MIN, UINT64_MAX),
           {}});
    }
    return put(value);
  }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t& value) override { return put(json::binary(std::move(value))); }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& value) override {
    if (open_.back()->contains(value)) {
      throw ScenarioError({source_,
                           pointer() + pointer_segment(value),
                           "the key " + in_quotes(value) + " twice in one object",
                           "each key once",
                           {}});
    }
    keys_.back() = value;
    return true;
  }

  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::detail::exception& error) override {
    const std::size_t end = std::min(position == 0 ? 0 : position - 1, text_.size());
    const auto before = text_.substr(0, end);
    const auto line_start = before.rfind('\n');
    const auto column = line_start == std::string_view::npos ? end : end - line_start - 1;
    ScenarioError::Parts parts{source_, {}, "invalid JSON", reason(error.what()), {}};
    if (end >= text_.size()) {
      parts.found = "the end of the text";
    } else if (!token.empty()) {
      parts.found = "invalid JSON near " + in_quotes(token);
    }
    parts.line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    parts.column = column + 1;
    throw ScenarioError(std::move(parts));
  }

 private:
  // The library's message ends in what it wanted: "...; expected end of input" or similar.
  static std::string reason(const std::string& message) {
    const auto wanted = message.rfind("expected ");
    const bool told = wanted != std::string::npos && message.compare(wanted - 2, 2, "un") != 0;
    if (told)
      return message.substr(wanted + 9);
    if (message.find("overflow") != std::string::npos)
      return "a number that fits a double";
    return "one JSON document (RFC 8259)";
  }

  static std::string shown(const std::string& digits) {
    return digits.size() <= 40 ? digits : digits.substr(0, 40) + "...";
  }

  /// Where the value goes that was just read.
  std::string pointer_of_next() const {
    if (open_.empty())
      return {};
    return pointer() + (open_.back()->is_array() ? fmt::format("/{}", open_.back()->size())
                                                 : pointer_segment(keys_.back()));
  }

  std::string pointer() const {
    std::string out;
    for (std::size_t i = 0; i < open_.size(); ++i) {
      const bool last = i + 1 == open_.size();
      if (last)
        break;
      out += open_[i]->is_array() ? fmt::format("/{}", open_[i]->size() - 1)
                                  : pointer_segment(keys_[i]);
    }
    return out;
  }

  json* add(json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (open_.back()->is_array()) {
      open_.back()->push_back(std::move(value));
      return &open_.back()->back();
    }
    return &((*open_.back())[keys_.back()] = std::move(value));
  }
  bool put(json value) {
    add(std::move(value));
    return true;
  }
  bool open(json value) {
    if (open_.size() >= deepest_nesting) {
      throw ScenarioError({source_,
                           pointer(),
                           "deeper nesting",
                           fmt::format("at most {} levels", deepest_nesting),
                           {}});
    }
    open_.push_back(add(std::move(value)));
    keys_.emplace_back();
    return true;
  }
  bool close() {
    open_.pop_back();
    keys_.pop_back();
    return true;
  }

  std::string_view text_;
  std::string source_;
  json root_;
  std::vector<json*> open_;  // a parent does not grow while a child is open, so these stay valid
  std::vector<std::string> keys_;
};

/// Reads and checks a document that has no templates.
Scenario read_single(const Cursor& root) {
  Scenario scenario;
  scenario_object().info().read(root, &scenario);
  check_and_resolve(scenario, root);
  return scenario;
}

[[noreturn]] void bad_file(const std::filesystem::path& path, std::string found) {
  throw ScenarioError({path.string(), {}, std::move(found), "a file that can be read", {}});
}

}  // namespace

namespace {

// The library takes a NUL for the end of the text, and would not see what stands behind it.
void refuse_nul(std::string_view text, const std::string& source) {
  const auto place = text.find('\0');
  if (place == std::string_view::npos)
    return;
  const auto before = text.substr(0, place);
  ScenarioError::Parts parts{
      source, {}, "a NUL byte", "one JSON document (RFC 8259), which has none", {}};
  parts.line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  parts.column = place - (before.rfind('\n') + 1) + 1;
  throw ScenarioError(std::move(parts));
}

}  // namespace

nlohmann::json parse_document(std::string_view text, const std::string& source) {
  refuse_nul(text, source);
  Builder builder(text, source);
  json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
}

std::string read_text(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status))
    return bundled_text(path.string());
  if (std::filesystem::is_directory(status))
    bad_file(path, "a directory");
  std::ifstream file = sim::open_to_read(path);
  if (!file)
    bad_file(path, "a file that cannot be opened");
  std::string text;
  std::vector<char> chunk(1U << 16);
  while (file.read(chunk.data(), static_cast<std::streamsize>(chunk.size())), file.gcount() > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > largest_file) {
      throw ScenarioError({path.string(), {}, "a file of more than 16 MiB", "a smaller one", {}});
    }
  }
  return text;
}

nlohmann::json read_document(const std::filesystem::path& path) {
  return parse_document(read_text(path), path.string());
}

nlohmann::json without_templates(const nlohmann::json& document, const std::string& source) {
  Origins origins;
  return has_templates(document, template_lists())
             ? expanded(document, template_lists(), source, origins)
             : document;
}

Scenario from_json(const nlohmann::json& document, const std::string& source) {
  const auto& templates = template_lists();
  if (!has_templates(document, templates))
    return read_single(Cursor(document, source));
  Origins origins;
  const json single = expanded(document, templates, source, origins);
  return read_single(Cursor(single, source, {}, &origins));
}

Scenario parse(std::string_view text, const std::string& source) {
  return from_json(parse_document(text, source), source);
}

Scenario load(const std::filesystem::path& path) {
  return from_json(read_document(path), path.string());
}

nlohmann::json to_json(const Scenario& scenario) {
  return scenario_object().info().write(&scenario);
}

std::string hash(const Scenario& scenario) {
  // FNV-1a over the text (its keys are sorted), then the finalizer of MurmurHash3 to spread the
  // last bytes over all digits.
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : to_json(scenario).dump()) {
    h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdULL;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return fmt::format("{:016x}", h ^ (h >> 33));
}

}  // namespace holdfast::scenario
