// SPDX-License-Identifier: Apache-2.0
// Memory for programs that copy many worlds.
#pragma once

namespace holdfast::sim {

/// Asks the C library to keep freed memory for the next copy instead of giving it back to the
/// system: with glibc's defaults, most of the time of copying a world goes into page faults on
/// memory that the copy before has just given back. To be called once, at the start of a program.
/// Changes no result. Does nothing with another C library.
void keep_freed_memory();

}  // namespace holdfast::sim
