// SPDX-License-Identifier: Apache-2.0
// Memory for programs that copy many worlds, and what its end is not to be taken for.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>

namespace holdfast::sim {

/// Asks the C library to keep freed memory for the next copy instead of giving it back to the
/// system: with glibc's defaults, most of the time of copying a world goes into page faults on
/// memory that the copy before has just given back. To be called once, at the start of a program.
/// Changes no result. Does nothing with another C library.
void keep_freed_memory();

/// Says that about so much will be taken in small pieces. They then lie in pages of 2 MiB, where
/// the system has them: each look-up of a small page that the processor has forgotten costs about
/// as much as fetching what lies there. An advice: less than 16 MiB are not worth it, and nothing
/// is taken. For the thread that the program began with.
void expect_memory(std::size_t bytes);

/// Opens a file to read it; whether that worked is asked of what comes back. Throws std::bad_alloc
/// if it failed for want of memory, for then the file is not what is wrong.
std::ifstream open_to_read(const std::filesystem::path& path);

}  // namespace holdfast::sim
