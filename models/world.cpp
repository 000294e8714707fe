// SPDX-License-Identifier: Apache-2.0
#include "models/world.hpp"

namespace holdfast {

World::World() = default;
World::World(const World& other) : World(other, sim::CopyBlock()) {}
World::World(const World& other, const sim::CopyBlock&) : Rooms(other) {}
World& World::operator=(const World& other) = default;
World::World(World&&) noexcept = default;
World& World::operator=(World&&) noexcept = default;
World::~World() = default;

}  // namespace holdfast
