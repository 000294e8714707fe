// SPDX-License-Identifier: Apache-2.0
// What tools/instructions.py counts the instructions of: five fixed runs, and copies of a world.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

/// Calls `work`. callgrind finds this by its name, which must be one without parameters, counts
/// what is within, and writes the count down when it returns. It is defined where nobody calls it,
/// so that no compiler makes a clone of it under another name.
extern "C" void holdfast_counted_work(const std::function<void()>& work);

namespace holdfast::bench {

/// Compiler, flags, machine and C library: builds that agree in them can be compared.
nlohmann::json build_facts();

/// Does each piece of work once, in a fixed order, and says what it was and who built it:
/// `{"build": {...}, "counted": [{"name", "events", "trace_hash"}]}`. Under callgrind the calls of
/// `holdfast_counted_work` are what is between loading the program and writing this document,
/// nothing else.
nlohmann::json count_all(const std::filesystem::path& scenarios);

}  // namespace holdfast::bench
