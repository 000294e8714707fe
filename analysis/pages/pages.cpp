// SPDX-License-Identifier: Apache-2.0
// Putting pages together; see pages.hpp.
#include "analysis/pages/pages.hpp"

#ifdef HOLDFAST_ZLIB
#include <zlib.h>
#endif

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "models/scenario/reading/embedded.hpp"
#include "sim/memory.hpp"

namespace holdfast::analysis::pages {

const std::string& part(std::string_view path) {
  for (const auto& [name, text] : scenario::embedded()) {
    if (name == path)
      return text;
  }
  throw std::logic_error("no part of a page: " + std::string(path));
}

std::string fill(std::string_view frame,
                 const std::function<std::string(std::string_view)>& value_of) {
  std::string out;
  for (;;) {
    const std::size_t begin = frame.find("{{");
    const std::size_t end = frame.find("}}", begin);
    if (begin == std::string_view::npos || end == std::string_view::npos)
      break;
    out += frame.substr(0, begin);
    out += value_of(frame.substr(begin + 2, end - begin - 2));
    frame.remove_prefix(end + 2);
  }
  out += frame;
  return out;
}

std::string in_the_way(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error))
    return {};
  if (std::filesystem::is_directory(file, error))
    return "a folder, expected a file";
  if (!std::filesystem::is_regular_file(file, error))
    return "no regular file, expected one";
  // All pages begin like this.
  constexpr std::string_view beginning =
      "<!doctype html>\n<!-- SPDX-License-Identifier: Apache-2.0 -->\n";
  std::array<char, beginning.size()> head{};
  std::ifstream in = sim::open_to_read(file);
  in.read(head.data(), head.size());
  const std::string_view found(head.data(), static_cast<std::size_t>(in.gcount()));
  if (found.empty() || found == beginning)
    return {};
  return "which no report wrote and which would be lost, expected another name";
}

std::string for_script(const nlohmann::json& document) {
  std::string out;
  for (const char c : document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

std::string for_markup(std::string_view text) {
  // The library's replacement of what is no UTF-8, by way of a JSON string and back.
  const std::string valid = nlohmann::json::parse(
      nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  std::string out;
  for (const char c : valid) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string base64(std::span<const std::uint8_t> bytes) {
  static constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const std::uint32_t three = static_cast<std::uint32_t>(bytes[i]) << 16 |
                                (left > 1 ? static_cast<std::uint32_t>(bytes[i + 1]) << 8 : 0) |
                                (left > 2 ? static_cast<std::uint32_t>(bytes[i + 2]) : 0);
    out += digits[three >> 18];
    out += digits[three >> 12 & 63];
    out += left > 1 ? digits[three >> 6 & 63] : '=';
    out += left > 2 ? digits[three & 63] : '=';
  }
  return out;
}

#ifdef HOLDFAST_ZLIB

bool can_compress() { return true; }

std::string compressed(std::string_view bytes) {
  std::string out(compressBound(bytes.size()), '\0');
  uLongf length = out.size();
  // Level 6 is zlib's own choice: level 9 gains a hundredth here and takes twice as long.
  const int status = compress2(reinterpret_cast<Bytef*>(out.data()), &length,
                               reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 6);
  if (status != Z_OK)
    throw std::bad_alloc();
  out.resize(length);
  return out;
}

#else

bool can_compress() { return false; }
std::string compressed(std::string_view bytes) { return std::string(bytes); }

#endif

}  // namespace holdfast::analysis::pages
