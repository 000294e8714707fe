// SPDX-License-Identifier: Apache-2.0
// Ctrl-C, and its like: SIGTERM, SIGHUP. The first one asks whatever runs to end in good order and
// to keep what is finished; further ones add nothing, so they cannot lose it. Whatever does not end
// in about a second is ended.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>

namespace holdfast::cli {

/// From here on signals are taken by a thread of their own; call it before any other thread begins.
/// A program that was started with SIGHUP ignored (nohup) goes on ignoring it.
void take_signals();

/// Set by the first signal.
const std::atomic<bool>& stop_requested();
/// The exit status after a signal, 128 and its number; 0: there was none.
int interrupted_status();
/// "Ctrl-C", or the name of the signal.
const char* interrupted_by();
/// How long ago the first signal came.
std::chrono::milliseconds since_signal();

/// Something visible was done, so the end may wait a little longer.
void still_alive();

/// What is done, from another thread, if the program has to be ended in the middle of something;
/// empty: nothing. It must not wait for what may be stuck.
void last_words(std::function<void()> words);

}  // namespace holdfast::cli
