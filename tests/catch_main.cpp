// SPDX-License-Identifier: Apache-2.0
//
// The main function of the C++ tests, and what the sanitizers are told. The options are compiled
// in, so that a test started by hand behaves as it does under ctest.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

#if defined(__SANITIZE_ADDRESS__)

// The sanitizers' runtime looks these functions up by name, so the names are theirs.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" const char* __asan_default_options() { return "strict_string_checks=1"; }

extern "C" const char* __ubsan_default_options() { return "print_stacktrace=1"; }

// SimGrid keeps its engine, platform and configuration until the process ends and does not free
// all of it. Only blocks that its own library allocated are excused, none of ours.
extern "C" const char* __lsan_default_suppressions() { return "leak:libsimgrid.so\n"; }
// NOLINTEND(bugprone-reserved-identifier)

#endif
