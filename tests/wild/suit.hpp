// SPDX-License-Identifier: Apache-2.0
// Some keys are refused unless several others agree with them, which draws of single keys hardly
// ever do: of the worlds that have one, most are made to agree.
#pragma once

#include <nlohmann/json.hpp>

namespace holdfast::wild {

/// A step of a script loses what its command has no use for.
void suit_step(nlohmann::json& step);

/// The bits are of the world's own number, so no other draw of it changes.
void suit(nlohmann::json& document, std::uint64_t seed);

}  // namespace holdfast::wild
