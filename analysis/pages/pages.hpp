// SPDX-License-Identifier: Apache-2.0
// What the pages of the program share: putting one together from its parts. A page is one file:
// what is not in it does not exist, so it opens from a folder, offline, and in ten years.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

namespace holdfast::analysis::pages {

/// A file that was built in, by its path from the root of the tree. Throws std::logic_error if
/// there is none.
const std::string& part(std::string_view path);

/// The frame with each {{NAME}} replaced by what `value_of` gives for the name. In one pass: a mark
/// within what is put in stays as it is.
std::string fill(std::string_view frame,
                 const std::function<std::string(std::string_view)>& value_of);

/// What is in the way of a page at `file`, for people: a folder, a device, or a file that is no
/// page of ours, which would be lost; and what was expected. Empty: nothing.
std::string in_the_way(const std::filesystem::path& file);

/// JSON that may stand in a script element: without "<" nothing in it can end the element.
std::string for_script(const nlohmann::json& document);

/// Text that may stand between tags and in quoted attributes; bytes that are not UTF-8 are
/// replaced.
std::string for_markup(std::string_view text);

/// RFC 4648, with padding.
std::string base64(std::span<const std::uint8_t> bytes);

/// Whether this build can compress (zlib).
bool can_compress();
/// The bytes in zlib's format (RFC 1950), which browsers call "deflate"; as they are in a build
/// that cannot.
std::string compressed(std::string_view bytes);

}  // namespace holdfast::analysis::pages
